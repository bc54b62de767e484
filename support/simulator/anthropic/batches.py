"""Anthropic's message batches as they are kept, and where each is at a time (provider-facts 7.2). No HTTP here.

Unverified: that a cancellation lets nothing end that had not ended when it was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from support.simulator import ids
from support.simulator.batching import Pace, Tally

if TYPE_CHECKING:
    from support.simulator.anthropic.state import Shelf

WINDOW = timedelta(hours=24)
KEPT = timedelta(days=29)
"""How long the results can be had, counted from the creation."""

Rest = Literal["canceled", "expired"]


class Stage(NamedTuple):
    """Where a batch is: how many requests are done, and what became of the others once it has ended."""

    status: Literal["in_progress", "canceling", "ended"]
    done: int
    ended_at: datetime | None = None
    rest: Rest = "expired"


@dataclass(slots=True)
class Batch:
    """One batch; its requests are JSON lines of `custom_id` and `params`."""

    id: str
    number: int
    requests: bytes
    total: int
    headers: dict[str, str]
    """The version and the betas that its requests were made in."""
    files: Shelf
    """What its requests may refer to."""
    created: datetime
    pace: Pace
    outcome: str | None = None
    """The status with which its last request is to fail, where that is scripted; another word means 500."""
    cancelled: datetime | None = None
    """When somebody asked for it."""
    tally: Tally = field(default_factory=Tally)

    @property
    def expires(self) -> datetime:
        return self.created + WINDOW

    def archived(self, now: datetime) -> datetime | None:
        """Since when its results are gone, if they are."""
        return self.created + KEPT if now >= self.created + KEPT else None

    def stage(self, now: datetime) -> Stage:
        if self.cancelled is not None:
            done = self._done(self.cancelled)
            over = self.cancelled + timedelta(seconds=self.pace.cancelling)
            return Stage("canceling", done) if now < over else Stage("ended", done, over, "canceled")
        over = self.created + timedelta(seconds=self.pace.running)
        if over > self.expires <= now:
            return Stage("ended", self._done(self.expires), self.expires, "expired")
        return Stage("in_progress", self._done(now)) if now < over else Stage("ended", self.total, over)

    def _done(self, moment: datetime) -> int:
        return self.pace.done(self.total, (moment - self.created).total_seconds())


@dataclass(slots=True)
class Batches:
    """All batches by id, in the order of creation."""

    by_id: dict[str, Batch] = field(default_factory=dict)
    last_number: int = 0

    def add(self, batch: Batch) -> None:
        self.last_number += 1
        batch.number = self.last_number
        self.by_id[batch.id] = batch

    def newest_first(self) -> list[Batch]:
        return sorted(self.by_id.values(), key=lambda batch: batch.number, reverse=True)


def new_id() -> str:
    return f"msgbatch_01{ids.token(22)}"
