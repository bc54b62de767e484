"""What must stand at the simulator before recorded requests to Gemini's File Search stores make sense."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

from tests.fidelity import streams
from tests.fidelity.account import Account, json_of
from tests.fidelity.exchanges import is_stream
from tests.fidelity.recordings import Recorded, session_of
from tests.fidelity.requests import Request, text_of_size
from tests.fidelity.standing import FINALIZE, answered_address, renamed

_STORE = re.compile(r"/fileSearchStores/([^/:?]+)")
_DOCUMENT = re.compile(r"/documents/([^/:?]+)")
_INDEXED = 60
"""Seconds after which every document can be found."""


def stores(account: Account, one: Recorded, request: Request) -> Request:
    """The store that the path names, or those that the recorded list shows, with as many documents of as many bytes."""
    if one.status in (403, 404):
        return request
    named = _STORE.search(one.path)
    listed = one.body["fileSearchStores"] if named is None else [_as_recorded(one, named[1])]
    for like in listed:
        made = _store(account, like)
        if int(like.get("activeDocumentsCount", 0)):
            _document(account, made, {"sizeBytes": like.get("sizeBytes", 40)})
        if named is not None:
            request = renamed(request, {named[1]: made})
    _pass(account)
    return request


def documents(account: Account, one: Recorded, request: Request) -> Request:
    """A store with the document that the path names, or with those that the recorded list shows."""
    store, named = _STORE.search(one.path), _DOCUMENT.search(one.path)
    assert store is not None
    made = _store(account, {})
    request = renamed(request, {store[1]: made})
    for like in one.body["documents"] if named is None else [{}]:
        document = _document(account, made, like)
        if named is not None:
            request = renamed(request, {named[1]: document})
    _pass(account)
    return request


def searched(account: Account, one: Recorded, request: Request) -> Request:
    """The stores that a question names, each with the passages that the recorded answer shows of it."""
    body = json.dumps(one.request_body)
    names = dict.fromkeys(re.findall(r"fileSearchStores/([a-z0-9-]+)", body))
    if not names or one.status in (403, 404):
        return request
    shown = [chunk["retrievedContext"] for chunk in _chunks_of(one)]
    for name in names:
        made = _store(account, {})
        for context in shown:
            if context.get("fileSearchStore") == f"fileSearchStores/{name}":
                like = {"displayName": context.get("title"), "customMetadata": context.get("customMetadata")}
                _document(account, made, {key: value for key, value in like.items() if value}, context["text"])
        request = renamed(request, {name: made})
    _pass(account)
    return request


def _chunks_of(one: Recorded) -> list[dict[str, Any]]:
    """What an answer is grounded on; of a stream, what its last chunk says of that."""
    if isinstance(one.body, str):
        bodies = [event.data for event in streams.read(one.body).events] if is_stream(one.body) else []
    else:
        bodies = [one.body]
    for body in reversed(bodies):
        for candidate in body.get("candidates", ()):
            if chunks := candidate.get("groundingMetadata", {}).get("groundingChunks"):
                return [chunk for chunk in chunks if "retrievedContext" in chunk]
    return []


def begun_upload(account: Account, one: Recorded, request: Request) -> Request:
    """The store that is uploaded to; for the second half of an upload, the first, as it was in the same session."""
    store = _STORE.search(one.path)
    assert store is not None
    made = _store(account, {})
    if "upload_protocol" not in one.query:
        return renamed(request, {store[1]: made})
    about = next(
        other.request_body
        for other in session_of(one)
        if other.family == one.family and isinstance(other.request_body, dict)
    )
    second = _second_half(account, made, about, "text/plain")
    return dataclasses.replace(second, method=request.method, content=request.content)


def _as_recorded(one: Recorded, store_id: str) -> dict[str, Any]:
    """What the provider said of a store in this answer, else nothing, but for a refusal to delete what is not empty."""
    if one.refused and one.method == "DELETE":
        return {"activeDocumentsCount": "1"}
    return one.body if str(one.body.get("name", "")).endswith(store_id) else {}


def _store(account: Account, like: dict[str, Any]) -> str:
    """A store like a recorded one; its id."""
    about = {name: like[name] for name in ("displayName", "embeddingModel") if name in like}
    create = Request("POST", "/v1beta/fileSearchStores", "", content=json.dumps(about).encode())
    return str(json_of(account.send("Gemini", create))["name"]).removeprefix("fileSearchStores/")


def _document(account: Account, store: str, like: dict[str, Any], text: str = "") -> str:
    """A document like a recorded one, of the text or of as many bytes; its id."""
    about = {name: like[name] for name in ("displayName", "mimeType", "customMetadata") if name in like}
    upload = _second_half(account, store, about, "text/plain")
    upload.content = text.encode() or text_of_size(int(like.get("sizeBytes", 40)))
    return str(json_of(account.send("Gemini", upload))["response"]["documentName"]).rpartition("/")[2]


def _second_half(account: Account, store: str, about: dict[str, Any], mime_type: str) -> Request:
    path = f"/upload/v1beta/fileSearchStores/{store}:uploadToFileSearchStore"
    start = Request("POST", path, "", content=json.dumps(about).encode())
    start.headers = {
        "content-type": "application/json",
        "x-goog-upload-protocol": "resumable",
        "x-goog-upload-command": "start",
        "x-goog-upload-header-content-type": mime_type,
    }
    path, _, query = answered_address(account, start).partition("?")
    return Request("POST", path, query, dict(FINALIZE))


def _pass(account: Account) -> None:
    account.http.post(f"/_simulator/tenants/{account.id}/clock", json={"advance": _INDEXED}).raise_for_status()
