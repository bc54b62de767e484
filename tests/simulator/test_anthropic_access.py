"""Who gets in at Anthropic, in which version, and how every refusal looks (provider-facts 1.2)."""

from __future__ import annotations

from typing import Any

import anthropic
import httpx
import pytest

from tests.plain_http import plain_client
from tests.simulator.account import Account

VERSION = {"anthropic-version": "2026-10-21"}


def refusal(response: httpx.Response) -> tuple[int, str, str]:
    body = response.json()
    assert set(body) == {"type", "error", "request_id"}
    assert body["request_id"] == response.headers["request-id"]
    assert body["request_id"].startswith("req_011C")
    return response.status_code, body["error"]["type"], body["error"]["message"]


def test_both_headers_of_authentication_open_the_same_account(tenant: Account) -> None:
    key = tenant.keys["Anthropic"]
    with plain_client(tenant.url, headers=VERSION) as client:
        made = client.post("/v1/files", files={"file": ("a.txt", b"x")}, headers={"x-api-key": key}).json()
        read = client.get(f"/v1/files/{made['id']}", headers={"authorization": f"Bearer {key}"})
    assert read.json() == made


def test_a_wrong_key_and_no_key_are_refused(simulator_url: str) -> None:
    with plain_client(simulator_url, headers=VERSION) as client:
        wrong = client.get("/v1/models", headers={"x-api-key": "sk-ant-wrong"})
        bearer = client.get("/v1/models", headers={"authorization": "Bearer sk-ant-wrong"})
        nothing = client.get("/v1/models")
    assert refusal(wrong) == (401, "authentication_error", "invalid x-api-key")
    assert wrong.headers["x-should-retry"] == "false"
    assert refusal(bearer) == (401, "authentication_error", "Invalid bearer token")
    assert refusal(nothing) == (401, "authentication_error", "x-api-key header is required")
    assert "sk-ant-wrong" not in wrong.text + bearer.text


def test_a_version_must_be_named_and_must_exist(tenant: Account) -> None:
    with tenant.client("Anthropic") as client:
        del client.headers["anthropic-version"]
        missing = client.get("/anthropic/v1/files")
        unknown = client.get("/v1/files", headers={"anthropic-version": "1999-01-01"})
    assert refusal(missing) == (400, "invalid_request_error", "anthropic-version: header is required")
    assert refusal(unknown)[:2] == (400, "invalid_request_error")


def test_paths_methods_and_bodies_that_make_no_sense(tenant: Account) -> None:
    with tenant.client("Anthropic") as client:
        assert refusal(client.post("/v1/embeddings", json={})) == (404, "not_found_error", "Not Found")
        assert refusal(client.put("/v1/messages", json={}))[:2] == (405, "invalid_request_error")
        assert refusal(client.post("/v1/messages", content=b"{no json"))[:2] == (400, "invalid_request_error")
        assert refusal(client.post("/v1/messages", content=b"[1]"))[:2] == (400, "invalid_request_error")


@pytest.mark.parametrize(
    ("status", "kind", "error", "retry"),
    [
        (401, "authentication_error", anthropic.AuthenticationError, "false"),
        (403, "permission_error", anthropic.PermissionDeniedError, "false"),
        (409, "conflict_error", anthropic.ConflictError, None),
        (413, "request_too_large", anthropic.ContentTooLargeError, "false"),
        (429, "rate_limit_error", anthropic.RateLimitError, "true"),
        (500, "api_error", anthropic.InternalServerError, "true"),
        (503, "api_error", anthropic.ServiceUnavailableError, "true"),
        (504, "timeout_error", anthropic.GatewayTimeoutError, "true"),
        (529, "overloaded_error", anthropic.OverloadedError, "true"),
    ],
)
def test_a_scripted_failure_is_the_sdks_own_error(
    tenant: Account, status: int, kind: str, error: Any, retry: str | None
) -> None:
    tenant.script({"provider": "Anthropic", "do": {"status": status, "retry_after": 7}})
    client = anthropic.Anthropic(api_key=tenant.keys["Anthropic"], base_url=tenant.url, max_retries=0)
    with client, pytest.raises(error) as raised:
        client.models.list()
    assert raised.value.type == kind
    assert raised.value.request_id.startswith("req_011C")
    assert raised.value.response.headers["retry-after"] == "7"
    assert raised.value.response.headers.get("x-should-retry") == retry
