"""How fast a provider is asked: so many a minute of the target's clock, pauses for all, and each provider for itself."""

import asyncio
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.errors import InvalidRequest, RateLimited, ServerError
from support.gateway.batching import CallerBatch, Limiter, Limiters
from support.gateway.clock import Clock
from support.values import BatchRequest, ChatAnswer, Provider
from tests.gateway.batch_asks import Hand, answer, jumping, requests

pytestmark = pytest.mark.anyio

BUSY = RateLimited("slow down", status=429)


class Timed:
    """Answers at once, and notes when each question came."""

    def __init__(self, hand: Hand) -> None:
        self.hand = hand
        self.at: dict[str, float] = {}

    async def ask(self, asked: BatchRequest) -> ChatAnswer:
        self.at[asked.id] = self.hand.passed
        await asyncio.sleep(0)
        return answer(asked)


@pytest.mark.parametrize("concurrency", [1, 8])
async def test_one_more_than_the_limit_waits_for_the_next_minute(concurrency: int) -> None:
    hand = Hand()
    clock = jumping(hand)
    side = Timed(hand)
    limiter = Limiter(clock, per_minute=60)
    outcome = await CallerBatch(side.ask, requests(61), clock=clock, concurrency=concurrency, limiter=limiter).outcome()
    assert len(outcome.succeeded) == 61
    assert {side.at[f"r{number}"] for number in range(60)} == {0}
    assert side.at["r60"] == 60


@given(
    per_minute=st.integers(1, 5),
    concurrency=st.integers(1, 4),
    pauses=st.lists(st.floats(0, 50), min_size=1, max_size=15),
)
@settings(deadline=None, max_examples=50)
def test_no_minute_sees_more_than_its_number(per_minute: int, concurrency: int, pauses: list[float]) -> None:
    hand = Hand()
    clock = jumping(hand)
    moments: list[datetime] = []

    async def ask(asked: BatchRequest) -> ChatAnswer:
        moments.append(hand.shown)
        await clock.sleep(pauses[int(asked.id[1:])])
        return answer(asked)

    async def scene() -> None:
        limiter = Limiter(clock, per_minute)
        run = CallerBatch(ask, requests(len(pauses)), clock=clock, concurrency=concurrency, limiter=limiter)
        assert len((await run.outcome()).succeeded) == len(pauses)

    asyncio.run(scene())
    assert all(sum(begin <= one < begin + timedelta(minutes=1) for one in moments) <= per_minute for begin in moments)


async def test_a_repeated_request_counts() -> None:
    hand = Hand()
    clock = jumping(hand)
    limiter = Limiter(clock, per_minute=3)
    await limiter.turn()
    with limiter.backing_off(BUSY):
        await clock.sleep(5)
    await limiter.turn()
    assert hand.passed == 5
    await limiter.turn()
    assert hand.passed == 60


async def test_a_limiter_holds_nobody_up_elsewhere() -> None:
    hand = Hand()
    clock = jumping(hand)
    limiters = Limiters(clock, {Provider.OPENAI: 2, Provider.GEMINI: 2})
    sides = {provider: Timed(hand) for provider in Provider}

    async def asked(provider: Provider, count: int) -> None:
        run = CallerBatch(sides[provider].ask, requests(count), clock=clock, limiter=limiters.of(provider))
        await run.outcome()

    await asyncio.gather(asked(Provider.OPENAI, 3), asked(Provider.GEMINI, 2), asked(Provider.ANTHROPIC, 9))
    assert max(sides[Provider.GEMINI].at.values()) == max(sides[Provider.ANTHROPIC].at.values()) == 0
    assert sides[Provider.OPENAI].at["r2"] == 60
    assert limiters.of(Provider.OPENAI) is limiters.of(Provider.OPENAI)


async def told_to_wait(clock: Clock, limiter: Limiter, error: Exception, seconds: float) -> None:
    assert isinstance(error, RateLimited | ServerError)
    with limiter.backing_off(error):
        await clock.sleep(seconds)


async def test_a_pause_is_the_providers_own() -> None:
    hand = Hand()
    clock = jumping(hand)
    limiters = Limiters(clock)
    sides = {provider: Timed(hand) for provider in (Provider.OPENAI, Provider.GEMINI)}
    held = asyncio.ensure_future(told_to_wait(clock, limiters.of(Provider.OPENAI), BUSY, 7))
    await asyncio.sleep(0)
    runs = [
        CallerBatch(side.ask, requests(3), clock=clock, limiter=limiters.of(provider)).outcome()
        for provider, side in sides.items()
    ]
    await asyncio.gather(held, *runs)
    assert set(sides[Provider.OPENAI].at.values()) == {7}
    assert set(sides[Provider.GEMINI].at.values()) == {0}


async def test_the_longest_pause_counts_and_one_that_is_cancelled_ends() -> None:
    hand = Hand()
    clock = jumping(hand)
    limiter = Limiter(clock)
    assert limiter.open
    waits = [asyncio.ensure_future(told_to_wait(clock, limiter, BUSY, seconds)) for seconds in (2, 9, 1000)]
    await asyncio.sleep(0)
    assert not limiter.open
    waits[2].cancel()
    await limiter.turn()
    assert hand.passed == 9
    await asyncio.wait(waits)


async def test_only_a_rate_limit_pauses_others() -> None:
    clock = jumping(Hand())
    limiter = Limiter(clock)
    waiting = asyncio.ensure_future(told_to_wait(clock, limiter, ServerError("broken", status=503), 5))
    await asyncio.sleep(0)
    assert limiter.open
    await waiting


async def test_a_run_ends_though_it_waits_for_its_turn() -> None:
    """What waits for a turn was never begun: cancelled, or past the deadline."""
    hand = Hand()
    clock = jumping(hand)
    side = Timed(hand)
    run = CallerBatch(
        side.ask,
        requests(5),
        clock=clock,
        concurrency=3,
        limiter=Limiter(clock, per_minute=2),
        deadline=timedelta(seconds=10),
    )
    outcome = await run.outcome()
    assert hand.passed == 10
    assert [(item.status, item.attempts) for item in outcome.items] == [("succeeded", 1)] * 2 + [("timeout", 0)] * 3
    assert sorted(side.at) == ["r0", "r1"]


@pytest.mark.parametrize("number", [0, -1])
def test_a_limit_below_one_is_refused(number: int) -> None:
    with pytest.raises(InvalidRequest, match=f"per_minute: must be 1 or more, not {number}"):
        Limiter(jumping(Hand()), number)
