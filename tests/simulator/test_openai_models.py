"""OpenAI's simulated models and token counting (provider-facts 10; recordings: models, responses input tokens)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from openai.types import Model
from openai.types.responses import InputTokenCountResponse

from tests.simulator.account import Account


@pytest.fixture
def http(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("OpenAI") as client:
        yield client


def test_the_list_has_no_pages_and_tells_shutdowns(http: httpx.Client) -> None:
    body = http.get("/v1/models").json()
    assert set(body) == {"object", "data"}
    models = {item["id"]: item for item in body["data"]}
    assert {"gpt-6-luna", "gpt-6.2-sol", "gpt-5.6-luna", "gpt-4o-mini", "text-embedding-3-small"} <= set(models)
    assert models["gpt-4o-mini"]["shutdown_date"] == "2027-01-14"
    assert models["gpt-6-luna"]["shutdown_date"] is None
    for item in body["data"]:
        Model.model_validate(item, strict=True)
        assert set(item) == {"id", "object", "created", "owned_by", "shutdown_date"}


def test_retired_models_are_answered_but_not_listed(http: httpx.Client) -> None:
    listed = {item["id"] for item in http.get("/v1/models").json()["data"]}
    assert "gpt-4-0314" not in listed
    assert http.get("/v1/models/gpt-4-0314").json()["id"] == "gpt-4-0314"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_unknown_model_is_named(http: httpx.Client, method: str) -> None:
    response = http.request(method, "/v1/models/fake_id")
    assert response.status_code == 404
    assert response.json()["error"] == {
        "message": "The model 'fake_id' does not exist",
        "type": "invalid_request_error",
        "param": "model",
        "code": "model_not_found",
    }


def test_nobody_deletes_a_base_model(tenant: Account) -> None:
    with openai.OpenAI(api_key=tenant.keys["OpenAI"], base_url=f"{tenant.url}/v1", max_retries=0) as client:
        with pytest.raises(openai.PermissionDeniedError):
            client.models.delete("gpt-4o-mini")
        assert client.models.retrieve("gpt-4o-mini").owned_by == "system"


# Counting ---------------------------------------------------------------------------------------------------------------


def counted(http: httpx.Client, **body: Any) -> int:
    answer = http.post("/v1/responses/input_tokens", json={"model": "gpt-6-luna", **body}).raise_for_status().json()
    InputTokenCountResponse.model_validate(answer, strict=True)
    assert answer["object"] == "response.input_tokens"
    return int(answer["input_tokens"])


def billed(http: httpx.Client, **body: Any) -> int:
    asked = {"model": "gpt-6-luna", "reasoning_effort": "none", **body}
    return int(http.post("/v1/chat/completions", json=asked).raise_for_status().json()["usage"]["prompt_tokens"])


def test_the_sdk_counts(tenant: Account) -> None:
    with openai.OpenAI(api_key=tenant.keys["OpenAI"], base_url=f"{tenant.url}/v1", max_retries=0) as client:
        assert client.responses.input_tokens.count(model="gpt-6-luna", input="Tell me a joke.").input_tokens > 5


def test_the_count_is_what_chat_bills(http: httpx.Client) -> None:
    form = {"file": ("handbook.txt", b"The archive room opens at ten. " * 40)}
    file_id = http.post("/v1/files", files=form, data={"purpose": "user_data"}).json()["id"]
    talk = [
        {"role": "user", "content": "Good morning."},
        {"role": "assistant", "content": "Good morning!"},
    ]
    asked = "When does the archive room open?"
    count = counted(
        http,
        instructions="Be brief.",
        input=[
            *talk,
            {
                "role": "user",
                "content": [{"type": "input_file", "file_id": file_id}, {"type": "input_text", "text": asked}],
            },
        ],
    )
    bill = billed(
        http,
        messages=[
            {"role": "system", "content": "Be brief."},
            *talk,
            {
                "role": "user",
                "content": [{"type": "file", "file": {"file_id": file_id}}, {"type": "text", "text": asked}],
            },
        ],
    )
    without = counted(http, instructions="Be brief.", input=[*talk, {"role": "user", "content": asked}])
    assert count == bill
    assert count > without + 200


def test_functions_and_schemas_count_too(http: httpx.Client) -> None:
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}}
    function = {"name": "get_weather", "description": "The weather of a city", "parameters": parameters}
    plain = counted(http, input="What is the weather in Paris?")
    with_tool = counted(http, input="What is the weather in Paris?", tools=[{"type": "function", **function}])
    assert with_tool > plain
    assert with_tool == billed(
        http,
        messages=[{"role": "user", "content": "What is the weather in Paris?"}],
        tools=[{"type": "function", "function": function}],
    )
    wanted = {"format": {"type": "json_schema", "name": "x", "schema": parameters}}
    assert counted(http, input="What is the weather in Paris?", text=wanted) > plain


@pytest.mark.parametrize(
    ("body", "status", "param", "code"),
    [
        ({"model": "nope"}, 400, "model", "model_not_found"),
        ({"input": 5}, 400, "input", "invalid_type"),
        ({"input": [{"role": "user"}]}, 400, "input[0].content", "missing_required_parameter"),
        ({"input": [{"content": "x"}]}, 400, "input[0].type", "missing_required_parameter"),
        ({"input": "x", "stream": True}, 400, "stream", "unknown_parameter"),
        ({"input": "x", "previous_response_id": "resp_1"}, 400, "previous_response_id", "previous_response_not_found"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "x"}]}]},
            400,
            "input[0].content[0].file_id",
            "invalid_value",
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "file-x"}]}]},
            404,
            "input[0].content[0].file_id",
            None,
        ),
    ],
)
def test_what_cannot_be_counted_is_refused(
    http: httpx.Client, body: dict[str, Any], status: int, param: str, code: str | None
) -> None:
    response = http.post("/v1/responses/input_tokens", json={"model": "gpt-6-luna", **body})
    error = response.json()["error"]
    assert (response.status_code, error["param"], error["code"]) == (status, param, code)
