"""File Search stores at Gemini's simulator over plain HTTP, for tests."""

from __future__ import annotations

from typing import Any

import httpx

from tests.simulator.gemini_calls import FLASH, asking, said

PATH = "/v1beta/fileSearchStores"
INDEXING = 5
"""Seconds."""
PARIS = "Paris is the capital of France. The Eiffel Tower is a famous landmark in Paris."
WORDS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}


def made(http: httpx.Client, display_name: str | None = "Notes", **fields: Any) -> str:
    """The name of a new store."""
    body = fields if display_name is None else {"displayName": display_name, **fields}
    return str(http.post(PATH, json=body).raise_for_status().json()["name"])


def begin(http: httpx.Client, store: str, body: Any = None, mime_type: str = "text/plain") -> httpx.Response:
    """The first request of an upload."""
    headers = {
        "x-goog-upload-protocol": "resumable",
        "x-goog-upload-command": "start",
        "x-goog-upload-header-content-type": mime_type,
    }
    return http.post(f"/upload/v1beta/{store}:uploadToFileSearchStore", json=body, headers=headers)


def end(begun: httpx.Response, data: bytes) -> httpx.Response:
    """The second request, as clients send it: without a key."""
    headers = {"x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0"}
    url = begun.raise_for_status().headers["x-goog-upload-url"]
    return httpx.post(url, content=data, headers=headers, trust_env=False)


def upload(http: httpx.Client, store: str, text: str | bytes, name: str | None = None, **fields: Any) -> dict[str, Any]:
    """The operation that an upload answers."""
    body = {**fields} if name is None else {"displayName": name, **fields}
    data = text if isinstance(text, bytes) else text.encode()
    answered: dict[str, Any] = end(begin(http, store, body), data).raise_for_status().json()
    return answered


def document_of(operation: dict[str, Any]) -> str:
    return str(operation["response"]["documentName"])


def metadata(**values: Any) -> list[dict[str, Any]]:
    """Custom metadata by the kinds of the values."""
    found = []
    for key, value in values.items():
        if isinstance(value, str):
            found.append({"key": key, "stringValue": value})
        elif isinstance(value, list):
            found.append({"key": key, "stringListValue": {"values": value}})
        else:
            found.append({"key": key, "numericValue": value})
    return found


def searching(*stores: str, **options: Any) -> list[dict[str, Any]]:
    """The tool."""
    return [{"fileSearch": {"fileSearchStoreNames": list(stores), **options}}]


def asked(http: httpx.Client, question: str, *stores: str, model: str = FLASH, **options: Any) -> dict[str, Any]:
    """The answer to a question about stores."""
    return said(http, asking(question, tools=searching(*stores, **options)), model)


def cited(answer: dict[str, Any]) -> list[str | None]:
    """The titles of the passages that were found, in their order."""
    grounds = answer["candidates"][0].get("groundingMetadata", {})
    return [chunk["retrievedContext"].get("title") for chunk in grounds.get("groundingChunks", [])]


def error(response: httpx.Response, status: int, word: str | None = None) -> str:
    """The message of a refusal in Google's envelope."""
    assert response.status_code == status, response.text
    refused = response.json()["error"]
    assert (refused["code"], refused["status"]) == (status, word or WORDS[status])
    return str(refused["message"])
