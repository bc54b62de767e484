"""The same question with and without a cache, measured beside each other: latency, tokens, cost, and when a cache pays."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

from support.errors import TouchstoneError, UnknownPrice
from support.gateway.clock import Clock
from support.ledger.prices import price
from support.values import Arm, CachingFigures, CachingReport, ChatAnswer, Provider, Usage

Ask = Callable[[], Awaitable[ChatAnswer]]


@dataclass(frozen=True, slots=True)
class Sample:
    """One call: what it took, or how it failed."""

    seconds: float
    usage: Usage
    failure: str | None = None


async def compare(
    provider: Provider,
    model: str,
    calls: int,
    clock: Clock,
    *,
    uncached: Ask,
    cached: Ask,
    filling: Usage,
    storage_usd: Callable[[], Awaitable[Decimal]],
) -> CachingReport:
    """Makes `calls` calls of each kind, one after the other, and reports on both.

    `filling`: the tokens that were paid for to fill the cache before its first call, where a call of its own did that.
    `storage_usd` is asked after the last call. Raises UnknownPrice where the model has none.
    """
    sides = (await samples(uncached, calls, clock), await samples(cached, calls, clock))
    return report(provider, model, *sides, filling=filling, storage_usd=await storage_usd())


async def samples(ask: Ask, calls: int, clock: Clock) -> list[Sample]:
    """One sample a call, in order; a call that fails is one too."""
    made = []
    for _ in range(calls):
        began = await clock.now()
        try:
            answer = await ask()
        except TouchstoneError as error:
            made.append(Sample(0, Usage(), f"{error.kind}: {error}"))
        else:
            made.append(Sample((await clock.now() - began).total_seconds(), answer.usage))
    return made


def report(
    provider: Provider,
    model: str,
    uncached: Sequence[Sample],
    cached: Sequence[Sample],
    *,
    filling: Usage,
    storage_usd: Decimal,
) -> CachingReport:
    """The figures, if every call was answered; else how the others failed, and no figures."""
    failures = tuple(sample.failure for sample in (*uncached, *cached) if sample.failure is not None)
    if failures:
        return CachingReport(provider=provider, model=model, failures=failures, figures=None)
    plain = arm(provider, model, uncached, Usage())
    quick = arm(provider, model, cached, filling)
    figures = CachingFigures(
        uncached=plain,
        cached=quick,
        storage_usd=storage_usd,
        saving_usd=saving(plain.cost_usd, quick.cost_usd, storage_usd),
        break_even_calls=break_even(mean(plain), quick.first_call_usd, quick.later_call_usd, storage_usd),
    )
    return CachingReport(provider=provider, model=model, failures=(), figures=figures)


def arm(provider: Provider, model: str, made: Sequence[Sample], filling: Usage) -> Arm:
    """One side's figures."""
    costs = [cost_of(provider, model, sample.usage) for sample in made]
    first = costs[0] + cost_of(provider, model, filling)
    later = costs[1:] or costs
    times = [sample.seconds for sample in made]
    return Arm(
        seconds=tuple(times),
        p50_seconds=percentile(times, 50),
        p95_seconds=percentile(times, 95),
        input_tokens=sum(sample.usage.input_tokens for sample in made),
        cached_tokens=sum(sample.usage.cache_read_tokens for sample in made),
        first_call_usd=first,
        later_call_usd=sum(later, Decimal(0)) / len(later),
        cost_usd=first + sum(costs[1:], Decimal(0)),
    )


def mean(side: Arm) -> Decimal:
    """Dollars of one call."""
    return side.cost_usd / side.calls


def cost_of(provider: Provider, model: str, usage: Usage) -> Decimal:
    """Dollars for the tokens of one call."""
    cost = price(provider, model, usage)
    if cost is None:
        raise UnknownPrice(f"no price is known for the model {model}: nothing can be compared", provider=provider)
    return cost


def percentile(times: Sequence[float], percent: int) -> float:
    """The nearest rank: the smallest of the times that at least so many per cent of them do not exceed."""
    return in_order(times)[ceil(len(times) * percent / 100) - 1]


def in_order(times: Sequence[float]) -> list[float]:
    """From the shortest to the longest."""
    return sorted(times)


def saving(uncached_usd: Decimal, cached_usd: Decimal, storage_usd: Decimal) -> Decimal:
    """What the cache saved, below zero where it cost more than it saved."""
    return uncached_usd - cached_usd - storage_usd


def break_even(uncached_call: Decimal, first_call: Decimal, later_call: Decimal, standing: Decimal) -> int | None:
    """The smallest number of calls with a positive saving, for `standing` dollars that are paid however many calls are made."""
    ahead = first_call - later_call + standing
    gain = uncached_call - later_call
    if gain > ahead:
        return 1
    return int(ahead // gain) + 1 if gain > 0 else None
