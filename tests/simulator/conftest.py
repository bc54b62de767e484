"""One simulator process for the whole session, and tenants in it: every test goes over HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
START = "2026-11-22T10:00:00+00:00"


@dataclass
class Account:
    """A tenant of the running simulator, as the control plane shows it."""

    id: str
    keys: dict[str, str]
    url: str
    plane: httpx.Client

    def show(self) -> dict[str, Any]:
        shown: dict[str, Any] = self.plane.get(f"/_simulator/tenants/{self.id}").raise_for_status().json()
        return shown

    def now(self) -> str:
        return str(self.plane.get(f"/_simulator/tenants/{self.id}/clock").raise_for_status().json()["now"])

    def advance(self, seconds: float) -> None:
        self.plane.post(f"/_simulator/tenants/{self.id}/clock", json={"advance": seconds}).raise_for_status()

    def deviate(self, name: str | None) -> None:
        self.plane.put(f"/_simulator/tenants/{self.id}/deviation", json={"name": name}).raise_for_status()

    def script(self, *faults: dict[str, Any]) -> None:
        self.plane.post(f"/_simulator/tenants/{self.id}/faults", json={"faults": list(faults)}).raise_for_status()

    def inventory(self) -> dict[str, dict[str, list[str]]]:
        held: dict[str, dict[str, list[str]]] = self.show()["inventory"]
        return held

    def fired(self) -> int:
        return int(self.show()["deviation_fired"])

    def headers(self, provider: str) -> dict[str, str]:
        """What authenticates this tenant at a provider, as its SDK sends it (provider-facts 0.2)."""
        key = self.keys[provider]
        if provider == "Gemini":
            return {"x-goog-api-key": key}
        bearer = {"authorization": f"Bearer {key}"}
        return bearer if provider == "OpenAI" else {**bearer, "anthropic-version": "2026-10-21"}

    def client(self, provider: str) -> httpx.Client:
        """An HTTP client that is this tenant at a provider. The caller closes it."""
        return httpx.Client(base_url=self.url, headers=self.headers(provider), timeout=10, trust_env=False)


@pytest.fixture(scope="session")
def simulator_url() -> Iterator[str]:
    """The base URL of a simulator process on a free port."""
    command = [sys.executable, "-m", "support.simulator", "--port", "0", "--parent-pid", str(os.getpid())]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            assert line.startswith("Touchstone simulator listening on "), line
            yield line.split()[-1]
        finally:
            process.terminate()
            process.wait(10)


@pytest.fixture(scope="session")
def plane(simulator_url: str) -> Iterator[httpx.Client]:
    """A client of the control plane."""
    with httpx.Client(base_url=simulator_url, timeout=10, trust_env=False) as client:
        yield client


@pytest.fixture
def open_tenant(plane: httpx.Client, simulator_url: str) -> Iterator[Callable[..., Account]]:
    """Opens tenants: `open_tenant(deviation=..., speed=...)`. Their clocks stand at START unless said otherwise."""
    opened: list[Account] = []

    def opener(**wanted: Any) -> Account:
        made = plane.post("/_simulator/tenants", json={"now": START, **wanted}).raise_for_status().json()
        opened.append(Account(made["id"], made["keys"], simulator_url, plane))
        return opened[-1]

    yield opener
    for account in opened:
        plane.delete(f"/_simulator/tenants/{account.id}")


@pytest.fixture
def tenant(open_tenant: Callable[..., Account]) -> Account:
    """A tenant whose clock stands still at START."""
    return open_tenant()
