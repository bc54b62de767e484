"""Batches that the provider works on (provider-facts 7)."""

from collections.abc import AsyncIterator, Callable, Iterable
from datetime import timedelta
from typing import Literal, Protocol

from support.values import (
    BatchItem,
    BatchProgress,
    BatchRequest,
    Deletion,
    ProviderBatch,
    ProviderBatchPage,
)


class Batches(Protocol):
    """Half the price, within 24 hours. Results are matched by id, never by position."""

    async def submit(
        self,
        requests: Iterable[BatchRequest],
        *,
        endpoint: Literal["chat", "responses", "embeddings"] = "chat",
        completion_window: str = "24h",
        preflight: bool = True,
    ) -> ProviderBatch:
        """Hands the requests over; they are read once, and never all in memory.

        Before anything is sent: InvalidRequest for none at all, a repeated id or one that the provider does not take, two
        models where it takes one, another window; LimitExceeded for too many or too large. Everything that a request says
        is the provider's to judge, line by line.
        """
        ...

    async def get(self, batch_id: str) -> ProviderBatch: ...

    async def list_page(self, *, limit: int | None = None, cursor: str | None = None) -> ProviderBatchPage: ...

    def list(self, *, page_size: int | None = None) -> AsyncIterator[ProviderBatch]:
        """All batches of the account, newest first, page after page."""
        ...

    async def wait(
        self,
        batch_id: str,
        *,
        timeout: timedelta = timedelta(hours=25),
        every: timedelta = timedelta(seconds=10),
        on_progress: Callable[[BatchProgress], None] | None = None,
    ) -> ProviderBatch:
        """The batch once it has ended, whatever its end. WaitTimeout names the last state; the batch goes on."""
        ...

    async def cancel(self, batch_id: str) -> ProviderBatch:
        """Begins to cancel; Conflict for a batch that has ended."""
        ...

    def results(self, batch_id: str) -> AsyncIterator[BatchItem]:
        """What became of each request, as the provider's lines arrive, in any order; each id once.

        Conflict for a batch that has not ended. Raises BadResponse, naming the line, where a line cannot be read; what
        was read before has been given. Settles the batch's cost when the last line was read.
        """
        ...

    async def delete(self, batch_id: str) -> Deletion:
        """Unsupported on OpenAI, where a batch stays; its files are deleted as files are."""
        ...

    async def discard(self, batch_id: str) -> None:
        """Ends a batch that runs, waits for its end, and removes it (not on OpenAI) and the files that its end left.

        Raises NotFound for one that is not there.
        """
        ...
