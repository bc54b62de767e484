"""Sentences about runs that are cancelled, fail, are cut off or meet a rate limit."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from behave import given, then, when

from steps.assistants import remember_answer
from steps.common import Context
from steps.runs import CREATE, GET, begin, expect_thread, fault, look
from support.world import ASSISTANTS_API, World

FIND = {ASSISTANTS_API: "runs.list", "Responses and Conversations": "conversations.items.list"}
"""What the simulator calls the requests that show whether a run began."""


def asked_for(world: World) -> list[Any]:
    """The requests that begin a run."""
    end = "/runs" if world.assistants.backend == ASSISTANTS_API else "/v1/responses"
    return [one for one in world.wire.exchanges if one.method == "POST" and one.path.endswith(end)]


async def complete(world: World) -> None:
    memory = world.assistants
    memory.asked_at = await world.clock.now()
    memory.runs.append(await world.does(world.desk.runs.complete(memory.thread.id, memory.assistant.id)))
    await remember_answer(world)


@given('the next {count:d} runs will fail with "{code}"')
async def next_runs_fail(context: Context, count: int, code: str) -> None:
    await context.world.simulator.script(fault(context.world, CREATE, {"outcome": code}, times=count))


@given("the connection will be cut once the next run has begun")
async def cut(context: Context) -> None:
    await context.world.simulator.script(fault(context.world, CREATE, {"cut": True}, when="after"))


@given("OpenAI is too busy for the next {count:d} runs, and asks to wait {time:Duration}")
async def busy_for_runs(context: Context, count: int, time: timedelta) -> None:
    deed: dict[str, object] = {"status": 429, "retry_after": time.total_seconds()}
    await context.world.simulator.script(fault(context.world, CREATE, deed, times=count))


@given("OpenAI is too busy for the next {count:d} looks at a run, and asks to wait {time:Duration}")
async def busy_for_looks(context: Context, count: int, time: timedelta) -> None:
    deed: dict[str, object] = {"status": 429, "retry_after": time.total_seconds()}
    await context.world.simulator.script(fault(context.world, GET, deed, times=count))


@given("OpenAI is too busy for the next {count:d} searches for a run, and asks to wait {time:Duration}")
async def busy_for_searches(context: Context, count: int, time: timedelta) -> None:
    deed: dict[str, object] = {"status": 429, "retry_after": time.total_seconds()}
    await context.world.simulator.script(fault(context.world, FIND, deed, times=count))


@when("the team starts a run, and cancels it {time:Duration} later")
async def cancels(context: Context, time: timedelta) -> None:
    world, memory = context.world, context.world.assistants
    await begin(world)
    await world.clock.sleep(time.total_seconds())
    run = await look(world)
    world.expect(run.status == "in_progress", f"after {time} it is {run.status}")
    memory.runs[-1] = await world.does(world.desk.runs.cancel(run.thread_id, run.id))


@when("the team tries to cancel the run")
async def tries_to_cancel(context: Context) -> None:
    run = context.world.assistants.run
    await context.world.tries(context.world.desk.runs.cancel(run.thread_id, run.id))


@when("the team has the question answered, come what may")
async def has_it_answered(context: Context) -> None:
    await complete(context.world)


@when("the team tries to have the question answered, come what may")
async def tries_to_have_it_answered(context: Context) -> None:
    world, memory = context.world, context.world.assistants
    await world.tries(world.desk.runs.complete(memory.thread.id, memory.assistant.id))


@then("the run ends cancelled")
async def ends_cancelled(context: Context) -> None:
    world, memory = context.world, context.world.assistants
    at_first = "cancelling" if memory.backend == ASSISTANTS_API else "cancelled"
    world.expect(memory.run.status == at_first, f"asked to cancel, it is {memory.run.status}")
    await world.clock.sleep(10)
    seen = await look(world)
    world.expect(seen.status == "cancelled", f"10 seconds later it is {seen.status}")


@then("even a minute later the thread has its question and no answer")
async def never_answers(context: Context) -> None:
    await context.world.clock.sleep(60)
    await expect_thread(context.world, "user")


@then("{count:d} runs were asked for")
@then("{count:d} run was asked for")
def runs_asked_for(context: Context, count: int) -> None:
    asked = asked_for(context.world)
    context.world.expect(len(asked) == count, f"a run was asked for {len(asked)} times")


@then("1 run took place")
async def one_run(context: Context) -> None:
    """What was served beyond a refusal: the simulator's own count of responses, or OpenAI's list of the thread's runs."""
    world, memory = context.world, context.world.assistants
    if memory.backend == ASSISTANTS_API:
        thread = memory.thread.id
        listed = [
            one
            for one in world.wire.exchanges
            if one.method == "GET" and one.path.startswith(f"/v1/threads/{thread}/runs?")
        ]
        world.expect(bool(listed), "nobody looked for the run before asking again")
        told = json.loads(bytes(listed[-1].response.kept))["data"]
        world.expect(len(told) == 1, f"the thread has {len(told)} runs")
    made = (await world.state())["inventory"].get("OpenAI", {})
    if memory.backend != ASSISTANTS_API:
        world.expect(len(made.get("responses", [])) == 1, f"there are {len(made.get('responses', []))} responses")


@then("31 days later OpenAI has nothing left of it")
async def forgotten(context: Context) -> None:
    world = context.world
    world.expect(world.assistants.run.status == "completed", f"the run is {world.assistants.run.status}")
    await world.clock.sleep(31 * 86400)
    left = (await world.state())["inventory"].get("OpenAI", {}).get("responses", [])
    world.expect(not left, f"there are {len(left)} responses")


@then("the run was asked for {count:d} times, and began {time:Duration} or more after the first")
def asked_for_times(context: Context, count: int, time: timedelta) -> None:
    world, memory = context.world, context.world.assistants
    asked = asked_for(world)
    world.expect(len(asked) == count, f"it was asked for {len(asked)} times")
    assert memory.asked_at is not None, "nobody asked"
    waited = (memory.run.created_at - memory.asked_at.replace(microsecond=0)).total_seconds()
    world.expect(waited >= time.total_seconds(), f"it began {waited:g} s after the first")


@then("the request is refused as rate limited, after {count:d} runs")
def limited_after_runs(context: Context, count: int) -> None:
    context.world.refusal("rate_limited")
    asked = asked_for(context.world)
    context.world.expect(len(asked) == count, f"a run was asked for {len(asked)} times")


@then("the request is refused as rate limited, after {count:d} requests")
def limited_after_requests(context: Context, count: int) -> None:
    refusal = context.world.refusal("rate_limited")
    asked = asked_for(context.world)
    context.world.expect(len(asked) == count, f"a run was asked for {len(asked)} times")
    context.world.expect(refusal.sent == count, f"the refusal speaks of {refusal.sent} requests")
