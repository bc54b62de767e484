"""OpenAI's vector stores as they are kept: documents, batches, states by the clock, search (provider-facts 5.1). No HTTP here.

A document takes its time to be indexed; of several, one is done after the other. Times are Unix seconds. Documents whose file
the account has deleted are gone with it (the provider says so; that it happens at once is unverified).

The vectors have the length of text-embedding-3-small's. The provider's search is said to use 256 numbers of -3-large; hashed
words need more for the same quality, and nobody sees them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from support.simulator import embedder, ids, passages, tokenizer
from support.simulator.nearest import Hit, Index
from support.simulator.openai import vector_store_documents as documents
from support.simulator.openai.files import FileShelf, StoredFile
from support.simulator.openai.vector_store_documents import Failure

FileStatus: TypeAlias = Literal["in_progress", "completed", "failed", "cancelled"]
StoreStatus: TypeAlias = Literal["in_progress", "completed", "expired"]
BatchStatus: TypeAlias = Literal["in_progress", "completed", "failed", "cancelled"]

DAY = 86_400
DIMENSIONS = 1_536
MODEL = "vector stores"

# Seconds, by the name under which a tenant can set its own.
DURATIONS = {
    "vector_stores.indexing": 5.0,  # until a document that nothing waits before is done
    "vector_stores.next_document": 0.5,  # from there to the end of the one that waits behind it
}


class Chunking(NamedTuple):
    """How a document is cut, in tokens; without being asked as here."""

    size: int = 800
    overlap: int = 400


@dataclass(slots=True)
class StoreFile:
    """A file in a vector store."""

    id: str
    name: str
    text: str
    tokens: int
    created_at: int
    ready_at: float
    chunking: Chunking
    attributes: dict[str, Any]
    failure: Failure | None
    """What comes out when its turn comes; nobody is told before."""
    cancelled: bool = False

    def status(self, now: float) -> FileStatus:
        if self.cancelled:
            return "cancelled"
        if now < self.ready_at:
            return "in_progress"
        return "completed" if self.failure is None else "failed"

    def usage_bytes(self, now: float) -> int:
        """What it takes in the store: its text, and a kilobyte a passage (recordings: vector store files, 2025-09)."""
        if self.status(now) != "completed":
            return 0
        return len(self.text.encode()) + 1024 * passages.how_many(self.tokens, *self.chunking)


@dataclass(slots=True)
class FileBatch:
    """Files that were attached together."""

    id: str
    created_at: int
    files: dict[str, StoreFile]
    cancelled: bool = False

    def status(self, now: float) -> BatchStatus:
        """Unverified: that a batch fails when all its files do, and only then."""
        held = counts(self.files.values(), now)
        if held["in_progress"]:
            return "in_progress"
        if self.cancelled:
            return "cancelled"
        return "failed" if held["failed"] and held["failed"] == held["total"] else "completed"

    def cancel(self, now: float) -> None:
        """Give up what is not done; a batch that is done stays as it is (recordings: file batches)."""
        for file in self.files.values():
            if file.status(now) == "in_progress":
                file.cancelled = self.cancelled = True


@dataclass(slots=True)
class VectorStore:
    """One vector store. The index follows the files: what is completed is put into it at the next search."""

    id: str
    created_at: int
    last_active_at: int
    name: str | None
    description: str | None
    expires_after_days: int | None
    metadata: dict[str, str]
    files: dict[str, StoreFile] = field(default_factory=dict)
    batches: dict[str, FileBatch] = field(default_factory=dict)
    index: Index = field(default_factory=Index)

    @property
    def expires_at(self) -> int | None:
        return None if self.expires_after_days is None else self.last_active_at + self.expires_after_days * DAY

    def expired(self, now: float) -> bool:
        return self.expires_at is not None and now >= self.expires_at

    def status(self, now: float) -> StoreStatus:
        if self.expired(now):
            return "expired"
        working = any(file.status(now) == "in_progress" for file in self.files.values())
        return "in_progress" if working else "completed"

    def usage_bytes(self, now: float) -> int:
        return sum(file.usage_bytes(now) for file in self.files.values())

    def attach(
        self,
        file: StoredFile,
        now: float,
        chunking: Chunking,
        attributes: Mapping[str, Any],
        durations: Mapping[str, float],
    ) -> StoreFile:
        """Begin to index a file; one that is here already starts over (unverified), and is here once."""
        self.detach(file.id)
        of = {**DURATIONS, **durations}
        before = next(reversed(self.files.values()), None)
        ready_at = now + of["vector_stores.indexing"]
        if before is not None:
            ready_at = max(ready_at, before.ready_at + of["vector_stores.next_document"])
        text, failure = documents.read(file)
        attached = StoreFile(
            file.id, file.name, text, tokenizer.count(text), int(now), ready_at, chunking, dict(attributes), failure
        )
        self.files[file.id] = attached
        self.last_active_at = int(now)
        return attached

    def batch(self, files: Iterable[StoreFile], now: float) -> FileBatch:
        made = FileBatch(f"vsfb_ibj_{ids.hex_token(32)}", int(now), {file.id: file for file in files})
        self.batches[made.id] = made
        return made

    def detach(self, file_id: str) -> bool:
        """Whether there was such a file."""
        self.index.remove(file_id)
        return self.files.pop(file_id, None) is not None

    def forget_deleted(self, shelf: FileShelf, now: float) -> None:
        """Detach the files that the account has no more."""
        existing = set(shelf.ids(int(now)))
        for file_id in [file_id for file_id in self.files if file_id not in existing]:
            self.detach(file_id)

    def search(
        self, queries: Sequence[str], now: float, top: int, takes: Callable[[dict[str, Any]], bool] | None
    ) -> list[Hit]:
        """The `top` passages nearest to any of the queries, best first, of files whose attributes `takes` accepts."""
        for file in self.files.values():
            if file.id not in self.index and file.status(now) == "completed":
                texts = passages.chunks(file.text, *file.chunking)
                self.index.add(file.id, [embedder.embed(text, DIMENSIONS, MODEL) for text in texts], texts)
        self.last_active_at = int(now)
        among = None if takes is None else {id_ for id_, file in self.files.items() if takes(file.attributes)}
        best: dict[tuple[str, int], Hit] = {}
        for query in queries:
            for hit in self.index.search(embedder.embed(query, DIMENSIONS, MODEL), top, among):
                known = best.get((hit.owner_id, hit.number))
                if known is None or hit.score > known.score:
                    best[hit.owner_id, hit.number] = hit
        return sorted(best.values(), key=lambda hit: -hit.score)[:top]


@dataclass(slots=True)
class VectorStoreShelf:
    """An account's vector stores, oldest first; an expired one stays until somebody deletes it."""

    stores: dict[str, VectorStore] = field(default_factory=dict)

    def add(
        self,
        now: float,
        *,
        name: str | None,
        description: str | None,
        expires_after_days: int | None,
        metadata: Mapping[str, str],
    ) -> VectorStore:
        seconds = int(now)
        store = VectorStore(
            f"vs_{ids.hex_token(32)}", seconds, seconds, name, description, expires_after_days, dict(metadata)
        )
        self.stores[store.id] = store
        return store


def counts(files: Iterable[StoreFile], now: float) -> dict[str, int]:
    """How many files are in which state, and all together."""
    found = {"in_progress": 0, "completed": 0, "failed": 0, "cancelled": 0, "total": 0}
    for file in files:
        found[file.status(now)] += 1
        found["total"] += 1
    return found
