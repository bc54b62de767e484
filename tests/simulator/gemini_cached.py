"""Cached contents at Gemini's simulator over plain HTTP, for tests."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import httpx

from tests.simulator.gemini_calls import LITE

PATH = "/v1beta/cachedContents"
MINIMUM = 1024
"""Tokens, of LITE."""
FACT = "The passphrase of the vault is marigold-seven."


def words(count: int) -> str:
    """A text of so many tokens."""
    return " ".join(["word"] * count)


def report(fact: str = FACT) -> str:
    """A long report with one fact in the middle."""
    lines = [f"Line {number} of the report speaks of rain over a quiet harbour." for number in range(300)]
    return "\n".join([*lines[:150], fact, *lines[150:]])


def turn(text: str, role: str = "user") -> dict[str, Any]:
    return {"role": role, "parts": [{"text": text}]}


def wanting(text: str | None = None, **fields: Any) -> dict[str, Any]:
    """A request for a cache of LITE."""
    contents = [turn(report() if text is None else text)]
    return {"model": f"models/{LITE}", "contents": contents, **fields}


def create(http: httpx.Client, body: dict[str, Any] | None = None) -> httpx.Response:
    return http.post(PATH, json=wanting() if body is None else body)


def made(http: httpx.Client, body: dict[str, Any] | None = None) -> dict[str, Any]:
    response = create(http, body)
    assert response.status_code == 200, response.text
    cache: dict[str, Any] = response.json()
    return cache


def names(http: httpx.Client) -> list[str]:
    """Of the caches in the list."""
    return [cache["name"] for cache in http.get(PATH).raise_for_status().json().get("cachedContents", [])]


def error(response: httpx.Response, status: int) -> str:
    """The message of a refusal in Google's envelope."""
    assert response.status_code == status, response.text
    refused = response.json()["error"]
    word = {400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}[status]
    assert (refused["code"], refused["status"]) == (status, word)
    return str(refused["message"])


def lifetime(cache: dict[str, Any]) -> timedelta:
    """From the last change to the end."""
    return datetime.fromisoformat(cache["expireTime"]) - datetime.fromisoformat(cache["updateTime"])
