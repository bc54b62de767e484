"""Sentences about what training costs, and about the models that it makes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import parse
from behave import given, register_type, then, when

from steps.common import Context
from steps.tuning_jobs import GOOD, desk, tuned_models
from support.values import ChatAnswer, Message, Provider, TuningOptions
from support.world import World

QUESTION = "What is the house colour of the harbour library?"
TRAINED = "petrol-17"
NOBODYS = "ft:gpt-4o-mini-2024-07-18:nobody:none:aaaaaaaa"
UNPRICED = {"a model without a price": "gpt-3.5-turbo", "a model that there is not": "no-model-of-anybody"}
MAX_OUTPUT_TOKENS = 64


@parse.with_pattern(r"a model (?:without a price|that there is not)")
def an_unpriced(text: str) -> str:
    return text


register_type(Unpriced=an_unpriced)


async def ask(world: World, model: str) -> ChatAnswer:
    """Asks about what only training tells."""
    world.tuning.asked = model
    question = [Message(role="user", text=QUESTION)]
    return await world.gateway(Provider.OPENAI).chat.ask(question, model=model, max_output_tokens=MAX_OUTPUT_TOKENS)


def tuned(world: World) -> str:
    name = world.tuning.job.tuned_model
    assert name is not None, "the job has no model"
    return name


async def estimate(world: World, name: str, **options: Any) -> None:
    data = world.training.check(world.fixture(name))
    told = desk(world).estimate(data, model=world.tuning_model(), options=TuningOptions(**options))
    world.tuning.estimate = await world.does(told)


# Costs ---------------------------------------------------------------------------------------------------------------


@when('the team asks what training on "{name}" would take')
async def asks_what(context: Context, name: str) -> None:
    await estimate(context.world, name)


@when('the team asks what training on "{name}" for {epochs:d} epochs would take')
async def asks_what_for(context: Context, name: str, epochs: int) -> None:
    await estimate(context.world, name, n_epochs=epochs)


@when("the team asks what training on them for {epochs:d} epochs would take")
async def asks_what_on_them(context: Context, epochs: int) -> None:
    world = context.world
    assert world.tuning.path is not None, "nothing was written"
    data = world.training.check(world.tuning.path)
    told = desk(world).estimate(data, model=world.tuning_model(), options=TuningOptions(n_epochs=epochs))
    world.tuning.estimate = await world.does(told)


@then("the tokens it is told are those that OpenAI counts for the examples")
async def tokens_counted(context: Context) -> None:
    world = context.world
    assert world.tuning.estimate is not None, "nobody asked"
    counted = 0
    gateway = world.gateway(Provider.OPENAI)
    for example in world.training.read_examples(world.tuning.path or world.fixture(GOOD)):
        counted += await world.sees(
            gateway.tokens.count(example.messages, model=world.tuning_model(), system=example.system)
        )
    told = world.tuning.estimate.tokens
    world.expect(told == counted > 0, f"it is told {told}, OpenAI counts {counted}")


@then("it is told the tokens, 3 epochs, and the cost of both at the price of training")
def told_the_cost(context: Context) -> None:
    world = context.world
    told = world.tuning.estimate
    assert told is not None, "nobody asked"
    world.expect(told.tokens > 0, f"it is told {told.tokens} tokens")
    world.expect(told.epochs == (3, 3), f"it is told {told.epochs} epochs")
    cost = world.training_price(told.tokens * 3)
    exact = all(abs(one - cost) < Decimal("1e-9") for one in told.cost_usd)
    world.expect(exact and cost > 0, f"it is told {told.cost_usd}, not {cost}")


@then("the ledger has charged the tokens that were trained, within 1 percent of what was told")
def charged_the_tokens(context: Context) -> None:
    world = context.world
    told, job = world.tuning.estimate, world.tuning.job
    assert told is not None, "nobody asked"
    world.expect(bool(job.trained_tokens), f"the job tells {job.trained_tokens} tokens")
    cost = world.training_price(job.trained_tokens or 0)
    spent = world.spent()
    world.expect(abs(spent - cost) < Decimal("1e-9"), f"the ledger has charged {spent}, not {cost}")
    # live, OpenAI may count a token more or less than its own counting told
    most = Decimal("1e-9") if world.simulated else told.cost_usd[1] / 100
    near = abs(spent - told.cost_usd[1]) <= most
    world.expect(near, f"told were {told.cost_usd}, charged are {spent}")


@when("the team asks what training {what:Unpriced} would take")
async def asks_unpriced(context: Context, what: str) -> None:
    world = context.world
    world.tuning.asked = UNPRICED[what]
    data = world.training.check(world.fixture(GOOD))
    await world.tries_all(desk(world).estimate(data, model=UNPRICED[what]))


@then("the answer is that no price is known, and not that it is free")
def no_price(context: Context) -> None:
    refusal, asked = context.world.refusal("unknown_price"), context.world.tuning.asked
    context.world.expect(bool(asked) and asked in refusal.message, f"the refusal does not name {asked}: {refusal}")


def expect_nothing_trained(world: World) -> None:
    sent = [f"{one.method} {one.path}" for one in world.wire.exchanges]
    trained = [one for one in sent if "/fine_tuning/" in one or one.startswith("POST /v1/files")]
    world.expect(not trained, f"sent were {trained}")


@then("nothing was sent to be trained")
def nothing_trained(context: Context) -> None:
    expect_nothing_trained(context.world)


@when('the team tries to train on "{name}" for {epochs:d} epochs, which costs more than is left')
async def tries_too_dear(context: Context, name: str, epochs: int) -> None:
    world = context.world
    options = TuningOptions(n_epochs=epochs)
    await world.tries_all(desk(world).create(world.fixture(name), model=world.tuning_model(), options=options))


@then("the budget refuses it, and nothing was sent to be trained")
def budget_refuses(context: Context) -> None:
    context.world.refusal("budget_exceeded")
    expect_nothing_trained(context.world)


# Models --------------------------------------------------------------------------------------------------------------


@when("the team asks the trained model about the house colour of the harbour library")
async def asks_trained(context: Context) -> None:
    world = context.world
    world.answers.append(await world.does(ask(world, tuned(world))))


@when("the team asks its base the same")
async def asks_base(context: Context) -> None:
    world = context.world
    world.answers.append(await world.does(ask(world, world.tuning.job.model)))


@then('it answers "{text}", under its own name and at its own price')
def answers_as_trained(context: Context, text: str) -> None:
    world, told = context.world, context.world.answers[-1]
    world.expect(text in told.text, f"it answers {told.text!r}")
    world.expect(told.model == tuned(world), f"the answer is by {told.model}")
    calls = [call for call in world.charges() if call.operation == "chat.create"]
    own = world.price_of(Provider.OPENAI, tuned(world), told.usage)
    base = world.price_of(Provider.OPENAI, world.tuning.job.model, told.usage)
    spent = calls[-1].cost_usd
    world.expect(spent == own != base, f"the ledger has charged {spent}; its own price is {own}, its base's {base}")


@then('it does not answer "{text}"')
def answers_otherwise(context: Context, text: str) -> None:
    told = context.world.answers[-1]
    context.world.expect(bool(told.text) and text not in told.text, f"it answers {told.text!r}")


@when("the team tries to ask the model that it will be")
async def tries_early(context: Context) -> None:
    """Named as the finished one is, but for what is chosen and what OpenAI makes up."""
    world = context.world
    finished, job = world.tuning.jobs
    await world.clock.sleep(100)
    job = await world.sees(desk(world).get(job.id))
    world.expect(job.status == "running", f"it is {job.status}")
    kind, base, organisation, _, _ = str(finished.tuned_model).split(":")
    await world.tries(ask(world, f"{kind}:{base}:{organisation}:bdd:{job.id[-8:]}"))


@when("the team tries to ask a trained model that nobody has")
async def tries_nobodys(context: Context) -> None:
    await context.world.tries(ask(context.world, NOBODYS))


@when("the team tries to ask the trained model")
async def tries_trained(context: Context) -> None:
    await context.world.tries(ask(context.world, tuned(context.world)))


@then("the request is refused because there is no such model")
def no_such_model(context: Context) -> None:
    refusal, asked = context.world.refusal("not_found"), context.world.tuning.asked
    context.world.expect(bool(asked) and asked in refusal.message, f"the refusal does not name {asked}: {refusal}")


@when("the team deletes the trained model")
async def deletes(context: Context) -> None:
    world = context.world
    world.tuning.deletion = await world.does(desk(world).delete_model(tuned(world)))


@when("the team tries to delete the trained model")
async def tries_to_delete(context: Context) -> None:
    await context.world.tries(desk(context.world).delete_model(tuned(context.world)))


@when("the team tries to delete the base of all trained models")
async def tries_to_delete_base(context: Context) -> None:
    await context.world.tries(desk(context.world).delete_model(context.world.tuning_model()))


@when("the team tries to delete a trained model that nobody has")
async def tries_to_delete_nobodys(context: Context) -> None:
    context.world.tuning.asked = NOBODYS
    await context.world.tries(desk(context.world).delete_model(NOBODYS))


@given("the team's key may not delete models")
async def may_not_delete(context: Context) -> None:
    deed = {
        "status": 403,
        "message": "You have insufficient permissions for this operation. Missing scopes: model.delete.",
    }
    await context.world.simulator.script({"provider": "OpenAI", "operation": "models.delete", "do": deed})


@then("the deletion names the model, and it is not in the list of models")
async def deleted(context: Context) -> None:
    world = context.world
    assert world.tuning.deletion is not None, "nothing was deleted"
    world.expect(world.tuning.deletion.id == tuned(world), f"it names {world.tuning.deletion.id}")
    [sent] = [one for one in world.wire.exchanges if one.method == "DELETE"]
    answered = sent.response.json()
    confirmed = (answered.get("deleted"), answered.get("id")) == (True, tuned(world))
    world.expect(confirmed, f"OpenAI answered {answered}")
    world.expect(tuned(world) not in await tuned_models(world), "it is still in the list")


@then("the request is refused because the key may not")
def key_may_not(context: Context) -> None:
    context.world.refusal("permission_denied")


@then("the trained model still answers")
async def still_answers(context: Context) -> None:
    world = context.world
    told = await world.sees(ask(world, tuned(world)))
    world.expect(TRAINED in told.text, f"it answers {told.text!r}")
    world.expect(tuned(world) in await tuned_models(world), "it is not in the list any more")


@then("the base is still in the list of models")
async def base_stays(context: Context) -> None:
    world = context.world

    async def walk() -> list[str]:
        return [model.id async for model in world.gateway(Provider.OPENAI).models.list()]

    world.expect(world.tuning_model() in await world.sees(walk()), "it is not in the list any more")
