"""What must stand at the simulator before recorded requests to OpenAI's responses and conversations make sense."""

from __future__ import annotations

import json
import re
from graphlib import TopologicalSorter
from itertools import pairwise
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
_INDEXED, _QUEUED, _ENDED = 10.0, 1.05, 600.0
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
    kinds = {item["type"] for item in like.get("output", ())}
    if "function_call" in kinds:
        wanted["tool_choice"] = "required"
    if "reasoning" not in kinds and (like.get("reasoning") or {}).get("effort"):
        wanted["reasoning"] = {"effort": "none"}
    known = _ordered(one, named[0])
    items = _sent(one, known)
    made = _respond(account, {"model": like.get("model", "gpt-4o-mini"), "input": items or "Hello", **wanted})
    status = one.body.get("status") if isinstance(one.body, dict) else None
    if one.path.endswith("/cancel") or status == "in_progress":
        _advance(account, _QUEUED)
    elif status != "queued" and wanted.get("background"):
        _advance(account, _ENDED)
    return renamed(request, {named[0]: made, **_cursor(account, one, made, known, len(items))})


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


def _ordered(one: Recorded, response_id: str) -> dict[str, dict[str, Any]]:
    """What all recorded pages of this list show by id, the oldest first; of what only a cursor names, nothing."""
    known: dict[str, dict[str, Any]] = {}
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for other in session_of(one):
        if not other.path.endswith(f"{response_id}/input_items"):
            continue
        known |= {item["id"]: item for item in other.body["data"]}
        page = [*parse_qs(other.query).get("after", ()), *(item["id"] for item in other.body["data"])]
        for item_id in page:
            sorter.add(item_id)
        for older, newer in pairwise(page if "order=asc" in other.query else page[::-1]):
            sorter.add(newer, older)
    return {item_id: known.get(item_id, {}) for item_id in sorter.static_order()}


def _sent(one: Recorded, known: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The items as one sends them, with one beside them where the recorded page ends before the list does."""
    items = [_sendable(item) for item in known.values()]
    if one.path.endswith("/input_items") and one.body["has_more"]:
        last = one.body["data"][-1]["id"]
        if "order=asc" in one.query and last == list(known)[-1]:
            items.append(_sendable({}))
        elif "order=asc" not in one.query and last == next(iter(known)):
            items.insert(0, _sendable({}))
    return items


def _sendable(item: dict[str, Any]) -> dict[str, Any]:
    """A shown item as one sends it: a file and a picture have their content again."""
    sent = {key: value for key, value in item.items() if key != "id"} or {"role": "user", "content": "Hello"}
    if isinstance(sent.get("content"), list):
        sent["content"] = [{**part, **_CONTENT.get(part["type"], {})} for part in sent["content"]]
    return sent


_CONTENT = {
    "input_file": {"file_data": "data:text/plain;base64,UGl6emEu"},
    "input_image": {"image_url": "data:image/png;base64,iVBORw0KGgo="},
}


def _cursor(account: Account, one: Recorded, response_id: str, known: dict[str, Any], sent: int) -> dict[str, str]:
    """Our item for the one after which the recorded page begins."""
    query = parse_qs(one.query)
    if "after" not in query:
        return {}
    path = f"/v1/responses/{response_id}/input_items"
    ours = json_of(account.send("OpenAI", Request("GET", path, "limit=100&order=asc")))["data"]
    before = sent - len(known) if "order=asc" not in one.query else 0
    return {query["after"][0]: ours[before + list(known).index(query["after"][0])]["id"]}


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
