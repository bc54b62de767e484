"""OpenAI's simulated chat completions in one piece (provider-facts 9.1; recordings: chat completions unary)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pydantic
import pytest
from openai.types.chat import ChatCompletion

from tests.simulator.account import Account

MODEL = "gpt-6-luna"
OLD = "gpt-4o-mini"
WEATHER = {
    "name": "get_weather",
    "description": "Get the current weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()


@pytest.fixture
def http(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("OpenAI") as client:
        yield client


@pytest.fixture
def sdk(tenant: Account) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=tenant.keys["OpenAI"], base_url=f"{tenant.url}/v1", max_retries=0) as client:
        yield client


def ask(http: httpx.Client, text: Any = "Answer exactly: yes", model: str = OLD, **body: Any) -> httpx.Response:
    asked = {"model": model, "messages": [{"role": "user", "content": text}], **body}
    return http.post("/v1/chat/completions", json=asked)


def answered(http: httpx.Client, text: Any = "Answer exactly: yes", model: str = OLD, **body: Any) -> dict[str, Any]:
    response = ask(http, text, model, **body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    ChatCompletion.model_validate(answer, strict=True)
    return answer


def refused(response: httpx.Response, status: int, param: str | None, code: str | None) -> str:
    error = response.json()["error"]
    assert (response.status_code, error["param"], error["code"]) == (status, param, code), error
    return str(error["message"])


# Shape --------------------------------------------------------------------------------------------------------------------


def test_an_answer_has_every_key_of_a_live_one(http: httpx.Client) -> None:
    response = ask(http, seed=1, user="u", store=True, temperature=0.1, top_p=1, n=1, stop=None, metadata={"a": "b"})
    answer = response.json()
    assert answer == {
        "id": answer["id"],
        "object": "chat.completion",
        "created": answer["created"],
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "yes", "refusal": None, "annotations": []},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": answer["usage"]["prompt_tokens"],
            "completion_tokens": 1,
            "total_tokens": answer["usage"]["prompt_tokens"] + 1,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        },
        "service_tier": "default",
        "system_fingerprint": answer["system_fingerprint"],
    }
    assert answer["id"].startswith("chatcmpl-")
    assert answer["system_fingerprint"].startswith("fp_")
    assert response.headers["x-ratelimit-remaining-requests"] == "9999"
    assert response.headers["content-type"] == "application/json"


def test_a_newer_model_answers_in_its_own_shape(http: httpx.Client) -> None:
    answer = answered(http, model=MODEL, reasoning_effort="none", service_tier="flex")
    assert "logprobs" not in answer["choices"][0]
    assert answer["system_fingerprint"] is None
    assert answer["service_tier"] == "flex"
    assert answer["usage"]["prompt_tokens_details"]["cache_write_tokens"] == 0


def test_the_same_question_has_the_same_answer(http: httpx.Client) -> None:
    first, second = answered(http, "Count from 1 to 5."), answered(http, "Count from 1 to 5.")
    assert first["choices"] == second["choices"]
    assert first["id"] != second["id"]


def test_the_conversation_is_remembered(sdk: openai.OpenAI) -> None:
    completion = sdk.chat.completions.create(
        model=OLD,
        messages=[
            {"role": "developer", "content": "You are brief."},
            {"role": "user", "content": "My name is Ada."},
            {"role": "assistant", "content": "Hello, Ada."},
            {"role": "user", "content": "What is my name?"},
        ],
    )
    assert "Ada" in (completion.choices[0].message.content or "")


def test_several_answers_are_several_choices(http: httpx.Client) -> None:
    one, three = answered(http), answered(http, n=3)
    assert [choice["index"] for choice in three["choices"]] == [0, 1, 2]
    assert three["usage"]["completion_tokens"] == 3 * one["usage"]["completion_tokens"]
    assert three["usage"]["prompt_tokens"] == one["usage"]["prompt_tokens"]


# Limits -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_limit_ends_the_answer(http: httpx.Client, name: str) -> None:
    answer = answered(http, "Count from 1 to 50.", **{name: 7})
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["usage"]["completion_tokens"] == 7


def test_thinking_counts_against_the_limit(http: httpx.Client) -> None:
    answer = answered(http, model="gpt-5-mini", max_completion_tokens=10)
    assert (answer["choices"][0]["message"]["content"], answer["choices"][0]["finish_reason"]) == ("", "length")
    assert answer["usage"]["completion_tokens_details"]["reasoning_tokens"] == 10
    enough = answered(http, model="gpt-5-mini", max_completion_tokens=500)
    assert enough["choices"][0]["message"]["content"] == "yes"
    assert enough["usage"]["completion_tokens"] == enough["usage"]["completion_tokens_details"]["reasoning_tokens"] + 1


@pytest.mark.parametrize("stop", ["5", ["x", "5"]])
def test_a_stop_sequence_ends_the_answer_before_it(http: httpx.Client, stop: Any) -> None:
    choice = answered(http, "Count from 1 to 9.", stop=stop)["choices"][0]
    assert "4" in choice["message"]["content"]
    assert "5" not in choice["message"]["content"]
    assert choice["finish_reason"] == "stop"


@pytest.mark.parametrize(
    ("model", "body", "param", "code"),
    [
        (MODEL, {"max_tokens": 5}, "max_tokens", "unsupported_parameter"),
        (MODEL, {"stop": ["x"]}, "stop", "unsupported_parameter"),
        (MODEL, {"logprobs": True}, "logprobs", "unsupported_parameter"),
        (MODEL, {"temperature": 0.1}, "temperature", "unsupported_value"),
        (MODEL, {"reasoning_effort": "minimal"}, "reasoning_effort", "unsupported_value"),
        (MODEL, {"reasoning_effort": "hard"}, "reasoning_effort", "invalid_value"),
        (MODEL, {"tools": [{"type": "function", "function": WEATHER}]}, "reasoning_effort", None),
        (OLD, {"reasoning_effort": "low"}, "reasoning_effort", "unsupported_parameter"),
        (OLD, {"quality": 1}, "quality", "unknown_parameter"),
        (OLD, {"temperature": "hot"}, "temperature", "invalid_type"),
        (OLD, {"temperature": 2.5}, "temperature", "decimal_above_max_value"),
        (OLD, {"max_tokens": 0}, "max_tokens", "integer_below_min_value"),
        (OLD, {"max_tokens": 999_999}, "max_tokens", "invalid_value"),
        (OLD, {"n": True}, "n", "invalid_type"),
        (OLD, {"stop": ["a", "b", "c", "d", "e"]}, "stop", "array_above_max_length"),
        (OLD, {"stream_options": {"include_usage": True}}, "stream_options", None),
        (OLD, {"top_logprobs": 2}, "top_logprobs", None),
        (OLD, {"tool_choice": "required"}, "tool_choice", None),
        (OLD, {"response_format": {"type": "xml"}}, "response_format.type", "invalid_value"),
        (OLD, {"response_format": {"type": "json_object"}}, "messages", None),
        (
            OLD,
            {"response_format": {"type": "json_schema"}},
            "response_format.json_schema",
            "missing_required_parameter",
        ),
        (OLD, {"tools": [{"type": "function"}]}, "tools[0].function", "missing_required_parameter"),
        ("gpt-audio", {"logprobs": True}, "logprobs", None),
        ("gpt-audio", {"response_format": {"type": "json_object"}}, "response_format", None),
    ],
)
def test_a_parameter_that_the_model_does_not_take_is_refused(
    http: httpx.Client, model: str, body: dict[str, Any], param: str, code: str | None
) -> None:
    refused(ask(http, model=model, **body), 400, param, code)


def test_the_refusal_names_the_parameter_to_use(http: httpx.Client) -> None:
    message = refused(ask(http, model=MODEL, max_tokens=5), 400, "max_tokens", "unsupported_parameter")
    assert message == (
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    )


@pytest.mark.parametrize(
    ("messages", "param", "code"),
    [
        (None, "messages", "missing_required_parameter"),
        ("hello", "messages", "invalid_type"),
        ([], "messages", "empty_array"),
        (["hello"], "messages[0]", "invalid_type"),
        ([{"content": "x"}], "messages[0].role", "missing_required_parameter"),
        ([{"role": "robot", "content": "x"}], "messages[0].role", "invalid_value"),
        ([{"role": "user", "content": None}], "messages.[0].content", None),
        ([{"role": "user", "content": 5}], "messages[0].content", "invalid_type"),
        ([{"role": "user", "content": "x", "mood": "y"}], "messages[0].mood", "unknown_parameter"),
        ([{"role": "user", "content": [{"text": "x"}]}], "messages[0].content[0].type", "missing_required_parameter"),
        ([{"role": "user", "content": [{"type": "video"}]}], "messages[0].content[0].type", "invalid_value"),
        (
            [{"role": "user", "content": [{"type": "text"}]}],
            "messages[0].content[0].text",
            "missing_required_parameter",
        ),
        ([{"role": "tool", "tool_call_id": "call_1", "content": "x"}], "messages.[0].role", None),
    ],
)
def test_messages_that_are_wrong_are_refused_by_their_place(
    http: httpx.Client, messages: Any, param: str, code: str | None
) -> None:
    refused(http.post("/v1/chat/completions", json={"model": OLD, "messages": messages}), 400, param, code)


def test_a_conversation_beyond_the_window_is_refused(http: httpx.Client) -> None:
    message = refused(ask(http, "word " * 9_000, model="gpt-4"), 400, "messages", "context_length_exceeded")
    assert message.startswith("This model's maximum context length is 8192 tokens.")


# Models -------------------------------------------------------------------------------------------------------------------


def test_an_unknown_model_is_not_found(http: httpx.Client) -> None:
    response = ask(http, model="non-existent-model")
    message = refused(response, 404, None, "model_not_found")
    assert message == "The model `non-existent-model` does not exist or you do not have access to it."
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert "x-ratelimit-limit-requests" not in response.headers


@pytest.mark.parametrize(
    ("model", "status", "param"),
    [("bad model", 400, None), ("", 400, None), ("text-embedding-3-small", 404, "model"), ("gpt-5-pro", 404, "model")],
)
def test_a_model_that_does_not_chat_is_refused(http: httpx.Client, model: str, status: int, param: str | None) -> None:
    refused(ask(http, model=model), status, param, None)


@pytest.mark.parametrize(
    ("alias", "snapshot"),
    [("gpt-4o", "gpt-4o-2024-08-06"), ("gpt-3.5-turbo", "gpt-3.5-turbo-0125"), ("gpt-5.6-luna", "gpt-5.6-luna")],
)
def test_an_alias_answers_under_its_snapshot(http: httpx.Client, alias: str, snapshot: str) -> None:
    assert answered(http, model=alias)["model"] == snapshot


# Functions ----------------------------------------------------------------------------------------------------------------


def test_the_sdk_calls_a_function_and_hands_in_its_result(sdk: openai.OpenAI) -> None:
    tools: Any = [{"type": "function", "function": WEATHER}]
    messages: list[Any] = [{"role": "user", "content": "What is the weather in Paris?"}]
    first = sdk.chat.completions.create(model=OLD, messages=messages, tools=tools).choices[0]
    assert first.finish_reason == "tool_calls"
    assert first.message.content is None
    (call,) = first.message.tool_calls or []
    assert call.type == "function"
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "Paris"})
    messages += [first.message, {"role": "tool", "tool_call_id": call.id, "content": "18 degrees"}]
    second = sdk.chat.completions.create(model=OLD, messages=messages, tools=tools).choices[0]
    assert "18 degrees" in (second.message.content or "")
    assert second.finish_reason == "stop"


def test_a_call_without_its_result_is_refused(http: httpx.Client) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "user", "content": "y"},
    ]
    body = {"model": OLD, "messages": messages}
    message = refused(http.post("/v1/chat/completions", json=body), 400, "messages.[1].role", None)
    assert "call_1" in message
    messages[2] = {"role": "tool", "tool_call_id": "call_2", "content": "z"}
    message = refused(http.post("/v1/chat/completions", json=body), 400, "messages.[2].tool_call_id", None)
    assert "call_2" in message


def test_a_function_can_be_demanded_or_forbidden(http: httpx.Client) -> None:
    tools = [{"type": "function", "function": WEATHER}]
    named = {"type": "function", "function": {"name": "get_weather"}}
    demanded = answered(http, "Hello", tools=tools, tool_choice=named)["choices"][0]
    assert demanded["message"]["tool_calls"][0]["function"]["name"] == "get_weather"
    assert demanded["finish_reason"] == "stop"
    forbidden = answered(http, "What is the weather in Paris?", tools=tools, tool_choice="none")["choices"][0]
    assert "tool_calls" not in forbidden["message"]
    unknown = {"type": "function", "function": {"name": "get_time"}}
    refused(ask(http, "Hello", tools=tools, tool_choice=unknown), 400, "tool_choice", None)


def test_functions_of_old_are_called_in_their_old_spelling(http: httpx.Client) -> None:
    choice = answered(http, "What is the weather in Paris?", functions=[WEATHER])["choices"][0]
    assert choice["finish_reason"] == "function_call"
    assert choice["message"]["function_call"] == {"name": "get_weather", "arguments": '{"city":"Paris"}'}


def test_a_strict_function_must_close_its_schema(http: httpx.Client) -> None:
    tools = [{"type": "function", "function": {**WEATHER, "strict": True}}]
    param = "tools[0].function.parameters"
    message = refused(ask(http, tools=tools), 400, param, "invalid_function_parameters")
    assert message == (
        "Invalid schema for function 'get_weather': In context=(), 'additionalProperties' is required to be supplied "
        "and to be false."
    )


@pytest.mark.parametrize(
    ("schema", "wrong"),
    [
        ({"type": "object", "properties": 5}, "In context=('properties',), 5 is not of type 'object'."),
        (
            {"properties": {"a": {"minimum": "x"}}},
            "In context=('properties', 'a', 'minimum'), 'x' is not of type 'number'.",
        ),
        ({"properties": {"a": {"items": None}}}, "In context=('properties', 'a', 'items'), None is not of type"),
    ],
)
def test_a_schema_that_is_none_is_refused_by_its_place(http: httpx.Client, schema: dict[str, Any], wrong: str) -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "person", "schema": schema}}
    message = refused(ask(http, response_format=wanted), 400, "response_format", None)
    assert message.startswith(f"Invalid schema for response_format 'person': {wrong}")


# Structured answers -------------------------------------------------------------------------------------------------------


class Person(pydantic.BaseModel):
    name: str
    age: int


def test_the_sdk_parses_a_structured_answer(sdk: openai.OpenAI) -> None:
    completion = sdk.chat.completions.parse(
        model=OLD, messages=[{"role": "user", "content": "Ada is 36 years old."}], response_format=Person
    )
    parsed = completion.choices[0].message.parsed
    assert parsed is not None
    assert parsed.age == 36


def test_a_json_answer_is_json(http: httpx.Client) -> None:
    answer = answered(http, "Answer in JSON.", response_format={"type": "json_object"})
    assert isinstance(json.loads(answer["choices"][0]["message"]["content"]), dict)


def test_log_probabilities_cover_the_answer(http: httpx.Client) -> None:
    choice = answered(http, "Count from 1 to 3.", logprobs=True, top_logprobs=2)["choices"][0]
    entries = choice["logprobs"]["content"]
    assert "".join(entry["token"] for entry in entries) == choice["message"]["content"]
    assert all(len(entry["top_logprobs"]) == 2 and entry["bytes"] for entry in entries)
    assert choice["logprobs"]["refusal"] is None


# Files, pictures, sound ---------------------------------------------------------------------------------------------------


def with_part(part: dict[str, Any], text: str = "What is the code word?") -> list[dict[str, Any]]:
    return [part, {"type": "text", "text": text}]


def kept(http: httpx.Client, name: str, data: bytes) -> str:
    made = http.post("/v1/files", files={"file": (name, data)}, data={"purpose": "user_data"}).raise_for_status()
    return str(made.json()["id"])


def test_a_stored_file_is_read_and_counted(http: httpx.Client) -> None:
    file_id = kept(http, "note.txt", b"The code word is marmalade.")
    part = {"type": "file", "file": {"file_id": file_id}}
    answer = answered(http, with_part(part))
    without = answered(http, "What is the code word?")
    assert "marmalade" in answer["choices"][0]["message"]["content"]
    assert "marmalade" not in without["choices"][0]["message"]["content"]
    assert answer["usage"]["prompt_tokens"] > without["usage"]["prompt_tokens"]
    http.delete(f"/v1/files/{file_id}")
    message = refused(ask(http, with_part(part)), 404, "messages[0].content[0].file.file_id", None)
    assert file_id in message


def test_an_inline_file_is_read(http: httpx.Client) -> None:
    data = "data:text/plain;base64," + base64.b64encode(b"The code word is marmalade.").decode()
    part = {"type": "file", "file": {"filename": "note.txt", "file_data": data}}
    assert "marmalade" in answered(http, with_part(part))["choices"][0]["message"]["content"]


@pytest.mark.parametrize(
    ("file", "status", "param", "code"),
    [
        ({"file_id": "file_011CNha8"}, 400, "file_id", "invalid_value"),
        ({"file_id": "file-unknown"}, 404, "file_id", None),
        ({}, 400, "file_id", "missing_required_parameter"),
        ({"file_data": "data:audio/aac;base64,//FgQBjf"}, 400, "file_data", "invalid_value"),
        ({"file_data": "no data URL"}, 400, "file_data", "invalid_value"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_by_its_place(
    http: httpx.Client, file: dict[str, str], status: int, param: str, code: str | None
) -> None:
    where = f"messages[0].content[0].file.{param}"
    message = refused(ask(http, with_part({"type": "file", "file": file})), status, where, code)
    assert file.get("file_id", "") in message


def test_a_stored_picture_is_no_document(http: httpx.Client) -> None:
    file_id = kept(http, "a.png", base64.b64decode(PNG))
    part = {"type": "file", "file": {"file_id": file_id}}
    refused(ask(http, with_part(part)), 400, "messages[0].content[0].file.file_id", "unsupported_file")


def test_a_picture_costs_tokens_and_is_limited_apart(http: httpx.Client) -> None:
    part = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    response = ask(http, with_part(part))
    assert response.headers["x-ratelimit-limit-input-images"] == "250000"
    low = answered(http, with_part({"type": "image_url", "image_url": {**part["image_url"], "detail": "low"}}))
    assert response.json()["usage"]["prompt_tokens"] > low["usage"]["prompt_tokens"] > 80


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("data:image/png;base64,bm90X2ltYWdlX2RhdGE=", "invalid_image_format"),
        ("https://example.com/test-image.jpg", "invalid_image_url"),
    ],
)
def test_what_is_no_picture_is_refused(http: httpx.Client, url: str, code: str) -> None:
    refused(ask(http, with_part({"type": "image_url", "image_url": {"url": url}})), 400, None, code)


def test_an_answer_can_be_spoken(http: httpx.Client) -> None:
    answer = answered(
        http, model="gpt-audio-1.5", modalities=["text", "audio"], audio={"voice": "ash", "format": "wav"}
    )
    message = answer["choices"][0]["message"]
    assert message["content"] is None
    assert message["audio"]["transcript"] == "yes"
    assert base64.b64decode(message["audio"]["data"])
    assert message["audio"]["expires_at"] == answer["created"] + 3600
    assert answer["usage"]["completion_tokens_details"]["audio_tokens"] > 0
