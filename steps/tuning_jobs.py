"""Sentences about jobs of training: starting, following, cancelling and listing them."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import parse
from behave import given, register_type, then, when

from steps.common import Context
from support.values import Provider, TuningEvent, TuningJob, TuningOptions
from support.world import World

UNKNOWN_JOB = "ftjob-nobodystartedthisone12345"
UNKNOWN_FILE = "file-6hiZAFNmFjLSVnYek4EaBm"
GOOD = "training-12.jsonl"
CHOSEN = TuningOptions(
    n_epochs=3, batch_size=4, learning_rate_multiplier=0.1, seed=7, suffix="bdd", metadata={"case": "A-17"}
)
UNTRAINABLE = {
    "a model for vectors": "text-embedding-3-small",
    "a model for pictures": "gpt-image-1",
    "a model that nobody has": "gpt-4o-nobody",
}


@parse.with_pattern(r"a model (?:for vectors|for pictures|that nobody has)")
def an_untrainable(text: str) -> str:
    return text


register_type(Untrainable=an_untrainable)


def desk(world: World) -> Any:
    """OpenAI's training."""
    return world.gateway(Provider.OPENAI).fine_tuning


async def start(world: World, name: str = GOOD, **options: Any) -> TuningJob:
    """Starts a job and remembers it."""
    options = {"model": world.tuning_model(), **options}
    job: TuningJob = await world.does(desk(world).create(world.fixture(name), **options))
    world.tuning.jobs.append(job)
    return job


async def try_to_start(world: World, training: Any = None, **options: Any) -> None:
    """Starts what should be refused; what is taken all the same is remembered."""
    options = {"model": world.tuning_model(), **options}
    world.tuning.asked = options["model"]
    job = await world.tries(desk(world).create(world.fixture(GOOD) if training is None else training, **options))
    if job is not None:
        world.tuning.jobs.append(job)


async def look(world: World) -> TuningJob:
    """Looks at the latest job and remembers how it was."""
    memory = world.tuning
    memory.jobs[-1] = await world.sees(desk(world).get(memory.job.id))
    memory.seen.append(memory.job)
    return memory.job


async def finish(world: World) -> TuningJob:
    """Waits for the end of the job, whatever it is: looks each minute of the clock."""
    began = await world.clock.now()
    for _ in range(24 * 60):
        if (await look(world)).ended:
            break
        await world.clock.sleep(60)
    world.tuning.waited = (await world.clock.now() - began).total_seconds()
    return world.tuning.job


async def listed(world: World, **asked: Any) -> list[TuningJob]:
    async def walk() -> list[TuningJob]:
        return [job async for job in desk(world).list(**asked)]

    return await world.sees(walk())


async def log(world: World) -> list[TuningEvent]:
    """The log of the latest job, newest first, page after page."""
    found: list[TuningEvent] = []
    cursor: str | None = None
    for _ in range(200):
        page = await world.sees(desk(world).events_page(world.tuning.job.id, limit=100, cursor=cursor))
        found += page.events
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


# Starting ------------------------------------------------------------------------------------------------------------


@given('OpenAI trains on "{name}" for the team')
@when('the team has OpenAI train on "{name}"')
async def trains(context: Context, name: str) -> None:
    await start(context.world, name)


@given('OpenAI trains on "{name}" for the team, as "{suffix}"')
async def trains_as(context: Context, name: str, suffix: str) -> None:
    await start(context.world, name, options=TuningOptions(suffix=suffix))


@given('OpenAI trains on "{name}" for the team, for {epochs:d} epochs')
@when('the team has OpenAI train on "{name}" for {epochs:d} epochs')
async def trains_for(context: Context, name: str, epochs: int) -> None:
    await start(context.world, name, options=TuningOptions(n_epochs=epochs))


@given('OpenAI trains on "{name}" for the team, {times:d} times')
async def trains_often(context: Context, name: str, times: int) -> None:
    for number in range(times):
        if number:
            await context.world.clock.sleep(1)
        await start(context.world, name)


@given('OpenAI trains on "{name}" for the team, filed under "{key}" as "{value}"')
async def trains_filed(context: Context, name: str, key: str, value: str) -> None:
    await start(context.world, name, options=TuningOptions(metadata={key: value}))


@given('OpenAI has trained on "{name}" for the team')
async def has_trained(context: Context, name: str) -> None:
    await start(context.world, name)
    await succeed(context.world)


@given('OpenAI has trained on "{name}" for the team, as "{suffix}"')
async def has_trained_as(context: Context, name: str, suffix: str) -> None:
    await start(context.world, name, options=TuningOptions(suffix=suffix))
    await succeed(context.world)


async def succeed(world: World) -> None:
    job = await finish(world)
    world.expect(job.status == "succeeded" and bool(job.tuned_model), f"the job is {job.status}: {job.failure}")


@when('the team has OpenAI train on "{name}", unchecked')
async def trains_unchecked(context: Context, name: str) -> None:
    await start(context.world, name, validate=False)


@when('the team has OpenAI train on "{name}" with every option chosen')
async def trains_with_options(context: Context, name: str) -> None:
    world = context.world
    world.tuning.options = CHOSEN
    await start(world, name, options=CHOSEN, validation=world.fixture("training-10.jsonl"))


@when('the team has OpenAI train on "{name}" by preference, with a beta of {beta:g}')
async def trains_by_preference(context: Context, name: str, beta: float) -> None:
    await start(context.world, name, options=TuningOptions(method="preference", beta=beta))


@then("the job is described as training by preference, with a beta of {beta:g}")
async def by_preference(context: Context, beta: float) -> None:
    seen = await look(context.world)
    told = (seen.options.method, seen.options.beta)
    context.world.expect(told == ("preference", beta), f"it is described as {told}")
    context.world.expect(seen.raw["method"]["type"] == "dpo", f"OpenAI calls it {seen.raw['method']['type']}")


@when("the team tries to have OpenAI train by reinforcement, with nobody to grade")
async def tries_without_grader(context: Context) -> None:
    await try_to_start(context.world, options=TuningOptions(method="reinforcement"))


@when('the team tries to have OpenAI train on "{name}"')
async def tries_to_train(context: Context, name: str) -> None:
    await try_to_start(context.world, context.world.fixture(name))


@when('the team tries to have OpenAI train on "{name}" once more')
async def tries_once_more(context: Context, name: str) -> None:
    await try_to_start(context.world, context.world.fixture(name))


@when("the team tries to have OpenAI train {what:Untrainable}")
async def tries_a_model(context: Context, what: str) -> None:
    await try_to_start(context.world, model=UNTRAINABLE[what])


@then("the request is refused because OpenAI does not train that")
def does_not_train(context: Context) -> None:
    """OpenAI names the model in its sentence and not as a field (recordings: fine-tuning create)."""
    said = context.world.refusal("invalid_request").message
    asked = context.world.tuning.asked
    context.world.expect(bool(asked) and asked in said, f"the refusal does not name {asked}: {said}")


@when("the team tries to have OpenAI train on a file that nobody stored")
async def tries_no_file(context: Context) -> None:
    await try_to_start(context.world, UNKNOWN_FILE)


@when("the team tries to have OpenAI train on a file that was stored for another use")
async def tries_another_file(context: Context) -> None:
    world = context.world
    path = world.fixture(GOOD)
    stored = await world.does(world.gateway(Provider.OPENAI).files.upload(path, purpose="user_data"))
    await try_to_start(world, stored.id)


@when("the team tries to have OpenAI train on a good file, with a name of 65 characters")
async def tries_a_long_name(context: Context) -> None:
    await try_to_start(context.world, options=TuningOptions(suffix="n" * 65))


@when("the team tries to have {provider:Provider} train a model")
async def tries_others(context: Context, provider: Provider) -> None:
    world = context.world

    async def create() -> None:
        await world.gateway(provider).fine_tuning.create(world.fixture(GOOD), model=world.chat_model(provider))

    await world.tries(create())


@when("the team tries to have OpenAI train with {option:Word} of {value:g}")
async def tries_an_option(context: Context, option: str, value: float) -> None:
    given_ = value if option == "learning_rate_multiplier" else int(value)
    await try_to_start(context.world, options=TuningOptions(**{option: given_}))  # type: ignore[arg-type]


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


# Looking -------------------------------------------------------------------------------------------------------------


@then("the job has an id, the model it trains and the training file, and its files are being checked")
def has_begun(context: Context) -> None:
    world, job = context.world, context.world.tuning.job
    world.expect(bool(job.id), "it has no id")
    world.expect(job.raw.get("object") == "fine_tuning.job", f"it is a {job.raw.get('object')}")
    uploaded = [one.response.json()["id"] for one in world.sent() if one.path.endswith("/files")]
    sent = job_sent(world)
    world.expect(job.model == sent["model"] == world.tuning_model(), f"it trains {job.model}, not {sent['model']}")
    world.expect(uploaded == [sent["training_file"]], f"stored was {uploaded}, sent {sent['training_file']}")
    world.expect(job.training_file == sent["training_file"], f"it trains on {job.training_file}")
    wanted = ("validating_files",) if world.simulated else ("validating_files", "queued")
    world.expect(job.status in wanted, f"it is {job.status}")


@then("it tells no model, no end and no tokens yet")
def tells_nothing_yet(context: Context) -> None:
    job = context.world.tuning.job
    told = (job.tuned_model, job.finished_at, job.trained_tokens)
    context.world.expect(told == (None, None, None), f"it tells {told}")
    expect_untold(context.world, job, "fine_tuned_model", "finished_at", "trained_tokens")


def expect_untold(world: World, job: TuningJob, *fields: str) -> None:
    """OpenAI's own answer leaves these open: none is zero, empty or missing."""
    told = {name: job.raw.get(name, "missing") for name in fields}
    world.expect(told == dict.fromkeys(fields), f"OpenAI tells {told}")


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


@when("the team lists its jobs")
async def lists_jobs(context: Context) -> None:
    context.world.tuning.seen = await listed(context.world)


@then("there are none")
def no_job_at_all(context: Context) -> None:
    found = context.world.tuning.seen
    context.world.expect(found == [], f"there are {len(found)} jobs")


@then("there is 1 job")
@then("the whole list of jobs has the team's 1 job")
async def one_job(context: Context) -> None:
    found = [job.id for job in await listed(context.world)]
    context.world.expect(found == [context.world.tuning.job.id], f"there are {found}")


@then("the request is refused as retired since 6 January 2027")
def is_retired(context: Context) -> None:
    refusal: Any = context.world.refusal("retired")
    context.world.expect(str(refusal.since) == "2027-01-06", f"it says since {refusal.since}")


@then("the job from before goes on to its end")
async def goes_on(context: Context) -> None:
    job = await finish(context.world)
    context.world.expect(job.status == "succeeded", f"it is {job.status}")


@then("the request is refused because the job has ended")
def has_ended(context: Context) -> None:
    context.world.refusal("conflict")


@then("the request is refused because there is no such job")
def no_such_job(context: Context) -> None:
    refusal = context.world.refusal("not_found")
    context.world.expect(UNKNOWN_JOB in refusal.message, f"the refusal does not name the job: {refusal}")


@then("the request is refused because lines {first:d} and {second:d} are wrong")
def names_both_lines(context: Context, first: int, second: int) -> None:
    said = context.world.refusal("invalid_request").message
    named = [int(number) for number in re.findall(r"\bline (\d+)\b", said)]
    context.world.expect(named == [first, second], f"the refusal names the lines {named}: {said}")


@then("the request is refused because {first:d} examples are not {second:d}")
def names_both_numbers(context: Context, first: int, second: int) -> None:
    """By the words beside them: a number may stand in the file's name, too."""
    said = context.world.refusal("invalid_request").message
    for words in (f" {first} examples", f"at least {second} "):
        context.world.expect(words in said, f"the refusal does not say {words!r}: {said}")


@then("the job has succeeded")
async def has_succeeded(context: Context) -> None:
    job = await finish(context.world)
    context.world.expect(job.status == "succeeded", f"it is {job.status}: {job.failure}")
    context.world.expect(bool(job.tuned_model), "it has no model")


def names_line(text: str, line: int) -> bool:
    """OpenAI counts examples, or lines where there is no example to count."""
    return re.search(rf"\b(?:example|line) {line}\b", text, re.IGNORECASE) is not None


async def expect_failure(world: World) -> str:
    """The job has failed for its training data; OpenAI's words on it."""
    job = await look(world)
    world.expect(job.status == "failed", f"it is {job.status}")
    world.expect(job.failure is not None and job.failure.param == "training_file", f"it tells {job.failure}")
    return job.failure.message if job.failure else ""


@then("the job has failed because of the training data, and OpenAI names line {line:d}")
async def failed_on_line(context: Context, line: int) -> None:
    said = await expect_failure(context.world)
    context.world.expect(names_line(said, line), f"OpenAI does not name line {line}: {said}")


@then("the job has failed because of the training data, and OpenAI names {first:d} and {second:d} examples")
async def failed_on_number(context: Context, first: int, second: int) -> None:
    said = await expect_failure(context.world)
    for words in (f" {first} example(s)", f"at least {second} examples"):
        context.world.expect(words in said, f"OpenAI does not say {words!r}: {said}")


@then("the wait ends with the failure, naming the training file and line {line:d}")
def wait_failed(context: Context, line: int) -> None:
    refusal = context.world.refusal("job_failed")
    context.world.expect("training_file" in refusal.message, f"it does not name the training file: {refusal}")
    context.world.expect(names_line(refusal.message, line), f"it does not name line {line}: {refusal}")


@then("the job has failed in its description, in the list and in its log")
async def failed_everywhere(context: Context) -> None:
    world = context.world
    said = await expect_failure(world)
    job = world.tuning.job
    world.expect(names_line(said, 7), f"its description does not name line 7: {said}")
    found = {one.id: one for one in await listed(world)}.get(job.id)
    same = found is not None and (found.status, found.failure) == ("failed", job.failure)
    world.expect(same, f"described is {job.failure}, listed is {found}")
    wrong = [event.message for event in await log(world) if event.level == "error"]
    world.expect(any(names_line(text, 7) for text in wrong), f"the errors of its log are {wrong}")


async def tuned_models(world: World) -> list[str]:
    async def walk() -> list[str]:
        return [model.id async for model in world.gateway(Provider.OPENAI).models.list() if model.id.startswith("ft:")]

    return await world.sees(walk())


@then("there is no model of it, and it has cost nothing")
async def no_model(context: Context) -> None:
    world = context.world
    job = await look(world)
    world.expect(job.tuned_model is None, f"it has the model {job.tuned_model}")
    world.expect(job.trained_tokens is None, f"it has trained {job.trained_tokens} tokens")
    expect_untold(world, job, "fine_tuned_model", "trained_tokens")
    if world.simulated:
        models = await tuned_models(world)
        world.expect(not models, f"there are {models}")
    calls = [call for call in world.charges() if call.operation == "fine_tuning.create"]
    told = [(call.state, call.cost_usd) for call in calls]
    world.expect(told == [("settled", 0)], f"the ledger has {told}")


@then("the job is cancelled, and its log says so")
async def is_cancelled(context: Context) -> None:
    world = context.world
    job = await look(world)
    world.expect(job.status == "cancelled", f"it is {job.status}")
    said = [event.message for event in await log(world)]
    world.expect(any("cancel" in text.lower() for text in said), f"its log says {said}")


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
        wanted = [size] * (count // size) + [count % size]
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
        begun = (seen.model, seen.training_file, seen.validation_file)
        wanted = (sent["model"], sent["training_file"], sent["validation_file"])
        world.expect(begun == wanted, f"{seen.status}, it trains {begun}, not {wanted}")
        world.expect(seen.created_at == first.created_at, f"{seen.status}, it began at {seen.created_at}")
        world.expect(seen.options == chosen, f"{seen.status}, it tells {seen.options}, not {chosen}")
        numbers = seen.raw["method"]["supervised"]["hyperparameters"]
        world.expect(numbers == sent["method"]["supervised"]["hyperparameters"], f"{seen.status}, it has {numbers}")


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


@then('its log has a line of the level "{level}" that names line {line:d}')
async def error_in_log(context: Context, level: str, line: int) -> None:
    found = [event.message for event in await log(context.world) if event.level == level]
    context.world.expect(any(names_line(text, line) for text in found), f"such lines are {found}")


@then("each option is described as it was chosen")
async def as_chosen(context: Context) -> None:
    world, chosen = context.world, context.world.tuning.options
    assert chosen is not None, "nothing was chosen"
    seen = await look(world)
    for name in ("method", "n_epochs", "batch_size", "learning_rate_multiplier", "seed", "suffix"):
        now, wanted = getattr(seen.options, name), getattr(chosen, name)
        world.expect(now == wanted, f"{name} is {now}, not {wanted}")
    world.expect(dict(seen.metadata) == dict(chosen.metadata), f"it is filed as {dict(seen.metadata)}")
    wanted = job_sent(world)["validation_file"]
    world.expect(seen.validation_file == wanted, f"it checks with {seen.validation_file}, not {wanted}")


@then("the options went along as a method, not in the form of former years")
def as_a_method(context: Context) -> None:
    world, chosen = context.world, context.world.tuning.options
    assert chosen is not None, "nothing was chosen"
    told = job_sent(world)
    world.expect("hyperparameters" not in told, "the options are in the form of former years")
    inner = told["method"]["supervised"]["hyperparameters"]
    wanted = {name: getattr(chosen, name) for name in ("n_epochs", "batch_size", "learning_rate_multiplier")}
    world.expect(inner == wanted, f"the method has {inner}, not {wanted}")


def job_sent(world: World) -> dict[str, Any]:
    """What the latest job was begun with, as it went over the wire."""
    sent = [one for one in world.wire.exchanges if one.method == "POST" and one.path.endswith("/fine_tuning/jobs")]
    world.expect(bool(sent), "no job was sent")
    body: dict[str, Any] = sent[-1].request.json()
    return body


@then("no option is described as chosen")
async def none_chosen(context: Context) -> None:
    seen = await look(context.world)
    told = seen.raw["method"]["supervised"]["hyperparameters"]
    wanted = dict.fromkeys(("n_epochs", "batch_size", "learning_rate_multiplier"), "auto")
    context.world.expect(told == wanted, f"its options are {told}")
    options = seen.options
    chosen = (options.n_epochs, options.batch_size, options.learning_rate_multiplier, options.suffix)
    context.world.expect(chosen == (None,) * 4, f"chosen are {chosen}")


@then('the model\'s name has "{suffix}" in it')
def name_has(context: Context, suffix: str) -> None:
    name = context.world.tuning.job.tuned_model or ""
    context.world.expect(name.split(":")[3:4] == [suffix], f"its name is {name}")


@then("the job has succeeded, and it took as long as training does")
async def took_long(context: Context) -> None:
    world, job = context.world, context.world.tuning.job
    world.expect(job.status == "succeeded", f"it is {job.status}")
    # checking 30, waiting 60, and 50 seconds an epoch: the simulator's own figures
    world.expect(240 <= world.tuning.waited <= 300, f"the wait took {world.tuning.waited:g} seconds")
    world.expect(job.finished_at is not None and job.finished_at > job.created_at, f"it ended at {job.finished_at}")


@then("its model is named after the base, the organisation and the job, and is in the list of models")
async def model_name(context: Context) -> None:
    world, job = context.world, context.world.tuning.job
    name = job.tuned_model or ""
    parts = name.split(":")
    world.expect(len(parts) == 5 and parts[0] == "ft" and bool(parts[2]), f"its name is {name}")
    world.expect(parts[1] == job.model, f"it is named after {parts[1:2]}, not {job.model}")
    world.expect(parts[3:] == ["", job.id[-8:]], f"its name ends with {parts[3:]}, the job is {job.id}")
    world.expect(name in await tuned_models(world), "it is not in the list of models")


@then("its tokens are those of the examples, {epochs:d} times")
async def tokens_times(context: Context, epochs: int) -> None:
    world = context.world
    data = world.training.check(world.fixture(GOOD))
    told = await world.sees(
        desk(world).estimate(data, model=world.tuning_model(), options=TuningOptions(n_epochs=epochs))
    )
    trained = world.tuning.job.trained_tokens
    world.expect(trained == told.tokens * epochs, f"trained were {trained}, not {told.tokens} times {epochs}")


@then("its results are a table with a row for each step")
async def result_table(context: Context) -> None:
    world, job = context.world, context.world.tuning.job
    world.expect(len(job.result_files) == 1, f"it has {len(job.result_files)} results")
    content = await world.sees(world.gateway(Provider.OPENAI).files.content(job.result_files[0]))
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    steps = [event.data["step"] for event in reversed(await log(world)) if event.kind == "metrics"]
    total = max(event.data["total_steps"] for event in await log(world) if event.kind == "metrics")
    told = [int(row["step"]) for row in rows]
    world.expect(told == list(range(1, total + 1)), f"the table has the steps {told}, of {total}")
    world.expect(set(steps) <= set(told), f"the log has the steps {steps}")
    world.expect(all(float(row["train_loss"]) > 0 for row in rows), "a row has no loss")
