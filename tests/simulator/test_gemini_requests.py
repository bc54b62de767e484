"""How Gemini's simulator reads JSON: both spellings, Google's leniencies, and Google's words for the rest (provider-facts 1.3)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulator.account import Account

PATH = "/v1beta/models/gemini-3.5-flash-lite:generateContent"


@pytest.fixture
def http(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("Gemini") as client:
        yield client


def refused(http: httpx.Client, body: Any, path: str = PATH) -> tuple[str, list[dict[str, str]]]:
    """The sentence and the fields at fault."""
    response = http.post(path, json=body)
    assert response.status_code == 400, response.text
    error = response.json()["error"]
    assert error["status"] == "INVALID_ARGUMENT"
    (detail,) = error["details"]
    assert detail["@type"] == "type.googleapis.com/google.rpc.BadRequest"
    return error["message"], detail["fieldViolations"]


def test_both_spellings_mean_the_same(http: httpx.Client) -> None:
    camel = {
        "contents": [{"role": "user", "parts": [{"text": "Count from 1 to 9."}]}],
        "systemInstruction": {"parts": [{"text": "You are brief."}]},
        "generationConfig": {"maxOutputTokens": 4, "stopSequences": ["x"], "thinkingConfig": {"thinkingLevel": "LOW"}},
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}],
        "toolConfig": {"functionCallingConfig": {"mode": "NONE"}},
    }
    snake = {
        "contents": camel["contents"],
        "system_instruction": {"parts": [{"text": "You are brief."}]},
        "generation_config": {
            "max_output_tokens": 4, "stop_sequences": ["x"], "thinking_config": {"thinking_level": "LOW"},
        },
        "safety_settings": camel["safetySettings"],
        "tool_config": {"function_calling_config": {"mode": "NONE"}},
    }  # fmt: skip
    first, second = (http.post(PATH, json=body).raise_for_status().json() for body in (camel, snake))
    assert first["usageMetadata"] == second["usageMetadata"]
    assert first["candidates"][0]["finishReason"] == second["candidates"][0]["finishReason"] == "MAX_TOKENS"


def test_google_reads_leniently(http: httpx.Client) -> None:
    """One message for a list of one, numbers as text, words without regard to case, null for nothing."""
    body = {
        "contents": {"role": "user", "parts": {"text": "Count from 1 to 9."}},
        "systemInstruction": None,
        "generationConfig": {"maxOutputTokens": "4", "temperature": "0.5", "topK": 3.0, "seed": None},
        "tools": {"functionDeclarations": {"name": "f", "parameters": {"type": "object", "properties": {}}}},
        "toolConfig": {"functionCallingConfig": {"mode": "none"}},
        "safetySettings": [{"category": 10, "threshold": 3}],
    }
    answer = http.post(PATH, json=body).raise_for_status().json()
    assert answer["usageMetadata"]["candidatesTokenCount"] == 4


@pytest.mark.parametrize(
    ("body", "field", "sentence"),
    [
        ({"foo": 1}, None, 'Invalid JSON payload received. Unknown name "foo": Cannot find field.'),
        (
            {"generationConfig": {"foo": 1}},
            "generation_config",
            "Invalid JSON payload received. Unknown name \"foo\" at 'generation_config': Cannot find field.",
        ),
        (
            {"contents": [{"parts": [{"text": "a"}, {"txt": "b"}]}]},
            "contents[0].parts[1]",
            "Invalid JSON payload received. Unknown name \"txt\" at 'contents[0].parts[1]': Cannot find field.",
        ),
        (
            {"generationConfig": {"temperature": "warm"}},
            "generation_config.temperature",
            "Invalid value at 'generation_config.temperature' (TYPE_FLOAT), \"warm\"",
        ),
        (
            {"generation_config": {"max_output_tokens": 1.5}},
            "generation_config.max_output_tokens",
            "Invalid value at 'generation_config.max_output_tokens' (TYPE_INT32), 1.5",
        ),
        (
            {"generationConfig": {"candidateCount": 2**31}},
            "generation_config.candidate_count",
            "Invalid value at 'generation_config.candidate_count' (TYPE_INT32), 2147483648",
        ),
        ({"contents": [{"role": 7}]}, "contents[0].role", "Invalid value at 'contents[0].role' (TYPE_STRING), 7"),
        (
            {"contents": ["hello"]},
            "contents[0]",
            "Invalid value at 'contents[0]' (type.googleapis.com/google.ai.generativelanguage.v1beta.Content), \"hello\"",
        ),
        (
            {"safetySettings": [{"category": "RUDE"}]},
            "safety_settings[0].category",
            "Invalid value at 'safety_settings[0].category' "
            '(type.googleapis.com/google.ai.generativelanguage.v1beta.HarmCategory), "RUDE"',
        ),
        (
            {"contents": [{"parts": [{"inlineData": {"mimeType": "text/plain", "data": "no base64!"}}]}]},
            "contents[0].parts[0].inline_data.data",
            "Invalid value at 'contents[0].parts[0].inline_data.data' (TYPE_BYTES), "
            'Base64 decoding failed for "no base64!"',
        ),
        (
            {"contents": [{"parts": [{"text": "a", "inlineData": {}}]}]},
            "contents[0].parts[0]",
            "Invalid value at 'contents[0].parts[0]' (oneof), oneof field 'data' is already set. Cannot set 'inlineData'",
        ),
        (
            {"contents": [{"parts": [{"text": ["a"]}]}]},
            "contents[0].parts[0]",
            "Invalid JSON payload received. Unknown name \"text\" at 'contents[0].parts[0]': "
            "Proto field is not repeating, cannot start list.",
        ),
        (
            {
                "tools": [
                    {"functionDeclarations": [{"name": "f", "parameters": {"properties": {"a": {"typ": "STRING"}}}}]}
                ]
            },
            "tools[0].function_declarations[0].parameters.properties.a",
            'Invalid JSON payload received. Unknown name "typ" at '
            "'tools[0].function_declarations[0].parameters.properties.a': Cannot find field.",
        ),
    ],
)
def test_what_cannot_be_read_is_named(http: httpx.Client, body: Any, field: str | None, sentence: str) -> None:
    message, violations = refused(http, body)
    assert message == sentence
    assert violations == [{"description": sentence} if field is None else {"field": field, "description": sentence}]


def test_all_faults_are_told_at_once(http: httpx.Client) -> None:
    message, violations = refused(http, {"foo": 1, "generationConfig": {"topK": "x", "bar": 2}})
    assert [violation.get("field") for violation in violations] == [
        None,
        "generation_config.top_k",
        "generation_config",
    ]
    assert message == "\n".join(violation["description"] for violation in violations)


def test_the_version_stands_in_the_type(http: httpx.Client) -> None:
    message, _ = refused(http, {"contents": ["x"]}, PATH.replace("v1beta", "v1"))
    assert "google.ai.generativelanguage.v1.Content" in message


def test_an_unknown_parameter_of_the_query_is_refused(http: httpx.Client) -> None:
    body = {"contents": [{"parts": [{"text": "Hello"}]}]}
    message, _ = refused(http, body, f"{PATH}?colour=red")
    assert message == (
        'Invalid JSON payload received. Unknown name "colour": Cannot bind query parameter. '
        "Field 'colour' could not be found in request message."
    )
    assert http.post(PATH, json=body, params={"alt": "json", "prettyPrint": "false"}).status_code == 200


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b'{"contents": "\xff"}', b"[" * 5000])
def test_a_body_that_is_no_json_object_is_refused(http: httpx.Client, body: bytes) -> None:
    response = http.post(PATH, content=body)
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["status"] == "INVALID_ARGUMENT"
    assert error["message"].startswith("Invalid JSON payload received.")


def test_a_body_that_is_too_large_is_refused(http: httpx.Client) -> None:
    response = http.post(PATH, content=b'{"contents": "' + b"a" * (20 * 1024 * 1024) + b'"}')
    assert response.status_code == 400
    assert response.json()["error"]["message"] == "Request payload size exceeds the limit: 20971520 bytes."


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
PART = st.dictionaries(
    st.sampled_from(
        [
            "text",
            "inlineData",
            "file_data",
            "functionCall",
            "functionResponse",
            "thought",
            "thoughtSignature",
            "videoMetadata",
        ]
    ),
    JSON,
    max_size=2,
)
SCHEMA = st.recursive(
    JSON,
    lambda inner: st.dictionaries(
        st.sampled_from(
            [
                "type",
                "properties",
                "items",
                "enum",
                "anyOf",
                "$ref",
                "required",
                "minItems",
                "minimum",
                "pattern",
                "format",
            ]
        ),
        inner
        | st.dictionaries(st.text(max_size=3), inner, max_size=2)
        | st.sampled_from(["object", "ARRAY", "#", "#/a"]),
        max_size=4,
    ),
    max_leaves=8,
)
FUNCTION = st.fixed_dictionaries({"name": st.just("f"), "parametersJsonSchema": SCHEMA})
CONFIG = st.fixed_dictionaries(
    {},
    optional={
        "responseJsonSchema": SCHEMA,
        "responseSchema": SCHEMA,
        "responseMimeType": st.just("application/json"),
        "thinkingConfig": JSON,
        "maxOutputTokens": JSON,
    },
)
REQUEST = st.fixed_dictionaries(
    {"contents": st.lists(st.fixed_dictionaries({"parts": st.lists(PART, max_size=2)}), max_size=2) | JSON},
    optional={
        "generationConfig": CONFIG,
        "tools": st.lists(st.fixed_dictionaries({"functionDeclarations": st.lists(FUNCTION, max_size=1)}), max_size=1),
        "systemInstruction": JSON,
        "safetySettings": JSON,
        "toolConfig": JSON,
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=REQUEST, method=st.sampled_from(["generateContent", "streamGenerateContent?alt=sse", "countTokens"]))
def test_whatever_comes_is_answered_or_refused_in_googles_envelope(
    http: httpx.Client, body: dict[str, Any], method: str
) -> None:
    sent = json.dumps(body)
    response = http.post(f"/v1beta/models/gemini-2.5-flash:{method}", content=sent)
    assert response.status_code in (200, 400, 403), sent
    if response.status_code != 200:
        assert set(response.json()["error"]) >= {"code", "message", "status"}
