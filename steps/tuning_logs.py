"""Sentences about the log of a job: following it, turning its pages, and what it tells."""

from __future__ import annotations

import re

from behave import then, when

from steps.common import Context
from steps.tuning_jobs import UNKNOWN_JOB, desk, log
from support.values import TuningEvent


@when("the team follows the log of the job")
async def follows(context: Context) -> None:
    world, memory = context.world, context.world.tuning

    async def walk() -> list[TuningEvent]:
        return [event async for event in desk(world).follow(memory.job.id)]

    memory.events = await world.does(walk())


@when("the team tries to follow the log of a job that nobody started")
async def tries_to_follow(context: Context) -> None:
    world = context.world

    async def walk() -> None:
        async for _ in desk(world).follow(UNKNOWN_JOB):
            pass

    await world.tries(walk())


@when("the team walks through the log, {size:d} lines a page")
async def walks(context: Context, size: int) -> None:
    world, memory = context.world, context.world.tuning
    cursor: str | None = None
    for _ in range(200):
        page = await world.does(desk(world).events_page(memory.job.id, limit=size, cursor=cursor))
        world.expect(len(page.events) <= size, f"a page has {len(page.events)} lines")
        memory.events += page.events
        cursor = page.events[-1].id if page.events else None
        if page.next_cursor is None:
            return
        world.expect(len(page.events) == size, f"a page before the last has {len(page.events)} lines")


@then("each line of the log came once, in the order of its time")
async def once_in_order(context: Context) -> None:
    world, events = context.world, context.world.tuning.events
    whole = [event.id for event in reversed(await log(world))]
    ids = [event.id for event in events]
    world.expect(ids == whole, f"{len(ids)} lines came, {len(set(ids))} different, of {len(whole)}")
    times = [event.created_at for event in events]
    world.expect(times == sorted(times), "they are not in the order of their time")


@then("each line of the log came once, newest first")
async def once_newest_first(context: Context) -> None:
    world = context.world
    ids, whole = [event.id for event in world.tuning.events], [event.id for event in await log(world)]
    world.expect(ids == whole and len(ids) == len(set(ids)), f"{len(ids)} lines came, of {len(whole)}")
    times = [event.created_at for event in world.tuning.events]
    world.expect(times == sorted(times, reverse=True), "they are not newest first")


@then("it tells of the creation, the files, the start, 3 or more steps with a loss, and the end")
def tells_all(context: Context) -> None:
    world, events = context.world, context.world.tuning.events
    told = [event.message for event in events]
    for words in ("Created fine-tuning job", "Files validated", "started", "successfully completed"):
        world.expect(any(words in text for text in told), f"nothing tells {words!r}: {told}")
    world.expect("Created fine-tuning job" in told[0], f"it begins with {told[0]!r}")
    world.expect("successfully completed" in told[-1], f"it ends with {told[-1]!r}")
    steps = [event.data for event in events if event.kind == "metrics"]
    whole = [data for data in steps if data.get("step") and data.get("train_loss") is not None]
    world.expect(len(whole) == len(steps) >= 3, f"{len(whole)} of {len(steps)} steps tell a loss")
    numbers = [data["step"] for data in whole]
    world.expect(numbers == sorted(set(numbers)), f"the steps are {numbers}")


def names_line(text: str, line: int) -> bool:
    """OpenAI counts examples, or lines where there is no example to count."""
    return re.search(rf"\b(?:example|line) {line}\b", text, re.IGNORECASE) is not None


@then('its log has a line of the level "{level}" that names line {line:d}')
async def error_in_log(context: Context, level: str, line: int) -> None:
    found = [event.message for event in await log(context.world) if event.level == level]
    context.world.expect(any(names_line(text, line) for text in found), f"such lines are {found}")
