"""Time as a port: the gateway sleeps on a clock that its target provides, and never on the event loop."""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the gateway knows of time."""

    async def now(self) -> datetime:
        """The present, as an aware datetime in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Returns when `seconds` have passed on this clock."""
        ...


class WallClock:
    """Real time: for live targets."""

    async def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Hand(Protocol):
    """What moves a simulated clock; the counterpart owns the time and says what it is."""

    async def now(self) -> datetime: ...

    async def move_to(self, moment: datetime) -> datetime:
        """Moves the clock forward to `moment`, never back, and returns the time it then shows."""
        ...


class JumpingClock:
    """Simulated time that jumps to the earliest deadline once everything that could run has run.

    Nothing could run any more when no request is in flight (`in_flight` says how many are), nobody waits to be told the
    time, and the event loop has nothing ready: so ten sleepers of one second, twice each, end at two seconds and not at twenty.
    """

    def __init__(self, hand: Hand, in_flight: Callable[[], int]) -> None:
        self._hand = hand
        self._in_flight = in_flight
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._driver: asyncio.Task[None] | None = None
        self._asked = 0
        """How many wait to be told the time: they go on once they know it."""

    async def now(self) -> datetime:
        self._asked += 1
        try:
            return await self._hand.now()
        finally:
            self._asked -= 1

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        deadline = await self.now() + timedelta(seconds=seconds)
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (deadline, next(self._order), woken))
        if self._driver is None or self._driver.done():
            self._driver = asyncio.ensure_future(self._drive())
        try:
            await woken
        except asyncio.CancelledError:
            self._forget(woken)
            raise
        self._raise_if_broken()

    def _forget(self, woken: asyncio.Future[None]) -> None:
        self._sleepers = [sleeper for sleeper in self._sleepers if sleeper[2] is not woken]
        heapq.heapify(self._sleepers)

    def _raise_if_broken(self) -> None:
        if self._driver is not None and self._driver.done() and not self._driver.cancelled():
            broken = self._driver.exception()
            if broken is not None:
                raise broken

    async def _drive(self) -> None:
        try:
            while self._sleepers:
                await self._until_nothing_can_run()
                if not self._sleepers:
                    return
                now = await self._hand.move_to(self._sleepers[0][0])
                self._wake(lambda deadline, now=now: deadline <= now)  # type: ignore[misc]
                await asyncio.sleep(0)
        except BaseException:
            self._wake(lambda deadline: True)
            raise

    def _wake(self, due: Callable[[datetime], bool]) -> None:
        while self._sleepers and due(self._sleepers[0][0]):
            woken = heapq.heappop(self._sleepers)[2]
            if not woken.done():
                woken.set_result(None)

    async def _until_nothing_can_run(self) -> None:
        loop = asyncio.get_running_loop()
        quiet = 0
        while quiet < 3:
            # asyncio has no public word for "nothing is ready"; a loop of another make (uvloop) is given a little real time instead.
            ready = getattr(loop, "_ready", None)
            await asyncio.sleep(0 if ready is not None else 0.002)
            if self._in_flight() > 0 or self._asked > 0:
                quiet = 0
                await asyncio.sleep(0.0002)
            elif ready:
                quiet = 0
            else:
                quiet += 1
