"""Gemini's files: resumable upload, page tokens, 48 hours, and no way to take an upload's bytes back (provider-facts 2.3)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from mimetypes import MimeTypes
from pathlib import Path
from typing import Any

from google.genai import types
from google.genai.client import AsyncClient

from support.errors import Unsupported
from support.gateway.call import ChokePoint
from support.gateway.capabilities import Order
from support.gateway.exchanges import answer_on_the_wire
from support.gateway.files import FileStore
from support.gateway.gemini.errors import translate
from support.gateway.markers import unmark
from support.values import Deletion, FilePage, Provider, StoredFile

# Python's own table, without what this machine's mime.types would add, and with what it lacks.
_TYPES = MimeTypes()
_TYPES.add_type("application/jsonl", ".jsonl")
_TYPES.add_type("text/markdown", ".md")


class GeminiFiles(FileStore):
    """`/upload/v1beta/files` and `/v1beta/files`."""

    provider = Provider.GEMINI
    translate = staticmethod(translate)

    def __init__(self, choke: ChokePoint, client: AsyncClient) -> None:
        super().__init__(choke)
        self._files = client.files

    async def _send_upload(
        self, path: Path, sent_name: str, purpose: str | None, expires_after: timedelta | None
    ) -> StoredFile:
        # An open file instead of its path: the SDK would put the path's name into a header, where only ASCII fits.
        with path.open("rb") as content:
            await self._files.upload(
                file=content, config=types.UploadFileConfig(display_name=sent_name, mime_type=mime_type(path))
            )
        return stored(answer_on_the_wire()["file"])

    async def _send_get(self, file_id: str) -> StoredFile:
        await self._files.get(name=file_id)
        return stored(answer_on_the_wire())

    async def _send_list(
        self, limit: int | None, cursor: str | None, purpose: str | None, order: Order | None, ids: Sequence[str] | None
    ) -> FilePage:
        await self._files.list(config=types.ListFilesConfig(page_size=limit, page_token=cursor))
        answer = answer_on_the_wire()
        return FilePage(
            files=tuple(stored(item) for item in answer.get("files", ())), next_cursor=answer.get("nextPageToken")
        )

    async def _send_content(self, file_id: str) -> bytes:
        file = await self._files.get(name=file_id)
        refuse_what_cannot_be_downloaded(file)
        return await self._files.download(file=file)

    async def _send_delete(self, file_id: str) -> Deletion:
        await self._files.delete(name=file_id)
        return Deletion(provider=Provider.GEMINI, id=file_id)


def mime_type(path: Path) -> str:
    """By the name, the same on every machine; Gemini wants one for every file."""
    return _TYPES.guess_type(path.name)[0] or "application/octet-stream"


def refuse_what_cannot_be_downloaded(file: types.File) -> None:
    """Only what Gemini generated has a `download_uri`; the SDK would refuse with a bare ValueError (provider-facts 2.3)."""
    if file.download_uri is None:
        raise Unsupported(
            f"{file.name} was uploaded; Gemini gives back only files that it generated itself",
            provider=Provider.GEMINI,
            operation="files.content",
        )


def stored(answer: Mapping[str, Any]) -> StoredFile:
    """The file object of the wire as the gateway's value (recordings: gemini files)."""
    sent_name = answer.get("displayName", "")
    _, name = unmark(sent_name)
    expires_at = answer.get("expirationTime")
    return StoredFile(
        provider=Provider.GEMINI,
        id=answer["name"],
        name=name,
        sent_name=sent_name,
        size_bytes=int(answer["sizeBytes"]),
        created_at=datetime.fromisoformat(answer["createTime"]),
        expires_at=None if expires_at is None else datetime.fromisoformat(expires_at),
        mime_type=answer["mimeType"],
        raw=answer,
    )
