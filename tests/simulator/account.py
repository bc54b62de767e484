"""A tenant of the running simulator, for tests: its control plane and its keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from tests.plain_http import plain_client


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
        return plain_client(self.url, headers=self.headers(provider), timeout=10)
