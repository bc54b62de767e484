"""Anthropic's files: upload, list, metadata, content, delete (provider-facts 2.2; recordings: anthropic files).

Under 2026-10-21 a list has `page` and `next_page`, or is asked for `ids[]`; under 2023-06-01 it goes around ids, and records have
no `expires_at`. Unverified: newest first; the rules for names; the refusal of nothing and of too much; the words of every 400
but that of a download; that an expired file is `File not found` everywhere, and has its own code for its content only (SDK).
"""

from __future__ import annotations

import base64
import binascii
import mimetypes
import re
from collections.abc import Sequence
from datetime import datetime

from support.simulator.anthropic import paging
from support.simulator.anthropic.errors import error, file_not_found, invalid
from support.simulator.anthropic.headers import in_a_version, is_current
from support.simulator.anthropic.state import AnthropicState, StoredFile
from support.simulator.wire import MEBIBYTE, Answer, Call, Form, FormFile, Json, Refusal, Route

LARGEST = 500 * MEBIBYTE
SHORTEST_LIFE, LONGEST_LIFE = 3600, 7_776_000
MOST_IDS = 100
LONGEST_NAME = 255

_FORBIDDEN_IN_A_NAME = re.compile(r'[<>:"|?*\\/\x00-\x1f]')


def upload(state: AnthropicState, call: Call) -> Answer:
    form: Form = call.body
    for name in (*form.fields, *form.files):
        if name not in ("file", "expires_in_seconds"):
            raise invalid(f"{name}: Extra inputs are not permitted")
    sent = _file_of(form)
    if not sent.data:
        raise invalid("file: File is empty")
    if len(sent.data) > LARGEST:
        raise Refusal(error(413, "Request exceeds the maximum allowed number of bytes."))
    kind = sent.content_type.partition(";")[0].strip() or "application/octet-stream"
    stored = state.files.add(_name_of(sent, kind), kind, sent.data, call.now, _life_of(form))
    return Answer(body=record(stored, call))


def list_all(state: AnthropicState, call: Call) -> Answer:
    files = state.files.newest_first(call.now)
    if not is_current(call):
        paging.refuse_unknown(call, "limit", "after_id", "before_id")
        page, has_more = paging.around_an_id(call, files)
        return Answer(body=paging.page_body([record(file, call) for file in page], has_more))
    paging.refuse_unknown(call, "limit", "page", "ids[]", "ids")
    wanted = call.query.get("ids[]") or call.query.get("ids")
    if wanted is not None:
        return Answer(body={"data": _only(wanted, files, call), "next_page": None})
    limit, before = paging.limit_of(call), _position_of(call.one("page"))
    rest = files if before is None else [file for file in files if file.number < before]
    page = rest[:limit]
    following = _token_of(page[-1].number) if len(rest) > limit else None
    return Answer(body={"data": [record(file, call) for file in page], "next_page": following})


def metadata(state: AnthropicState, call: Call) -> Answer:
    return Answer(body=record(_asked_for(state, call), call))


def content(state: AnthropicState, call: Call) -> Answer:
    file_id = call.params["file_id"]
    if state.files.is_expired(file_id, call.now):
        raise Refusal(error(404, f"File has expired: {file_id}", _code(call, "file_expired")))
    _asked_for(state, call)
    raise Refusal(error(400, f"File '{file_id}' is not downloadable", _code(call, "file_not_downloadable")))


def delete(state: AnthropicState, call: Call) -> Answer:
    file = _asked_for(state, call)
    state.files.remove(file.id)
    return Answer(body={"id": file.id, "type": "file_deleted"})


def record(file: StoredFile, call: Call) -> dict[str, Json]:
    """The file object; only files that a tool made are downloadable, and here none makes any."""
    answer: dict[str, Json] = {
        "type": "file",
        "id": file.id,
        "size_bytes": len(file.data),
        "created_at": _moment(file.created_at),
        "filename": file.filename,
        "mime_type": file.mime_type,
        "downloadable": False,
    }
    if file.expires_at is not None:
        answer["expires_at"] = _moment(file.expires_at)
    elif is_current(call):
        answer["expires_at"] = None
    return answer


def _asked_for(state: AnthropicState, call: Call) -> StoredFile:
    file = state.files.find(call.params["file_id"], call.now)
    if file is None:
        raise file_not_found(call.params["file_id"])
    return file


def _code(call: Call, code: str) -> str | None:
    """Codes are newer than the recordings of 2023-06-01, which have none."""
    return code if is_current(call) else None


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _file_of(form: Form) -> FormFile:
    sent = form.files.get("file")
    if sent is not None:
        return sent
    text = form.one("file")
    if text is None:
        raise invalid("file: Field required")
    return FormFile("", "text/plain", text.encode())


def _name_of(sent: FormFile, kind: str) -> str:
    """The last component of the path that was sent; `unnamed` with a fitting extension where there is none (SDK)."""
    name = sent.filename.replace("\\", "/").rpartition("/")[2]
    if not name:
        return f"unnamed{mimetypes.guess_extension(kind) or ''}"
    if len(name) > LONGEST_NAME or _FORBIDDEN_IN_A_NAME.search(name):
        raise invalid(
            f"file: Invalid filename: 1 to {LONGEST_NAME} characters are allowed, "
            'and none of < > : " | ? * \\ / or a control character'
        )
    return name


def _life_of(form: Form) -> int | None:
    sent = form.one("expires_in_seconds")
    if sent is None:
        return None
    try:
        seconds = int(sent)
    except ValueError:
        raise invalid(
            "expires_in_seconds: Input should be a valid integer, unable to parse string as an integer"
        ) from None
    if seconds < SHORTEST_LIFE:
        raise invalid(f"expires_in_seconds: Input should be greater than or equal to {SHORTEST_LIFE}")
    if seconds > LONGEST_LIFE:
        raise invalid(f"expires_in_seconds: Input should be less than or equal to {LONGEST_LIFE}")
    return seconds


def _only(wanted: Sequence[str], files: Sequence[StoredFile], call: Call) -> list[Json]:
    """The files of these ids; what does not exist is left out in silence."""
    if "limit" in call.query or "page" in call.query:
        raise invalid("ids: Cannot be combined with page or limit")
    chosen = set(wanted)
    if len(chosen) > MOST_IDS:
        raise invalid(f"ids: List should have at most {MOST_IDS} items after validation, not {len(chosen)}")
    return [record(file, call) for file in files if file.id in chosen]


def _token_of(number: int) -> str:
    """An opaque cursor, good also when the file it ended at is gone."""
    return "page_" + base64.urlsafe_b64encode(b"after:%d" % number).decode()


def _position_of(token: str | None) -> int | None:
    if token is None:
        return None
    try:
        word, _, number = base64.urlsafe_b64decode(token.removeprefix("page_")).partition(b":")
        if token.startswith("page_") and word == b"after":
            return int(number)
    except (binascii.Error, ValueError):
        pass
    raise invalid("page: Invalid page token")


ROUTES = [
    Route("POST", "/v1/files", "files.upload", in_a_version(upload), "form", LARGEST + MEBIBYTE),
    Route("GET", "/v1/files", "files.list", in_a_version(list_all)),
    Route("GET", "/v1/files/{file_id}", "files.get", in_a_version(metadata)),
    Route("GET", "/v1/files/{file_id}/content", "files.content", in_a_version(content)),
    Route("DELETE", "/v1/files/{file_id}", "files.delete", in_a_version(delete)),
]
