"""The values that the whole suite speaks in: frozen, in the field's words, with units in the name or the docstring."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Provider(StrEnum):
    """The providers, written one way in code, tags, tables and sentences."""

    OPENAI = "OpenAI"
    ANTHROPIC = "Anthropic"
    GEMINI = "Gemini"


class Money(StrEnum):
    """Simulated dollars are counted, but never beside live ones."""

    SIMULATED = "simulated"
    LIVE = "live"


class Value(BaseModel):
    """Base of all values: immutable, and strict about names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Usage(Value):
    """Tokens of one call, in one accounting for all providers: the five kinds do not overlap.

    OpenAI and Gemini count cached tokens inside their input total, Anthropic counts them beside it
    (provider-facts 3.1 to 3.3); the adapters take them apart.
    """

    uncached_input_tokens: int = Field(default=0, ge=0)
    cache_read_tokens: int = Field(default=0, ge=0)
    cache_write_5m_tokens: int = Field(default=0, ge=0)
    cache_write_1h_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)

    @property
    def input_tokens(self) -> int:
        """All tokens that went in: uncached, read from a cache, written to one."""
        return (
            self.uncached_input_tokens
            + self.cache_read_tokens
            + self.cache_write_5m_tokens
            + self.cache_write_1h_tokens
        )


class StoredFile(Value):
    """A file as its provider reports it. `raw` is the provider's whole answer."""

    provider: Provider
    id: str
    name: str
    """Without the run's marker."""
    sent_name: str
    """As the provider keeps it: the run's marker, then the name."""
    size_bytes: int
    created_at: datetime
    expires_at: datetime | None = None
    purpose: str | None = None
    """OpenAI only (provider-facts 2.1)."""
    mime_type: str | None = None
    """Anthropic and Gemini only: OpenAI reports none, and the gateway does not guess."""
    raw: Mapping[str, Any] = Field(repr=False)


class Deletion(Value):
    """The provider's confirmation that a resource is gone, the same for every provider."""

    provider: Provider
    id: str
    """The id that was deleted, as the provider named it; Gemini answers with nothing, so there it is the id that was asked."""


class FilePage(Value):
    """One page of a list of files; `next_cursor` is opaque and None on the last page."""

    files: tuple[StoredFile, ...]
    next_cursor: str | None


class UploadOutcome(Value):
    """What became of one file of several uploaded together: exactly one of `file` and `error` is set."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    path: str
    file: StoredFile | None = None
    error: Exception | None = None


class FileReference(Value):
    """A stored file as part of a message, by the id its provider gave it."""

    file_id: str
    mime_type: str = "application/pdf"


class Message(Value):
    """One turn of a conversation: text, and the stored files it refers to."""

    role: Literal["user", "assistant"]
    text: str
    files: tuple[FileReference, ...] = ()


StopReason = Literal["end", "length", "stop_sequence", "tool_call", "refusal", "other"]


class ChatAnswer(Value):
    """A complete answer of a model."""

    provider: Provider
    model: str
    """The model that answered, as the provider names it."""
    id: str
    text: str
    stop_reason: StopReason
    usage: Usage
    raw: Mapping[str, Any] = Field(repr=False)


class ModelInfo(Value):
    """A model as its provider lists it; what a provider does not tell is None."""

    provider: Provider
    id: str
    display_name: str | None = None
    context_window_tokens: int | None = None
    max_output_tokens: int | None = None
    shutdown_on: datetime | None = None
    raw: Mapping[str, Any] = Field(repr=False)
