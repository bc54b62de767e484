"""Training files and the jobs that learn from them, made over HTTP at the simulated OpenAI."""

from __future__ import annotations

import json
from typing import Any

import httpx

from tests.simulator.account import Account

MODEL = "gpt-4o-mini"
SNAPSHOT = "gpt-4o-mini-2024-07-18"
QUEUED, RUNNING, DONE = 30, 90, 600
"""Seconds after which a job of usual length is queued, runs, and has ended for certain."""
_ANIMALS = ("cat", "cow", "dog", "duck", "frog", "goat", "horse", "lion", "mouse", "owl", "pig", "sheep")


def question(number: int) -> str:
    return f"Which sound does the {_ANIMALS[number % 12]} number {number} make?"


def answer(number: int) -> str:
    return f"The {_ANIMALS[number % 12]} says {number} times nothing, dear."


def example(number: int) -> dict[str, Any]:
    """A conversation in the `messages` form."""
    said = [("system", "You are a farmer."), ("user", question(number)), ("assistant", answer(number))]
    return {"messages": [{"role": role, "content": text} for role, text in said]}


def preference(number: int) -> dict[str, Any]:
    """An example of what is preferred, and what is not."""
    return {
        "input": {"messages": [{"role": "user", "content": question(number)}]},
        "preferred_output": [{"role": "assistant", "content": answer(number)}],
        "non_preferred_output": [{"role": "assistant", "content": "No idea."}],
    }


def graded(number: int) -> dict[str, Any]:
    """An example that a grader judges by its field `sound`."""
    return {"messages": [{"role": "user", "content": question(number)}], "sound": answer(number)}


def lines(*examples: Any) -> bytes:
    """A file of these examples, one a line; bytes are taken as they are."""
    return b"".join((one if isinstance(one, bytes) else json.dumps(one).encode()) + b"\n" for one in examples)


TWELVE = lines(*map(example, range(12)))


def stored(http: httpx.Client, data: bytes = TWELVE, purpose: str = "fine-tune") -> str:
    """The id of a file with these bytes."""
    sent = http.post("/v1/files", files={"file": ("training.jsonl", data)}, data={"purpose": purpose})
    return str(sent.raise_for_status().json()["id"])


def create(http: httpx.Client, **options: Any) -> httpx.Response:
    """The answer to a job's creation, on twelve good examples unless `training_file` names others."""
    if "training_file" not in options:
        options["training_file"] = stored(http)
    return http.post("/v1/fine_tuning/jobs", json={"model": MODEL, **options})


def created(http: httpx.Client, **options: Any) -> dict[str, Any]:
    """A new job."""
    made: dict[str, Any] = create(http, **options).raise_for_status().json()
    return made


def job(http: httpx.Client, job_id: str, of: str = "", **query: Any) -> dict[str, Any]:
    """A job as it is by now; or its `/events`, its `/checkpoints`."""
    shown: dict[str, Any] = http.get(f"/v1/fine_tuning/jobs/{job_id}{of}", params=query).raise_for_status().json()
    return shown


def finished(tenant: Account, http: httpx.Client, **options: Any) -> dict[str, Any]:
    """A job that has ended."""
    made = created(http, **options)
    tenant.advance(DONE)
    return job(http, made["id"])


def failed(tenant: Account, http: httpx.Client, data: bytes, **options: Any) -> dict[str, Any]:
    """The error of a job that was accepted and then failed over its training file."""
    made = created(http, training_file=stored(http, data), **options)
    tenant.advance(QUEUED)
    shown = job(http, made["id"])
    assert shown["status"] == "failed", shown
    error: dict[str, Any] = shown["error"]
    return error


def error(response: httpx.Response, status: int) -> dict[str, Any]:
    """The error of a refusal."""
    assert response.status_code == status, response.text
    refused: dict[str, Any] = response.json()["error"]
    assert set(refused) == {"message", "type", "param", "code"}
    return refused
