"""Sentences about a session that goes on with another provider: what goes along, what stays, and who was paid for what."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from behave import given, then, when

from steps.assistants import WEATHER
from steps.common import Context
from steps.session_accounts import added, expect_as_before
from support.values import FileReference, Message, Provider
from support.world import World

SUNNY = "Sunny, 21 degrees."
"""What the team's function gives."""


async def asks_weather(world: World, place: str) -> None:
    """A turn that the model ends with a call of the team's function."""
    answer = await world.says(f"What is the weather in {place}?", tools=[WEATHER], tool_choice=WEATHER)
    world.expect(len(answer.calls) == 1, f"the model called {answer.calls}")


def note(world: World) -> None:
    """Remembers all that the session holds now."""
    world.sessions.whole = world.whole(world.sessions.session)


def last_question(world: World) -> Any:
    """The question of the latest turn as it went over the wire, once."""
    sent = world.questions_sent(world.sent())
    world.expect(len(sent) == 1, f"{len(sent)} questions were sent")
    return sent[0]


def shown(message: Message) -> tuple[str, str, list[str], int]:
    """A message as any provider can be told of it: role, text, calls by name, and how many results it brings."""
    return message.role, message.text, [call.name for call in message.calls], len(message.outputs)


# Given and when ------------------------------------------------------------------------------------------------------


@given('a session with {provider:Provider}, whose system prompt is "{system}"')
async def session_with_system(context: Context, provider: Provider, system: str) -> None:
    await context.world.begin_session(provider, system=system)


@when('the team asks for the weather in "{place}" in the session, and tells nothing yet')
async def asks_and_waits(context: Context, place: str) -> None:
    await asks_weather(context.world, place)
    note(context.world)


@when('the team asks for the weather in "{place}" in the session, and tells what its function gave')
async def asks_and_tells(context: Context, place: str) -> None:
    await asks_weather(context.world, place)
    await context.world.answers_calls(SUNNY, tools=[WEATHER])


@when('the team says "{text}" about the file in the session')
async def says_about_file(context: Context, text: str) -> None:
    world, file = context.world, context.world.files.file
    await world.says(text, files=[FileReference(file_id=file.id, mime_type=file.mime_type or "application/pdf")])
    note(world)


@when('the session moves to {provider:Provider}, where the team says "{text}"')
async def moves(context: Context, provider: Provider, text: str) -> None:
    world, source = context.world, context.world.sessions.session
    note(world)
    world.transfers(source, provider)
    functions = [WEATHER] if any(entry.message.calls for entry in source.messages) else []
    await world.says(text, tools=functions)


@when("the team tries to move the session to {provider:Provider}")
async def tries_to_move(context: Context, provider: Provider) -> None:
    world, source = context.world, context.world.sessions.session

    async def move() -> None:
        world.transfers(source, provider)

    await world.tries(move())


@when('the team changes the place to "{place}" in the new session\'s call')
def changes_call(context: Context, place: str) -> None:
    change_place(context.world, context.world.sessions.session.messages, place)


def change_place(world: World, entries: Any, place: str) -> None:
    """Writes another place into the arguments of the first call; fails the step where there is none."""
    calls = [call for entry in entries for call in entry.message.calls]
    world.expect(bool(calls), "no message of the session calls a function")
    calls[0].arguments["location"] = place


# Then ----------------------------------------------------------------------------------------------------------------


@then("{provider:Provider} was sent all that was said, each message in its role")
def sent_all(context: Context, provider: Provider) -> None:
    world, session = context.world, context.world.sessions.session
    question = last_question(world)
    world.expect(question.provider is provider, f"the question went to {question.provider}")
    said = [shown(entry.message) for one in world.sessions.made for entry in new_in(world, one)]
    sent = [shown(message) for message in question.values]
    world.expect(len(sent) == len(session.messages) - 1, f"{len(sent)} messages were sent")
    world.expect(sent == said[:-1], f"said was {said[:-1]}, and sent {sent}")


def new_in(world: World, session: Any) -> list[Any]:
    """The messages that a session has beyond those of the one that it goes on from."""
    made = world.sessions.made
    place = made.index(session)
    return list(session.messages[len(made[place - 1].messages) if place else 0 :])


@then('the system prompt was "{system}"')
def system_was(context: Context, system: str) -> None:
    question = last_question(context.world)
    context.world.expect(question.system == system, f"the system prompt was {question.system!r}")


@then('among the messages were the call of the function for "{place}" and what it gave')
def call_and_result(context: Context, place: str) -> None:
    world = context.world
    question = last_question(world)
    _, call, result, *_ = question.values
    asked = [(one.name, one.arguments.get("location")) for one in call.calls]
    world.expect(asked == [(WEATHER.name, place)], f"the second message calls {asked}")
    gave = [(one.name, SUNNY in one.output) for one in result.outputs]
    world.expect(gave == [(WEATHER.name, True)], f"the third message brings {result.outputs}")


@then("each of the three is down for the tokens that it told, and their price")
def kept_apart(context: Context) -> None:
    world, session = context.world, context.world.sessions.session
    providers = [one.provider for one in world.sessions.made]
    told = dict(zip(providers, world.told_usages(), strict=True))
    world.expect(session.usage_by_provider == told, f"they told {told}, kept is {session.usage_by_provider}")
    costs = {provider: world.chat_price(provider, usage) for provider, usage in told.items()}
    world.expect(session.cost_by_provider == costs, f"their prices are {costs}, kept is {session.cost_by_provider}")
    world.expect(min(costs.values()) > 0, f"their prices are {costs}")


@then("the three together are what the session has taken")
def adds_up(context: Context) -> None:
    world, session = context.world, context.world.sessions.session
    together, whole = added(session.usage_by_provider.values()), sum(session.cost_by_provider.values(), Decimal(0))
    world.expect(session.usage == together, f"together they took {together}, the session {session.usage}")
    world.expect(session.cost_usd == whole, f"together they cost {whole}, the session {session.cost_usd}")
    told = added(world.told_usages())
    world.expect(together == told, f"they told {told}, kept are {together}")


@then("the first session is what it was before the move, down to the last row")
def first_unchanged(context: Context) -> None:
    expect_as_before(context.world, context.world.sessions.made[0])


@then("the first session goes on with {provider:Provider}, without what was said to {other:Provider}")
async def goes_on(context: Context, provider: Provider, other: Provider) -> None:
    world, first = context.world, context.world.sessions.made[0]
    before = [shown(entry.message) for entry in first.messages]
    await world.says("What is 3 + 3?", first, tools=[WEATHER])
    question = last_question(world)
    world.expect(question.provider is provider, f"the question went to {question.provider}")
    *sent, newest = [shown(message) for message in question.values]
    world.expect(sent == before, f"before it were sent {sent}, not {before}")
    world.expect(newest[1] == "What is 3 + 3?", f"the question was {newest[1]!r}, after one to {other}")


@then("the move is refused as unsupported by {provider:Provider}, naming the file")
def refused_with_file(context: Context, provider: Provider) -> None:
    world, file = context.world, context.world.files.file
    refusal = world.refusal("unsupported")
    world.expect(refusal.provider is provider, f"the refusal is of {refusal.provider}: {refusal}")
    world.expect(refusal.param == "files", f"the refusal names {refusal.param}")
    world.expect(file.id in refusal.message, f"the refusal does not name {file.id}: {refusal}")


@then("the move is refused as a conflict, naming the call that waits")
def refused_while_waiting(context: Context) -> None:
    world = context.world
    refusal = world.refusal("conflict")
    (waiting,) = world.sessions.session.open_calls
    world.expect(waiting in refusal.message, f"the refusal does not name {waiting}: {refusal}")
