"""What the requests of a message batch came to, made when it is read (provider-facts 7.2; recordings: message batches results).

Unverified: that a request that asks for a stream is answered whole, and that prompts of a batch find nothing in a cache
(what they mark is written, as the usage tells).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic_core import from_json, to_json

from support.simulator import batching
from support.simulator.anthropic import messages
from support.simulator.anthropic.batches import Batch, Stage
from support.simulator.anthropic.errors import failure
from support.simulator.anthropic.state import AnthropicState
from support.simulator.batching import Perform, Result
from support.simulator.wire import Call, Refusal


def counts(batch: Batch, stage: Stage) -> dict[str, int]:
    """How many requests came to what: all are `processing` until the batch has ended."""
    tallied = {"processing": 0, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
    if stage.status != "ended":
        tallied["processing"] = batch.total
        return tallied
    batch.tally.catch_up(batch.requests, stage.done, _performer(batch))
    tallied["succeeded"], tallied["errored"] = batch.tally.succeeded, batch.tally.failed
    tallied[stage.rest] = batch.total - stage.done
    return tallied


def lines(batch: Batch, stage: Stage) -> Iterator[bytes]:
    """The results of a batch that has ended, in no order."""
    perform = _performer(batch)
    for number, line in batching.shuffled(batching.numbered(batch.requests)):
        if number < stage.done:
            yield perform(number, line).line
        else:
            yield _told(from_json(line)["custom_id"], {"type": stage.rest})


def _performer(batch: Batch) -> Perform:
    """Does the requests of a batch. Nothing that they do is seen by anybody but in their results."""
    call = Call(
        "Anthropic", "batches.request", "POST", "/v1/messages", {}, {}, batch.headers, {}, datetime.now(UTC), "", "", {}
    )

    def perform(number: int, line: bytes) -> Result:
        request = from_json(line)
        body = {name: value for name, value in request["params"].items() if name != "stream"}
        now = batch.created + timedelta(seconds=batch.pace.took(batch.total, number))
        with batching.repeatable(batch.id, number):
            try:
                if batch.outcome is not None and number == batch.total - 1:
                    raise Refusal(failure(int(batch.outcome) if batch.outcome.isdecimal() else 500, None, None))
                message = messages.create(AnthropicState(files=batch.files), replace(call, body=body, now=now)).body
            except Refusal as refusal:
                return Result(_told(request["custom_id"], {"type": "errored", "error": refusal.answer.body}), False)
        message["usage"]["service_tier"] = "batch"
        return Result(_told(request["custom_id"], {"type": "succeeded", "message": message}), True)

    return perform


def _told(custom_id: str, result: dict[str, Any]) -> bytes:
    return to_json({"custom_id": custom_id, "result": result})
