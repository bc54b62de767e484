"""OpenAI's simulated refusals from before any resource is asked: keys, paths, methods, bodies, scripted failures."""

from __future__ import annotations

from typing import Any

import httpx
import openai
import pytest

from tests.simulator.account import Account


def refused(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"message", "type", "param", "code"}
    assert response.headers["x-request-id"].startswith("req_")
    error: dict[str, Any] = body["error"]
    return error


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("sk-fake-key", "sk-fake-key"),
        ("invalid-key-12345", "invalid-*****2345"),
        ("bad-key-0123456789test", "bad-key-**********test"),
        ("invalid-key-key", "invalid-***-key"),
    ],
)
def test_a_wrong_key_is_shown_masked(tenant: Account, plane: httpx.Client, key: str, shown: str) -> None:
    response = plane.get("/openai/v1/models", headers={"authorization": f"Bearer {key}"})
    error = refused(response, 401)
    assert error["message"] == (
        f"Incorrect API key provided: {shown}. You can find your API key at https://platform.openai.com/account/api-keys."
    )
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", None, "invalid_api_key")
    assert response.headers["www-authenticate"] == 'Bearer realm="OpenAI API"'


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer"}, {"authorization": "Basic abc"}])
def test_no_key_is_another_refusal(plane: httpx.Client, headers: dict[str, str]) -> None:
    error = refused(plane.get("/openai/v1/models", headers=headers), 401)
    assert error["message"].startswith("You didn't provide an API key.")
    assert error["code"] is None


def test_the_sdk_sees_a_wrong_key_as_such(simulator_url: str) -> None:
    client = openai.OpenAI(api_key="sk-wrong", base_url=f"{simulator_url}/v1", max_retries=0)
    with client, pytest.raises(openai.AuthenticationError) as caught:
        client.models.list()
    assert caught.value.code == "invalid_api_key"


def test_unknown_paths_and_methods_are_named(tenant: Account) -> None:
    with tenant.client("OpenAI") as http:
        assert refused(http.get("/v1/foo"), 404)["message"] == "Invalid URL (GET /v1/foo)"
        error = refused(http.put("/v1/files"), 405)
    assert error["message"].startswith("Not allowed to PUT on /v1/files.")
    assert error["code"] == "method_not_supported"


@pytest.mark.parametrize("body", [b'{"model": ', b"[]", b'"x"', b"\xff\xfe", b'{"n": NaN}'])
def test_a_body_that_is_no_json_object_is_refused(tenant: Account, body: bytes) -> None:
    with tenant.client("OpenAI") as http:
        error = refused(http.post("/v1/chat/completions", content=body), 400)
    assert error["message"].startswith("We could not parse the JSON body of your request.")


def test_an_upload_that_is_no_form_is_refused(tenant: Account) -> None:
    with tenant.client("OpenAI") as http:
        error = refused(http.post("/v1/files", json={"purpose": "batch"}), 400)
    assert "multipart/form-data" in error["message"]


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (429, "requests", "rate_limit_exceeded"),
        (500, "server_error", None),
        (503, "server_error", None),
        (400, "invalid_request_error", None),
    ],
)
def test_a_scripted_failure_speaks_the_providers_words(
    tenant: Account, status: int, kind: str, code: str | None
) -> None:
    tenant.script({"operation": "files.list", "do": {"status": status, "retry_after": 20}})
    with tenant.client("OpenAI") as http:
        response = http.get("/v1/files")
        assert http.get("/v1/files").status_code == 200
    error = refused(response, status)
    assert (error["type"], error["code"]) == (kind, code)
    assert (response.headers["retry-after"], response.headers["retry-after-ms"]) == ("20", "20000")


def test_the_sdk_repeats_after_a_rate_limit_as_it_was_told(tenant: Account) -> None:
    tenant.script({"operation": "models.list", "times": 2, "do": {"status": 429, "retry_after": 0.01}})
    with openai.OpenAI(api_key=tenant.keys["OpenAI"], base_url=f"{tenant.url}/v1", max_retries=2) as client:
        assert client.models.list().data
    assert tenant.show()["requests"]["by_operation"] == {"OpenAI models.list": 3}
