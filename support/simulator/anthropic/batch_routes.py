"""The routes of message batches: create, get, list, cancel, delete, results (provider-facts 7.2; recordings: message batches).

Lists go around ids in both versions (anthropic 2.12.0). Unverified: the refusals but that of results asked for too early,
that a cancellation may be repeated until the batch has ended, and that `retry-after` comes with a batch at work alone.
"""

from __future__ import annotations

from datetime import datetime

from support.simulator.anthropic import batch_requests, batch_results, paging
from support.simulator.anthropic.batches import Batch, new_id
from support.simulator.anthropic.errors import invalid, not_found
from support.simulator.anthropic.headers import in_a_version
from support.simulator.anthropic.state import AnthropicState, Shelf
from support.simulator.batching import MOST, Pace, unhurried
from support.simulator.wire import MEBIBYTE, Answer, Call, Json, Route

LARGEST_REQUEST = 256 * MEBIBYTE
_KEPT_HEADERS = ("anthropic-version", "anthropic-beta")
_SECONDS_TO_WAIT = "10"


def create(state: AnthropicState, call: Call) -> Answer:
    requests, total = batch_requests.read(call.body, call.limits.get(MOST, batch_requests.MOST_REQUESTS))
    headers = {name: call.headers[name] for name in _KEPT_HEADERS if name in call.headers}
    files = Shelf(dict(state.files.files), set(state.files.expired)) if b'"file_id"' in requests else Shelf()
    batch = Batch(new_id(), 0, requests, total, headers, files, call.now, Pace.of(call.durations), call.outcome)
    state.batches.add(batch)
    return Answer(body=record(batch, call))


def get(state: AnthropicState, call: Call) -> Answer:
    batch = _asked_for(state, call)
    headers = {} if batch.stage(call.now).status == "ended" else {"retry-after": _SECONDS_TO_WAIT}
    return Answer(body=record(batch, call), headers=headers)


def list_all(state: AnthropicState, call: Call) -> Answer:
    paging.refuse_unknown(call, "limit", "after_id", "before_id")
    page, has_more = paging.around_an_id(call, state.batches.newest_first())
    return Answer(body=paging.page_body([record(batch, call) for batch in page], has_more))


def cancel(state: AnthropicState, call: Call) -> Answer:
    batch = _asked_for(state, call)
    if batch.stage(call.now).status == "ended":
        raise invalid(f"Message Batch {batch.id} has already ended and cannot be canceled.")
    if batch.cancelled is None:
        batch.cancelled = call.now
    return Answer(body=record(batch, call))


def delete(state: AnthropicState, call: Call) -> Answer:
    batch = _asked_for(state, call)
    if batch.stage(call.now).status != "ended":
        raise invalid(f"Message Batch {batch.id} cannot be deleted while it is processing. Cancel it first.")
    del state.batches.by_id[batch.id]
    return Answer(body={"id": batch.id, "type": "message_batch_deleted"})


def results(state: AnthropicState, call: Call) -> Answer:
    batch = _asked_for(state, call)
    stage = batch.stage(call.now)
    if stage.status != "ended" or batch.archived(call.now):
        raise not_found(f"Message Batch {batch.id} has no available results.")
    headers = {
        "content-type": "application/x-jsonl",
        "content-disposition": f"attachment; filename*=utf-8''{batch.id}_results.jsonl",
    }
    return Answer(headers=headers, events=unhurried(batch_results.lines(batch, stage)))


def record(batch: Batch, call: Call) -> dict[str, Json]:
    """The batch object; the address of its results is on this server, where the SDK fetches them."""
    stage, archived = batch.stage(call.now), batch.archived(call.now)
    url = f"{call.base_url}/v1/messages/batches/{batch.id}/results"
    return {
        "id": batch.id,
        "type": "message_batch",
        "processing_status": stage.status,
        "request_counts": batch_results.counts(batch, stage),
        "ended_at": _moment(stage.ended_at),
        "created_at": _moment(batch.created),
        "expires_at": _moment(batch.expires),
        "archived_at": _moment(archived),
        "cancel_initiated_at": _moment(batch.cancelled),
        "results_url": url if stage.status == "ended" and archived is None else None,
    }


def _asked_for(state: AnthropicState, call: Call) -> Batch:
    batch = state.batches.by_id.get(call.params["batch_id"])
    if batch is None:
        raise not_found(f"Message Batch {call.params['batch_id']} not found.")
    return batch


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="microseconds")


_ONE = "/v1/messages/batches/{batch_id}"
ROUTES = [
    Route("POST", "/v1/messages/batches", "batches.create", in_a_version(create), "json", LARGEST_REQUEST),
    Route("GET", "/v1/messages/batches", "batches.list", in_a_version(list_all)),
    Route("GET", _ONE, "batches.get", in_a_version(get)),
    Route("POST", f"{_ONE}/cancel", "batches.cancel", in_a_version(cancel)),
    Route("DELETE", _ONE, "batches.delete", in_a_version(delete)),
    Route("GET", f"{_ONE}/results", "batches.results", in_a_version(results)),
]
