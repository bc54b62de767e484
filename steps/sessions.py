"""Sentences about a conversation that a product carries on: how it begins and goes on, and what the disk keeps of it."""

from __future__ import annotations

import json
from typing import Any

import parse
from behave import given, register_type, then, when

from steps.common import Context
from support.values import Provider, Usage
from support.world import Said, World

SYSTEM = "You talk with a customer. Answer in one short sentence."
SETTINGS: dict[str, Any] = {
    "window_tokens": 8000,
    "reserve_tokens": 500,
    "max_messages": 40,
    "max_output_tokens": 200,
}
"""None of them is what a session has that is told nothing."""
VERSION = 1
"""Of the form in which sessions are saved."""
A_NOTE = "noted by another process"


def without_last_line(content: bytes) -> bytes:
    return b"".join(content.splitlines(keepends=True)[:-1])


def in_a_line(content: bytes) -> bytes:
    return content[: len(content) - 20]


def newer(content: bytes) -> bytes:
    """The length stays: nothing but the version is another."""
    return content.replace(f'"version":{VERSION},'.encode(), f'"version":{VERSION + 1},'.encode(), 1)


DAMAGES = {
    "was cut in the middle of a line": (in_a_line, "cut short"),
    "lacks its last line": (without_last_line, "cut short"),
    "was saved in a form that nobody knows yet": (newer, f"version {VERSION + 1}"),
}
"""What becomes of a file, and the words that the refusal has for it."""


@parse.with_pattern("|".join(DAMAGES))
def a_damage(text: str) -> str:
    return text


register_type(Damage=a_damage)


def expect_charged(world: World, turns: int) -> None:
    """What the session counts is what the ledger has for so many questions, to the last token and fraction of a cent."""
    session = world.sessions.session
    rows = [call for call in world.charges() if call.operation == "chat.create"]
    world.expect(len(rows) == turns, f"the ledger has {len(rows)} questions, not {turns}")
    sums = Usage(**{name: sum(getattr(row.usage, name) for row in rows) for name in Usage.model_fields})
    world.expect(session.usage == sums, f"the session counts {session.usage}, the ledger {sums}")
    world.expect(sums.input_tokens > 0 and sums.output_tokens > 0, f"the ledger counts {sums}")
    cost = sum(row.cost_usd for row in rows if row.cost_usd is not None)
    world.expect(session.cost_usd == cost > 0, f"the session has cost {session.cost_usd}, in the ledger {cost}")


def expect_went_out(world: World, provider: Provider, wanted: list[Said]) -> None:
    """The latest action sent one question to the provider, with these messages, and the system prompt beside them."""
    questions = world.questions_sent(world.sent())
    world.expect(len(questions) == 1, f"{len(questions)} questions went out")
    (question,) = questions
    world.expect(question.provider is provider, f"the question went to {question.provider}")
    said = [(one.role, one.text) for one in question.messages]
    world.expect(said == wanted, f"what went out is {said}, not {wanted}")
    system = world.sessions.session.system
    world.expect(question.system == system, f"the system prompt that went out is {question.system!r}")


# Given ---------------------------------------------------------------------------------------------------------------


@given("a session with {provider:Provider}")
async def session(context: Context, provider: Provider) -> None:
    await context.world.begin_session(provider)


@given('a session with {provider:Provider} in which the team has said "{first}" and "{second}"')
async def session_with_two_turns(context: Context, provider: Provider, first: str, second: str) -> None:
    world = context.world
    await world.begin_session(provider, system=SYSTEM, **SETTINGS)
    for text in (first, second):
        await world.says(text)


@given("another session with {provider:Provider}, in which nobody has said anything")
async def another_session(context: Context, provider: Provider) -> None:
    await context.world.begin_session(provider, system=SYSTEM, **SETTINGS)


# When ----------------------------------------------------------------------------------------------------------------


@when('the team says "{text}" in the session')
async def says(context: Context, text: str) -> None:
    await context.world.says(text)


@when("the team saves the session")
async def saves(context: Context) -> None:
    await context.world.does(context.world.save_session())


@when("the team saves the session, and goes on with what the disk has of it")
async def goes_on_from_disk(context: Context) -> None:
    world = context.world
    await world.does(world.save_session())
    world.sessions.made[-1] = await world.does(world.load_session())


@when("another process loads the session")
async def another_process_loads(context: Context) -> None:
    world = context.world
    world.sessions.found = await world.other_process_finds_session()


@when("another process notes this moment in the session, and saves it")
async def another_process_saves(context: Context) -> None:
    world = context.world
    world.sessions.found = await world.other_process_finds_session(A_NOTE)
    world.sessions.file_as_found = world.session_file().read_bytes()


@when("the team tries to save the session")
async def tries_to_save(context: Context) -> None:
    await context.world.tries(context.world.save_session())


@when("the saved file {damage:Damage}")
def file_is_damaged(context: Context, damage: str) -> None:
    world = context.world
    file, (make, _) = world.session_file(), DAMAGES[damage]
    whole = file.read_bytes()
    world.sessions.file_as_found = make(whole)
    world.expect(world.sessions.file_as_found != whole, "nothing became of the file")
    file.write_bytes(world.sessions.file_as_found)


@when("the team tries to load the session")
async def tries_to_load(context: Context) -> None:
    world = context.world
    world.sessions.loaded = await world.tries(world.load_session())


# Then ----------------------------------------------------------------------------------------------------------------


@then("the question goes out to {provider:Provider} as the last of the {count:d} messages, each in its own role")
def goes_out_whole(context: Context, provider: Provider, count: int) -> None:
    world = context.world
    wanted = world.sessions.talk[:-1]
    world.expect(len(wanted) == count, f"{len(wanted)} messages had been said")
    expect_went_out(world, provider, wanted)


@then("the question goes out to {provider:Provider} alone")
def goes_out_alone(context: Context, provider: Provider) -> None:
    expect_went_out(context.world, provider, context.world.sessions.talk[-2:-1])


@then("the session counts the tokens and the cost of all {turns:d} turns, as the ledger does")
def counts_all(context: Context, turns: int) -> None:
    expect_charged(context.world, turns)


@then("it finds all {count:d} messages, with their roles, ids and times")
def finds_messages(context: Context, count: int) -> None:
    world, memory = context.world, context.world.sessions
    found = memory.found.messages if memory.found else ()
    said = [(one.message.role, one.message.text) for one in found]
    world.expect(said == memory.talk and len(said) == count, f"it finds {said}")
    here = world.session_here(memory.session).messages
    world.expect(found == here, f"it finds {found}, here are {here}")
    world.expect(len({one.id for one in found}) == count, f"the ids are {[one.id for one in found]}")


@then("it finds {provider:Provider}, its model, the settings, and when the session began and was last used")
def finds_the_rest(context: Context, provider: Provider) -> None:
    world, memory = context.world, context.world.sessions
    assert memory.found is not None
    about, here = memory.found.about, memory.session.about
    world.expect(about.provider is provider, f"it finds {about.provider}")
    world.expect(about.model == world.chat_model(provider), f"it finds the model {about.model}")
    settings = {name: getattr(about.settings, name) for name in SETTINGS}
    world.expect(settings == SETTINGS and about.system == SYSTEM, f"it finds {settings} and {about.system!r}")
    world.expect(about == here, f"it finds {about}, here is {here}")
    used_at = memory.session.used_at
    world.expect(memory.found.used_at == used_at, f"it finds that it was used at {memory.found.used_at}, not {used_at}")


@then("it finds the tokens and the cost of both turns, as the ledger has them")
def finds_what_it_took(context: Context) -> None:
    world, memory = context.world, context.world.sessions
    assert memory.found is not None
    expect_charged(world, 2)
    here = world.session_here(memory.session)
    world.expect(memory.found.turns == here.turns, f"it finds {memory.found.turns}, here are {here.turns}")
    took = (memory.found.usage, memory.found.cost_usd)
    world.expect(took == (here.usage, here.cost_usd), f"it finds {took}, not {(here.usage, here.cost_usd)}")


@then("the saved file says in which form it was saved")
def says_its_form(context: Context) -> None:
    first = json.loads(context.world.session_file().read_bytes().splitlines()[0])
    context.world.expect(first.get("version") == VERSION, f"its first line says {first}")


@then("the key for {provider:Provider} stands nowhere in it, and no other key")
def no_key_in_it(context: Context, provider: Provider) -> None:
    world = context.world
    content = world.session_file().read_bytes()
    world.expect(provider in world.keys, f"the scenario has no key for {provider}")
    world.expect(world.sessions.talk[0][1].encode() in content, "what was said is not in the file")
    world.expect(not world.keys_in(content), f"the file has the keys for {', '.join(world.keys_in(content))}")


@then("the session is refused as unusable, because its file {damage:Damage}")
def refused_as_unusable(context: Context, damage: str) -> None:
    world = context.world
    refusal, (_, why) = world.refusal("invalid_state"), DAMAGES[damage]
    world.expect(str(world.session_file()) in refusal.message, f"the refusal does not name the file: {refusal}")
    world.expect(why in refusal.message, f"the refusal does not say what is wrong with it: {refusal}")
    world.expect(world.sessions.loaded is None, "a session was loaded all the same")


@then("the file is as it was, to the last byte")
def file_is_as_it_was(context: Context) -> None:
    content = context.world.session_file().read_bytes()
    context.world.expect(content == context.world.sessions.file_as_found, "the file is another")


@then("it is refused because another process has saved the session meanwhile")
def refused_as_conflict(context: Context) -> None:
    world = context.world
    refusal = world.refusal("conflict")
    world.expect(world.sessions.session.id in refusal.message, f"the refusal does not name the session: {refusal}")


@then("what the other process saved is what the disk has")
async def has_what_the_other_saved(context: Context) -> None:
    world, memory = context.world, context.world.sessions
    loaded = await world.sees(world.load_session())
    world.expect(list(loaded.checkpoints) == [A_NOTE], f"it has the notes {list(loaded.checkpoints)}")
    world.expect(world.session_here(loaded) == memory.found, "it has another session than the other process saved")
    world.expect(world.session_file().read_bytes() == memory.file_as_found, "the file is another than it saved")
