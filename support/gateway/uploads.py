"""Reads an upload back from the wire record: which name, which bytes and which form fields really left."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP

from support.gateway.exchanges import Exchange


@dataclass(frozen=True, slots=True)
class SentUpload:
    """One upload as it was sent: multipart on OpenAI and Anthropic, resumable on Gemini (provider-facts 2)."""

    name: str
    content: bytes
    fields: dict[str, str]
    """Form fields beside the file; of a resumable upload, none."""


def sent_uploads(exchanges: Sequence[Exchange]) -> list[SentUpload]:
    """Every upload among the exchanges that reached an answer."""
    found: list[SentUpload] = []
    name = ""
    for exchange in exchanges:
        command = exchange.request_headers.get("x-goog-upload-command", "")
        if exchange.request_headers.get("content-type", "").startswith("multipart/form-data"):
            found.append(_multipart(exchange))
        elif command == "start":
            described = json.loads(bytes(exchange.request.kept))["file"]
            name = described.get("display_name") or described.get("displayName") or ""
        elif "finalize" in command:
            found.append(SentUpload(name, bytes(exchange.request.kept), {}))
    return found


def _multipart(exchange: Exchange) -> SentUpload:
    head = f"content-type: {exchange.request_headers['content-type']}\r\n\r\n".encode()
    form = BytesParser(policy=HTTP).parsebytes(head + bytes(exchange.request.kept))
    fields: dict[str, str] = {}
    name, content = "", b""
    for part in form.iter_parts():
        raw = part.get_payload(decode=True)
        payload = raw if isinstance(raw, bytes) else b""
        filename = part.get_filename()
        if filename is not None:
            name, content = filename, payload
        else:
            fields[str(part.get_param("name", header="content-disposition"))] = payload.decode()
    return SentUpload(name, content, fields)
