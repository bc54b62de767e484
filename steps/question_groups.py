"""Sentences about many questions that are put into groups by their size."""

from __future__ import annotations

from typing import Any

from behave import given, then, when

from steps.common import Context
from steps.many_questions import expect_answered, prepare, run
from support.values import BatchRequest, Message, Provider


@given("ten questions of known sizes")
def questions_of_sizes(context: Context) -> None:
    prepare(context.world, Provider.OPENAI, 10)


SIZES = (400, 300, 300, 500, 600, 1500, 100, 900, 50, 50)


@when("the team groups them with {budget:d} tokens a group")
def groups_by_tokens(context: Context, budget: int) -> None:
    world = context.world
    sizes = dict(zip([request.id for request in world.batch.requests], SIZES, strict=True))
    world.batch.token_groups = world.batching.by_tokens(world.batch.requests, budget=budget, sizes=sizes)


@then("no group has more, but for a question that has 1500 by itself, and none could take the next")
def groups_are(context: Context) -> None:
    groups = context.world.batch.token_groups
    told = [[SIZES[int(request.id.split("-")[1]) - 1] for request in group.requests] for group in groups]
    wanted = [[400, 300, 300], [500], [600], [1500], [100, 900], [50, 50]]
    context.world.expect(told == wanted, f"the groups are of {told}")
    above = [group.tokens for group in groups if group.over_budget]
    context.world.expect(above == [1500], f"above the budget are {above}")


@then("every question is in one group, in its order")
def each_in_one(context: Context) -> None:
    world = context.world
    ids = [request.id for group in world.batch.token_groups for request in group.requests]
    world.expect(ids == [request.id for request in world.batch.requests], f"the groups have {ids}")


@when("the team asks them in groups of its own, 2 by 2")
async def asks_in_groups(context: Context) -> None:
    world, memory = context.world, context.world.batch

    def pairs(requests: Any) -> Any:
        memory.heard.append(("grouper", len(requests)))
        return [requests[::2], requests[1::2]]

    memory.groups = world.batching.grouped(memory.requests, pairs)
    for group in memory.groups:
        await run(world, list(group))
        memory.results += memory.told.items


@then("its own grouping was used, and all are answered")
def own_grouping(context: Context) -> None:
    world, memory = context.world, context.world.batch
    world.expect(
        memory.heard == [("grouper", len(memory.requests))], f"its grouping was called {len(memory.heard)} times"
    )
    asked = [[request.id for request in group] for group in memory.groups]
    ids = [request.id for request in memory.requests]
    world.expect(asked == [ids[::2], ids[1::2]], f"asked were {asked}")
    expect_answered(world, memory.results)


STRANGE = BatchRequest(id="nobody-gave-this", messages=(Message(role="user", text="Hello?"),), model="none")
FAULTS = {
    "loses a question": lambda requests: [requests[1:]],
    "repeats a question": lambda requests: [requests, requests[:1]],
    "makes up a question": lambda requests: [[*requests, STRANGE]],
}


@when("the team tries a grouping that {fault}")
async def tries_a_grouping(context: Context, fault: str) -> None:
    world = context.world

    async def group() -> None:
        world.batching.grouped(world.batch.requests, FAULTS[fault])

    await world.tries(group())
