"""Replays a recorded request at the simulator, with a tenant's key and with the files that it refers to."""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("TOUCHSTONE_SHARED", ROOT.parent / "shared"))
RECORDINGS = SHARED / "recordings"
NAMES = {"openai": "OpenAI", "anthropic": "Anthropic", "gemini": "Gemini"}
FAMILIES = {
    "openai": [
        "files-upload",
        "files-list",
        "files-get",
        "files-delete",
        "files-content",
        "models-list",
        "models-get",
        "chat-completions-unary",
        "chat-completions-streaming",
        "responses-input-tokens",
    ],
    "anthropic": [
        "files-upload",
        "files-list",
        "files-get",
        "files-delete",
        "files-content",
        "models-list",
        "models-get",
        "messages-unary",
        "messages-streaming",
        "count-tokens",
    ],
    "gemini": [
        "files-resumable-upload",
        "files-list",
        "files-get",
        "files-delete",
        "models-list",
        "generatecontent",
        "streamgeneratecontent-sse",
        "streamgeneratecontent-json-array",
        "counttokens",
    ],
}
"""The families that the simulator serves by now; a later area adds its own."""


@dataclass
class Recorded:
    """One request with the provider's answer."""

    family: str
    provider: str
    index: int
    entry: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.family}:{self.index}"


def recorded(provider: str, family: str) -> list[Recorded]:
    path = RECORDINGS / f"{provider}.{family}.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    return [
        Recorded(f"{provider} {family}", NAMES[provider], number, json.loads(line)) for number, line in enumerate(lines)
    ]


class Replayer:
    """A tenant that recorded requests are sent to."""

    def __init__(self, url: str, keys: dict[str, str]) -> None:
        self.url = url
        self.keys = keys
        self._http = httpx.Client(base_url=url, timeout=30, trust_env=False)

    def close(self) -> None:
        self._http.close()

    def play(self, one: Recorded) -> httpx.Response:
        """The simulator's answer to the recorded request."""
        entry = one.entry
        path, query = entry["path"], entry.get("query") or ""
        refused_key = entry["status"] == 401 or "API_KEY_INVALID" in json.dumps(entry["response_body"])
        headers = self._headers(one, "sk-wrong-key-0123456789" if refused_key else self.keys[one.provider])
        if entry["status"] not in (401, 403, 404):
            path = self._existing(one, path)
            if one.family.endswith("files-list"):
                self._stored(one)
        body = entry["request_body"]
        content: bytes | None = None
        files: Any = None
        if headers.get("content-type", "").startswith("multipart/"):
            headers.pop("content-type")
            files = _multipart(body if isinstance(body, dict) else {"parts": []}, one)
        elif body is not None:
            content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        target = f"{path}?{query}" if query else path
        return self._http.request(entry["method"], target, headers=headers, content=content, files=files)

    def _headers(self, one: Recorded, key: str) -> dict[str, str]:
        kept = {
            name: value
            for name, value in one.entry["request_headers"].items()
            if name not in ("content-length", "host")
        }
        if one.provider == "OpenAI":
            return {**kept, "authorization": f"Bearer {key}"}
        if one.provider == "Gemini":
            return {**kept, "x-goog-api-key": key}
        version = kept.get("anthropic-version", "2023-06-01")
        return {**kept, "x-api-key": key, "anthropic-version": version if re.match(r"\d", version) else "2023-06-01"}

    def _existing(self, one: Recorded, path: str) -> str:
        """The path with a file of this tenant's where the recording names one of its own."""
        found = re.match(r"^(/v1(?:beta)?/files/)([^/:?]+)(.*)$", path)
        if not found:
            return path
        return f"{found[1]}{self._stored(one)}{found[3]}"

    def _stored(self, one: Recorded) -> str:
        headers = self._headers(one, self.keys[one.provider])
        headers.pop("content-type", None)
        if one.provider == "Gemini":
            start = self._http.post(
                "/upload/v1beta/files",
                headers={**headers, "x-goog-upload-protocol": "resumable", "x-goog-upload-command": "start"},
                json={"file": {"displayName": "a.txt", "mimeType": "text/plain"}},
            )
            made = self._http.post(
                start.headers["x-goog-upload-url"],
                headers={"x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0"},
                content=b"text",
            ).json()["file"]["name"]
            return str(made).removeprefix("files/")
        data = {"purpose": "batch"} if one.provider == "OpenAI" else {}
        made = self._http.post(
            "/v1/files", headers=headers, data=data, files={"file": ("a.jsonl", b'{"a":1}\n')}
        ).json()
        return str(made["id"])


def _multipart(body: dict[str, Any], one: Recorded) -> list[tuple[str, Any]]:
    parts = [part for part in body["parts"] if part.get("name")]
    if not parts:
        purpose = one.entry["response_body"].get("purpose") if isinstance(one.entry["response_body"], dict) else None
        name = "a.jsonl" if purpose in ("batch", "fine-tune") else "a.txt"
        made: list[tuple[str, Any]] = [("file", (name, b"text", "text/plain"))]
        return [*made, ("purpose", (None, purpose))] if purpose else made
    form: list[tuple[str, Any]] = []
    for part in parts:
        content = (part.get("text") or "x" * min(int(part.get("size") or 1), 2000)).encode()
        if part.get("filename"):
            form.append(
                (part["name"], (part["filename"], content, part.get("content_type") or "application/octet-stream"))
            )
        else:
            form.append((part["name"], (None, content)))
    return form
