"""The routes of OpenAI's batches (provider-facts 7.1; recordings: batches create, get, list, cancel).

Unverified, for want of a recording: all refusals; that a batch whose input is no file of that purpose is refused at once,
while one without a file fails later; that a second cancellation changes nothing; that the model's name is known only when a
batch runs (recorded: some seconds earlier), and the usage of a batch that did not complete.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from support.simulator.batching import MOST, Pace
from support.simulator.openai import checks, pages
from support.simulator.openai.batch_lines import MOST_REQUESTS
from support.simulator.openai.batch_results import ENDPOINTS, catch_up, settle
from support.simulator.openai.batches import CANCELLABLE, Batch, Stage, new_id
from support.simulator.openai.checks import Rule
from support.simulator.openai.errors import refusal
from support.simulator.openai.files import EXPIRY_SECONDS, FileShelf
from support.simulator.openai.state import OpenAIState
from support.simulator.openai.vector_store_requests import metadata
from support.simulator.wire import Answer, Call, Route

RULES = {
    "input_file_id": Rule("string"),
    "endpoint": Rule("string"),
    "completion_window": Rule("string"),
    "metadata": Rule("any"),
    "output_expires_after": Rule("object"),
}
_EXPIRY = {"anchor": Rule("string", values=("created_at",)), "seconds": Rule("integer", *EXPIRY_SECONDS)}
_MOMENTS = ("completed_at", "failed_at", "expired_at", "cancelling_at", "cancelled_at")


def create(state: OpenAIState, call: Call) -> Answer:
    body: dict[str, Any] = call.body
    checks.check(body, RULES)
    for name in ("input_file_id", "endpoint", "completion_window"):
        if body.get(name) is None:
            raise checks.missing(name)
    if body["endpoint"] not in ENDPOINTS:
        raise checks.invalid_value(body["endpoint"], tuple(ENDPOINTS), "endpoint")
    if body["completion_window"] != "24h":
        said = f"Invalid value: '{body['completion_window']}'. Value must be '24h'."
        raise refusal(400, said, param="completion_window", code="invalid_value")
    now = call.now.timestamp()
    file = state.files.get(body["input_file_id"], int(now))
    if file is not None and file.purpose != "batch":
        said = f"Invalid file purpose: '{file.purpose}'. The input file of a batch must have the purpose 'batch'."
        raise refusal(400, said, param="input_file_id", code="invalid_value")
    refers = file is not None and b'file_id"' in file.data
    batch = Batch(
        id=new_id("batch", now),
        endpoint=body["endpoint"],
        input_file_id=body["input_file_id"],
        input=file,
        files=state.files.as_it_is() if refers else FileShelf(),
        metadata=metadata(body["metadata"]) if body.get("metadata") is not None else None,
        created=now,
        pace=Pace.of(call.durations),
        output_lifetime=_lifetime(body.get("output_expires_after")),
        outcome=call.outcome,
        most=call.limits.get(MOST, MOST_REQUESTS),
    )
    state.batches.add(batch)
    return Answer(200, _shown(state, batch, now))


def get(state: OpenAIState, call: Call) -> Answer:
    return Answer(200, _shown(state, _existing(state, call), call.now.timestamp()))


def list_batches(state: OpenAIState, call: Call) -> Answer:
    """The newest first; there is no other order, and no page before a cursor."""
    query = {name: values for name, values in call.query.items() if name not in ("order", "before")}
    now = call.now.timestamp()
    page = pages.page(replace(call, query=query), state.batches.by_id, lambda batch: _shown(state, batch, now))
    return Answer(200, page)


def cancel(state: OpenAIState, call: Call) -> Answer:
    batch, now = _existing(state, call), call.now.timestamp()
    status = batch.stage(now).status
    if status in CANCELLABLE:
        batch.cancelled = now
    elif status != "cancelling":
        raise refusal(409, f"Cannot cancel a batch with status '{status}'.")
    return Answer(200, _shown(state, batch, now))


def _existing(state: OpenAIState, call: Call) -> Batch:
    batch = state.batches.by_id.get(call.params["batch_id"])
    if batch is None:
        raise refusal(404, f"No batch found with id '{call.params['batch_id']}'.")
    return batch


def _lifetime(given: dict[str, Any] | None) -> int | None:
    if given is None:
        return None
    where = "output_expires_after"
    checks.check(given, _EXPIRY, f"{where}.")
    for name in _EXPIRY:
        if given.get(name) is None:
            raise checks.missing(f"{where}.{name}")
    seconds: int = given["seconds"]
    return seconds


def _shown(state: OpenAIState, batch: Batch, now: float) -> dict[str, Any]:
    """The batch object, with every key of a live answer."""
    settle(state, now)
    stage = batch.stage(now)
    catch_up(state, batch, stage)
    runs = stage.in_progress_at is not None
    checked = batch.check() if runs or stage.status == "failed" else None
    tally = batch.tally
    return {
        "id": batch.id,
        "object": "batch",
        "endpoint": batch.endpoint,
        "model": checked.model if checked else None,
        "errors": {"object": "list", "data": checked.errors} if checked and checked.errors else None,
        "input_file_id": batch.input_file_id,
        "completion_window": "24h",
        "status": stage.status,
        "output_file_id": batch.output_file_id,
        "error_file_id": batch.error_file_id,
        "created_at": int(batch.created),
        "in_progress_at": _second(stage.in_progress_at),
        "expires_at": int(batch.expires),
        "finalizing_at": _second(stage.finalizing_at),
        **{name: _second(getattr(stage, name)) for name in _MOMENTS},
        "request_counts": {
            "total": checked.total if checked and runs else 0,
            "completed": tally.succeeded if runs else 0,
            "failed": tally.failed if runs else 0,
        },
        "usage": _usage(batch, stage),
        "metadata": batch.metadata,
    }


def _second(moment: float | None) -> int | None:
    return None if moment is None else int(moment)


def _usage(batch: Batch, stage: Stage) -> dict[str, Any]:
    """Zeros until the end (recordings)."""
    went_in, cached, came_out, reasoned = (batch.tally.usage if stage.ended else ()) or (0, 0, 0, 0)
    return {
        "input_tokens": went_in,
        "output_tokens": came_out,
        "total_tokens": went_in + came_out,
        "input_tokens_details": {"cached_tokens": cached},
        "output_tokens_details": {"reasoning_tokens": reasoned},
    }


ROUTES = (
    Route("POST", "/v1/batches", "batches.create", create, "json"),
    Route("GET", "/v1/batches", "batches.list", list_batches),
    Route("GET", "/v1/batches/{batch_id}", "batches.get", get),
    Route("POST", "/v1/batches/{batch_id}/cancel", "batches.cancel", cancel),
)
