"""The values that the whole suite speaks in: frozen, in the field's words, with units in the name or the docstring."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
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
    def cache_write_tokens(self) -> int:
        """Written to a cache, for however long."""
        return self.cache_write_5m_tokens + self.cache_write_1h_tokens

    @property
    def input_tokens(self) -> int:
        """All tokens that went in: uncached, read from a cache, written to one."""
        return self.uncached_input_tokens + self.cache_read_tokens + self.cache_write_tokens


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


class CacheReference(Value):
    """A context that its provider keeps as an object, as the beginning of a question (Gemini, provider-facts 3.1)."""

    cache_id: str


class CacheMarks(Value):
    """Places up to which a question is cached as it is asked (Anthropic, provider-facts 3.3)."""

    lifetime: timedelta = timedelta(minutes=5)
    """Five minutes or one hour, renewed by each use."""
    system: bool = True
    """Whether there is a mark after the system prompt."""
    messages: tuple[int, ...] = (-1,)
    """After which messages there is a mark: -1 is the newest, so that the mark moves along with the conversation."""


class CacheKey(Value):
    """Questions with one key share their beginnings (OpenAI, provider-facts 3.2).

    Models from gpt-5.6 on share no less than all up to a mark: the system prompt gets one.
    """

    key: str


CacheUse = CacheReference | CacheMarks | CacheKey


class CachedContext(Value):
    """A context as its provider keeps it. `raw` is the provider's whole answer: never the contents, which it does not give back."""

    provider: Provider
    id: str
    model: str
    """Without Gemini's `models/` in front."""
    name: str
    """Without the run's marker."""
    sent_name: str
    """As the provider keeps it: the run's marker, then the name."""
    tokens: int
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    raw: Mapping[str, Any] = Field(repr=False)

    def remaining(self, now: datetime) -> timedelta:
        """How much longer it lives; zero once it has expired."""
        return max(timedelta(), self.expires_at - now)


class CachePage(Value):
    """One page of a list of cached contexts; `next_cursor` is opaque and None on the last page."""

    caches: tuple[CachedContext, ...]
    next_cursor: str | None


class Storage(Value):
    """What keeping something has come to: so many tokens for so long."""

    tokens: int
    time: timedelta
    cost_usd: Decimal | None
    """None where no price is known."""


class Arm(Value):
    """One side of a comparison: the same question asked several times, in one way."""

    seconds: tuple[float, ...]
    """Of each call, on the target's clock, in the order in which they were made."""
    p50_seconds: float
    p95_seconds: float
    input_tokens: int
    cached_tokens: int
    """Those of the input that were read from a cache."""
    first_call_usd: Decimal
    """With what it took to fill the cache."""
    later_call_usd: Decimal
    """The mean of the calls after the first."""
    cost_usd: Decimal

    @property
    def calls(self) -> int:
        return len(self.seconds)


class CachingFigures(Value):
    """What a cache gave: both sides, and the difference."""

    uncached: Arm
    cached: Arm
    storage_usd: Decimal
    """What keeping the cache for the time of its calls cost; zero where nobody charges for it."""
    saving_usd: Decimal
    """Uncached cost less cached cost less storage; below zero where the cache did not pay."""
    break_even_calls: int | None
    """From how many calls on the cache pays; None where it never does."""


class CachingReport(Value):
    """A comparison of calls with and without a cache. Where a call failed there are no figures: they would compare nothing."""

    provider: Provider
    model: str
    failures: tuple[str, ...]
    figures: CachingFigures | None


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

    @property
    def cached(self) -> bool:
        """Whether the provider read a part of the question from a cache, or wrote one, by its own figures."""
        return self.usage.cache_read_tokens + self.usage.cache_write_tokens > 0


class ModelInfo(Value):
    """A model as its provider lists it; what a provider does not tell is None."""

    provider: Provider
    id: str
    display_name: str | None = None
    context_window_tokens: int | None = None
    max_output_tokens: int | None = None
    shutdown_on: datetime | None = None
    raw: Mapping[str, Any] = Field(repr=False)
