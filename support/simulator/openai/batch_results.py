"""What the requests of OpenAI's batches come to: lines of their output and error files (provider-facts 7.1; recordings: files content).

A line is made by the endpoint's own route, whenever it is read. Unverified: that a request for a stream or in the background
is answered whole; that prompts of a batch meet no cache; that a response of a batch is not kept; the words of what never ran.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pydantic_core import from_json, to_json

from support.simulator import batching, ids
from support.simulator.batching import Perform, Result
from support.simulator.openai import chat_routes, embeddings_routes
from support.simulator.openai.batches import Batch, Stage, new_id
from support.simulator.openai.errors import failure
from support.simulator.openai.fine_tuning import FineTuningShelf
from support.simulator.openai.responses_api import routes as responses_routes
from support.simulator.openai.state import OpenAIState
from support.simulator.wire import Answer, Call, Handler, Refusal

ENDPOINTS: dict[str, Handler] = {
    route.path: route.handler
    for route in (*responses_routes.ROUTES, *chat_routes.ROUTES, *embeddings_routes.ROUTES)
    if route.path in ("/v1/responses", "/v1/chat/completions", "/v1/embeddings")
}
"""The endpoints that a batch can be for, and what does its requests."""

_WHOLE = frozenset({"stream", "stream_options", "background"})
_NEVER_RAN = {
    "expired": ("batch_expired", "This request could not be executed before the completion window expired."),
    "cancelled": ("batch_cancelled", "This request was not executed because the batch was cancelled."),
}


def settle(state: OpenAIState, now: float) -> None:
    """Lay down the files of batches that have ended by then, as if that had happened when they ended."""
    if not state.batches.unsettled:
        return
    state.fine_tuning.settle(state.files, now)
    for batch_id in list(state.batches.unsettled):
        batch = state.batches.by_id[batch_id]
        stage = batch.stage(now)
        if stage.ended is not None:
            if not batch.is_settled:
                _settle(state, batch, stage, int(stage.ended))
            del state.batches.unsettled[batch_id]


def _settle(state: OpenAIState, batch: Batch, stage: Stage, ended: int) -> None:
    batch.is_settled = True
    if stage.in_progress_at is None:
        return
    catch_up(state, batch, stage)
    if batch.tally.succeeded:
        answers = Lines(batch, stage, of_refusals=False)
        batch.output_file_id = _file(state, batch, "output", answers, ended)
    if batch.tally.failed or stage.done < batch.check().total:
        refusals = Lines(batch, stage, of_refusals=True)
        batch.error_file_id = _file(state, batch, "error", refusals, ended)


def _file(state: OpenAIState, batch: Batch, kind: str, lines: Lines, ended: int) -> str:
    name = f"{batch.id}_{kind}.jsonl"
    return state.files.add_made(name, "batch_output", lines, ended, batch.output_lifetime).id


def catch_up(state: OpenAIState, batch: Batch, stage: Stage) -> None:
    """Find out what the requests came to that are done in a stage."""
    if stage.done > len(batch.tally.refused):
        batch.tally.catch_up(batch.data, stage.done, performer(state, batch))


@dataclass(slots=True)
class Lines:
    """The content of one of a batch's two files."""

    batch: Batch
    stage: Stage
    of_refusals: bool
    _size: int | None = None

    def size(self) -> int:
        """In bytes."""
        if self._size is None:
            tally = self.batch.tally
            self._size = tally.bytes_of_refusals if self.of_refusals else tally.bytes_of_answers
            if self.of_refusals:
                self._size += sum(len(line) + 1 for line in self._of_what_never_ran())
        return self._size

    def lines(self, state: OpenAIState) -> Iterator[bytes]:
        """One result after the other, in no order."""
        refused, perform = self.batch.tally.refused, performer(state, self.batch)
        for number, line in batching.shuffled(batching.numbered(self.batch.data)):
            if number < len(refused) and refused[number] == self.of_refusals:
                yield perform(number, line).line
        if self.of_refusals:
            yield from self._of_what_never_ran()

    def _of_what_never_ran(self) -> Iterator[bytes]:
        for number, line in batching.numbered(self.batch.data):
            if number >= len(self.batch.tally.refused):
                code, message = _NEVER_RAN[self.stage.status]
                with batching.repeatable(self.batch.id, number):
                    told = _told(self.stage.ended or 0.0, from_json(line)["custom_id"])
                yield to_json({**told, "response": None, "error": {"code": code, "message": message}})


def performer(state: OpenAIState, batch: Batch) -> Perform:
    """Does the requests of a batch. Nothing that they do is seen by anybody but in their results."""
    handler, total = ENDPOINTS[batch.endpoint], batch.check().total
    tuned = FineTuningShelf(models=state.fine_tuning.models)
    call = Call("OpenAI", "batches.request", "POST", batch.endpoint, {}, {}, {}, {}, datetime.now(UTC), "", "", {})

    def perform(number: int, line: bytes) -> Result:
        request = from_json(line)
        moment = batch.started + batch.pace.took(total, number)
        body = {name: value for name, value in request["body"].items() if name not in _WHOLE}
        own = OpenAIState(files=batch.files, vector_stores=state.vector_stores, fine_tuning=tuned)
        with batching.repeatable(batch.id, number):
            try:
                answer = handler(own, replace(call, body=body, now=datetime.fromtimestamp(moment, UTC)))
            except Refusal as refusal:
                answer = refusal.answer
            if batch.outcome is not None and number == total - 1:
                answer = failure(int(batch.outcome), None, None)
            told = _told(moment, request["custom_id"])
            told["response"] = {"status_code": answer.status, "request_id": ids.uuid4_like(), "body": answer.body}
        told["error"] = None
        return Result(to_json(told), answer.status == 200, _usage(answer))

    return perform


def _told(moment: float, custom_id: str) -> dict[str, Any]:
    return {"id": new_id("batch_req", moment), "custom_id": custom_id}


def _usage(answer: Answer) -> tuple[int, ...]:
    """Input tokens, those of them from a cache, output tokens, those of them spent on reasoning."""
    usage: dict[str, Any] | None = answer.body.get("usage") if answer.status == 200 else None
    if usage is None:
        return ()
    details_in = usage.get("prompt_tokens_details") or usage.get("input_tokens_details") or {}
    details_out = usage.get("completion_tokens_details") or usage.get("output_tokens_details") or {}
    return (
        usage.get("prompt_tokens", usage.get("input_tokens", 0)),
        details_in.get("cached_tokens", 0),
        usage.get("completion_tokens", usage.get("output_tokens", 0)),
        details_out.get("reasoning_tokens", 0),
    )
