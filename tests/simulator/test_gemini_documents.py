"""Gemini's simulated generateContent: documents, counting, and what it refuses (provider-facts 1.3 and 9.3)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.simulator.account import Account
from tests.simulator.gemini_calls import FLASH, LITE, PRO, WEATHER, asking, counted, refused, said, text_of

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"


@pytest.fixture
def http(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("Gemini") as client:
        yield client


# Documents and counting -------------------------------------------------------------------------------------------------


def stored(http: httpx.Client, name: str, mime_type: str, data: bytes) -> dict[str, Any]:
    start = {"x-goog-upload-protocol": "resumable", "x-goog-upload-command": "start"}
    begun = http.post(
        "/upload/v1beta/files", json={"file": {"displayName": name, "mimeType": mime_type}}, headers=start
    )
    end = {"x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0"}
    file: dict[str, Any] = http.post(begun.headers["x-goog-upload-url"], content=data, headers=end).json()["file"]
    return file


@pytest.mark.parametrize("host", ["{uri}", "http://127.0.0.1:1/gemini/v1/{name}", "{name}"])
def test_a_stored_document_is_read_by_any_form_of_its_uri(http: httpx.Client, host: str) -> None:
    file = stored(http, "passphrase.pdf", "application/pdf", (FIXTURES / "passphrase.pdf").read_bytes())
    part = {"fileData": {"fileUri": host.format(**file), "mimeType": "application/pdf"}}
    body = {"contents": [{"parts": [part, {"text": "What is the passphrase?"}]}]}
    answer = said(http, body)
    assert "cobalt-heron-41" in text_of(answer)
    assert {"modality": "DOCUMENT", "tokenCount": 258} in answer["usageMetadata"]["promptTokensDetails"]
    assert counted(http, body) == answer["usageMetadata"]["promptTokenCount"]
    assert "cobalt-heron-41" not in text_of(said(http, asking("What is the passphrase?")))


def test_inline_data_is_read_in_both_spellings(http: httpx.Client) -> None:
    data = base64.b64encode(b"The passphrase is amber-otter-7.").decode()
    for part in (
        {"inlineData": {"mimeType": "text/plain", "data": data}},
        {"inline_data": {"mime_type": "text/plain", "data": data.rstrip("=")}},
    ):
        assert "amber-otter-7" in text_of(
            said(http, {"contents": {"parts": [part, {"text": "What is the passphrase?"}]}})
        )


def test_a_picture_counts_by_the_generation(http: httpx.Client) -> None:
    data = base64.b64encode((FIXTURES / "sample.png").read_bytes()).decode()
    parts = [{"inlineData": {"mimeType": "image/png", "data": data}}, {"text": "What is shown?"}]
    for model, tokens in ((FLASH, 258), (LITE, 1089)):
        details = said(http, {"contents": [{"parts": parts}]}, model)["usageMetadata"]["promptTokensDetails"]
        assert {"modality": "IMAGE", "tokenCount": tokens} in details


def test_a_file_that_is_not_there_is_refused_by_its_name(http: httpx.Client) -> None:
    file = stored(http, "a.txt", "text/plain", b"hello")
    http.delete(f"/v1beta/{file['name']}").raise_for_status()
    for uri, name in ((file["uri"], file["name"].removeprefix("files/")), ("files/file-AbC", "file-AbC")):
        body = {"contents": [{"parts": [{"fileData": {"fileUri": uri}}, {"text": "What?"}]}]}
        for method in ("generateContent", "countTokens", "streamGenerateContent?alt=sse"):
            response = http.post(f"/v1beta/models/{LITE}:{method}", json=body)
            assert response.status_code == 403
            assert response.json()["error"]["message"] == (
                f"You do not have permission to access the File {name} or it may not exist."
            )


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"fileData": {"fileUri": "gs://bucket/a.pdf"}}, "Invalid or unsupported file uri: gs://bucket/a.pdf"),
        ({"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0xLjQ="}}, "The document has no pages."),
        ({"inlineData": {"mimeType": "application/zip", "data": "UEsDBAA="}}, "Unsupported MIME type: application/zip"),
    ],
)
def test_what_cannot_be_read_is_refused(http: httpx.Client, part: dict[str, Any], message: str) -> None:
    assert refused(http, {"contents": [{"parts": [part, {"text": "What?"}]}]}) == message


def test_the_count_is_what_the_answer_bills(http: httpx.Client) -> None:
    request = asking(
        "What is the weather in Paris?",
        systemInstruction={"parts": {"text": "You are brief."}},
        tools=[{"functionDeclarations": [WEATHER]}],
        generationConfig={"stop_sequences": ["x"]},
    )
    whole = counted(http, {"generateContentRequest": {"model": f"models/{LITE}", **request}})
    assert whole == said(http, request)["usageMetadata"]["promptTokenCount"]
    assert whole > counted(http, {"contents": request["contents"]}) > 0
    answer = http.post(f"/v1beta/models/{LITE}:countTokens", json=asking("Hello")).json()
    assert answer == {"totalTokens": 1, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 1}]}


def test_more_than_the_window_is_refused(http: httpx.Client) -> None:
    assert refused(http, asking("word " * 9000), "gemini-2.5-flash-preview-tts") == (
        "The input token count (9001) exceeds the maximum number of tokens allowed (8192)."
    )


# Refusals ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "model", "message"),
    [
        ({"temperature": 2.1}, LITE, "temperature must be in the range"),
        ({"topP": -0.1}, LITE, "top_p must be in the range"),
        ({"topK": 0}, LITE, "top_k must be positive"),
        ({"maxOutputTokens": 0}, LITE, "max_output_tokens must be positive"),
        ({"candidateCount": 9}, LITE, "candidate_count must be in the range"),
        ({"stopSequences": list("abcdef")}, LITE, "stop_sequences"),
        ({"responseMimeType": "image/png"}, LITE, "allowed mimetypes are"),
        ({"responseSchema": {"type": "OBJECT"}}, LITE, "response_schema"),
        ({"responseModalities": ["IMAGE"]}, LITE, "only supports text output"),
        ({"responseLogprobs": True, "logprobs": 2}, LITE, "Logprobs is not enabled for this model"),
        ({"thinkingConfig": {"thinkingBudget": 1, "thinkingLevel": "LOW"}}, LITE, "only one of thinking budget"),
        ({"thinkingConfig": {"thinkingLevel": "LOW"}}, FLASH, "Thinking level is not supported"),
        ({"thinkingConfig": {"thinkingBudget": 0}}, PRO, "Budget 0 is invalid"),
    ],
)
def test_a_setting_out_of_its_range_is_refused(
    http: httpx.Client, config: dict[str, Any], model: str, message: str
) -> None:
    assert message in refused(http, asking("Hello", generationConfig=config), model)


@pytest.mark.parametrize(
    "schema",
    [
        [],
        {"type": "object", "properties": []},
        {"type": "object", "properties": {"a": 1}},
        {"$ref": "#/$defs/missing"},
        {"type": "integer", "minimum": "three"},
        {"type": "array", "items": {"type": "array", "items": {"type": "string"}, "minItems": 1000}, "minItems": 1000},
        {"type": "string", "minLength": 10**12},
    ],
)
def test_a_schema_that_is_none_or_too_large_is_refused(http: httpx.Client, schema: Any) -> None:
    config = {"responseMimeType": "application/json", "responseJsonSchema": schema}
    assert "schema" in refused(http, asking("Hello", generationConfig=config))
    tool = {"functionDeclarations": [{"name": "f", "parametersJsonSchema": schema or [1]}]}
    assert "schema" in refused(http, asking("Hello", tools=[tool]))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "* GenerateContentRequest.contents: contents is not specified\n"),
        ({"contents": []}, "* GenerateContentRequest.contents: contents is not specified\n"),
        ({"contents": [{}]}, "* GenerateContentRequest.contents[0].parts: contents.parts must not be empty.\n"),
        (
            {"contents": [{"parts": [{"text": "a"}, {}]}]},
            "* GenerateContentRequest.contents[0].parts[1].data: required oneof field 'data' must have one initialized field\n",
        ),
        ({"contents": [{"role": "robot", "parts": [{"text": "a"}]}]}, "Please use a valid role: user, model."),
    ],
)
def test_contents_that_say_nothing_are_refused(http: httpx.Client, body: dict[str, Any], message: str) -> None:
    assert refused(http, body) == message


def test_a_function_needs_a_name_of_the_right_form(http: httpx.Client) -> None:
    tools = [{"functionDeclarations": [WEATHER, {"name": "9 lives"}]}]
    assert "tools[0].function_declarations[1].name: Invalid function name" in refused(
        http, asking("Hello", tools=tools)
    )


def test_a_cache_that_is_not_there_is_refused(http: httpx.Client) -> None:
    response = http.post(
        f"/v1beta/models/{LITE}:generateContent", json=asking("Hello", cachedContent="cachedContents/x")
    )
    assert (response.status_code, response.json()["error"]["message"]) == (
        403,
        "CachedContent not found (or permission denied)",
    )
