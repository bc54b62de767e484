"""One of those who ask the requests of a run, one after the other: what it is at, and the time of its attempt."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from support.errors import TouchstoneError
from support.gateway.batching.limiters import Limiter


class Worker:
    """Asks one request after the other."""

    __slots__ = ("_limiter", "_seconds", "_timer", "_wait", "asks", "place", "repeats", "task", "waits")

    def __init__(self, limiter: Limiter, wait: Callable[[float], Awaitable[None]]) -> None:
        self.task: asyncio.Task[None] | None = None
        self.waits = False
        """Nothing of a request was sent, and the worker can be called off."""
        self.asks = False
        self.place = -1
        self.repeats = 0
        self._limiter = limiter
        self._wait = wait
        self._timer: asyncio.Timeout | None = None
        self._seconds = 0.0

    def begin(self, place: int) -> None:
        self.place = place
        self.repeats = 0
        self.asks = True

    def end(self) -> None:
        self.asks = False

    def times(self, timer: asyncio.Timeout | None, seconds: float) -> None:
        """The timer of the attempt under way."""
        self._timer = timer
        self._seconds = seconds

    async def back_off(self, error: TouchstoneError, seconds: float) -> None:
        """Before a request is sent again: its own time does not run meanwhile, and others wait too where they must."""
        self._reschedule(None)
        with self._limiter.backing_off(error):
            await self._wait(seconds)
        self.repeats += 1
        self._reschedule(self._seconds)

    def _reschedule(self, seconds: float | None) -> None:
        if self._timer is not None and not self._timer.expired():
            self._timer.reschedule(None if seconds is None else asyncio.get_running_loop().time() + seconds)


async def until_done(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Returns when all tasks have; raises as soon as one does."""
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    for task in done:
        task.result()


async def end_all(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancels what still runs, and waits for its end."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.exception()
