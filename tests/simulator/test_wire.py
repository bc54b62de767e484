"""The HTTP under the answers: kept and closed connections, requests sent ahead, large answers, slow readers, streams."""

from __future__ import annotations

import json
import socket
import time

import httpx
import pytest

from tests.simulator.account import Account
from tests.simulator.provider_files import FilesOf


def _connect(tenant: Account) -> socket.socket:
    host, _, port = tenant.url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=5)


def _request(tenant: Account, line: str, *headers: str) -> bytes:
    key = f"authorization: Bearer {tenant.keys['OpenAI']}"
    return "\r\n".join([line, "host: localhost", key, *headers, "", ""]).encode()


def _chat(tenant: Account, question: str) -> bytes:
    body = json.dumps({"model": "gpt-6-luna", "messages": [{"role": "user", "content": question}]})
    return _request(tenant, "POST /v1/chat/completions HTTP/1.1", f"content-length: {len(body)}") + body.encode()


def _read_until(connection: socket.socket, times: int, mark: bytes) -> bytes:
    received = b""
    while received.count(mark) < times:
        received += connection.recv(65536)
    return received


def test_requests_that_are_sent_ahead_are_answered_in_order(tenant: Account) -> None:
    with _connect(tenant) as connection:
        connection.sendall(b"".join(_chat(tenant, f"Reply with exactly: word{number}") for number in range(5)))
        received = _read_until(connection, 5, b'"word').decode()
    assert [received.index(f'"word{number}"') for number in range(5)] == sorted(
        received.index(f'"word{number}"') for number in range(5)
    )
    assert received.count("HTTP/1.1 200 OK\r\n") == 5


def test_a_connection_is_closed_when_the_client_wants_it(tenant: Account) -> None:
    for request in (
        _request(tenant, "GET /v1/files HTTP/1.1", "connection: close"),
        _request(tenant, "GET /v1/files HTTP/1.0"),
    ):
        with _connect(tenant) as connection:
            connection.sendall(request)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
        assert b"\r\nconnection: close\r\n" in received
        assert received.endswith(b"}")


def test_every_answer_has_its_date_and_length(tenant: Account) -> None:
    with tenant.client("OpenAI") as client:
        for answer in (client.get("/v1/files"), client.get("/v1/nothing"), client.get("/v1/models")):
            assert answer.headers["date"].endswith(" GMT")
            assert answer.headers["content-length"] == str(len(answer.content))
        assert len(client.get("/v1/models").content) > 1000


def test_a_large_file_comes_back_whole_to_a_slow_reader(tenant: Account) -> None:
    data = bytes(range(256)) * 40_000  # ten megabytes, more than any buffer on the way
    with tenant.client("OpenAI") as client:
        stored = FilesOf("OpenAI", client).store("big.jsonl", data, purpose="batch")
        with client.stream("GET", f"/v1/files/{stored.id}/content") as answer:
            time.sleep(0.2)
            assert answer.read() == data


def test_each_event_of_a_stream_is_a_chunk_of_its_own(tenant: Account) -> None:
    body = {"model": "gpt-6-luna", "messages": [{"role": "user", "content": "Count from 1 to 5"}], "stream": True}
    payload = json.dumps(body).encode()
    head = _request(tenant, "POST /v1/chat/completions HTTP/1.1", f"content-length: {len(payload)}")
    with _connect(tenant) as connection:
        connection.sendall(head + payload)
        received = _read_until(connection, 1, b"\r\n0\r\n\r\n")
    framed = received.partition(b"\r\n\r\n")[2]
    events = 0
    while not framed.startswith(b"0\r\n"):
        size, _, framed = framed.partition(b"\r\n")
        chunk, framed = framed[: int(size, 16)], framed[int(size, 16) + 2 :]
        assert chunk.startswith(b"data: ")
        assert chunk.endswith(b"\n\n")
        events += 1
    assert events > 5


def test_a_client_that_leaves_does_no_harm(tenant: Account) -> None:
    with _connect(tenant) as connection:
        connection.sendall(_request(tenant, "POST /v1/chat/completions HTTP/1.1", "content-length: 1000") + b'{"half')
    with tenant.client("OpenAI") as client:
        assert client.get("/v1/files").is_success
    deadline = time.monotonic() + 3
    while tenant.show()["requests"]["in_flight"] and time.monotonic() < deadline:
        time.sleep(0.02)
    assert tenant.show()["requests"]["in_flight"] == 0


@pytest.mark.parametrize(
    "question",
    [
        "write say repeat " * 20_000,
        "'a' \"b\" `c` " * 20_000,
        "how many words in 'x " * 15_000,
        "my my my is is is " * 15_000 + "what is my name?",
        "do you know my " * 15_000,
        "answer exactly " * 20_000,
        "Reply with exactly , and nothing else",
        "(((((" * 30_000,
        "1 + 1 + " * 30_000,
        "9" * 10_000 + " + " + "9" * 10_000,
        "a." * 100_000 + "?",
    ],
)
def test_no_question_takes_long(tenant: Account, question: str) -> None:
    with tenant.client("OpenAI") as client:
        started = time.monotonic()
        body = {"model": "gpt-6-luna", "messages": [{"role": "user", "content": question}]}
        answer = client.post("/v1/chat/completions", json=body)
        assert answer.status_code in (200, 400)  # some are longer than the model's window
        assert time.monotonic() - started < 3


def test_mounts_tell_the_provider(tenant: Account) -> None:
    for provider, path in (("OpenAI", "/openai/v1/files"), ("Gemini", "/gemini/v1beta/files")):
        answer = httpx.get(f"{tenant.url}{path}", headers=tenant.headers(provider), trust_env=False)
        assert answer.is_success
    # a key in x-api-key alone, without a version: the mount says whose it is
    odd = httpx.get(
        f"{tenant.url}/anthropic/v1/files", headers={"x-api-key": tenant.keys["Anthropic"]}, trust_env=False
    )
    assert odd.json()["type"] == "error"
    assert "anthropic-version" in odd.json()["error"]["message"]


def test_uploads_at_a_mount_go_on_at_that_mount(tenant: Account) -> None:
    headers = {**tenant.headers("Gemini"), "x-goog-upload-protocol": "resumable", "x-goog-upload-command": "start"}
    begun = httpx.post(f"{tenant.url}/gemini/upload/v1/files", headers=headers, json={"file": {}}, trust_env=False)
    assert begun.headers["x-goog-upload-url"].startswith(f"{tenant.url}/gemini/upload/v1/files")
