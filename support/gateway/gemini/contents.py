"""The gateway's messages as Gemini's contents: text parts, and fileData where a message refers to stored files (provider-facts 9.3)."""

from collections.abc import Sequence
from typing import Any

from support.values import FileReference, Message


def contents(messages: Sequence[Message], base_url: str) -> list[dict[str, Any]]:
    """The turns in the SDK's spelling, which the wire accepts too."""
    return [
        {
            "role": "user" if message.role == "user" else "model",
            "parts": [*(file_part(file, base_url) for file in message.files), {"text": message.text}],
        }
        for message in messages
    ]


def file_part(file: FileReference, base_url: str) -> dict[str, Any]:
    """A stored file by its uri, never by its bytes."""
    return {"file_data": {"file_uri": file_uri(file.file_id, base_url), "mime_type": file.mime_type}}


def file_uri(file_id: str, base_url: str) -> str:
    """The uri under which Gemini knows a file; it names v1beta whichever version is called (recordings: gemini files)."""
    return f"{base_url.rstrip('/')}/v1beta/files/{file_id.removeprefix('files/')}"
