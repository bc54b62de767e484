"""Google's protocol of resumable uploads: start, bytes in one request or in several, query, cancel (provider-facts 2.3).

What an upload is of is for others to say: they begin it, and are given the bytes (recordings: resumable upload of files and of
documents). The requests after the first carry no key: the upload's id in their url stands for it (seen with google-genai 3.4.0, whose
second request sends none).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from support.simulator import ids
from support.simulator.gemini.errors import invalid, status
from support.simulator.wire import MEBIBYTE, Answer, Call, Handler, Refusal, Route

if TYPE_CHECKING:
    from support.simulator.gemini.state import GeminiState

GRANULARITY = 8 * MEBIBYTE
"""Bytes; told to the client. Chunks of any size are taken."""
KEPT = 64
"""How many uploads that have ended a tenant remembers, so that a late question about one is answered."""

Status = Literal["active", "final", "cancelled"]


@dataclass(slots=True)
class Upload:
    """One upload: what was announced, the bytes so far, and in the end what was answered."""

    wanted: Any
    """What is to be made of the bytes, in the words of whoever began it."""
    largest: int
    """Bytes."""
    chunks: list[bytes] = field(default_factory=list)
    size: int = 0
    status: Status = "active"
    answered: dict[str, Any] = field(default_factory=dict)


# Makes something of an upload's bytes, and gives the body of the answer.
Keep: TypeAlias = "Callable[[GeminiState, Call, Any, bytes], dict[str, Any]]"


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


def check_announced(call: Call, largest: int) -> None:
    """Refuses an upload that says of itself that it is too large; words unverified."""
    announced = call.headers.get("x-goog-upload-header-content-length", "")
    if announced.isdecimal() and (len(announced) > 12 or int(announced) > largest):
        raise invalid(f"File size is too large: {announced} bytes. The maximum is {largest} bytes.")


def begin(state: GeminiState, call: Call, wanted: Any, largest: int) -> Answer:
    """A new upload of what is `wanted`, and where its bytes go."""
    upload_id = ids.token(96, ids.BASE62)
    state.uploads[upload_id] = Upload(wanted, largest)
    HOLDERS.note(upload_id, key_of(call.headers, call.query) or "")
    url = f"{call.base_url}{call.path}?upload_id={upload_id}&upload_protocol=resumable"
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


def _finalize(state: GeminiState, call: Call, keep: Keep) -> Answer:
    upload = _known(state, call)
    if upload.status == "final":  # asked again after an answer that was lost (unverified)
        return _told(upload, upload.answered)
    upload = _active(state, call)
    _take(upload, call)
    data = b"".join(upload.chunks) if len(upload.chunks) > 1 else (upload.chunks or [b""])[0]
    upload.answered = keep(state, call, upload.wanted, data)
    _end(state, upload, "final")
    return _told(upload, upload.answered)


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
    if upload.size + len(call.body) > upload.largest:
        raise invalid(f"File size is too large: the maximum is {upload.largest} bytes.")
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
    if 400 <= answer.status < 500 and call.path.startswith("/upload/") and _sends_bytes(call.headers, call.query):
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


_ends = _commands("finalize,upload", "finalize")
_sends_bytes = _commands("finalize,upload", "finalize", "upload")


def routes(path: str, start: Handler, keep: Keep, largest: int, operation: str, ended: str) -> list[Route]:
    """The requests of uploads to `path`; some clients PUT the bytes (recordings: maruel/genai).

    Operations are named `{operation}.upload_start` and so on, the last one `ended`.
    """
    found = [Route("POST", path, f"{operation}.upload_start", start, "json", accepts=_is_start)]
    for method in ("POST", "PUT"):
        found += [
            Route(method, path, ended, lambda state, call: _finalize(state, call, keep), "raw", largest, _ends),
            Route(method, path, f"{operation}.upload_chunk", _chunk, "raw", largest, _commands("upload")),
            Route(method, path, f"{operation}.upload_query", _query, "raw", accepts=_commands("query")),
            Route(method, path, f"{operation}.upload_cancel", _cancel, "raw", accepts=_commands("cancel")),
        ]
    return found
