"""Sentences about how a batch goes on: its states and counts, its end, and what OpenAI alone tells of it."""

from __future__ import annotations

import json
from datetime import timedelta

from behave import then

from steps.batch_results import expect_answers, results_by_id
from steps.batches import UNKNOWN, desk, look, read, wait
from steps.common import Context
from support.values import BATCH_ENDED, Provider
from support.world import World

# Following -----------------------------------------------------------------------------------------------------------


def states(world: World) -> list[str]:
    """The states in which the batch was seen, each once in a row."""
    found: list[str] = []
    for batch in world.batch.seen:
        if not found or found[-1] != batch.status:
            found.append(batch.status)
    return found


@then("it was seen validating, at work, finalizing and completed, in that order")
def seen_in_order(context: Context) -> None:
    seen = states(context.world)
    context.world.expect(seen == ["validating", "in_progress", "finalizing", "completed"], f"it was seen {seen}")


@then("it was seen waiting, at work and completed, in that order")
def seen_by_state(context: Context) -> None:
    seen = states(context.world)
    context.world.expect(seen == ["validating", "in_progress", "completed"], f"it was seen {seen}")


@then("the number done never fell, out of 10 from the work on, and was 10 at the end")
def never_fell(context: Context) -> None:
    world = context.world
    done = [(batch.counts.succeeded or 0) + (batch.counts.failed or 0) for batch in world.batch.seen]
    world.expect(done == sorted(done) and done[-1] == 10, f"done were {done}")
    world.expect(len(set(done)) > 2, f"done were only {sorted(set(done))}")
    totals = {batch.counts.total for batch in world.batch.seen if batch.status != "validating"}
    totals |= {progress.total for progress in world.batch.progress if progress.status != "validating"}
    world.expect(totals == {10}, f"the totals were {totals}")
    looks = zip(done[1:], world.batch.progress, strict=True)  # the first is of the making
    in_turn = [number for seen, progress in looks for number in (seen, progress.done or 0)]
    world.expect(in_turn == sorted(in_turn), f"look by look, done were {in_turn}")
    early = [progress.done for progress in world.batch.progress if progress.status == "validating"]
    world.expect(set(early) == {None}, f"before the work began, done were {early}")


@then("it was never told as whole before its end")
def never_whole(context: Context) -> None:
    world = context.world
    for progress in world.batch.progress:
        if progress.status not in BATCH_ENDED:
            world.expect(progress.fraction is None or progress.fraction < 1, f"{progress} is told as whole")
    world.expect(world.batch.progress[-1].fraction == 1, f"at the end it is {world.batch.progress[-1]}")


@then("its counts always made 10, and all were being worked on until the end")
def counts_make_ten(context: Context) -> None:
    world = context.world
    for batch in world.batch.seen:
        told = batch.counts
        parts_ = [told.processing, told.succeeded, told.failed, told.cancelled, told.expired]
        world.expect(sum(part or 0 for part in parts_) == 10, f"{batch.status}: it counts {told}")
        if not batch.ended:
            world.expect(told.processing == 10, f"{batch.status}: it counts {told}")
    totals = {progress.total for progress in world.batch.progress}
    world.expect(totals == {10}, f"it is told of {totals} in all")
    world.expect(world.batch.seen[-1].counts.succeeded == 10, f"at the end it counts {world.batch.seen[-1].counts}")


@then("no progress was made up before the end")
def nothing_made_up(context: Context) -> None:
    world = context.world
    before = [progress for progress in world.batch.progress if progress.status not in BATCH_ENDED]
    world.expect(bool(before), "nobody looked before the end")
    for progress in before:
        world.expect(progress.done is None and progress.fraction is None, f"{progress} tells of something done")


@then("the batch was being cancelled, and a minute later it is cancelled")
async def being_cancelled(context: Context) -> None:
    world, memory = context.world, context.world.batch
    if memory.asked is not Provider.GEMINI:  # Gemini has no word for it (provider-facts 7.3)
        world.expect(memory.batch.status == "cancelling", f"asked to cancel, it is {memory.batch.status}")
    await world.clock.sleep(60)
    seen = await look(world)
    world.expect(seen.status == "cancelled", f"a minute later it is {seen.status}")
    world.expect(seen.ended_at is not None, "it does not say when it ended")


@then("some questions are answered and the others cancelled, 10 in all")
async def some_answered(context: Context) -> None:
    await expect_some(context.world)


async def expect_some(world: World) -> None:
    if not world.batch.results:
        await read(world)
    found = results_by_id(world)
    answered = [one for one in found.values() if one.status == "succeeded"]
    left = [one for one in found.values() if one.status == "cancelled"]
    world.expect(0 < len(answered) < 10, f"{len(answered)} are answered")
    world.expect(len(answered) + len(left) == 10, f"{len(answered)} are answered and {len(left)} cancelled")
    expect_answers(world, answered)
    empty = [one.id for one in left if one.answer is not None]
    world.expect(not empty, f"cancelled, and with an answer, are {empty}")


@then("a minute later it has answers for some, and the others as cancelled, and none as an empty answer")
async def later_some(context: Context) -> None:
    await context.world.clock.sleep(60)
    await expect_some(context.world)


@then("both together are all 10 questions")
def all_ten(context: Context) -> None:
    world = context.world
    outcome = world.batching.BatchOutcome(tuple(world.batch.results))
    whole = sum(outcome.counts.values())
    world.expect(whole == len(world.batch.requests) == 10, f"the counts make {whole}: {dict(outcome.counts)}")
    done = len(outcome.succeeded) + len(outcome.unfinished)
    world.expect(done == 10, f"answered and left are {done}")


@then("the request is refused because the batch has ended")
def refused_as_ended(context: Context) -> None:
    context.world.refusal("conflict")


@then("the batch is as it was")
async def as_it_was(context: Context) -> None:
    world = context.world
    before = world.batch.seen[-1]
    seen = await look(world)
    world.expect((seen.status, seen.counts) == (before.status, before.counts), f"it is {seen.status}, {seen.counts}")


@then("the request is refused because there is no such batch")
def no_such_batch(context: Context) -> None:
    refusal = context.world.refusal("not_found")
    named = any(id_ in refusal.message for id_ in UNKNOWN.values())
    context.world.expect(named, f"the refusal does not name the batch: {refusal}")


@then("the wait ends without a result, and says how the batch was last seen")
def wait_ended(context: Context) -> None:
    refusal = context.world.refusal("wait_timeout")
    seen = [word for word in ("validating", "in_progress") if word in refusal.message]
    context.world.expect(bool(seen), f"it does not say how the batch was: {refusal}")


@then("the batch completes later")
async def completes_later(context: Context) -> None:
    await wait(context.world)
    context.world.expect(context.world.batch.batch.status == "completed", f"it is {context.world.batch.batch.status}")


@then("the batch has expired")
def has_expired(context: Context) -> None:
    batch = context.world.batch.batch
    context.world.expect(batch.status == "expired", f"it is {batch.status}")


@then("every question without an answer is told as expired, and costs nothing")
def told_as_expired(context: Context) -> None:
    world = context.world
    found = results_by_id(world)
    left = [one for one in found.values() if one.status != "succeeded"]
    world.expect(bool(left), "all are answered")
    for one in left:
        world.expect(one.status == "expired", f"{one.id} is {one.status}")
        world.expect(getattr(one.error, "kind", None) == "expired", f"{one.id} failed as {one.error!r}")
        world.expect(one.cost_usd == 0 and one.answer is None, f"{one.id} costs {one.cost_usd}")


# OpenAI's own --------------------------------------------------------------------------------------------------------


@then("the questions were stored at OpenAI as the input of a batch")
async def stored_as_input(context: Context) -> None:
    world = context.world
    batch = world.batch.batch
    assert batch.input_file_id is not None, "the batch names no input"
    file = await world.sees(world.gateway(Provider.OPENAI).files.get(batch.input_file_id))
    world.expect(file.purpose == "batch", f"its purpose is {file.purpose}")
    content = await world.sees(world.gateway(Provider.OPENAI).files.content(file.id))
    lines = [json.loads(line) for line in content.splitlines()]
    ids = [line["custom_id"] for line in lines]
    world.expect(ids == [request.id for request in world.batch.requests], f"it has {ids}")


@then("the batch is being validated, and expires a day after it was made")
def being_validated(context: Context) -> None:
    batch = context.world.batch.batch
    context.world.expect(batch.status == "validating", f"it is {batch.status}")
    context.world.expect(batch.endpoint == "chat", f"it is for {batch.endpoint}")
    expires = batch.expires_at == batch.created_at + timedelta(days=1)
    context.world.expect(expires, f"made at {batch.created_at}, it expires at {batch.expires_at}")


@then("the lines of the answers are not in the order of the questions")
async def another_order(context: Context) -> None:
    world = context.world
    batch = await look(world)
    assert batch.output_file_id is not None, "the batch names no answers"
    content = await world.sees(world.gateway(Provider.OPENAI).files.content(batch.output_file_id))
    world.batch.output = content
    lines = [json.loads(line) for line in content.splitlines()]
    ids = [line["custom_id"] for line in lines]
    wanted = [request.id for request in world.batch.requests]
    world.expect(sorted(ids) == sorted(wanted), f"the lines have {ids}")
    if world.simulated:
        world.expect(ids != wanted, "the lines are in the order of the questions: nothing would show a mix-up")
    statuses = {line["response"]["status_code"] for line in lines}
    world.expect(statuses == {200}, f"the lines tell {statuses}")


@then("a walk through the batches, {size:d} a page, meets each of the {count:d} once")
async def walk(context: Context, size: int, count: int) -> None:
    world = context.world
    mine = [batch.id for batch in world.batch.batches]
    cursor: str | None = None
    met: list[str] = []
    for _ in range(50):
        page = await world.sees(desk(world).list_page(limit=size, cursor=cursor))
        world.expect(len(page.batches) <= size, f"a page has {len(page.batches)}")
        met += [batch.id for batch in page.batches if batch.id in mine]
        cursor = page.next_cursor
        if cursor is None or len(met) > count:
            break
    world.expect(met == mine[::-1] and len(met) == count, f"it met {len(met)}: {met}")
