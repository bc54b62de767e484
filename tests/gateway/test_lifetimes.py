"""How long something is to be kept: read, spelled, and refused by name before anything is sent."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.errors import InvalidRequest
from support.gateway.lifetimes import check_lifetime, duration, spelled
from support.values import Provider

LATER = datetime(2026, 11, 24, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)


@pytest.mark.parametrize("ttl", [TEN_MINUTES, "600s", "600.0s", "600.000000000s"])
def test_a_duration_or_its_spelling_is_taken(ttl: timedelta | str) -> None:
    assert check_lifetime(Provider.GEMINI, ttl, None) == TEN_MINUTES


@pytest.mark.parametrize("expires_at", [LATER, LATER.astimezone(timezone(timedelta(hours=-5))), None])
def test_an_end_is_no_duration(expires_at: datetime | None) -> None:
    assert check_lifetime(Provider.GEMINI, None, expires_at) is None


@pytest.mark.parametrize(
    "ttl",
    [
        timedelta(),
        timedelta(microseconds=-1),
        timedelta(days=-1),
        "0s",
        "-5s",
        "0.0000001s",  # less than a moment
        "1 hour",
        "600",
        "",
        "s",
        "10m",
        "600 s",
        "600s ",
        "1e3s",
        "1.0000000001s",
        ".5s",
        "infs",
        "nans",
        "9" * 20 + "s",
        "9" * 400 + "s",
    ],
)
def test_what_is_no_time_or_none_above_zero_is_refused_by_name(ttl: timedelta | str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_lifetime(Provider.GEMINI, ttl, None)
    assert (refused.value.param, refused.value.provider, refused.value.status) == ("ttl", Provider.GEMINI, None)
    assert refused.value.message.startswith("ttl: ")


def test_both_ways_at_once_are_refused_whatever_they_are() -> None:
    for ttl in (TEN_MINUTES, timedelta(), "1 hour"):
        with pytest.raises(InvalidRequest, match="choose one of the two"):
            check_lifetime(Provider.GEMINI, ttl, LATER)


def test_a_time_without_a_zone_is_refused_by_name() -> None:
    with pytest.raises(InvalidRequest, match="needs a time zone") as refused:
        check_lifetime(Provider.GEMINI, None, LATER.replace(tzinfo=None))
    assert refused.value.param == "expires_at"


@pytest.mark.parametrize(
    ("ttl", "text"),
    [
        (TEN_MINUTES, "600s"),
        (timedelta(hours=1), "3600s"),
        (timedelta(seconds=1, milliseconds=500), "1.5s"),
        (timedelta(microseconds=1), "0.000001s"),
        (timedelta(days=10_000), "864000000s"),
    ],
)
def test_it_is_spelled_as_google_spells_it(ttl: timedelta, text: str) -> None:
    assert spelled(ttl) == text


@given(st.timedeltas(timedelta(microseconds=1), timedelta(days=365)))
def test_what_is_spelled_reads_as_the_same(ttl: timedelta) -> None:
    assert duration(Provider.GEMINI, spelled(ttl)) == ttl
