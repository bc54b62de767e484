"""Sentences about asking many questions: in turn or together, within limits, listening, and what it is worth."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

from behave import then, when

from steps.common import Context
from steps.many_questions import OTHER, Broken, id_of, prepare, question, run
from support.values import BatchItem, BatchRequest, Provider
from support.world import World

# Asking --------------------------------------------------------------------------------------------------------------


@when("the team asks them one after the other")
async def asks_in_turn(context: Context) -> None:
    await run(context.world)


@when("the team asks them {count:d} at a time")
async def asks_together(context: Context, count: int) -> None:
    memory = context.world.batch
    calls = context.world.batching.Callbacks(on_result=lambda one: memory.heard.append(("result", one)))
    await run(context.world, concurrency=count, callbacks=calls)


@when("the team asks them one after the other, and waits {count:d} milliseconds for each")
async def asks_with_little_patience(context: Context, count: int) -> None:
    await run(context.world, item_timeout=timedelta(milliseconds=count))


@when("the team asks them one after the other, for {count:d} milliseconds in all")
async def asks_for_so_long(context: Context, count: int) -> None:
    await run(context.world, deadline=timedelta(milliseconds=count))


@when("the team tries to ask them for {seconds:d} seconds in all")
async def tries_for_so_long(context: Context, seconds: int) -> None:
    await attempt(context.world, context.world.batch.requests, deadline=timedelta(seconds=seconds))


async def attempt(world: World, requests: list[BatchRequest], **options: Any) -> None:
    """Asks what should be refused."""

    async def asked() -> Any:
        ask = world.batching.asking(world.gateway(world.batch.asked))
        return await world.batching.CallerBatch(ask, requests, clock=world.clock, **options).outcome()

    await world.tries(asked())


@when("the team tries to ask {provider:Provider} no questions")
async def tries_none(context: Context, provider: Provider) -> None:
    context.world.batch.provider = provider
    await attempt(context.world, [])


@when("the team tries to ask {provider:Provider} two questions under one id")
async def tries_twice(context: Context, provider: Provider) -> None:
    world = context.world
    prepare(world, provider, 2)
    await attempt(world, [request.model_copy(update={"id": "same"}) for request in world.batch.requests])


@when("the team asks them {count:d} at a time, and another provider meanwhile")
async def asks_two(context: Context, count: int) -> None:
    world, memory = context.world, context.world.batch
    limiters = world.batching.Limiters(world.clock)
    other = OTHER[memory.asked]
    others = world.batching.CallerBatch(
        world.batching.asking(world.gateway(other)),
        [question(world, other, number) for number in range(1, 7)],
        clock=world.clock,
        limiter=limiters.of(other),
    )

    async def both() -> None:
        _, memory.others = await asyncio.gather(
            run(world, concurrency=count, limiter=limiters.of(memory.asked)), others.outcome()
        )

    await world.does(both())


@when("the team asks them {count:d} at a time, {rate:d} a minute")
async def asks_slowly(context: Context, count: int, rate: int) -> None:
    world = context.world
    await run(world, concurrency=count, limiter=world.batching.Limiter(world.clock, per_minute=rate))


@when("the team asks them {count:d} at a time, {rate:d} a minute, and another provider without a limit")
async def asks_slowly_beside(context: Context, count: int, rate: int) -> None:
    world, memory = context.world, context.world.batch
    other = OTHER[memory.asked]
    limiters = world.batching.Limiters(world.clock, {memory.asked: rate})

    async def beside() -> None:
        memory.others = await world.batching.CallerBatch(
            world.batching.asking(world.gateway(other)),
            [question(world, other, number) for number in range(1, 13)],
            clock=world.clock,
            limiter=limiters.of(other),
        ).outcome()
        memory.others_ended = await world.clock.now()

    async def both() -> None:
        await asyncio.gather(run(world, concurrency=count, limiter=limiters.of(memory.asked)), beside())

    await world.does(both())


def listening(world: World) -> Any:
    """Callbacks that remember all they hear, and of what."""
    heard = world.batch.heard

    def note(of_what: str) -> Any:
        return lambda told: heard.append((of_what, told))

    return world.batching.Callbacks(
        on_result=note("result"), on_error=note("error"), on_progress=note("progress"), on_complete=note("complete")
    )


@when("the team asks them one after the other, listening")
async def asks_listening(context: Context) -> None:
    await run(context.world, callbacks=listening(context.world))


@when("the team asks them one after the other, with a listener that breaks at number {number:d}")
async def asks_with_a_broken_listener(context: Context, number: int) -> None:
    def hear(one: BatchItem) -> None:
        if one.id == id_of(number):
            raise Broken("this listener breaks")

    try:
        await run(context.world, callbacks=context.world.batching.Callbacks(on_result=hear))
    except Broken as failure:
        raise AssertionError("the broken listener has ended the run") from failure


@when("the team asks them one after the other, listening, and stops after {count:d}")
async def asks_and_stops(context: Context, count: int) -> None:
    world, memory = context.world, context.world.batch
    batch = world.batching.CallerBatch(
        world.batching.asking(world.gateway(memory.asked)),
        memory.requests,
        clock=world.clock,
        callbacks=listening(world),
    )

    async def some() -> Any:
        seen = 0
        async for _ in batch:
            seen += 1
            if seen == count:
                batch.cancel()
        return await batch.outcome()

    memory.outcome = await world.does(some())


@when("the team asks them one after the other, and looks after {count:d}")
async def asks_and_looks(context: Context, count: int) -> None:
    world, memory = context.world, context.world.batch
    batch = world.batching.CallerBatch(
        world.batching.asking(world.gateway(memory.asked)), memory.requests, clock=world.clock
    )

    async def looking() -> Any:
        seen = 0
        async for _ in batch:
            seen += 1
            if seen == count:
                memory.halfway = batch.partial()
        return await batch.outcome()

    memory.outcome = await world.does(looking())


@when("the team has them made into vectors, one after the other")
async def asks_for_vectors(context: Context) -> None:
    await run(context.world)


@when("the team insists that all be answered")
def insists(context: Context) -> None:
    try:
        context.world.batch.told.raise_on_error()
    except context.world.batching.BatchFailed as failure:
        context.world.batch.failure = failure


@when("the team compares asking {count:d} at a time with one after the other")
async def compares(context: Context, count: int) -> None:
    world, memory = context.world, context.world.batch
    memory.comparison = await world.does(
        world.batching.measure(
            world.batching.asking(world.gateway(memory.asked)), memory.requests, clock=world.clock, concurrency=count
        )
    )


# Comparing -----------------------------------------------------------------------------------------------------------


@then("it was at least {times:g} times faster, with the same tokens and the same cost")
def faster(context: Context, times: float) -> None:
    world = context.world
    told: Any = world.batch.comparison
    world.expect(told.speedup is not None and told.speedup >= times, f"it was {told.speedup} times faster")
    one, many = told.sequential.figures, told.concurrent.figures
    tokens = [(arm.input_tokens, arm.output_tokens) for arm in (one, many)]
    world.expect(tokens[0] == tokens[1], f"the tokens are {tokens}")
    world.expect(one.cost_usd == many.cost_usd, f"the costs are {one.cost_usd} and {many.cost_usd}")


@then("the report's figures are those of the calls")
def figures_agree(context: Context) -> None:
    world = context.world
    told: Any = world.batch.comparison
    calls = [call for call in world.charges() if call.operation == "chat.create"]
    arms = (told.sequential, told.concurrent)
    world.expect(sum(arm.n for arm in arms) == len(calls), f"it counts {[arm.n for arm in arms]} of {len(calls)} calls")
    spent = sum((arm.figures.cost_usd for arm in arms), Decimal(0))
    world.expect(abs(spent - world.spent()) < Decimal("1e-9"), f"it tells {spent}, the ledger {world.spent()}")
    tokens = sum(arm.figures.input_tokens + arm.figures.output_tokens for arm in arms)
    counted = sum(call.usage.input_tokens + call.usage.output_tokens for call in calls)
    world.expect(tokens == counted, f"it tells {tokens} tokens, the ledger {counted}")
    for arm in arms:
        world.expect(0 < arm.figures.p50_seconds <= arm.figures.p95_seconds <= arm.wall_seconds, f"{arm.figures}")
        rate = (arm.figures.input_tokens + arm.figures.output_tokens) / arm.wall_seconds
        world.expect(abs(arm.figures.tokens_per_second - rate) < 0.01 * rate, f"it tells {arm.figures}")


@then("the comparison says that it failed, and gives no speed")
def no_speed(context: Context) -> None:
    told: Any = context.world.batch.comparison
    context.world.expect(told.speedup is None, f"it tells of {told.speedup} times")
    for arm in (told.sequential, told.concurrent):
        context.world.expect(arm.n == 0 and arm.figures is None, f"{arm.name} counts {arm.n} and tells {arm.figures}")
        context.world.expect(len(arm.failures) == len(context.world.batch.requests), f"it names {arm.failures}")
