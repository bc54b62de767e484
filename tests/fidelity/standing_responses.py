"""What must stand at the simulator before recorded requests to OpenAI's responses and conversations make sense."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs

from tests.fidelity.account import Account, json_of
from tests.fidelity.recordings import Recorded, session_of
from tests.fidelity.requests import Request, form_of
from tests.fidelity.standing import renamed

_STORE = re.compile(r"vs_\w+")
_RESPONSE = re.compile(r"resp_\w+")
_CONVERSATION = re.compile(r"conv_\w+")
_ITEM = re.compile(r"(?:msg|fc)_\w+")
_INDEXED, _QUEUED, _ENDED = 10.0, 1.5, 600.0
"""Seconds after which a document is indexed, a response is under way, and it has ended."""


def stores(account: Account, one: Recorded, request: Request) -> Request:
    """The vector stores that the request searches, each with a text that answers what is asked."""
    asked = one.request_body.get("tools") if isinstance(one.request_body, dict) else None
    named = dict.fromkeys(_STORE.findall(json.dumps(asked)))
    if not named or one.refused:
        return request
    answers = "Logfire is made by Pydantic.\nTravis's favorite food is pizza.\n"
    form = form_of("OpenAI", {"purpose": "assistants", "filename": "test.txt"})
    form[0] = ("file", ("test.txt", answers.encode(), "text/plain"))
    file_id = json_of(account.send("OpenAI", Request("POST", "/v1/files", "", form=form)))["id"]
    made = {store: str(_post(account, "/v1/vector_stores", {"file_ids": [file_id]})["id"]) for store in named}
    _advance(account, _INDEXED)
    return renamed(request, made)


def previous(account: Account, one: Recorded, request: Request) -> Request:
    """The response that the request goes on with, as long as what was said in it by then."""
    named = (one.request_body or {}).get("previous_response_id")
    if named is None:
        return request
    said = [part["text"] for item in one.body["output"] for part in item.get("content", ())]
    made = _respond(account, {"model": "gpt-4.1", "input": [{"role": "user", "content": text} for text in said]})
    return renamed(request, {named: made})


def response(account: Account, one: Recorded, request: Request) -> Request:
    """The response that the path names, as the recordings tell of it, in the state in which it was."""
    named = _RESPONSE.search(one.path)
    if named is None or one.refused:
        return request
    like = _as_recorded(one, named[0])
    wanted = {key: like[key] for key in ("background", "instructions", "tools", "store") if like.get(key)}
    items = _items_of(one, named[0])
    made = _respond(account, {"model": like.get("model", "gpt-4o-mini"), "input": items or "Hello", **wanted})
    status = one.body.get("status") if isinstance(one.body, dict) else None
    if one.path.endswith("/cancel") or like.get("status") == "in_progress" == status:
        _advance(account, _QUEUED)
    else:
        _advance(account, _ENDED if wanted.get("background") else 0)
    return renamed(request, {named[0]: made, **_cursor(account, one, made)})


def _as_recorded(one: Recorded, response_id: str) -> dict[str, Any]:
    """What the recordings of this session show of a response, first of all this one."""
    for other in (one, *session_of(one)):
        bodies = [other.body] if isinstance(other.body, dict) else _told(other.body)
        for body in bodies:
            if body.get("id") == response_id and "model" in body:
                return dict(body)
    return {}


def _told(stream: Any) -> list[dict[str, Any]]:
    lines = re.findall(r"^data: (\{.*\})$", stream, re.MULTILINE) if isinstance(stream, str) else []
    return [event["response"] for event in map(json.loads, lines) if "response" in event]


def _items_of(one: Recorded, response_id: str) -> list[dict[str, Any]]:
    """What was put in, the oldest first, as far as the recorded pages of this list show it."""
    found: dict[str, dict[str, Any]] = {}
    for other in (one, *session_of(one)):
        if not other.path.endswith(f"{response_id}/input_items") or other.refused:
            continue
        page = other.body["data"]
        for item in page if parse_qs(other.query).get("order") == ["asc"] else page[::-1]:
            found.setdefault(item["id"], {key: value for key, value in item.items() if key != "id"})
    newest_first = not found or all(
        parse_qs(other.query).get("order") != ["asc"]
        for other in session_of(one)
        if other.path.endswith(f"{response_id}/input_items")
    )
    items = list(found.values())
    pages = [other for other in session_of(one) if other.path.endswith(f"{response_id}/input_items")]
    if newest_first and len(pages) > 1:  # the second page holds the older ones
        items = [
            {key: value for key, value in item.items() if key != "id"}
            for item in _in_order([item for other in pages for item in other.body["data"]])
        ]
    more = isinstance(one.body, dict) and one.body.get("has_more") and len(items) == len(one.body.get("data", ()))
    if more:
        spare = {"role": "user", "content": "One more"}
        items = [*items, spare] if "asc" in one.query else [spare, *items]
    return [_sendable(item) for item in items]


def _in_order(newest_first: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({item["id"]: item for item in newest_first}.values())[::-1]


def _sendable(item: dict[str, Any]) -> dict[str, Any]:
    """A shown item as one sends it: a file and a picture have their content again."""
    for part in item.get("content") or ():
        if part["type"] == "input_file":
            part["file_data"] = "data:text/plain;base64,UGl6emEu"
            part.pop("file_id", None)
        elif part["type"] == "input_image":
            part["image_url"] = "data:image/png;base64,iVBORw0KGgo="
            part.pop("file_id", None)
    return item


def _cursor(account: Account, one: Recorded, response_id: str) -> dict[str, str]:
    """Our item for the one after which the recorded page begins."""
    query = parse_qs(one.query)
    if "after" not in query:
        return {}
    order = query.get("order", ["desc"])[0]
    page = json_of(
        account.send("OpenAI", Request("GET", f"/v1/responses/{response_id}/input_items", f"limit=100&order={order}"))
    )
    ours = [item["id"] for item in page["data"]]
    return {query["after"][0]: ours[-1 - len(one.body["data"]) - bool(one.body["has_more"])]}


def conversation(account: Account, one: Recorded, request: Request) -> Request:
    """The conversation that the path names, with the items that the recorded list shows."""
    named = _CONVERSATION.search(one.path)
    if named is None or one.refused:
        return request
    shown = one.body.get("data", ()) if one.method == "GET" else ()
    if one.method == "GET" and _ITEM.search(one.path):
        shown = [one.body]
    items = [{key: value for key, value in item.items() if key != "id"} for item in reversed(shown)]
    like = {"metadata": one.body["metadata"]} if one.method == "GET" and "metadata" in one.body else {}
    made = _post(account, "/v1/conversations", {**like, **({"items": items} if items else {})})["id"]
    names = {named[0]: str(made)}
    if (item := _ITEM.search(one.path)) is not None:
        page = json_of(account.send("OpenAI", Request("GET", f"/v1/conversations/{made}/items", "")))
        names[item[0]] = page["data"][0]["id"]
    return renamed(request, names)


def _respond(account: Account, body: dict[str, Any]) -> str:
    return str(_post(account, "/v1/responses", body)["id"])


def _post(account: Account, path: str, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"content-type": "application/json"}
    made: dict[str, Any] = json_of(
        account.send("OpenAI", Request("POST", path, "", headers, json.dumps(body).encode()))
    )
    return made


def _advance(account: Account, seconds: float) -> None:
    account.http.post(f"/_simulator/tenants/{account.id}/clock", json={"advance": seconds}).raise_for_status()
