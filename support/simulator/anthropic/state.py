"""What one tenant has at Anthropic: no HTTP, and nothing that depends on when it is looked at but the time handed in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from support.simulator import ids
from support.simulator.anthropic.batches import Batches
from support.simulator.anthropic.fingerprints import Fingerprints
from support.simulator.anthropic.prompt_cache import PromptCache


@dataclass(slots=True)
class StoredFile:
    """A file; `number` is its place in the order of uploads."""

    id: str
    number: int
    filename: str
    mime_type: str
    data: bytes
    created_at: datetime
    expires_at: datetime | None

    def has_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and now >= self.expires_at


@dataclass(slots=True)
class Shelf:
    """All files by id. An expired one is taken off when it is next looked for; only its id is kept."""

    files: dict[str, StoredFile] = field(default_factory=dict)
    expired: set[str] = field(default_factory=set)
    uploads: int = 0

    def add(self, filename: str, mime_type: str, data: bytes, now: datetime, seconds_to_live: int | None) -> StoredFile:
        """Keeps the bytes under a new id."""
        expires_at = None if seconds_to_live is None else now + timedelta(seconds=seconds_to_live)
        self.uploads += 1
        file = StoredFile(f"file_011C{ids.token(20)}", self.uploads, filename, mime_type, data, now, expires_at)
        self.files[file.id] = file
        return file

    def find(self, file_id: str, now: datetime) -> StoredFile | None:
        """The file, if it exists now."""
        file = self.files.get(file_id)
        if file is not None and file.has_expired(now):
            self._retire(file)
            return None
        return file

    def is_expired(self, file_id: str, now: datetime) -> bool:
        """Whether the file existed until its own end."""
        return self.find(file_id, now) is None and file_id in self.expired

    def newest_first(self, now: datetime) -> list[StoredFile]:
        """All files that exist now."""
        for file in [file for file in self.files.values() if file.has_expired(now)]:
            self._retire(file)
        return sorted(self.files.values(), key=lambda file: file.number, reverse=True)

    def remove(self, file_id: str) -> None:
        del self.files[file_id]

    def _retire(self, file: StoredFile) -> None:
        del self.files[file.id]
        self.expired.add(file.id)


@dataclass(slots=True)
class AnthropicState:
    """Everything a tenant has."""

    files: Shelf = field(default_factory=Shelf)
    batches: Batches = field(default_factory=Batches)
    prompts: PromptCache = field(default_factory=PromptCache)
    fingerprints: Fingerprints = field(default_factory=Fingerprints)
