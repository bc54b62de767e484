"""OpenAI's batches as they are kept: what was asked, and in which stage it is at a time (provider-facts 7.1). No HTTP here.

Recorded: a batch that is cancelled while it is checked has no files and counts nothing; one that is cancelled while it runs
counts what is done, and the rest is neither completed nor failed. Unverified: that a batch reads its input only at the end of
its validation, and goes on without the file after that; that nothing is left of one whose validation outlasts the window.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from support.simulator import ids
from support.simulator.batching import Pace, Tally
from support.simulator.openai.batch_lines import MOST_REQUESTS, Checked, check, failing, unreadable
from support.simulator.openai.files import FileShelf, StoredFile

WINDOW = 86_400
OPEN = ("validating", "in_progress", "finalizing", "cancelling")
CANCELLABLE = ("validating", "in_progress")


@dataclass(slots=True)
class Batch:
    """One batch; times are Unix seconds. `input` is None where there was no such file."""

    id: str
    endpoint: str
    input_file_id: str
    input: StoredFile | None
    files: FileShelf
    """What its requests may refer to."""
    metadata: dict[str, str] | None
    created: float
    pace: Pace
    output_lifetime: int | None
    """Seconds, where the caller chose."""
    outcome: str | None = None
    """How it is to fail, where that is scripted: a status for its last request, a code for the whole."""
    most: int = MOST_REQUESTS
    """As many requests as it may have."""
    output_file_id: str | None = None
    error_file_id: str | None = None
    cancelled: float | None = None
    """When somebody asked for it."""
    checked: Checked | None = None
    tally: Tally = field(default_factory=Tally)
    is_settled: bool = False
    """Whether it has ended, and its files are there."""

    @property
    def data(self) -> bytes:
        return b"" if self.input is None else self.input.data

    @property
    def started(self) -> float:
        return self.created + self.pace.validating

    @property
    def expires(self) -> float:
        return self.created + WINDOW

    def check(self) -> Checked:
        """What validation finds; there may be a time before anybody looks."""
        if self.checked is None:
            if self.outcome is not None and not self.outcome.isdecimal():
                self.checked = failing(self.outcome)
            elif self.input is None or self.input.is_gone(self.started):
                self.checked = unreadable(self.input_file_id)
            else:
                self.checked = check(self.data, self.endpoint, self.most)
        return self.checked

    def stage(self, now: float) -> Stage:
        """Where it is at that time."""
        started, cancelled = self.started, self.cancelled
        if cancelled is not None:
            over = cancelled + self.pace.cancelling
            started_at = started if cancelled >= started else None
            done = 0 if started_at is None else self.pace.done(self.check().total, cancelled - started)
            if now < over:
                return Stage("cancelling", done, in_progress_at=started_at, cancelling_at=cancelled)
            return Stage("cancelled", done, in_progress_at=started_at, cancelling_at=cancelled, cancelled_at=over)
        if started >= self.expires <= now:
            return Stage("expired", 0, expired_at=self.expires)
        if now < started:
            return Stage("validating", 0)
        checked = self.check()
        if checked.errors:
            return Stage("failed", 0, failed_at=started)
        total = checked.total
        ran = started + self.pace.running
        over = ran + self.pace.finalizing
        if over > self.expires <= now:
            done = self.pace.done(total, self.expires - started)
            finalizing = ran if ran <= self.expires else None
            return Stage("expired", done, in_progress_at=started, finalizing_at=finalizing, expired_at=self.expires)
        if now < ran:
            return Stage("in_progress", self.pace.done(total, now - started), in_progress_at=started)
        if now < over:
            return Stage("finalizing", total, in_progress_at=started, finalizing_at=ran)
        return Stage("completed", total, in_progress_at=started, finalizing_at=ran, completed_at=over)


class Stage(NamedTuple):
    """A stage of a batch: how many requests are done in it, and when it came to which stage."""

    status: str
    done: int
    in_progress_at: float | None = None
    finalizing_at: float | None = None
    completed_at: float | None = None
    failed_at: float | None = None
    expired_at: float | None = None
    cancelling_at: float | None = None
    cancelled_at: float | None = None

    @property
    def ended(self) -> float | None:
        """When it came to its end; None while it has not."""
        return self.completed_at or self.failed_at or self.expired_at or self.cancelled_at


@dataclass(slots=True)
class BatchShelf:
    """An account's batches by id, oldest first: none is ever deleted."""

    by_id: dict[str, Batch] = field(default_factory=dict)
    unsettled: dict[str, None] = field(default_factory=dict)

    def add(self, batch: Batch) -> None:
        self.by_id[batch.id] = batch
        self.unsettled[batch.id] = None

    def open(self, now: float) -> list[str]:
        """Ids of those that have not ended: what there is to cancel."""
        return [id_ for id_ in self.unsettled if self.by_id[id_].stage(now).status in OPEN]


def new_id(kind: str, moment: float) -> str:
    """`batch_…` or `batch_req_…`: 32 hexadecimal digits, of which the first eight tell the time (all recordings)."""
    digits = ids.hex_token(20)
    return f"{kind}_{int(moment):08x}{digits[:4]}8190{digits[4:]}"
