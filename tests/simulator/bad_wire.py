"""A simulator process that is watched (what it says on stderr), and a raw socket to it that reads answers strictly."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.plain_http import plain_client
from tests.simulator.account import Account

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 10.0  # seconds for one answer
_STATUS_LINE = re.compile(rb"HTTP/1\.1 (\d{3}) [ -~]+")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9a-z-]+): ([ -~\x80-\xff]*)")


@dataclass(frozen=True)
class Answer:
    """One HTTP answer. `body` is what was sent after the head."""

    status: int
    headers: dict[str, str]
    body: bytes


class Peer:
    """One connection after another to the same server; an answer that is not exact HTTP is an AssertionError."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        self._address = (host, int(port))
        self._socket: socket.socket | None = None
        self._buffer = b""

    def send(self, *pieces: bytes) -> None:
        """Each piece goes out by itself, on the connection that is open, else on a new one."""
        if self._socket is None:
            self._socket = socket.create_connection(self._address, timeout=PATIENCE)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            self._socket.sendall(piece)

    def end(self) -> None:
        """Say that no more will come; answers can still be read."""
        assert self._socket is not None
        self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket, self._buffer = None, b""

    def answer(self, *, has_body: bool = True) -> Answer:
        """The next answer, whole. `has_body` is False for an answer to HEAD."""
        head = b"HTTP/1.1 100 Continue"
        while head == b"HTTP/1.1 100 Continue":
            while b"\r\n\r\n" not in self._buffer:
                assert self._more(), f"the connection was dropped, after {self._buffer[:200]!r}"
            head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        status = _STATUS_LINE.fullmatch(first)
        assert status, first
        headers: dict[str, str] = {}
        for line in lines:
            header = _HEADER.fullmatch(line)
            assert header, line
            name = header[1].decode()
            assert name not in headers, f"{name} twice"
            headers[name] = header[2].decode("latin-1")
        length = int(headers["content-length"]) if has_body else 0
        while len(self._buffer) < length:
            assert self._more(), f"the answer ends after {len(self._buffer)} of {length} bytes"
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return Answer(int(status[1]), headers, body)

    def ask(self, data: bytes) -> Answer:
        """Send one request in one piece; its answer, after which nothing follows."""
        self.send(data)
        answer = self.answer()
        self.expect_silence()
        return answer

    def expect_silence(self) -> None:
        assert self._buffer == b"", f"more than one answer: {self._buffer[:200]!r}"

    def expect_end(self) -> None:
        """The server closes its side, having said no more; then so does this one."""
        while self._more():
            pass
        self.expect_silence()
        self.close()

    def _more(self) -> bool:
        assert self._socket is not None
        received = self._socket.recv(65536)
        self._buffer += received
        return bool(received)


@contextmanager
def watched_simulator(folder: Path) -> Iterator[Callable[[], Account]]:
    """Opens tenants in a process of its own. At the end nothing may be in flight or have been said on stderr."""
    said = folder / "stderr.txt"
    command = [sys.executable, "-m", "support.simulator", "--port", "0", "--parent-pid", str(os.getpid())]
    accounts: list[Account] = []
    with (
        said.open("wb") as stderr,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr) as server,
    ):
        assert server.stdout is not None
        url = server.stdout.readline().decode().split()[-1]
        with plain_client(url, timeout=10) as plane:

            def open_tenant() -> Account:
                made = plane.post("/_simulator/tenants", json={"now": "2026-11-22T10:00:00Z"}).raise_for_status().json()
                accounts.append(Account(made["id"], made["keys"], url, plane))
                return accounts[-1]

            try:
                yield open_tenant
                for account in accounts:
                    assert in_flight(account) == 0
                assert plane.get("/_simulator/health").json()["ok"] is True
            finally:
                server.terminate()
                server.wait(10)
    assert said.read_text() == ""


def in_flight(account: Account) -> int:
    """How many requests of the tenant have no answer yet, once those whose client is gone have had time to end."""
    deadline = time.monotonic() + 3
    while (left := account.show()["requests"]["in_flight"]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return int(left)


def fault_in_envelope(provider: str, status: int, body: bytes) -> str | None:
    """What is wrong with a refusal as the provider's own (provider-facts 1.1 to 1.3), or None."""
    try:
        said = json.loads(body)
    except ValueError:
        return "no JSON"
    if provider == "Gemini" and isinstance(said, list) and len(said) == 1:
        said = said[0]  # a stream's error comes in an array
    error: Any = said.get("error") if isinstance(said, dict) else None
    if not isinstance(error, dict) or not isinstance(error.get("message"), str) or not error["message"]:
        return "no error with a message"
    if provider == "OpenAI":
        whole = error.keys() == {"message", "type", "param", "code"} and isinstance(error["type"], str)
    elif provider == "Anthropic":
        names = said.keys() == {"type", "error", "request_id"} and error.keys() <= {"type", "message", "details"}
        whole = names and said["type"] == "error" and isinstance(error.get("type"), str)
    else:
        names = said.keys() == {"error"} and {"code", "message", "status"} <= error.keys()
        whole = names and error["code"] == status and isinstance(error["status"], str)
    return None if whole else f"not {provider}'s envelope"
