"""The files of the three providers in one vocabulary, over plain HTTP: what the tests of the core drive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

PROVIDERS = ("OpenAI", "Anthropic", "Gemini")


@dataclass(frozen=True)
class Stored:
    """A file's record in the tests' words; `name` and the rest as the provider reports them."""

    id: str
    name: str | None
    size: int
    created: Any
    media_type: str | None
    purpose: str | None
    expires: Any


class FilesOf:
    """One provider's files for one client (provider-facts 2.1, 2.2, 2.3, 9.1, 9.2, 9.3)."""

    def __init__(self, provider: str, client: httpx.Client) -> None:
        self.provider = provider
        self.http = client

    def send(self, name: str, data: bytes, media_type: str = "text/plain", **fields: str) -> httpx.Response:
        """Upload; for Gemini the answer to the finalizing request."""
        if self.provider != "Gemini":
            form = {"purpose": "user_data", **fields} if self.provider == "OpenAI" else fields
            return self.http.post("/v1/files", files={"file": (name, data, media_type)}, data=form)
        begun = self.http.post(
            "/upload/v1/files",
            headers={
                "x-goog-upload-protocol": "resumable",
                "x-goog-upload-command": "start",
                "x-goog-upload-header-content-length": str(len(data)),
                "x-goog-upload-header-content-type": media_type,
            },
            json={"file": {"display_name": name, "mime_type": media_type, "size_bytes": len(data)}},
        ).raise_for_status()
        return self.http.post(
            begun.headers["x-goog-upload-url"],
            content=data,
            headers={"x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0"},
        )

    def store(self, name: str, data: bytes, media_type: str = "text/plain", **fields: str) -> Stored:
        body = self.send(name, data, media_type, **fields).raise_for_status().json()
        return self.read(body["file"] if self.provider == "Gemini" else body)

    def fetch(self, file_id: str) -> httpx.Response:
        return self.http.get(f"/v1/files/{file_id.removeprefix('files/')}")

    def get(self, file_id: str) -> Stored:
        return self.read(self.fetch(file_id).raise_for_status().json())

    def delete(self, file_id: str) -> httpx.Response:
        return self.http.delete(f"/v1/files/{file_id.removeprefix('files/')}")

    def page(
        self, limit: int | None = None, cursor: str | None = None, **query: str
    ) -> tuple[list[Stored], str | None]:
        """One page of the list, and where the next begins."""
        limit_name, cursor_name = {
            "OpenAI": ("limit", "after"),
            "Anthropic": ("limit", "page"),
            "Gemini": ("pageSize", "pageToken"),
        }[self.provider]
        asked: dict[str, str] = {**query}
        if limit is not None:
            asked[limit_name] = str(limit)
        if cursor is not None:
            asked[cursor_name] = cursor
        body = self.http.get("/v1/files", params=asked).raise_for_status().json()
        records = [self.read(item) for item in body.get("files" if self.provider == "Gemini" else "data", [])]
        if self.provider == "OpenAI":
            return records, body["last_id"] if body["has_more"] else None
        return records, body.get("nextPageToken" if self.provider == "Gemini" else "next_page")

    def walk(self, limit: int) -> list[str]:
        """The ids on all pages, in order."""
        found: list[str] = []
        cursor: str | None = None
        for _ in range(50):
            records, cursor = self.page(limit, cursor)
            found += [record.id for record in records]
            if cursor is None:
                return found
        raise AssertionError("the list does not end")

    def listed(self) -> list[str]:
        return [record.id for record in self.page()[0]]

    def ask(self, question: str, file_id: str | None = None) -> httpx.Response:
        """A question about a stored file."""
        if self.provider == "OpenAI":
            content: list[Any] = [{"type": "text", "text": question}]
            if file_id:
                content.insert(0, {"type": "file", "file": {"file_id": file_id}})
            body: Any = {"model": "gpt-6-luna", "messages": [{"role": "user", "content": content}]}
            return self.http.post("/v1/chat/completions", json=body)
        if self.provider == "Anthropic":
            content = [{"type": "text", "text": question}]
            if file_id:
                content.insert(0, {"type": "document", "source": {"type": "file", "file_id": file_id}})
            body = {"model": "claude-haiku-4-5", "max_tokens": 100, "messages": [{"role": "user", "content": content}]}
            return self.http.post("/v1/messages", json=body)
        parts: list[Any] = [{"text": question}]
        if file_id:
            uri = f"{self.http.base_url}v1/{file_id}"
            parts.insert(0, {"fileData": {"fileUri": uri, "mimeType": "application/pdf"}})
        body = {"contents": [{"role": "user", "parts": parts}]}
        return self.http.post("/v1/models/gemini-2.5-flash:generateContent", json=body)

    def read(self, record: dict[str, Any]) -> Stored:
        if self.provider == "OpenAI":
            return Stored(
                record["id"], record["filename"], record["bytes"], record["created_at"], None,
                record["purpose"], record["expires_at"],
            )  # fmt: skip
        if self.provider == "Anthropic":
            return Stored(
                record["id"], record["filename"], record["size_bytes"], record["created_at"], record["mime_type"],
                None, record["expires_at"],
            )  # fmt: skip
        return Stored(
            record["name"], record.get("displayName"), int(record["sizeBytes"]), record["createTime"],
            record["mimeType"], None, record.get("expirationTime"),
        )  # fmt: skip
