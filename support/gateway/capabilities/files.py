"""Files kept by the provider."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Literal, Protocol

from support.values import Deletion, FilePage, StoredFile, UploadOutcome

Order = Literal["asc", "desc"]


class Files(Protocol):
    """Files kept by the provider (provider-facts 2)."""

    async def upload(
        self,
        path: Path,
        *,
        purpose: str | None = None,
        expires_after: timedelta | None = None,
        preflight: bool = True,
    ) -> StoredFile:
        """Stores the file under its own name.

        Raises LocalFileMissing, InvalidRequest (empty, a directory, an unknown purpose, an expiry out of range), LimitExceeded or
        Unsupported (a purpose or expiry where the provider has none) before anything is sent. `preflight=False` leaves
        the judgement of `purpose` and `expires_after` to the provider.
        """
        ...

    async def upload_many(self, paths: Sequence[Path], *, purpose: str | None = None) -> list[UploadOutcome]:
        """Stores the files, all in flight together; one outcome a path, in the order of the paths."""
        ...

    async def get(self, file_id: str) -> StoredFile:
        """What the provider knows of the file; NotFound names the id."""
        ...

    async def list_page(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        purpose: str | None = None,
        order: Order | None = None,
        ids: Sequence[str] | None = None,
    ) -> FilePage:
        """One page. A filter or an order that the provider does not have is Unsupported; a limit out of range InvalidRequest."""
        ...

    def list(
        self,
        *,
        page_size: int | None = None,
        purpose: str | None = None,
        order: Order | None = None,
    ) -> AsyncIterator[StoredFile]:
        """All files of the account, page after page."""
        ...

    async def content(self, file_id: str) -> bytes:
        """The bytes of the file; Unsupported where the provider does not give them back."""
        ...

    async def delete(self, file_id: str) -> Deletion: ...
