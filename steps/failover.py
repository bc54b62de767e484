"""Sentences about going on with another provider where the first one fails."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import parse
from behave import given, register_type, then, when

from steps.common import Context
from support.errors import AllProvidersFailed
from support.values import Message, Provider
from support.world import World

CAPITAL = (Message(role="user", text="What is the capital of France? Answer with one word."),)
MOST_TOKENS = 64
PATIENCE_SECONDS = 0.15
"""Of real time, for one request to a provider that the scenario lets answer too late."""
TOO_LATE_MS = 400
NO_KEY = "no-key-at-all"
KINDS = {"a server error": "server_error", "a rate limit": "rate_limited", "a timeout": "timeout"}
FAILURES: dict[str, dict[str, Any]] = {
    "breaks down": {"status": 500},
    "is too busy": {"status": 429},
    "does not answer in time": {"delay_ms": TOO_LATE_MS},
}
OFTEN = 100
"""For good: more questions than any scenario asks."""


@parse.with_pattern("|".join(KINDS))
def a_kind(text: str) -> str:
    return KINDS[text]


@parse.with_pattern("|".join(FAILURES))
def a_failure(text: str) -> dict[str, Any]:
    return FAILURES[text]


@parse.with_pattern(r"once|twice|\d+ times")
def so_often(text: str) -> int:
    return {"once": 1, "twice": 2}.get(text) or int(text.split()[0])


register_type(FailureKind=a_kind, Failing=a_failure, Often=so_often)


def in_turn(world: World) -> Any:
    """The list of providers; only a late one is not waited for, so that a busy machine makes nobody else late."""
    memory = world.several
    if memory.failover is None:
        gateways = [
            world.impatient(provider, PATIENCE_SECONDS) if provider in memory.late else world.gateway(provider)
            for provider in memory.asked_in_turn
        ]
        return world.fails_over(*gateways)
    return memory.failover


async def ask(world: World, times: int = 1) -> None:
    failover = in_turn(world)

    async def asked() -> None:
        for _ in range(times):
            world.several.routed.append(await failover.ask(CAPITAL, max_output_tokens=MOST_TOKENS))

    await world.does(asked())


def times_asked(world: World, provider: Provider) -> int:
    """How many questions the provider was sent in the latest action."""
    return len([sent for sent in world.questions_sent(world.sent()) if sent.provider is provider])


def expect_asked(world: World, provider: Provider, times: int) -> None:
    asked = times_asked(world, provider)
    world.expect(asked == times, f"{provider} was asked {asked} times")


# Given ---------------------------------------------------------------------------------------------------------------


@given("the team asks {first:Provider} first, and {second:Provider} after it")
def two_providers(context: Context, first: Provider, second: Provider) -> None:
    context.world.several.asked_in_turn = (first, second)


@given("the team asks {first:Provider} first, then {second:Provider}, then {third:Provider}")
def three_providers(context: Context, first: Provider, second: Provider, third: Provider) -> None:
    context.world.several.asked_in_turn = (first, second, third)


@given("the team asks {first:Provider} first, where nobody listens, and {second:Provider} after it")
def first_unreachable(context: Context, first: Provider, second: Provider) -> None:
    world = context.world
    world.fails_over(world.unreachable(first), world.gateway(second))


@given("the team asks {first:Provider} first, with a key that is not valid, and {second:Provider} after it")
def first_without_key(context: Context, first: Provider, second: Provider) -> None:
    world = context.world
    world.fails_over(world.gateway(first, key=NO_KEY), world.gateway(second))


@given("{provider:Provider} {failure:Failing}")
async def fails(context: Context, provider: Provider, failure: dict[str, Any]) -> None:
    if "delay_ms" in failure:
        context.world.several.late.add(provider)
    line = {"provider": provider, "operation": "chat.create", "do": failure, "times": OFTEN}
    await context.world.simulator.script(line)


@given("{provider:Provider} breaks down for the next {count:d} questions")
async def fails_some_time(context: Context, provider: Provider, count: int) -> None:
    line = {"provider": provider, "operation": "chat.create", "do": FAILURES["breaks down"], "times": count}
    await context.world.simulator.script(line)


# When ----------------------------------------------------------------------------------------------------------------


@when("the team asks them for the capital of France")
async def asks(context: Context) -> None:
    await ask(context.world)


@when("the team asks them for the capital of France, {times:d} times")
async def asks_often(context: Context, times: int) -> None:
    await ask(context.world, times)


@when("the team asks them for the capital of France, {time:Duration} later")
async def asks_later(context: Context, time: timedelta) -> None:
    await context.world.clock.sleep(time.total_seconds())
    await ask(context.world)


@when("the team tries to ask them for the capital of France")
async def tries(context: Context) -> None:
    world = context.world
    await world.tries(in_turn(world).ask(CAPITAL, max_output_tokens=MOST_TOKENS))


@when("the team tries to ask them for an answer of {tokens:d} tokens")
async def tries_wrong_question(context: Context, tokens: int) -> None:
    world = context.world
    await world.tries(in_turn(world).ask(CAPITAL, max_output_tokens=tokens))


async def tries_list(world: World, *routes: Any) -> None:
    async def asked() -> None:
        await world.fails_over(*routes).ask(CAPITAL, max_output_tokens=MOST_TOKENS)

    await world.tries(asked())


@when("the team tries to ask a list with nobody in it")
async def tries_nobody(context: Context) -> None:
    await tries_list(context.world)


@when("the team tries to ask a list with {provider:Provider} in it twice")
async def tries_twice(context: Context, provider: Provider) -> None:
    one = context.world.gateway(provider)
    await tries_list(context.world, one, (one, context.world.other_chat_model(provider)))


@when("the team tries to ask a list with a model of {provider:Provider} that makes vectors")
async def tries_vectors(context: Context, provider: Provider) -> None:
    world = context.world
    await tries_list(world, (world.gateway(provider), world.embedding_model(provider)))


# Then ----------------------------------------------------------------------------------------------------------------


@then("{provider:Provider} has answered that it is Paris")
def has_answered(context: Context, provider: Provider) -> None:
    world = context.world
    routed = world.several.routed[-1]
    world.expect(routed.provider is provider, f"the record tells that {routed.provider} has answered")
    world.expect(routed.answer.provider is provider, f"the answer is {routed.answer.provider}'s")
    last = world.questions_sent(world.sent())[-1]
    world.expect(last.provider is provider, f"the last to be asked was {last.provider}")
    world.expect("paris" in routed.answer.text.lower(), f"the answer is {routed.answer.text!r}")


@then(
    "the record tells that {first:Provider} was asked {often:Often}, each time {kind:FailureKind},"
    " and {second:Provider} once"
)
def record_tells(context: Context, first: Provider, often: int, kind: str, second: Provider) -> None:
    world = context.world
    told = [(attempt.provider, attempt.outcome) for attempt in world.several.routed[-1].attempts]
    world.expect(told == [(first, kind)] * often + [(second, "ok")], f"the record tells {told}")
    expect_asked(world, first, often)
    expect_asked(world, second, 1)


@then("the ledger has charged the answer alone")
def charged_alone(context: Context) -> None:
    world = context.world
    routed, told = world.several.routed[-1], world.told_usages()
    world.expect(len(told) == 1, f"{len(told)} answers came")
    price = world.chat_price(routed.provider, told[0])
    spent = world.spent()
    world.expect(price > 0 and spent == price, f"the ledger has charged {spent}, not {price}")
    world.expect(routed.cost_usd == price, f"the record tells {routed.cost_usd}, not {price}")


def not_settled(world: World, provider: Provider) -> list[tuple[str, Decimal]]:
    """How the ledger has the provider's questions that brought no answer, and what it set aside for each."""
    calls = [call for call in world.charges() if call.provider is provider and call.state != "settled"]
    return [(call.state, call.reserved_usd) for call in calls]


@then("for {provider:Provider}, the most that two answers can cost stays set aside")
def stays_set_aside(context: Context, provider: Provider) -> None:
    kept = not_settled(context.world, provider)
    context.world.expect([state for state, _ in kept] == ["reserved"] * 2, f"the ledger has {kept}")
    context.world.expect(all(most > 0 for _, most in kept), f"the ledger has {kept}")


@then("for {provider:Provider}, nothing stays set aside")
def nothing_set_aside(context: Context, provider: Provider) -> None:
    kept = not_settled(context.world, provider)
    context.world.expect([state for state, _ in kept] == ["released"] * 2, f"the ledger has {kept}")


@then("the ledger has charged nothing")
def charged_nothing(context: Context) -> None:
    spent = context.world.spent()
    context.world.expect(spent == 0, f"the ledger has charged {spent}")


@then("{first:Provider} was asked {often:Often}, and {second:Provider} {second_often:Often}")
def both_asked(context: Context, first: Provider, often: int, second: Provider, second_often: int) -> None:
    expect_asked(context.world, first, often)
    expect_asked(context.world, second, second_often)


@then("{first:Provider} was asked {often:Often}, and {second:Provider} was not asked")
def first_asked(context: Context, first: Provider, often: int, second: Provider) -> None:
    expect_asked(context.world, first, often)
    expect_asked(context.world, second, 0)


@then("{provider:Provider} was not asked, and the record says that it is left alone")
def left_alone(context: Context, provider: Provider) -> None:
    world = context.world
    expect_asked(world, provider, 0)
    skipped = world.several.routed[-1].skipped
    world.expect(skipped == (provider,), f"the record tells of {skipped}")


@then(
    "the request is refused because all failed: {first:Provider} with {one:FailureKind},"
    " {second:Provider} with {other:FailureKind}, {third:Provider} with {last:FailureKind}"
)
def all_failed(
    context: Context, first: Provider, one: str, second: Provider, other: str, third: Provider, last: str
) -> None:
    world = context.world
    refusal = world.refusal("all_providers_failed")
    causes = (
        [(cause.provider, cause.kind) for cause in refusal.causes] if isinstance(refusal, AllProvidersFailed) else []
    )
    wanted = [(first, one), (second, other), (third, last)]
    world.expect(causes == wanted, f"the causes are {causes}")
    unnamed = [provider for provider, _ in wanted if provider not in refusal.message]
    world.expect(not unnamed, f"the refusal does not name {unnamed}: {refusal}")
    for provider, _ in wanted:
        expect_asked(world, provider, 2)
