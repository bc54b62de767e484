"""What a provider's own module says of its batches: how each call is sent, and how its answers are read."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import ClassVar, Literal, TypeVar

from support.gateway.batch_input import Line, Spool
from support.gateway.batch_results import Outcome, Source
from support.gateway.files import FileStore
from support.gateway.keeper import Keeper
from support.gateway.markers import Marker
from support.gateway.retry import Repeat
from support.values import BatchProgress, BatchRequest, Deletion, ProviderBatch, ProviderBatchPage

R = TypeVar("R")
BatchEndpoint = Literal["chat", "responses", "embeddings"]


class BatchService(Keeper):
    """What a provider's own module says."""

    endpoints: ClassVar[tuple[BatchEndpoint, ...]]
    kind: ClassVar[str]
    """Under which the journal knows a batch."""
    deletes: ClassVar[bool] = True
    """Whether a batch that has ended can be deleted; OpenAI keeps it, and it costs nothing."""
    repeat: ClassVar[Repeat]
    """Whether a batch that may have been made can be found again."""
    frame: ClassVar[tuple[bytes, bytes, bytes]] = (b"", b"\n", b"\n")
    """What stands before the requests, between two of them, and after them: lines, where the provider takes a file."""

    @abstractmethod
    def _line(self, request: BatchRequest, endpoint: BatchEndpoint) -> Line:
        """A request as it stands in the input."""

    @abstractmethod
    async def _upload(self, spool: Spool) -> str | None:
        """Stores the input as a file, where it does not go along with the creation; answers the file's id."""

    @abstractmethod
    async def _send_create(
        self, spool: Spool, file_id: str | None, marker: Marker, endpoint: BatchEndpoint, window: str
    ) -> ProviderBatch: ...

    @abstractmethod
    async def _send_get(self, batch_id: str) -> ProviderBatch: ...

    @abstractmethod
    async def _send_list(self, limit: int | None, cursor: str | None) -> ProviderBatchPage: ...

    @abstractmethod
    async def _send_cancel(self, batch_id: str) -> ProviderBatch | None:
        """None where the provider answers without the batch."""

    @abstractmethod
    async def _send_delete(self, batch_id: str) -> Deletion: ...

    @abstractmethod
    def _sources(self, batch: ProviderBatch) -> Iterable[Source]:
        """Where the results of a batch that has ended are; nowhere, if nothing is told of its requests."""

    @abstractmethod
    def _id(self, line: Line, number: int) -> str:
        """Whose result a line is."""

    @abstractmethod
    def _outcome(self, line: Line, batch: ProviderBatch) -> Outcome: ...

    @abstractmethod
    def _progress(self, batch: ProviderBatch) -> BatchProgress: ...

    @property
    @abstractmethod
    def _files(self) -> FileStore | None:
        """Where the files of batches are; None where there are none."""
