"""Gemini's File Search stores: documents cut into passages and indexed, states by the clock (provider-facts 5.2). No HTTP here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from support.simulator import ids
from support.simulator.embedder import embed
from support.simulator.gemini.errors import (
    document_missing,
    failed_precondition,
    invalid,
    operation_missing,
    store_not_accessible,
)
from support.simulator.gemini.file_search_requests import NewDocument, Source
from support.simulator.gemini.metadata_filters import Matches, Value
from support.simulator.nearest import Hit, Index
from support.simulator.passages import chunks

if TYPE_CHECKING:
    from support.simulator.embedder import Vector

INDEXING = 5.0
"""Seconds until a document can be found; a tenant can set `vector_stores.indexing`. The live figure depends on the size."""
DIMENSIONS = 3072
"""Of all models that a store can have."""

_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


@dataclass(slots=True)
class Document:
    """A document; `number` counts up in the order of creation, `metadata` is as it was sent, `values` as filters see it."""

    id: str
    number: int
    display_name: str | None
    mime_type: str
    size: int
    created: datetime
    ready: datetime
    """When the indexing ends."""
    passages: tuple[str, ...]
    metadata: list[dict[str, Any]]
    values: Mapping[str, Value]

    def state(self, now: datetime) -> str:
        if now < self.ready:
            return "STATE_PENDING"
        return "STATE_ACTIVE" if self.passages else "STATE_FAILED"


@dataclass(slots=True)
class Operation:
    """How a document came in, and when that is done. Outlives its document, whose id is its own, too."""

    id: str
    imported: bool
    """Of a stored file; else uploaded."""
    mime_type: str
    size: int
    ready: datetime
    failed: bool


@dataclass(slots=True)
class Store:
    """A store, its documents by id in the order of creation, and their operations.

    The index follows the documents: those that have become active are put into it at the next search.
    """

    id: str
    number: int
    display_name: str | None
    created: datetime
    embedding_model: str
    documents: dict[str, Document] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    last_number: int = 0
    index: Index = field(default_factory=Index)

    @property
    def name(self) -> str:
        return f"fileSearchStores/{self.id}"

    def add(
        self, wanted: NewDocument, source: Source, now: datetime, indexing: float, *, imported: bool = False
    ) -> Operation:
        """Takes a document in, cut into passages."""
        passages = chunks(source.text, wanted.chunk_tokens, wanted.overlap_tokens) if source.text.strip() else []
        self.last_number += 1
        document = Document(
            new_id(wanted.display_name),
            self.last_number,
            wanted.display_name,
            wanted.mime_type,
            source.size,
            now,
            now + timedelta(seconds=indexing),
            tuple(passages),
            wanted.metadata,
            wanted.values,
        )
        self.documents[document.id] = document
        operation = Operation(document.id, imported, document.mime_type, document.size, document.ready, not passages)
        self.operations[operation.id] = operation
        return operation

    def document(self, document_id: str) -> Document:
        """The document, or the refusal of one that does not exist."""
        _check_id(document_id, "Document")
        if document_id not in self.documents:
            raise document_missing()
        return self.documents[document_id]

    def operation(self, operation_id: str, *, imported: bool) -> Operation:
        operation = self.operations.get(operation_id)
        if operation is None or operation.imported is not imported:
            raise operation_missing()
        return operation

    def delete(self, document: Document, now: datetime, *, force: bool) -> None:
        """Without `force` only what failed can go: anything else has passages, or is about to (which is unverified)."""
        if not force and document.state(now) != "STATE_FAILED":
            raise failed_precondition("Cannot delete non-empty Document")
        del self.documents[document.id]
        self.index.remove(document.id)

    def search(self, asked: str, top: int, matches: Matches, now: datetime) -> list[Hit]:
        """The passages nearest to a question, best first, of the active documents whose metadata matches."""
        among: set[str] = set()
        for document in self.documents.values():
            if document.state(now) == "STATE_ACTIVE" and matches(document.values):
                among.add(document.id)
                if document.id not in self.index:
                    self.index.add(document.id, [self._vector(text) for text in document.passages], document.passages)
        return self.index.search(self._vector(asked), top, among) if among else []

    def _vector(self, text: str) -> Vector:
        return embed(text, DIMENSIONS, self.embedding_model)


@dataclass(slots=True)
class Stores:
    """The stores of one tenant, by id, in the order of creation."""

    by_id: dict[str, Store] = field(default_factory=dict)
    last_number: int = 0

    def add(self, display_name: str | None, embedding_model: str, now: datetime) -> Store:
        self.last_number += 1
        store = Store(new_id(display_name), self.last_number, display_name, now, embedding_model)
        self.by_id[store.id] = store
        return store

    def get(self, store_id: str) -> Store:
        """The store, or the refusal of one that does not exist."""
        _check_id(store_id, "FileSearchStore")
        if store_id not in self.by_id:
            raise store_not_accessible(store_id)
        return self.by_id[store_id]

    def named(self, name: str) -> Store:
        """The store of a name, `fileSearchStores/ID`."""
        collection, _, store_id = name.partition("/")
        return self.get(store_id if collection == "fileSearchStores" else name)

    def delete(self, store: Store, *, force: bool) -> None:
        if store.documents and not force:
            raise failed_precondition("Cannot delete non-empty FileSearchStore")
        del self.by_id[store.id]


def new_id(display_name: str | None) -> str:
    """At most 40 characters: a display name without capitals and marks, its spaces as dashes, then twelve random ones."""
    kept = re.sub(r"[^a-z0-9 ]", "", (display_name or "").lower()).replace(" ", "-")[:27].strip("-")
    return f"{kept or ids.token(12, ids.BASE36_LOWER)}-{ids.token(12, ids.BASE36_LOWER)}"


def in_order(numbered: Iterable[Any]) -> list[Any]:
    """The oldest first (recording of a list of stores; of documents unverified)."""
    return sorted(numbered, key=lambda one: one.number)


def _check_id(resource_id: str, kind: str) -> None:
    if not _ID.fullmatch(resource_id):  # words unverified
        raise invalid(f"{kind} id must be up to 40 lowercase letters, digits or dashes, none of them at an end.")
