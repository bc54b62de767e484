"""Sentences about what answers cost: by the tokens that were told, at prices that the sentence itself names."""

from __future__ import annotations

from decimal import Decimal

import parse
from behave import given, register_type, then, when

from steps.common import Context
from steps.comparing import MOST_TOKENS, compare, told
from support.values import Message, Provider, Usage
from support.world import World

MILLION = Decimal(1_000_000)
NOTE = (Message(role="user", text="Make a note of this."),)


@parse.with_pattern(r"\d+\.\d+")
def an_amount_of_money(text: str) -> Decimal:
    return Decimal(text)


register_type(Dollars=an_amount_of_money)


def expect_everywhere(world: World, cost: Decimal) -> None:
    """Record, ledger and report agree on it to the last digit."""
    (record,) = world.several.compared.records
    world.expect(record.cost_usd == cost, f"the record tells {record.cost_usd}, not {cost}")
    spent = world.spent()
    world.expect(spent == cost, f"the ledger has charged {spent}, not {cost}")
    line = world.reported()
    reported = None if line is None else line.cost_usd
    world.expect(reported == cost, f"the run's report has {reported}, not {cost}")


# Given and when ------------------------------------------------------------------------------------------------------


@given("{provider:Provider} answers once with {tokens_in:d} tokens in and {out:d} out")
async def will_tell(context: Context, provider: Provider, tokens_in: int, out: int) -> None:
    await context.world.scripts_answer(provider, Usage(uncached_input_tokens=tokens_in, output_tokens=out))


@given(
    "{provider:Provider} answers once with {tokens_in:d} tokens in, {cached:d} of them cached,"
    " and {out:d} out, {thoughts:d} of them thoughts"
)
async def will_tell_parts(
    context: Context, provider: Provider, tokens_in: int, cached: int, out: int, thoughts: int
) -> None:
    usage = Usage(uncached_input_tokens=tokens_in - cached, cache_read_tokens=cached, output_tokens=out)
    await context.world.scripts_answer(provider, usage, thoughts)


@when("the team asks {provider:Provider} for a note")
async def asks(context: Context, provider: Provider) -> None:
    await compare(context.world, [provider], NOTE)


@when("the team asks {first:Provider}, {second:Provider} and {third:Provider} side by side")
async def asks_three(context: Context, first: Provider, second: Provider, third: Provider) -> None:
    await compare(context.world, [first, second, third], NOTE)


@when("the team asks a model of {provider:Provider} whose price nobody knows")
async def asks_unpriced(context: Context, provider: Provider) -> None:
    world = context.world
    route = (world.gateway(provider), world.unpriced_model(provider))
    await world.compares_at([route], NOTE, max_output_tokens=MOST_TOKENS)


@when("the team asks what {tokens_in:d} tokens in and {out:d} out would cost at {provider:Provider}")
def asks_beforehand(context: Context, tokens_in: int, out: int, provider: Provider) -> None:
    world = context.world
    usage = Usage(uncached_input_tokens=tokens_in, output_tokens=out)
    world.several.estimated = world.estimate(provider, world.chat_model(provider), usage)


# Then ----------------------------------------------------------------------------------------------------------------


@then(
    "{tokens_in:d} tokens at {price_in:Dollars} dollars and {out:d} at {price_out:Dollars} dollars for a million"
    " cost {cost:Dollars} dollars"
)
def costs(context: Context, tokens_in: int, price_in: Decimal, out: int, price_out: Decimal, cost: Decimal) -> None:
    world = context.world
    usage = told(world)
    world.expect((usage.input_tokens, usage.output_tokens) == (tokens_in, out), f"told were {usage}")
    summed = (tokens_in * price_in + out * price_out) / MILLION
    world.expect(summed == cost, f"that makes {summed}")
    world.several.estimated = cost


@then(
    "{uncached:d} tokens at {price_in:Dollars} dollars, {cached:d} at {price_cached:Dollars} dollars"
    " and {out:d} at {price_out:Dollars} dollars for a million cost {cost:Dollars} dollars"
)
def costs_by_parts(
    context: Context,
    uncached: int,
    price_in: Decimal,
    cached: int,
    price_cached: Decimal,
    out: int,
    price_out: Decimal,
    cost: Decimal,
) -> None:
    world = context.world
    usage = told(world)
    parts = (usage.uncached_input_tokens, usage.cache_read_tokens, usage.output_tokens)
    world.expect(parts == (uncached, cached, out), f"told were {usage}")
    summed = (uncached * price_in + cached * price_cached + out * price_out) / MILLION
    world.expect(summed == cost, f"that makes {summed}")
    world.several.estimated = cost


@then("that is what the record, the ledger and the run's report say")
def everywhere(context: Context) -> None:
    cost = context.world.several.estimated
    assert cost is not None
    expect_everywhere(context.world, cost)


@then(
    "the batch has cost its tokens at {price_in:Dollars} dollars in and {price_out:Dollars} dollars out for a million"
)
def batch_cost(context: Context, price_in: Decimal, price_out: Decimal) -> None:
    world = context.world
    usages = [one.usage for one in world.batch.results if one.usage is not None]
    world.expect(len(usages) == 1, f"{len(usages)} results tell their tokens")
    usage = usages[0]
    world.expect(usage.uncached_input_tokens > 0 and usage.output_tokens > 0, f"the result tells {usage}")
    world.expect(usage.cache_read_tokens + usage.cache_write_tokens == 0, f"the result tells {usage}")
    cost = (usage.uncached_input_tokens * price_in + usage.output_tokens * price_out) / MILLION
    spent = world.spent()
    world.expect(spent == cost, f"the ledger has charged {spent}, not {cost}")


@then(
    "from the cheapest to the dearest they are {first:Provider}, {second:Provider} and {third:Provider},"
    " at {one:Dollars}, {other:Dollars} and {last:Dollars} dollars"
)
def ranking(
    context: Context,
    first: Provider,
    second: Provider,
    third: Provider,
    one: Decimal,
    other: Decimal,
    last: Decimal,
) -> None:
    world = context.world
    ranked = [(record.provider, record.cost_usd) for record in world.several.compared.ranking]
    wanted = [(first, one), (second, other), (third, last)]
    world.expect(ranked == wanted, f"they are {ranked}")
    told_line = world.several.shown[-1]
    places = [told_line.find(provider) for provider in (first, second, third)]
    world.expect(-1 < places[0] < places[1] < places[2], f"shown is {told_line!r}")


@then("the comparison's total is {cost:Dollars} dollars, which is what the ledger has charged")
def total(context: Context, cost: Decimal) -> None:
    world = context.world
    made = world.several.compared.cost_usd
    world.expect(made == cost, f"the total is {made}")
    spent = world.spent()
    world.expect(spent == cost, f"the ledger has charged {spent}")


@then("the report's total of the run is the sum of its providers, and the sum of its scenarios")
def run_sums(context: Context) -> None:
    world = context.world
    sums = world.run_sums()
    by_provider = sum((line.cost_usd for line in sums.providers), Decimal(0))
    by_scenario = sum((line.cost_usd for line in sums.scenarios), Decimal(0))
    world.expect(sums.total.cost_usd > 0, "the report has no costs")
    world.expect(sums.total.cost_usd == by_provider, f"{sums.total.cost_usd} in all, {by_provider} by provider")
    world.expect(sums.total.cost_usd == by_scenario, f"{sums.total.cost_usd} in all, {by_scenario} by scenario")
    calls = sum(line.calls for line in sums.scenarios)
    world.expect(sums.total.calls == calls, f"{sums.total.calls} calls in all, {calls} by scenario")


@then("what it has of this scenario is the sum of its calls")
def scenario_sum(context: Context) -> None:
    world = context.world
    line = world.reported()
    spent = sum((call.cost_usd for call in world.charges() if call.cost_usd is not None), Decimal(0))
    reported = None if line is None else line.cost_usd
    world.expect(spent > 0 and reported == spent, f"the report has {reported}, its calls make {spent}")


@then("its answer has no cost, and is told as unpriced")
def unpriced(context: Context) -> None:
    world = context.world
    (record,) = world.several.compared.records
    world.expect(record.ok, f"it was refused: {record.error}")
    world.expect((record.cost_usd, record.unpriced) == (None, True), f"the record tells {record.cost_usd}")
    world.expect(world.several.compared.cost_usd is None, f"the total is {world.several.compared.cost_usd}")
    calls = [(call.priced, call.cost_usd) for call in world.charges()]
    world.expect(calls == [(False, None)], f"the ledger has {calls}")
    line = world.reported()
    world.expect(line is not None and line.unpriced_calls == 1, f"the report has {line}")
    shown = [text for text in world.several.shown if record.model in text and "unpriced" in text]
    world.expect(len(shown) == 1, f"shown is {world.several.shown}")


@then("whoever asks what {tokens_in:d} tokens in and {out:d} out would cost there is refused because no price is known")
async def refused(context: Context, tokens_in: int, out: int) -> None:
    world = context.world
    (record,) = world.several.compared.records

    async def estimating() -> Decimal:
        usage = Usage(uncached_input_tokens=tokens_in, output_tokens=out)
        return world.estimate(record.provider, record.model, usage)

    await world.tries_all(estimating())
    refusal = world.refusal("unknown_price")
    world.expect(record.model in refusal.message, f"the refusal does not name {record.model}: {refusal}")


@then("it is told {cost:Dollars} dollars, and nothing was sent")
def estimated(context: Context, cost: Decimal) -> None:
    world = context.world
    world.expect(world.several.estimated == cost, f"it is told {world.several.estimated}")
    world.expect(not world.wire.exchanges, f"{len(world.wire.exchanges)} requests were sent")
