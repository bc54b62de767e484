"""Sentences about batches that go on where they stopped: what is asked again, and what a journal saves."""

from __future__ import annotations

from typing import Any

from behave import then, when

from steps.common import Context
from steps.many_answers import item, numbers_sent
from steps.many_questions import expect_answered, question, run
from support.values import BatchItem, BatchRequest
from support.world import World


def ask_again(world: World) -> Any:
    """How the rest is asked: one after the other."""
    ask = world.batching.asking(world.gateway(world.batch.asked))

    def again(requests: list[BatchRequest]) -> Any:
        return world.batching.CallerBatch(ask, requests, clock=world.clock)

    return again


async def resume(world: World, **options: Any) -> None:
    memory = world.batch
    memory.halfway = memory.told.items
    resumed = world.batching.resume(memory.told.items, memory.requests, ask_again(world), **options)
    memory.outcome = await world.does(resumed)


@when("the team has the rest asked again")
async def rest_again(context: Context) -> None:
    await resume(context.world)


@when("the team has the rest asked again, with number {number:d} corrected")
async def rest_corrected(context: Context, number: int) -> None:
    world = context.world
    await resume(world, corrected=[question(world, world.batch.asked, number)])


@then("number {first:d} and number {second:d} were asked again, and no other")
def asked_again(context: Context, first: int, second: int) -> None:
    sent = numbers_sent(context.world)
    context.world.expect(sorted(set(sent)) == [first, second] and len(sent) == 2, f"asked again were {sent}")


@then("number {number:d} was asked again, and no other")
def one_asked_again(context: Context, number: int) -> None:
    sent = numbers_sent(context.world)
    context.world.expect(sent == [number], f"asked again were {sent}")


@then("every question is there once, and number {first:d} and {second:d} tell of both attempts")
def there_once(context: Context, first: int, second: int) -> None:
    world = context.world
    ids = [one.id for one in world.batch.told.items]
    world.expect(ids == [request.id for request in world.batch.requests], f"there are {ids}")
    before = {one.id: one.attempts for one in world.batch.halfway}
    for number in (first, second):
        one = item(world, number)
        expect_answered(world, [one])
        wanted = before[one.id] + 1
        world.expect(one.attempts == wanted >= 2, f"{one.id} tells of {one.attempts} attempts, not {wanted}")


# Journals ------------------------------------------------------------------------------------------------------------


@when("the team asks them one after the other, with a journal, and stops after {count:d}")
async def asks_with_journal(context: Context, count: int) -> None:
    world, memory = context.world, context.world.batch
    memory.journal = world.scratch() / "journal.jsonl"

    async def some() -> None:
        with world.batching.RunJournal(memory.journal) as journal:
            ask = world.batching.asking(world.gateway(memory.asked))
            batch = world.batching.CallerBatch(ask, memory.requests, clock=world.clock, journal=journal)
            seen = 0
            async for _ in batch:
                seen += 1
                if seen == count:
                    batch.cancel()

    await world.does(some())


@when("another run goes on with the journal, and knows nothing else")
async def goes_on(context: Context) -> None:
    world, memory = context.world, context.world.batch
    with world.batching.RunJournal(memory.journal) as journal:
        await run(world, list(memory.requests), journal=journal)


@then("only number {first:d} and number {second:d} were asked")
def only_these(context: Context, first: int, second: int) -> None:
    sent = numbers_sent(context.world)
    context.world.expect(sent == [first, second], f"asked were {sent}")


@then("every question is there once, with its answer")
def once_with_answer(context: Context) -> None:
    world, told = context.world, context.world.batch.told
    ids = [one.id for one in told.items]
    world.expect(ids == [request.id for request in world.batch.requests], f"there are {ids}")
    for one in told.items:
        world.expect(one.status == "succeeded" and one.answer is not None, f"{one.id} is {one.status}")
        text = one.answer.text if one.answer else None
        world.expect(text == world.batch.words[one.id], f"{one.id} is answered with {text!r}")


@when("the team hands them over as a batch, with a journal, and loses all but that")
async def hands_over_with_journal(context: Context) -> None:
    world, memory = context.world, context.world.batch
    memory.journal = world.scratch() / "journal.jsonl"
    with world.batching.RunJournal(memory.journal) as journal:
        batches = world.gateway(memory.asked).batches
        await world.does(world.batching.submit_or_resume(batches, memory.requests, journal))


@when("another connection goes on with the journal, and collects")
async def collects(context: Context) -> None:
    world, memory = context.world, context.world.batch

    async def walk() -> list[BatchItem]:
        fresh = world.open_gateway(memory.asked, None).batches
        with world.batching.RunJournal(memory.journal) as journal:
            return [one async for one in world.batching.collected(fresh, memory.requests, journal)]

    memory.results = await world.does(walk())


@then("it has an answer for each question, and only 1 batch was ever made")
def only_one_batch(context: Context) -> None:
    world = context.world
    found = {one.id: one for one in world.batch.results}
    world.expect(sorted(found) == sorted(request.id for request in world.batch.requests), f"it has {sorted(found)}")
    for id_, one in found.items():
        text = one.answer.text if one.answer else None
        world.expect(text == world.batch.words[id_], f"{id_} is answered with {text!r}")
    world.expect(len(found) == len(world.batch.results), f"it has {len(world.batch.results)} results")
    creates = [call for call in world.charges() if call.operation == "batches.create"]
    world.expect(len(creates) == 1, f"{len(creates)} batches were made")


@then("nothing was paid for twice")
def paid_once(context: Context) -> None:
    world = context.world
    most = sum((call.reserved_usd for call in world.charges() if call.operation == "batches.create"), start=0)
    paid = [call for call in world.charges() if call.reserved_usd]
    world.expect(len(paid) == 1 and most > 0, f"{len(paid)} calls were paid for: {[call.operation for call in paid]}")
