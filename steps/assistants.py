"""Sentences about assistants: making and reading them, on either of OpenAI's two APIs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import parse
from behave import given, register_type, then, when

from steps.common import Context
from support.values import Assistant, CodeTool, FunctionTool, NewMessage, Provider, Run, SearchTool, Tool
from support.world import World

UNKNOWN_ASSISTANT = "asst_nobodymadethisone12345"
WEATHER = FunctionTool(
    name="get_weather",
    description="Get the current weather in a location, as a temperature in °F.",
    parameters={
        "type": "object",
        "properties": {
            "location": {"type": "string", "description": "The city, e.g. San Francisco"},
            "unit": {"type": "string", "enum": ["c", "f"]},
        },
        "required": ["location"],
        "additionalProperties": False,
    },
)
WRONGLY_DESCRIBED = FunctionTool(name="broken", parameters={"type": "object", "properties": {"city": {"type": "text"}}})
FOUR_SCRIPTS = "\n\n  Grüße, Ärger & œuvre\n\tЖёлтый снег\n東京タワー 🗼\nمرحبا بالعالم\n\n"
"""Latin with accents, Cyrillic, Chinese characters and a picture, Arabic; with empty lines around."""


@parse.with_pattern(r"the Assistants API|Responses and Conversations")
def a_backend(text: str) -> str:
    return text


register_type(Backend=a_backend)


def answering(word: str) -> str:
    """Instructions that leave one answer."""
    return f"Whatever you are asked, answer exactly: {word}"


async def make(world: World, backend: str, **said: Any) -> Assistant:
    """Makes an assistant with the chat model, unless another is given, and remembers it."""
    said = {"model": world.chat_model(Provider.OPENAI), **said}
    made = await world.does(world.assistants_on(backend).create(**said))
    world.assistants.made.append(made)
    world.assistants.given = said
    return made


async def read(world: World, assistant: Assistant | None = None) -> Assistant:
    """What is said of the assistant now."""
    return await world.sees(world.desk.get((assistant or world.assistants.assistant).id))


async def open_thread(world: World, *texts: str, **said: Any) -> None:
    """Opens a thread on the scenario's API, and remembers it."""
    world.assistants.threads.append(
        await world.does(world.desk.threads.create([NewMessage(text=text) for text in texts], **said))
    )


async def answer(world: World, **asked: Any) -> Run:
    """Has the latest assistant answer in the latest thread; remembers the run, and its answer as what was said."""
    memory = world.assistants
    run = await world.does(world.desk.runs.create(memory.thread.id, memory.assistant.id, **asked))
    memory.runs.append(run)
    return await settled(world)


async def settled(world: World) -> Run:
    """Waits until the latest run has ended or wants something; what it said is remembered."""
    memory = world.assistants
    memory.runs[-1] = await world.does(world.desk.runs.wait(memory.run))
    await remember_answer(world)
    return memory.run


async def remember_answer(world: World) -> None:
    memory = world.assistants
    if memory.run.status in ("completed", "incomplete"):
        wrote = await messages_of(world, run_id=memory.run.id)
        world.said.append("\n".join(message.text for message in wrote))


async def messages_of(world: World, **asked: Any) -> list[Any]:
    """The thread's messages, oldest first unless asked otherwise."""
    asked = {"order": "asc", **asked}
    thread = world.assistants.thread

    async def walk() -> list[Any]:
        return [message async for message in world.desk.messages.list(thread.id, **asked)]

    return await world.sees(walk())


def same_in_all(world: World, seen: Assistant, wanted: Assistant, *leaving_out: str) -> None:
    """Fails the step, naming the field, where two accounts of an assistant differ."""
    for field in ("model", "name", "description", "instructions", "tools", "metadata", "temperature"):
        if field not in leaving_out:
            now, then_ = getattr(seen, field), getattr(wanted, field)
            world.expect(now == then_, f"its {field} is {now!r}, not {then_!r}")


# Making --------------------------------------------------------------------------------------------------------------


@given("the team has an assistant at OpenAI, on {backend:Backend}")
async def has_an_assistant(context: Context, backend: str) -> None:
    await make(context.world, backend, name="Ada", instructions=answering("ALPHA"))


@when("the team makes an assistant at OpenAI, on {backend:Backend}, with nothing but a model")
async def makes_the_least(context: Context, backend: str) -> None:
    await make(context.world, backend)


@when("the team makes a second one")
async def makes_another(context: Context) -> None:
    await make(context.world, context.world.assistants.backend)


@when(
    "the team makes an assistant at OpenAI, on {backend:Backend}, with instructions in four scripts between empty lines"
)
async def makes_in_four_scripts(context: Context, backend: str) -> None:
    await make(context.world, backend, instructions=FOUR_SCRIPTS)


@when("the team tries to make an assistant at OpenAI, on {backend:Backend}, without a model")
async def tries_without_a_model(context: Context, backend: str) -> None:
    await context.world.tries(context.world.assistants_on(backend).create(model=None, name="Ada"))


WRONG: Mapping[str, Mapping[str, Any]] = {
    "129 tools": {"tools": [WEATHER.model_copy(update={"name": f"look_{number}"}) for number in range(129)]},
    "a function whose arguments are described wrongly": {"tools": [WRONGLY_DESCRIBED]},
    "17 entries of metadata": {"metadata": {f"entry {number}": "x" for number in range(17)}},
}


@when("the team tries to make an assistant at OpenAI, on {backend:Backend}, with {wrong}")
async def tries_to_make(context: Context, backend: str, wrong: str) -> None:
    world = context.world
    model = world.chat_model(Provider.OPENAI)
    await world.tries(world.assistants_on(backend).create(model=model, **WRONG[wrong]))


@given("the team has made three assistants at OpenAI, on {backend:Backend}, 1 second apart")
async def has_three(context: Context, backend: str) -> None:
    for number in range(3):
        if number:
            await context.world.clock.sleep(1)
        await make(context.world, backend, name=f"Assistant {number}")


@given("an assistant at OpenAI, on {backend:Backend}, of whom everything is said that can be")
async def says_everything(context: Context, backend: str) -> None:
    tools: list[Tool] = [WEATHER, CodeTool(), SearchTool(store_ids=(context.world.knowledge.store.id,))]
    await make(
        context.world,
        backend,
        name="Ada – Grüße",
        description="Answers letters.\nOn Sundays too.",
        instructions="Answer letters.\n\nBe brief.",
        tools=tools,
        metadata={"team": "letters", "größe": "klein"},
        temperature=0.5,
    )


@given('an assistant called "{name}" at OpenAI, on {backend:Backend}, whose description speaks of "{other}"')
async def describes_another(context: Context, name: str, backend: str, other: str) -> None:
    await make(context.world, backend, name=name, description=f"Not {other}.")


@given('an assistant with a name and a tool at OpenAI, on {backend:Backend}, that answers "{word}"')
async def answers_with_a_tool(context: Context, backend: str, word: str) -> None:
    await make(context.world, backend, name="Ada", instructions=answering(word), tools=[WEATHER])


@given('an assistant at OpenAI, on {backend:Backend}, that answers "{word}"')
async def answers(context: Context, backend: str, word: str) -> None:
    await make(context.world, backend, instructions=answering(word))


@given("an assistant at OpenAI, on {backend:Backend}, that has answered in a thread")
async def has_answered_somewhere(context: Context, backend: str) -> None:
    await make(context.world, backend, instructions=answering("ALPHA"))
    await open_thread(context.world, "What do you say?")
    await answer(context.world)


@given("it has answered in a thread")
@when("it answers in a new thread")
async def answers_in_a_thread(context: Context) -> None:
    await open_thread(context.world, "What do you say?")
    await answer(context.world, tool_choice="none")


# Reading -------------------------------------------------------------------------------------------------------------


@when("the team reads the assistant")
async def reads(context: Context) -> None:
    context.world.assistants.read = await read(context.world)


@when("the team tries to read the assistant")
async def tries_to_read(context: Context) -> None:
    await context.world.tries(context.world.desk.get(context.world.assistants.assistant.id))


@when("the team tries to read an assistant at OpenAI, on {backend:Backend}, that nobody made")
async def tries_to_read_nobodys(context: Context, backend: str) -> None:
    context.world.assistants.unknown_id = UNKNOWN_ASSISTANT
    await context.world.tries(context.world.assistants_on(backend).get(UNKNOWN_ASSISTANT))


@when("the team opens another connection and reads the assistant")
async def another_connection_reads(context: Context) -> None:
    memory = context.world.assistants
    fresh = context.world.open_gateway(Provider.OPENAI, None)
    memory.read = await context.world.does(fresh.assistants.get(memory.assistant.id))


@then("the request is refused because there is no such assistant")
def no_such_assistant(context: Context) -> None:
    memory = context.world.assistants
    asked = memory.unknown_id or memory.assistant.id
    refusal = context.world.refusal("not_found")
    context.world.expect(asked in refusal.message, f"the refusal does not name {asked}: {refusal}")


@then("the request is refused as retired since 26 August 2026, with Responses and Conversations to turn to")
def is_retired(context: Context) -> None:
    refusal: Any = context.world.refusal("retired")
    context.world.expect(str(refusal.since) == "2026-08-26", f"it says since {refusal.since}")
    named = "Responses" in refusal.message and "Conversations" in refusal.message
    context.world.expect(named, f"it does not say where to turn to: {refusal}")


@then("the assistant has that model and nothing else")
async def has_nothing_else(context: Context) -> None:
    world = context.world
    seen = await read(world)
    world.expect(bool(seen.id), "it has no id")
    world.expect(seen.model == world.chat_model(Provider.OPENAI), f"its model is {seen.model}")
    for field in ("name", "description", "instructions"):
        world.expect(getattr(seen, field) is None, f"its {field} is {getattr(seen, field)!r}")
    world.expect(seen.tools == (), f"it has tools: {seen.tools}")
    world.expect(dict(seen.metadata) == {}, f"it has metadata: {seen.metadata}")


@then("it was made just now")
async def made_just_now(context: Context) -> None:
    world = context.world
    age = abs((await world.clock.now() - world.assistants.assistant.created_at).total_seconds())
    world.expect(age <= 2 + world.clock_tolerance_seconds, f"it says that it is {age:.1f} s old")


@then("the two have different ids")
def different_ids(context: Context) -> None:
    ids = [made.id for made in context.world.assistants.made]
    context.world.expect(len(ids) == 2 and len(set(ids)) == 2, f"the ids are {ids}")


@then("every request said that it means the second version of the API")
def says_its_version(context: Context) -> None:
    world = context.world
    ours = [one for one in world.wire.exchanges if one.path.startswith(("/v1/assistants", "/v1/threads"))]
    world.expect(len(ours) >= 6, f"only {len(ours)} requests were sent")
    silent = [
        f"{one.method} {one.path}" for one in ours if "assistants=v2" not in one.request_headers.get("openai-beta", "")
    ]
    world.expect(not silent, f"these did not say so: {silent}")


@then("the assistant on Responses and Conversations is as it was made")
async def is_as_it_was_made(context: Context) -> None:
    world = context.world
    made = world.assistants.made[0]
    same_in_all(world, await world.sees(world.gateway(Provider.OPENAI).assistants.get(made.id)), made)


@then("it is as it was made")
def read_as_made(context: Context) -> None:
    memory = context.world.assistants
    assert memory.read is not None, "nobody read it"
    context.world.expect(memory.read.id == memory.assistant.id, f"it is {memory.read.id}")
    same_in_all(context.world, memory.read, memory.assistant)


@then("its texts, model, metadata and temperature are as they were given")
def texts_as_given(context: Context) -> None:
    world, memory = context.world, context.world.assistants
    assert memory.read is not None, "nobody read it"
    for field in ("name", "description", "instructions", "model", "metadata", "temperature"):
        now = getattr(memory.read, field)
        world.expect(now == memory.given[field], f"its {field} is {now!r}, not {memory.given[field]!r}")


@then("its tools are as they were given, down to the last word of a function's description")
def tools_as_given(context: Context) -> None:
    memory = context.world.assistants
    assert memory.read is not None, "nobody read it"
    now = sorted(memory.read.tools, key=lambda tool: type(tool).__name__)
    wanted = sorted(memory.given["tools"], key=lambda tool: type(tool).__name__)
    context.world.expect(now == wanted, f"its tools are {now}")


@then("reading each of them gives its own name and description")
async def each_its_own(context: Context) -> None:
    world = context.world
    for made in world.assistants.made:
        same_in_all(world, await read(world, made), made)


@then("reading it gives the instructions character for character")
async def character_for_character(context: Context) -> None:
    seen = (await read(context.world)).instructions
    context.world.expect(seen == FOUR_SCRIPTS, f"the instructions are {seen!r}")
