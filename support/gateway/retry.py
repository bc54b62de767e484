"""Which failures may be repeated, and how long to wait before: tenacity on the target's clock."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from enum import Enum
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from support.errors import RateLimited, RequestTimeout, ServerError, TouchstoneError
from support.gateway.clock import Clock

T = TypeVar("T")


own_wait: ContextVar[Callable[[TouchstoneError, float], Awaitable[None]] | None] = ContextVar("own_wait", default=None)
"""How whoever makes calls waits so many seconds on the clock after an error, before the call is repeated, where others wait too."""
own_attempts: ContextVar[int | None] = ContextVar("own_attempts", default=None)
"""How often whoever makes calls lets each be sent at most, where it has another plan than repeating; None: as the choke point says."""


class Repeat(Enum):
    """What is safe to send again."""

    ALWAYS = "reads, lists, deletes: after anything that may pass"
    IF_REFUSED = "after the provider's word that nothing was done: 429, 503, 529, or a refused connection"
    IF_ABSENT = "a create: as IF_REFUSED, and after an unclear end only when its marker is found nowhere"


def was_refused(error: TouchstoneError) -> bool:
    """The provider did nothing: it is overloaded, or it was not reached at all (provider-facts 1)."""
    return isinstance(error, RateLimited) or (
        isinstance(error, ServerError) and (error.status in (503, 529) or error.code == "connection_refused")
    )


def is_unclear(error: TouchstoneError) -> bool:
    """The request may have taken effect: another 5xx, a timeout, a cut connection."""
    return isinstance(error, ServerError | RequestTimeout) and not was_refused(error)


def may_repeat(error: BaseException, repeat: Repeat) -> bool:
    """Whether the same request may be sent again after `error`; never after another 4xx."""
    if not isinstance(error, TouchstoneError) or error.should_retry is False:
        return False
    if was_refused(error):
        return True
    return repeat is not Repeat.IF_REFUSED and is_unclear(error)


def pause(error: TouchstoneError | None, attempt: int) -> float:
    """Seconds before the attempt after `attempt`: what the provider asked for, else 0.5 s doubled each time, at most 8 s."""
    if error is not None and error.retry_after is not None:
        return error.retry_after
    return float(min(0.5 * 2 ** (attempt - 1), 8.0))


async def retrying(
    clock: Clock,
    attempts: int,
    repeat: Repeat,
    first_error: TouchstoneError,
    again: Callable[[int], Awaitable[T]],
) -> T:
    """Goes on after a first attempt that failed: waits on `clock`, calls `again(attempt)` until it holds or attempts run out."""
    pending: list[TouchstoneError] = [first_error]
    last = first_error

    def wait(state: RetryCallState) -> float:
        nonlocal last
        failure = state.outcome.exception() if state.outcome else None
        if isinstance(failure, TouchstoneError):
            last = failure
        return pause(failure if isinstance(failure, TouchstoneError) else None, state.attempt_number)

    async def sleep(seconds: float) -> None:
        wait_with_others = own_wait.get()
        await (clock.sleep(seconds) if wait_with_others is None else wait_with_others(last, seconds))

    async for attempt in AsyncRetrying(
        sleep=sleep,
        wait=wait,
        stop=stop_after_attempt(own_attempts.get() or attempts),
        retry=retry_if_exception(lambda error: may_repeat(error, repeat)),
        reraise=True,
    ):
        with attempt:
            if pending:
                raise pending.pop()
            return await again(attempt.retry_state.attempt_number)
    raise AssertionError("tenacity ends by returning or raising")
