"""A tenant of a running simulator: a client for one provider, a clock to move, and calls that are timed in turn."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from support.values import Provider

JSON = {"content-type": "application/json"}
TIMELESS = {f"chat.{name}": 0.0 for name in ("request", "uncached_token", "cached_token", "output_token")}
"""Durations with which the tenant's clock stands still also while it is answered: nothing expires on the way."""


@dataclass(frozen=True, slots=True)
class Account:
    """One tenant at one provider. Requests that are refused raise."""

    http: httpx.Client
    tenant: str

    def send(self, path: str, body: bytes) -> httpx.Response:
        """A body of JSON that is made already."""
        return self.http.post(path, content=body, headers=JSON).raise_for_status()

    def advance(self, seconds: float) -> None:
        self.http.post(f"/_simulator/tenants/{self.tenant}/clock", json={"advance": seconds}).raise_for_status()


@contextmanager
def account(url: str, provider: Provider, durations: dict[str, float] | None = None) -> Iterator[Account]:
    opened = httpx.post(f"{url}/_simulator/tenants", json={"durations": durations or {}}, trust_env=False)
    tenant = opened.raise_for_status().json()
    key = tenant["keys"][provider.value]
    headers = {"x-goog-api-key": key} if provider is Provider.GEMINI else {"authorization": f"Bearer {key}"}
    if provider is Provider.ANTHROPIC:
        headers["anthropic-version"] = "2023-06-01"
    with httpx.Client(base_url=url, headers=headers, timeout=600, trust_env=False) as http:
        yield Account(http, tenant["id"])


def timed(calls: Sequence[Callable[[], object]], rounds: int, pause: float = 0.0) -> list[list[float]]:
    """Seconds of each call in each of so many rounds, in which they are made in turn, each after a pause."""
    times: list[list[float]] = [[] for _ in calls]
    turn = list(zip(calls, times, strict=True))
    for _ in range(rounds):
        for call, kept in turn:
            if pause:
                time.sleep(pause)
            began = time.perf_counter()
            call()
            kept.append(time.perf_counter() - began)
        turn.reverse()  # nobody always comes second
    return times
