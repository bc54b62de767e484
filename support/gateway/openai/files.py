"""OpenAI's files: multipart upload with the purpose as a form field, cursor pages, content by purpose (provider-facts 2.1)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openai

from support.gateway.call import ChokePoint
from support.gateway.capabilities import Order
from support.gateway.exchanges import answer_on_the_wire
from support.gateway.files import FileStore
from support.gateway.markers import unmark
from support.gateway.openai.errors import translate
from support.values import Deletion, FilePage, Provider, StoredFile

DEFAULT_PURPOSE = "user_data"
"""What is sent where the caller names none: the API wants one, and this is its word for "any use" (provider-facts 2.1)."""


class OpenAIFiles(FileStore):
    """`/v1/files`."""

    provider = Provider.OPENAI
    translate = staticmethod(translate)

    def __init__(self, choke: ChokePoint, client: openai.AsyncOpenAI) -> None:
        super().__init__(choke)
        self._client = client

    async def _send_upload(
        self, path: Path, sent_name: str, purpose: str | None, expires_after: timedelta | None
    ) -> StoredFile:
        options: dict[str, Any] = {}
        if expires_after is not None:
            options["expires_after"] = {"anchor": "created_at", "seconds": int(expires_after.total_seconds())}
        await self._client.files.create(
            file=(sent_name, bytes_of(path)),
            purpose=purpose_to_send(purpose),  # type: ignore[arg-type]  # an unknown one is the provider's to refuse
            **options,
        )
        return stored(answer_on_the_wire())

    async def _send_get(self, file_id: str) -> StoredFile:
        await self._client.files.retrieve(file_id)
        return stored(answer_on_the_wire())

    async def _send_list(
        self, limit: int | None, cursor: str | None, purpose: str | None, order: Order | None, ids: Sequence[str] | None
    ) -> FilePage:
        options: dict[str, Any] = {"limit": limit, "after": cursor, "purpose": purpose, "order": order}
        given = {name: value for name, value in options.items() if value is not None}
        # A page of 10,000 files is more than the wire record keeps, so its JSON is taken from the SDK's own response.
        response = await self._client.files.with_raw_response.list(**given)
        answer = response.http_response.json()
        files = tuple(stored(item) for item in answer["data"])
        return FilePage(files=files, next_cursor=files[-1].id if answer.get("has_more") and files else None)

    async def _send_content(self, file_id: str) -> bytes:
        return (await self._client.files.content(file_id)).content

    async def _send_delete(self, file_id: str) -> Deletion:
        gone = await self._client.files.delete(file_id)
        return Deletion(provider=Provider.OPENAI, id=gone.id)


def bytes_of(path: Path) -> bytes:
    """The content of the file, read before anything is sent."""
    return path.read_bytes()


def purpose_to_send(purpose: str | None) -> str:
    """The caller's purpose, or the default where it names none."""
    return purpose or DEFAULT_PURPOSE


def stored(answer: Mapping[str, Any]) -> StoredFile:
    """The file object of the wire as the gateway's value (recordings: openai files upload)."""
    _, name = unmark(answer["filename"])
    expires_at = answer.get("expires_at")
    return StoredFile(
        provider=Provider.OPENAI,
        id=answer["id"],
        name=name,
        sent_name=answer["filename"],
        size_bytes=answer["bytes"],
        created_at=datetime.fromtimestamp(answer["created_at"], UTC),
        expires_at=None if expires_at is None else datetime.fromtimestamp(expires_at, UTC),
        purpose=answer["purpose"],
        raw=answer,
    )
