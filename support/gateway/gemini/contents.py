"""The gateway's messages as Gemini's contents: parts of text, of stored files, of calls and outputs (provider-facts 9.3)."""

from base64 import b64decode
from collections.abc import Sequence
from typing import Any

from support.gateway.gemini.chat_tools import call_part, output_parts
from support.values import FileReference, Message, Picture, ToolCall


def contents(messages: Sequence[Message], base_url: str) -> list[dict[str, Any]]:
    """The turns in the SDK's spelling, which the wire accepts too."""
    asked: list[tuple[ToolCall, ...]] = [(), *(message.calls for message in messages)]
    return [
        {
            "role": "user" if message.role == "user" else "model",
            "parts": _parts(message, calls, base_url),
        }
        for message, calls in zip(messages, asked, strict=False)
    ]


def _parts(message: Message, asked: Sequence[ToolCall], base_url: str) -> list[dict[str, Any]]:
    """A turn; `asked` are the calls of the turn before."""
    parts = output_parts(message.outputs, asked)
    parts += [file_part(file, base_url) for file in message.files]
    parts += [picture_part(picture) for picture in message.pictures]
    if message.text or not (message.outputs or message.calls):
        parts.append({"text": message.text})
    return [*parts, *(call_part(call) for call in message.calls)]


def file_part(file: FileReference, base_url: str) -> dict[str, Any]:
    """A stored file by its uri, never by its bytes."""
    return {"file_data": {"file_uri": file_uri(file.file_id, base_url), "mime_type": file.mime_type}}


def file_uri(file_id: str, base_url: str) -> str:
    """The uri under which Gemini knows a file; it names v1beta whichever version is called (recordings: gemini files)."""
    return f"{base_url.rstrip('/')}/v1beta/files/{file_id.removeprefix('files/')}"


def picture_part(picture: Picture) -> dict[str, Any]:
    """A picture by its bytes, which the SDK wants as such."""
    return {"inline_data": {"data": b64decode(picture.base64), "mime_type": picture.mime_type}}
