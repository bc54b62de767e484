"""Sentences about the comparison of questions with and without a cache."""

from __future__ import annotations

from decimal import Decimal

from behave import given, then, when

from steps.cached_questions import LEAST_HIT, ask, in_the_cache
from steps.common import Context
from support.values import CachedContext, CacheKey, CachingFigures, CachingReport, ChatAnswer, Provider, Usage
from support.world import World

TO_SAY = (
    "one",
    "one two three four five six",
    "one two three",
    "one two three four five six seven eight nine ten",
    "two",
)
"""Answers of different lengths, in no order: so that the times differ, and no list of them is in order by chance."""


@given("the simulator takes 200 milliseconds to read 1,000 tokens, and none for those in a cache")
async def takes_time(context: Context) -> None:
    context.world.caching.seconds_per_token = 0.0002
    await context.world.simulator.set_durations(chat__uncached_token=0.0002, chat__cached_token=0.0)


@given("{provider:Provider} answers no question from now on")
async def answers_nothing(context: Context, provider: Provider) -> None:
    await context.world.simulator.script(
        {"provider": provider.value, "operation": "chat.create", "times": 1000, "do": {"status": 500}}
    )


@when("the team compares questions to {provider:Provider} with and without a cache")
async def compares(context: Context, provider: Provider) -> None:
    world = context.world
    use = await in_the_cache(world, provider)
    number = {"with": 0, "without": 0}

    def question(side: str) -> str:
        """The same questions in the same order on both sides."""
        number[side] += 1
        return f"Question {number[side]:02d}. Answer exactly: {TO_SAY[number[side] % len(TO_SAY)]}"

    async def without() -> ChatAnswer:
        # A key of its own: the beginning of a question that nobody asked before is in no cache.
        own = CacheKey(key=f"{world.nonce}-{number['without']}") if isinstance(use, CacheKey) else None
        return await ask(world, provider, question("without"), own)

    async def with_cache() -> ChatAnswer:
        return await ask(world, provider, question("with"), use)

    async def storage() -> Decimal:
        return await ended(world, world.caching.cache) if world.caching.made else Decimal(0)

    filling = Usage(cache_write_5m_tokens=world.caching.cache.tokens if world.caching.made else 0)
    world.caching.provider = provider
    world.caching.report = await world.does(
        world.compare_caching(provider, uncached=without, cached=with_cache, filling=filling, storage=storage)
    )


async def ended(world: World, cache: CachedContext) -> Decimal:
    """Deletes the cache; answers what keeping it has cost."""
    caches = world.gateway(cache.provider).caches
    await world.sees(caches.delete(cache.id))
    storage = await world.sees(caches.storage(cache.id))
    assert storage.cost_usd is not None, "no price is known for keeping it"
    return storage.cost_usd


def figures(world: World) -> CachingFigures:
    """The figures of the comparison; fails the step where it has none."""
    report = world.caching.report
    assert report is not None, "nothing was compared"
    world.expect(report.figures is not None, f"there are no figures: {report.failures[:1]}")
    assert report.figures is not None
    return report.figures


@then("the comparison tells calls, times, tokens and cost of both")
def tells_all(context: Context) -> None:
    world = context.world
    compared = figures(world)
    calls = 20 if world.simulated else 3
    for side in (compared.uncached, compared.cached):
        world.expect(side.calls == calls, f"it tells of {side.calls} calls")
        world.expect(min(side.seconds) > 0, f"its times are {side.seconds}")
        world.expect(side.input_tokens > calls * LEAST_HIT and side.cost_usd > 0, f"it tells {side}")
    world.expect(
        compared.uncached.cached_tokens == 0, f"{compared.uncached.cached_tokens} tokens came from a cache without one"
    )
    world.expect(compared.cached.cached_tokens > 0, "no token came from the cache")


@then("its median and its 95th percentile are times that so many of the calls kept")
def percentiles(context: Context) -> None:
    world = context.world
    compared = figures(world)
    for side in (compared.uncached, compared.cached):
        for time, share in ((side.p50_seconds, 0.5), (side.p95_seconds, 0.95)):
            kept = sum(seconds <= time for seconds in side.seconds) / side.calls
            shorter = sum(seconds < time for seconds in side.seconds) / side.calls
            world.expect(shorter < share <= kept, f"{kept:.0%} of the calls took {time} s or less, {shorter:.0%} less")


@then("the saving is what the cached calls cost less, storage taken off")
def saving(context: Context) -> None:
    compared = figures(context.world)
    expected = compared.uncached.cost_usd - compared.cached.cost_usd - compared.storage_usd
    context.world.expect(
        abs(compared.saving_usd - expected) < Decimal("1e-9"), f"the saving is {compared.saving_usd}, not {expected}"
    )
    keeps = bool(context.world.caching.made)
    context.world.expect((compared.storage_usd > 0) == keeps, f"storage has cost {compared.storage_usd}")


@then("the cache pays from the first number of calls on that saves money")
def break_even(context: Context) -> None:
    compared = figures(context.world)
    plain = compared.uncached.cost_usd / compared.uncached.calls
    arm = compared.cached
    whole = arm.first_call_usd + (arm.calls - 1) * arm.later_call_usd
    context.world.expect(
        abs(whole - arm.cost_usd) < Decimal("1e-9"), f"the calls cost {whole}, together {arm.cost_usd}"
    )

    def saved(calls: int) -> Decimal:
        cached = compared.cached.first_call_usd + (calls - 1) * compared.cached.later_call_usd
        return calls * plain - cached - compared.storage_usd

    number = compared.break_even_calls
    context.world.expect(number is not None, "it says that the cache never pays")
    assert number is not None
    context.world.expect(saved(number) > 0, f"{number} calls save {saved(number)}")
    context.world.expect(number == 1 or saved(number - 1) <= 0, f"{number - 1} calls save {saved(number - 1)} already")


@then("the comparison is written down among the reports of the run, as it was made")
def written_down(context: Context) -> None:
    caching = context.world.caching
    context.world.expect(caching.written is not None and caching.written.is_file(), f"there is no {caching.written}")
    assert caching.written is not None
    read = CachingReport.model_validate_json(caching.written.read_text(encoding="utf-8"))
    context.world.expect(read == caching.report, f"written down is {read}")


@then("the ledger has charged what the comparison says")
def charged_as_compared(context: Context) -> None:
    world = context.world
    compared = figures(world)
    spent = sum((call.cost_usd or Decimal(0) for call in world.charges()), Decimal(0))
    said = compared.uncached.cost_usd + compared.cached.cost_usd + compared.storage_usd
    world.expect(abs(spent - said) < Decimal("1e-9"), f"the ledger has charged {spent}, the comparison says {said}")


@then("the median with the cache is shorter by the time for its cached tokens, within {percent:d} percent")
def sooner(context: Context, percent: int) -> None:
    world = context.world
    compared = figures(world)
    modelled = world.caching.seconds_per_token * compared.cached.cached_tokens / compared.cached.calls
    gained = compared.uncached.p50_seconds - compared.cached.p50_seconds
    world.expect(
        abs(gained - modelled) <= modelled * percent / 100,
        f"the median is {gained:.3f} s shorter, not {modelled:.3f} s",
    )


@then("the comparison names each call that failed, and gives no figures")
def no_figures(context: Context) -> None:
    report = context.world.caching.report
    context.world.expect(report is not None and report.figures is None, f"the comparison gives {report}")
    assert report is not None
    context.world.expect(len(report.failures) == 40, f"it names {len(report.failures)} calls")
