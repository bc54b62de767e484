"""Sabotages of batches that a provider works on: what is checked and sent, what is told of them, and how results are read."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

from support.audit.sabotages.places import gateway, module
from support.audit.sabotaging import ALL, Fired, Patch, Sabotage
from support.errors import LimitExceeded
from support.values import BatchItem, Provider, Usage

OPENAI = (Provider.OPENAI,)
TELLS_CANCELLING = (Provider.OPENAI, Provider.ANTHROPIC)
IN_LINES = (Provider.OPENAI, Provider.ANTHROPIC)
SOME = Usage(uncached_input_tokens=20, output_tokens=20)
"""What a request without usage is charged for."""


def _keeper() -> Any:
    return gateway("batches").BatchKeeper


def _noting_ids(sent: list[str]) -> Patch:
    """Notes the ids of the batch that was handed over last, in their order; it changes nothing."""

    def make(original: Any, fired: Fired) -> Any:
        async def submit(self: Any, requests: Any, **options: Any) -> Any:
            sent.clear()

            def noting() -> Any:
                for request in requests:
                    sent.append(request.id)
                    yield request

            return await original(self, noting(), **options)

        return submit

    return Patch(_keeper(), "submit", make)


# Before anything is sent ----------------------------------------------------------------------------------------------


def _limit_off_by_one() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def exceeds(number: int, most: int | None) -> bool:
            if number == most:
                fired()
                return True
            return bool(original(number, most))

        return exceeds

    return [Patch(gateway("batch_checks"), "exceeds", make)]


def _limit_after_upload() -> list[Patch]:
    late: list[LimitExceeded] = []
    writing: list[Any] = []

    def checking(original: Any, fired: Fired) -> Any:
        def check(*given: Any) -> None:
            try:
                original(*given)
            except LimitExceeded as refusal:
                if not writing:
                    raise
                late.append(refusal)

        return check

    def spooling(original: Any, fired: Fired) -> Any:
        def write(self: Any, spool: Any, *given: Any) -> None:
            late.clear()
            writing.append(spool)
            try:
                original(self, spool, *given)
            finally:
                writing.clear()

        return write

    def uploading(original: Any, fired: Fired) -> Any:
        async def upload(self: Any, spool: Any) -> Any:
            file_id = await original(self, spool)
            if late:
                fired()
                raise late[0]
            return file_id

        return upload

    return [
        Patch(gateway("batch_checks"), "check_number", checking),
        Patch(gateway("batch_checks"), "check_size", checking),
        Patch(_keeper(), "_write", spooling),
        Patch(module(Provider.OPENAI, "batches").OpenAIBatches, "_upload", uploading),
    ]


def _input_materialised() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def once_through(requests: Any) -> Any:
            fired()
            return list(original(requests))

        return once_through

    return [Patch(gateway("batch_input"), "once_through", make)]


def _wrong_purpose() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def input_purpose() -> str:
            fired()
            return "user_data"

        return input_purpose

    return [Patch(module(Provider.OPENAI, "batches"), "input_purpose", make)]


def _stale_number() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def batch_limits(provider: Provider) -> Any:
            fired()
            right = original(provider)
            return right.model_copy(update={"max_bytes": right.max_bytes // 2})

        return batch_limits

    from support.world.known import Known

    return [Patch(Known, "batch_limits", make), Patch(gateway("batch_checks"), "batch_limits", make)]


# Results --------------------------------------------------------------------------------------------------------------


def _error_file_ignored() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def files_of(batch: Any) -> tuple[str, ...]:
            right = original(batch)
            found = tuple(file_id for file_id in right if file_id != batch.error_file_id)
            if found != right:
                fired()
            return found

        return files_of

    return [Patch(module(Provider.OPENAI, "batches"), "files_of", make)]


def _failure_on_wrong_id() -> list[Patch]:
    sent: list[str] = []

    def make(original: Any, fired: Fired) -> Any:
        def told(item: BatchItem) -> BatchItem:
            right: BatchItem = original(item)
            if right.error is None or right.id not in sent[1:]:
                return right
            fired()
            return right.model_copy(update={"id": sent[sent.index(right.id) - 1]})

        return told

    return [_noting_ids(sent), Patch(gateway("batch_results"), "told", make)]


def _whole_batch_fails() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def told(item: BatchItem) -> BatchItem:
            right: BatchItem = original(item)
            if right.error is not None:
                fired()
                raise right.error
            return right

        return told

    return [Patch(gateway("batch_results"), "told", make)]


def _matches_by_position() -> list[Patch]:
    sent: list[str] = []

    def naming(original: Any, fired: Fired) -> Any:
        def id_of(line: Any, number: int) -> str:
            right = str(original(line, number))
            wrong = sent[number - 1] if number <= len(sent) else right
            if wrong != right:
                fired()
            return wrong

        return id_of

    return [
        _noting_ids(sent),
        Patch(module(Provider.OPENAI, "batches"), "id_of", naming),
    ]


def _results_buffered() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        async def lines_of(chunks: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, bytes]]:
            whole = [chunk async for chunk in chunks]
            if len(whole) > 1:
                fired()

            async def again() -> AsyncIterator[bytes]:
                for chunk in whole:
                    yield chunk

            async for line in original(again()):
                yield line

        return lines_of

    return [Patch(gateway("batch_results"), "lines_of", make)]


def _drops_last_line() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def last_line(rest: bytes) -> bytes:
            if original(rest).strip():
                fired()
            return b""

        return last_line

    return [Patch(gateway("batch_results"), "last_line", make)]


# What is told ---------------------------------------------------------------------------------------------------------


def _invents_progress() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def progress_of(batch: Any) -> Any:
            right = original(batch)
            if right.done is not None:
                return right
            fired()
            total = right.total or 10
            return right.model_copy(update={"done": total // 2, "total": total})

        return progress_of

    return [Patch(module(provider, "batches"), "progress_of", make) for provider in ALL]


def _cancelling_as_cancelled() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def status_of(answer: Any) -> Any:
            right = original(answer)
            if right != "cancelling":
                return right
            fired()
            return "cancelled"

        return status_of

    return [Patch(module(provider, "batches"), "status_of", make) for provider in TELLS_CANCELLING]


# Prices ---------------------------------------------------------------------------------------------------------------


def _batch_at_full_price() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def price_tier() -> str:
            fired()
            return "standard"

        return price_tier

    return [Patch(gateway("batch_prices"), "price_tier", make)]


def _batch_discount_twice() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def cost_of(*given: Any) -> Decimal | None:
            cost: Decimal | None = original(*given)
            if not cost:
                return cost
            fired()
            return cost / 2

        return cost_of

    return [Patch(gateway("batch_prices"), "cost_of", make)]


def _billed(*statuses: str) -> list[Patch]:
    """Requests that ended so are priced as if they had taken some tokens."""

    def make(original: Any, fired: Fired) -> Any:
        def cost_of(provider: Provider, model: str | None, status: str, usage: Usage | None) -> Decimal | None:
            if status in statuses:
                fired()
                status, usage = "succeeded", usage or SOME
            cost: Decimal | None = original(provider, model, status, usage)
            return cost

        return cost_of

    return [Patch(gateway("batch_prices"), "cost_of", make)]


BATCHES = (
    Sabotage("batch.limit_off_by_one", "Exactly the limit is refused.", ALL, _limit_off_by_one),
    # Anthropic's requests stand in the creation itself; Gemini's go by file only when they are too large for a scenario
    Sabotage("batch.limit_after_upload", "The size is checked after the upload.", OPENAI, _limit_after_upload),
    Sabotage("batch.error_file_ignored", "The file of errors is not read.", OPENAI, _error_file_ignored),
    Sabotage("batch.failure_on_wrong_id", "A failure has the id of the result before.", ALL, _failure_on_wrong_id),
    Sabotage("batch.whole_batch_fails", "One bad request is an error of all.", ALL, _whole_batch_fails),
    Sabotage("batch.invents_progress", "Half is done where the provider tells nothing.", ALL, _invents_progress),
    Sabotage("cost.batch_at_full_price", "A batch costs what single calls do.", ALL, _batch_at_full_price),
    Sabotage("cost.batch_discount_twice", "A batch costs a quarter.", ALL, _batch_discount_twice),
    Sabotage("cost.failed_billed", "What failed or expired is charged.", ALL, lambda: _billed("failed", "expired")),
    # Gemini has no word for a batch that is being cancelled
    Sabotage(
        "batch.cancelling_as_cancelled",
        "A batch is told as cancelled while it is being cancelled.",
        TELLS_CANCELLING,
        _cancelling_as_cancelled,
    ),
    Sabotage("batch.cancelled_billed_full", "What was cancelled is charged.", ALL, lambda: _billed("cancelled")),
    Sabotage("batch.matches_by_position", "Results are matched by their place.", OPENAI, _matches_by_position),
    Sabotage("batch.wrong_purpose", "The input is stored for another purpose.", OPENAI, _wrong_purpose),
    Sabotage("batch.results_buffered", "All results are read before the first.", IN_LINES, _results_buffered),
    Sabotage("batch.input_materialised", "All requests are held at once.", IN_LINES, _input_materialised),
    Sabotage("batch.stream_drops_last_line", "A last line without its end is lost.", IN_LINES, _drops_last_line),
    Sabotage("limits.stale_number", "Half of the documented size is told.", ALL, _stale_number),
)
