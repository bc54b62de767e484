"""A recorded request made whole again: what the recorders cut out or summarised is filled with content of our own."""

from __future__ import annotations

import base64
import copy
import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.fidelity.recordings import ROOT, Recorded

_PDF = (ROOT / "fixtures" / "documents" / "handbook.pdf").read_bytes


@dataclass
class Request:
    """What is sent."""

    method: str
    path: str
    query: str
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None
    form: list[tuple[str, Any]] | None = None
    """Fields and files of a multipart form, as httpx takes them."""


def request_of(one: Recorded) -> Request:
    """The request as it was sent, without a key and without what only a connection says."""
    headers = {name: value for name, value in one.request_headers.items() if name not in ("content-length", "host")}
    request = Request(one.method, one.path, one.query, headers)
    body = one.request_body
    if headers.get("content-type", "").startswith("multipart/") or one.family == "files-upload":
        headers.pop("content-type", None)
        request.form = _form(one)
    elif one.family == "files-resumable-upload" and isinstance(body, str):
        request.content = text_of_size(_said_size(one.body) or len(body), body)
    elif isinstance(body, str):
        request.content = body.encode()
    elif body is not None:
        request.content = json.dumps(_mended(one)).encode()
        headers.setdefault("content-type", "application/json")
    return request


def text_of_size(size: int, start: str = "") -> bytes:
    """So many bytes of plain text."""
    text = start.encode() or b"A line of text that nobody has to read.\n"
    return (text * (size // len(text) + 1))[:size]


def _form(one: Recorded) -> list[tuple[str, Any]]:
    """The form's parts; where the recorders kept none, those that lead to the recorded answer."""
    parts = one.request_body.get("parts", []) if isinstance(one.request_body, dict) else []
    named = [part for part in parts if part.get("name")]
    if not named:
        return form_of(one.provider, one.body)
    answered = _said_size(one.body)
    form: list[tuple[str, Any]] = []
    for part in named:
        if part.get("filename"):
            content = text_of_size(answered or part["size"], _kept_text(part))
            kind = part.get("content_type") or "application/octet-stream"
            form.append((part["name"], (part["filename"], content, kind)))
        else:
            form.append((part["name"], (None, part["text"].encode())))
    return form


def _kept_text(part: dict[str, Any]) -> str:
    text = part.get("text") or ""
    return "" if text.startswith("b64:") else text


def form_of(provider: str, file: dict[str, Any]) -> list[tuple[str, Any]]:
    """The form that makes this file; for a refusal of its purpose, one with the purpose that the refusal names."""
    refused = re.match(r"'(\w+)' is not one of", str(file.get("error", {}).get("message", "")))
    purpose = refused[1] if refused else file.get("purpose")
    name = file.get("filename") or "notes.txt"
    content = text_of_size(_said_size(file) or 40)
    form: list[tuple[str, Any]] = [("file", (name, content, file.get("mime_type") or "application/octet-stream"))]
    if provider == "OpenAI":
        form.append(("purpose", (None, (purpose or "user_data").encode())))
    return form


def _said_size(answer: Any) -> int | None:
    """How many bytes the provider says the file has."""
    if not isinstance(answer, dict):
        return None
    file = answer.get("file", answer)
    for key in ("bytes", "size_bytes", "sizeBytes"):
        if key in file:
            return int(file[key])
    return None


def _mended(one: Recorded) -> Any:
    body = copy.deepcopy(one.request_body)
    for cut in one.request_cuts:
        *way, last = cut["path"].split(".")
        holder = body
        for step in way:
            holder = holder[int(step)] if isinstance(holder, list) else holder[step]
        key = int(last) if isinstance(holder, list) else last
        holder[key] = _filled(holder[key], cut["total"])
    return body


def _filled(kept: str, total: int) -> str:
    """A string of the recorded length again: base64 with its first bytes kept, else text."""
    head, comma, data = kept.rpartition(",") if kept.startswith("data:") else ("", "", kept)
    prefix = re.match(r"[A-Za-z0-9+/]*", data)
    if prefix is None or len(prefix[0]) < 60:
        return text_of_size(total, kept).decode("utf-8", "ignore")
    if prefix[0].startswith("JVBERi0"):
        return head + comma + base64.b64encode(_PDF()).decode()
    whole = base64.b64decode(prefix[0][: len(prefix[0]) // 4 * 4])
    missing = max(0, (total - len(head)) * 3 // 4 - len(whole))
    return head + comma + base64.b64encode(whole + bytes(missing)).decode()
