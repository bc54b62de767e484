"""OpenAI's simulated chat completions as a stream (recordings: chat completions streaming)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletionChunk

from tests.simulator.account import Account

OLD = "gpt-4o-mini"
COUNT = "Count from 1 to 5."
WEATHER = {
    "name": "get_weather",
    "description": "Get the current weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


@pytest.fixture
def http(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("OpenAI") as client:
        yield client


def streamed(http: httpx.Client, text: str = COUNT, model: str = OLD, **body: Any) -> list[dict[str, Any]]:
    """The chunks of a stream, which is framed and ended as it must be."""
    asked = {"model": model, "messages": [{"role": "user", "content": text}], "stream": True, **body}
    response = http.post("/v1/chat/completions", json=asked)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert "x-ratelimit-limit-requests" in response.headers
    lines = response.text.split("\n\n")
    assert lines[-2:] == ["data: [DONE]", ""]
    assert all(line.startswith("data: ") for line in lines[:-1])
    chunks: list[dict[str, Any]] = [json.loads(line[6:]) for line in lines[:-2]]
    for chunk in chunks:
        ChatCompletionChunk.model_validate(chunk, strict=True)
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1
    return chunks


def text_of(chunks: list[dict[str, Any]], index: int = 0) -> str:
    choices = [choice for chunk in chunks for choice in chunk["choices"] if choice["index"] == index]
    return "".join(choice["delta"].get("content") or "" for choice in choices)


def test_a_stream_opens_speaks_and_closes(http: httpx.Client) -> None:
    chunks = streamed(http)
    first, *middle, last = [chunk["choices"][0] for chunk in chunks]
    assert first == {
        "index": 0,
        "delta": {"role": "assistant", "content": "", "refusal": None},
        "logprobs": None,
        "finish_reason": None,
    }
    assert last == {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}
    assert len(middle) > 3
    assert all(set(choice["delta"]) == {"content"} and choice["finish_reason"] is None for choice in middle)
    assert all("usage" not in chunk for chunk in chunks)


def test_a_stream_says_what_the_whole_answer_says(http: httpx.Client) -> None:
    asked = {"model": OLD, "messages": [{"role": "user", "content": COUNT}]}
    whole = http.post("/v1/chat/completions", json=asked).json()
    chunks = streamed(http, stream_options={"include_usage": True})
    assert text_of(chunks) == whole["choices"][0]["message"]["content"]
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"] == whole["usage"]
    assert all(chunk["usage"] is None for chunk in chunks[:-1])


def test_pieces_hide_their_length_unless_told_not_to(http: httpx.Client) -> None:
    noise = [chunk["obfuscation"] for chunk in streamed(http, "Count from 1 to 30.")]
    assert len({len(padding) for padding in noise}) > 3
    plain = streamed(http, stream_options={"include_obfuscation": False})
    assert all("obfuscation" not in chunk for chunk in plain)


def test_a_limit_ends_a_stream(http: httpx.Client) -> None:
    chunks = streamed(http, max_tokens=4)
    assert chunks[-1]["choices"][0]["finish_reason"] == "length"


def test_a_newer_model_streams_no_log_probabilities(http: httpx.Client) -> None:
    chunks = streamed(http, model="gpt-6-luna", reasoning_effort="none")
    assert all("logprobs" not in choice for chunk in chunks for choice in chunk["choices"])


def test_log_probabilities_come_with_each_piece(http: httpx.Client) -> None:
    first, second, *_, last = [chunk["choices"][0] for chunk in streamed(http, logprobs=True)]
    assert first["logprobs"] == {"content": [], "refusal": None}
    assert [entry["token"] for entry in second["logprobs"]["content"]] == [second["delta"]["content"]]
    assert last["logprobs"] is None


def test_several_answers_are_told_apart(http: httpx.Client) -> None:
    chunks = streamed(http, n=2)
    assert text_of(chunks, 0) == text_of(chunks, 1) != ""
    finished = [choice["index"] for chunk in chunks for choice in chunk["choices"] if choice["finish_reason"]]
    assert finished == [0, 1]


def test_a_call_streams_its_arguments(http: httpx.Client) -> None:
    tools = [{"type": "function", "function": WEATHER}]
    choices = [chunk["choices"][0] for chunk in streamed(http, "What is the weather in Paris?", tools=tools)]
    opening = choices[0]["delta"]
    assert (opening["role"], opening["content"], opening["refusal"]) == ("assistant", None, None)
    (call,) = opening["tool_calls"]
    assert (call["index"], call["type"], call["function"]) == (0, "function", {"name": "get_weather", "arguments": ""})
    fragments = [choice["delta"]["tool_calls"][0] for choice in choices[1:-1]]
    assert json.loads("".join(part["function"]["arguments"] for part in fragments)) == {"city": "Paris"}
    assert all(set(part) == {"index", "function"} for part in fragments)
    assert (choices[-1]["delta"], choices[-1]["finish_reason"]) == ({}, "tool_calls")


def test_speech_streams_its_transcript_then_its_sound(http: httpx.Client) -> None:
    spoken = {"modalities": ["text", "audio"], "audio": {"voice": "ash", "format": "pcm16"}}
    chunks = streamed(http, "Answer exactly: hello", "gpt-audio-1.5", stream_options={"include_usage": True}, **spoken)
    heard = [choice["delta"].get("audio", {}) for chunk in chunks for choice in chunk["choices"]]
    assert "".join(audio.get("transcript", "") for audio in heard) == "hello"
    assert [bool(audio.get("data")) for audio in heard].count(True) == 1
    assert heard[-1] == {"expires_at": chunks[0]["created"] + 3600}


def test_moderation_comes_last(http: httpx.Client) -> None:
    chunks = streamed(http, model="gpt-5", moderation={"model": "omni-moderation-latest"})
    assert chunks[-1]["choices"] == []
    results = chunks[-1]["moderation"]["output"]["results"]
    assert [result["flagged"] for result in results] == [False]


def test_a_refusal_is_no_stream(http: httpx.Client) -> None:
    body = {"model": "nope", "messages": [{"role": "user", "content": "x"}], "stream": True}
    response = http.post("/v1/chat/completions", json=body)
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "model_not_found"


def test_the_sdk_reads_a_stream(tenant: Account) -> None:
    asked: Any = {"model": OLD, "messages": [{"role": "user", "content": COUNT}]}
    client = openai.OpenAI(api_key=tenant.keys["OpenAI"], base_url=f"{tenant.url}/v1", max_retries=0)
    with client, client.chat.completions.stream(**asked) as stream:
        pieces = [event.delta for event in stream if event.type == "content.delta"]
        final = stream.get_final_completion()
    assert "".join(pieces) == final.choices[0].message.content
