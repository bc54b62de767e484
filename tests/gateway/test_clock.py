"""Simulated time jumps when nothing can run any more, and never while something can."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from support.gateway.clock import JumpingClock

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


class Hand:
    """A clock's counterpart in memory."""

    def __init__(self) -> None:
        self.shown = START
        self.moves: list[float] = []
        self.broken: Exception | None = None

    async def now(self) -> datetime:
        return self.shown

    async def move_to(self, moment: datetime) -> datetime:
        await asyncio.sleep(0.001)
        if self.broken:
            raise self.broken
        self.shown = max(self.shown, moment)
        self.moves.append((self.shown - START).total_seconds())
        return self.shown


def passed(hand: Hand) -> float:
    return (hand.shown - START).total_seconds()


def test_ten_sleepers_of_one_second_twice_each_end_at_two_seconds() -> None:
    hand = Hand()
    clock = JumpingClock(hand, lambda: 0)

    async def sleeper() -> None:
        await clock.sleep(1)
        await clock.sleep(1)

    async def all_of_them() -> None:
        await asyncio.gather(*(sleeper() for _ in range(10)))

    asyncio.run(all_of_them())
    assert passed(hand) == 2
    assert hand.moves == [1, 2]


def test_the_earliest_deadline_comes_first_and_the_others_keep_theirs() -> None:
    hand = Hand()
    clock = JumpingClock(hand, lambda: 0)
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, passed(hand)))

    async def three() -> None:
        await asyncio.gather(sleeper("late", 30), sleeper("early", 1), sleeper("middle", 5))

    asyncio.run(three())
    assert woken == [("early", 1), ("middle", 5), ("late", 30)]


def test_the_clock_stands_while_a_request_is_in_flight() -> None:
    hand = Hand()
    open_requests = [1]
    clock = JumpingClock(hand, lambda: open_requests[0])

    async def request() -> float:
        await asyncio.sleep(0.03)
        before = passed(hand)
        open_requests[0] = 0
        return before

    async def both() -> float:
        before, _ = await asyncio.gather(request(), clock.sleep(60))
        return before

    assert asyncio.run(both()) == 0
    assert passed(hand) == 60


def test_a_task_that_still_computes_is_not_overtaken() -> None:
    hand = Hand()
    clock = JumpingClock(hand, lambda: 0)
    seen: list[float] = []

    async def busy() -> None:
        for _ in range(50):
            await asyncio.sleep(0)
            seen.append(passed(hand))

    async def both() -> None:
        await asyncio.gather(clock.sleep(10), busy())

    asyncio.run(both())
    assert seen == [0] * 50


def test_a_cancelled_sleeper_does_not_hold_the_others_up() -> None:
    hand = Hand()
    clock = JumpingClock(hand, lambda: 0)

    async def scene() -> None:
        long = asyncio.ensure_future(clock.sleep(1000))
        await asyncio.sleep(0)
        long.cancel()
        await clock.sleep(3)

    asyncio.run(scene())
    assert passed(hand) == 3


def test_a_sleeper_learns_that_its_counterpart_is_gone() -> None:
    hand = Hand()
    hand.broken = ConnectionError("gone")
    clock = JumpingClock(hand, lambda: 0)
    with pytest.raises(ConnectionError):
        asyncio.run(clock.sleep(1))


def test_no_time_is_no_move() -> None:
    hand = Hand()
    asyncio.run(JumpingClock(hand, lambda: 0).sleep(0))
    assert hand.moves == []
    assert hand.shown == START + timedelta(0)
