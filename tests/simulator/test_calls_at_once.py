"""A question about two places calls a function twice in one answer, unless one call at a time is asked for."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.simulator.account import Account
from tests.simulator.provider_files import PROVIDERS

PLACE = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
BOTH = "What is the weather in Paris and in Rome?"


def called(account: Account, provider: str, **more: Any) -> list[str]:
    """The arguments of each call, in their order on the wire."""
    function = {"name": "get_weather", "description": "The weather in a city"}
    messages = [{"role": "user", "content": BOTH}]
    with account.client(provider) as http:
        if provider == "OpenAI":
            tools = [{"type": "function", "function": {**function, "parameters": PLACE}}]
            body = {"model": "gpt-4.1", "messages": messages, "tools": tools, **more}
            answer = answered(http, "/v1/chat/completions", body)
            calls = answer["choices"][0]["message"]["tool_calls"]
            return [call["function"]["arguments"] for call in calls]
        if provider == "Anthropic":
            tools = [{**function, "input_schema": PLACE}]
            body = {"model": "claude-haiku-5-5", "max_tokens": 500, "messages": messages, "tools": tools, **more}
            blocks = answered(http, "/v1/messages", body)["content"]
            return [str(block["input"]) for block in blocks if block["type"] == "tool_use"]
        declared = {"functionDeclarations": [{**function, "parametersJsonSchema": PLACE}]}
        body = {"contents": [{"role": "user", "parts": [{"text": BOTH}]}], "tools": [declared], **more}
        answer = answered(http, "/v1beta/models/gemini-3.5-flash-lite:generateContent", body)
        return [str(part["functionCall"]["args"]) for part in answer["candidates"][0]["content"]["parts"]]


def answered(http: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = http.post(path, json=body).raise_for_status().json()
    return answer


@pytest.mark.parametrize("provider", PROVIDERS)
def test_two_places_are_two_calls(tenant: Account, provider: str) -> None:
    first, second = called(tenant, provider)
    assert "Paris" in first
    assert "Rome" in second


@pytest.mark.parametrize(
    ("provider", "one"),
    [
        ("OpenAI", {"parallel_tool_calls": False}),
        ("Anthropic", {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}),
    ],
)
def test_one_call_at_a_time_is_one_call(tenant: Account, provider: str, one: dict[str, Any]) -> None:
    assert len(called(tenant, provider, **one)) == 1
