"""The batches that a recorded request names: made, and brought to where the recorder's were, on the tenant's own clock."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.fidelity.account import Account, json_of
from tests.fidelity.recordings import Recorded
from tests.fidelity.requests import Request
from tests.fidelity.standing import renamed

# Seconds after its creation at which a batch is in a state, on our usual durations.
_OPENAI = {"validating": 0, "in_progress": 10, "finalizing": 67, "completed": 80, "cancelling": 0, "cancelled": 0}
_DONE = 80.0
_ARCHIVED = 29 * 86_400.0


def input_file(account: Account, one: Recorded, request: Request) -> Request:
    """The input file that a new batch is made from."""
    recorded = one.request_body["input_file_id"]
    return renamed(request, {recorded: _input(account, one.request_body["endpoint"])})


def openai_batch(account: Account, one: Recorded, request: Request) -> Request:
    """The batch that the path names, in the recorded state."""
    found = re.search(r"/batches/([^/]+)", one.path)
    if found is None or one.refused:
        return request
    if one.method == "POST":  # a cancellation: recorded while the batch was validated
        made = _made(account, one.body, _input(account, one.body["endpoint"]))
    else:
        made = _in_state(account, one.body, _input(account, one.body["endpoint"]))
        _advance(account, _OPENAI[one.body["status"]])
    return renamed(request, {found[1]: made})


def openai_batches(account: Account, one: Recorded, request: Request) -> Request:
    """The batches of a recorded page, and one more where the page begins after another or is not the last."""
    input_id = _input(account, "/v1/chat/completions")
    if one.body["has_more"]:
        _in_state(account, one.body["data"][0], input_id)
    ended = ("completed", "cancelled")
    ordered = sorted(one.body["data"], key=lambda batch: batch["status"] not in ended)
    came_to_an_end = False
    for known in ordered:
        if not came_to_an_end and known["status"] not in ended:
            _advance(account, _DONE)
            came_to_an_end = True
        _in_state(account, known, input_id)
    _advance(account, 0 if {known["status"] for known in ordered} & {"validating", "cancelling"} else 10)
    if not came_to_an_end:
        _advance(account, _DONE)
    after = re.search(r"after=(\w+)", one.query)
    return renamed(request, {after[1]: _made(account, {}, input_id)}) if after else request


def anthropic_batch(account: Account, one: Recorded, request: Request) -> Request:
    """The message batch that the path names: at work, or ended where only one that has ended is answered so."""
    found = re.search(r"/batches/([^/]+)", one.path)
    if found is None:
        return request
    made = _message_batch(account, errors=False)
    if not one.refused and (one.method == "DELETE" or one.path.endswith("/results")):
        _advance(account, _DONE)
    return renamed(request, {found[1]: made})


def anthropic_batches(account: Account, one: Recorded, request: Request) -> Request:
    """The message batches of a recorded page."""
    waits = {True: _ARCHIVED, False: _DONE}
    for archived in (True, False):
        for known in reversed(one.body["data"]):
            if known["processing_status"] == "ended" and bool(known["archived_at"]) is archived:
                _message_batch(account, errors=bool(known["request_counts"]["errored"]))
        _advance(account, waits[archived])
    for known in one.body["data"]:
        if known["processing_status"] == "in_progress":
            _message_batch(account, errors=False)
    return request


def _in_state(account: Account, like: dict[str, Any], input_id: str) -> str:
    made = _made(account, like, input_id)
    if like["status"] in ("cancelled", "cancelling"):
        if like["in_progress_at"] is not None:
            _advance(account, 10)
        json_of(account.send("OpenAI", Request("POST", f"/v1/batches/{made}/cancel", "")))
    return made


def _made(account: Account, like: dict[str, Any], input_id: str) -> str:
    body = {"input_file_id": input_id, "endpoint": "/v1/chat/completions", "completion_window": "24h"}
    if like.get("metadata"):
        body["metadata"] = like["metadata"]
    return str(json_of(account.send("OpenAI", _post("/v1/batches", body)))["id"])


def _input(account: Account, endpoint: str) -> str:
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]}
    line = json.dumps({"custom_id": "first", "method": "POST", "url": endpoint, "body": body})
    form = [("purpose", (None, b"batch")), ("file", ("input.jsonl", line.encode(), "application/octet-stream"))]
    return str(json_of(account.send("OpenAI", Request("POST", "/v1/files", "", form=form)))["id"])


def _message_batch(account: Account, *, errors: bool) -> str:
    params = {"model": "claude-haiku-4-5-20251001", "messages": [{"role": "user", "content": "Say hello."}]}
    requests = [{"custom_id": "TODO", "params": params if errors else {**params, "max_tokens": 64}}]
    return str(json_of(account.send("Anthropic", _post("/v1/messages/batches", {"requests": requests})))["id"])


def _post(path: str, body: Any) -> Request:
    return Request("POST", path, "", {"content-type": "application/json"}, json.dumps(body).encode())


def _advance(account: Account, seconds: float) -> None:
    account.http.post(f"/_simulator/tenants/{account.id}/clock", json={"advance": seconds}).raise_for_status()
