"""Uploads of files: what is announced of one, and what becomes of its bytes (provider-facts 2.3; recordings: resumable upload)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from support.simulator.gemini import messages, proto, queries, uploads
from support.simulator.gemini.errors import at_fault
from support.simulator.gemini.files import LARGEST, LONGEST_NAME, PROCESSING, TIME_TO_LIVE, record
from support.simulator.wire import Answer, Call, Route

if TYPE_CHECKING:
    from support.simulator.gemini.state import GeminiState


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that is to be uploaded."""

    name: str | None
    display_name: str | None
    mime_type: str


def _start(state: GeminiState, call: Call, version: str) -> Answer:
    queries.known(call)
    sent = proto.read(messages.CREATE_FILE, call.body, version).get("file", {})
    uploads.check_announced(call, LARGEST)
    if len(sent.get("displayName") or "") > LONGEST_NAME:  # words unverified
        raise at_fault("CreateFileRequest", "file.display_name", f"must be at most {LONGEST_NAME} characters")
    if sent.get("name"):
        state.files.check_name(sent["name"], call.now)
    named_type = call.headers.get("x-goog-upload-header-content-type")
    mime_type = sent.get("mimeType") or named_type or "application/octet-stream"
    return uploads.begin(state, call, NewFile(sent.get("name") or None, sent.get("displayName"), mime_type), LARGEST)


def _keep(state: GeminiState, call: Call, wanted: NewFile, data: bytes) -> dict[str, Any]:
    file = state.files.add(
        data,
        call.now,
        mime_type=wanted.mime_type,
        display_name=wanted.display_name,
        name=wanted.name,
        time_to_live=call.durations.get("files.time_to_live", TIME_TO_LIVE),
        processing=call.durations.get("files.processing", PROCESSING),
    )
    return {"file": record(file, call.now, call.base_url)}


def routes(version: str) -> list[Route]:
    """`/upload/VERSION/files`."""
    return uploads.routes(
        f"/upload/{version}/files",
        lambda state, call: _start(state, call, version),
        _keep,
        LARGEST,
        "files",
        "files.upload",
    )
