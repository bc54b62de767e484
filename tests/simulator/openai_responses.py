"""What the tests of OpenAI's responses and conversations share: the account over the SDK and over HTTP, tools, refusals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import openai
import pytest
from openai.types.responses import Response

from tests.simulator.account import Account

MODEL = "gpt-4.1-mini"
QUEUED = 1.0
"""Seconds for which a background response waits until it is begun."""
WEATHER: dict[str, Any] = {
    "type": "function",
    "name": "get_weather",
    "description": "Get the current weather for a location",
    "parameters": {
        "type": "object",
        "properties": {"location": {"type": "string"}},
        "required": ["location"],
        "additionalProperties": False,
    },
    "strict": True,
}
CODE: dict[str, Any] = {"type": "code_interpreter", "container": {"type": "auto"}}


@dataclass
class Responses:
    """One tenant, by SDK and by plain HTTP."""

    tenant: Account
    http: httpx.Client
    sdk: openai.OpenAI

    def create(self, said: Any, **wanted: Any) -> dict[str, Any]:
        """A whole response as JSON."""
        body = {"model": MODEL, "input": said, **wanted}
        made: dict[str, Any] = self.http.post("/v1/responses", json=body).raise_for_status().json()
        Response.model_validate(made)
        return made

    def get(self, response_id: str, query: str = "") -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(f"/v1/responses/{response_id}{query}").raise_for_status().json()
        Response.model_validate(found)
        return found

    def items(self, conversation_id: str) -> list[dict[str, Any]]:
        """A conversation's items, oldest first."""
        page = self.http.get(f"/v1/conversations/{conversation_id}/items?order=asc&limit=100").raise_for_status()
        found: list[dict[str, Any]] = page.json()["data"]
        return found

    def messages(self, conversation_id: str) -> list[tuple[str, str]]:
        """Role and text of what was said in a conversation, oldest first."""
        found = [item for item in self.items(conversation_id) if item["type"] == "message"]
        return [(item["role"], item["content"][0]["text"]) for item in found]

    def refused(self, body: dict[str, Any], path: str = "/v1/responses") -> tuple[int, dict[str, Any]]:
        """Status and error of a request that is refused."""
        answer = self.http.post(path, json=body)
        assert answer.is_client_error, answer.text
        return answer.status_code, answer.json()["error"]


def text_of(response: dict[str, Any]) -> str:
    """All that was said."""
    said = [item for item in response["output"] if item["type"] == "message"]
    return "".join(part["text"] for item in said for part in item["content"])


def kinds(response: dict[str, Any]) -> list[str]:
    return [item["type"] for item in response["output"]]


@pytest.fixture
def responses(tenant: Account) -> Iterator[Responses]:
    with tenant.client("OpenAI") as http:
        sdk = openai.OpenAI(api_key=tenant.keys["OpenAI"], base_url=f"{tenant.url}/v1", max_retries=0)
        with sdk:
            yield Responses(tenant, http, sdk)
