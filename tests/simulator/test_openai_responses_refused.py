"""What OpenAI's simulated responses refuse, in the provider's words (provider-facts 1.1, 4.5; recordings: responses create)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.openai_responses import CODE, MODEL, WEATHER, Responses, responses

__all__ = ["responses"]

GOOD: dict[str, Any] = {"model": MODEL, "input": "Hello"}
RESULT = {"type": "function_call_output", "call_id": "c", "output": "x"}
OPEN = {"type": "object", "required": ["a"], "properties": {"a": {}, "b": {}}, "additionalProperties": False}
"""No strict schema: `b` may be left out."""
CASES: list[tuple[dict[str, Any], int, str | None, str | None, str]] = [
    ({"model": "nobody"}, 400, "model", "model_not_found", "The requested model 'nobody' does not exist."),
    ({"model": None}, 400, "model", "missing_required_parameter", "Missing required parameter: 'model'."),
    ({"model": "text-embedding-3-small"}, 400, "model", "model_not_found", "cannot be used"),
    ({"input": None}, 400, None, "missing_required_parameter", 'One of "input" or "previous_response_id"'),
    ({"colour": "red"}, 400, "colour", "unknown_parameter", "Unknown parameter: 'colour'."),
    ({"temperature": -1}, 400, "temperature", "decimal_below_min_value", "decimal below minimum value. Expected a value >= 0"),
    ({"temperature": 2.5}, 400, "temperature", "decimal_above_max_value", "Expected a value <= 2, but got 2.5 instead."),
    ({"max_output_tokens": 15}, 400, "max_output_tokens", "integer_below_min_value", "Expected a value >= 16, but got 15"),
    ({"model": "gpt-5", "temperature": 0.5}, 400, "temperature", None, "Unsupported parameter: 'temperature'"),
    ({"model": "gpt-5", "top_logprobs": 2}, 400, "top_logprobs", "unsupported_parameter", "logprobs are not supported"),
    ({"reasoning": {"effort": "low"}}, 400, "reasoning.effort", "unsupported_parameter", "Unsupported parameter"),
    (
        {"model": "o4-mini", "reasoning": {"effort": "minimal"}}, 400, "reasoning.effort", "unsupported_value",
        "'minimal' is not supported with the 'o4-mini' model. Supported values are: 'low', 'medium', and 'high'.",
    ),
    ({"text": {"verbosity": "low"}}, 400, "text.verbosity", "unsupported_value", "Supported values are: 'medium'."),
    ({"text": {"format": {"type": "json_object"}}}, 400, "input", None, "must contain the word 'json'"),
    ({"text": {"format": {"type": "xml"}}}, 400, "text.format.type", "invalid_value", "'json_object', 'json_schema', and 'text'"),
    (
        {"text": {"format": {"type": "json_schema", "name": "a", "strict": True, "schema": {"type": "object"}}}}, 400,
        "text.format.schema", "invalid_json_schema", "Invalid schema for response_format 'a'",
    ),
    ({"include": ["secrets"]}, 400, "include[0]", "invalid_value", "Invalid value: 'secrets'."),
    ({"stream_options": {"include_obfuscation": False}}, 400, "stream_options", None, "only allowed when 'stream'"),
    ({"metadata": {f"k{n}": "v" for n in range(17)}}, 400, "metadata", "object_above_max_properties", "at most 16"),
    ({"metadata": {"k": "v" * 513}}, 400, "metadata.k", "string_above_max_length", "maximum length 512"),
    ({"previous_response_id": "resp_none"}, 400, "previous_response_id", "previous_response_not_found", "'resp_none' not found."),
    ({"conversation": "conv_none"}, 404, None, None, "Conversation with id 'conv_none' not found."),
    (
        {"conversation": "conv_none", "previous_response_id": "resp_none"}, 400, "previous_response_id",
        "mutually_exclusive_parameters", "Mutually exclusive parameters.",
    ),
    ({"prompt": {"id": "pmpt_none"}}, 404, "prompt.id", None, "Prompt with id 'pmpt_none' not found."),
    ({"tools": [{"type": "hammer"}]}, 400, "tools[0].type", "invalid_value", "Invalid value: 'hammer'."),
    ({"tools": [WEATHER] * 129}, 400, "tools", "array_above_max_length", "maximum length 128"),
    ({"tools": [{"type": "function"}]}, 400, "tools[0].name", "missing_required_parameter", "tools[0].name"),
    (
        {"tools": [WEATHER, {**WEATHER, "parameters": OPEN}]},
        400, "tools[1].parameters", "invalid_function_parameters",
        "Invalid schema for function 'get_weather': In context=(), 'required' is required to be supplied",
    ),
    ({"tools": [{**WEATHER, "parameters": {"type": 7}}]}, 400, "tools[0].parameters", "invalid_function_parameters", "7 is not of type"),
    ({"tools": [{"type": "file_search"}]}, 400, "tools[0].vector_store_ids", "missing_required_parameter", ""),
    (
        {"tools": [{"type": "file_search", "vector_store_ids": ["v"], "max_num_results": 51}]}, 400,
        "tools[0].max_num_results", "integer_above_max_value", "<= 50",
    ),
    (
        {"tools": [{"type": "file_search", "vector_store_ids": ["v"], "filters": {"type": "like", "key": "a", "value": 1}}]},
        400, "tools[0].filters.type", "invalid_value", "Invalid value: 'like'.",
    ),
    ({"tools": [{"type": "code_interpreter"}]}, 400, "tools[0].container", "missing_required_parameter", ""),
    ({"tool_choice": "required"}, 400, "tool_choice", None, "'tools'"),
    ({"tools": [WEATHER], "tool_choice": {"type": "function", "name": "nobody"}}, 400, "tool_choice", None, "'nobody' not found"),
    ({"tools": [WEATHER], "tool_choice": {"type": "code_interpreter"}}, 400, "tool_choice", None, "'code_interpreter' not found"),
    ({"input": [{"role": "wizard", "content": "x"}]}, 400, "input[0].role", "invalid_value", "Invalid value: 'wizard'."),
    ({"input": [{"role": "user"}]}, 400, "input[0].content", "missing_required_parameter", ""),
    ({"input": [{"content": "x"}]}, 400, "input[0].type", "missing_required_parameter", ""),
    (
        {"input": [{"role": "assistant", "content": [{"type": "input_text", "text": "x"}]}]}, 400, "input[0].content[0].type",
        "invalid_value", "Supported values are: 'output_text' and 'refusal'.",
    ),
    ({"input": [{"role": "user", "content": "x", "id": "fc_1"}]}, 400, "input[0].id", "invalid_value", "begins with 'msg'"),
    ({"input": [{"role": "user", "content": "x", "id": "msg_1"}] * 2}, 400, "input", None, "Duplicate item found with id msg_1."),
    ({"input": [RESULT]}, 400, "input", None, "No tool call found for function call output with call_id c."),
    (
        {"input": [{"type": "reasoning", "id": "rs_1", "summary": []}, {"role": "user", "content": "x"}]}, 400, "input", None,
        "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
    ),
    (
        {"input": [{"role": "user", "content": [{"type": "input_file", "file_data": "data:audio/mpeg;base64,SUQz"}]}]}, 400,
        "input[0].content[0].file_data", "invalid_value", "but got unsupported MIME type 'audio/mpeg'.",
    ),
    ({"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "file-none"}]}]}, 404, None, None, "No such File object"),
    ({"background": "yes"}, 400, "background", "invalid_type", "expected a boolean"),
    ({"truncation": "some"}, 400, "truncation", "invalid_value", "'auto' and 'disabled'"),
    ({"tools": [{**CODE, "container": {"type": "auto", "colour": "red"}}]}, 400, "tools[0].container.colour", "unknown_parameter", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "status", "param", "code", "words"), CASES, ids=[str(case[0])[:60] for case in CASES]
)
def test_what_is_wrong_is_told(
    responses: Responses, wrong: dict[str, Any], status: int, param: str | None, code: str | None, words: str
) -> None:
    answered, error = responses.refused({**GOOD, **wrong})
    assert (answered, error["type"], error["code"]) == (status, "invalid_request_error", code)
    assert error["param"] == param or status == 404
    assert words in error["message"]
    assert responses.tenant.inventory() == {}


def test_errors_carry_no_rate_limits(responses: Responses) -> None:
    refused = responses.http.post("/v1/responses", json={"model": "nobody", "input": "x"})
    assert refused.headers["openai-version"] == "2020-10-01"
    assert not any(name.startswith("x-ratelimit") for name in refused.headers)
    unknown = responses.http.get("/v1/responses/resp_none")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, None)


@pytest.mark.parametrize("path", ["/v1/responses/resp_none", "/v1/responses/resp_none/input_items"])
def test_an_unknown_response_is_not_found(responses: Responses, path: str) -> None:
    answer = responses.http.get(path)
    assert (answer.status_code, answer.json()["error"]["message"]) == (404, "Response with id 'resp_none' not found.")


def test_an_unknown_cursor_and_a_wrong_limit_are_refused(responses: Responses) -> None:
    made = responses.create("Hello")
    path = f"/v1/responses/{made['id']}/input_items"
    assert responses.http.get(f"{path}?after=msg_none").status_code == 404
    for query in ("limit=0", "limit=101", "limit=x", "order=up", "include=secrets"):
        assert responses.http.get(f"{path}?{query}").status_code == 400
