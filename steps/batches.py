"""Sentences about batches that a provider works on: handing them over, waiting, looking and cancelling."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import parse
from behave import given, register_type, when

from steps.common import Context
from steps.many_questions import id_of, prepare, word_of
from support.values import BATCH_ENDED, BatchItem, BatchRequest, Message, Provider, ProviderBatch, Usage
from support.world import World

UNKNOWN = {
    Provider.OPENAI: "batch_6a85c08a63188190982c56b42faa4ff5",
    Provider.ANTHROPIC: "msgbatch_01GUqGVJfUzZfBnjRymfPdV3",
    Provider.GEMINI: "batches/gpv3pjje0g931jdhnalwqk9sv4pbqgjlqhi9",
}
"""Ids of the right form that nobody has."""
WAYS = {"responses": "responses", "texts as vectors": "embeddings", "questions": "chat"}


@parse.with_pattern(r"\d+ (?:questions|bytes)")
def an_amount(text: str) -> tuple[int, str]:
    number, unit = text.split()
    return int(number), unit


LOST = {"the end of the last line": 1, "half of the last line": 40}
"""Bytes at the end of the results."""


@parse.with_pattern("|".join(LOST))
def a_loss(text: str) -> int:
    return LOST[text]


register_type(Amount=an_amount, Lost=a_loss)


def desk(world: World) -> Any:
    """The provider's batches."""
    return world.gateway(world.batch.asked).batches


async def hand_over(world: World, requests: Any = None, **options: Any) -> ProviderBatch:
    """Hands the questions over, and remembers the batch."""
    memory = world.batch
    given_ = memory.requests if requests is None else requests
    batch: ProviderBatch = await world.does(desk(world).submit(given_, endpoint=memory.endpoint, **options))
    memory.batches.append(batch)
    return batch


async def look(world: World) -> ProviderBatch:
    """Looks at the batch and remembers how it was."""
    memory = world.batch
    memory.batches[-1] = await world.sees(desk(world).get(memory.batch.id))
    memory.seen.append(memory.batch)
    return memory.batch


async def wait(world: World, **options: Any) -> None:
    memory = world.batch
    memory.batches[-1] = await world.does(desk(world).wait(memory.batch.id, **options))


async def read(world: World) -> list[BatchItem]:
    """Reads the results of the batch, once."""
    memory = world.batch

    async def walk() -> list[BatchItem]:
        return [one async for one in desk(world).results(memory.batch.id)]

    memory.results = await world.does(walk())
    return memory.results


def numbered(world: World, provider: Provider, count: int) -> Iterator[BatchRequest]:
    """Short questions, made one by one as they are needed."""
    model = world.chat_model(provider)
    for number in range(1, count + 1):
        text = Message(role="user", text=f"Say {number}.")
        yield BatchRequest(id=id_of(number), messages=(text,), model=model, max_output_tokens=16)


# Given ---------------------------------------------------------------------------------------------------------------


@given("{count:d} questions for two models of OpenAI")
def for_two_models(context: Context, count: int) -> None:
    world = context.world
    prepare(world, Provider.OPENAI, count)
    other = world.other_chat_model(Provider.OPENAI)
    world.batch.requests[1::2] = [request.model_copy(update={"model": other}) for request in world.batch.requests[1::2]]


@given("{count:d} {what} for OpenAI, to be handed over")
def of_a_kind(context: Context, count: int, what: str) -> None:
    world, memory = context.world, context.world.batch
    prepare(world, Provider.OPENAI, count)
    memory.endpoint = WAYS[what]
    if memory.endpoint == "embeddings":
        model = world.embedding_model(Provider.OPENAI)
        memory.requests = [
            BatchRequest(id=id_of(number), text=word_of(number), model=model) for number in range(1, count + 1)
        ]


@given("batches at {provider:Provider} take {days:d} days")
async def take_days(context: Context, provider: Provider, days: int) -> None:
    await context.world.simulator.set_durations(batches__running=days * 86400.0)


@when("{provider:Provider} holds back the second half of the results")
async def holds_back(context: Context, provider: Provider) -> None:
    operation = "files.content" if provider is Provider.OPENAI else "batches.results"
    deed = {"hold_tail_ms": 600}
    await context.world.simulator.script({"provider": provider, "operation": operation, "do": deed})


@when("{provider:Provider} loses {count:Lost} of the results")
async def loses_the_end(context: Context, provider: Provider, count: int) -> None:
    operation = "files.content" if provider is Provider.OPENAI else "batches.results"
    deed = {"lose_tail_bytes": count}
    await context.world.simulator.script({"provider": provider, "operation": operation, "do": deed})


# Handing over --------------------------------------------------------------------------------------------------------


@when("the team hands them over as a batch")
async def hands_over(context: Context) -> None:
    await hand_over(context.world)


@when("the team hands them over as a batch, and waits")
async def hands_over_and_waits(context: Context) -> None:
    await hand_over(context.world)
    await wait(context.world)
    await read(context.world)


@when("the team waits for the batch")
async def waits(context: Context) -> None:
    await wait(context.world)


@when("the team hands it over as a batch, {count:d} times")
async def hands_over_often(context: Context, count: int) -> None:
    for number in range(count):
        if number:
            await context.world.clock.sleep(1)
        await hand_over(context.world)


@when("the team hands them over as batches, grouped by model")
async def hands_over_by_model(context: Context) -> None:
    world, memory = context.world, context.world.batch
    memory.groups = world.batching.by_model(memory.requests)
    for group in memory.groups:
        await hand_over(world, group)


@when("the team hands them over as a batch, and looks every {seconds:d} seconds until it has ended")
async def follows(context: Context, seconds: int) -> None:
    world, memory = context.world, context.world.batch
    memory.seen.append(await hand_over(world))

    while True:
        seen = await look(world)
        progress = await world.sees(told_progress(world, seen))
        memory.progress.append(progress)
        if seen.status in BATCH_ENDED:
            break
        world.expect(len(memory.seen) < 200, "it does not end")
        await world.clock.sleep(seconds)
    await read(world)


async def told_progress(world: World, batch: ProviderBatch) -> Any:
    """The progress that waiting for the batch would tell now."""
    heard: list[Any] = []
    try:
        await desk(world).wait(batch.id, timeout=timedelta(0), on_progress=heard.append)
    except Exception as late:
        if getattr(late, "kind", None) != "wait_timeout":
            raise
    return heard[-1]


@when("the team hands them over as a batch, and cancels it {seconds:d} seconds later")
async def cancels(context: Context, seconds: int) -> None:
    world, memory = context.world, context.world.batch
    await hand_over(world)
    await world.clock.sleep(seconds)
    memory.batches[-1] = await world.does(desk(world).cancel(memory.batch.id))


@when("the team hands them over as a batch, and looks at it {hours:d} hours later")
async def looks_late(context: Context, hours: int) -> None:
    world = context.world
    await hand_over(world)
    await world.clock.sleep(hours * 3600)
    await look(world)
    await read(world)


@when("the team tries to cancel the batch")
async def tries_to_cancel(context: Context) -> None:
    context.world.batch.seen.append(context.world.batch.batch)
    await context.world.tries(desk(context.world).cancel(context.world.batch.batch.id))


@when("the team tries to look at a batch at {provider:Provider} that nobody handed over")
async def tries_to_look(context: Context, provider: Provider) -> None:
    await context.world.tries(context.world.gateway(provider).batches.get(UNKNOWN[provider]))


@when("the team waits {seconds:d} seconds for the batch")
async def waits_a_little(context: Context, seconds: int) -> None:
    world = context.world
    await world.tries(
        desk(world).wait(world.batch.batch.id, timeout=timedelta(seconds=seconds), every=timedelta(seconds=1))
    )


@when("the team hands over {count:d} short questions to {provider:Provider}, written as they are needed")
async def hands_so_many(context: Context, count: int, provider: Provider) -> None:
    world = context.world
    world.batch.provider = provider
    desk(world)  # the SDK and the prices are loaded once, and are no part of what a batch takes
    world.batch_price(provider, Usage())
    tracemalloc.start()
    try:
        await hand_over(world, numbered(world, provider, count))
        world.batch.peak_bytes.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
