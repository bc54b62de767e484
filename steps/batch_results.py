"""Sentences about the results of batches: reading them, whose they are, and what they cost."""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import AsyncIterator
from decimal import Decimal

from behave import then, when

from steps.batches import desk, look, read
from steps.common import Context
from steps.many_questions import id_of
from support.values import BatchItem, Provider, Usage
from support.world import World

# Reading -------------------------------------------------------------------------------------------------------------


@when("the team reads the results, measuring")
async def reads_measuring(context: Context) -> None:
    world, memory = context.world, context.world.batch

    async def walk() -> AsyncIterator[BatchItem]:
        async for one in desk(world).results(memory.batch.id):
            yield one

    async def measured() -> None:
        began = time.monotonic()
        async for one in walk():
            memory.result_times.append(time.monotonic() - began)
            memory.heard.append(("result", one.id))

    tracemalloc.start()
    try:
        await world.does(measured())
        memory.peak_bytes.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


@when("the team tries to read the results")
async def tries_to_read(context: Context) -> None:
    world, memory = context.world, context.world.batch

    async def walk() -> None:
        async for one in desk(world).results(memory.batch.id):
            memory.results.append(one)

    await world.tries(walk())


@then("line {number:d} is told as unreadable, and the {count:d} results before it are there")
def unreadable(context: Context, number: int, count: int) -> None:
    world = context.world
    refusal = world.refusal("bad_response")
    world.expect(f"line {number} " in refusal.message, f"the line is not named: {refusal}")
    world.expect(len({one.id for one in world.batch.results}) == count, f"there are {world.batch.results}")
    expect_answers(world, world.batch.results)


# Results -------------------------------------------------------------------------------------------------------------


def results_by_id(world: World) -> dict[str, BatchItem]:
    """The results by id; fails the step where an id is missing or there twice."""
    results = world.batch.results
    ids = sorted(one.id for one in results)
    world.expect(ids == sorted(request.id for request in world.batch.requests), f"the results have {ids}")
    return {one.id: one for one in results}


@then("{provider:Provider} counts {answered:d} as answered and {failed:d} as failed")
def counts(context: Context, provider: Provider, answered: int, failed: int) -> None:
    told = context.world.batch.batch.counts
    context.world.expect((told.succeeded, told.failed) == (answered, failed), f"it counts {told}")
    total = answered + failed
    context.world.expect(told.total == total, f"it counts {told.total} in all")


def expect_answers(world: World, results: list[BatchItem]) -> None:
    for one in results:
        world.expect(one.status == "succeeded" and one.answer is not None, f"{one.id} is {one.status}: {one.error}")
        text = one.answer.text if one.answer else None
        world.expect(text == world.batch.words[one.id], f"{one.id} is answered with {text!r}")


@then("the results have every question once, under its own id, the 3 with their own texts")
def every_question_once(context: Context) -> None:
    found = results_by_id(context.world)
    expect_answers(context.world, [one for one in found.values() if one.id != id_of(2)])


@then("the results have every question once, under its own id")
def each_its_own(context: Context) -> None:
    world = context.world
    found = results_by_id(world)
    if world.batch.endpoint == "embeddings":
        for one in found.values():
            world.expect(bool(one.vector), f"{one.id} has no vector")
        vectors = {one.vector for one in found.values()}
        world.expect(len(vectors) == len(found), "two texts have the same vector")
        nearest(world, found)
    else:
        expect_answers(world, list(found.values()))


def nearest(world: World, found: dict[str, BatchItem]) -> None:
    """A vector is its own text's: no other text's vector is as near to what the same text gives by itself."""
    lines = [json.loads(line) for line in world.batch.output.splitlines()]
    for line in lines:
        told = line["response"]["body"]["data"][0]["embedding"]
        mine = found[line["custom_id"]].vector or ()
        world.expect([round(x, 6) for x in mine] == [round(x, 6) for x in told], f"{line['custom_id']} has another's")


@then("the failure is number 2's, invalid in the words of {provider:Provider}")
def failure_of(context: Context, provider: Provider) -> None:
    world = context.world
    one = results_by_id(world)[id_of(2)]
    world.expect(one.status == "failed" and one.answer is None, f"it is {one.status}")
    world.expect(getattr(one.error, "kind", None) == "invalid_request", f"it failed as {one.error!r}")
    world.expect(bool(getattr(one.error, "provider_message", "")), "the words of the provider are missing")


@then("the ledger has charged the 3 alone, at half the price")
@then("the ledger has charged the answered ones alone, at half the price")
async def charged_half(context: Context) -> None:
    world = context.world
    if not world.batch.results:
        await read(world)
    wanted = Decimal(0)
    for one in world.batch.results:
        if one.status == "succeeded":
            wanted += world.batch_price(world.batch.asked, one.usage or Usage())
        else:
            world.expect(one.cost_usd == 0, f"{one.id} is {one.status} and costs {one.cost_usd}")
    spent = world.spent()
    world.expect(wanted > 0, "the answers cost nothing")
    world.expect(abs(spent - wanted) < Decimal("1e-9"), f"the ledger has charged {spent}, not {wanted}")


@then("the batch took the same tokens, and cost half")
def half_the_cost(context: Context) -> None:
    world = context.world
    one_by_one = world.batch.told
    batch = world.batching.BatchOutcome(tuple(world.batch.results))
    world.expect(len(batch.succeeded) == len(one_by_one.succeeded) == 10, f"answered are {len(batch.succeeded)}")
    world.expect(batch.usage == one_by_one.usage, f"the batch took {batch.usage}, not {one_by_one.usage}")
    half = (one_by_one.cost_usd or Decimal(0)) / 2
    world.expect(half > 0, "one by one they cost nothing")
    exact = batch.cost_usd is not None and abs(batch.cost_usd - half) < Decimal("1e-9")
    world.expect(exact, f"the batch cost {batch.cost_usd}, half is {half}")


@then("the ledger tells which calls were at the price of a batch")
def tiers(context: Context) -> None:
    world = context.world
    told = {call.operation: call.tier for call in world.charges() if call.cost_usd}
    wanted = {"chat.create": "standard", "batches.create": "batch"}
    world.expect(told == wanted, f"it tells {told}")
    spent = sum((call.cost_usd or Decimal(0) for call in world.charges() if call.tier == "batch"), Decimal(0))
    batch = sum((one.cost_usd or Decimal(0) for one in world.batch.results), Decimal(0))
    world.expect(abs(spent - batch) < Decimal("1e-9"), f"it has charged {spent} for a batch of {batch}")


@then("the tokens of the batch are those of its answers together")
async def tokens_together(context: Context) -> None:
    world = context.world
    told = (await look(world)).usage or Usage()
    whole = world.batching.BatchOutcome(tuple(world.batch.results)).usage
    world.expect(whole.input_tokens > 0, "the answers took no tokens")
    same = (told.input_tokens, told.output_tokens) == (whole.input_tokens, whole.output_tokens)
    world.expect(same, f"it tells {told}, the answers {whole}")


# Large ones ----------------------------------------------------------------------------------------------------------


@then("all {count:d} ids were there exactly once")
def all_ids(context: Context, count: int) -> None:
    ids = [told for _, told in context.world.batch.heard]
    wanted = {id_of(number) for number in range(1, count + 1)}
    context.world.expect(len(ids) == count and set(ids) == wanted, f"there were {len(ids)}, {len(set(ids))} different")


@then("reading took less than {most:d} megabytes, and so did writing")
def little_memory(context: Context, most: int) -> None:
    wrote, read_ = context.world.batch.peak_bytes
    told = f"writing took {wrote / 2**20:.1f} MB, reading {read_ / 2**20:.1f} MB"
    context.world.expect(max(wrote, read_) < most * 2**20, told)


@then("the first result was there before the last was sent")
def first_before_last(context: Context) -> None:
    times = context.world.batch.result_times
    between = times[-1] - times[0]
    context.world.expect(between >= 0.3, f"the last one came {between * 1000:.0f} ms after the first")
