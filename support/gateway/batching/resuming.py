"""A batch of which some requests failed, asked again: only what may succeed this time, and every id once in what comes of it."""

from collections.abc import AsyncIterable, Callable, Iterable, Sequence

from support.errors import TouchstoneError
from support.gateway.batching.checks import check_requests, invalid
from support.gateway.batching.journal import RunJournal, again
from support.gateway.batching.outcome import BatchOutcome
from support.values import BatchItem, BatchRequest

RETRYABLE = frozenset({"expired", "server_error", "rate_limited", "timeout", "not_started"})
"""Kinds of errors, and states of items, after which the same request may succeed."""

AskAgain = Callable[[Sequence[BatchRequest]], AsyncIterable[BatchItem]]
"""Asks requests in whatever way: a run of the caller's, or a batch of the provider's."""


async def resume(
    before: Iterable[BatchItem],
    requests: Iterable[BatchRequest],
    ask_again: AskAgain,
    *,
    corrected: Iterable[BatchRequest] = (),
    journal: RunJournal | None = None,
) -> BatchOutcome:
    """Asks those of `requests` again whose item may succeed now, and the corrected ones in their new form; merges both.

    A request that has no item yet counts as not begun. Raises InvalidRequest for a correction of what succeeded or never
    was. `journal`: that of the run which `ask_again` makes, so that it does ask them.
    """
    known = list(before)
    chosen = to_send(known, requests, corrected)
    if not chosen:
        return BatchOutcome(merged(known, ()))
    if journal is not None:
        journal.reopen(request.id for request in chosen)
    return BatchOutcome(merged(known, [item async for item in ask_again(chosen)]))


def to_send(
    before: Iterable[BatchItem], requests: Iterable[BatchRequest], corrected: Iterable[BatchRequest] = ()
) -> list[BatchRequest]:
    """The requests that are asked again, in their order; a corrected one in its own form."""
    items = {item.id: item for item in before}
    better = {request.id: request for request in corrected}
    given = list(requests)
    check_requests(given)
    for id in better:
        if id not in {request.id for request in given}:
            raise invalid("corrected", f"there is no request {id!r}")
        if id in items and items[id].status == "succeeded":
            raise invalid("corrected", f"request {id!r} has its answer")
    return [
        better.get(request.id, request)
        for request in given
        if request.id not in items or sends_again(items[request.id], corrected=request.id in better)
    ]


def sends_again(item: BatchItem, *, corrected: bool) -> bool:
    """Whether a request is asked again whose item this is."""
    if item.status == "succeeded":
        return False
    return corrected or item.status in RETRYABLE or kind_of(item.error) in RETRYABLE


def kind_of(error: Exception | None) -> str | None:
    """The kind of an error that has one."""
    return error.kind if isinstance(error, TouchstoneError) else None


def merged(before: Iterable[BatchItem], after: Iterable[BatchItem]) -> tuple[BatchItem, ...]:
    """Every id once, in the order of `before`, new ones last: the later item, with the attempts of both."""
    items = {item.id: item for item in before}
    for item in after:
        items[item.id] = again(items[item.id], item) if item.id in items else item
    return tuple(items.values())
