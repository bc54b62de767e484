"""Fingerprints of a tenant's latest prompts, kept for cache diagnostics: digests and counts of tokens, no words."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import NamedTuple

LIFE = 3_600.0
"""Seconds; "a short period" in the provider's guide."""


class Part(NamedTuple):
    """A block as a digest, and its tokens."""

    digest: bytes
    tokens: int


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A prompt without its words: the model and its speed, the parameters that change a prompt, and the blocks."""

    model: str
    parameters: bytes
    parts: dict[str, list[Part]]

    @property
    def tokens(self) -> int:
        return sum(part.tokens for parts in self.parts.values() for part in parts)


@dataclass(slots=True)
class Fingerprints:
    """A tenant's latest fingerprints by the id of the answer, with the Unix time at which each ends; oldest first."""

    _kept: OrderedDict[str, tuple[float, Fingerprint]] = field(default_factory=OrderedDict)

    def keep(self, message_id: str, fingerprint: Fingerprint, now: float) -> None:
        while self._kept and next(iter(self._kept.values()))[0] <= now:
            self._kept.popitem(last=False)
        self._kept[message_id] = (now + LIFE, fingerprint)

    def find(self, message_id: str, now: float) -> Fingerprint | None:
        ends, fingerprint = self._kept.get(message_id, (now, None))
        return fingerprint if now < ends else None
