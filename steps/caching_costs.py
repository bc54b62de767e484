"""Sentences about what cached questions cost: the tokens of each kind, and the ledger's charge for them."""

from __future__ import annotations

from decimal import Decimal

from behave import given, then

from steps.cached_questions import LEAST_HIT, ask_and_remember, begin
from steps.common import Context
from support.values import Provider


@given("the team has asked {provider:Provider} about the manual without a cache")
async def asked_without(context: Context, provider: Provider) -> None:
    world = context.world
    world.caching.provider = provider
    await ask_and_remember(world)


@given("the team has asked {provider:Provider} the same with the manual in the cache, twice")
async def asked_with(context: Context, provider: Provider) -> None:
    await begin(context.world, provider)
    for _ in range(2):
        await ask_and_remember(context.world)


@then("the question had the same number of tokens each time")
def same_tokens(context: Context) -> None:
    world = context.world
    counts = [answer.usage.input_tokens for answer in world.caching.answers]
    far = (max(counts) - min(counts)) / min(counts)
    # Live, Gemini's counts of a prompt in one piece and of one in two may differ by a few tokens of framing.
    framed = world.caching.provider is Provider.GEMINI and not world.simulated
    world.expect(far <= (0.01 if framed else 0.0), f"the question had {counts} tokens")
    uncached = world.caching.answers[0].usage
    world.expect(uncached.cache_read_tokens == 0, f"without a cache, {uncached.cache_read_tokens} tokens were read")


@then("the second time, what the cache had was read from it")
def read_what_was_there(context: Context) -> None:
    world = context.world
    first, second = (answer.usage for answer in world.caching.answers[-2:])
    kept = world.caching.cache.tokens if world.caching.made else first.cache_write_tokens + first.cache_read_tokens
    world.expect(
        second.cache_read_tokens == kept > 0, f"the cache had {kept} tokens, {second.cache_read_tokens} were read"
    )


@then(
    "the ledger has charged {written:g} times the input price for what was written and {read:g} times for what was read"
)
def charged(context: Context, written: float, read: float) -> None:
    world = context.world
    provider = world.caching.provider
    assert provider is not None
    price = world.input_price(provider)
    took = [answer.usage for answer in world.caching.answers]
    kept = sum(usage.cache_write_tokens for usage in took) + sum(cache.tokens for cache in world.caching.made)
    world.expect(kept > LEAST_HIT, f"{kept} tokens were written to the cache")
    world.expect(took[-1].cache_read_tokens > LEAST_HIT, f"{took[-1].cache_read_tokens} tokens were read from it")
    calls = [call for call in world.charges() if call.operation == "chat.create"]
    world.expect(len(calls) == len(world.caching.answers), f"the ledger has {len(calls)} questions")
    for call, answer in zip(calls, world.caching.answers, strict=True):
        usage = answer.usage
        factor = Decimal(str(written))
        expected = world.output_price(provider, usage.output_tokens) + price * (
            usage.uncached_input_tokens
            + factor * usage.cache_write_tokens
            + Decimal(str(read)) * usage.cache_read_tokens
        )
        spent = call.cost_usd or Decimal(0)
        world.expect(abs(spent - expected) < Decimal("1e-9"), f"the ledger has charged {spent}, not {expected}")


@then("the input of the last question cost less than that of the first")
def cheaper(context: Context) -> None:
    world = context.world
    provider = world.caching.provider
    assert provider is not None
    calls = [call for call in world.charges() if call.operation == "chat.create"]
    costs = [(call.cost_usd or 0) - world.output_price(provider, call.usage.output_tokens) for call in calls]
    world.expect(costs[-1] < costs[0], f"the input cost {costs}")
