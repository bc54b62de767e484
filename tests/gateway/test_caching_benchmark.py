"""The comparison's arithmetic: percentiles by nearest rank, the saving, the break-even, and no figures where a call failed."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.errors import RateLimited, ServerError, UnknownPrice
from support.gateway.caching_benchmark import Sample, break_even, compare, percentile, report, samples, saving
from support.ledger import price
from support.values import CachingReport, ChatAnswer, Provider, Usage

MODEL = "claude-haiku-5-5"
TOLERANCE = Decimal("1e-9")
"""Dollars (tracker row CC-09)."""
NONE = Usage()

times = st.lists(st.floats(0, 1000), min_size=1, max_size=60)
dollars = st.decimals(0, 1, places=6)
tokens = st.integers(0, 50_000)
usages = st.builds(
    Usage,
    uncached_input_tokens=tokens,
    cache_read_tokens=tokens,
    cache_write_5m_tokens=tokens,
    output_tokens=tokens,
)
sides = st.lists(st.builds(Sample, seconds=st.floats(0, 100), usage=usages), min_size=1, max_size=12)


def cost(usage: Usage) -> Decimal:
    known = price(Provider.ANTHROPIC, MODEL, usage)
    assert known is not None
    return known


def made(uncached: Sequence[Sample], cached: Sequence[Sample], **more: Any) -> CachingReport:
    given_ = {"filling": NONE, "storage_usd": Decimal(0), **more}
    return report(Provider.ANTHROPIC, MODEL, uncached, cached, **given_)


# Percentiles ------------------------------------------------------------------------------------------------------------


@given(times, st.sampled_from([1, 5, 50, 90, 95, 99, 100]))
def test_a_percentile_is_the_smallest_time_that_so_many_kept(measured: list[float], percent: int) -> None:
    found = percentile(measured, percent)
    keeping = [time for time in measured if sum(one <= time for one in measured) * 100 >= percent * len(measured)]
    assert found == min(keeping)


@given(times)
def test_percentiles_are_in_order_and_the_order_of_the_calls_is_no_matter(measured: list[float]) -> None:
    assert percentile(measured, 50) <= percentile(measured, 95) <= max(measured)
    assert percentile(measured, 50) == percentile(measured[::-1], 50)


@pytest.mark.parametrize(
    ("count", "percent", "rank"), [(20, 50, 10), (20, 95, 19), (3, 50, 2), (3, 95, 3), (1, 50, 1), (100, 95, 95)]
)
def test_ranks_that_are_known(count: int, percent: int, rank: int) -> None:
    assert percentile([float(number) for number in range(count, 0, -1)], percent) == rank


# When it pays -----------------------------------------------------------------------------------------------------------


def saved(calls: int, uncached: Decimal, first: Decimal, later: Decimal, standing: Decimal) -> Decimal:
    """What so many calls save, added up call by call."""
    return calls * uncached - first - (calls - 1) * later - standing


@given(dollars, dollars, dollars, dollars)
def test_the_break_even_is_the_smallest_number_of_calls_that_saves(
    uncached: Decimal, first: Decimal, later: Decimal, standing: Decimal
) -> None:
    number = break_even(uncached, first, later, standing)
    if number is None:
        assert all(saved(calls, uncached, first, later, standing) <= 0 for calls in (1, 2, 10, 10**9))
    else:
        assert saved(number, uncached, first, later, standing) > 0
        assert number == 1 or saved(number - 1, uncached, first, later, standing) <= 0


@pytest.mark.parametrize(
    ("uncached", "first", "later", "standing", "number"),
    [
        ("1", "1.25", "0.1", "0", 2),
        ("1", "0.5", "0.1", "0", 1),
        ("1", "1", "0.1", "0", 2),  # nothing is saved by the first call, which is no saving
        ("1", "1.9", "0.1", "0", 3),  # exactly even after two
        ("1", "1", "0.1", "9", 12),
        ("1", "1", "1", "0", None),
        ("1", "2", "1.5", "0", None),
        ("5", "9", "10", "0", None),  # the first call is the cheaper of two that never pay
        ("5", "4", "10", "0", 1),
    ],
)
def test_break_evens_that_are_known(uncached: str, first: str, later: str, standing: str, number: int | None) -> None:
    assert break_even(Decimal(uncached), Decimal(first), Decimal(later), Decimal(standing)) == number


# The whole report -------------------------------------------------------------------------------------------------------


@given(sides, sides, usages, dollars)
def test_the_figures_add_up(uncached: list[Sample], cached: list[Sample], filling: Usage, storage: Decimal) -> None:
    told = made(uncached, cached, filling=filling, storage_usd=storage)
    figures = told.figures
    assert told.failures == ()
    assert figures is not None
    spent = (sum(cost(one.usage) for one in uncached), sum(cost(one.usage) for one in cached) + cost(filling))
    assert (figures.uncached.cost_usd, figures.cached.cost_usd) == spent
    assert abs(figures.saving_usd - (spent[0] - spent[1] - storage)) < TOLERANCE
    for side, asked in ((figures.uncached, uncached), (figures.cached, cached)):
        assert (side.calls, list(side.seconds)) == (len(asked), [one.seconds for one in asked])
        assert side.input_tokens == sum(one.usage.input_tokens for one in asked)
        assert side.cached_tokens == sum(one.usage.cache_read_tokens for one in asked)
        assert side.p50_seconds == percentile(side.seconds, 50)
        assert side.p95_seconds == percentile(side.seconds, 95)
        later = side.later_call_usd * (side.calls - 1)
        assert abs(side.first_call_usd + later - side.cost_usd) < TOLERANCE


@given(dollars, dollars, dollars)
def test_the_saving_has_its_sign(uncached: Decimal, cached: Decimal, storage: Decimal) -> None:
    difference = saving(uncached, cached, storage)
    assert difference + cached + storage == uncached
    assert (difference < 0) == (uncached < cached + storage)


def test_filling_the_cache_counts_with_its_first_call() -> None:
    read = Sample(0.1, Usage(uncached_input_tokens=10, cache_read_tokens=9_000))
    plain = Sample(1.0, Usage(uncached_input_tokens=9_010))
    filling = Usage(cache_write_5m_tokens=9_000)
    figures = made([plain] * 3, [read] * 3, filling=filling).figures
    assert figures is not None
    assert figures.cached.first_call_usd == cost(read.usage) + cost(filling)
    assert figures.cached.later_call_usd == cost(read.usage)
    assert figures.break_even_calls == 2
    assert (figures.cached.p50_seconds, figures.uncached.p50_seconds) == (0.1, 1.0)


FAILED = Sample(0, NONE, "server_error: it broke")
FINE = Sample(1.0, Usage(uncached_input_tokens=10))


@pytest.mark.parametrize(
    ("uncached", "cached"), [([FINE, FAILED], [FINE]), ([FINE], [FAILED, FINE]), ([FAILED], [FAILED])]
)
def test_a_comparison_in_which_a_call_failed_has_no_figures(uncached: list[Sample], cached: list[Sample]) -> None:
    told = made(uncached, cached)
    assert told.figures is None
    assert told.failures == ("server_error: it broke",) * [*uncached, *cached].count(FAILED)


def test_what_has_no_price_is_not_compared() -> None:
    with pytest.raises(UnknownPrice, match="no-such-model"):
        report(Provider.OPENAI, "no-such-model", [FINE], [FINE], filling=NONE, storage_usd=Decimal(0))


# Measuring --------------------------------------------------------------------------------------------------------------


class SteppingClock:
    """Moves when it is told to."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 23, tzinfo=UTC)

    async def now(self) -> datetime:
        return self.moment

    async def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


def asking(clock: SteppingClock, *takes: float | Exception) -> Callable[[], Any]:
    """A question that takes so long each time, or fails."""
    left = list(takes)

    async def ask() -> ChatAnswer:
        next_ = left.pop(0)
        if isinstance(next_, Exception):
            raise next_
        await clock.sleep(next_)
        usage = Usage(uncached_input_tokens=100, cache_read_tokens=round(next_ * 1000))
        return ChatAnswer(
            provider=Provider.ANTHROPIC, model=MODEL, id="m", text="yes", stop_reason="end", usage=usage, raw={}
        )

    return ask


def test_each_call_is_measured_on_the_targets_clock() -> None:
    clock = SteppingClock()
    measured = asyncio.run(samples(asking(clock, 0.3, 0.1, 0.2), 3, clock))
    assert [round(one.seconds, 6) for one in measured] == [0.3, 0.1, 0.2]
    assert [one.usage.cache_read_tokens for one in measured] == [300, 100, 200]


def test_a_call_that_fails_is_a_sample_and_the_others_go_on() -> None:
    clock = SteppingClock()
    ask = asking(clock, 0.3, RateLimited("slow down", provider=Provider.ANTHROPIC), 0.2)
    measured = asyncio.run(samples(ask, 3, clock))
    assert [one.failure for one in measured] == [None, "rate_limited: Anthropic: slow down", None]


def test_an_error_of_ours_is_not_taken_for_an_answer() -> None:
    clock = SteppingClock()
    with pytest.raises(KeyError):
        asyncio.run(samples(asking(clock, KeyError("ours")), 1, clock))


def test_storage_is_asked_for_after_the_last_call() -> None:
    clock = SteppingClock()
    asked_at: list[datetime] = []

    async def storage() -> Decimal:
        asked_at.append(await clock.now())
        return Decimal("0.5")

    began = clock.moment
    told = asyncio.run(
        compare(
            Provider.ANTHROPIC,
            MODEL,
            2,
            clock,
            uncached=asking(clock, 1, 1),
            cached=asking(clock, 0.5, 0.5),
            filling=NONE,
            storage_usd=storage,
        )
    )
    assert asked_at == [began + timedelta(seconds=3)]
    assert told.figures is not None
    assert (told.figures.storage_usd, told.model, told.provider) == (Decimal("0.5"), MODEL, Provider.ANTHROPIC)
    assert told.figures.saving_usd < 0


def test_a_comparison_that_failed_says_of_each_call_how() -> None:
    clock = SteppingClock()
    broken = ServerError("it broke", provider=Provider.ANTHROPIC, status=500)

    async def storage() -> Decimal:
        return Decimal(0)

    told = asyncio.run(
        compare(
            Provider.ANTHROPIC,
            MODEL,
            2,
            clock,
            uncached=asking(clock, broken, broken),
            cached=asking(clock, broken, 1),
            filling=NONE,
            storage_usd=storage,
        )
    )
    assert (told.figures, told.failures) == (None, ("server_error: Anthropic: it broke",) * 3)
