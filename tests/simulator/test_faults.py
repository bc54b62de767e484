"""Scripted failures strike the requests they name, before or after the effect; bad requests get the provider's refusal."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.simulator.account import Account
from tests.simulator.provider_files import PROVIDERS, FilesOf

every_provider = pytest.mark.parametrize("provider", PROVIDERS)
CHAT = {
    "OpenAI": "/v1/chat/completions",
    "Anthropic": "/v1/messages",
    "Gemini": "/v1/models/gemini-2.5-flash:generateContent",
}


@pytest.fixture
def files(tenant: Account, provider: str) -> Iterator[FilesOf]:
    with tenant.client(provider) as client:
        yield FilesOf(provider, client)


def error_of(provider: str, answer: httpx.Response) -> dict[str, Any]:
    """The error in the provider's own envelope (provider-facts 1.1, 1.2, 1.3)."""
    body = answer.json()
    error: dict[str, Any] = body["error"]
    if provider == "OpenAI":
        assert set(body) == {"error"}
        assert set(error) == {"message", "type", "param", "code"}
    elif provider == "Anthropic":
        assert body["type"] == "error"
        assert body["request_id"] == answer.headers["request-id"]
        assert {"type", "message"} <= set(error)
    else:
        assert error["code"] == answer.status_code
        assert {"code", "message", "status"} <= set(error)
    return error


@every_provider
def test_a_status_strikes_once_and_without_effect(tenant: Account, files: FilesOf, provider: str) -> None:
    tenant.script({"operation": "files.upload", "do": {"status": 500, "message": "A bad day."}})
    refused = files.send("a.txt", b"1")
    assert refused.status_code == 500
    assert error_of(provider, refused)["message"] == "A bad day."
    assert tenant.inventory() == {}
    assert files.send("a.txt", b"1").is_success


@every_provider
def test_after_means_that_the_effect_is_kept(tenant: Account, files: FilesOf, provider: str) -> None:
    tenant.script({"operation": "files.upload", "when": "after", "do": {"status": 503}})
    assert files.send("a.txt", b"1").status_code == 503
    assert len(tenant.inventory()[provider]["files"]) == 1


@every_provider
def test_a_cut_connection_gives_no_answer(tenant: Account, files: FilesOf, provider: str) -> None:
    tenant.script(
        {"operation": "files.upload", "do": {"cut": True}},
        {"operation": "files.upload", "when": "after", "do": {"cut": True}},
    )
    with pytest.raises(httpx.RemoteProtocolError):
        files.send("a.txt", b"1")
    assert tenant.inventory() == {}
    with pytest.raises(httpx.RemoteProtocolError):
        files.send("a.txt", b"1")
    assert len(tenant.inventory()[provider]["files"]) == 1


@every_provider
def test_a_rate_limit_says_how_long_to_wait(tenant: Account, files: FilesOf, provider: str) -> None:
    tenant.script({"do": {"status": 429, "retry_after": 7}})
    refused = files.http.get("/v1/files")
    assert refused.status_code == 429
    error = error_of(provider, refused)
    if provider == "Gemini":  # the wait is in the body alone
        assert [one["retryDelay"] for one in error["details"] if "retryDelay" in one] == ["7s"]
    else:
        assert refused.headers["retry-after"] == "7"


def test_the_script_is_consumed_in_order(tenant: Account) -> None:
    tenant.script(
        {"operation": "files.list", "skip": 1, "times": 2, "do": {"status": 429}},
        {"operation": "files.list", "do": {"status": 500}},
        {"operation": "models.list", "do": {"status": 503}},
    )
    with tenant.client("OpenAI") as client:
        assert tenant.show()["faults_left"] == 4
        statuses = [client.get("/v1/files").status_code for _ in range(5)]
        # the second fault sees only what the first lets through
        assert statuses == [500, 429, 429, 200, 200]
        assert client.get("/v1/models").status_code == 503
    assert tenant.show()["faults_left"] == 0


def test_a_fault_for_one_provider_spares_the_others(tenant: Account) -> None:
    tenant.script({"provider": "Anthropic", "operation": "files.list", "do": {"status": 529}})
    with tenant.client("OpenAI") as spared, tenant.client("Anthropic") as struck:
        assert spared.get("/v1/files").status_code == 200
        assert struck.get("/v1/files").status_code == 529


def test_a_script_can_be_dropped(tenant: Account) -> None:
    tenant.script({"times": 5, "do": {"status": 500}})
    assert tenant.plane.delete(f"/_simulator/tenants/{tenant.id}/faults").json() == {"faults_left": 0}
    with tenant.client("OpenAI") as client:
        assert client.get("/v1/files").is_success


def test_a_delay_is_waited_for_and_then_answered(tenant: Account) -> None:
    tenant.script({"do": {"delay_ms": 150}}, {"do": {"status": 500}})
    with tenant.client("OpenAI") as client:
        started = time.monotonic()
        assert client.get("/v1/files").status_code == 500  # a wait does not end the search for what answers
        assert time.monotonic() - started >= 0.15


def test_an_outcome_lets_the_request_pass_once(tenant: Account) -> None:
    """What has been begun ends as failed; what comes after it does not."""
    tenant.script({"operation": "responses.create", "skip": 1, "do": {"outcome": "server_error"}})
    body = {"model": "gpt-4.1-mini", "input": "Hello"}
    with tenant.client("OpenAI") as client:
        made = [client.post("/v1/responses", json=body).raise_for_status().json() for _ in range(3)]
    assert [one["status"] for one in made] == ["completed", "failed", "completed"]
    assert [one["error"] and one["error"]["code"] for one in made] == [None, "server_error", None]
    bad = {"faults": [{"do": {"outcome": ""}}]}
    assert tenant.plane.post(f"/_simulator/tenants/{tenant.id}/faults", json=bad).status_code == 422


def test_garbage_and_bodies_of_ones_own(tenant: Account) -> None:
    tenant.script({"do": {"garbage": True}}, {"do": {"body": {"odd": 1}, "status": 418}})
    with tenant.client("OpenAI") as client:
        garbled = client.get("/v1/files")
        assert garbled.status_code == 200
        with pytest.raises(ValueError, match="Unterminated"):
            garbled.json()
        said = client.get("/v1/files")
        assert (said.status_code, said.json()) == (418, {"odd": 1})


@every_provider
def test_hold_lets_go_when_all_are_there(tenant: Account, files: FilesOf) -> None:
    tenant.script({"operation": "files.upload", "do": {"hold_until": 5, "at_most_ms": 5000}})
    started = time.monotonic()
    with ThreadPoolExecutor(5) as pool:
        stored = list(pool.map(lambda number: files.store(f"{number}.txt", b"x" * (100 + number)), range(1, 6)))
    assert time.monotonic() - started < 4
    assert len({one.id for one in stored}) == 5
    assert [one.size for one in stored] == [101, 102, 103, 104, 105]
    assert tenant.show()["requests"]["peak_by_operation"][f"{files.provider} files.upload"] == 5
    assert tenant.show()["faults_left"] == 0


@every_provider
def test_hold_lets_go_when_the_time_has_passed(tenant: Account, files: FilesOf) -> None:
    tenant.script({"operation": "files.upload", "do": {"hold_until": 5, "at_most_ms": 120}})
    started = time.monotonic()
    files.store("a.txt", b"1")
    assert time.monotonic() - started >= 0.12
    took = []
    for _ in range(3):
        started = time.monotonic()
        files.store("b.txt", b"2")
        took.append(time.monotonic() - started)
    assert min(took) < 0.12
    assert tenant.show()["requests"]["peak_by_operation"][f"{files.provider} files.upload"] == 1


def test_one_of_those_held_can_be_refused(tenant: Account) -> None:
    tenant.script(
        {"operation": "files.upload", "do": {"hold_until": 3, "at_most_ms": 3000}},
        {"operation": "files.upload", "skip": 1, "do": {"status": 400}},
    )
    with tenant.client("OpenAI") as client, ThreadPoolExecutor(3) as pool:
        files = FilesOf("OpenAI", client)
        statuses = list(pool.map(lambda number: files.send(f"{number}.txt", b"1").status_code, range(3)))
    assert sorted(statuses) == [200, 200, 400]


@every_provider
@pytest.mark.parametrize(
    ("body", "case"),
    [
        (b"{", "broken"),
        (b'{"a": 1} trailing', "trailing"),
        (b'{"a": "\xff\xfe"}', "not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "UTF-16"),
        (b"[1, 2]", "an array"),
        (b'"text"', "a string"),
        (b"null", "null"),
        (b"[" * 100_000, "nested"),
        (b'{"a": NaN}', "NaN"),
        (b"\x00\x01\x02", "binary"),
    ],
)
def test_bodies_that_are_no_json_object(tenant: Account, provider: str, body: bytes, case: str) -> None:
    with tenant.client(provider) as client:
        refused = client.post(CHAT[provider], content=body, headers={"content-type": "application/json"})
        assert refused.status_code == 400, case
        assert error_of(provider, refused)["message"]
        assert client.get("/v1/files").is_success


@pytest.mark.parametrize("provider", ["OpenAI", "Anthropic"])
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"file": "x"}'),
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"no boundary in here"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nab',
        ),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nno name\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nbad header\r\n\r\n--x--\r\n"),
        ("", b"anything"),
    ],
)
def test_forms_that_are_no_forms(tenant: Account, provider: str, content_type: str, body: bytes) -> None:
    with tenant.client(provider) as client:
        refused = client.post("/v1/files", content=body, headers={"content-type": content_type})
        assert refused.status_code == 400
        assert error_of(provider, refused)["message"]
    assert tenant.inventory() == {}


@every_provider
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_unknown_paths(tenant: Account, provider: str, method: str) -> None:
    with tenant.client(provider) as client:
        refused = client.request(method, "/v1/no/such/thing")
        assert refused.status_code == 404
        assert error_of(provider, refused)["message"]


@every_provider
@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS"])
def test_methods_that_a_path_does_not_take(tenant: Account, provider: str, method: str) -> None:
    with tenant.client(provider) as client:
        refused = client.request(method, "/v1/files")
        assert 400 <= refused.status_code < 500
        assert error_of(provider, refused)["message"]
        head = client.head("/v1/files")
        assert (400 <= head.status_code < 500, head.content) == (True, b"")


@every_provider
def test_bodies_over_the_limit_are_refused_and_the_connection_lives(tenant: Account, provider: str) -> None:
    with tenant.client(provider) as client:
        refused = client.post(CHAT[provider], content=b" " * (33 * 1024 * 1024))
        assert refused.status_code == (400 if provider == "Gemini" else 413)
        assert error_of(provider, refused)["message"]
        assert client.get("/v1/files").is_success
        chunks = (b" " * (1024 * 1024) for _ in range(33))
        assert client.post(CHAT[provider], content=chunks).status_code == refused.status_code
        assert client.get("/v1/files").is_success


def test_a_head_that_begins_behind_a_large_body_is_waited_for(tenant: Account, simulator_url: str) -> None:
    """The bytes of the body before it, read in one go with the beginning of the head, are not counted as head."""
    host, _, port = simulator_url.removeprefix("http://").partition(":")
    key = tenant.keys["OpenAI"]
    first = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: 20000000\r\n\r\n"
    second = f"GET /v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(first.encode() + b" " * 20_000_000 + second[:20].encode())
        time.sleep(0.1)
        connection.sendall(second[20:].encode())
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    assert re.findall(rb"HTTP/1.1 (\d+)", received) == [b"400", b"200"]


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"garbage\r\n\r\n",
        b"FETCH /v1/files HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/files HTTP/1.1\r\nHost: x\r\nBad\x01Name: y\r\n\r\n",
        b"GET /v1/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"GET /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /v1/files HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_what_is_not_http_is_answered_all_the_same(simulator_url: str, request_bytes: bytes) -> None:
    host, _, port = simulator_url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(request_bytes)
        received = b""
        while b"\r\n\r\n" not in received or not received.endswith(b"}"):
            chunk = connection.recv(65536)
            if not chunk:
                break
            received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.split()[1].startswith(b"4")
    assert body.startswith(b'{"error":{"message":')


@every_provider
def test_absurd_headers_do_no_harm(tenant: Account, provider: str) -> None:
    headers = {f"x-odd-{number}": "ü" * 500 for number in range(100)}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    with tenant.client(provider) as client:
        assert client.get("/v1/files", headers=[*raw, (b"content-type", b"\xff\xfe; boundary=\x80")]).is_success
        assert client.get("/v1/files?limit=%ff%00&=&&x=%zz").status_code in (200, 400)


def test_an_unexpected_error_is_the_providers_500_and_logged_once_without_keys() -> None:
    """A provider package with a handler that breaks, in a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-c", _BREAKING], cwd=Path(__file__).resolve().parents[2],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        answer = httpx.get(f"{url}/v1/break", headers={"authorization": "Bearer sim-very-secret"}, trust_env=False)
        process.terminate()
        _, logged = process.communicate(timeout=10)
    assert answer.status_code == 500
    assert error_of("OpenAI", answer)["type"] == "server_error"
    assert "secret" not in answer.text + logged
    assert logged.count("ZeroDivisionError") == 1
    assert "unexpected error in OpenAI files.break" in logged


_BREAKING = """
from dataclasses import replace
import support.simulator.openai as openai
from support.simulator.server import serve
from support.simulator.wire import Route

def handler(state, call):
    raise ZeroDivisionError("while " + call.headers["authorization"] + " asked")

openai.API = replace(openai.API, routes=[*openai.API.routes, Route("GET", "/v1/break", "files.break", handler)])
serve("127.0.0.1", 0, 0, None)
"""
