"""What must stand at the simulator before a recorded request makes sense, and how the request comes to name it.

A family lists such functions as its `prepare`. Each gets the empty account, the recording and the request as it would be
sent; it puts in place what the request refers to, and returns the request that names ours instead of the recorder's:

    def cached(account, one, request):
        made = account.send("Gemini", Request("POST", "/v1beta/cachedContents", "", content=...)).json()
        return renamed(request, {"cachedContents/recorded": made["name"]})

`session_of` finds what the recorder did before in the same session: there stands, as a rule, how the thing was made.
A refusal keeps the name that it was refused for, so nothing is put in place for a request whose thing was missing.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from typing import Any

from tests.fidelity.account import Account, json_of
from tests.fidelity.recordings import Recorded, session_of
from tests.fidelity.requests import Request, form_of, text_of_size

Prepare = Callable[[Account, Recorded, Request], Request]


def renamed(request: Request, names: dict[str, str]) -> Request:
    """The request with our name in the place of each recorded one: in its path, its query and its body."""

    def ours(text: str) -> str:
        for recorded, made in names.items():
            text = text.replace(recorded, made)
        return text

    content = request.content and ours(request.content.decode()).encode()
    return dataclasses.replace(request, path=ours(request.path), query=ours(request.query), content=content)


def file(account: Account, one: Recorded, request: Request) -> Request:
    """The file that the path names, like the recorded one as far as the recordings tell."""
    found = re.search(r"/files/([^/:?]+)", one.path)
    if found is None or one.status in (403, 404):
        return request
    if one.path.endswith("/content") and not one.refused:
        made = _with_content(account, one)
    else:
        made = store(account, one.provider, _as_recorded(one, found[1]))
    return renamed(request, {found[1]: made.removeprefix("files/")})


def _with_content(account: Account, one: Recorded) -> str:
    """A file that holds what was recorded as a file's content; the bytes come back unchanged, or they differ."""
    content = one.body if isinstance(one.body, str) else json.dumps(one.body)
    form = form_of(one.provider, {"filename": "content.jsonl", "purpose": "batch"})
    form[0] = ("file", ("content.jsonl", content.encode(), "application/octet-stream"))
    return str(json_of(account.send(one.provider, Request("POST", "/v1/files", "", form=form)))["id"])


def _as_recorded(one: Recorded, file_id: str) -> dict[str, Any]:
    """What the provider said of a file in this session; for one that the recordings only name, a plain text file."""
    for other in session_of(one):
        answer = other.body if isinstance(other.body, dict) else {}
        known = answer.get("file", answer)
        if file_id in (known.get("id"), str(known.get("name")).removeprefix("files/")) and len(known) > 3:
            return dict(known)
    return {"mime_type": "text/plain"}


def listed(*, key: str) -> Prepare:
    """The files that the recorded list shows below `key`, made in the order in which they were."""

    def prepare(account: Account, one: Recorded, request: Request) -> Request:
        made_at = "createTime" if one.provider == "Gemini" else "created_at"
        for known in sorted(one.body[key], key=lambda item: item[made_at]):
            store(account, one.provider, known)
        return request

    return prepare


def store(account: Account, provider: str, like: dict[str, Any]) -> str:
    """A file like a recorded one; the name that the simulator gives it. Output of the provider's own is made as input."""
    if provider == "Gemini":
        size = int(like.get("sizeBytes", 40))
        about: dict[str, str] = {name: str(like[name]) for name in ("displayName", "mimeType") if name in like}
        return str(json_of(account.send(provider, second_half(account, about, size)))["file"]["name"])
    if provider == "OpenAI" and like.get("purpose") not in (None, *_PURPOSES):
        like = {**like, "purpose": "user_data"}
    return str(json_of(account.send(provider, Request("POST", "/v1/files", "", form=form_of(provider, like))))["id"])


_PURPOSES = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")


def begun_upload(account: Account, one: Recorded, request: Request) -> Request:
    """For the second half of a resumable upload, the first: its address is not in the recording."""
    if "upload_protocol" not in one.query:
        return request
    about = {name: str(one.body["file"][name]) for name in ("displayName", "mimeType")}
    return dataclasses.replace(
        second_half(account, about, 0), content=request.content, headers=FINALIZE | request.headers
    )


FINALIZE = {"x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0"}


def second_half(account: Account, about: dict[str, str], size: int) -> Request:
    """Begins an upload to Gemini; the request that ends it."""
    start = Request("POST", "/upload/v1beta/files", "", content=json.dumps({"file": about}).encode())
    start.headers = {
        "content-type": "application/json",
        "x-goog-upload-protocol": "resumable",
        "x-goog-upload-command": "start",
        "x-goog-upload-header-content-type": about.get("mimeType", "text/plain"),
    }
    path, _, query = answered_address(account, start).partition("?")
    return Request("POST", path, query, dict(FINALIZE), text_of_size(size))


def answered_address(account: Account, start: Request) -> str:
    answer = account.send("Gemini", start).raise_for_status()
    return re.sub(r"^https?://[^/]+", "", answer.headers["x-goog-upload-url"])
