"""Resumable uploads: start, bytes in one request or in several, query, cancel (provider-facts 2.3; recordings: resumable upload).

The requests after the first carry no key: the upload's id in their url stands for it (seen with google-genai 3.4.0, whose
second request sends none).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from support.simulator import ids
from support.simulator.gemini import messages, proto, queries
from support.simulator.gemini.errors import at_fault, invalid, status
from support.simulator.gemini.files import LARGEST, LONGEST_NAME, PROCESSING, TIME_TO_LIVE, record
from support.simulator.wire import MEBIBYTE, Answer, Call, Refusal, Route

if TYPE_CHECKING:
    from support.simulator.gemini.state import GeminiState

GRANULARITY = 8 * MEBIBYTE
"""Bytes; told to the client. Chunks of any size are taken."""
KEPT = 64
"""How many uploads that have ended a tenant remembers, so that a late question about one is answered."""

Status = Literal["active", "final", "cancelled"]


@dataclass(slots=True)
class Upload:
    """One upload: what was announced, and the bytes so far."""

    name: str | None
    display_name: str | None
    mime_type: str
    chunks: list[bytes] = field(default_factory=list)
    size: int = 0
    status: Status = "active"
    file_id: str | None = None


class Holders:
    """Whose key started which upload; the oldest are forgotten first. One for the process: keys are looked up before tenants."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._keys: dict[str, str] = {}

    def note(self, upload_id: str, key: str) -> None:
        self._keys[upload_id] = key
        if len(self._keys) > self._most:
            del self._keys[next(iter(self._keys))]

    def key(self, upload_id: str) -> str | None:
        return self._keys.get(upload_id)


HOLDERS = Holders(4096)


def key_of(headers: Mapping[str, str], query: Mapping[str, list[str]]) -> str | None:
    """The key of a request: header, query, or that of the upload it goes on with."""
    key = headers.get("x-goog-api-key")
    if key:
        return key
    if "key" in query:
        return query["key"][0] or None
    if "upload_id" in query:
        return HOLDERS.key(query["upload_id"][0])
    return None


def _start(state: GeminiState, call: Call, version: str) -> Answer:
    queries.known(call)
    sent = proto.read(messages.CREATE_FILE, call.body, version).get("file", {})
    announced = call.headers.get("x-goog-upload-header-content-length", "")
    if announced.isdecimal() and (len(announced) > 12 or int(announced) > LARGEST):  # words unverified
        raise invalid(f"File size is too large: {announced} bytes. The maximum is {LARGEST} bytes.")
    if len(sent.get("displayName") or "") > LONGEST_NAME:  # words unverified
        raise at_fault("CreateFileRequest", "file.display_name", f"must be at most {LONGEST_NAME} characters")
    if sent.get("name"):
        state.files.check_name(sent["name"], call.now)
    named = call.headers.get("x-goog-upload-header-content-type")
    upload = Upload(
        name=sent.get("name") or None,
        display_name=sent.get("displayName"),
        mime_type=sent.get("mimeType") or named or "application/octet-stream",
    )
    upload_id = ids.token(96, ids.BASE62)
    state.uploads[upload_id] = upload
    HOLDERS.note(upload_id, key_of(call.headers, call.query) or "")
    url = f"{call.base_url}/upload/{version}/files?upload_id={upload_id}&upload_protocol=resumable"
    headers = {
        "content-type": "text/plain; charset=utf-8",
        "x-goog-upload-url": url,
        "x-goog-upload-control-url": url,
        "x-goog-upload-status": "active",
        "x-goog-upload-chunk-granularity": str(GRANULARITY),
        "x-goog-upload-header-content-type": "application/json; charset=UTF-8",
    }
    return Answer(200, b"", headers)


def _chunk(state: GeminiState, call: Call) -> Answer:
    upload = _active(state, call)
    _take(upload, call)
    return _told(upload)


def _finalize(state: GeminiState, call: Call) -> Answer:
    upload = _known(state, call)
    if upload.status == "final":  # asked again after an answer that was lost (unverified)
        file = state.files.find(upload.file_id or "", call.now)
        return _told(upload, {"file": record(file, call.now, call.base_url)} if file is not None else {})
    upload = _active(state, call)
    _take(upload, call)
    file = state.files.add(
        b"".join(upload.chunks) if len(upload.chunks) > 1 else (upload.chunks or [b""])[0],
        call.now,
        mime_type=upload.mime_type,
        display_name=upload.display_name,
        name=upload.name,
        time_to_live=call.durations.get("files.time_to_live", TIME_TO_LIVE),
        processing=call.durations.get("files.processing", PROCESSING),
    )
    _end(state, upload, "final")
    upload.file_id = file.id
    return _told(upload, {"file": record(file, call.now, call.base_url)})


def _query(state: GeminiState, call: Call) -> Answer:
    """How far the upload is (unverified: from Google's description of the protocol)."""
    return _told(_known(state, call))


def _cancel(state: GeminiState, call: Call) -> Answer:
    """Forgets the bytes (unverified: from Google's description of the protocol)."""
    upload = _active(state, call)
    _end(state, upload, "cancelled")
    return _told(upload)


def _known(state: GeminiState, call: Call) -> Upload:
    """The upload of the url; words for an unknown one unverified."""
    upload = state.uploads.get(call.one("upload_id") or "")
    if upload is None:
        raise Refusal(status(404, "Upload not found: start a new one."))
    return upload


def _active(state: GeminiState, call: Call) -> Upload:
    upload = _known(state, call)
    if upload.status != "active":
        raise invalid("Upload has already been terminated.")
    return upload


def _take(upload: Upload, call: Call) -> None:
    """Takes the bytes, where they begin where the last ones ended."""
    offset = call.headers.get("x-goog-upload-offset", "0")
    if offset != str(upload.size):
        answer = status(400, f"The upload offset {offset} does not match the {upload.size} bytes received.")
        answer.headers["x-goog-upload-status"] = "active"
        answer.headers["x-goog-upload-size-received"] = str(upload.size)
        raise Refusal(answer)
    if upload.size + len(call.body) > LARGEST:
        raise invalid(f"File size is too large: the maximum is {LARGEST} bytes.")
    if call.body:
        upload.chunks.append(call.body)
        upload.size += len(call.body)


def _end(state: GeminiState, upload: Upload, how: Status) -> None:
    upload.status = how
    upload.chunks = []
    ended = [upload_id for upload_id, known in state.uploads.items() if known.status != "active"]
    for upload_id in ended[:-KEPT]:
        del state.uploads[upload_id]


def _told(upload: Upload, body: dict[str, Any] | None = None) -> Answer:
    headers: dict[str, str] = {"x-goog-upload-status": upload.status}
    if body is None:
        headers |= {"x-goog-upload-size-received": str(upload.size), "content-type": "text/plain; charset=utf-8"}
    return Answer(200, b"" if body is None else body, headers)


def finish(call: Call, answer: Answer) -> None:
    """A refused upload has ended; after a 5xx the client may ask how far it came, so there no status is told (unverified)."""
    if call.operation in ("files.upload", "files.upload_chunk") and 400 <= answer.status < 500:
        answer.headers.setdefault("x-goog-upload-status", "final")


def _commands(*wanted: str) -> Callable[[Mapping[str, str], Mapping[str, list[str]]], bool]:
    """Requests whose command is one of those, in any order and spacing."""

    def accepts(headers: Mapping[str, str], query: Mapping[str, list[str]]) -> bool:
        sent = headers.get("x-goog-upload-command", "")
        return ",".join(sorted(word.strip().lower() for word in sent.split(","))) in wanted

    return accepts


def _is_start(headers: Mapping[str, str], query: Mapping[str, list[str]]) -> bool:
    """A first request names no upload; recordings without headers show that its command is not always kept."""
    command = headers.get("x-goog-upload-command", "start")
    return command.strip().lower() == "start" and "upload_id" not in query


def routes(version: str) -> list[Route]:
    """`/upload/VERSION/files`; some clients PUT the bytes (recordings: maruel/genai)."""
    path = f"/upload/{version}/files"
    start = Route(
        "POST", path, "files.upload_start", lambda state, call: _start(state, call, version), "json", accepts=_is_start
    )
    found = [start]
    for method in ("POST", "PUT"):
        found += [
            Route(method, path, "files.upload", _finalize, "raw", LARGEST, _commands("finalize,upload", "finalize")),
            Route(method, path, "files.upload_chunk", _chunk, "raw", LARGEST, _commands("upload")),
            Route(method, path, "files.upload_query", _query, "raw", accepts=_commands("query")),
            Route(method, path, "files.upload_cancel", _cancel, "raw", accepts=_commands("cancel")),
        ]
    return found
