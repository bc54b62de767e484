"""Sentences about starting jobs of training, and what all sentences about jobs look with."""

from __future__ import annotations

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


async def tuned_models(world: World) -> list[str]:
    async def walk() -> list[str]:
        return [model.id async for model in world.gateway(Provider.OPENAI).models.list() if model.id.startswith("ft:")]

    return await world.sees(walk())


def job_sent(world: World) -> dict[str, Any]:
    """What the latest job was begun with, as it went over the wire."""
    sent = [one for one in world.wire.exchanges if one.method == "POST" and one.path.endswith("/fine_tuning/jobs")]
    world.expect(bool(sent), "no job was sent")
    body: dict[str, Any] = sent[-1].request.json()
    return body


def expect_pinned(world: World, job: TuningJob, model: str) -> None:
    """OpenAI trains the model that was asked for, and says which edition of it: its name is followed by a day alone."""
    same = re.fullmatch(rf"{re.escape(model)}-\d{{4}}-\d{{2}}-\d{{2}}", job.model)
    world.expect(same is not None, f"it trains {job.model}, not {model} of some day")


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
    await try_to_start(context.world, options=TuningOptions(**{option: given_}))
