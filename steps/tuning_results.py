"""Sentences about what a job tells of itself: what it was begun with, how it failed, and what came of it."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal

from behave import then

from steps.common import Context
from steps.tuning_jobs import GOOD, desk, expect_pinned, job_sent, listed, log, look, tuned_models
from steps.tuning_logs import names_line
from support.values import Provider, TuningJob, TuningOptions
from support.world import World

# Its beginning -------------------------------------------------------------------------------------------------------


@then("the job has an id, the model it trains and the training file, and its files are being checked")
def has_begun(context: Context) -> None:
    world, job = context.world, context.world.tuning.job
    world.expect(bool(job.id), "it has no id")
    world.expect(job.raw.get("object") == "fine_tuning.job", f"it is a {job.raw.get('object')}")
    uploaded = [one.response.json()["id"] for one in world.sent() if one.path.endswith("/files")]
    sent = job_sent(world)
    world.expect(sent["model"] == world.tuning_model(), f"sent was {sent['model']}")
    expect_pinned(world, job, sent["model"])
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


# Its options ---------------------------------------------------------------------------------------------------------


@then("the job is described as training by preference, with a beta of {beta:g}")
async def by_preference(context: Context, beta: float) -> None:
    seen = await look(context.world)
    told = (seen.options.method, seen.options.beta)
    context.world.expect(told == ("preference", beta), f"it is described as {told}")
    context.world.expect(seen.raw["method"]["type"] == "dpo", f"OpenAI calls it {seen.raw['method']['type']}")


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


# Its failure ---------------------------------------------------------------------------------------------------------


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
    world.expect(told == [("settled", Decimal(0))], f"the ledger has {told}")


# Its success ---------------------------------------------------------------------------------------------------------


@then("its model is named after the base and the organisation, with an id of its own, and is in the list of models")
async def model_name(context: Context) -> None:
    world, job = context.world, context.world.tuning.job
    name = job.tuned_model or ""
    parts = name.split(":")
    world.expect(len(parts) == 5 and parts[0] == "ft" and bool(parts[2]), f"its name is {name}")
    world.expect(parts[1] == job.model, f"it is named after {parts[1:2]}, not {job.model}")
    own = re.fullmatch(r"[0-9A-Za-z]{8}", parts[4])
    world.expect(parts[3] == "" and own is not None, f"its name ends with {parts[3:]}")
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
    total = max(int(event.data["total_steps"]) for event in await log(world) if event.kind == "metrics")
    told = [int(row["step"]) for row in rows]
    world.expect(told == list(range(1, total + 1)), f"the table has the steps {told}, of {total}")
    world.expect(set(steps) <= set(told), f"the log has the steps {steps}")
    world.expect(all(float(row["train_loss"]) > 0 for row in rows), "a row has no loss")
