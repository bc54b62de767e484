"""A tenant's clock stands still or runs at its speed, moves forward only, and belongs to the tenant alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.simulator.clock import TenantClock, TimeRunsForward
from tests.simulator.account import Account

START = "2026-11-22T10:00:00+00:00"  # where the fixtures' clocks stand
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_stands_still_until_it_is_moved() -> None:
    clock = TenantClock(NOON)
    assert clock.now() == NOON
    assert clock.advance(3600.5) == NOON + timedelta(seconds=3600.5)
    assert clock.now() == NOON + timedelta(seconds=3600.5)


def test_runs_at_its_speed() -> None:
    clock = TenantClock(NOON, speed=10_000)
    time.sleep(0.05)
    passed = (clock.now() - NOON).total_seconds()
    assert 500 <= passed < 20_000


def test_reads_other_time_zones_as_the_same_moment() -> None:
    clock = TenantClock(datetime.fromisoformat("2026-11-22T14:00:00+02:00"))
    assert clock.now() == NOON
    assert clock.now().utcoffset() == timedelta(0)


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 1e12])
def test_does_not_go_back_or_out_of_bounds(seconds: float) -> None:
    clock = TenantClock(NOON)
    with pytest.raises(TimeRunsForward):
        clock.advance(seconds)
    with pytest.raises(TimeRunsForward):
        clock.move_to(NOON - timedelta(microseconds=1))
    assert clock.now() == NOON


@given(st.lists(st.floats(0, 1e6), max_size=8))
def test_steps_add_up(steps: list[float]) -> None:
    clock = TenantClock(NOON)
    expected = NOON
    for seconds in steps:
        expected += timedelta(seconds=seconds)
        assert clock.advance(seconds) == expected


def test_times_that_began_together_pass_together() -> None:
    clock = TenantClock(NOON)
    for seconds in (3.0, 1.0, 2.0):
        clock.pass_from(NOON, seconds)
        assert clock.now() == NOON + timedelta(seconds=3)
    clock.pass_from(NOON + timedelta(seconds=2), 4.0)
    assert clock.now() == NOON + timedelta(seconds=6)


@pytest.mark.parametrize("seconds", [1e9 * 1e6, float("inf"), float("nan")])
def test_no_time_passes_the_end_of_the_clock(seconds: float) -> None:
    clock = TenantClock(NOON)
    clock.pass_from(NOON, seconds)
    assert clock.now() == NOON


def test_on_a_running_clock_time_passes_by_itself() -> None:
    clock = TenantClock(NOON, speed=1)
    clock.pass_from(NOON, 3600)
    assert clock.now() < NOON + timedelta(seconds=60)


def test_each_tenant_has_its_own(open_tenant: Callable[..., Account]) -> None:
    moved, other = open_tenant(), open_tenant()
    moved.advance(60)
    assert moved.now() == "2026-11-22T10:01:00+00:00"
    assert other.now() == START


def test_a_running_clock_runs(open_tenant: Callable[..., Account]) -> None:
    running = open_tenant(speed=1000)
    first = datetime.fromisoformat(running.now())
    time.sleep(0.05)
    assert (datetime.fromisoformat(running.now()) - first).total_seconds() >= 50


def test_can_be_set_to_a_time(tenant: Account, plane: httpx.Client) -> None:
    answer = plane.post(f"/_simulator/tenants/{tenant.id}/clock", json={"to": "2026-12-24T00:00:00Z"})
    assert answer.json() == {"now": "2026-12-24T00:00:00+00:00"}


@pytest.mark.parametrize(
    "body",
    [{}, {"advance": 1, "to": "2027-01-01T00:00:00Z"}, {"advance": -1}, {"to": "2020-01-01T00:00:00Z"}, {"by": 3}],
)
def test_refuses_what_makes_no_sense(tenant: Account, plane: httpx.Client, body: dict[str, object]) -> None:
    answer = plane.post(f"/_simulator/tenants/{tenant.id}/clock", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"].endswith(".")
    assert tenant.now() == START
