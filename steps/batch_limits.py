"""Sentences about what a provider takes in a batch, and what is refused before anything is sent."""

from __future__ import annotations

from typing import Any

from behave import then, when

from steps.batches import desk, hand_over, numbered
from steps.common import Context
from steps.many_questions import id_of, prepare, question
from support.values import BatchRequest, Provider
from support.world import World

# Handing over --------------------------------------------------------------------------------------------------------


async def try_to_hand_over(world: World, provider: Provider, requests: Any, **options: Any) -> None:
    """Hands over what should be refused; what is taken all the same is remembered."""
    world.batch.provider = provider
    made = await world.tries(desk(world).submit(requests, **options))
    if made is not None:
        world.batch.batches.append(made)


@when("the team tries to hand {provider:Provider} no questions")
async def tries_none(context: Context, provider: Provider) -> None:
    await try_to_hand_over(context.world, provider, [])


def under_one_id(world: World, provider: Provider) -> list[BatchRequest]:
    prepare(world, provider, 2)
    return [request.model_copy(update={"id": "same"}) for request in world.batch.requests]


@when("the team tries to hand {provider:Provider} two questions under one id")
async def tries_twice(context: Context, provider: Provider) -> None:
    await try_to_hand_over(context.world, provider, under_one_id(context.world, provider))


@when("the team hands OpenAI two questions under one id, unchecked")
async def hands_twice(context: Context) -> None:
    await hand_over(context.world, under_one_id(context.world, Provider.OPENAI), preflight=False)


@when("the team tries to hand over {count:d} short questions to {provider:Provider}")
async def tries_so_many(context: Context, count: int, provider: Provider) -> None:
    await try_to_hand_over(context.world, provider, numbered(context.world, provider, count))


@when("the team hands over {count:d} short questions to {provider:Provider}, unchecked")
async def hands_so_many_unchecked(context: Context, count: int, provider: Provider) -> None:
    context.world.batch.provider = provider
    await hand_over(context.world, numbered(context.world, provider, count), preflight=False)


@when("the team tries to hand over questions to OpenAI that are to be answered in 48 hours")
async def tries_two_days(context: Context) -> None:
    prepare(context.world, Provider.OPENAI, 2)
    await try_to_hand_over(context.world, Provider.OPENAI, context.world.batch.requests, completion_window="48h")


@when('the team tries to hand Anthropic a question under the id "{id}"')
async def tries_an_id(context: Context, id: str) -> None:
    strange = question(context.world, Provider.ANTHROPIC, 1).model_copy(update={"id": id})
    await try_to_hand_over(context.world, Provider.ANTHROPIC, [strange])


@when('the team tries to hand Anthropic a question under the id "{id}", unchecked')
async def tries_an_id_unchecked(context: Context, id: str) -> None:
    strange = question(context.world, Provider.ANTHROPIC, 1).model_copy(update={"id": id})
    await try_to_hand_over(context.world, Provider.ANTHROPIC, [strange], preflight=False)


@when("the team splits {count:d} questions into batches that {provider:Provider} takes")
def splits(context: Context, count: int, provider: Provider) -> None:
    world = context.world
    most = world.batch_limits(provider).max_requests
    world.batch.groups = list(world.batching.by_number(numbered(world, provider, count), most))


# Limits --------------------------------------------------------------------------------------------------------------


async def check(world: World, amount: tuple[int, str], provider: Provider) -> None:
    """What is checked of a batch of so many questions, or bytes, before anything is sent."""
    number, unit = amount
    checks = world.batch_checks
    (checks.check_number if unit == "questions" else checks.check_size)(provider, number)


@then("a batch of {most:Amount} for {provider:Provider} is within the limits")
async def within_limits(context: Context, most: tuple[int, str], provider: Provider) -> None:
    await context.world.does(check(context.world, most, provider))


@then("one of {more:Amount} for {provider:Provider} is not, and the refusal names {most:Amount}")
async def not_within(context: Context, more: tuple[int, str], provider: Provider, most: tuple[int, str]) -> None:
    world = context.world
    await world.tries(check(world, more, provider))
    said = world.refusal("limit_exceeded").message.replace(",", "")
    world.expect(str(most[0]) in said, f"the refusal does not name {most[0]}: {said}")


@then("the request is refused as over the limit, naming {most:d} and {more:d}")
def over_the_limit(context: Context, most: int, more: int) -> None:
    said = context.world.refusal("limit_exceeded").message.replace(",", "")
    for number in (most, more):
        context.world.expect(str(number) in said, f"the refusal does not name {number}: {said}")


@then("the batch has failed because it has too many questions")
def too_many(context: Context) -> None:
    batch = context.world.batch.batch
    context.world.expect(batch.status == "failed", f"it is {batch.status}")
    codes = [fault.code for fault in batch.faults]
    context.world.expect("too_many_tasks" in codes, f"it tells of {codes}")


@then("the batch has failed because of the id on line 2")
def failed_on_a_line(context: Context) -> None:
    batch = context.world.batch.batch
    context.world.expect(batch.status == "failed", f"it is {batch.status}")
    told = [(fault.code, fault.line) for fault in batch.faults]
    context.world.expect(told == [("duplicate_custom_id", 2)], f"it tells of {told}")


@then("there are 2 parts, of {first:d} and {second:d}")
def parts(context: Context, first: int, second: int) -> None:
    sizes = [len(group) for group in context.world.batch.groups]
    context.world.expect(sizes == [first, second], f"the parts have {sizes}")


@then("each of the {count:d} questions is in exactly one of them")
def in_one_part(context: Context, count: int) -> None:
    ids = [request.id for group in context.world.batch.groups for request in group]
    context.world.expect(
        ids == [id_of(number) for number in range(1, count + 1)], f"the parts have {len(ids)} questions"
    )


@then("there are 2 batches at OpenAI, each for one model")
def two_batches(context: Context) -> None:
    world = context.world
    ids = {batch.id for batch in world.batch.batches}
    world.expect(len(ids) == 2, f"there are {len(ids)}")
    for group in world.batch.groups:
        models = {request.model for request in group}
        world.expect(len(models) == 1, f"a batch is for {models}")


@then("each question is in one of them")
def each_in_one(context: Context) -> None:
    world = context.world
    ids = sorted(request.id for group in world.batch.groups for request in group)
    world.expect(ids == [request.id for request in world.batch.requests], f"they have {ids}")


@when("the team looks up what {provider:Provider} takes in a batch")
def looks_up(context: Context, provider: Provider) -> None:
    context.world.batch.provider = provider


@then("it is told: {limits}")
def limits_are(context: Context, limits: str) -> None:
    told = context.world.batch_limits(context.world.batch.asked)
    said = []
    if told.max_requests:
        said.append(f"{told.max_requests} questions")
    said.append(f"{told.max_bytes} bytes")
    if getattr(told, "inline_bytes", None):
        said.append(f"{told.inline_bytes} bytes without a file")
    if told.max_id_characters:
        said.append(f"ids of {told.max_id_characters} characters")
    if told.one_model:
        said.append("one model")
    said.append(f"{told.window_hours} hours")
    if told.result_days:
        said.append(f"results for {told.result_days} days")
    context.world.expect(", ".join(said) == limits, f"they are {', '.join(said)}")
