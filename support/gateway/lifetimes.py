"""How long something is to be kept, in the caller's words: a duration or an end, checked before anything is sent."""

import re
from datetime import datetime, timedelta

from support.gateway.refusing import refused
from support.values import Provider

# The spelling of a duration on Google's wire (provider-facts 3.1).
_DURATION = re.compile(r"(-?\d+(?:\.\d{1,9})?)s")


def check_lifetime(provider: Provider, ttl: timedelta | str | None, expires_at: datetime | None) -> timedelta | None:
    """The duration that was asked for, if one was. Raises InvalidRequest: both, an unreadable one, or none that is longer than zero."""
    if ttl is not None and expires_at is not None:
        raise refused(provider, "ttl", "cannot be given together with expires_at; choose one of the two")
    if expires_at is not None and expires_at.tzinfo is None:
        raise refused(provider, "expires_at", "needs a time zone")
    return None if ttl is None else duration(provider, ttl)


def duration(provider: Provider, ttl: timedelta | str) -> timedelta:
    """A duration, or its spelling on the wire (`600s`)."""
    if isinstance(ttl, str):
        read = _DURATION.fullmatch(ttl)
        if read is None:
            raise refused(provider, "ttl", f"{ttl!r} is no duration; write seconds, as in 600s")
        try:
            ttl = timedelta(seconds=float(read[1]))
        except OverflowError:
            raise refused(provider, "ttl", f"{ttl!r} is too long") from None
    if ttl <= timedelta():
        raise refused(provider, "ttl", f"must be longer than zero, not {ttl.total_seconds():g} s")
    return ttl


def spelled(ttl: timedelta) -> str:
    """The duration in Google's spelling."""
    return f"{ttl.total_seconds():f}".rstrip("0").rstrip(".") + "s"
