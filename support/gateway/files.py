"""What storing files means on every provider: local checks, the marker, all pages of a list, several uploads at once."""

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from support.catalogue.limits import Purposes, file_limits
from support.errors import InvalidRequest, LimitExceeded, LocalFileMissing, TouchstoneError, Unsupported
from support.gateway.call import Creation, Operation, Removal
from support.gateway.capabilities import Order
from support.gateway.keeper import Keeper, unrepeated
from support.gateway.markers import Marker
from support.gateway.retry import Repeat
from support.values import Deletion, FilePage, Provider, StoredFile, UploadOutcome

R = TypeVar("R")


class FileStore(Keeper):
    """The files of one provider; a subclass speaks to its SDK and reads its answers."""

    # What a provider's own module says -------------------------------------------------------------------------------

    @abstractmethod
    async def _send_upload(
        self, path: Path, sent_name: str, purpose: str | None, expires_after: timedelta | None
    ) -> StoredFile: ...

    @abstractmethod
    async def _send_get(self, file_id: str) -> StoredFile: ...

    @abstractmethod
    async def _send_list(
        self, limit: int | None, cursor: str | None, purpose: str | None, order: Order | None, ids: Sequence[str] | None
    ) -> FilePage: ...

    @abstractmethod
    async def _send_content(self, file_id: str) -> bytes: ...

    @abstractmethod
    async def _send_delete(self, file_id: str) -> Deletion: ...

    # What is the same for all ----------------------------------------------------------------------------------------

    async def upload(
        self,
        path: Path,
        *,
        purpose: str | None = None,
        expires_after: timedelta | None = None,
        preflight: bool = True,
    ) -> StoredFile:
        check_local(path, self.provider)
        if preflight:
            check_purpose(purpose, path, self.provider)
            check_expiry(expires_after, self.provider)
        marker = Marker.fresh(self._choke.account.run_id)
        file = await self._call(
            Operation(self.provider, "files.upload", Repeat.IF_ABSENT, creates=Creation("file", marker)),
            lambda: self._send_upload(path, sent_name(marker, path), purpose, expires_after),
            id_of=lambda made: made.id,
            find=lambda: self._made_by(marker),
        )
        self._choke.file_sizes[file.id] = file.size_bytes
        return file

    async def upload_many(self, paths: Sequence[Path], *, purpose: str | None = None) -> list[UploadOutcome]:
        return list(await asyncio.gather(*(self._outcome(path, purpose) for path in paths)))

    async def _outcome(self, path: Path, purpose: str | None) -> UploadOutcome:
        try:
            return UploadOutcome(path=str(path), file=await self.upload(path, purpose=purpose))
        except TouchstoneError as error:
            return UploadOutcome(path=str(path), error=error)

    async def get(self, file_id: str) -> StoredFile:
        return await self._call(
            Operation(self.provider, "files.get", Repeat.ALWAYS), lambda: self._send_get(file_id), about=file_id
        )

    async def list_page(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        purpose: str | None = None,
        order: Order | None = None,
        ids: Sequence[str] | None = None,
    ) -> FilePage:
        check_listing(self.provider, limit, purpose, order, ids)
        return await self._call(
            Operation(self.provider, "files.list", Repeat.ALWAYS),
            lambda: self._send_list(limit, cursor, purpose, order, ids),
        )

    async def list(
        self, *, page_size: int | None = None, purpose: str | None = None, order: Order | None = None
    ) -> AsyncIterator[StoredFile]:
        cursor: str | None = None
        seen: set[str] = set()
        while True:
            page = await self.list_page(limit=page_size, cursor=cursor, purpose=purpose, order=order)
            for file in page.files:
                yield file
            cursor = unrepeated(self.provider, following(page), seen)
            if cursor is None:
                return

    async def content(self, file_id: str) -> bytes:
        return await self._call(
            Operation(self.provider, "files.content", Repeat.ALWAYS), lambda: self._send_content(file_id), about=file_id
        )

    async def delete(self, file_id: str) -> Deletion:
        return await self._call(
            Operation(self.provider, "files.delete", Repeat.ALWAYS, removes=Removal("file", file_id)),
            lambda: self._send_delete(file_id),
            about=file_id,
            if_gone=lambda: Deletion(provider=self.provider, id=file_id),
        )

    async def _made_by(self, marker: Marker) -> StoredFile | None:
        async for file in self.list():
            if file.sent_name.startswith(str(marker)):
                return file
        return None


def sent_name(marker: Marker, path: Path) -> str:
    """The name that goes to the provider."""
    return f"{marker}{path.name}"


def following(page: FilePage) -> str | None:
    """The cursor of the page after `page`."""
    return page.next_cursor


def check_local(path: Path, provider: Provider) -> None:
    """Refuses what cannot be sent, before anything is sent; every sentence names the path."""
    if not path.exists():
        raise LocalFileMissing(f"there is no file at {path}; check the path", provider=provider)
    if not path.is_file():
        raise InvalidRequest(f"{path} is a directory; name one file", provider=provider, param="file")
    size = path.stat().st_size
    if size == 0:
        raise InvalidRequest(f"{path} is empty; providers refuse files of zero bytes", provider=provider, param="file")
    limit = file_limits(provider).max_bytes
    if size > limit:
        raise LimitExceeded(
            f"{path} has {size} bytes; {provider} takes at most {limit}", provider=provider, param="file"
        )


def contents(path: Path) -> bytes:
    """The bytes to send, whole: an upload that is repeated must send the same."""
    return path.read_bytes()


def check_purpose(purpose: str | None, path: Path, provider: Provider) -> None:
    """A purpose exists on OpenAI only; some are for uploads, and some take JSONL only (provider-facts 2.1)."""
    if purpose is None:
        return
    purposes = purposes_of(provider)
    if purpose not in purposes.upload:
        allowed = ", ".join(purposes.upload)
        raise InvalidRequest(f"purpose {purpose!r} is not one of {allowed}", provider=provider, param="purpose")
    if purpose in purposes.jsonl_only and path.suffix != ".jsonl":
        raise InvalidRequest(
            f"purpose {purpose!r} takes .jsonl files, not {path.name}", provider=provider, param="file"
        )


def purposes_of(provider: Provider) -> Purposes:
    """The provider's purposes; one that would be dropped in silence is refused."""
    purposes = file_limits(provider).purposes
    if purposes is None:
        raise Unsupported(f"{provider} knows no purpose of a file; leave it out", provider=provider, param="purpose")
    return purposes


def check_expiry(expires_after: timedelta | None, provider: Provider) -> None:
    """An expiry can be chosen on OpenAI and Anthropic, in their ranges; Gemini keeps files 48 hours (provider-facts 2)."""
    if expires_after is None:
        return
    expiry = file_limits(provider).expiry
    if expiry.minimum is None or expiry.maximum is None:
        raise Unsupported(
            f"{provider} lets nobody choose when a file expires", provider=provider, param="expires_after"
        )
    seconds = expires_after.total_seconds()
    if not expiry.minimum <= seconds <= expiry.maximum:
        raise InvalidRequest(
            f"a file can expire after {expiry.minimum} to {expiry.maximum} seconds, not after {seconds:.0f}",
            provider=provider,
            param="expires_after",
        )


def check_listing(
    provider: Provider, limit: int | None, purpose: str | None, order: Order | None, ids: Sequence[str] | None
) -> None:
    """Refuses a filter that the provider would not apply, and a page size out of its range."""
    limits = file_limits(provider)
    page = limits.page
    if limit is not None and not page.minimum <= limit <= page.maximum:
        raise InvalidRequest(
            f"limit must be {page.minimum} to {page.maximum}, not {limit}", provider=provider, param="limit"
        )
    if purpose is not None:
        purposes_of(provider)
    if order is not None and provider is not Provider.OPENAI:
        raise Unsupported(f"{provider} lists files in one order only", provider=provider, param="order")
    if ids is not None and limits.max_ids_in_list is None:
        raise Unsupported(f"{provider} cannot list files by id", provider=provider, param="ids")
