"""What the tests of OpenAI's vector stores share: files, stores, attaching and asking."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import openai
import pytest

from tests.simulator.account import Account

DAY = 86_400
INDEXING, NEXT = 5.0, 0.5
"""What the simulator takes for a document, and from one to the next, in seconds."""

TOPICS = {
    "leave.txt": "Employees receive 25 days of paid annual leave. Unused leave expires in March.",
    "volcano.txt": "A volcano erupts when magma rises through the crust. Lava cools into basalt.",
    "bread.txt": "Knead the dough of flour, water and yeast. Bake the bread for forty minutes.",
}


@dataclass
class Stores:
    """An account's vector stores over HTTP."""

    tenant: Account
    http: httpx.Client

    def upload(self, name: str, data: bytes | str) -> str:
        content = data.encode() if isinstance(data, str) else data
        made = self.http.post("/v1/files", files={"file": (name, content)}, data={"purpose": "assistants"})
        return str(made.raise_for_status().json()["id"])

    def create(self, **body: Any) -> dict[str, Any]:
        return dict(self.http.post("/v1/vector_stores", json=body).raise_for_status().json())

    def get(self, store_id: str) -> dict[str, Any]:
        return dict(self.http.get(f"/v1/vector_stores/{store_id}").raise_for_status().json())

    def attach(self, store_id: str, file_id: str, **body: Any) -> dict[str, Any]:
        made = self.http.post(f"/v1/vector_stores/{store_id}/files", json={"file_id": file_id, **body})
        return dict(made.raise_for_status().json())

    def file(self, store_id: str, file_id: str) -> dict[str, Any]:
        return dict(self.http.get(f"/v1/vector_stores/{store_id}/files/{file_id}").raise_for_status().json())

    def listed(self, store_id: str, **query: Any) -> list[str]:
        page = self.http.get(f"/v1/vector_stores/{store_id}/files", params=query).raise_for_status().json()
        return [item["id"] for item in page["data"]]

    def search(self, store_id: str, query: Any, **body: Any) -> list[dict[str, Any]]:
        asked = self.http.post(f"/v1/vector_stores/{store_id}/search", json={"query": query, **body})
        return list(asked.raise_for_status().json()["data"])

    def filled(self, attributes: dict[str, dict[str, Any]] | None = None) -> tuple[str, dict[str, str]]:
        """A store with the three topics, all completed; its id, and the files' by name."""
        store = self.create(name="topics")["id"]
        files = {name: self.upload(name, text) for name, text in TOPICS.items()}
        for name, file_id in files.items():
            self.attach(store, file_id, attributes=(attributes or {}).get(name, {}))
        self.tenant.advance(INDEXING + 2 * NEXT)
        return store, files


def error(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    refused: dict[str, Any] = response.json()["error"]
    assert set(refused) == {"message", "type", "param", "code"}
    return refused


@pytest.fixture
def stores(tenant: Account) -> Iterator[Stores]:
    with tenant.client("OpenAI") as client:
        yield Stores(tenant, client)


@pytest.fixture
def sdk(tenant: Account) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=tenant.keys["OpenAI"], base_url=f"{tenant.url}/v1", max_retries=0) as client:
        yield client
