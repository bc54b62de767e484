"""A tenant's prompt cache: which prefixes are there, until when, and what of a prompt is read from it or written to it.

An entry is the digest of a prefix that ends at a mark, and nothing else; it lives for five minutes or an hour from its
last use. A prompt is looked up at each mark and at the places before it, twenty in all, where a run of calls of tools is
one place, and so is one of their results; the longest prefix that is found is read. What lies between it and the last mark
is written: up to the last mark of an hour for an hour, the rest for five minutes (the provider's guide on prompt caching,
2026-10; recordings: anthropic messages, 3715 tokens for an hour and 3710 for five minutes). Unverified: that an entry is
gone at the very second; that marks before the longest prefix are made new too, at no charge; that an entry of five minutes
which a mark of an hour finds stays one of five minutes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from support.simulator.anthropic.cache_control import FIVE_MINUTES, ONE_HOUR

LOOKBACK = 20


class Boundary(NamedTuple):
    """Where a block ends: the digest and the tokens of all up to there, and the number of its place for the lookback."""

    digest: bytes
    tokens: int
    place: int


class Found(NamedTuple):
    """Tokens of a prompt that came from the cache, and tokens newly written to it by their life."""

    read: int = 0
    for_five_minutes: int = 0
    for_an_hour: int = 0


NOTHING = Found()


def _empty() -> dict[int, OrderedDict[bytes, float]]:
    return {ONE_HOUR: OrderedDict(), FIVE_MINUTES: OrderedDict()}


@dataclass(slots=True)
class PromptCache:
    """By life in seconds: until when each digest lives, as a Unix time. The one that ends first comes first."""

    _ends: dict[int, OrderedDict[bytes, float]] = field(default_factory=_empty)

    def use(self, boundaries: Sequence[Boundary], marks: Mapping[int, int], now: float) -> Found:
        """Look a prompt up, keep what it uses alive, and store what is new. `marks`: index of a boundary -> life."""
        self._drop_expired(now)
        hit = self._longest(boundaries, marks, now)
        if hit is not None:
            self._keep(hit.digest, self._life(hit.digest, now), now)
        read = hit.tokens if hit is not None else 0
        hour = last = read
        for index, wanted in marks.items():
            boundary = boundaries[index]
            self._keep(boundary.digest, self._life(boundary.digest, now) or wanted, now)
            last = max(last, boundary.tokens)
            if wanted == ONE_HOUR:
                hour = max(hour, boundary.tokens)
        return Found(read, last - hour, hour - read)

    def _longest(self, boundaries: Sequence[Boundary], marks: Mapping[int, int], now: float) -> Boundary | None:
        for index in sorted(marks, reverse=True):
            first_place = boundaries[index].place - LOOKBACK + 1
            for boundary in reversed(boundaries[: index + 1]):
                if boundary.place < first_place:
                    break
                if self._life(boundary.digest, now):
                    return boundary
        return None

    def _life(self, digest: bytes, now: float) -> int:
        """The life of an entry that exists now; 0 where none does."""
        for life, ends in self._ends.items():
            if now < ends.get(digest, now):
                return life
        return 0

    def _keep(self, digest: bytes, life: int, now: float) -> None:
        ends = self._ends[life]
        ends[digest] = now + life
        ends.move_to_end(digest)

    def _drop_expired(self, now: float) -> None:
        for ends in self._ends.values():
            while ends and next(iter(ends.values())) <= now:
                ends.popitem(last=False)
