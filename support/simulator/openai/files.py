"""OpenAI's files as they are kept: purposes, expiry, order (provider-facts 2.1; recordings: files). No HTTP here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from support.simulator import documents, ids

UPLOAD_PURPOSES = ("fine-tune", "assistants", "batch", "user_data", "vision", "evals")
OUTPUT_PURPOSES = ("assistants_output", "batch_output", "fine-tune-results")
# Files of the other purposes can be used, but not taken back.
DOWNLOADABLE = frozenset({"batch", "batch_output", "fine-tune", "fine-tune-results", "assistants_output", "evals"})

DAY = 86_400
EXPIRY_SECONDS = (3_600, 30 * DAY)
# Without being asked; files of other purposes stay until somebody deletes them.
DEFAULT_EXPIRY_SECONDS = {"batch": 30 * DAY, "batch_output": 30 * DAY}


class Made(Protocol):
    """Content that is not kept, but made when it is read."""

    def size(self) -> int: ...

    def lines(self, state: Any) -> Iterator[bytes]:
        """Its lines, without their ends; `state` is the account's."""
        ...


@dataclass(slots=True)
class StoredFile:
    """One file; times are Unix seconds. `text` is read from the bytes when a model first sees the file.

    Where the content is `made`, there are no `data`.
    """

    id: str
    name: str
    purpose: str
    data: bytes
    created_at: int
    expires_at: int | None
    processed_at: float = 0.0
    deleted_at: int | None = None
    text: str | None = None
    made: Made | None = None

    @property
    def size(self) -> int:
        """In bytes."""
        return len(self.data) if self.made is None else self.made.size()

    def is_gone(self, moment: float) -> bool:
        """Whether it was deleted or had expired by then, for whoever holds on to it."""
        return any(end is not None and end <= moment for end in (self.deleted_at, self.expires_at))

    def read(self) -> str:
        """What a model reads in it; "" for a picture."""
        if self.text is None:
            self.text = documents.text_of(self.data, self.name)
        return self.text


@dataclass(slots=True)
class FileShelf:
    """An account's files, oldest first. Files past their expiry are gone at the next look."""

    _files: dict[str, StoredFile] = field(default_factory=dict)
    _next_expiry: int | None = None

    def add(
        self, name: str, purpose: str, data: bytes, now: int, expires_after: int | None = None, processing: float = 0.0
    ) -> StoredFile:
        """Store a file; `expires_after` in seconds, where the caller chose. It is ready `processing` seconds later."""
        lifetime = expires_after if expires_after is not None else DEFAULT_EXPIRY_SECONDS.get(purpose)
        expires_at = None if lifetime is None else now + lifetime
        file = StoredFile(f"file-{ids.token(22)}", name, purpose, data, now, expires_at, now + processing)
        self._files[file.id] = file
        if expires_at is not None and (self._next_expiry is None or expires_at < self._next_expiry):
            self._next_expiry = expires_at
        return file

    def add_made(self, name: str, purpose: str, made: Made, then: int, expires_after: int | None) -> StoredFile:
        """A file whose content is made when it is read, in its place among those that were stored after it."""
        file = self.add(name, purpose, b"", then, expires_after)
        file.made = made
        self._files = dict(sorted(self._files.items(), key=lambda item: item[1].created_at))
        return file

    def as_it_is(self) -> FileShelf:
        """What is there now, for whoever refers to it later; what is stored or removed from now on does not show."""
        return replace(self, _files=dict(self._files))

    def get(self, file_id: str, now: int) -> StoredFile | None:
        self._purge(now)
        return self._files.get(file_id)

    def remove(self, file_id: str, now: int) -> bool:
        """Whether there was such a file."""
        self._purge(now)
        file = self._files.pop(file_id, None)
        if file is None:
            return False
        file.deleted_at = now
        return True

    def ids(self, now: int) -> list[str]:
        self._purge(now)
        return list(self._files)

    def page(
        self, now: int, limit: int, *, newest_first: bool, after: str | None, purpose: str | None
    ) -> tuple[list[StoredFile], bool]:
        """At most `limit` files that follow the file `after`, and whether there are more."""
        self._purge(now)
        found: list[StoredFile] = []
        for file in self._following(after, newest_first):
            if purpose is None or file.purpose == purpose:
                if len(found) == limit:
                    return found, True
                found.append(file)
        return found, False

    def _following(self, after: str | None, newest_first: bool) -> Iterator[StoredFile]:
        ordered = iter(reversed(self._files.values())) if newest_first else iter(self._files.values())
        if after is not None:
            for file in ordered:
                if file.id == after:
                    break
        return ordered

    def _purge(self, now: int) -> None:
        if self._next_expiry is None or now < self._next_expiry:
            return
        self._files = {
            id_: file for id_, file in self._files.items() if file.expires_at is None or file.expires_at > now
        }
        self._next_expiry = min((f.expires_at for f in self._files.values() if f.expires_at is not None), default=None)
