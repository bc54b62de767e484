"""Which requests of a tenant are under way together, so that their durations on its clock pass together.

A clock that stands still is moved by what an answer takes (`support.simulator.latency`), and nobody waits for that: of several
requests that are sent together the first could be answered before the next has arrived, and would seem an earlier one. So an
answer that takes time is held back until no more come, where others may be on their way: when its connection is new, or the
tenant has more than that one. Of many that are held the oldest may go, so that the server is kept no less busy.

A request that arrives while another waits for its answer began when that one did, though not before its own connection was free.
One that arrives when no other waits begins when the clock says: what is sent one after the other adds up.
"""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import NamedTuple

from support.simulator.clock import TenantClock

TOGETHER = 0.005
"""Seconds of real time: as far apart requests that are sent together may arrive."""
_LONGEST = 8 * TOGETHER
_MOST_HELD = 16
_TURNS = 3
"""Of the event loop, in which a request that has come is read and begun."""


class Line:
    """A connection: whose requests it carries, and when, on that tenant's clock, its last answer ended."""

    __slots__ = ("_is_closed", "_volleys", "free_at")

    def __init__(self) -> None:
        self.free_at: datetime | None = None
        self._volleys: Volleys | None = None
        self._is_closed = False

    def carries(self, volleys: Volleys) -> bool:
        """Note whose request has come on it; whether that is the first of theirs."""
        if volleys is self._volleys or self._is_closed:
            return False
        self._leave()
        self.free_at = None
        self._volleys = volleys
        volleys.lines += 1
        return True

    def close(self) -> None:
        """The connection is gone."""
        self._leave()
        self._is_closed = True

    def _leave(self) -> None:
        if self._volleys is not None:
            self._volleys.lines -= 1
            self._volleys = None


class Start(NamedTuple):
    """When a request began on the tenant's clock and when it arrived in real time; whether it is the first on its line."""

    began: datetime
    arrived: float
    is_first: bool


class Volleys:
    """The requests of one tenant, as they are sent together or one after the other."""

    __slots__ = ("_began", "_clock", "_held", "_last", "_moves", "_waiting", "lines")

    def __init__(self, clock: TenantClock) -> None:
        self.lines = 0
        self._clock = clock
        self._waiting = 0  # for their answers
        self._held: dict[asyncio.Future[None], None] = {}  # oldest first
        self._began = clock.now()
        self._last = 0.0
        self._moves = clock.moves

    def enter(self, line: Line) -> Start:
        """A request's head has arrived."""
        arrived = time.monotonic()
        is_first = line.carries(self)
        began = self._began
        if self._waiting and arrived - self._last <= TOGETHER and self._moves == self._clock.moves:
            if line.free_at is not None and line.free_at > began:
                began = line.free_at
        else:
            began = self._began = self._clock.now()
            self._moves = self._clock.moves
        self._last = arrived
        self._waiting += 1
        return Start(began, arrived, is_first)

    async def hold(self, start: Start) -> None:
        """Hold back an answer that takes time on the clock, if others may be on their way."""
        if self._clock.speed or not (start.is_first or self.lines > 1):
            return
        left = self._left(start)
        if left <= 0:
            return
        loop = asyncio.get_running_loop()
        held = loop.create_future()
        self._held[held] = None
        if len(self._held) > _MOST_HELD:
            self._release(next(iter(self._held)))
        loop.call_later(left, self._look, held, start, _TURNS)
        try:
            await held
        finally:
            self._held.pop(held, None)

    def _left(self, start: Start) -> float:
        until = min(max(start.arrived, self._last) + TOGETHER, start.arrived + _LONGEST)
        return until - time.monotonic()

    def _look(self, held: asyncio.Future[None], start: Start, turns: int) -> None:
        """Release it, unless another request has arrived: before that it is the turn of what has come and was not read yet."""
        if held.done():
            return
        loop = asyncio.get_running_loop()
        left = self._left(start)
        if left > 0:
            loop.call_later(left, self._look, held, start, _TURNS)
        elif turns:
            loop.call_soon(self._look, held, start, turns - 1)
        else:
            self._release(held)

    def end(self, line: Line, start: Start, seconds: float) -> None:
        """A request's answer is on its way, and has taken so long on the clock."""
        line.free_at = self._clock.pass_from(start.began, seconds)

    def leave(self) -> None:
        """A request waits no longer: it is answered, or never will be."""
        self._waiting -= 1

    def _release(self, held: asyncio.Future[None]) -> None:
        self._held.pop(held, None)
        if not held.done():
            held.set_result(None)
