"""Sentences about the course of a job: waiting, cancelling, its states, and the list of jobs."""

from __future__ import annotations

from typing import Any

from behave import then, when

from steps.common import Context
from steps.tuning_jobs import UNKNOWN_JOB, desk, expect_pinned, finish, job_sent, listed, log, look

# Acting --------------------------------------------------------------------------------------------------------------


@when("the team waits for the job to end")
async def waits(context: Context) -> None:
    world, memory = context.world, context.world.tuning
    began = await world.clock.now()

    async def ended() -> None:
        try:
            memory.jobs[-1] = await desk(world).wait(memory.job.id)
        except Exception as failure:
            if getattr(failure, "kind", None) != "job_failed":
                raise

    await world.does(ended())
    memory.waited = (await world.clock.now() - began).total_seconds()
    await look(world)


@when("the team tries to wait for the job")
async def tries_to_wait(context: Context) -> None:
    await context.world.tries(desk(context.world).wait(context.world.tuning.job.id))


@when("the team cancels the job")
async def cancels(context: Context) -> None:
    world, memory = context.world, context.world.tuning
    memory.jobs[-1] = await world.does(desk(world).cancel(memory.job.id))
    world.expect(memory.job.status == "cancelled", f"asked to cancel, it is {memory.job.status}")


@when("the team tries to cancel the job")
async def tries_to_cancel(context: Context) -> None:
    await context.world.tries(desk(context.world).cancel(context.world.tuning.job.id))


@when("the team tries to have a job that nobody started {done}")
async def tries_nobodys(context: Context, done: str) -> None:
    world = context.world
    await world.tries(desk(world).cancel(UNKNOWN_JOB) if done == "cancelled" else desk(world).get(UNKNOWN_JOB))


@when("the team tries to list what follows a job that nobody started")
async def tries_to_list(context: Context) -> None:
    await context.world.tries(desk(context.world).list_page(cursor=UNKNOWN_JOB))


@when("the team lists its jobs")
async def lists_jobs(context: Context) -> None:
    context.world.tuning.seen = await listed(context.world)


# States --------------------------------------------------------------------------------------------------------------


@then("the request is refused because the job has ended")
def has_ended(context: Context) -> None:
    context.world.refusal("conflict")


@then("the request is refused because there is no such job")
def no_such_job(context: Context) -> None:
    refusal = context.world.refusal("not_found")
    context.world.expect(UNKNOWN_JOB in refusal.message, f"the refusal does not name the job: {refusal}")


@then("the request is refused as retired since 6 January 2027")
def is_retired(context: Context) -> None:
    refusal: Any = context.world.refusal("retired")
    context.world.expect(str(refusal.since) == "2027-01-06", f"it says since {refusal.since}")


@then("the job from before goes on to its end")
async def goes_on(context: Context) -> None:
    job = await finish(context.world)
    context.world.expect(job.status == "succeeded", f"it is {job.status}")


@then("the job has succeeded")
async def has_succeeded(context: Context) -> None:
    job = await finish(context.world)
    context.world.expect(job.status == "succeeded", f"it is {job.status}: {job.failure}")
    context.world.expect(bool(job.tuned_model), "it has no model")


@then("the job is cancelled, and its log says so")
async def is_cancelled(context: Context) -> None:
    world = context.world
    job = await look(world)
    world.expect(job.status == "cancelled", f"it is {job.status}")
    said = [event.message for event in await log(world)]
    world.expect(any("cancel" in text.lower() for text in said), f"its log says {said}")


@then("after 0, 30, 90 and 600 seconds it is checking files, waiting, training and done")
async def goes_through(context: Context) -> None:
    world = context.world
    wanted = {0: "validating_files", 30: "queued", 90: "running", 600: "succeeded"}
    passed = 0
    for seconds, status in wanted.items():
        await world.clock.sleep(seconds - passed)
        passed = seconds
        seen = await look(world)
        world.expect(seen.status == status, f"after {seconds} seconds it is {seen.status}, not {status}")
    world.expect(bool(world.tuning.job.tuned_model), "it is done, and has no model")


@then("it told when it had ended only then, and when it would only while training")
def told_the_end(context: Context) -> None:
    for seen in context.world.tuning.seen:
        ended = seen.finished_at is not None
        context.world.expect(ended == (seen.status == "succeeded"), f"{seen.status}, it tells {seen.finished_at}")
        expected = seen.estimated_finish is not None
        context.world.expect(
            expected == (seen.status == "running"), f"{seen.status}, it is to end at {seen.estimated_finish}"
        )


@then("it kept its model, its files and its options all the time")
def kept(context: Context) -> None:
    world, chosen = context.world, context.world.tuning.options
    assert chosen is not None, "nothing was chosen"
    sent, first = job_sent(world), world.tuning.seen[0]
    for seen in world.tuning.seen:
        expect_pinned(world, seen, sent["model"])
        begun = (seen.model, seen.training_file, seen.validation_file)
        wanted = (first.model, sent["training_file"], sent["validation_file"])
        world.expect(begun == wanted, f"{seen.status}, it trains {begun}, not {wanted}")
        world.expect(seen.created_at == first.created_at, f"{seen.status}, it began at {seen.created_at}")
        world.expect(seen.options == chosen, f"{seen.status}, it tells {seen.options}, not {chosen}")
        numbers = seen.raw["method"]["supervised"]["hyperparameters"]
        world.expect(numbers == sent["method"]["supervised"]["hyperparameters"], f"{seen.status}, it has {numbers}")


@then("the job has succeeded, and it took as long as training does")
async def took_long(context: Context) -> None:
    world, job = context.world, context.world.tuning.job
    world.expect(job.status == "succeeded", f"it is {job.status}")
    # checking 30, waiting 60, and 50 seconds an epoch: the simulator's own figures
    world.expect(240 <= world.tuning.waited <= 300, f"the wait took {world.tuning.waited:g} seconds")
    world.expect(job.finished_at is not None and job.finished_at > job.created_at, f"it ended at {job.finished_at}")


# The list ------------------------------------------------------------------------------------------------------------


@then("it is first in the list of jobs, and described the same there and by itself")
async def is_first(context: Context) -> None:
    world, job = context.world, context.world.tuning.job
    page = await world.sees(desk(world).list_page(limit=1))
    ids = [one.id for one in page.jobs]
    world.expect(ids == [job.id], f"first in the list are {ids}")
    seen = await look(world)
    world.expect(page.jobs[0].model_dump() == seen.model_dump(), f"listed is {page.jobs[0]}, described {seen}")
    before, now = job.model_dump(exclude={"raw", "status"}), seen.model_dump(exclude={"raw", "status"})
    world.expect(before == now, f"it was {before}, and is {now}")


@then("there is no job")
async def no_job(context: Context) -> None:
    world = context.world
    world.expect(not world.tuning.jobs, "there is a job")
    if world.simulated:
        found = await listed(world)
        world.expect(not found, f"there are {len(found)} jobs")


@then("there are none")
def no_job_at_all(context: Context) -> None:
    found = context.world.tuning.seen
    context.world.expect(found == [], f"there are {len(found)} jobs")


@then("there is 1 job")
@then("the whole list of jobs has the team's 1 job")
async def one_job(context: Context) -> None:
    found = [job.id for job in await listed(context.world)]
    context.world.expect(found == [context.world.tuning.job.id], f"there are {found}")


@then("a walk through the jobs, {size:d} a page, meets each of the {count:d} once, newest first")
async def walk_jobs(context: Context, size: int, count: int) -> None:
    world = context.world
    mine = [job.id for job in world.tuning.jobs]
    met: list[str] = []
    sizes: list[int] = []
    cursor: str | None = None
    for _ in range(100):
        page = await world.sees(desk(world).list_page(limit=size, cursor=cursor))
        sizes.append(len(page.jobs))
        met += [job.id for job in page.jobs if job.id in mine]
        cursor = page.next_cursor
        if cursor is None:
            break
    world.expect(met == mine[::-1] and len(met) == count, f"it met {len(met)}: {met}")
    world.expect(set(sizes[:-1]) == {size} and 0 < sizes[-1] <= size, f"the pages had {sizes}")
    if world.simulated:  # live, the account may have others
        wanted = [min(size, count - start) for start in range(0, count, size)]
        world.expect(sizes == wanted, f"the pages had {sizes}, not {wanted}")
    everything = [job.id for job in await listed(world, page_size=size) if job.id in mine]
    world.expect(everything == mine[::-1], f"the whole list has {len(everything)}")


@then("each is listed in the state in which it is described")
async def same_states(context: Context) -> None:
    world = context.world
    found = {job.id: job.status for job in await listed(world)}
    for job in world.tuning.jobs:
        seen = await world.sees(desk(world).get(job.id))
        world.expect(found.get(job.id) == seen.status, f"listed as {found.get(job.id)}, it is {seen.status}")


@then('the jobs filed under "{key}" as "{value}" are the first one alone')
async def filed(context: Context, key: str, value: str) -> None:
    world = context.world
    found = [job.id for job in await listed(world, metadata={key: value})]
    world.expect(found == [world.tuning.jobs[0].id], f"they are {found}")
