"""Sentences about what each provider can do, as the gateway tells it, and whether it is true."""

from __future__ import annotations

from datetime import date

import parse
from behave import register_type, then, when

from steps.common import Context
from support.errors import Retired
from support.values import Provider

NAMES = {
    "files": "files",
    "caches": "caches",
    "vector stores": "vector_stores",
    "embeddings": "embeddings",
    "corpora": "corpora",
    "assistants": "assistants",
    "older assistants": "assistants_v2",
    "batches": "batches",
    "fine-tuning": "fine_tuning",
    "chat": "chat",
    "counting tokens": "tokens",
    "models": "models",
    "vision": "vision",
    "functions": "tools",
    "answers in a form": "json_schema",
    "caching by a key": "automatic_cache",
    "caching by marks": "cache_control",
    "asking over a cache": "explicit_cache",
}
"""What a sentence calls a feature, and what the gateway does."""


@parse.with_pattern("|".join(NAMES))
def a_feature(text: str) -> str:
    return NAMES[text]


@parse.with_pattern(r"\d{4}-\d\d-\d\d")
def a_day(text: str) -> date:
    return date.fromisoformat(text)


register_type(Feature=a_feature, Day=a_day)


@when("the team looks up whether {provider:Provider} can do this: {feature:Feature}")
async def looks_up(context: Context, provider: Provider, feature: str) -> None:
    await context.world.capability(provider, feature)


@when("the team looks up whether {provider:Provider}'s model for vectors can chat")
async def looks_up_chat(context: Context, provider: Provider) -> None:
    world = context.world
    await world.capability(provider, "chat", world.embedding_model(provider))


@when("the team looks up whether {provider:Provider}'s model for chat can make vectors")
async def looks_up_vectors(context: Context, provider: Provider) -> None:
    world = context.world
    await world.capability(provider, "embeddings", world.chat_model(provider))


@when("the team looks up which models of {provider:Provider} can be trained")
async def looks_up_trainable(context: Context, provider: Provider) -> None:
    context.world.several.trainable = await context.world.trainable_models(provider)


def expect_told(context: Context, provider: Provider, answer: str, since: date | None) -> None:
    told = context.world.several.told
    context.world.expect(told.provider is provider, f"it is told of {told.provider}")
    context.world.expect(told.answer == answer, f"it is told: {told.answer}. {told.why}")
    context.world.expect(told.since == since, f"the day that is told is {told.since}")


@then("it is told that {provider:Provider} can")
def can(context: Context, provider: Provider) -> None:
    expect_told(context, provider, "yes", None)


@then("it is told that {provider:Provider} can, until {day:Day}")
def can_until(context: Context, provider: Provider, day: date) -> None:
    expect_told(context, provider, "yes", day)


@then("it is told that {provider:Provider} cannot")
def cannot(context: Context, provider: Provider) -> None:
    expect_told(context, provider, "no", None)
    told = context.world.several.told
    context.world.expect(provider in told.why, f"the reason does not name {provider}: {told.why!r}")


@then("it is told that {provider:Provider} cannot with this model")
def cannot_with_model(context: Context, provider: Provider) -> None:
    expect_told(context, provider, "no", None)
    told = context.world.several.told
    named = told.model is not None and told.model in told.why
    context.world.expect(named, f"the reason does not name {told.model}: {told.why!r}")


@then("it is told that {provider:Provider} could, until {day:Day}")
def could(context: Context, provider: Provider, day: date) -> None:
    expect_told(context, provider, "retired", day)


@then("so it can")
async def so_it_can(context: Context) -> None:
    world = context.world
    await world.does(world.tried_out())
    world.expect(len(world.sent()) > 0, "nothing was sent: that shows nothing")


@then("whoever tries it is refused as unsupported by {provider:Provider}, and nothing is sent")
async def refused(context: Context, provider: Provider) -> None:
    world = context.world
    told = world.several.told
    await world.tries(world.tried_out())
    refusal = world.refusal("unsupported")
    world.expect(refusal.provider is provider, f"the refusal is of {refusal.provider}: {refusal}")
    world.expect(refusal.message == told.why, f"told was {told.why!r}, and the refusal says {refusal.message!r}")
    sent = world.sent()
    world.expect(not sent, f"{len(sent)} requests were sent")


@then("whoever tries it is told that it was retired on {day:Day}, and to use {successor:Word}")
async def retired(context: Context, day: date, successor: str) -> None:
    world = context.world
    await world.tries(world.tried_out())
    refusal = world.refusal("retired")
    assert isinstance(refusal, Retired)
    world.expect(refusal.since == day, f"it is told: {refusal.since}")
    world.expect(refusal.successor == successor, f"it is told to use {refusal.successor}")


@then("the model that is trained here is among them, and none that chats or makes vectors here")
def trainable(context: Context) -> None:
    world = context.world
    found = world.several.trainable
    world.expect(world.tuning_model() in found, f"it is told of {found}")
    others = [*(world.chat_model(one) for one in Provider), *(world.embedding_model(one) for one in Provider)]
    wrong = [model for model in others if model in found]
    world.expect(not wrong, f"it is told of {wrong} too")
