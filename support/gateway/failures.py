"""Failures that are alike on all three SDKs: the transport's, and what the headers say of waiting."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import httpx2

from support.errors import BadResponse, RequestTimeout, ServerError, TouchstoneError


def transport_failure(
    error: Exception,
    *,
    timeouts: tuple[type[Exception], ...] = (),
    connection: tuple[type[Exception], ...] = (),
) -> TouchstoneError:
    """A failure without an answer: a timeout, a refused or cut connection; anything else is an answer nobody could read.

    SDKs wrap httpx2's errors (provider-facts 0.3), so the cause is looked at too.
    """
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or current.__context__
    if any(isinstance(link, (*timeouts, httpx2.TimeoutException)) for link in chain):
        return RequestTimeout("the provider did not answer in time")
    if any(isinstance(link, httpx2.ConnectError) for link in chain):
        return ServerError("the connection was refused", code="connection_refused")
    if any(isinstance(link, (*connection, httpx2.TransportError)) for link in chain):
        return ServerError("the connection ended before the answer was complete", code="connection_cut")
    return BadResponse(f"the answer could not be read: {type(error).__name__}: {error}")


def pick_delay(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait: `retry-after-ms`, then `retry-after` in seconds or as an HTTP date read against `date`."""
    millis = headers.get("retry-after-ms")
    if millis is not None:
        return _number(millis, 0.001)
    value = headers.get("retry-after")
    if value is None:
        return None
    seconds = _number(value, 1.0)
    if seconds is not None:
        return seconds
    try:
        until, since = parsedate_to_datetime(value), parsedate_to_datetime(headers["date"])
    except (ValueError, KeyError):
        return None
    return max(0.0, (until - since).total_seconds())


def _number(text: str, unit: float) -> float | None:
    try:
        return max(0.0, float(text) * unit)
    except ValueError:
        return None


def should_retry(headers: Mapping[str, str]) -> bool | None:
    """The provider's own word on repeating (`x-should-retry`), where it gives one."""
    word = headers.get("x-should-retry")
    return None if word is None else word == "true"


def naming(error: TouchstoneError, about: str | None) -> TouchstoneError:
    """Puts the id that was asked for into the sentence, where the provider's own words leave it out."""
    if about is not None and about not in error.message:
        error.message = f"{error.message} (asked for {about})"
    return error
