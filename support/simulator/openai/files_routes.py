"""The routes of OpenAI's files (provider-facts 2.1; recordings: files upload, list, get, content, delete).

Unverified, for want of a recording: the words for a missing part, an empty file, one that is too large, an expiry out of
range and an unknown cursor. A batch file may be called anything that ends in `.jsonl`, in `.json` or in nothing: the
recordings of 2026-07 show those accepted, provider-facts 2.1 that other endings are refused. A training file may lack
an ending: the recorded list of 2023-10 has such. A file is ready at once, unless the tenant's duration "files.processing"
says otherwise: until then its status is `uploaded`.
"""

from __future__ import annotations

from typing import Any, cast

from support.simulator.batching import unhurried
from support.simulator.openai import checks
from support.simulator.openai.batch_results import settle
from support.simulator.openai.errors import envelope, refusal
from support.simulator.openai.files import DOWNLOADABLE, EXPIRY_SECONDS, UPLOAD_PURPOSES, FileShelf, StoredFile
from support.simulator.openai.state import OpenAIState
from support.simulator.wire import MEBIBYTE, Answer, Call, Form, Refusal, Route

LARGEST_FILE = 512 * MEBIBYTE
PAGE = (1, 10_000)


def upload(state: OpenAIState, call: Call) -> Answer:
    form = cast(Form, call.body)
    file = form.files.get("file")
    purpose = form.one("purpose")
    if purpose is None:
        raise _in_full(checks.missing("purpose"))
    if purpose not in UPLOAD_PURPOSES:
        message = f"'{purpose}' is not one of [{', '.join(map(repr, UPLOAD_PURPOSES))}] - 'purpose'"
        raise _refusal(400, message, param="purpose")
    if file is None:
        raise _in_full(checks.missing("file"))
    if not file.data:
        raise _refusal(400, "File is empty.", param="file")
    if len(file.data) > LARGEST_FILE:
        raise _refusal(413, f"File is too large: the limit is {LARGEST_FILE} bytes.", param="file")
    _check_name(file.filename, purpose)
    processing = call.durations.get("files.processing", 0.0)
    stored = state.files.add(file.filename, purpose, file.data, _seconds(call), _expiry(form), processing)
    return Answer(200, shown(stored, _seconds(call)))


def list_files(state: OpenAIState, call: Call) -> Answer:
    limit = _limit(call.one("limit"))
    order = call.one("order") or "desc"
    if order not in ("asc", "desc"):
        raise checks.invalid_value(order, ("asc", "desc"), "order")
    after, shelf = call.one("after"), _shelf(state, call)
    if after is not None and shelf.get(after, _seconds(call)) is None:
        raise _not_found(after, param="after")
    files, more = shelf.page(
        _seconds(call), limit, newest_first=order == "desc", after=after, purpose=call.one("purpose")
    )
    page = {
        "object": "list",
        "data": [shown(file, _seconds(call)) for file in files],
        "has_more": more,
        "first_id": files[0].id if files else None,
        "last_id": files[-1].id if files else None,
    }
    return Answer(200, page)


def get(state: OpenAIState, call: Call) -> Answer:
    return Answer(200, shown(_existing(state, call), _seconds(call)))


def content(state: OpenAIState, call: Call) -> Answer:
    file = _existing(state, call)
    if file.purpose not in DOWNLOADABLE:
        raise _refusal(400, f"Not allowed to download files of purpose: {file.purpose}")
    headers = {"content-type": "application/octet-stream"}
    if file.made is not None:
        return Answer(200, None, headers, events=unhurried(file.made.lines(state)))
    return Answer(200, file.data, headers)


def delete(state: OpenAIState, call: Call) -> Answer:
    file_id = call.params["file_id"]
    if not _shelf(state, call).remove(file_id, _seconds(call)):
        raise _not_found(file_id)
    return Answer(200, {"object": "file", "id": file_id, "deleted": True})


def shown(file: StoredFile, now: int) -> dict[str, Any]:
    """The file object, with every key of a live answer."""
    return {
        "object": "file",
        "id": file.id,
        "purpose": file.purpose,
        "filename": file.name,
        "bytes": file.size,
        "created_at": file.created_at,
        "expires_at": file.expires_at,
        "status": "uploaded" if now < file.processed_at else "processed",
        "status_details": None,
    }


def _existing(state: OpenAIState, call: Call) -> StoredFile:
    file_id = call.params["file_id"]
    file = _shelf(state, call).get(file_id, _seconds(call))
    if file is None:
        raise _not_found(file_id)
    return file


def _shelf(state: OpenAIState, call: Call) -> FileShelf:
    """The files, with those that batches have left since somebody looked last."""
    settle(state, call.now.timestamp())
    return state.files


def _seconds(call: Call) -> int:
    return int(call.now.timestamp())


def _limit(given: str | None) -> int:
    if given is None:
        return PAGE[1]
    try:
        limit = int(given)
    except ValueError:
        message = "Invalid type for 'limit': expected an integer, but got a string instead."
        raise refusal(400, message, param="limit", code="invalid_type") from None
    checks.in_range(limit, *PAGE, "limit")
    return limit


def _expiry(form: Form) -> int | None:
    anchor, seconds = form.one("expires_after[anchor]"), form.one("expires_after[seconds]")
    if anchor is None and seconds is None:
        return None
    if anchor is None:
        raise _in_full(checks.missing("expires_after.anchor"))
    if anchor != "created_at":
        raise _in_full(checks.invalid_value(anchor, ("created_at",), "expires_after.anchor"))
    if seconds is None:
        raise _in_full(checks.missing("expires_after.seconds"))
    try:
        lifetime = int(seconds)
    except ValueError:
        message = "Invalid type for 'expires_after.seconds': expected an integer, but got a string instead."
        raise _refusal(400, message, param="expires_after.seconds", code="invalid_type") from None
    try:
        checks.in_range(lifetime, *EXPIRY_SECONDS, "expires_after.seconds")
    except Refusal as refused:
        raise _in_full(refused) from None
    return lifetime


def _check_name(name: str, purpose: str) -> None:
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    if purpose == "fine-tune" and ending not in ("jsonl", ""):
        raise _refusal(400, "Invalid file format for Fine-Tuning API. Must be .jsonl")
    if purpose == "batch" and ending not in ("jsonl", "json", ""):
        raise _refusal(400, "Invalid file format for Batch API. Must be .jsonl")


def _not_found(file_id: str, param: str = "id") -> Refusal:
    return _refusal(404, f"No such File object: {file_id}", param=param)


def _refusal(status: int, message: str, *, param: str | None = None, code: str | None = None) -> Refusal:
    return _in_full(Refusal(Answer(status, envelope(message, param=param, code=code))))


def _in_full(refused: Refusal) -> Refusal:
    """Errors of the files endpoints say it twice: beside `error` stands `detail` (recordings: files, 2026-05)."""
    error = refused.answer.body["error"]
    refused.answer.body["detail"] = {"message": error["message"], "code": error["code"]}
    return refused


ROUTES = (
    Route("POST", "/v1/files", "files.upload", upload, "form", max_bytes=LARGEST_FILE + MEBIBYTE),
    Route("GET", "/v1/files", "files.list", list_files),
    Route("GET", "/v1/files/{file_id}", "files.get", get),
    Route("GET", "/v1/files/{file_id}/content", "files.content", content),
    Route("DELETE", "/v1/files/{file_id}", "files.delete", delete),
)
