"""What the requests of Gemini's batches come to: inline, or as lines of a generated file (provider-facts 7.3).

Inline results stand in the order of the requests. Unverified: all of a result but a response and its metadata, that lines of a
file come in any order, and that a line which cannot be read fails alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic_core import from_json, to_json

from support.simulator import batching
from support.simulator.batching import Perform, Result
from support.simulator.gemini import chat, embedding_routes, errors
from support.simulator.gemini.batches import Batch, Stage
from support.simulator.gemini.state import GeminiState
from support.simulator.wire import Answer, Call, Handler, Refusal

JSONL = "application/jsonl"
# google.rpc.Code by HTTP status; what is not here is UNKNOWN.
_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 409: 6, 429: 8, 499: 1, 500: 13, 503: 14, 504: 4}
_DOES = {"batchGenerateContent": "generateContent", "asyncBatchEmbedContent": "embedContent"}
_HANDLERS: dict[str, Handler] = {
    route.path: route.handler
    for version in ("v1", "v1beta")
    for route in (*chat.routes(version), *embedding_routes.routes(version))
}
CANCELLED = {"code": 1, "message": "The operation was cancelled."}


def settle(state: GeminiState, now: datetime) -> None:
    """Lay down the files of batches that have ended by then, as if that had happened when they ended."""
    for batch in state.batches.by_id.values():
        if not batch.is_settled and (stage := batch.stage(now)).is_end:
            batch.is_settled = True
            if not batch.is_inline and stage.state in ("SUCCEEDED", "CANCELLED"):
                made = Lines(batch, stage)
                batch.output_file = state.files.add_made(f"batch-{batch.id}", JSONL, made, stage.since).name


def catch_up(batch: Batch, done: int) -> None:
    """Find out what the requests came to that are done."""
    batch.tally.catch_up(batch.requests, done, performer(batch))


def inlined(batch: Batch, stage: Stage) -> list[dict[str, Any]]:
    """The result of each request of an inline batch that has ended."""
    perform = performer(batch)
    return [
        from_json(perform(number, line).line) if number < stage.done else _told(_read(line), {"error": CANCELLED})
        for number, line in batching.numbered(batch.requests)
    ]


@dataclass(slots=True)
class Lines:
    """The content of the file with a batch's results."""

    batch: Batch
    stage: Stage
    _measured: tuple[int, str] | None = None

    def lines(self) -> Iterator[bytes]:
        perform = performer(self.batch)
        for number, line in batching.shuffled(batching.numbered(self.batch.requests)):
            if number < self.stage.done:
                yield perform(number, line).line
            else:
                yield to_json(_told(_read(line), {"error": CANCELLED}))

    def measured(self) -> tuple[int, str]:
        """The size in bytes and the SHA-256 digest in hexadecimal digits."""
        if self._measured is None:
            size, digest = 0, hashlib.sha256()
            for line in self.lines():
                size += len(line) + 1
                digest.update(line + b"\n")
            self._measured = size, digest.hexdigest()
        return self._measured


def performer(batch: Batch) -> Perform:
    """Does the requests of a batch. Nothing that they do is seen by anybody but in their results."""
    path = f"/{batch.version}/models/{{model}}:{_DOES[batch.method]}"
    state = GeminiState(files=batch.files, caches=batch.caches, stores=batch.stores)
    call = Call(
        "Gemini", "batches.request", "POST", path, {"model": batch.model}, {}, {}, {}, datetime.now(UTC), "", "", {}
    )

    def answer(number: int, sent: dict[str, Any]) -> Answer:
        request = sent.get("request")
        if not isinstance(request, dict):
            return errors.status(400, "Invalid JSON payload received. A line must be an object with a request.")
        if batch.outcome is not None and number == batch.total - 1:
            return errors.failure(int(batch.outcome), None, None)
        now = batch.started + timedelta(seconds=batch.pace.took(batch.total, number))
        with batching.repeatable(batch.id, number):
            try:
                return _HANDLERS[path](state, replace(call, body=request, now=now))
            except Refusal as refusal:
                return refusal.answer

    def perform(number: int, line: bytes) -> Result:
        sent = _read(line)
        answered = answer(number, sent)
        if answered.status == 200:
            return Result(to_json(_told(sent, {"response": _response(answered.body)})), True)
        error = answered.body["error"]
        told = {"code": _CODES.get(error["code"], 2), "message": error["message"]}
        return Result(to_json(_told(sent, {"error": told})), False)

    return perform


def _response(body: dict[str, Any]) -> dict[str, Any]:
    if "embedding" not in body:
        return body
    usage = body.get("usageMetadata")
    return {"embedding": body["embedding"], **({"tokenCount": str(usage["promptTokenCount"])} if usage else {})}


def _read(line: bytes) -> dict[str, Any]:
    try:
        sent = from_json(line, allow_inf_nan=False)
    except ValueError:
        return {}
    return sent if isinstance(sent, dict) else {}


def _told(sent: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """A result, with what its request is known by: its `key` in a file, its `metadata` inline."""
    key = {"key": sent["key"]} if "key" in sent else {}
    metadata = {"metadata": sent["metadata"]} if "metadata" in sent else {}
    return {**key, **result, **metadata}
