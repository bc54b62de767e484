"""Moments and lengths of time in Google's JSON: how they are written, and read from a request (protobuf's JSON mapping).

The refusals are those of Google's converter, known from other services of Google's that use it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from support.simulator.gemini.proto import Place, Reader, camel, excerpt
from support.simulator.wire import Json

LONGEST = 315_576_000_000
"""Seconds; protobuf's own limit, about ten thousand years."""

_ZONED = re.compile(r".*(?:Z|[+-]\d\d:\d\d)", re.DOTALL)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)")
_DIGITS = re.compile(r"[0-9]{1,20}")


class Duration:
    """A length of time, `600s` or `1.5s`, as a timedelta; what is finer than a microsecond is cut off."""

    __slots__ = ()

    def read(self, value: Json, place: Place, reader: Reader) -> timedelta | None:
        try:
            return _duration(value)
        except ValueError as error:
            _refuse(reader, place, "Duration", value, str(error))
            return None


class Timestamp:
    """A moment, as an aware datetime in UTC; what is finer than a microsecond is cut off."""

    __slots__ = ()

    def read(self, value: Json, place: Place, reader: Reader) -> datetime | None:
        try:
            return _moment(value)
        except ValueError as error:
            _refuse(reader, place, "Timestamp", value, str(error))
            return None


def rfc3339(moment: datetime) -> str:
    """As protobuf writes times: no fraction, or six digits."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if moment.microsecond else "%Y-%m-%dT%H:%M:%SZ")


def _refuse(reader: Reader, place: Place, kind: str, value: Json, why: str) -> None:
    field = camel(str(place[1])) if place is not None else ""
    reader.wrong_value(place, f"type.googleapis.com/google.protobuf.{kind}", value, f"Field '{field}', {why}")


def _duration(value: Json) -> timedelta:
    if not isinstance(value, str):
        raise ValueError(f"Invalid data type for duration, value is {excerpt(value)}")
    if not value.endswith("s"):
        raise ValueError("Illegal duration format; duration must end with 's'")
    number = value[:-1]
    sign = -1 if number.startswith("-") else 1
    whole, point, fraction = number.removeprefix("-").partition(".")
    if not _DIGITS.fullmatch(whole):
        raise ValueError("Invalid duration format, failed to parse seconds")
    if point and (not _DIGITS.fullmatch(fraction) or len(fraction) > 9):
        raise ValueError("Invalid duration format, failed to parse nano seconds")
    if int(whole) > LONGEST:
        raise ValueError("Duration value exceeds limits")
    return sign * timedelta(seconds=int(whole), microseconds=int(fraction[:6].ljust(6, "0")))


def _moment(value: Json) -> datetime:
    if not isinstance(value, str):
        raise ValueError(f"Invalid data type for timestamp, value is {excerpt(value)}")
    if not _ZONED.fullmatch(value):
        raise ValueError("Illegal timestamp format; timestamps must end with 'Z' or have a valid timezone offset.")
    if _MOMENT.fullmatch(value):
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):  # no such day, or none that fits
            pass
    raise ValueError("Invalid time format: Failed to parse input")
