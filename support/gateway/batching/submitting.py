"""A batch handed to a provider once, though the process may be killed: a new one collects what the first one submitted."""

from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import timedelta
from typing import Any

from support.errors import BadResponse, Conflict, TouchstoneError
from support.gateway.batching.checks import invalid
from support.gateway.batching.journal import RunJournal
from support.gateway.batching.lines import Digest
from support.gateway.capabilities.batches import Batches
from support.gateway.retry import is_unclear
from support.values import BatchItem, BatchRequest, ProviderBatch


async def submit_or_resume(
    batches: Batches, requests: Iterable[BatchRequest], journal: RunJournal, **options: Any
) -> ProviderBatch:
    """The batch of these requests: as the provider has it, where the journal knows it, else submitted now with `options`.

    Raises InvalidRequest where the journal's batch is of other requests, and Conflict where a submission was begun of which
    nobody knows whether the provider took it: only its list of batches can tell, and sending again could be paid twice.
    """
    known = journal.submission
    if known is not None:
        if known.requests != str(_digest_of(requests)):
            raise invalid("journal", f"{journal.path} has the batch {known.batch_id} of other requests")
        return await batches.get(known.batch_id)
    if journal.unclear_since is not None:
        raise Conflict(
            f"the journal {journal.path} says that a batch was handed over at {journal.unclear_since:%Y-%m-%d %H:%M:%S} UTC, "
            "and not whether it was taken: look for it in the provider's list, and collect it by its id, or name another journal"
        )
    journal.submitting()
    digest = Digest()
    try:
        batch = await batches.submit(_noting(requests, digest), **options)
    except TouchstoneError as error:
        if certainly_refused(error):
            journal.refused(error)
        raise
    journal.submitted(batch, str(digest))
    return batch


def certainly_refused(error: TouchstoneError) -> bool:
    """Whether no batch can have come of it."""
    return not is_unclear(error) and not isinstance(error, BadResponse)


async def collected(
    batches: Batches,
    requests: Iterable[BatchRequest],
    journal: RunJournal,
    *,
    timeout: timedelta = timedelta(hours=25),
    every: timedelta = timedelta(seconds=10),
    **options: Any,
) -> AsyncIterator[BatchItem]:
    """Submits, or finds what was; waits for the end; gives the items as the provider's lines come."""
    batch = await submit_or_resume(batches, requests, journal, **options)
    await batches.wait(batch.id, timeout=timeout, every=every)
    async for item in batches.results(batch.id):
        yield item


def _noting(requests: Iterable[BatchRequest], digest: Digest) -> Iterator[BatchRequest]:
    for request in requests:
        digest.add(request)
        yield request


def _digest_of(requests: Iterable[BatchRequest]) -> Digest:
    digest = Digest()
    for request in requests:
        digest.add(request)
    return digest
