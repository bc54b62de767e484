"""Gemini's simulated streams: server-sent events with CRLF, or one JSON array (provider-facts 9.3; recordings: streams)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from google import genai
from google.genai import types

from tests.simulator.account import Account

LITE, FLASH, OLD = "gemini-3.5-flash-lite", "gemini-2.5-flash", "gemini-2.0-flash"
COUNT = "Count from 1 to 9."
COUNTED = "1, 2, 3, 4, 5, 6, 7, 8, 9"


@pytest.fixture
def http(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("Gemini") as client:
        yield client


def asking(text: str, **fields: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": text}]}], **fields}


def streamed(http: httpx.Client, model: str, body: dict[str, Any], **query: str) -> list[dict[str, Any]]:
    response = http.post(f"/v1beta/models/{model}:streamGenerateContent", params={"alt": "sse", **query}, json=body)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/event-stream"
    events = response.text.split("\r\n\r\n")
    assert events.pop() == ""
    assert all(event.startswith("data: {") and "\n" not in event for event in events)
    return [json.loads(event.removeprefix("data: ")) for event in events]


def parts_of(chunk: dict[str, Any]) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = chunk["candidates"][0]["content"]["parts"]
    return parts


def text_of(chunks: list[dict[str, Any]]) -> str:
    return "".join(part.get("text", "") for chunk in chunks for part in parts_of(chunk) if not part.get("thought"))


def whole(http: httpx.Client, model: str, body: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = http.post(f"/v1beta/models/{model}:generateContent", json=body).raise_for_status().json()
    return answer


@pytest.mark.parametrize("version", ["v1", "v1beta"])
def test_the_sdk_reads_a_stream(tenant: Account, version: str) -> None:
    options = types.HttpOptions(base_url=tenant.url, api_version=version)
    with genai.Client(api_key=tenant.keys["Gemini"], http_options=options) as sdk:
        chunks = list(sdk.models.generate_content_stream(model=LITE, contents=COUNT))
    assert len(chunks) > 2
    assert "".join(chunk.text or "" for chunk in chunks) == COUNTED
    reasons = [chunk.candidates[0].finish_reason for chunk in chunks if chunk.candidates]
    assert reasons == [None] * (len(chunks) - 1) + [types.FinishReason.STOP]


@pytest.mark.parametrize("model", [LITE, FLASH, OLD])
def test_a_stream_ends_with_the_figures_of_the_whole_answer(http: httpx.Client, model: str) -> None:
    chunks = streamed(http, model, asking(COUNT))
    assert text_of(chunks) == COUNTED
    assert chunks[-1]["usageMetadata"] == whole(http, model, asking(COUNT))["usageMetadata"]
    assert len({chunk["responseId"] for chunk in chunks}) == 1
    assert {chunk["modelVersion"] for chunk in chunks} == {model}
    reasons = [chunk["candidates"][0].get("finishReason") for chunk in chunks]
    assert reasons == [None] * (len(chunks) - 1) + ["STOP"]


def test_figures_grow_with_the_text_from_2_5_on(http: httpx.Client) -> None:
    figures = [chunk["usageMetadata"].get("candidatesTokenCount") for chunk in streamed(http, FLASH, asking(COUNT))]
    assert figures == sorted(set(figures))
    older = [chunk["usageMetadata"] for chunk in streamed(http, OLD, asking(COUNT))]
    assert ["candidatesTokenCount" in usage for usage in older] == [False] * (len(older) - 1) + [True]
    assert older[0]["totalTokenCount"] == older[0]["promptTokenCount"]


def test_from_3_on_the_last_chunk_is_a_signature(http: httpx.Client) -> None:
    last = parts_of(streamed(http, LITE, asking(COUNT))[-1])
    assert [(part["text"], "thoughtSignature" in part) for part in last] == [("", True)]
    assert parts_of(streamed(http, FLASH, asking(COUNT))[-1])[0]["text"] != ""


def test_thoughts_come_first_and_are_not_counted_yet(http: httpx.Client) -> None:
    config = {"thinkingConfig": {"include_thoughts": True, "thinking_budget": 512}}
    chunks = streamed(http, FLASH, asking(COUNT, generationConfig=config))
    assert [part.get("thought", False) for chunk in chunks for part in parts_of(chunk)] == [True] + [False] * (
        len(chunks) - 1
    )
    assert "thoughtsTokenCount" not in chunks[0]["usageMetadata"]
    assert chunks[1]["usageMetadata"]["thoughtsTokenCount"] > 0


def test_the_output_limit_and_a_stop_sequence_end_a_stream(http: httpx.Client) -> None:
    cut = streamed(http, LITE, asking(COUNT, generationConfig={"maxOutputTokens": 6}))
    assert cut[-1]["candidates"][0]["finishReason"] == "MAX_TOKENS"
    assert cut[-1]["usageMetadata"]["candidatesTokenCount"] == 6
    assert text_of(streamed(http, FLASH, asking(COUNT, generationConfig={"stopSequences": [", 3"]}))) == "1, 2"


@pytest.mark.parametrize(("model", "message"), [(LITE, None), (FLASH, "Model generated function call(s).")])
def test_a_function_call_comes_whole(http: httpx.Client, model: str, message: str | None) -> None:
    parameters = {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}}
    tools = [{"functionDeclarations": [{"name": "get_weather", "description": "weather", "parameters": parameters}]}]
    chunks = streamed(http, model, asking("What is the weather in Paris?", tools=tools))
    first = parts_of(chunks[0])[0]
    assert first["functionCall"]["args"] == {"city": "Paris"}
    assert "thoughtSignature" in first
    assert chunks[-1]["candidates"][0]["finishReason"] == "STOP"
    assert chunks[-1]["candidates"][0].get("finishMessage") == message


def test_several_candidates_keep_their_places(http: httpx.Client) -> None:
    chunks = streamed(http, FLASH, asking(COUNT, generationConfig={"candidateCount": 2}))
    for index in (0, 1):
        assert text_of([chunk for chunk in chunks if chunk["candidates"][0]["index"] == index]) == COUNTED
    once = streamed(http, FLASH, asking(COUNT))[-1]["usageMetadata"]["candidatesTokenCount"]
    assert chunks[-1]["usageMetadata"]["candidatesTokenCount"] == 2 * once


def test_without_sse_a_stream_is_one_json_array(http: httpx.Client) -> None:
    response = http.post(f"/v1beta/models/{OLD}:streamGenerateContent", json=asking(COUNT))
    assert response.headers["content-type"] == "application/json; charset=UTF-8"
    chunks = response.json()
    assert len(chunks) > 2
    assert text_of(chunks) == COUNTED


def test_numbers_stand_for_enumerations_where_asked_for(http: httpx.Client) -> None:
    path = f"/v1beta/models/{OLD}:streamGenerateContent?%24alt=json%3Benum-encoding%3Dint"
    body = asking(COUNT, safetySettings=[{"category": 10, "threshold": 3}])
    chunks = http.post(path, json=body).raise_for_status().json()
    assert chunks[-1]["candidates"][0]["finishReason"] == 1
    assert chunks[-1]["candidates"][0]["safetyRatings"][0] == {"category": 8, "probability": 1}
    assert "safetyRatings" not in chunks[0]["candidates"][0]


@pytest.mark.parametrize("sse", [True, False])
def test_what_is_refused_before_the_stream_is_no_event(http: httpx.Client, sse: bool) -> None:
    config = {"responseLogprobs": True, "logprobs": 2}
    response = http.post(
        f"/v1beta/models/{FLASH}:streamGenerateContent",
        params={"alt": "sse"} if sse else {},
        json=asking("Hello", generationConfig=config),
    )
    assert response.status_code == 400
    error = response.json()["error"] if sse else response.json()[0]["error"]
    assert error["message"] == "LogProbs is not supported in streaming mode"
    assert response.headers["content-type"] == ("text/event-stream" if sse else "application/json; charset=UTF-8")
