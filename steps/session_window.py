"""Sentences about a conversation that outgrows the model's window: what is still sent, what is left out, what is refused."""

from __future__ import annotations

from typing import Any

import parse
from behave import given, register_type, then, when

from steps.common import Context
from steps.sessions import SYSTEM
from support.values import FunctionTool, Message, Provider
from support.world import Said, World

FILLER = "The store room has shelves, boxes, labels and a ladder that is never where it should be. "
"""Some twenty tokens; nobody has to answer it."""
TIMES = 5
"""So much of it that nine such messages and their answers do not fit into 900 tokens, and seven do."""
WEATHER = FunctionTool(
    name="get_weather",
    description="Get the current weather in a place.",
    parameters={"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]},
)
LEAVES_OUT = {"leaves out what is oldest": "truncate", "leaves nothing out": "error"}


@parse.with_pattern("|".join(LEAVES_OUT))
def a_strategy(text: str) -> str:
    return LEAVES_OUT[text]


@parse.with_pattern(r"\d{1,3}(?:,\d{3})*")
def a_number(text: str) -> int:
    return int(text.replace(",", ""))


register_type(Strategy=a_strategy, Number=a_number)


def note(number: int) -> str:
    return f"Note {number}. {FILLER * TIMES}"


async def begin(world: World, provider: Provider, window: int, reserve: int, **more: Any) -> None:
    limits = {"window_tokens": window, "reserve_tokens": reserve, "max_output_tokens": reserve}
    await world.begin_session(provider, system=SYSTEM, **limits, **more)


def room(world: World) -> int:
    """The tokens that a question of the session may have."""
    settings = world.sessions.session.settings
    assert settings.window_tokens is not None
    assert settings.reserve_tokens is not None
    return settings.window_tokens - settings.reserve_tokens


def as_messages(talk: list[Said]) -> tuple[Message, ...]:
    return tuple(Message(role=role, text=text) for role, text in talk)


async def counted(world: World, model: str, messages: tuple[Message, ...], system: str | None) -> int:
    """Input tokens of a question by the provider's own counter."""
    tokens = world.gateway(world.sessions.session.provider).tokens
    return await world.sees(tokens.count(messages, model=model, system=system))


# Given ---------------------------------------------------------------------------------------------------------------


@given("a session with {provider:Provider} in a window of {window:Number} tokens, {reserve:d} of them for the answer")
async def small_window(context: Context, provider: Provider, window: int, reserve: int) -> None:
    await begin(context.world, provider, window, reserve)


@given("a session with {provider:Provider} in a window of {window:Number} tokens, which {strategy:Strategy}")
async def small_window_by_strategy(context: Context, provider: Provider, window: int, strategy: str) -> None:
    await begin(context.world, provider, window, 100, strategy=strategy)


# When ----------------------------------------------------------------------------------------------------------------


@given("the team has said {count:d} long things in the session")
@when("the team says {count:d} long things in the session")
async def says_long_things(context: Context, count: int) -> None:
    for number in range(1, count + 1):
        await context.world.says(note(number))


@when("the team asks at length for the weather, and tells what the function gave")
async def asks_for_weather(context: Context) -> None:
    """At length, so that the call and its result would fit where the question with them does not."""
    world = context.world
    asked = await world.says(f"{FILLER * TIMES}What is the weather in Rome?", tools=[WEATHER], tool_choice="required")
    world.expect([call.name for call in asked.calls] == [WEATHER.name], f"the model has called {asked.calls}")
    await world.answers_calls("sunny, 21 degrees", tools=[WEATHER])


@when("from now on the team wants nothing left out")
def nothing_left_out(context: Context) -> None:
    session = context.world.sessions.session
    session.settings = session.settings.model_copy(update={"strategy": "error"})


@when('the team tries to say "{text}" in the session')
async def tries_to_say(context: Context, text: str) -> None:
    await tries(context.world, text)


@when("the team tries to say in the session what is longer than the window")
async def tries_to_say_too_much(context: Context) -> None:
    await tries(context.world, FILLER * 60)


async def tries(world: World, text: str) -> None:
    session = world.sessions.session
    await world.tries(session.say(text, gateway=world.gateway(session.provider)))


# Then ----------------------------------------------------------------------------------------------------------------


@then("no question has more than {most:d} tokens as {provider:Provider} counts them, system prompt and all")
async def within_window(context: Context, most: int, provider: Provider) -> None:
    world = context.world
    questions = world.questions_sent()
    sizes = [await counted(world, one.model, one.values, one.system) for one in questions]
    world.expect(
        len(sizes) > 0 and {one.provider for one in questions} == {provider}, f"there are {len(sizes)} questions"
    )
    world.expect(max(sizes) <= most, f"the questions have {sizes} tokens")


@then("each question goes out with the system prompt, and ends with what was said last")
def system_and_newest(context: Context) -> None:
    world = context.world
    questions = world.questions_sent()
    systems = [one.system for one in questions]
    world.expect(systems == [SYSTEM] * len(questions), f"the system prompts are {systems}")
    ends = [(one.messages[-1].role, one.messages[-1].text) for one in questions]
    said = [entry for entry in world.sessions.talk if entry[0] == "user"]
    world.expect(ends == said, f"the questions end with {ends}, said was {said}")


@then("what it lacks is the oldest turns, and no more of them than had to be")
async def lacks_the_oldest(context: Context) -> None:
    world = context.world
    question = world.questions_sent()[-1]
    before = world.sessions.talk[:-1]
    sent = [(one.role, one.text) for one in question.messages]
    left = len(before) - len(sent)
    world.expect(sent == before[left:], f"it has not the newest part of the conversation: {sent}")
    world.expect(left > 0 and left % 2 == 0, f"{left} messages were left out")
    size = await counted(world, question.model, as_messages(before[left - 2 :]), question.system)
    world.expect(size > room(world), f"with one more turn it would have had {size} of {room(world)} tokens")


@then("the session keeps all {count:d} messages, and the answer to the last of them")
def keeps_all(context: Context, count: int) -> None:
    expect_kept(context.world, count + 1)


@then("nothing of it is in the session")
def keeps_nothing(context: Context) -> None:
    expect_kept(context.world, 0)


@then("the session keeps all {count:d} messages, and nothing of the last try")
def keeps_what_it_had(context: Context, count: int) -> None:
    expect_kept(context.world, count)


def expect_kept(world: World, count: int) -> None:
    kept = [(one.message.role, one.message.text) for one in world.sessions.session.messages]
    world.expect(kept == world.sessions.talk, f"the session keeps {kept}")
    world.expect(len(kept) == count, f"the session keeps {len(kept)} messages")


@then("the call and its result go along for as long as both fit, and at last neither does")
async def pairs_go_together(context: Context) -> None:
    """The conversation is the question about the weather, the call, its result and the answer, and then the long things."""
    world = context.world
    later = world.questions_sent()[2:]
    pair, notes = later[0].values[:4], as_messages(world.sessions.talk[2:])
    fits: list[bool] = []
    for number, question in enumerate(later):
        whole = (*pair, *notes[: 2 * number + 1])
        fits.append(await counted(world, question.model, whole, question.system) <= room(world))
    world.expect(set(fits) == {True, False}, f"whether all fits is {fits}")
    for kind, names in (
        ("calls", [[name for one in question.messages for name in one.calls] for question in later]),
        ("results", [[name for one in question.messages for name in one.outputs] for question in later]),
    ):
        wanted = [[WEATHER.name] if all_fits else [] for all_fits in fits]
        world.expect(names == wanted, f"the {kind} that went along are {names}, not {wanted}")


@then("it is refused because the window has no room, and no question goes out")
def refused_for_the_window(context: Context) -> None:
    world = context.world
    refusal = world.refusal("context_overflow")
    world.expect(f"room for {room(world)}" in refusal.message, f"the refusal does not say how much fits: {refusal}")
    questions = world.questions_sent(world.sent())
    world.expect(not questions, f"{len(questions)} questions went out")
