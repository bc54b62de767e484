"""Sentences about how much of conversations is kept: so many messages, so many sessions, and for so long."""

from __future__ import annotations

import re
from datetime import timedelta

import parse
from behave import given, register_type, then, when

from steps.common import Context
from steps.sessions import SYSTEM, expect_charged
from support.values import Provider
from support.world import World

PLACES = ("first", "second", "third", "fourth")


@parse.with_pattern(r"(?:first|second|third|fourth)(?:(?:, | and )(?:first|second|third|fourth))*")
def some_places(text: str) -> tuple[int, ...]:
    return tuple(PLACES.index(word) for word in re.findall(r"\w+", text) if word in PLACES)


register_type(Places=some_places)


def ids_of(world: World, places: tuple[int, ...]) -> list[str]:
    return [world.sessions.made[place].id for place in places]


async def expect_gone(world: World, places: tuple[int, ...]) -> None:
    """Neither the store nor the disk has them."""
    for place in places:
        made = world.sessions.made[place]
        found = await world.tries(world.load_session(made.id))
        world.expect(found is None, f"the {PLACES[place]} session is still there")
        refusal = world.refusal("not_found")
        world.expect(made.id in refusal.message, f"the refusal does not name the session: {refusal}")
        files = sorted(file.name for file in world.session_file(made).parent.iterdir() if made.id in file.name)
        world.expect(not files, f"its files are still there: {files}")


async def expect_there(world: World, places: tuple[int, ...]) -> None:
    """Each can be loaded, and is as it was saved."""
    for place in places:
        made = world.sessions.made[place]
        loaded = await world.sees(world.load_session(made.id))
        world.expect(
            world.session_here(loaded) == world.session_here(made), f"the {PLACES[place]} session is another: {loaded}"
        )


# Given ---------------------------------------------------------------------------------------------------------------


@given("a session with {provider:Provider} that keeps {most:d} messages")
async def limited(context: Context, provider: Provider, most: int) -> None:
    await context.world.begin_session(provider, system=SYSTEM, max_output_tokens=200, max_messages=most)


@given("{count:d} saved sessions with {provider:Provider}")
async def saved_sessions(context: Context, count: int, provider: Provider) -> None:
    await save_sessions(context.world, count, provider)


@given("{count:d} saved sessions with {provider:Provider}, in a store for {most:d}")
async def saved_in_small_store(context: Context, count: int, provider: Provider, most: int) -> None:
    context.world.sessions.kept_at_most = most
    await save_sessions(context.world, count, provider)


async def save_sessions(world: World, count: int, provider: Provider) -> None:
    """New ones, of one turn each."""
    for _ in range(count):
        made = await world.begin_session(provider, system=SYSTEM, max_output_tokens=200)
        await world.says("Hello!", made)
        await world.does(world.save_session(made))


# When ----------------------------------------------------------------------------------------------------------------


@given("the team has said {count:d} things in the session")
@when("the team says {count:d} things in the session")
async def says_things(context: Context, count: int) -> None:
    for number in range(1, count + 1):
        await context.world.says(f"What is {number} + {number}?")


@when("the team clears the session")
def clears(context: Context) -> None:
    context.world.sessions.session.clear()


@when("{time:Duration} later the team takes up the {places:Places} again, and says something")
async def says_later(context: Context, time: timedelta, places: tuple[int, ...]) -> None:
    world, made = context.world, context.world.sessions.made
    await world.simulator.advance(time.total_seconds())
    for place in places:
        made[place] = await world.does(world.load_session(made[place].id))
        await world.says("Are you still there?", made[place])
        await world.does(world.save_session(made[place]))


@when("{time:Duration} after that the team removes the sessions that nobody has used for {idle:Duration}")
async def removes_idle(context: Context, time: timedelta, idle: timedelta) -> None:
    await context.world.simulator.advance(time.total_seconds())
    await sweep(context.world, idle)


@when("the team removes once more the sessions that nobody has used for {idle:Duration}")
async def removes_once_more(context: Context, idle: timedelta) -> None:
    await sweep(context.world, idle)


async def sweep(world: World, idle: timedelta) -> None:
    world.sessions.swept.append(await world.does(world.sweep_sessions(idle)))


@when("the team looks into the {places:Places} again")
async def looks_into(context: Context, places: tuple[int, ...]) -> None:
    for id_ in ids_of(context.world, places):
        await context.world.does(context.world.load_session(id_))


@when("the team saves a {places:Places} one with {provider:Provider}")
async def saves_one_more(context: Context, places: tuple[int, ...], provider: Provider) -> None:
    await save_sessions(context.world, 1, provider)
    made = tuple(range(len(context.world.sessions.made)))
    context.world.expect(made[-1:] == places, f"there are {len(made)} sessions now")


# Then ----------------------------------------------------------------------------------------------------------------


@then("the session keeps the last {count:d} of {said:d} messages and its system prompt, here and on the disk")
async def keeps_the_last(context: Context, count: int, said: int) -> None:
    world, memory = context.world, context.world.sessions
    world.expect(len(memory.talk) == said, f"{len(memory.talk)} messages had been said")
    await world.sees(world.save_session())
    for session in (memory.session, await world.sees(world.load_session())):
        kept = [(one.message.role, one.message.text) for one in session.messages]
        world.expect(kept == memory.talk[-count:] and len(kept) == count, f"it keeps {len(kept)} messages: {kept}")
        world.expect(session.system == SYSTEM, f"its system prompt is {session.system!r}")


@then("its questions have {counts} and from then on {most:d} messages, with the system prompt beside them")
def question_sizes(context: Context, counts: str, most: int) -> None:
    world = context.world
    questions = world.questions_sent()
    first = [int(count) for count in re.findall(r"\d+", counts)]
    sizes = [len(one.messages) for one in questions]
    wanted = first + [most] * (len(world.sessions.talk) // 2 - len(first))
    world.expect(sizes == wanted, f"its questions have {sizes} messages")
    for number, question in enumerate(questions):
        asked = [(one.role, one.text) for one in question.messages]
        until = world.sessions.talk[: 2 * number + 1]
        world.expect(asked == until[-len(asked) :], f"question {number + 1} is not the newest that was said: {asked}")
        world.expect(question.system == SYSTEM, f"question {number + 1} has the system prompt {question.system!r}")


@then("the session has no messages, here and on the disk")
async def has_no_messages(context: Context) -> None:
    world, memory = context.world, context.world.sessions
    await world.sees(world.save_session())
    for session in (memory.session, await world.sees(world.load_session())):
        world.expect(session.messages == [], f"it has {len(session.messages)} messages")


@then("it still counts the tokens and the cost of all {turns:d} turns, here and on the disk")
async def still_counts(context: Context, turns: int) -> None:
    world, memory = context.world, context.world.sessions
    expect_charged(world, turns)
    loaded = await world.sees(world.load_session())
    here, there = ((one.usage, one.cost_usd) for one in (memory.session, loaded))
    world.expect(here == there, f"on the disk it counts {there}, here {here}")


@then("the {places:Places} is gone from the disk")
async def gone(context: Context, places: tuple[int, ...]) -> None:
    await expect_gone(context.world, places)


@then("the {places:Places} is there as it was last saved")
@then("the {places:Places} are there as they were last saved")
async def there(context: Context, places: tuple[int, ...]) -> None:
    await expect_there(context.world, places)


@then("the first time {count:d} session was removed, and the second time none")
def removed_once(context: Context, count: int) -> None:
    world = context.world
    removed = [len(ids) for ids in world.sessions.swept]
    world.expect(removed == [count, 0], f"removed were {removed}")
