"""Sentences about batches that a provider works on: handing over, following, results, costs, and what is not taken."""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import parse
from behave import given, register_type, then, when

from steps.common import Context
from steps.many_questions import id_of, prepare, question, word_of
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


# Following -----------------------------------------------------------------------------------------------------------


def states(world: World) -> list[str]:
    """The states in which the batch was seen, each once in a row."""
    found: list[str] = []
    for batch in world.batch.seen:
        if not found or found[-1] != batch.status:
            found.append(batch.status)
    return found


@then("it was seen validating, at work, finalizing and completed, in that order")
def seen_in_order(context: Context) -> None:
    seen = states(context.world)
    context.world.expect(seen == ["validating", "in_progress", "finalizing", "completed"], f"it was seen {seen}")


@then("it was seen waiting, at work and completed, in that order")
def seen_by_state(context: Context) -> None:
    seen = states(context.world)
    context.world.expect(seen == ["validating", "in_progress", "completed"], f"it was seen {seen}")


@then("the number done never fell, out of 10 from the work on, and was 10 at the end")
def never_fell(context: Context) -> None:
    world = context.world
    done = [(batch.counts.succeeded or 0) + (batch.counts.failed or 0) for batch in world.batch.seen]
    world.expect(done == sorted(done) and done[-1] == 10, f"done were {done}")
    world.expect(len(set(done)) > 2, f"done were only {sorted(set(done))}")
    totals = {batch.counts.total for batch in world.batch.seen if batch.status != "validating"}
    totals |= {progress.total for progress in world.batch.progress if progress.status != "validating"}
    world.expect(totals == {10}, f"the totals were {totals}")
    looks = zip(done[1:], world.batch.progress, strict=True)  # the first is of the making
    in_turn = [number for seen, progress in looks for number in (seen, progress.done or 0)]
    world.expect(in_turn == sorted(in_turn), f"look by look, done were {in_turn}")
    early = [progress.done for progress in world.batch.progress if progress.status == "validating"]
    world.expect(set(early) == {None}, f"before the work began, done were {early}")


@then("it was never told as whole before its end")
def never_whole(context: Context) -> None:
    world = context.world
    for progress in world.batch.progress:
        if progress.status not in BATCH_ENDED:
            world.expect(progress.fraction is None or progress.fraction < 1, f"{progress} is told as whole")
    world.expect(world.batch.progress[-1].fraction == 1, f"at the end it is {world.batch.progress[-1]}")


@then("its counts always made 10, and all were being worked on until the end")
def counts_make_ten(context: Context) -> None:
    world = context.world
    for batch in world.batch.seen:
        told = batch.counts
        parts_ = [told.processing, told.succeeded, told.failed, told.cancelled, told.expired]
        world.expect(sum(part or 0 for part in parts_) == 10, f"{batch.status}: it counts {told}")
        if not batch.ended:
            world.expect(told.processing == 10, f"{batch.status}: it counts {told}")
    totals = {progress.total for progress in world.batch.progress}
    world.expect(totals == {10}, f"it is told of {totals} in all")
    world.expect(world.batch.seen[-1].counts.succeeded == 10, f"at the end it counts {world.batch.seen[-1].counts}")


@then("no progress was made up before the end")
def nothing_made_up(context: Context) -> None:
    world = context.world
    before = [progress for progress in world.batch.progress if progress.status not in BATCH_ENDED]
    world.expect(bool(before), "nobody looked before the end")
    for progress in before:
        world.expect(progress.done is None and progress.fraction is None, f"{progress} tells of something done")


@then("the batch was being cancelled, and a minute later it is cancelled")
async def being_cancelled(context: Context) -> None:
    world, memory = context.world, context.world.batch
    if memory.asked is not Provider.GEMINI:  # Gemini has no word for it (provider-facts 7.3)
        world.expect(memory.batch.status == "cancelling", f"asked to cancel, it is {memory.batch.status}")
    await world.clock.sleep(60)
    seen = await look(world)
    world.expect(seen.status == "cancelled", f"a minute later it is {seen.status}")
    world.expect(seen.ended_at is not None, "it does not say when it ended")


@then("some questions are answered and the others cancelled, 10 in all")
async def some_answered(context: Context) -> None:
    await expect_some(context.world)


async def expect_some(world: World) -> None:
    if not world.batch.results:
        await read(world)
    found = results_by_id(world)
    answered = [one for one in found.values() if one.status == "succeeded"]
    left = [one for one in found.values() if one.status == "cancelled"]
    world.expect(0 < len(answered) < 10, f"{len(answered)} are answered")
    world.expect(len(answered) + len(left) == 10, f"{len(answered)} are answered and {len(left)} cancelled")
    expect_answers(world, answered)
    empty = [one.id for one in left if one.answer is not None]
    world.expect(not empty, f"cancelled, and with an answer, are {empty}")


@then("a minute later it has answers for some, and the others as cancelled, and none as an empty answer")
async def later_some(context: Context) -> None:
    await context.world.clock.sleep(60)
    await expect_some(context.world)


@then("both together are all 10 questions")
def all_ten(context: Context) -> None:
    world = context.world
    outcome = world.batching.BatchOutcome(tuple(world.batch.results))
    whole = sum(outcome.counts.values())
    world.expect(whole == len(world.batch.requests) == 10, f"the counts make {whole}: {dict(outcome.counts)}")
    done = len(outcome.succeeded) + len(outcome.unfinished)
    world.expect(done == 10, f"answered and left are {done}")


@then("the request is refused because the batch has ended")
def refused_as_ended(context: Context) -> None:
    context.world.refusal("conflict")


@then("the batch is as it was")
async def as_it_was(context: Context) -> None:
    world = context.world
    before = world.batch.seen[-1]
    seen = await look(world)
    world.expect((seen.status, seen.counts) == (before.status, before.counts), f"it is {seen.status}, {seen.counts}")


@then("the request is refused because there is no such batch")
def no_such_batch(context: Context) -> None:
    refusal = context.world.refusal("not_found")
    named = any(id_ in refusal.message for id_ in UNKNOWN.values())
    context.world.expect(named, f"the refusal does not name the batch: {refusal}")


@then("the wait ends without a result, and says how the batch was last seen")
def wait_ended(context: Context) -> None:
    refusal = context.world.refusal("wait_timeout")
    seen = [word for word in ("validating", "in_progress") if word in refusal.message]
    context.world.expect(bool(seen), f"it does not say how the batch was: {refusal}")


@then("the batch completes later")
async def completes_later(context: Context) -> None:
    await wait(context.world)
    context.world.expect(context.world.batch.batch.status == "completed", f"it is {context.world.batch.batch.status}")


@then("the batch has expired")
def has_expired(context: Context) -> None:
    batch = context.world.batch.batch
    context.world.expect(batch.status == "expired", f"it is {batch.status}")


@then("every question without an answer is told as expired, and costs nothing")
def told_as_expired(context: Context) -> None:
    world = context.world
    found = results_by_id(world)
    left = [one for one in found.values() if one.status != "succeeded"]
    world.expect(bool(left), "all are answered")
    for one in left:
        world.expect(one.status == "expired", f"{one.id} is {one.status}")
        world.expect(getattr(one.error, "kind", None) == "expired", f"{one.id} failed as {one.error!r}")
        world.expect(one.cost_usd == 0 and one.answer is None, f"{one.id} costs {one.cost_usd}")


# OpenAI's own --------------------------------------------------------------------------------------------------------


@then("the questions were stored at OpenAI as the input of a batch")
async def stored_as_input(context: Context) -> None:
    world = context.world
    batch = world.batch.batch
    assert batch.input_file_id is not None, "the batch names no input"
    file = await world.sees(world.gateway(Provider.OPENAI).files.get(batch.input_file_id))
    world.expect(file.purpose == "batch", f"its purpose is {file.purpose}")
    content = await world.sees(world.gateway(Provider.OPENAI).files.content(file.id))
    lines = [json.loads(line) for line in content.splitlines()]
    ids = [line["custom_id"] for line in lines]
    world.expect(ids == [request.id for request in world.batch.requests], f"it has {ids}")


@then("the batch is being validated, and expires a day after it was made")
def being_validated(context: Context) -> None:
    batch = context.world.batch.batch
    context.world.expect(batch.status == "validating", f"it is {batch.status}")
    context.world.expect(batch.endpoint == "chat", f"it is for {batch.endpoint}")
    expires = batch.expires_at == batch.created_at + timedelta(days=1)
    context.world.expect(expires, f"made at {batch.created_at}, it expires at {batch.expires_at}")


@then("the lines of the answers are not in the order of the questions")
async def another_order(context: Context) -> None:
    world = context.world
    batch = await look(world)
    assert batch.output_file_id is not None, "the batch names no answers"
    content = await world.sees(world.gateway(Provider.OPENAI).files.content(batch.output_file_id))
    world.batch.output = content
    lines = [json.loads(line) for line in content.splitlines()]
    ids = [line["custom_id"] for line in lines]
    wanted = [request.id for request in world.batch.requests]
    world.expect(sorted(ids) == sorted(wanted), f"the lines have {ids}")
    if world.simulated:
        world.expect(ids != wanted, "the lines are in the order of the questions: nothing would show a mix-up")
    statuses = {line["response"]["status_code"] for line in lines}
    world.expect(statuses == {200}, f"the lines tell {statuses}")


@then("a walk through the batches, {size:d} a page, meets each of the {count:d} once")
async def walk(context: Context, size: int, count: int) -> None:
    world = context.world
    mine = [batch.id for batch in world.batch.batches]
    cursor: str | None = None
    met: list[str] = []
    for _ in range(50):
        page = await world.sees(desk(world).list_page(limit=size, cursor=cursor))
        world.expect(len(page.batches) <= size, f"a page has {len(page.batches)}")
        met += [batch.id for batch in page.batches if batch.id in mine]
        cursor = page.next_cursor
        if cursor is None or len(met) > count:
            break
    world.expect(met == mine[::-1] and len(met) == count, f"it met {len(met)}: {met}")


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
