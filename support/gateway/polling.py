"""Waiting for what takes its time: looks again and again on the target's clock, up to a deadline on it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from support.errors import WaitTimeout
from support.gateway.clock import Clock
from support.values import Provider

R = TypeVar("R")

EVERY = timedelta(seconds=1)


async def until(
    look: Callable[[], Awaitable[R]],
    is_done: Callable[[R], bool],
    *,
    clock: Clock,
    timeout: timedelta,
    provider: Provider,
    what: str,
    every: timedelta = EVERY,
) -> R:
    """The first look that `is_done`; raises WaitTimeout, saying what was waited for, once `timeout` has passed. The remote work goes on."""
    deadline = await clock.now() + timeout
    while True:
        seen = await look()
        if is_done(seen):
            return seen
        if await clock.now() + every > deadline:
            raise WaitTimeout(f"{what} was not done within {timeout}; it goes on there", provider=provider)
        await clock.sleep(every.total_seconds())
