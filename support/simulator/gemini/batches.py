"""Gemini's batches as they are kept, and the state of each at a time (provider-facts 7.3). No HTTP here.

Unverified: that a cancellation shows a little later, and keeps what was done until it was asked for; of a batch that expires
nothing is left, as Google's guide says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from support.simulator import ids
from support.simulator.batching import Pace, Tally
from support.simulator.gemini.caches import Caches
from support.simulator.gemini.file_search import Stores
from support.simulator.gemini.files import Files

WINDOW = timedelta(hours=48)
Method = Literal["batchGenerateContent", "asyncBatchEmbedContent"]
State = Literal["PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"]


class Stage(NamedTuple):
    """A state of a batch, since when it is in it, and how many requests are done."""

    state: State
    since: datetime
    done: int

    @property
    def is_end(self) -> bool:
        return self.state not in ("PENDING", "RUNNING")


@dataclass(slots=True)
class Batch:
    """One batch. Its requests are JSON lines: as they stand in its input file, or each with its `metadata`."""

    id: str
    number: int
    method: Method
    version: str
    model: str
    display_name: str | None
    requests: bytes
    total: int
    is_inline: bool
    files: Files
    caches: Caches
    stores: Stores
    """What its requests may refer to."""
    created: datetime
    pace: Pace
    outcome: str | None = None
    """How it is to fail, where that is scripted: a status for its last request, anything else for the whole."""
    cancelled: datetime | None = None
    """When somebody asked for it."""
    output_file: str | None = None
    """The name of the file with its results, once it is there."""
    is_settled: bool = False
    tally: Tally = field(default_factory=Tally)

    @property
    def name(self) -> str:
        return f"batches/{self.id}"

    @property
    def started(self) -> datetime:
        return self.created + timedelta(seconds=self.pace.validating)

    def stage(self, now: datetime) -> Stage:
        """Where it is at that time; a batch that fails does so when it would have begun to run."""
        started, expires = self.started, self.created + WINDOW
        over = started + timedelta(seconds=self.pace.running)
        if self.cancelled is not None:
            ended = self.cancelled + timedelta(seconds=self.pace.cancelling)
            done = self._done(self.cancelled)
            if now >= ended:
                return Stage("CANCELLED", ended, done)
            return Stage("RUNNING", started, done) if self.cancelled >= started else Stage("PENDING", self.created, 0)
        if over > expires <= now:
            return Stage("EXPIRED", expires, 0)
        if now < started:
            return Stage("PENDING", self.created, 0)
        if self.outcome is not None and not self.outcome.isdecimal():
            return Stage("FAILED", started, 0)
        return Stage("RUNNING", started, self._done(now)) if now < over else Stage("SUCCEEDED", over, self.total)

    def _done(self, moment: datetime) -> int:
        return self.pace.done(self.total, (moment - self.started).total_seconds())


@dataclass(slots=True)
class Batches:
    """The batches of one tenant, by id, in the order of creation."""

    by_id: dict[str, Batch] = field(default_factory=dict)
    last_number: int = 0

    def add(self, batch: Batch) -> None:
        self.last_number += 1
        batch.number = self.last_number
        self.by_id[batch.id] = batch

    def newest_first(self) -> list[Batch]:
        return list(reversed(self.by_id.values()))


def new_id() -> str:
    """36 characters (recording)."""
    return ids.token(36, ids.BASE36_LOWER)
