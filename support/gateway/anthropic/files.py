"""Anthropic's files: multipart upload, opaque page cursors, uploads that cannot be read back (provider-facts 2.2)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import anthropic

from support.gateway.anthropic.errors import translate
from support.gateway.call import ChokePoint
from support.gateway.capabilities import Order
from support.gateway.exchanges import answer_on_the_wire
from support.gateway.files import FileStore, contents
from support.gateway.markers import unmark
from support.values import Deletion, FilePage, Provider, StoredFile


class AnthropicFiles(FileStore):
    """`/v1/files`."""

    provider = Provider.ANTHROPIC
    translate = staticmethod(translate)

    def __init__(self, choke: ChokePoint, client: anthropic.AsyncAnthropic) -> None:
        super().__init__(choke)
        self._client = client

    async def _send_upload(
        self, path: Path, sent_name: str, purpose: str | None, expires_after: timedelta | None
    ) -> StoredFile:
        options: dict[str, Any] = {}
        if expires_after is not None:
            options["expires_in_seconds"] = int(expires_after.total_seconds())
        await self._client.files.upload(file=(sent_name, contents(path)), **options)
        return stored(answer_on_the_wire())

    async def _send_get(self, file_id: str) -> StoredFile:
        await self._client.files.retrieve_metadata(file_id)
        return stored(answer_on_the_wire())

    async def _send_list(
        self, limit: int | None, cursor: str | None, purpose: str | None, order: Order | None, ids: Sequence[str] | None
    ) -> FilePage:
        options: dict[str, Any] = {"limit": limit, "page": cursor, "ids": ids}
        await self._client.files.list(**{name: value for name, value in options.items() if value is not None})
        answer = answer_on_the_wire()
        return FilePage(files=tuple(stored(item) for item in answer["data"]), next_cursor=answer["next_page"])

    async def _send_content(self, file_id: str) -> bytes:
        download = await self._client.files.download(file_id)
        return await download.read()

    async def _send_delete(self, file_id: str) -> Deletion:
        gone = await self._client.files.delete(file_id)
        return Deletion(provider=Provider.ANTHROPIC, id=gone.id)


def stored(answer: Mapping[str, Any]) -> StoredFile:
    """The file object of the wire as the gateway's value (recordings: anthropic files upload)."""
    _, name = unmark(answer["filename"])
    expires_at = answer.get("expires_at")
    return StoredFile(
        provider=Provider.ANTHROPIC,
        id=answer["id"],
        name=name,
        sent_name=answer["filename"],
        size_bytes=answer["size_bytes"],
        created_at=datetime.fromisoformat(answer["created_at"]),
        expires_at=None if expires_at is None else datetime.fromisoformat(expires_at),
        mime_type=answer["mime_type"],
        raw=answer,
    )
