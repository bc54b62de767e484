"""A tenant's clock: stands still at a time or runs at a speed, and can be moved forward."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

# Far enough for every window of the providers, near enough that a datetime cannot overflow while it runs.
LATEST = datetime(9000, 1, 1, tzinfo=UTC)
_LATEST_STAMP = LATEST.timestamp()


class TimeRunsForward(ValueError):
    """The clock was asked to go back, or further than it can."""


class TenantClock:
    """`speed` is simulated seconds for each second of the wall's clock; 0 stands still."""

    __slots__ = ("_base", "_offset", "moves", "speed")
    _base: datetime

    def __init__(self, now: datetime | None = None, speed: float = 0.0) -> None:
        self.speed = speed
        self.moves = 0  # how often it was moved on purpose
        self._set((now or datetime.now(UTC)).astimezone(UTC))

    def now(self) -> datetime:
        """The time on this clock, aware, in UTC."""
        if not self.speed:
            return self._base
        return datetime.fromtimestamp(min(_LATEST_STAMP, self._offset + time.monotonic() * self.speed), UTC)

    def advance(self, seconds: float) -> datetime:
        """Move forward by so many seconds (0 or more) and answer the new time."""
        if not 0 <= seconds <= 1e11:
            raise TimeRunsForward(f"The clock moves forward only: advance by 0 seconds or more, not {seconds:g}.")
        return self.move_to(self.now() + timedelta(seconds=seconds))

    def move_to(self, moment: datetime) -> datetime:
        """Move forward to a time and answer it."""
        now = self.now()
        if moment < now:
            raise TimeRunsForward(
                f"The clock moves forward only: it shows {now.isoformat()}, {moment.isoformat()} is past."
            )
        if moment > LATEST:
            raise TimeRunsForward(f"The clock ends at {LATEST.isoformat()}.")
        self._set(moment.astimezone(UTC))
        self.moves += 1
        return self._base

    def pass_from(self, began: datetime, seconds: float) -> datetime:
        """Move a clock that stands still to so long after `began`, unless it is past that or cannot get so far. When that was."""
        if self.speed or not seconds < (LATEST - began).total_seconds():
            return began
        ended = began + timedelta(seconds=seconds)
        self._base = max(self._base, ended)
        return ended

    def _set(self, now: datetime) -> None:
        self._base = now
        # What a running clock shows, in seconds since the epoch, is this and the seconds since it was set.
        self._offset = now.timestamp() - time.monotonic() * self.speed
