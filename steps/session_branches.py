"""Sentences about checkpoints of a session: noting them, going back to one, and going on from one in several ways."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from behave import then, when

from steps.assistants import WEATHER
from steps.common import Context
from steps.session_accounts import added
from steps.session_transfer import change_place, last_question, note
from support.world import World


def ids(session: Any) -> list[str]:
    return [entry.id for entry in session.messages]


def texts(entries: Sequence[Any]) -> list[str]:
    return [entry.message.text for entry in entries]


def note_moment(world: World, name: str) -> None:
    world.sessions.session.checkpoint(name)
    world.sessions.noted_ids[name] = ids(world.sessions.session)
    note(world)


def place_sent(world: World) -> Any:
    """The place in the one call that went along with the latest question."""
    calls = [call for message in last_question(world).values for call in message.calls]
    world.expect(len(calls) == 1, f"{len(calls)} calls went along")
    return calls[0].arguments["location"]


# When ----------------------------------------------------------------------------------------------------------------


@when('the team says "{text}" in the session, and notes "{name}" as a checkpoint')
async def says_and_notes(context: Context, text: str, name: str) -> None:
    await context.world.says(text)
    note_moment(context.world, name)


@when('in a branch "{branch}" from "{name}" the team says "{text}"')
async def says_in_branch(context: Context, text: str, branch: str, name: str) -> None:
    memory = context.world.sessions
    memory.branches[branch] = memory.session.branch(name)
    await context.world.says(text, memory.branches[branch])


@when('the team says "{text}" in both branches')
async def says_in_both(context: Context, text: str) -> None:
    world = context.world
    world.sessions.sent_texts = {}
    for name, branch in world.sessions.branches.items():
        await world.says(text, branch)
        world.sessions.sent_texts[name] = [message.text for message in last_question(world).values]


@when('the team goes back to "{name}"')
def goes_back(context: Context, name: str) -> None:
    context.world.sessions.session.restore(name)


@when('the team begins branches "{one}" and "{other}" from this moment, "{name}"')
def begins_branches(context: Context, one: str, other: str, name: str) -> None:
    memory = context.world.sessions
    note_moment(context.world, name)
    memory.branches = {branch: memory.session.branch(name) for branch in (one, other)}


@when('the team changes the place to "{place}" in the call of branch "{name}"')
def changes_branch(context: Context, place: str, name: str) -> None:
    change_place(context.world, context.world.sessions.branches[name].messages, place)


@when('the team tries to go back to "{name}", which was never noted')
async def tries_to_go_back(context: Context, name: str) -> None:
    world = context.world

    async def back() -> None:
        world.sessions.session.restore(name)

    await world.tries(back())


@when('the team tries to branch from "{name}", which was never noted')
async def tries_to_branch(context: Context, name: str) -> None:
    world = context.world

    async def branch() -> None:
        world.sessions.branches[name] = world.sessions.session.branch(name)

    await world.tries(branch())


@when('the team tries to note this moment as "{name}" too')
async def tries_to_note(context: Context, name: str) -> None:
    world = context.world
    note(world)

    async def again() -> None:
        world.sessions.session.checkpoint(name)

    await world.tries(again())


# Then ----------------------------------------------------------------------------------------------------------------


@then('both branches begin with the messages of "{name}", and have no other in common')
def share_the_beginning(context: Context, name: str) -> None:
    world, memory = context.world, context.world.sessions
    beginning = memory.noted_ids[name]
    held = {branch: ids(session) for branch, session in memory.branches.items()}
    for branch, all_ids in held.items():
        world.expect(all_ids[: len(beginning)] == beginning, f"branch {branch} begins otherwise: {all_ids}")
        own = all_ids[len(beginning) :]
        world.expect(len(own) == 4, f"branch {branch} has {len(own)} messages of its own")
        others = [id_ for other, found in held.items() if other != branch for id_ in found[len(beginning) :]]
        world.expect(not set(own) & set(others), f"branch {branch} shares {set(own) & set(others)}")
    world.expect(ids(memory.session) == beginning, f"the session itself has {ids(memory.session)}")


@then('neither shows what was said in the other, and both answers contain "{word}"')
def nothing_of_the_other(context: Context, word: str) -> None:
    world, memory = context.world, context.world.sessions
    held = {name: texts(branch.messages) for name, branch in memory.branches.items()}
    for name, said in held.items():
        world.expect(word in said[-1], f"branch {name} answers {said[-1]!r}")
        # its first turn is the one after the checkpoint's two messages; the newest answer was not sent yet
        world.expect(memory.sent_texts[name] == said[:-1], f"branch {name} sent {memory.sent_texts[name]}, not {said}")
        for other in held:
            if other != name:
                theirs = held[other][2]
                world.expect(theirs not in said, f"branch {name} holds {said}")
                world.expect(theirs not in memory.sent_texts[name], f"branch {name} sent {memory.sent_texts[name]}")


@then('the session has the messages of "{name}", and no other')
def has_the_messages(context: Context, name: str) -> None:
    world, memory = context.world, context.world.sessions
    held, noted = ids(memory.session), memory.noted_ids[name]
    world.expect(held == noted, f"it has {texts(memory.session.messages)}")


@then("all {count:d} turns stay paid for, in the session and in the ledger")
def stay_paid_for(context: Context, count: int) -> None:
    world, session = context.world, context.world.sessions.session
    told = world.told_usages()
    world.expect(len(told) == count, f"{len(told)} turns were answered")
    world.expect(session.usage == added(told), f"the session has taken {session.usage}, the turns {told}")
    cost = sum((world.chat_price(session.provider, usage) for usage in told), Decimal(0))
    world.expect(session.cost_usd == cost > 0, f"the session costs {session.cost_usd}, the turns {cost}")
    world.expect(world.spent() == cost, f"the ledger has charged {world.spent()}, the turns cost {cost}")


@then('the next question goes without "{text}"')
async def goes_without_text(context: Context, text: str) -> None:
    world, session = context.world, context.world.sessions.session
    held = texts(session.messages)
    await world.says("What is my name?")
    sent = [message.text for message in last_question(world).values]
    world.expect(sent == [*held, "What is my name?"], f"sent was {sent}")
    world.expect(text not in sent, f"sent was {sent}")


@then('the branch "{name}" has taken what turn {first:d} and turn {second:d} took')
def branch_has_taken(context: Context, name: str, first: int, second: int) -> None:
    expect_turns(context.world, context.world.sessions.branches[name], first, second)


@then("the session has taken what turn {first:d} and turn {second:d} took")
def session_has_taken(context: Context, first: int, second: int) -> None:
    expect_turns(context.world, context.world.sessions.session, first, second)


def expect_turns(world: World, session: Any, *numbers: int) -> None:
    """That a session has taken what the scenario's turns of these numbers took, by the provider's own word."""
    every = world.told_usages()
    told = [every[number - 1] for number in numbers]
    rows = [turn.usage for turn in session.turns]
    world.expect(rows == told, f"its rows have {rows}, the turns took {told}")
    world.expect(session.usage == added(told), f"it has taken {session.usage}, the turns {told}")
    cost = sum((world.chat_price(session.provider, usage) for usage in told), Decimal(0))
    world.expect(session.cost_usd == cost > 0, f"it costs {session.cost_usd}, the turns {cost}")


@then("the ledger has charged each of the {count:d} turns once")
def charged_once(context: Context, count: int) -> None:
    world = context.world
    told, charged = world.told_usages(), [call.usage for call in world.charges()]
    world.expect(len(charged) == count, f"the ledger has {len(charged)} calls")
    world.expect(charged == told, f"the turns took {told}, the ledger has {charged}")


@then('branch "{name}" sends "{place}" with its next question')
async def branch_sends(context: Context, name: str, place: str) -> None:
    await expect_place(context.world, context.world.sessions.branches[name], place)


@then('branch "{name}" and the session send "{place}" with theirs')
async def others_send(context: Context, name: str, place: str) -> None:
    memory = context.world.sessions
    for session in (memory.branches[name], memory.session):
        await expect_place(context.world, session, place)


async def expect_place(world: World, session: Any, place: str) -> None:
    """That the next question of a session goes with a call for the place."""
    await world.says("What is 2 + 2?", session, tools=[WEATHER])
    sent = place_sent(world)
    world.expect(sent == place, f"the call that was sent asks for {sent!r}")


@then('the request is refused because the session has no checkpoint "{name}"')
def refused_as_unknown(context: Context, name: str) -> None:
    world = context.world
    refusal = world.refusal("not_found")
    world.expect(f"'{name}'" in refusal.message, f"the refusal does not name {name}: {refusal}")
    world.expect(world.sessions.branches == {}, "there is a branch all the same")


@then('it is refused as a conflict, naming "{name}"')
def refused_as_taken(context: Context, name: str) -> None:
    refusal = context.world.refusal("conflict")
    context.world.expect(f"'{name}'" in refusal.message, f"the refusal does not name {name}: {refusal}")


@then('going back to "{name}" still leads to its first moment')
def leads_to_first(context: Context, name: str) -> None:
    world, memory = context.world, context.world.sessions
    memory.session.restore(name)
    held, noted = ids(memory.session), memory.noted_ids[name]
    world.expect(held == noted, f"it has {texts(memory.session.messages)}")
