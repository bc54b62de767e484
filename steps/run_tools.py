"""Sentences about tools: programs, functions of the team's own, searches; and a whole workflow with them."""

from __future__ import annotations

import json
from decimal import Decimal

from behave import given, then, when

from steps.assistants import WEATHER, answer, make, messages_of, open_thread
from steps.common import Context
from steps.files_in_questions import MAX_OUTPUT_TOKENS
from steps.runs import look
from steps.searching import last_answer, names
from support.values import (
    ChatAnswer,
    CodeTool,
    Message,
    NewMessage,
    Provider,
    RunStep,
    SearchTool,
    ToolCall,
    ToolOutput,
    Usage,
)
from support.world import World

DIVIDES_BY_ZERO = "Run this program:\n```python\nprint(1 / 0)\n```"
CLOSED = "the weather station is closed"


def degrees(call: ToolCall, value: float) -> ToolOutput:
    return ToolOutput(call_id=call.id, name=call.name, output=json.dumps({"temperature": value}))


async def steps_of(world: World) -> tuple[RunStep, ...]:
    run = world.assistants.run
    return await world.sees(world.desk.runs.steps(run.thread_id, run.id))


async def submit(world: World, *outputs: ToolOutput) -> None:
    """Gives the run the outputs, and waits for what it makes of them."""
    memory = world.assistants
    memory.runs[-1] = await world.does(world.desk.runs.submit(memory.run.thread_id, memory.run.id, outputs))
    memory.runs[-1] = await world.does(world.desk.runs.wait(memory.run))
    wrote = await messages_of(world, run_id=memory.run.id)
    world.said.append("\n".join(message.text for message in wrote))


async def tries_to_submit(world: World, *outputs: ToolOutput) -> None:
    run = world.assistants.run
    await world.tries(world.desk.runs.submit(run.thread_id, run.id, outputs))


# Given ---------------------------------------------------------------------------------------------------------------


@given("an assistant at OpenAI, on {backend:Backend}, that can run programs")
async def runs_programs(context: Context, backend: str) -> None:
    await make(context.world, backend, instructions="Be brief.", tools=[CodeTool()])


@given("an assistant at OpenAI, on {backend:Backend}, that can look up the weather")
async def looks_up_the_weather(context: Context, backend: str) -> None:
    await make(context.world, backend, instructions="Be brief.", tools=[WEATHER])


@given("an assistant at OpenAI, on {backend:Backend}, that searches the store")
async def searches(context: Context, backend: str) -> None:
    store = context.world.knowledge.store
    instructions = "Answer in one short sentence, from the documents."
    await make(context.world, backend, instructions=instructions, tools=[SearchTool(store_ids=(store.id,))])


@given("an assistant at OpenAI, on {backend:Backend}, that has no tools")
async def has_no_tools(context: Context, backend: str) -> None:
    await make(context.world, backend, instructions="Answer in one short sentence.")


# Asking --------------------------------------------------------------------------------------------------------------


@when('the team asks it "{question}"')
async def asks(context: Context, question: str) -> None:
    await open_thread(context.world, question)
    await answer(context.world)


@when('the team goes on with "{question}"')
async def goes_on(context: Context, question: str) -> None:
    world = context.world
    await world.does(world.desk.messages.add(world.assistants.thread.id, NewMessage(text=question)))
    await answer(world)


@when("the team asks it to run a program that divides by zero")
async def asks_to_divide(context: Context) -> None:
    await open_thread(context.world, DIVIDES_BY_ZERO)
    await answer(context.world)


@when("the team tries to have programs run at OpenAI, on {backend:Backend}, over a file that nobody stored")
async def tries_a_strange_file(context: Context, backend: str) -> None:
    world, memory = context.world, context.world.assistants
    desk, memory.unknown_id = world.assistants_on(backend), "file-6hiZAFNmFjLSVnYek4EaBm"

    async def both() -> None:
        tools = [CodeTool(file_ids=(memory.unknown_id,))]
        made = await desk.create(model=world.chat_model(Provider.OPENAI), tools=tools)
        thread = await desk.threads.create([NewMessage(text="How many lines has the file?")])
        await desk.runs.create(thread.id, made.id)

    await world.tries(both())


@when('the team asks it "{question}", and it has to look')
async def asks_to_look(context: Context, question: str) -> None:
    await open_thread(context.world, question)
    await answer(context.world, tool_choice="required")
    context.world.assistants.calls = list(context.world.assistants.run.calls)


# Functions -----------------------------------------------------------------------------------------------------------


def expect_looks(world: World, calls: list[ToolCall], *places: str) -> None:
    """So many calls of the function, one for each place, with arguments that were read."""
    world.expect([call.name for call in calls] == [WEATHER.name] * len(places), f"the calls are {calls}")
    for call, place in zip(calls, places, strict=True):
        world.expect(isinstance(call.arguments, dict), f"the arguments are {call.arguments!r}")
        world.expect(place in str(call.arguments.get("location")), f"it looks at {call.arguments}")


def first_call(world: World) -> ToolCall:
    """The call that is to be answered; fails the step where the model has called nothing."""
    calls = world.assistants.calls
    world.expect(bool(calls), "the model has called no function")
    return calls[0]


def expect_waiting(world: World, *places: str) -> None:
    run = world.assistants.run
    world.expect(run.status == "requires_action", f"the run is {run.status}")
    expect_looks(world, list(run.calls), *places)


@then('the run waits for one look at the weather in "{place}"')
def waits_for_one(context: Context, place: str) -> None:
    expect_waiting(context.world, place)


@then('the run waits for looks at the weather in "{first}" and "{second}"')
def waits_for_two(context: Context, first: str, second: str) -> None:
    expect_waiting(context.world, first, second)


@then("the run still waits for a look at the weather")
async def still_waits(context: Context) -> None:
    await look(context.world)
    expect_waiting(context.world, "New York")


@then("it waits on through {count:d} more looks at it, and has said nothing")
async def waits_on(context: Context, count: int) -> None:
    world = context.world
    for _ in range(count):
        await world.clock.sleep(2)
        await look(world)
        expect_waiting(world, "New York")
    held = [message.role for message in await messages_of(world)]
    world.expect(held == ["user"], f"the thread has {held}")


@when("the team gives it {value:g} degrees")
async def gives(context: Context, value: float) -> None:
    await submit(context.world, degrees(first_call(context.world), value))


@when("the team tries to give it {value:g} degrees")
async def tries_to_give(context: Context, value: float) -> None:
    await tries_to_submit(context.world, degrees(first_call(context.world), value))


@when("the team tries to answer the first one alone")
async def tries_one(context: Context) -> None:
    await tries_to_submit(context.world, degrees(first_call(context.world), 61.7))


@when("the team answers both, with {first:g} and {second:g} degrees")
async def answers_both(context: Context, first: float, second: float) -> None:
    one, other = context.world.assistants.calls
    await submit(context.world, degrees(one, first), degrees(other, second))


@when("the team tries to answer a call that nobody made")
async def tries_nobodys(context: Context) -> None:
    call = first_call(context.world)
    await tries_to_submit(context.world, degrees(call.model_copy(update={"id": "call_nobodymadethisone12345"}), 61.7))


@when("the team says that the weather station is closed")
async def says_closed(context: Context) -> None:
    call = first_call(context.world)
    await submit(context.world, ToolOutput(call_id=call.id, name=call.name, output=f"Error: {CLOSED}", failed=True))


# Functions in a conversation -----------------------------------------------------------------------------------------


async def ask_in_chat(world: World, provider: Provider, *, looking: bool) -> ChatAnswer:
    """Asks what the conversation has come to; with `looking` the model has to call the function."""
    return await world.gateway(provider).chat.ask(
        world.assistants.conversation,
        model=world.chat_model(provider),
        max_output_tokens=MAX_OUTPUT_TOKENS,
        tools=[WEATHER],
        tool_choice="required" if looking else "auto",
    )


@when('the team asks {provider:Provider} "{question}", and it has to look')
async def asks_in_chat(context: Context, provider: Provider, question: str) -> None:
    world, memory = context.world, context.world.assistants
    memory.conversation = [Message(role="user", text=question)]
    told = await world.does(ask_in_chat(world, provider, looking=True))
    world.answers.append(told)
    memory.conversation.append(told.turn)
    memory.calls = list(told.calls)


@then('the answer is one look at the weather in "{place}", and no text')
def one_look(context: Context, place: str) -> None:
    world = context.world
    expect_looks(world, world.assistants.calls, place)
    told = world.answers[-1]
    world.expect(told.stop_reason == "tool_call", f"it stopped because of {told.stop_reason}")
    world.expect(not told.text, f"it says {told.text!r}")


@when("the team tells {provider:Provider} {value:g} degrees")
async def tells(context: Context, provider: Provider, value: float) -> None:
    world, memory = context.world, context.world.assistants
    memory.conversation.append(Message(role="user", text="", outputs=(degrees(first_call(world), value),)))
    told = await world.does(ask_in_chat(world, provider, looking=False))
    world.answers.append(told)
    world.said.append(told.text)


ANSWERS = {
    Provider.OPENAI: lambda sent: [part["tool_call_id"] for part in sent["messages"] if part["role"] == "tool"],
    Provider.ANTHROPIC: lambda sent: [
        block["tool_use_id"]
        for turn in sent["messages"]
        for block in (turn["content"] if isinstance(turn["content"], list) else ())
        if block["type"] == "tool_result"
    ],
    Provider.GEMINI: lambda sent: [
        part["functionResponse"].get("id")
        for turn in sent["contents"]
        for part in turn["parts"]
        if "functionResponse" in part
    ],
}
"""The ids under which a question brings what functions gave, as it is on the wire."""


@then("what the function gave went along under the id of its call")
def under_its_id(context: Context) -> None:
    world = context.world
    call = first_call(world)
    given_ = ANSWERS[world.answers[-1].provider](world.sent()[-1].request.json())
    world.expect(given_ == [call.id], f"it went along under {given_}, and the call is {call.id}")


@when("the team tries to go on with {provider:Provider} after answering the first one alone")
async def tries_to_go_on(context: Context, provider: Provider) -> None:
    world, memory = context.world, context.world.assistants
    world.expect(len(memory.calls) == 2, f"the model asked for {len(memory.calls)} functions")
    memory.conversation.append(Message(role="user", text="", outputs=(degrees(first_call(world), 61.7),)))
    await world.tries(ask_in_chat(world, provider, looking=False))


# Programs and searches -----------------------------------------------------------------------------------------------


async def programs_of(world: World) -> list[RunStep]:
    return [step for step in await steps_of(world) if step.kind == "code"]


@then('the run shows a program, and that it printed "{text}"')
async def shows_a_program(context: Context, text: str) -> None:
    programs = await programs_of(context.world)
    context.world.expect(bool(programs), "the run shows no program")
    context.world.expect(all(step.code for step in programs), "a program has no text")
    printed = [step.logs or "" for step in programs]
    context.world.expect(any(text in logs for logs in printed), f"it printed {printed}")


@then("the run shows no program")
async def shows_no_program(context: Context) -> None:
    kinds = [step.kind for step in await steps_of(context.world)]
    context.world.expect(kinds == ["message"], f"its steps are {kinds}")


@then("its steps are the program and then the message, each completed")
async def in_order(context: Context) -> None:
    found = await steps_of(context.world)
    kinds = [step.kind for step in found]
    context.world.expect(kinds[-1:] == ["message"] and set(kinds[:-1]) == {"code"}, f"its steps are {kinds}")
    states = {step.status for step in found}
    context.world.expect(states == {"completed"}, f"its steps are {states}")


@then('the answer cites "{name}" and nothing else')
async def cites(context: Context, name: str) -> None:
    world = context.world
    said = (await messages_of(world, run_id=world.assistants.run.id))[-1]
    wanted = world.knowledge.added[name].id
    cited = {citation.file_id for citation in said.citations}
    world.expect(cited == {wanted}, f"it cites {cited}, and {name} is {wanted}")


@then("the answer cites nothing")
async def cites_nothing(context: Context) -> None:
    world = context.world
    said = (await messages_of(world, run_id=world.assistants.run.id))[-1]
    world.expect(said.citations == (), f"it cites {said.citations}")


@then('the run shows a search that found something in "{name}"')
async def shows_a_search(context: Context, name: str) -> None:
    world = context.world
    searches = [step for step in await steps_of(world) if step.kind == "search"]
    world.expect(bool(searches), "the run shows no search")
    found = {passage.file_id for step in searches for passage in step.found}
    world.expect(world.knowledge.added[name].id in found, f"it found something in {found}")


@then("the run shows no search")
async def shows_no_search(context: Context) -> None:
    kinds = [step.kind for step in await steps_of(context.world)]
    context.world.expect(kinds == ["message"], f"its steps are {kinds}")


@then('the store\'s answer contains "{text}"')
def store_says(context: Context, text: str) -> None:
    said = last_answer(context.world).answer.text
    context.world.expect(text in said, f"the answer is {said!r}")


@then('it rests on "{name}" before anything else')
def rests_on(context: Context, name: str) -> None:
    """Gemini cites what it read, too, though the best first (provider-facts 5.2)."""
    cited = names(last_answer(context.world).citations)
    context.world.expect(cited[:1] == [name], f"it cites {cited}")


# The whole -----------------------------------------------------------------------------------------------------------


@then("the thread has 2 questions and 2 answers, in turn")
async def in_turn(context: Context) -> None:
    roles = [message.role for message in await messages_of(context.world)]
    context.world.expect(roles == ["user", "assistant"] * 2, f"the thread has {roles}")


@then("each run tells its tokens")
def each_tells(context: Context) -> None:
    for run in context.world.assistants.runs:
        usage = run.usage or Usage()
        context.world.expect(usage.input_tokens > 0 and usage.output_tokens > 0, f"{run.id} tells {run.usage}")


@then("the ledger has charged what the runs cost together, programs included")
async def charged(context: Context) -> None:
    world = context.world
    wanted = Decimal(0)
    for run in world.assistants.runs:
        wanted += world.chat_price(Provider.OPENAI, run.usage or Usage())
    wanted += await sessions(world) * world.tool_fee("code_interpreter_session")
    spent = world.spent()
    world.expect(wanted > 0, "the runs cost nothing")
    world.expect(abs(spent - wanted) < Decimal("1e-9"), f"the ledger has charged {spent}, the runs cost {wanted}")


async def sessions(world: World) -> int:
    """How often an interpreter was started: a run each on the older API, a container each on the newer one."""
    found: set[str] = set()
    for run in world.assistants.runs:
        for step in await world.sees(world.desk.runs.steps(run.thread_id, run.id)):
            if step.kind == "code":
                found.add(str(step.raw.get("container_id") or run.id))
    return len(found)


@when("the team clears up all that it made")
async def clears_up(context: Context) -> None:
    world, memory = context.world, context.world.assistants
    desk, gateway = world.desk, world.gateway(Provider.OPENAI)
    store, thread, assistant = world.knowledge.store, memory.thread, memory.assistant
    files = [document.id for document in world.knowledge.added.values()]
    await world.does(desk.threads.delete(thread.id))
    await world.does(desk.delete(assistant.id))
    await world.does(gateway.vector_stores.delete(store.id, force=True))
    memory.cleared += [
        lambda: desk.threads.get(thread.id),
        lambda: desk.get(assistant.id),
        lambda: gateway.vector_stores.get(store.id),
    ]
    for file_id in files:
        await world.does(gateway.files.delete(file_id))
        memory.cleared.append(lambda file_id=file_id: gateway.files.get(file_id))  # type: ignore[misc]


@then("nothing of it is left")
async def nothing_left(context: Context) -> None:
    world = context.world
    for number, find in enumerate(world.assistants.cleared):
        world.expect(await world.gone(find), f"the thing that was cleared up as number {number + 1} is still there")
