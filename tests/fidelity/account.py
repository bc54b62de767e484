"""An account at the simulator that recorded requests are sent to, with the recorder's key where that was a wrong one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.fidelity.recordings import Recorded
from tests.fidelity.requests import Request

VERSION = "2023-06-01"
"""Anthropic's version where the recorders left the header out: all that they kept are of this one."""

NOW = "2026-11-22T10:00:00+00:00"
"""The time on every account's clock: what ends one day, as fine-tuning does, has not ended for what was recorded before."""

BEFORE_SWITCH_OFF = "2026-08-20T10:00:00+00:00"
"""A time at which the Assistants API still answered."""


@dataclass(frozen=True)
class Account:
    """A tenant of its own, empty at first: a list shows what was put there for this request and nothing else."""

    http: httpx.Client
    id: str
    keys: dict[str, str]

    def fail_next(self, provider: str, status: int) -> None:
        """The next request to this provider meets a failure that no request of itself brings about."""
        fault = {"provider": provider, "do": {"status": status}}
        self.http.post(f"/_simulator/tenants/{self.id}/faults", json={"faults": [fault]}).raise_for_status()

    def send(self, provider: str, request: Request, key: str | None = None) -> httpx.Response:
        """The answer to a request, sent with the tenant's key, or with the one given; an empty one is not sent."""
        headers = {**request.headers, **authentication(provider, self.keys[provider] if key is None else key)}
        if provider == "Anthropic" and not re.match(r"\d{4}-", headers.get("anthropic-version", "")):
            headers["anthropic-version"] = VERSION
        target = f"{request.path}?{request.query}" if request.query else request.path
        return self.http.request(request.method, target, headers=headers, content=request.content, files=request.form)


def authentication(provider: str, key: str) -> dict[str, str]:
    """The header that carries a key."""
    if not key:
        return {}
    if provider == "OpenAI":
        return {"authorization": f"Bearer {key}"}
    return {"x-goog-api-key" if provider == "Gemini" else "x-api-key": key}


@contextmanager
def opened(plane: httpx.Client, label: str, now: str = NOW) -> Iterator[Account]:
    """An account for one request; it is closed afterwards."""
    made = plane.post("/_simulator/tenants", json={"label": label, "now": now}).raise_for_status().json()
    try:
        yield Account(plane, made["id"], made["keys"])
    finally:
        plane.delete(f"/_simulator/tenants/{made['id']}").raise_for_status()


def key_of(one: Recorded) -> str | None:
    """The key that was refused, as the refusal echoes it; empty where none was sent; None where it was a good one."""
    said = json.dumps(one.body) if one.refused else ""
    echoed = re.search(r"Incorrect API key provided: (.+?)\. You can find", said)
    if echoed:
        return echoed[1].replace("*", "x")
    if "unregistered callers" in said:
        return ""
    return "not-a-key" if one.status == 401 or "API_KEY_INVALID" in said else None


def json_of(answer: httpx.Response) -> Any:
    """The body of an answer that must be a success."""
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    return answer.json()
