"""What must stand at the simulator before recorded requests to OpenAI's vector stores make sense."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from graphlib import TopologicalSorter
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs

from tests.fidelity.account import Account, json_of
from tests.fidelity.recordings import Recorded, session_of
from tests.fidelity.requests import Request
from tests.fidelity.standing import renamed, store

_STORE = re.compile(r"/vector_stores/(vs_\w+)")
_BATCH = re.compile(r"/file_batches/(vsfb_\w+)")
_FILE = re.compile(r"file-\w{22,}")
_FIRST_DONE, _NEXT_DONE = 5.0, 0.5
"""Seconds that the first document takes, and each that waits behind it."""


def files(account: Account, one: Recorded, request: Request) -> Request:
    """The files that the request's body names."""
    return renamed(request, _stored(account, dict.fromkeys(_FILE.findall(json.dumps(one.request_body)))))


def stores(account: Account, one: Recorded, request: Request) -> Request:
    """The stores that the recorded list shows, made in the order in which they were; or the one that the path names."""
    if named := _STORE.search(one.path):
        return renamed(request, {named[1]: _created(account, {})})
    if one.body["has_more"]:
        _created(account, {})
    for known in reversed(one.body["data"]):
        like = {key: known[key] for key in ("name", "expires_after", "metadata") if known[key]}
        files = _stored(account, [f"{known['id']}/{number}" for number in range(known["file_counts"]["total"])])
        _created(account, {**like, "file_ids": list(files.values())})
    if any(known["file_counts"]["completed"] for known in one.body["data"]):
        _advance(account, 100)
    return request


def attached(account: Account, one: Recorded, request: Request) -> Request:
    """The files that the path or the recorded list shows in the store, as far done as they were there."""
    if one.method == "POST":
        return request
    in_store = _ordered(one) if one.method == "GET" else _FILE.findall(one.path)
    names = _stored(account, dict.fromkeys(in_store))
    cut = {item["id"]: {"chunking_strategy": item["chunking_strategy"]} for item in one.body.get("data", ())}
    for recorded, ours in names.items():
        path = f"{request.path.partition('/files')[0]}/files"
        _post(account, path, {"file_id": ours, **cut.get(recorded, {})})
    _let_work(account, one)
    return renamed(request, names)


def batch(account: Account, one: Recorded, request: Request) -> Request:
    """The batch that the path names, of the files that its list shows."""
    named = _BATCH.search(one.path)
    if named is None:
        return request
    names = _stored(account, dict.fromkeys(_ordered(one)))
    path = request.path.partition(f"/{named[1]}")[0]
    made = _post(account, path, {"file_ids": list(names.values())})
    _let_work(account, one)
    return renamed(request, {**names, named[1]: str(made["id"])})


def _ordered(one: Recorded) -> list[str]:
    """The files of all recorded pages of this list, the oldest first. Lists that ask otherwise may order equals otherwise."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for other in session_of(one):
        if (other.method, other.path, *_asked(other)) == (one.method, one.path, *_asked(one)) and not other.refused:
            for file_id in _page(other):
                sorter.add(file_id)
            for older, newer in pairwise(_page(other)):
                sorter.add(newer, older)
    return list(sorter.static_order())


def _asked(one: Recorded) -> list[Any]:
    query = parse_qs(one.query)
    return [query.get("order"), query.get("filter")]


def _page(one: Recorded) -> list[str]:
    """A page with the cursor that it follows or precedes, the oldest first."""
    query = parse_qs(one.query)
    page = [item["id"] for item in one.body["data"]]
    page = [*query.get("after", ()), *page, *query.get("before", ())]
    return page if query.get("order") == ["asc"] else page[::-1]


def _let_work(account: Account, one: Recorded) -> None:
    """Until so many files are done as the recording shows, all of them when it shows none at work."""
    shown = [item["status"] for item in one.body.get("data", ())]
    done = shown.count("completed") if "in_progress" in shown else 100
    if done:
        _advance(account, _FIRST_DONE + (done - 1) * _NEXT_DONE + 0.1)


def _advance(account: Account, seconds: float) -> None:
    account.http.post(f"/_simulator/tenants/{account.id}/clock", json={"advance": seconds}).raise_for_status()


def _stored(account: Account, recorded: Iterable[str]) -> dict[str, str]:
    """A text file for each recorded one: our names by theirs."""
    return {name: store(account, "OpenAI", {"purpose": "assistants", "bytes": 21}) for name in recorded}


def _created(account: Account, body: dict[str, Any]) -> str:
    return str(_post(account, "/v1/vector_stores", body)["id"])


def _post(account: Account, path: str, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"content-type": "application/json"}
    made: dict[str, Any] = json_of(
        account.send("OpenAI", Request("POST", path, "", headers, json.dumps(body).encode()))
    )
    return made
