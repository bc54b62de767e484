"""A provider gateway that keeps files in memory, and misbehaves on demand."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import ClassVar

from support.errors import NotFound, ServerError
from support.gateway.capabilities import Capability, ProviderGateway
from support.journal import ScenarioRegister
from support.values import Deletion, Provider, StoredFile


class FakeFiles:
    """As much of `Files` as housekeeping may use: list and delete."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.stored: dict[str, StoredFile] = {}
        self.asked: list[str] = []
        """Ids that were to be deleted, in order."""
        self.refuses: set[str] = set()
        self.hangs: set[str] = set()
        self.list_fails = False

    def put(self, id: str, sent_name: str) -> None:
        moment = datetime(2026, 11, 23, tzinfo=UTC)
        self.stored[id] = StoredFile(
            provider=self.provider, id=id, name="n", sent_name=sent_name, size_bytes=1, created_at=moment, raw={}
        )

    async def list(self, *, page_size: int | None = None) -> AsyncIterator[StoredFile]:
        if self.list_fails:
            raise ServerError("the list broke off", provider=self.provider)
        for file in tuple(self.stored.values()):
            await asyncio.sleep(0)
            yield file

    async def delete(self, file_id: str) -> Deletion:
        self.asked.append(file_id)
        await asyncio.sleep(60 if file_id in self.hangs else 0)
        if file_id in self.refuses:
            raise ServerError(f"{file_id} cannot be deleted now", provider=self.provider)
        if self.stored.pop(file_id, None) is None:
            raise NotFound(f"no such file: {file_id}", provider=self.provider)
        return Deletion(provider=self.provider, id=file_id)


class FakeProvider(ProviderGateway):
    """Offers files alone; it has no endpoint."""

    offers: ClassVar = {Capability.FILES: lambda self: self.store}

    def __init__(self, provider: Provider) -> None:
        self.provider = provider  # type: ignore[misc]
        self.store = FakeFiles(provider)
        self._made = {}


def fakes() -> dict[Provider, FakeProvider]:
    return {provider: FakeProvider(provider) for provider in Provider}


def marker(run: str, number: int) -> str:
    return f"ts-{run}-{number:08d}~"


def upload(register: ScenarioRegister, fake: FakeProvider, id: str, number: int, *, confirmed: bool = True) -> int:
    """A file as a scenario stores it; unconfirmed, as a process leaves it that dies before the answer."""
    mark = marker(register.run.id, number)
    entry = register.intend(fake.provider, "file", mark)
    fake.store.put(id, f"{mark}notes.txt")
    if confirmed:
        register.confirm(entry, id)
    return entry
