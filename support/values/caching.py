"""Contexts that a provider keeps, and what that gave."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from pydantic import Field

from support.values.base import Provider, Value


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
