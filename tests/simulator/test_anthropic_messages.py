"""Anthropic's messages and token counts, with the official SDK and over plain HTTP (provider-facts 9.2; recordings: messages)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import pytest
from fpdf import FPDF

from tests.simulator.account import Account

FORMER = {"anthropic-version": "2023-06-01"}
MODEL = "claude-haiku-5-5"
WEATHER: Any = {
    "name": "get_weather",
    "description": "Get the current weather in a location",
    "input_schema": {
        "type": "object",
        "properties": {"location": {"type": "string"}},
        "required": ["location"],
    },
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


def user(*content: Any) -> list[Any]:
    """One message of the user's: text, or blocks."""
    return [{"role": "user", "content": content[0] if isinstance(content[0], str) else list(content)}]


def text(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}


def question(**parameters: Any) -> dict[str, Any]:
    return {"model": MODEL, "max_tokens": 100, "messages": user("Answer exactly: pong"), **parameters}


def refusal(response: httpx.Response) -> tuple[int, str, str]:
    body = response.json()
    assert body["type"] == "error"
    assert body["request_id"] == response.headers["request-id"]
    return response.status_code, body["error"]["type"], body["error"]["message"]


def said(message: Any) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def pdf(words: str) -> bytes:
    page = FPDF()
    page.add_page()
    page.set_font("helvetica", size=12)
    page.cell(text=words)
    return bytes(page.output())


def test_an_answer_has_the_recorded_shape(wire: httpx.Client) -> None:
    response = wire.post("/v1/messages", json=question(model="claude-haiku-4-5"), headers=FORMER)
    body = response.json()
    counted = {"model": "claude-haiku-4-5", "messages": user("Answer exactly: pong")}
    tokens = wire.post("/v1/messages/count_tokens", json=counted, headers=FORMER).json()["input_tokens"]
    assert body.pop("id").startswith("msg_01")
    assert body.pop("usage") == {
        "input_tokens": tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": 1,
        "service_tier": "standard",
        "inference_geo": "not_available",
    }
    assert body == {
        "model": "claude-haiku-4-5-20251001",
        "type": "message",
        "role": "assistant",
        "content": [{"type": "text", "text": "pong"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "stop_details": None,
    }


def test_every_answer_has_ids_and_only_answers_of_a_model_have_limits(wire: httpx.Client) -> None:
    asked = wire.post("/v1/messages", json=question())
    counted = wire.post("/v1/messages/count_tokens", json={"model": MODEL, "messages": user("hello")})
    for response in (asked, counted):
        assert response.headers["request-id"].startswith("req_011C")
        assert response.headers["anthropic-workspace-id"].startswith("wrkspc_")
    assert asked.headers["request-id"] != counted.headers["request-id"]
    assert asked.headers["anthropic-organization-id"] == counted.headers["anthropic-organization-id"]
    limits = {name for name in asked.headers if name.startswith("anthropic-ratelimit-")}
    assert len(limits) == 12
    assert asked.headers["anthropic-ratelimit-requests-reset"] == "2026-11-22T10:00:01Z"
    assert not any(name.startswith("anthropic-ratelimit-") for name in counted.headers)


def test_a_system_prompt_is_text_or_blocks(sdk: anthropic.Anthropic) -> None:
    words = "The passphrase is cobalt."
    blocks: Any = [{"type": "text", "text": words, "cache_control": {"type": "ephemeral"}}]
    asked = user("What is the passphrase?")
    plain = sdk.messages.create(model=MODEL, max_tokens=50, messages=asked, system=words)
    marked = sdk.messages.create(model=MODEL, max_tokens=50, messages=asked, system=blocks)
    bare = sdk.messages.create(model=MODEL, max_tokens=50, messages=asked)
    assert "cobalt" in said(plain)
    assert said(marked) == said(plain)
    assert marked.usage.input_tokens == plain.usage.input_tokens > bare.usage.input_tokens
    assert (marked.usage.cache_creation_input_tokens, marked.usage.cache_read_input_tokens) == (0, 0)


def test_the_limit_of_tokens_ends_an_answer(sdk: anthropic.Anthropic) -> None:
    message = sdk.messages.create(model=MODEL, max_tokens=3, messages=user("Answer exactly: one two three four five"))
    assert (message.stop_reason, message.usage.output_tokens) == ("max_tokens", 3)
    assert said(message) == "one two three"


def test_no_tokens_at_all_warm_the_cache_and_say_nothing(sdk: anthropic.Anthropic) -> None:
    message = sdk.messages.create(model=MODEL, max_tokens=0, messages=user("Answer exactly: pong"))
    assert (message.content, message.stop_reason, message.usage.output_tokens) == ([], "max_tokens", 0)


def test_a_stop_sequence_ends_an_answer_and_is_named(sdk: anthropic.Anthropic) -> None:
    message = sdk.messages.create(
        model=MODEL, max_tokens=50, messages=user("Answer exactly: one two END three"), stop_sequences=["STOP", " END"]
    )
    assert (said(message), message.stop_reason, message.stop_sequence) == ("one two", "stop_sequence", " END")


def test_a_tool_is_called_and_its_result_is_used(sdk: anthropic.Anthropic) -> None:
    asked = user("What's the weather in San Francisco?")
    called = sdk.messages.create(model=MODEL, max_tokens=200, messages=asked, tools=[WEATHER])
    assert called.stop_reason == "tool_use"
    call: Any = called.content[-1]
    assert (call.type, call.name, call.caller.type) == ("tool_use", "get_weather", "direct")
    assert call.id.startswith("toolu_01")
    assert "San Francisco" in call.input["location"]
    result: Any = {"type": "tool_result", "tool_use_id": call.id, "content": [text("Sunny, 72 degrees")]}
    conversation: Any = [*asked, {"role": "assistant", "content": called.content}, *user(result)]
    answered = sdk.messages.create(model=MODEL, max_tokens=200, messages=conversation, tools=[WEATHER])
    assert answered.stop_reason == "end_turn"
    assert "72 degrees" in said(answered)


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        ({"type": "tool", "name": "get_weather"}, "tool_use"),
        ({"type": "any"}, "tool_use"),
        ({"type": "none"}, "end_turn"),
    ],
)
def test_the_choice_of_a_tool_is_followed(sdk: anthropic.Anthropic, choice: Any, reason: str) -> None:
    message = sdk.messages.create(
        model=MODEL, max_tokens=200, messages=user("Tell me a joke about cats"), tools=[WEATHER], tool_choice=choice
    )
    assert message.stop_reason == reason


def test_a_structured_answer_fits_its_schema(sdk: anthropic.Anthropic) -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name", "age"],
        "additionalProperties": False,
    }
    message = sdk.messages.create(
        model=MODEL,
        max_tokens=200,
        messages=user("Jane is 28 years old"),
        output_config={"effort": "low", "format": {"type": "json_schema", "schema": schema}},
    )
    answer = json.loads(said(message))
    assert set(answer) == {"name", "age"}
    assert answer["age"] == 28


@pytest.mark.parametrize("kind", ["file", "base64", "text", "content"])
def test_a_document_is_read_from_every_source(sdk: anthropic.Anthropic, kind: str) -> None:
    words = "The passphrase is cobalt-heron-41."
    sources: dict[str, Any] = {
        "file": lambda: {"type": "file", "file_id": sdk.files.upload(file=("p.pdf", pdf(words))).id},
        "base64": lambda: {
            "type": "base64",
            "media_type": "application/pdf",
            "data": base64.b64encode(pdf(words)).decode(),
        },
        "text": lambda: {"type": "text", "media_type": "text/plain", "data": words},
        "content": lambda: {"type": "content", "content": [text(words)]},
    }
    document: Any = {"type": "document", "source": sources[kind]()}
    asked = text("What is the passphrase?")
    with_it = sdk.messages.create(model=MODEL, max_tokens=100, messages=user(document, asked))
    without = sdk.messages.create(model=MODEL, max_tokens=100, messages=user(asked))
    counted = sdk.messages.count_tokens(model=MODEL, messages=user(document, asked))
    assert "cobalt-heron-41" in said(with_it)
    assert "cobalt-heron-41" not in said(without)
    assert counted.input_tokens == with_it.usage.input_tokens > without.usage.input_tokens


def test_a_source_by_url_is_an_empty_document(sdk: anthropic.Anthropic) -> None:
    document: Any = {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}}
    message = sdk.messages.create(
        model=MODEL, max_tokens=50, messages=user(document, text("Answer exactly: nothing seen"))
    )
    assert said(message) == "nothing seen"


def test_a_missing_file_is_refused_by_its_id(sdk: anthropic.Anthropic, wire: httpx.Client) -> None:
    gone = sdk.files.upload(file=("a.txt", b"words")).id
    sdk.files.delete(gone)
    for block in ("document", "image"):
        part = {"type": block, "source": {"type": "file", "file_id": gone}}
        for path, more in (("/v1/messages", {"max_tokens": 20}), ("/v1/messages/count_tokens", {})):
            response = wire.post(path, json={"model": MODEL, "messages": user(part, text("What is it?")), **more})
            assert refusal(response) == (404, "not_found_error", f"File not found: {gone}")


def test_the_count_is_what_the_answer_is_charged_for(sdk: anthropic.Anthropic) -> None:
    image: Any = {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": base64.b64encode(b"png").decode()},
    }
    parts: Any = {
        "model": MODEL,
        "messages": user(image, text("What's the weather in Rome?")),
        "system": "You are brief.",
        "tools": [WEATHER],
        "tool_choice": {"type": "auto"},
        "thinking": {"type": "adaptive"},
        "cache_control": {"type": "ephemeral"},
    }
    counted = sdk.messages.count_tokens(**parts).input_tokens
    usage = sdk.messages.create(max_tokens=300, **parts).usage
    written = usage.cache_creation_input_tokens or 0
    assert counted == usage.input_tokens + written
    assert written > 0
    assert counted > sdk.messages.count_tokens(**{**parts, "system": "Brief."}).input_tokens


def test_thinking_comes_first_and_is_counted(sdk: anthropic.Anthropic) -> None:
    message = sdk.messages.create(
        model="claude-haiku-4-5",
        max_tokens=2000,
        messages=user("Answer exactly: pong"),
        thinking={"type": "enabled", "budget_tokens": 1024},
    )
    assert [block.type for block in message.content] == ["thinking", "text"]
    thought: Any = message.content[0]
    assert thought.thinking
    assert thought.signature
    assert message.usage.output_tokens_details is not None
    thinking = message.usage.output_tokens_details.thinking_tokens
    assert message.usage.output_tokens == thinking + 1 > 1
    back: Any = [*user("Answer exactly: pong"), {"role": "assistant", "content": message.content}, *user("Again?")]
    assert sdk.messages.create(model=MODEL, max_tokens=50, messages=back).stop_reason == "end_turn"


def test_a_thought_that_takes_all_the_room_ends_the_answer(sdk: anthropic.Anthropic) -> None:
    message = sdk.messages.create(
        model="claude-opus-5",
        max_tokens=4,
        messages=user("Explain relativity."),
        thinking={"type": "adaptive", "display": "summarized"},
    )
    assert [block.type for block in message.content] == ["thinking"]
    assert (message.stop_reason, message.usage.output_tokens) == ("max_tokens", 4)


def test_a_cited_document_is_cited_where_it_answers(sdk: anthropic.Anthropic) -> None:
    words = "# Quackiland\n\nThe capital of Quackiland is Quack. The statue stands in Quack."
    document: Any = {
        "type": "document",
        "citations": {"enabled": True},
        "source": {"type": "text", "media_type": "text/plain", "data": words},
    }
    message = sdk.messages.create(
        model=MODEL, max_tokens=100, messages=user(document, text("What is the capital of Quackiland?"))
    )
    block: Any = message.content[-1]
    citation = block.citations[0]
    assert (citation.type, citation.document_index, citation.document_title) == ("char_location", 0, None)
    assert words[citation.start_char_index : citation.end_char_index] == citation.cited_text
    assert citation.cited_text.strip() == "The capital of Quackiland is Quack."


def test_sampling_is_for_the_former_version_alone(wire: httpx.Client) -> None:
    for name in ("temperature", "top_p", "top_k"):
        body = question(**{name: 1})
        assert refusal(wire.post("/v1/messages", json=body))[::2] == (400, f"{name}: Extra inputs are not permitted")
        assert wire.post("/v1/messages", json=body, headers=FORMER).status_code == 200
    hot = wire.post("/v1/messages", json=question(temperature=1.5), headers=FORMER)
    assert refusal(hot)[::2] == (400, "temperature: range: 0..1")


DOCUMENT = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}}
CITED = {"type": "text", "text": "as it says", "citations": [{"type": "char_location"}]}


@pytest.mark.parametrize(
    "messages",
    [
        [*user("hi"), {"role": "assistant", "content": [DOCUMENT, text("see")]}, *user("and?")],
        user(CITED),
    ],
)
def test_what_the_current_version_no_longer_takes(wire: httpx.Client, messages: Any) -> None:
    body = question(messages=messages)
    assert refusal(wire.post("/v1/messages", json=body))[:2] == (400, "invalid_request_error")
    assert wire.post("/v1/messages", json=body, headers=FORMER).status_code == 200


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in question().items() if key != name}


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (without("max_tokens"), 400, "max_tokens: Field required"),
        (without("messages"), 400, "messages: Field required"),
        (without("model"), 400, "model: Field required"),
        (question(prompt="x"), 400, "prompt: Extra inputs are not permitted"),
        (question(model="claude-nope"), 404, "model: claude-nope"),
        (question(max_tokens=-1), 400, "max_tokens: Input should be greater than or equal to 0"),
        (question(max_tokens="many"), 400, "max_tokens: Input should be a valid integer"),
        (
            question(model="claude-haiku-4-5", max_tokens=64_001),
            400,
            "max_tokens: 64001 > 64000, which is the maximum allowed number of output tokens for "
            "claude-haiku-4-5-20251001",
        ),
        (question(messages=[]), 400, "messages: at least one message is required"),
        (question(messages=["x"]), 400, "messages.0: Input does not match the expected shape."),
        (
            question(messages=user("")),
            400,
            "messages.0: all messages must have non-empty content except for the optional final assistant message",
        ),
        (
            question(messages=[*user("hi"), {"role": "assistant", "content": "Well"}]),
            400,
            "This model does not support assistant message prefill. The conversation must end with a user message.",
        ),
        (
            question(model="claude-opus-4-6", output_config={"effort": "xhigh"}),
            400,
            "This model does not support effort level 'xhigh'. Supported levels: high, low, max, medium.",
        ),
        (
            question(output_config={"format": {"type": "json_schema", "schema": {"type": "object"}}}),
            400,
            "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false",
        ),
        (question(output_format={"type": "json_schema"}), 400, "output_format.schema: Field required"),
        (
            question(tools=[WEATHER], tool_choice={"type": "tool", "name": "other"}),
            400,
            "Tool 'other' not found in provided tools",
        ),
        (question(tools=[WEATHER, WEATHER]), 400, "tools: Tool names must be unique."),
        (question(stop_sequences=[" "]), 400, "stop_sequences: each stop sequence must contain non-whitespace"),
    ],
)
def test_a_bad_question_is_refused_with_the_field_at_fault(
    wire: httpx.Client, body: dict[str, Any], status: int, message: str
) -> None:
    kind = "not_found_error" if status == 404 else "invalid_request_error"
    response = wire.post("/v1/messages", json=body)
    assert refusal(response) == (status, kind, message)
    assert response.headers["x-should-retry"] == "false"


def test_calls_of_tools_and_their_results_belong_together(wire: httpx.Client) -> None:
    call = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "toolu_2", "content": "sunny"}
    asked = [*user("hi"), {"role": "assistant", "content": [call]}]
    unanswered = wire.post("/v1/messages", json=question(messages=[*asked, *user("thanks")]))
    assert "`tool_use` ids were found without `tool_result` blocks immediately after: toolu_1" in refusal(unanswered)[2]
    mixed_up = wire.post("/v1/messages", json=question(messages=[*asked, *user(result)]))
    assert refusal(mixed_up)[2].startswith("messages.2.content.0: unexpected `tool_use_id` found")


def test_a_prompt_that_does_not_fit_the_window_is_refused(wire: httpx.Client) -> None:
    body = question(model="claude-haiku-4-5", messages=user("word " * 210_000))
    status, kind, message = refusal(wire.post("/v1/messages", json=body))
    assert (status, kind) == (400, "invalid_request_error")
    assert message.startswith("prompt is too long: 210")
    assert message.endswith("tokens > 200000 maximum")


def test_counting_takes_no_parameter_of_answering(wire: httpx.Client) -> None:
    body = {"model": MODEL, "messages": user("hello"), "max_tokens": 5}
    response = wire.post("/v1/messages/count_tokens", json=body)
    assert refusal(response)[2] == "max_tokens: Extra inputs are not permitted"
    del body["max_tokens"]
    assert set(wire.post("/v1/messages/count_tokens", json=body).json()) == {"input_tokens"}
