"""Sentences about what a session has taken: its rows, its sums, and what ledger and report say of the same turns."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import parse
from behave import given, register_type, then, when

from steps.common import Context
from support.values import Provider, Usage
from support.world import World

NOTHING = Decimal(0)
FAILURES: dict[str, dict[str, Any]] = {
    "refuses": {"do": {"status": 400}},
    "loses": {"do": {"cut": True}, "when": "after"},
}
"""How the simulator makes a turn fail, by the sentence's word for it."""
KINDS = {"invalid": "invalid_request", "server error": "server_error"}
FAILED = "Say two."


@parse.with_pattern(r"refuses|loses")
def an_end(text: str) -> dict[str, Any]:
    return FAILURES[text]


@parse.with_pattern(r"invalid|server error")
def a_kind(text: str) -> str:
    return KINDS[text]


register_type(TurnEnd=an_end, TurnFailure=a_kind)


def tokens(usage: Usage) -> tuple[int, int, int]:
    """Input, how many of it were cached, and output."""
    return usage.input_tokens, usage.cache_read_tokens, usage.output_tokens


def added(usages: Iterable[Usage]) -> Usage:
    """The tokens together, kind by kind."""
    every = list(usages)
    return Usage(**{name: sum(getattr(one, name) for one in every) for name in Usage.model_fields})


async def script(world: World, provider: Provider, fault: dict[str, Any]) -> None:
    """A line of the simulator's script of failures, for the next question."""
    await world.simulator.script({"provider": provider, "operation": "chat.create", **fault})


def expect_as_before(world: World, session: Any) -> None:
    """That a session holds, line by line, what the scenario noted of it."""
    before, now = world.sessions.whole, world.whole(session)
    world.expect(len(before) > 2, f"it had nothing but {before}")
    lost = [line.decode() for line in before if line not in now]
    new = [line.decode() for line in now if line not in before]
    world.expect(now == before, f"it has no longer {lost}, but {new}")


# Given and when ------------------------------------------------------------------------------------------------------


@given("{provider:Provider} will answer three times, and tell these tokens")
async def will_tell(context: Context, provider: Provider) -> None:
    world = context.world
    for row in context.table:
        read = int(row["of them cached"])
        planned = Usage(
            uncached_input_tokens=int(row["input"]) - read,
            cache_read_tokens=read,
            output_tokens=int(row["output"]),
        )
        world.sessions.planned.append(planned)
        await world.scripts_answer(provider, planned)


@when("the team has {count:d} sums done in the session")
async def has_sums_done(context: Context, count: int) -> None:
    for number in range(1, count + 1):
        await context.world.says(f"What is {number} + {number}?")


@when('the team says "{text}" in the session, and hears the answer piece by piece')
async def says_streamed(context: Context, text: str) -> None:
    world, heard = context.world, list[str]()
    await world.says(text, stream=True, on_text=heard.append)
    world.expect(len(heard) > 1, f"the answer came in {len(heard)} pieces")


@when('the team says "{text}" in the session, and {provider:Provider} is too busy at the first attempt')
async def says_at_second_attempt(context: Context, text: str, provider: Provider) -> None:
    await script(context.world, provider, {"do": {"status": 429, "retry_after": 2}})
    await context.world.says(text)


@when('the team tries to say "{text}" in the session, which {provider:Provider} {end:TurnEnd}')
async def tries_to_say(context: Context, text: str, provider: Provider, end: dict[str, Any]) -> None:
    world, session = context.world, context.world.sessions.session
    world.sessions.whole, world.sessions.spent_before = world.whole(session), world.spent()
    await script(world, provider, end)
    await world.tries(session.say(text, gateway=world.gateway(provider)))


# Then ----------------------------------------------------------------------------------------------------------------


@then("the session has taken {taken:d} tokens of input and {given_:d} of output, {together:d} together")
def has_taken(context: Context, taken: int, given_: int, together: int) -> None:
    world, usage = context.world, context.world.sessions.session.usage
    world.expect(usage.input_tokens == taken, f"the input has {usage.input_tokens} tokens")
    world.expect(usage.output_tokens == given_, f"the output has {usage.output_tokens} tokens")
    whole = usage.input_tokens + usage.output_tokens
    world.expect(whole == together, f"together they are {whole}")
    told = world.told_usages()
    world.expect(told == world.sessions.planned, f"over the wire went {told}")


@then("each turn has a row that tells provider, model, tokens, cached tokens and cost")
def rows(context: Context) -> None:
    world, session = context.world, context.world.sessions.session
    world.expect(len(session.turns) == len(world.sessions.planned), f"there are {len(session.turns)} rows")
    for turn, planned in zip(session.turns, world.sessions.planned, strict=True):
        world.expect(turn.provider is session.provider, f"a row is {turn.provider}'s")
        world.expect(turn.model == world.chat_model(session.provider), f"a row tells the model {turn.model}")
        world.expect(tokens(turn.usage) == tokens(planned), f"a row has {turn.usage}, not {planned}")
        cost = world.chat_price(turn.provider, planned)
        world.expect(turn.cost_usd == cost > 0, f"a row costs {turn.cost_usd}, not {cost}")


@then("the session's {count:d} rows have the tokens that {provider:Provider} told, turn by turn")
def rows_as_told(context: Context, count: int, provider: Provider) -> None:
    world, session = context.world, context.world.sessions.session
    told = world.told_usages()
    world.expect(len(told) == count, f"{provider} told the tokens of {len(told)} answers")
    counted = [turn.usage for turn in session.turns]
    world.expect(counted == told, f"{provider} told {told}, the rows have {counted}")
    costs = [world.chat_price(provider, usage) for usage in told]
    rows = [turn.cost_usd for turn in session.turns]
    world.expect(rows == costs and min(costs) > 0, f"the rows cost {rows}, not {costs}")
    whole = added(told)
    world.expect(session.usage == whole, f"the session has taken {session.usage}, not {whole}")


@then("the session costs what its rows cost together")
def costs_its_rows(context: Context) -> None:
    world, session = context.world, context.world.sessions.session
    together = sum((turn.cost_usd or NOTHING for turn in session.turns), NOTHING)
    world.expect(session.cost_usd == together > 0, f"the session costs {session.cost_usd}, its rows {together}")
    world.expect(session.unpriced == (), f"{len(session.unpriced)} rows have no cost")


@then("the ledger and the run's report tell the same tokens and the same cost")
def books_agree(context: Context) -> None:
    world, session = context.world, context.world.sessions.session
    charged = [call for call in world.charges() if call.operation == "chat.create"]
    counted = [turn.usage for turn in session.turns]
    world.expect([call.usage for call in charged] == counted, f"the ledger has {[call.usage for call in charged]}")
    costs, rows = [call.cost_usd for call in charged], [turn.cost_usd for turn in session.turns]
    world.expect(costs == rows, f"the ledger's calls cost {costs}, the session's turns {rows}")
    together = sum((cost or NOTHING for cost in costs), NOTHING)
    world.expect(session.cost_usd == together, f"the session costs {session.cost_usd}, the ledger's calls {together}")
    world.expect(world.spent() == together, f"the ledger's calls cost {together}, their total is {world.spent()}")
    line = world.reported()
    assert line is not None, "the run's report has no line for the scenario"
    world.expect(line.cost_usd == together, f"the run's report tells {line.cost_usd}, the ledger's calls {together}")
    told = (line.input_tokens, line.cached_tokens, line.output_tokens)
    world.expect(told == tokens(session.usage), f"the run's report tells {told} tokens, the session {session.usage}")


@then("the last turn took {count:d} requests")
def took_requests(context: Context, count: int) -> None:
    sent = context.world.sent()
    context.world.expect(len(sent) == count, f"it took {len(sent)} requests")


@then("the turn has failed as {kind:TurnFailure}")
def has_failed(context: Context, kind: str) -> None:
    context.world.refusal(kind)
    context.world.expect(len(context.world.sent()) == 1, f"{len(context.world.sent())} requests were sent")


@then("the session is what it was before, down to the last row")
def as_before(context: Context) -> None:
    expect_as_before(context.world, context.world.sessions.session)


@then("the ledger has charged nothing for it")
def nothing_charged(context: Context) -> None:
    world = context.world
    spent, before = world.spent(), world.sessions.spent_before
    world.expect(spent == before > 0, f"{before} dollars were charged before, and {spent} now")
    world.expect(world.sessions.session.cost_usd == spent, f"the session costs {world.sessions.session.cost_usd}")


@then("the next question goes without the one that failed")
async def goes_without(context: Context) -> None:
    world = context.world
    await world.says("Say three.")
    said = bytes(world.sent()[-1].request.kept).decode()
    world.expect("Say one." in said and "Say three." in said, f"sent was {said}")
    world.expect(FAILED not in said, f"sent was {said}")
