"""Questions to Gemini's simulator over plain HTTP, and what is read from the answers."""

from __future__ import annotations

from typing import Any

import httpx

LITE, FLASH, PRO, OLD, OLDEST = (
    "gemini-3.5-flash-lite",
    "gemini-2.5-flash",
    "gemini-2.5-pro",
    "gemini-2.0-flash",
    "gemini-1.5-flash",
)
WEATHER = {
    "name": "get_weather",
    "description": "The weather in a city",
    "parameters": {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}, "required": ["city"]},
}


def asking(text: str, **fields: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": text}]}], **fields}


def said(http: httpx.Client, body: dict[str, Any], model: str = LITE) -> dict[str, Any]:
    response = http.post(f"/v1beta/models/{model}:generateContent", json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def refused(http: httpx.Client, body: dict[str, Any], model: str = LITE) -> str:
    response = http.post(f"/v1beta/models/{model}:generateContent", json=body)
    assert response.status_code == 400, response.text
    assert response.json()["error"]["status"] == "INVALID_ARGUMENT"
    return str(response.json()["error"]["message"])


def counted(http: httpx.Client, body: dict[str, Any], model: str = LITE) -> int:
    response = http.post(f"/v1beta/models/{model}:countTokens", json=body).raise_for_status()
    return int(response.json()["totalTokens"])


def parts_of(answer: dict[str, Any]) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = answer["candidates"][0]["content"]["parts"]
    return parts


def text_of(answer: dict[str, Any]) -> str:
    return "".join(part.get("text", "") for part in parts_of(answer) if not part.get("thought"))
