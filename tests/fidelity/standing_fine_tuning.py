"""What fine-tuning requests refer to: files to learn from, jobs in the recorded state, tuned models."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import Any

from tests.fidelity.account import Account, json_of
from tests.fidelity.recordings import Recorded
from tests.fidelity.requests import Request
from tests.fidelity.standing import renamed

JOBS = "/v1/fine_tuning/jobs"
_VALIDATED, _DONE = 30, 600
"""Seconds after which a job's files have been read, and after which it has ended."""
_EXAMPLE = {"messages": [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Hello!"}]}
_TEN = "".join(f"{json.dumps(_EXAMPLE)}\n" for _ in range(10)).encode()


def files(account: Account, one: Recorded, request: Request) -> Request:
    """The files that the body names by an id; what is no id stays."""
    named = re.findall(r"file-\w+", json.dumps(one.request_body))
    return renamed(request, {name: _file(account) for name in named})


def job(account: Account, one: Recorded, request: Request) -> Request:
    """The job that the path names: like the one that is answered, and ended where checkpoints are asked for."""
    named = re.findall(r"ftjob-\w+", one.path)
    if one.path.endswith("/checkpoints"):
        steps = [checkpoint["step_number"] for checkpoint in one.body["data"]]
        made = _job(account, {"hyperparameters": {"n_epochs": max(steps) // 10, "batch_size": 1}})
        _advance(account, _DONE)
    else:
        made = _job(account, one.body if one.body["object"] == "fine_tuning.job" else {})
    return renamed(request, dict.fromkeys(named, made))


def jobs(account: Account, one: Recorded, request: Request) -> Request:
    """The jobs of a recorded page, each in its state; one before them and one after them where the page tells of such."""
    listed = list(reversed(one.body["data"]))
    if one.body["has_more"]:
        _job(account, {})
    for known in listed:
        made = _job(account, known)
        if known["status"] == "cancelled":
            json_of(account.send("OpenAI", Request("POST", f"{JOBS}/{made}/cancel", "")))
        elif known["status"] == "failed":
            _fail(account, made)
    cursor = re.search(r"ftjob-\w+", one.query)
    return renamed(request, {cursor[0]: _job(account, {})}) if cursor else request


def tuned_model(account: Account, one: Recorded, request: Request) -> Request:
    """The tuned model that the path names, unless it was missing."""
    if one.refused:
        return request
    made = _job(account, {})
    _advance(account, _DONE)
    name = json_of(account.send("OpenAI", Request("GET", f"{JOBS}/{made}", "")))["fine_tuned_model"]
    return dataclasses.replace(request, path=f"/v1/models/{name}")


def _job(account: Account, like: dict[str, Any]) -> str:
    """A job like a recorded one, on files of its own."""
    asked = {
        "model": like.get("model", "gpt-3.5-turbo"),
        "training_file": _file(account),
        "validation_file": _file(account) if like.get("validation_file") else None,
        "suffix": like.get("user_provided_suffix"),
        "seed": like.get("seed"),
        "hyperparameters": like.get("hyperparameters"),
    }
    return str(json_of(account.send("OpenAI", Request("POST", JOBS, "", content=json.dumps(asked).encode())))["id"])


def _fail(account: Account, made: str) -> None:
    """As recorded: the training file is deleted before it has been read."""
    file = json_of(account.send("OpenAI", Request("GET", f"{JOBS}/{made}", "")))["training_file"]
    json_of(account.send("OpenAI", Request("DELETE", f"/v1/files/{file}", "")))
    _advance(account, _VALIDATED)


def _file(account: Account) -> str:
    form = [("purpose", (None, "fine-tune")), ("file", ("training.jsonl", _TEN))]
    return str(json_of(account.send("OpenAI", Request("POST", "/v1/files", "", form=form)))["id"])


def _advance(account: Account, seconds: float) -> None:
    account.http.post(f"/_simulator/tenants/{account.id}/clock", json={"advance": seconds}).raise_for_status()
