"""Documents that a provider keeps to be searched, what a search finds, and vectors."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from support.values.base import Provider, Usage, Value
from support.values.chat import ChatAnswer

Attribute = str | float | bool
"""What is known of a document beside its text, to filter by."""
DocumentStatus = Literal["in_progress", "completed", "failed", "cancelled"]


class DocumentCounts(Value):
    """How many documents of a store, or of a batch, are in which state."""

    in_progress: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def total(self) -> int:
        return self.in_progress + self.completed + self.failed + self.cancelled


class VectorStore(Value):
    """A store of documents: a vector store on OpenAI, a File Search store on Gemini (provider-facts 5)."""

    provider: Provider
    id: str
    name: str
    """Without the run's marker."""
    marked: str
    """Where the provider keeps the run's marker: metadata on OpenAI, the front of the name on Gemini."""
    status: Literal["in_progress", "completed", "expired"]
    """Gemini tells none: in progress as long as a document is."""
    counts: DocumentCounts
    size_bytes: int
    created_at: datetime
    expires_at: datetime | None = None
    last_active_at: datetime | None = None
    """OpenAI only."""
    metadata: Mapping[str, str] = Field(default_factory=dict)
    """OpenAI only; without the run's marker."""
    raw: Mapping[str, Any] = Field(repr=False)


class StorePage(Value):
    """One page of a list of stores; `next_cursor` is opaque and None on the last page."""

    stores: tuple[VectorStore, ...]
    next_cursor: str | None


class Chunking(Value):
    """How a document is cut: pieces of at most so many tokens, of which neighbours share so many."""

    max_tokens: int
    overlap_tokens: int


class StoredDocument(Value):
    """A document of a store."""

    provider: Provider
    store_id: str
    id: str
    """On OpenAI the id of the stored file."""
    name: str | None
    """Without the run's marker; None on OpenAI, where the file has the name."""
    status: DocumentStatus
    failure: str | None = None
    """The provider's code for why it failed."""
    size_bytes: int
    attributes: Mapping[str, Attribute]
    chunking: Chunking | None = None
    """OpenAI only: Gemini does not tell."""
    created_at: datetime
    raw: Mapping[str, Any] = Field(repr=False)


class DocumentPage(Value):
    """One page of a list of documents."""

    documents: tuple[StoredDocument, ...]
    next_cursor: str | None


class FileBatch(Value):
    """Several files that are taken into a store together (OpenAI)."""

    provider: Provider
    id: str
    store_id: str
    status: DocumentStatus
    counts: DocumentCounts
    raw: Mapping[str, Any] = Field(repr=False)


class Comparison(Value):
    """A document's attribute compared with a value: `eq`, `ne`, `gt`, `gte`, `lt`, `lte`."""

    attribute: str
    operator: str
    value: Attribute


class AllOf(Value):
    """Every one of these holds."""

    filters: tuple["Filter", ...]


class AnyOf(Value):
    """At least one of these holds."""

    filters: tuple["Filter", ...]


Filter = Comparison | AllOf | AnyOf


class Hit(Value):
    """A passage that a search found."""

    document_id: str | None
    """None where the provider does not tell (Gemini tells the name alone)."""
    name: str
    """Without the run's marker."""
    score: float | None
    """0 to 1; None where the provider tells none (Gemini)."""
    text: str
    attributes: Mapping[str, Attribute] = Field(default_factory=dict)


class GroundedAnswer(Value):
    """An answer from documents, with the passages that it was built on."""

    answer: ChatAnswer
    citations: tuple[Hit, ...]

    @property
    def grounded(self) -> bool:
        """Whether it was built on any document at all."""
        return bool(self.citations)


class Embeddings(Value):
    """Texts as vectors of one length, in the order of the texts."""

    provider: Provider
    model: str
    vectors: tuple[tuple[float, ...], ...]
    usage: Usage | None
    """None where the provider tells no figures, which is not zero."""
    cost_usd: Decimal | None = None
    """By the provider's figures, or where it tells none by its own count of the texts; None where no price is known."""
    raw: Mapping[str, Any] = Field(repr=False)
