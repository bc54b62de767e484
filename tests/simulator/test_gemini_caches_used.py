"""Gemini's simulated cached contents in use: what the model knows, and what the figures say (provider-facts 3.1)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from google import genai
from google.genai import types

from tests.simulator.account import Account
from tests.simulator.gemini_cached import FACT, MINIMUM, error, made, report, turn, wanting, words
from tests.simulator.gemini_calls import FLASH, LITE, OLD, WEATHER, asking, counted, parts_of, said, text_of

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
QUESTION = "What is the passphrase of the vault?"
PIXEL = {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}


@pytest.fixture
def http(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("Gemini") as client:
        yield client


def streamed(http: httpx.Client, body: dict[str, Any], model: str = LITE) -> list[dict[str, Any]]:
    response = http.post(f"/v1beta/models/{model}:streamGenerateContent", params={"alt": "sse"}, json=body)
    assert response.status_code == 200, response.text
    return [json.loads(event.removeprefix("data: ")) for event in response.text.split("\r\n\r\n") if event]


@pytest.mark.parametrize("version", ["v1", "v1beta"])
def test_the_sdk_reads_the_figures_of_an_answer_and_of_a_stream(tenant: Account, version: str) -> None:
    options = types.HttpOptions(base_url=tenant.url, api_version=version)
    with genai.Client(api_key=tenant.keys["Gemini"], http_options=options) as sdk:
        cache = sdk.caches.create(model=LITE, config=types.CreateCachedContentConfig(system_instruction=report()))
        assert cache.usage_metadata is not None
        cached = cache.usage_metadata.total_token_count
        use = types.GenerateContentConfig(cached_content=cache.name)
        answer = sdk.models.generate_content(model=LITE, contents=QUESTION, config=use)
        chunks = list(sdk.models.generate_content_stream(model=LITE, contents=QUESTION, config=use))
    assert answer.text == "".join(chunk.text or "" for chunk in chunks) == FACT
    for one in (answer, *chunks):
        assert one.usage_metadata is not None
        assert one.usage_metadata.cached_content_token_count == cached
        details = one.usage_metadata.cache_tokens_details
        assert details == [types.ModalityTokenCount(modality=types.MediaModality.TEXT, token_count=cached)]


# Figures ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [LITE, FLASH, OLD])
def test_cached_tokens_are_told_inside_those_of_the_prompt(http: httpx.Client, model: str) -> None:
    cache = made(http, wanting(model=f"models/{model}"))
    cached = cache["usageMetadata"]["totalTokenCount"]
    own = counted(http, asking(QUESTION), model)
    usage = said(http, asking(QUESTION, cachedContent=cache["name"]), model)["usageMetadata"]
    assert (usage["cachedContentTokenCount"], usage["promptTokenCount"]) == (cached, cached + own)
    assert usage["cacheTokensDetails"] == [{"modality": "TEXT", "tokenCount": cached}]
    assert usage["promptTokensDetails"] == [{"modality": "TEXT", "tokenCount": cached + own}]
    output = usage["candidatesTokenCount"] + usage.get("thoughtsTokenCount", 0)
    assert usage["totalTokenCount"] == cached + own + output
    order = [
        "promptTokenCount",
        "candidatesTokenCount",
        "totalTokenCount",
        "cachedContentTokenCount",
        "promptTokensDetails",
        "cacheTokensDetails",
        "candidatesTokensDetails",
        "thoughtsTokenCount",
        "serviceTier",
    ]
    assert list(usage) == [key for key in order if key in usage]


@pytest.mark.parametrize("model", [LITE, FLASH, OLD])
def test_every_chunk_of_a_stream_tells_the_cached_tokens(http: httpx.Client, model: str) -> None:
    cache = made(http, wanting(model=f"models/{model}"))
    body = asking(QUESTION, cachedContent=cache["name"])
    whole, chunks = said(http, body, model), streamed(http, body, model)
    assert len(chunks) > 1
    told = {chunk["usageMetadata"]["cachedContentTokenCount"] for chunk in chunks}
    assert told == {cache["usageMetadata"]["totalTokenCount"]}
    assert {chunk["usageMetadata"]["promptTokenCount"] for chunk in chunks} == {
        whole["usageMetadata"]["promptTokenCount"]
    }
    assert chunks[-1]["usageMetadata"] == whole["usageMetadata"]
    array = http.post(f"/v1/models/{model}:streamGenerateContent", json=body).raise_for_status().json()
    assert [chunk["usageMetadata"] for chunk in array] == [chunk["usageMetadata"] for chunk in chunks]


def test_without_a_cache_nothing_is_said_of_one(http: httpx.Client) -> None:
    body = {"contents": [turn(report()), turn(QUESTION)]}
    for _ in range(2):  # a second time would be a hit, if prefixes were cached by themselves
        usage = said(http, body)["usageMetadata"]
        assert not {"cachedContentTokenCount", "cacheTokensDetails"} & set(usage)


def test_the_prompt_is_counted_the_same_with_and_without_the_cache(http: httpx.Client) -> None:
    name = made(http)["name"]
    cached = said(http, asking(QUESTION, cachedContent=name))["usageMetadata"]
    plain = said(http, {"contents": [turn(report()), turn(QUESTION)]})["usageMetadata"]
    assert cached["promptTokenCount"] == plain["promptTokenCount"]
    assert cached["candidatesTokenCount"] == plain["candidatesTokenCount"]


def test_tokens_are_told_by_kind(http: httpx.Client) -> None:
    cache = made(http, wanting(contents=[{"role": "user", "parts": [PIXEL, {"text": words(MINIMUM)}]}]))
    body = {"contents": [{"role": "user", "parts": [{"text": words(4)}, PIXEL]}], "cachedContent": cache["name"]}
    usage = said(http, body)["usageMetadata"]
    picture = 1089
    assert usage["cacheTokensDetails"] == [
        {"modality": "IMAGE", "tokenCount": picture},
        {"modality": "TEXT", "tokenCount": MINIMUM},
    ]
    assert usage["promptTokensDetails"] == [
        {"modality": "IMAGE", "tokenCount": 2 * picture},
        {"modality": "TEXT", "tokenCount": MINIMUM + 4},
    ]
    response = http.post(f"/v1beta/models/{LITE}:generateContent", params={"$alt": "json;enum-encoding=int"}, json=body)
    assert [entry["modality"] for entry in response.json()["usageMetadata"]["cacheTokensDetails"]] == [2, 1]


def test_a_cached_request_is_counted_whole(http: httpx.Client) -> None:
    cache = made(http)
    cached = cache["usageMetadata"]["totalTokenCount"]
    whole = asking(QUESTION, model=f"models/{LITE}", cachedContent=cache["name"])
    answer = http.post(f"/v1beta/models/{LITE}:countTokens", json={"generateContentRequest": whole}).json()
    total = cached + counted(http, asking(QUESTION))
    assert answer == {
        "totalTokens": total,
        "cachedContentTokenCount": cached,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": total}],
        "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": cached}],
    }
    assert total == said(http, asking(QUESTION, cachedContent=cache["name"]))["usageMetadata"]["promptTokenCount"]
    unknown = http.post(f"/v1beta/models/{LITE}:countTokens", json=asking(QUESTION, cachedContent=cache["name"]))
    assert "cachedContent" in error(unknown, 400)


def test_cached_contents_that_are_sent_again_are_counted_again(http: httpx.Client) -> None:
    cache = made(http)
    cached = cache["usageMetadata"]["totalTokenCount"]
    body = {"contents": [turn(report()), turn(QUESTION)], "cachedContent": cache["name"]}
    usage = said(http, body)["usageMetadata"]
    assert usage["cachedContentTokenCount"] == cached
    assert usage["promptTokenCount"] == 2 * cached + counted(http, asking(QUESTION))


# What the model knows ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parts",
    [
        {"contents": [turn(report())]},
        {"systemInstruction": turn(report())},
        {"contents": [turn(words(MINIMUM))], "systemInstruction": turn(FACT)},
        {"contents": [turn(report()), turn("I have read it.", "model")], "systemInstruction": turn("Be brief.")},
    ],
    ids=["contents", "system", "both", "dialogue"],
)
def test_the_model_knows_what_is_cached(http: httpx.Client, parts: dict[str, Any]) -> None:
    name = made(http, {"model": f"models/{LITE}", **parts})["name"]
    body = asking(QUESTION, cachedContent=name)
    assert text_of(said(http, body)) == FACT
    told = "".join(part.get("text", "") for chunk in streamed(http, body) for part in parts_of(chunk))
    assert told == FACT
    assert "marigold" not in text_of(said(http, asking(QUESTION)))


def test_a_cached_instruction_is_followed(http: httpx.Client) -> None:
    system = turn('Whatever is asked, answer exactly: "Ask the harbour master."')
    name = made(http, wanting(systemInstruction=system))["name"]
    assert text_of(said(http, asking(QUESTION, cachedContent=name))) == "Ask the harbour master."


def stored(http: httpx.Client, data: bytes, mime_type: str) -> str:
    start = {"x-goog-upload-protocol": "resumable", "x-goog-upload-command": "start"}
    begun = http.post("/upload/v1beta/files", json={"file": {"mimeType": mime_type}}, headers=start)
    end = {"x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0"}
    return str(http.post(begun.headers["x-goog-upload-url"], content=data, headers=end).json()["file"]["name"])


def test_a_cached_document_outlives_its_file(tenant: Account, http: httpx.Client) -> None:
    """What is cached was read when the cache was made."""
    pdf = stored(http, (FIXTURES / "passphrase.pdf").read_bytes(), "application/pdf")
    long = stored(http, words(MINIMUM).encode(), "text/plain")
    parts = [{"fileData": {"fileUri": name}} for name in (pdf, long)]
    cache = made(http, wanting(contents=[{"role": "user", "parts": parts}], ttl="604800s"))
    assert cache["usageMetadata"] == {"totalTokenCount": MINIMUM + 258}
    http.delete(f"/v1beta/{pdf}").raise_for_status()
    tenant.advance(49 * 3600)
    answer = said(http, asking("What is the passphrase?", cachedContent=cache["name"]))
    assert "cobalt-heron-41" in text_of(answer)
    assert {"modality": "DOCUMENT", "tokenCount": 258} in answer["usageMetadata"]["cacheTokensDetails"]


def test_a_conversation_goes_on_over_a_cached_document(http: httpx.Client) -> None:
    cache = made(http)
    history: list[dict[str, Any]] = []
    replies, figures = [], []
    for question in ("My favourite colour is teal.", QUESTION, "What is my favourite colour?", QUESTION):
        history.append(turn(question))
        answer = said(http, {"contents": history, "cachedContent": cache["name"]})
        replies.append(text_of(answer))
        history.append(turn(replies[-1], "model"))
        figures.append(answer["usageMetadata"])
    assert replies[1:] == [FACT, "Your favourite colour is teal.", FACT]
    assert {usage["cachedContentTokenCount"] for usage in figures} == {cache["usageMetadata"]["totalTokenCount"]}
    prompts = [usage["promptTokenCount"] for usage in figures]
    assert prompts == sorted(set(prompts))


def test_cached_tools_are_called_as_cached_settings_say(http: httpx.Client) -> None:
    tools = [{"functionDeclarations": [WEATHER]}]
    name = made(http, wanting(tools=tools))["name"]
    call = parts_of(said(http, asking("How is the weather in Paris?", cachedContent=name)))[0]["functionCall"]
    assert (call["name"], call["args"]) == ("get_weather", {"city": "Paris"})
    assert "text" in parts_of(said(http, asking("Hello", cachedContent=name)))[0]
    config = {"functionCallingConfig": {"mode": "ANY"}}
    forced = made(http, wanting(tools=tools, toolConfig=config))["name"]
    assert "functionCall" in parts_of(said(http, asking("Hello", cachedContent=forced)))[0]


# What is refused --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"systemInstruction": turn("Be brief.")},
        {"tools": [{"functionDeclarations": [WEATHER]}]},
        {"toolConfig": {"functionCallingConfig": {"mode": "NONE"}}},
    ],
    ids=["system", "tools", "tool config"],
)
@pytest.mark.parametrize("method", ["generateContent", "streamGenerateContent?alt=sse", "countTokens"])
def test_what_a_cache_sets_a_request_must_not(http: httpx.Client, fields: dict[str, Any], method: str) -> None:
    body = asking(QUESTION, model=f"models/{LITE}", cachedContent=made(http)["name"], **fields)
    sent = {"generateContentRequest": body} if method == "countTokens" else body
    assert error(http.post(f"/v1beta/models/{LITE}:{method}", json=sent), 400) == (
        "CachedContent can not be used with GenerateContent request setting system_instruction, tools or tool_config.\n\n"
        "Proposed fix: move those values to CachedContent from GenerateContent request."
    )


def test_empty_tools_are_none(http: httpx.Client) -> None:
    assert FACT in text_of(said(http, asking(QUESTION, cachedContent=made(http)["name"], tools=[])))


@pytest.mark.parametrize("model", [FLASH, "gemini-flash-lite-latest"])
def test_a_cache_is_for_its_model_alone(http: httpx.Client, model: str) -> None:
    body = asking(QUESTION, cachedContent=made(http)["name"])
    assert error(http.post(f"/v1beta/models/{model}:generateContent", json=body), 400) == (
        f"Model used by GenerateContent request (models/{model}) and CachedContent (models/{LITE}) has to be the same."
    )


def test_a_request_needs_contents_of_its_own(http: httpx.Client) -> None:
    body = {"cachedContent": made(http)["name"]}
    assert error(http.post(f"/v1beta/models/{LITE}:generateContent", json=body), 400) == (
        "* GenerateContentRequest.contents: contents is not specified\n"
    )


def test_cache_and_question_share_the_models_window(http: httpx.Client) -> None:
    half = words(600_000)
    name = made(http, wanting(half))["name"]
    assert error(http.post(f"/v1beta/models/{LITE}:generateContent", json=asking(half, cachedContent=name)), 400) == (
        "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
    )


# Time -------------------------------------------------------------------------------------------------------------------


def passed(tenant: Account, ask: Callable[[], object]) -> float:
    before = datetime.fromisoformat(tenant.now())
    ask()
    return (datetime.fromisoformat(tenant.now()) - before).total_seconds()


def test_cached_tokens_take_less_time(open_tenant: Callable[..., Account]) -> None:
    tenant = open_tenant(
        durations={
            "chat.request": 1,
            "chat.uncached_token": 0.01,
            "chat.cached_token": 0.001,
            "chat.output_token": 0.1,
        }
    )
    with tenant.client("Gemini") as http:
        cache = made(http)
        cached = cache["usageMetadata"]["totalTokenCount"]
        own = counted(http, asking(QUESTION))
        output = said(http, asking(QUESTION, cachedContent=cache["name"]))["usageMetadata"]["candidatesTokenCount"]
        with_cache = asking(QUESTION, cachedContent=cache["name"])
        quick = 1 + 0.001 * cached + 0.01 * own + 0.1 * output
        assert passed(tenant, lambda: said(http, with_cache)) == pytest.approx(quick, abs=1e-5)
        assert passed(tenant, lambda: streamed(http, with_cache)) == pytest.approx(quick, abs=1e-5)
        plain = {"contents": [turn(report()), turn(QUESTION)]}
        slow = 1 + 0.01 * (cached + own) + 0.1 * output
        assert passed(tenant, lambda: said(http, plain)) == pytest.approx(slow, abs=1e-5)
        response = http.post(f"/v1beta/models/{LITE}:generateContent", json=with_cache)
        assert response.headers["server-timing"] == f"gfet4t7; dur={round(quick * 1000)}"


def test_keeping_and_counting_take_no_time(tenant: Account, http: httpx.Client) -> None:
    cache = made(http)
    whole = asking(QUESTION, model=f"models/{LITE}", cachedContent=cache["name"])
    http.post(f"/v1beta/models/{LITE}:countTokens", json={"generateContentRequest": whole}).raise_for_status()
    http.patch(f"/v1beta/{cache['name']}", json={"ttl": "60s"}).raise_for_status()
    assert tenant.now() == "2026-11-22T10:00:00+00:00"
