"""Sentences about runs: beginning them, watching them to their end, and what they leave in the thread."""

from __future__ import annotations

import time
from datetime import timedelta

from behave import given, then, when

from steps.assistants import (
    UNKNOWN_ASSISTANT,
    answer,
    answering,
    make,
    messages_of,
    open_thread,
    read,
    remember_answer,
    settled,
)
from steps.common import Context
from steps.threads import UNKNOWN_THREAD
from support.values import ENDED, NewMessage, Provider, Run, ThreadMessage, Usage
from support.world import ASSISTANTS_API, World

CREATE = {ASSISTANTS_API: "runs.create", "Responses and Conversations": "responses.create"}
GET = {ASSISTANTS_API: "runs.get", "Responses and Conversations": "responses.get"}
"""What the simulator calls the requests that begin a run and look at it."""
QUESTION = "What do you say?"
IN_ORDER = ("queued", "in_progress", "completed")
HELD_MS = 600
"""Milliseconds of real time for which the simulator holds back the rest of a stream."""


def fault(world: World, operations: dict[str, str], deed: dict[str, object], **when_: object) -> dict[str, object]:
    """A line of the simulator's script of failures, for the scenario's own API."""
    return {"provider": "OpenAI", "operation": operations[world.assistants.backend], "do": deed, **when_}


async def begin(world: World, **asked: object) -> Run:
    """Starts a run and remembers it."""
    memory = world.assistants
    run = await world.does(world.desk.runs.create(memory.thread.id, memory.assistant.id, **asked))  # type: ignore[arg-type]
    memory.runs.append(run)
    return run


async def look(world: World) -> Run:
    """Looks at the latest run and remembers how it was."""
    run = world.assistants.run
    seen = await world.sees(world.desk.runs.get(run.thread_id, run.id))
    world.assistants.runs[-1] = seen
    world.assistants.seen.append(seen)
    return seen


# Given ---------------------------------------------------------------------------------------------------------------


@given("a thread with a question")
async def thread_with_a_question(context: Context) -> None:
    await open_thread(context.world, QUESTION)


@given("an assistant at OpenAI, on {backend:Backend}, that counts from 1 to 200")
async def counts(context: Context, backend: str) -> None:
    numbers = " ".join(str(number) for number in range(1, 201))
    await make(context.world, backend, instructions=f"Whatever you are asked, answer exactly: {numbers}")


@given("runs take {time_:Duration}")
async def runs_take(context: Context, time_: timedelta) -> None:
    seconds = time_.total_seconds()
    await context.world.simulator.set_durations(runs__step=seconds, responses__run=seconds)


@given('the next run will fail with "{code}"')
async def next_run_fails(context: Context, code: str) -> None:
    await context.world.simulator.script(fault(context.world, CREATE, {"outcome": code}))


@given("OpenAI holds back the second half of what it tells of a run")
async def holds_back(context: Context) -> None:
    await context.world.simulator.script(fault(context.world, CREATE, {"hold_tail_ms": HELD_MS}))


# Beginning -----------------------------------------------------------------------------------------------------------


@when("the team starts a run")
async def starts(context: Context) -> None:
    await begin(context.world)


@when("the team starts a run of at most {tokens:d} tokens")
async def starts_limited(context: Context, tokens: int) -> None:
    await begin(context.world, max_output_tokens=tokens)


@when('the team starts a run with another model that is to answer "{word}"')
async def starts_otherwise(context: Context, word: str) -> None:
    world = context.world
    world.assistants.before = await read(world)
    await begin(world, model=world.other_chat_model(Provider.OPENAI), instructions=answering(word))


@when("the team tries to start another one")
async def tries_another(context: Context) -> None:
    memory = context.world.assistants
    await context.world.tries(context.world.desk.runs.create(memory.thread.id, memory.assistant.id))


@when("the team tries to start a run of an assistant that nobody made")
async def tries_without_assistant(context: Context) -> None:
    memory = context.world.assistants
    memory.unknown_id = UNKNOWN_ASSISTANT
    await context.world.tries(context.world.desk.runs.create(memory.thread.id, UNKNOWN_ASSISTANT))


@when("the team tries to start a run in a thread that nobody opened")
async def tries_without_thread(context: Context) -> None:
    memory = context.world.assistants
    memory.unknown_id = UNKNOWN_THREAD[memory.backend]
    await context.world.tries(context.world.desk.runs.create(memory.unknown_id, memory.assistant.id))


@when("the team tries to look at a run that nobody started")
async def tries_to_look(context: Context) -> None:
    memory = context.world.assistants
    memory.unknown_id = "run_nobodystartedthisone12345"
    await context.world.tries(context.world.desk.runs.get(memory.thread.id, memory.unknown_id))


@then("the request is refused because there is no such run")
@then("the request is refused because there is no such file")
def no_such_thing(context: Context) -> None:
    asked = context.world.assistants.unknown_id
    refusal = context.world.refusal("not_found")
    context.world.expect(asked in refusal.message, f"the refusal does not name {asked}: {refusal}")


@when("the team starts a run and looks at it until it has ended")
async def watches(context: Context) -> None:
    world = context.world
    world.assistants.seen.append(await begin(world))
    for _ in range(240):
        if (await look(world)).status in ENDED:
            return
        await world.clock.sleep(0.25)
    world.expect(False, f"after a minute the run is {world.assistants.run.status}")


@when("the team waits for the run")
async def waits(context: Context) -> None:
    await settled(context.world)


@when("the team waits {seconds:d} seconds for the run")
async def waits_a_little(context: Context, seconds: int) -> None:
    world = context.world
    await world.tries(world.desk.runs.wait(world.assistants.run, timeout=timedelta(seconds=seconds)))


@when("it answers the question")
async def answers_it(context: Context) -> None:
    await answer(context.world)


@when("it answers another question in the thread")
async def answers_another(context: Context) -> None:
    world = context.world
    await world.does(world.desk.messages.add(world.assistants.thread.id, NewMessage(text="And now?")))
    await answer(world)


@when("the team follows a run")
async def follows(context: Context) -> None:
    world, memory = context.world, context.world.assistants
    stream = world.desk.runs.stream(memory.thread.id, memory.assistant.id)

    async def listen() -> Run:
        began = time.monotonic()
        async for event in stream:
            memory.events.append((time.monotonic() - began, event))
        return stream.run

    memory.runs.append(await world.does(listen()))


@when("the team reads all that the run has left")
async def reads_all(context: Context) -> None:
    world = context.world
    run = await look(world)
    await world.does(world.desk.runs.steps(run.thread_id, run.id))
    await messages_of(world)


# Looking -------------------------------------------------------------------------------------------------------------


@then("the run names its assistant, its thread, its model and its instructions")
async def names_all(context: Context) -> None:
    world, memory = context.world, context.world.assistants
    first = memory.run
    for run in (first, await world.sees(world.desk.runs.get(first.thread_id, first.id))):
        world.expect(bool(run.id) and run.id == first.id, f"its id is {run.id}")
        world.expect(run.assistant_id == memory.assistant.id, f"its assistant is {run.assistant_id}")
        world.expect(run.thread_id == memory.thread.id, f"its thread is {run.thread_id}")
        world.expect(run.model.startswith(memory.assistant.model), f"its model is {run.model}")
        world.expect(run.instructions == memory.assistant.instructions, f"it was told {run.instructions!r}")


@then("it has not ended, and tells no tokens")
def has_not_ended(context: Context) -> None:
    run = context.world.assistants.run
    context.world.expect(run.status in ("queued", "in_progress"), f"it is {run.status}")
    context.world.expect(run.usage is None, f"it tells {run.usage}")
    context.world.expect(run.completed_at is None, f"it says that it completed at {run.completed_at}")


@then("the run names the other model and the other instructions")
def names_the_others(context: Context) -> None:
    world, run = context.world, context.world.assistants.run
    other = world.other_chat_model(Provider.OPENAI)
    world.expect(run.model.startswith(other), f"its model is {run.model}")
    world.expect(run.instructions == answering("BETA"), f"it was told {run.instructions!r}")


@then("the request is refused because of what the thread is doing")
@then("the request is refused because of what the run is doing")
def conflicts(context: Context) -> None:
    context.world.refusal("conflict")


async def expect_thread(world: World, *roles: str) -> list[ThreadMessage]:
    held = await messages_of(world)
    world.expect([one.role for one in held] == list(roles), f"the thread has {[(one.role, one.text) for one in held]}")
    return held


@then("the thread has its question and one answer")
async def question_and_answer(context: Context) -> None:
    await expect_thread(context.world, "user", "assistant")


@then("the thread has its question and no answer")
async def question_only(context: Context) -> None:
    await expect_thread(context.world, "user")


@then('the answer in the thread is "{text}"')
async def answer_in_thread(context: Context, text: str) -> None:
    last = (await messages_of(context.world))[-1]
    context.world.expect(last.role == "assistant", f"the last message is the {last.role}'s")
    context.world.expect(last.text == text, f"the answer is {last.text!r}")


@then("it was seen queued, at work and completed, in that order")
def seen_in_order(context: Context) -> None:
    world = context.world
    seen: list[str] = []
    for run in world.assistants.seen:
        if not seen or seen[-1] != run.status:
            seen.append(run.status)
    wanted = list(IN_ORDER) if world.simulated else [one for one in IN_ORDER if one in seen]
    world.expect(seen == wanted and seen[-1] == "completed", f"it was seen {', then '.join(seen)}")


@then("it completed after it was created, and its tokens add up")
def tokens_add_up(context: Context) -> None:
    world, run = context.world, context.world.assistants.run
    world.expect(run.completed_at is not None and run.completed_at >= run.created_at, f"it ended at {run.completed_at}")
    world.expect(run.usage is not None, "it tells no tokens")
    usage = run.usage or Usage()
    told = run.raw["usage"]
    world.expect(usage.input_tokens > 0 and usage.output_tokens > 0, f"it tells {usage}")
    whole = usage.input_tokens + usage.output_tokens
    world.expect(whole == told["total_tokens"], f"{usage} are not the {told['total_tokens']} tokens that OpenAI counts")


@then('the run has failed with "{code}"')
def has_failed(context: Context, code: str) -> None:
    run = context.world.assistants.run
    context.world.expect(run.status == "failed", f"it is {run.status}")
    said = run.failure.code if run.failure else None
    context.world.expect(said == code, f"it says {said}")


@then("the run is incomplete because of its limit")
def is_incomplete(context: Context) -> None:
    run = context.world.assistants.run
    context.world.expect(run.status == "incomplete", f"it is {run.status}")
    context.world.expect(run.incomplete_reason == "max_completion_tokens", f"it says {run.incomplete_reason}")


@then("the run is completed")
async def is_completed(context: Context) -> None:
    seen = await look(context.world)
    context.world.expect(seen.status == "completed", f"it is {seen.status}")


@then("the run has expired")
async def has_expired(context: Context) -> None:
    seen = await look(context.world)
    context.world.expect(seen.status == "expired", f"it is {seen.status}")


@then("the thread takes a new question and answers it")
async def takes_a_new_one(context: Context) -> None:
    world, memory = context.world, context.world.assistants
    await world.does(world.desk.messages.add(memory.thread.id, NewMessage(text="Are you there?")))
    run = await answer(world, tool_choice="none")
    world.expect(run.status == "completed", f"the new run is {run.status}")
    wrote = await messages_of(world, run_id=run.id)
    world.expect(len(wrote) == 1, f"it wrote {len(wrote)} messages")


@then("the wait ends without a result, and says how the run was last seen")
def wait_ended(context: Context) -> None:
    refusal = context.world.refusal("wait_timeout")
    seen = [word for word in ("queued", "in_progress") if word in refusal.message]
    context.world.expect(bool(seen), f"it does not say how the run was: {refusal}")


@then("the run completes later")
async def completes_later(context: Context) -> None:
    run = await settled(context.world)
    context.world.expect(run.status == "completed", f"it is {run.status}")


@then("nobody looked more than {most:d} times in that minute")
def looked_rarely(context: Context, most: int) -> None:
    world = context.world
    looks = [one for one in world.sent() if one.method == "GET"]
    world.expect(1 <= len(looks) <= most, f"there were {len(looks)} looks in a minute")


@then("as long as it is at work, the thread has its question and no answer")
async def nothing_yet(context: Context) -> None:
    world = context.world
    while (await look(world)).status in ("queued", "in_progress"):
        held = await messages_of(world)
        if (await look(world)).status in ENDED:
            break
        world.expect([one.role for one in held] == ["user"], f"the thread has {[one.text for one in held]}")
        await world.clock.sleep(0.25)
    looks = [run for run in world.assistants.seen if run.status not in ENDED]
    world.expect(bool(looks), "the run was never seen at work")


@then("listing what either run wrote gives its own answer, which names the run")
async def told_apart(context: Context) -> None:
    world, memory = context.world, context.world.assistants
    ids: list[str] = []
    for run in memory.runs:
        wrote = await messages_of(world, run_id=run.id)
        world.expect(len(wrote) == 1, f"the run wrote {len(wrote)} messages")
        world.expect(wrote[0].run_id == run.id, f"its answer names the run {wrote[0].run_id}")
        world.expect(wrote[0].role == "assistant", f"its answer is the {wrote[0].role}'s")
        ids += [message.id for message in wrote]
    held = [message.id for message in await messages_of(world) if message.role == "assistant"]
    world.expect(ids == held, f"the thread has the answers {held}, the runs wrote {ids}")


@then("the answer is not older than its run")
async def not_older(context: Context) -> None:
    world = context.world
    question, said = await expect_thread(world, "user", "assistant")
    run = world.assistants.run
    world.expect(said.run_id == run.id, f"the answer names the run {said.run_id}")
    after = said.created_at is not None and said.created_at >= run.created_at.replace(microsecond=0)
    world.expect(after, f"the answer is of {said.created_at}, the run of {run.created_at}")
    world.expect(question.run_id is None, f"the question names the run {question.run_id}")


@then("its first piece came before the last one was made")
def came_early(context: Context) -> None:
    pieces = [seconds for seconds, event in context.world.assistants.events if event.kind == "text"]
    context.world.expect(len(pieces) > 2, f"there were {len(pieces)} pieces")
    between = (pieces[-1] - pieces[0]) * 1000
    context.world.expect(between >= HELD_MS / 2, f"the last one came {between:.0f} ms after the first")


@then("the pieces together are the answer in the thread")
async def together(context: Context) -> None:
    world = context.world
    said = "".join(event.text for _, event in world.assistants.events)
    _, told = await expect_thread(world, "user", "assistant")
    world.expect(said == told.text, f"the pieces say {said[:60]!r}…, the thread has {told.text[:60]!r}…")


@then("the run that was followed is completed, with its tokens")
async def followed(context: Context) -> None:
    world = context.world
    run = world.assistants.run
    states = [event.status for _, event in world.assistants.events if event.kind == "status"]
    world.expect(states[-1:] == ["completed"], f"it was told as {states}")
    world.expect(run.status == "completed" and run.usage is not None, f"it is {run.status} with {run.usage}")
    seen = await look(world)
    world.expect(seen.usage == run.usage, f"read later, it tells {seen.usage}, not {run.usage}")
    await remember_answer(world)
