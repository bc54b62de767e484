"""The routes of batches: make one, get, list, cancel, delete (provider-facts 7.3; recording: batches create).

A batch is told as an operation; `done` is not there until it has ended. Unverified: all but the answer of a batch that was
made, and of one that succeeded; a list tells as much of each as a get. A batch that is deleted does not go on.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from support.simulator.batching import Pace
from support.simulator.gemini import batch_requests, batch_results, models, queries
from support.simulator.gemini.batches import WINDOW, Batch, Method, Stage, new_id
from support.simulator.gemini.caches import Caches
from support.simulator.gemini.errors import failed_precondition, operation_missing
from support.simulator.gemini.files import Files
from support.simulator.gemini.proto import MESSAGES
from support.simulator.gemini.times import rfc3339
from support.simulator.wire import MEBIBYTE, Answer, Call, Route

if TYPE_CHECKING:
    from support.simulator.gemini.state import GeminiState

LARGEST_REQUEST = 20 * MEBIBYTE
_KINDS: dict[Method, str] = {
    "batchGenerateContent": "GenerateContentBatch",
    "asyncBatchEmbedContent": "EmbedContentBatch",
}
_REFERENCES = (b"fileData", b"file_data", b"cachedContent", b"cached_content")
_ENDS = {
    "FAILED": {"code": 13, "message": "Batch processing failed."},
    "CANCELLED": batch_results.CANCELLED,
    "EXPIRED": {
        "code": 4,
        "message": f"The batch expired: it was not done within {WINDOW // timedelta(hours=1)} hours.",
    },
}


def _create(state: GeminiState, call: Call, version: str, method: Method) -> Answer:
    queries.known(call)
    wanted = batch_requests.read(call, method, version, state.files)
    model = models.named(call.params["model"], version, method, batch_requests.REQUESTS[method])
    refers = any(word in wanted.requests for word in _REFERENCES)
    batch = Batch(
        new_id(),
        0,
        method,
        version,
        model.name,
        wanted.display_name,
        wanted.requests,
        wanted.total,
        wanted.is_inline,
        Files(dict(state.files.by_id)) if refers else Files(),
        Caches(dict(state.caches.by_id)) if refers else Caches(),
        state.stores,
        call.now,
        Pace.of(call.durations),
        call.outcome,
    )
    state.batches.add(batch)
    return Answer(200, record(state, batch, call))


def _get(state: GeminiState, call: Call) -> Answer:
    queries.known(call)
    return Answer(200, record(state, _batch(state, call), call))


def _list(state: GeminiState, call: Call) -> Answer:
    batches, answer = queries.page(
        call,
        "ListOperationsRequest",
        state.batches.newest_first(),
        "operations",
        lambda batch: batch.number,
        default=50,
        most=1000,
    )
    if batches:
        answer = {"operations": [record(state, batch, call) for batch in batches], **answer}
    return Answer(200, answer)


def _cancel(state: GeminiState, call: Call) -> Answer:
    queries.known(call)
    batch = _batch(state, call)
    stage = batch.stage(call.now)
    if stage.is_end:
        raise failed_precondition(f"Batch {batch.name} is in state BATCH_STATE_{stage.state} and cannot be cancelled.")
    if batch.cancelled is None:
        batch.cancelled = call.now
    return Answer(200, {})


def _delete(state: GeminiState, call: Call) -> Answer:
    queries.known(call)
    batch = _batch(state, call)
    batch_results.settle(state, call.now)
    del state.batches.by_id[batch.id]
    return Answer(200, {})


def record(state: GeminiState, batch: Batch, call: Call) -> dict[str, Any]:
    """The operation that a batch is."""
    batch_results.settle(state, call.now)
    stage = batch.stage(call.now)
    operation: dict[str, Any] = {"name": batch.name, "metadata": _metadata(batch, stage)}
    if not stage.is_end:
        return operation
    output = _output(batch, stage)
    if output:
        operation["metadata"]["output"] = output
    operation["done"] = True
    if stage.state == "SUCCEEDED":
        operation["response"] = {"@type": f"{MESSAGES}v1main.{_KINDS[batch.method]}Output", **output}
    else:
        operation["error"] = _ENDS[stage.state]
    return operation


def _metadata(batch: Batch, stage: Stage) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "@type": f"{MESSAGES}v1main.{_KINDS[batch.method]}",
        "model": f"models/{batch.model}",
        "displayName": batch.display_name,
        "createTime": rfc3339(batch.created),
        "endTime": rfc3339(stage.since),
        "updateTime": rfc3339(stage.since),
        "batchStats": _stats(batch, stage),
        "state": f"BATCH_STATE_{stage.state}",
        "name": batch.name,
    }
    if batch.display_name is None:
        del metadata["displayName"]
    if not stage.is_end:
        del metadata["endTime"]
    return metadata


def _stats(batch: Batch, stage: Stage) -> dict[str, str]:
    """Counts as strings, without zeros; while a batch is at work all requests are pending."""
    counts = {"requestCount": batch.total}
    if stage.is_end:
        batch_results.catch_up(batch, stage.done)
        counts["successfulRequestCount"] = batch.tally.succeeded
        counts["failedRequestCount"] = batch.tally.failed
    counts["pendingRequestCount"] = batch.total - (stage.done if stage.is_end else 0)
    return {name: str(count) for name, count in counts.items() if count}


def _output(batch: Batch, stage: Stage) -> dict[str, Any]:
    if stage.state not in ("SUCCEEDED", "CANCELLED"):
        return {}
    if not batch.is_inline:
        return {"responsesFile": batch.output_file}
    return {"inlinedResponses": {"inlinedResponses": batch_results.inlined(batch, stage)}}


def _batch(state: GeminiState, call: Call) -> Batch:
    batch = state.batches.by_id.get(call.params["batch"])
    if batch is None:
        raise operation_missing()
    return batch


def routes(version: str) -> list[Route]:
    """`/VERSION/models/MODEL:METHOD` and `/VERSION/batches`."""
    one = f"/{version}/batches/{{batch}}"

    def made_by(method: Method) -> Route:
        return Route(
            "POST",
            f"/{version}/models/{{model}}:{method}",
            "batches.create",
            lambda state, call: _create(state, call, version, method),
            "json",
            LARGEST_REQUEST,
        )

    return [
        made_by("batchGenerateContent"),
        made_by("asyncBatchEmbedContent"),
        Route("GET", f"/{version}/batches", "batches.list", _list),
        Route("GET", one, "batches.get", _get),
        Route("POST", f"{one}:cancel", "batches.cancel", _cancel),
        Route("DELETE", one, "batches.delete", _delete),
    ]
