"""Anthropic's messages as server-sent events (provider-facts 9.2; recordings: anthropic messages streaming)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import anthropic
import httpx
import pytest

from tests.simulator.account import Account

WEATHER: Any = {
    "name": "get_weather",
    "description": "Get the current weather in a location",
    "input_schema": {"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]},
}


@pytest.fixture
def sdk(tenant: Account) -> Iterator[anthropic.Anthropic]:
    key = tenant.keys["Anthropic"]
    with anthropic.Anthropic(api_key=key, base_url=tenant.url, max_retries=0) as client:
        yield client


@pytest.fixture
def wire(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("Anthropic") as client:
        yield client


def question(words: str, **parameters: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": words}]
    return {"model": "claude-haiku-5-5", "max_tokens": 200, "messages": messages, "stream": True, **parameters}


def events(response: httpx.Response) -> list[dict[str, Any]]:
    """The data of every event; its name is checked against its type."""
    found = []
    for event in response.text.split("\n\n")[:-1]:
        name, data = event.split("\n")
        found.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {found[-1]['type']}"
    assert response.text.endswith("\n\n")
    return found


def test_the_events_come_in_the_recorded_order(wire: httpx.Client) -> None:
    response = wire.post("/v1/messages", json=question("Answer exactly: one two three four five six"))
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert "anthropic-ratelimit-requests-limit" in response.headers
    found = events(response)
    assert [kind for kind, _ in groupby(event["type"] for event in found)] == [
        "message_start",
        "content_block_start",
        "ping",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    pieces = [event["delta"]["text"] for event in found if event["type"] == "content_block_delta"]
    assert len(pieces) > 1
    assert "".join(pieces) == "one two three four five six"


def test_the_start_and_the_end_say_what_is_known_then(wire: httpx.Client) -> None:
    found = events(wire.post("/v1/messages", json=question("Answer exactly: one two three")))
    start = found[0]["message"]
    assert (start["content"], start["stop_reason"], start["stop_details"]) == ([], None, None)
    assert start["usage"]["output_tokens"] == 1
    assert set(start["usage"]["cache_creation"]) == {"ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"}
    end = found[-2]
    assert end["delta"] == {"stop_reason": "end_turn", "stop_sequence": None, "stop_details": None}
    assert end["usage"] == {
        "input_tokens": start["usage"]["input_tokens"],
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": 3,
        "output_tokens_details": {"thinking_tokens": 0},
    }


def test_data_lines_are_padded_before_their_last_brace(wire: httpx.Client) -> None:
    text = wire.post("/v1/messages", json=question("Answer exactly: " + "word " * 200)).text
    paddings = {len(found) for found in re.findall(r"( *)\}\n\n", text)}
    assert len(paddings) > 3
    assert max(paddings) <= 15


def test_the_sdk_puts_the_same_message_together(sdk: anthropic.Anthropic) -> None:
    asked: Any = {
        "model": "claude-haiku-5-5",
        "max_tokens": 100,
        "messages": question("Answer exactly: a b c")["messages"],
    }
    whole = sdk.messages.create(**asked)
    with sdk.messages.stream(**asked) as stream:
        assert "".join(stream.text_stream) == "a b c"
        grown = stream.get_final_message()
    assert grown.stop_reason == whole.stop_reason
    assert grown.usage.output_tokens == whole.usage.output_tokens
    assert grown.usage.input_tokens == whole.usage.input_tokens


def test_a_call_of_a_tool_comes_as_pieces_of_its_input(sdk: anthropic.Anthropic, wire: httpx.Client) -> None:
    body = question("What's the weather in San Francisco?", tools=[WEATHER])
    found = events(wire.post("/v1/messages", json=body))
    block = next(event["content_block"] for event in found if event["type"] == "content_block_start")
    assert (block["type"], block["name"], block["input"]) == ("tool_use", "get_weather", {})
    pieces = [event["delta"]["partial_json"] for event in found if event["type"] == "content_block_delta"]
    assert pieces[0] == ""
    assert "San Francisco" in json.loads("".join(pieces))["location"]
    assert found[-2]["delta"]["stop_reason"] == "tool_use"
    del body["stream"]
    with sdk.messages.stream(**body) as stream:
        call: Any = stream.get_final_message().content[0]
    assert call.input == json.loads("".join(pieces))


def test_a_thought_is_signed_before_the_text_begins(wire: httpx.Client) -> None:
    thinking = {"type": "adaptive", "display": "summarized"}
    found = events(wire.post("/v1/messages", json=question("Answer exactly: pong", thinking=thinking)))
    kinds = [
        kind for kind, _ in groupby(event["delta"]["type"] for event in found if event["type"] == "content_block_delta")
    ]
    assert kinds == ["thinking_delta", "signature_delta", "text_delta"]
    assert found[-2]["usage"]["output_tokens_details"]["thinking_tokens"] > 0


@pytest.mark.parametrize("model", ["claude-nope"])
def test_a_refused_stream_is_an_ordinary_refusal(wire: httpx.Client, model: str) -> None:
    response = wire.post("/v1/messages", json=question("hi", model=model))
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/json"
    assert response.json()["error"] == {"type": "not_found_error", "message": f"model: {model}"}
