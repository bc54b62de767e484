"""How fast a provider is asked: so many requests a minute, and none while one of them is told to wait; each provider for itself."""

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta

from support.errors import RateLimited, TouchstoneError
from support.gateway.batching.checks import check_count
from support.gateway.clock import Clock
from support.values import Provider

MINUTE = timedelta(minutes=1)


class Pause:
    """A gate that is shut while anybody holds it."""

    def __init__(self) -> None:
        self._holders = 0
        self._opened = asyncio.Event()
        self._opened.set()

    @property
    def held(self) -> bool:
        return self._holders > 0

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Shuts the gate for the length of a `with` block."""
        self._holders += 1
        self._opened.clear()
        try:
            yield
        finally:
            self._holders -= 1
            if not self._holders:
                self._opened.set()

    async def over(self) -> None:
        """Returns when nobody holds it."""
        while self._holders:
            await self._opened.wait()


class Rate:
    """At most so many requests in any minute of the clock: one more waits until the first of them is a minute old."""

    def __init__(self, clock: Clock, per_minute: int) -> None:
        check_count("per_minute", per_minute)
        self.per_minute = per_minute
        self._clock = clock
        self._sent: deque[datetime] = deque()
        self._repeats = 0

    def repeated(self) -> None:
        """A request was sent again by itself; it counts, from the next look at the clock on."""
        self._repeats += 1

    async def free(self, until: datetime | None) -> None:
        """Waits until one more may be sent, and counts it; not longer than `until`, and then it is not counted."""
        now = await self._clock.now()
        while (wait := self._wait(now)) > 0:
            if until is not None:
                wait = min(wait, (until - now).total_seconds())
            await self._clock.sleep(wait)
            now = await self._clock.now()
            if until is not None and now >= until:
                return
        self._sent.append(now)

    def _wait(self, now: datetime) -> float:
        self._sent.extend([now] * self._repeats)
        self._repeats = 0
        while self._sent and self._sent[0] + MINUTE <= now:
            self._sent.popleft()
        if len(self._sent) < self.per_minute:
            return 0.0
        return (self._sent[len(self._sent) - self.per_minute] + MINUTE - now).total_seconds()


class Limiter:
    """Gives turns to all who ask one provider, in the order in which they come."""

    def __init__(self, clock: Clock, per_minute: int | None = None) -> None:
        self.pause = Pause()
        self.rate = None if per_minute is None else Rate(clock, per_minute)
        self._line = asyncio.Lock()

    @property
    def open(self) -> bool:
        """Whether a turn needs no wait, nor a look at the clock."""
        return self.rate is None and not self.pause.held

    async def turn(self, until: datetime | None = None) -> None:
        """Returns when the next request may be sent, or `until` is past; every call is one request."""
        if self.rate is None:
            await self.pause.over()
            return
        async with self._line:
            await self.pause.over()
            await self.rate.free(until)
            await self.pause.over()

    @contextmanager
    def backing_off(self, error: TouchstoneError) -> Iterator[None]:
        """While a request waits to be repeated after `error`; it is sent again when this ends."""
        with self.pause.hold() if pauses_others(error) else nullcontext():
            yield
        if self.rate is not None:
            self.rate.repeated()


def pauses_others(error: TouchstoneError) -> bool:
    """Whether nobody else should ask the provider meanwhile: it said that it is asked too much."""
    return isinstance(error, RateLimited)


class Limiters:
    """The limiters of a run that asks several providers: none holds up another's."""

    def __init__(self, clock: Clock, per_minute: Mapping[Provider, int] | None = None) -> None:
        self._clock = clock
        self._per_minute = dict(per_minute or {})
        self._made: dict[Provider, Limiter] = {}

    def of(self, provider: Provider) -> Limiter:
        """The provider's own, the same each time."""
        if provider not in self._made:
            self._made[provider] = Limiter(self._clock, self._per_minute.get(provider))
        return self._made[provider]
