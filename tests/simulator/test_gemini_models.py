"""Gemini's simulated models, keys and paths (provider-facts 1.3 and 10; recordings: gemini models list)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from google import genai
from google.genai import types
from google.genai.errors import ClientError

from tests.plain_http import plain_client
from tests.simulator.account import Account

NO_KEY = "Method doesn't allow unregistered callers"


@pytest.fixture
def http(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("Gemini") as client:
        yield client


@pytest.fixture
def bare(tenant: Account) -> Iterator[httpx.Client]:
    """A client without a key."""
    with plain_client(tenant.url) as client:
        yield client


def names(answer: dict[str, Any]) -> list[str]:
    return [model["name"] for model in answer["models"]]


def test_the_sdk_lists_and_reads_models(tenant: Account) -> None:
    options = types.HttpOptions(base_url=tenant.url)
    with genai.Client(api_key=tenant.keys["Gemini"], http_options=options) as sdk:
        listed = {model.name: model for model in sdk.models.list()}
        lite = sdk.models.get(model="gemini-3.5-flash-lite")
        assert lite == listed["models/gemini-3.5-flash-lite"]
        assert (lite.input_token_limit, lite.output_token_limit) == (1_048_576, 65_536)
        assert {"models/gemini-3.8-flash", "models/gemini-embedding-001"} <= set(listed)
        with pytest.raises(ClientError) as caught:
            sdk.models.get(model="gemini-nonexistent")
    assert (caught.value.code, caught.value.status) == (404, "NOT_FOUND")


def test_a_model_is_described_as_live(http: httpx.Client) -> None:
    assert http.get("/v1beta/models/gemini-2.5-flash").json() == {
        "name": "models/gemini-2.5-flash",
        "version": "001",
        "displayName": "Gemini 2.5 Flash",
        "description": "Gemini 2.5 Flash",
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": ["generateContent", "countTokens", "createCachedContent", "batchGenerateContent"],
        "temperature": 1,
        "topP": 0.95,
        "topK": 64,
        "maxTemperature": 2,
        "thinking": True,
    }
    assert "temperature" not in http.get("/v1beta/models/gemini-embedding-001").json()


def test_models_come_in_pages(http: httpx.Client) -> None:
    whole = names(http.get("/v1beta/models", params={"pageSize": 1000}).json())
    first = http.get("/v1beta/models").json()
    assert names(first) == whole[:50]
    second = http.get("/v1beta/models", params={"pageToken": first["nextPageToken"]}).json()
    assert names(second) == whole[50:]
    assert "nextPageToken" not in second


def test_a_retired_model_answers_but_is_not_listed(http: httpx.Client) -> None:
    assert "models/gemini-2.0-flash" not in names(http.get("/v1beta/models", params={"pageSize": 1000}).json())
    assert http.get("/v1beta/models/gemini-2.0-flash").json()["outputTokenLimit"] == 8192


def test_latest_is_a_name_of_v1beta_alone(http: httpx.Client) -> None:
    alias = "gemini-flash-lite-latest"
    asked = {"contents": [{"parts": [{"text": "Answer exactly: yes"}]}]}
    answer = http.post(f"/v1beta/models/{alias}:generateContent", json=asked).raise_for_status().json()
    assert answer["modelVersion"] == "gemini-3.5-flash-lite"
    assert http.post(f"/v1/models/{alias}:generateContent", json=asked).status_code == 404
    for version, is_known in (("v1beta", True), ("v1", False)):
        listed = names(http.get(f"/{version}/models", params={"pageSize": 1000}).json())
        assert (f"models/{alias}" in listed) is is_known
        assert (http.get(f"/{version}/models/{alias}").status_code == 200) is is_known


@pytest.mark.parametrize("version", ["v1", "v1beta"])
def test_an_unknown_model_is_named_with_the_version(http: httpx.Client, version: str) -> None:
    asked = {"contents": [{"parts": [{"text": "Hello"}]}]}
    refused = http.post(f"/{version}/models/nope:generateContent", json=asked)
    assert refused.json() == {
        "error": {
            "code": 404,
            "message": f"models/nope is not found for API version {version}, or is not supported for generateContent. "
            "Call ModelService.ListModels to see the list of available models and their supported methods.",
            "status": "NOT_FOUND",
        }
    }
    counted = http.post(f"/{version}/models/nope:countTokens", json=asked).json()["error"]["message"]
    assert "not supported for countTokens" in counted
    embeds = http.post(f"/{version}/models/gemini-embedding-001:generateContent", json=asked)
    assert embeds.status_code == 404
    assert http.post(f"/{version}/models/gemini-embedding-001:countTokens", json=asked).status_code == 200


def test_a_name_that_is_none_is_a_bad_request(http: httpx.Client) -> None:
    refused = http.post("/v1beta/models/bad%20model:generateContent", json={"contents": [{"parts": [{"text": "a"}]}]})
    assert refused.json() == {
        "error": {
            "code": 400,
            "message": "* GenerateContentRequest.model: unexpected model name format\n",
            "status": "INVALID_ARGUMENT",
        }
    }


def test_a_key_counts_in_the_header_and_in_the_query(tenant: Account, bare: httpx.Client) -> None:
    key = tenant.keys["Gemini"]
    assert bare.get("/v1beta/models", params={"key": key}).status_code == 200
    assert bare.get("/v1beta/models", headers={"x-goog-api-key": key}).status_code == 200
    assert bare.get("/gemini/v1beta/models", headers={"x-goog-api-key": key}).status_code == 200


def test_no_key_is_403_and_a_bad_key_400(bare: httpx.Client) -> None:
    missing = bare.get("/v1beta/files")
    assert (missing.status_code, missing.json()["error"]["status"]) == (403, "PERMISSION_DENIED")
    assert missing.json()["error"]["message"].startswith(NO_KEY)
    message = "API key not valid. Please pass a valid API key."
    assert bare.get("/v1beta/files", headers={"x-goog-api-key": "AIzaWrong"}).json() == {
        "error": {
            "code": 400,
            "message": message,
            "status": "INVALID_ARGUMENT",
            "details": [
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "API_KEY_INVALID",
                    "domain": "googleapis.com",
                    "metadata": {"service": "generativelanguage.googleapis.com"},
                },
                {"@type": "type.googleapis.com/google.rpc.LocalizedMessage", "locale": "en-US", "message": message},
            ],
        }
    }


@pytest.mark.parametrize("sse", [True, False])
def test_a_refused_stream_comes_in_the_form_of_a_stream(bare: httpx.Client, sse: bool) -> None:
    path = "/v1beta/models/gemini-2.5-flash:streamGenerateContent" + ("?alt=sse" if sse else "")
    refused = bare.post(path, json={}, headers={"x-goog-api-key": "AIzaWrong"})
    assert refused.status_code == 400
    assert refused.headers["content-type"] == ("text/event-stream" if sse else "application/json; charset=UTF-8")
    error = refused.json()["error"] if sse else refused.json()[0]["error"]
    assert error["details"][0]["reason"] == "API_KEY_INVALID"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1beta/nothing"), ("PATCH", "/v1beta/files/abc"), ("POST", "/v1beta/models/a:fly")]
)
def test_what_is_not_served_is_not_found_in_googles_envelope(http: httpx.Client, method: str, path: str) -> None:
    refused = http.request(method, path)
    assert (refused.status_code, refused.json()["error"]["status"]) == (404, "NOT_FOUND")
    assert refused.headers["content-type"] == "application/json; charset=UTF-8"


def test_every_answer_tells_its_timing(http: httpx.Client, bare: httpx.Client) -> None:
    for answer in (http.get("/v1beta/files"), bare.get("/v1beta/files"), http.get("/v1beta/nothing")):
        assert answer.headers["server-timing"].startswith("gfet4t7; dur=")


def test_the_quota_tells_the_delay_in_its_details_alone(tenant: Account, http: httpx.Client) -> None:
    tenant.script({"operation": "models.list", "times": 2, "do": {"status": 429, "retry_after": 48}})
    refused = http.get("/v1beta/models")
    assert "retry-after" not in refused.headers
    error = refused.json()["error"]
    assert (error["code"], error["status"]) == (429, "RESOURCE_EXHAUSTED")
    kinds = [detail["@type"].rpartition(".")[2] for detail in error["details"]]
    assert kinds == ["Help", "QuotaFailure", "RetryInfo"]
    assert error["details"][2]["retryDelay"] == "48s"


@pytest.mark.parametrize(
    ("status", "word"), [(500, "INTERNAL"), (503, "UNAVAILABLE"), (504, "DEADLINE_EXCEEDED"), (418, "UNKNOWN")]
)
def test_a_scripted_failure_has_googles_words(tenant: Account, http: httpx.Client, status: int, word: str) -> None:
    tenant.script({"provider": "Gemini", "do": {"status": status}})
    refused = http.get("/v1beta/models").json()["error"]
    assert (refused["code"], refused["status"], "details" in refused) == (status, word, False)
    assert refused["message"]
