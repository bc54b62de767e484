"""Anthropic's message batches: the requests in the request, the results as one stream of lines (provider-facts 7.2)."""

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime
from typing import Any

import anthropic
from anthropic.types.messages import MessageBatch

from support.catalogue.limits import batch_limits
from support.errors import Conflict, Expired, InvalidRequest, NotFound, TouchstoneError
from support.gateway.anthropic.chat import AnthropicChat, answered
from support.gateway.anthropic.errors import from_body, translate
from support.gateway.batch_input import Line, Spool
from support.gateway.batch_results import Outcome, Source, parsed
from support.gateway.batch_service import BatchEndpoint
from support.gateway.batches import BatchKeeper
from support.gateway.call import ChokePoint
from support.gateway.chat import Question
from support.gateway.exchanges import answer_on_the_wire
from support.gateway.markers import Marker
from support.gateway.retry import Repeat
from support.values import (
    BatchCounts,
    BatchProgress,
    BatchRequest,
    BatchStatus,
    Deletion,
    Provider,
    ProviderBatch,
    ProviderBatchPage,
)

KIND = "message_batch"


class AnthropicBatches(BatchKeeper):
    """`/v1/messages/batches`. Nothing of a batch can carry a marker: one that may have been made is not sent again."""

    provider = Provider.ANTHROPIC
    endpoints = ("chat",)
    kind = KIND
    repeat = Repeat.IF_REFUSED
    frame = (b'{"requests":[\n', b",\n", b"\n]}")

    def __init__(self, choke: ChokePoint, client: anthropic.AsyncAnthropic) -> None:
        super().__init__(choke)
        self._client = client
        self._batches = client.messages.batches
        self._chat = AnthropicChat(choke, client)

    @staticmethod
    def translate(error: Exception) -> TouchstoneError:
        return state_forbids(translate(error))

    @property
    def _files(self) -> None:
        return None

    def _line(self, request: BatchRequest, endpoint: BatchEndpoint) -> Line:
        question = Question(request.messages, request.model, request.max_output_tokens, request.system)
        return {"custom_id": request.id, "params": self._chat.request(question)}

    async def _upload(self, spool: Spool) -> None:
        return None

    async def _send_create(
        self, spool: Spool, file_id: str | None, marker: Marker, endpoint: BatchEndpoint, window: str
    ) -> ProviderBatch:
        # `batches.create` would hold all requests, twice; the method below it takes the body piece by piece.
        await self._client.post(
            "/v1/messages/batches",
            cast_to=MessageBatch,
            content=spool.pieces(),
            options={"headers": {"content-type": "application/json", "content-length": str(spool.size)}},
        )
        return batch_of(answer_on_the_wire())

    async def _send_get(self, batch_id: str) -> ProviderBatch:
        await self._batches.retrieve(batch_id)
        return batch_of(answer_on_the_wire())

    async def _send_list(self, limit: int | None, cursor: str | None) -> ProviderBatchPage:
        options: dict[str, Any] = {"limit": limit, "after_id": cursor}
        await self._batches.list(**{name: value for name, value in options.items() if value is not None})
        answer = answer_on_the_wire()
        return ProviderBatchPage(
            batches=tuple(batch_of(one) for one in answer["data"]),
            next_cursor=answer["last_id"] if answer["has_more"] else None,
        )

    async def _send_cancel(self, batch_id: str) -> ProviderBatch:
        await self._batches.cancel(batch_id)
        return batch_of(answer_on_the_wire())

    async def _send_delete(self, batch_id: str) -> Deletion:
        gone = await self._batches.delete(batch_id)
        return Deletion(provider=Provider.ANTHROPIC, id=gone.id)

    def _sources(self, batch: ProviderBatch) -> Iterator[Source]:
        name = f"the results of {batch.id}"
        yield Source(name, lambda: parsed(Provider.ANTHROPIC, name, self._content(batch)))

    async def _content(self, batch: ProviderBatch) -> AsyncIterator[bytes]:
        if batch.raw["results_url"] is None:
            days = batch_limits(Provider.ANTHROPIC).result_days
            said = f"the results of {batch.id} are gone; Anthropic keeps them {days} days from its creation"
            raise NotFound(said, provider=Provider.ANTHROPIC, operation="batches.results")
        async with self._batches.with_streaming_response.results(batch.id) as response:
            async for chunk in response.iter_bytes():
                yield chunk

    def _id(self, line: Line, number: int) -> str:
        return id_of(line, number)

    def _outcome(self, line: Line, batch: ProviderBatch) -> Outcome:
        return outcome_of(line)

    def _progress(self, batch: ProviderBatch) -> BatchProgress:
        return progress_of(batch)


def state_forbids(error: TouchstoneError) -> TouchstoneError:
    """To cancel what has ended, or to delete what has not, is a 400 there: its words tell it from a wrong request."""
    words = ("already ended", "cannot be cancel", "while it is processing", "cannot be deleted")
    if not isinstance(error, InvalidRequest) or not any(part in error.message for part in words):
        return error
    return Conflict(
        error.message,
        status=error.status,
        code=error.code,
        param=error.param,
        provider_message=error.provider_message,
        request_id=error.request_id,
        should_retry=error.should_retry,
    )


def id_of(line: Line, number: int) -> str:
    """Results come in any order: a line says whose it is."""
    return str(line["custom_id"])


def outcome_of(line: Line) -> Outcome:
    """A line of the results (recordings: anthropic message batches results)."""
    result = line["result"]
    match result["type"]:
        case "succeeded":
            answer = answered(result["message"])
            return Outcome("succeeded", answer=answer, usage=answer.usage)
        case "errored":
            return Outcome("failed", error=from_body(result["error"]))
        case "canceled":
            return Outcome("cancelled")
        case "expired":
            return Outcome("expired", error=Expired("the batch's window ended before this request was begun"))
    raise ValueError(f"a result of the type {result['type']!r}")


def batch_of(answer: Mapping[str, Any]) -> ProviderBatch:
    """The batch object of the wire as the gateway's value (recordings: anthropic message batches)."""
    return ProviderBatch(
        provider=Provider.ANTHROPIC,
        id=answer["id"],
        status=status_of(answer),
        counts=counts_of(answer),
        endpoint="chat",
        model=None,
        marked="",
        created_at=datetime.fromisoformat(answer["created_at"]),
        ended_at=_moment(answer["ended_at"]),
        cancelling_at=_moment(answer["cancel_initiated_at"]),
        expires_at=_moment(answer["expires_at"]),
        raw=answer,
    )


def status_of(answer: Mapping[str, Any]) -> BatchStatus:
    """`ended` says nothing of the reason: a cancellation was asked for, or the window ended, or neither."""
    if answer["processing_status"] == "in_progress":
        return "in_progress"
    if answer["processing_status"] == "canceling":
        return "cancelling"
    if answer["cancel_initiated_at"] is not None:
        return "cancelled"
    return "expired" if answer["request_counts"]["expired"] else "completed"


def counts_of(answer: Mapping[str, Any]) -> BatchCounts:
    """All but `processing` stay 0 until the batch has ended: until then they say nothing."""
    counts = answer["request_counts"]
    total = sum(counts.values())
    if answer["processing_status"] != "ended":
        return BatchCounts(total=total, processing=counts["processing"])
    return BatchCounts(
        total=total,
        processing=counts["processing"],
        succeeded=counts["succeeded"],
        failed=counts["errored"],
        cancelled=counts["canceled"],
        expired=counts["expired"],
    )


def progress_of(batch: ProviderBatch) -> BatchProgress:
    """Nothing, until all is done."""
    counts = batch.counts
    done = (counts.total or 0) - (counts.processing or 0) if batch.ended else None
    return BatchProgress(status=batch.status, done=done, total=counts.total)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
