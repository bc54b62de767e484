"""Sentences about many questions that the team asks itself: in turn or together, within limits, listening, going on."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

import parse
from behave import given, register_type, then, when

from steps.common import Context
from support.values import BatchItem, BatchRequest, Message, Provider, Usage
from support.world import World

WORDS = ("amber", "birch", "cobalt", "dune", "ember", "fjord", "garnet", "heron", "indigo", "juniper", "kelp", "lilac")
OTHER = {Provider.OPENAI: Provider.GEMINI, Provider.ANTHROPIC: Provider.OPENAI, Provider.GEMINI: Provider.ANTHROPIC}
STALLED_MS = 8000
"""How long a question is not answered: longer than anybody here waits."""
DEAR_TOKENS = 100_000
"""An output limit that no scenario has the money for."""
MAX_OUTPUT_TOKENS = 256


@parse.with_pattern(r"number \d+|number \d+(?:, \d+)* and (?:number )?\d+")
def some_numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text))


register_type(Numbers=some_numbers)


def id_of(number: int) -> str:
    return f"question-{number}"


def word_of(number: int) -> str:
    return f"{WORDS[number % len(WORDS)]}-{number}"


def question(world: World, provider: Provider, number: int, **more: Any) -> BatchRequest:
    """A question that leaves one answer, which no other has."""
    said = {"model": world.chat_model(provider), "max_output_tokens": MAX_OUTPUT_TOKENS, **more}
    text = f"Answer exactly: {word_of(number)}"
    return BatchRequest(id=id_of(number), messages=(Message(role="user", text=text),), **said)


def prepare(world: World, provider: Provider, count: int, wrong: tuple[int, ...] = ()) -> None:
    """Questions from number 1 on; the wrong ones ask for an answer of -1 tokens, which every provider refuses."""
    memory = world.batch
    memory.provider = provider
    memory.requests = [
        question(world, provider, number, **({"max_output_tokens": -1} if number in wrong else {}))
        for number in range(1, count + 1)
    ]
    memory.words = {id_of(number): word_of(number) for number in range(1, count + 1)}


async def run(world: World, requests: list[BatchRequest] | None = None, **options: Any) -> Any:
    """Asks the questions, and remembers what became of them and how long it took."""
    memory = world.batch
    batch = world.batching.CallerBatch(
        world.batching.asking(world.gateway(memory.asked)),
        memory.requests if requests is None else requests,
        clock=world.clock,
        **options,
    )
    memory.began, started = await world.clock.now(), time.monotonic()
    memory.outcome = await world.does(batch.outcome())
    memory.ended, memory.seconds = await world.clock.now(), time.monotonic() - started
    return memory.outcome


def item(world: World, number: int) -> BatchItem:
    return world.batch.told.item(id_of(number))


def expect_answered(world: World, items: list[BatchItem]) -> None:
    """Each succeeded, with its own text, its tokens and its cost."""
    for one in items:
        world.expect(one.status == "succeeded" and one.answer is not None, f"{one.id} is {one.status}: {one.error}")
        text = one.answer.text if one.answer else None
        world.expect(text == world.batch.words[one.id], f"{one.id} is answered with {text!r}")
        usage = one.usage or Usage()
        world.expect(usage.input_tokens > 0 and usage.output_tokens > 0, f"{one.id} tells {one.usage}")
        cost = world.chat_price(world.batch.asked, usage)
        world.expect(one.cost_usd == cost, f"{one.id} costs {one.cost_usd}, not {cost}")


async def script(world: World, provider: Provider, *deeds: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """Lines of the simulator's script of failures for questions: what is done, and when."""
    lines = [{"provider": provider, "operation": "chat.create", "do": deed, **when_} for deed, when_ in deeds]
    await world.simulator.script(*lines)


# Given ---------------------------------------------------------------------------------------------------------------


@given("{count:d} questions for {provider:Provider}")
@given("{count:d} question for {provider:Provider}")
def questions(context: Context, count: int, provider: Provider) -> None:
    prepare(context.world, provider, count)


@given("{count:d} questions for {provider:Provider}, of which {wrong:Numbers} cannot be answered")
@given("{count:d} question for {provider:Provider}, of which {wrong:Numbers} cannot be answered")
def questions_with_wrong_ones(context: Context, count: int, provider: Provider, wrong: tuple[int, ...]) -> None:
    prepare(context.world, provider, count, wrong)


@given("{count:d} questions for {provider:Provider}, and money for {paid:d}")
def questions_too_dear(context: Context, count: int, provider: Provider, paid: int) -> None:
    world = context.world
    prepare(world, provider, count)
    world.batch.requests[paid:] = [
        request.model_copy(update={"max_output_tokens": DEAR_TOKENS}) for request in world.batch.requests[paid:]
    ]


@given("{count:d} texts for {provider:Provider}, of which number 2 is empty")
def texts(context: Context, count: int, provider: Provider) -> None:
    world, model = context.world, context.world.embedding_model(provider)
    world.batch.provider = provider
    world.batch.requests = [
        BatchRequest(id=id_of(number), text="" if number == 2 else f"text {number}", model=model)
        for number in range(1, count + 1)
    ]


@given("{provider:Provider} holds its answers until {count:d} questions are open")
async def holds(context: Context, provider: Provider, count: int) -> None:
    await script(context.world, provider, ({"hold_until": count, "at_most_ms": 400}, {"times": 2}))


@given("{provider:Provider} takes longest for the first of {count:d} questions, and least for the last")
async def other_way_round(context: Context, provider: Provider, count: int) -> None:
    """Which answer comes first follows from when it is let go, whatever order the questions arrive in."""
    deeds = [({"delay_ms": 120.0 * (count - place)}, {"skip": place - 1}) for place in range(1, count + 1)]
    await script(context.world, provider, *deeds)


@given("{provider:Provider} is too busy for the next {count:d} questions, and asks to wait {time_:Duration}")
async def too_busy(context: Context, provider: Provider, count: int, time_: timedelta) -> None:
    await script(context.world, provider, ({"status": 429, "retry_after": time_.total_seconds()}, {"times": count}))


@given("{provider:Provider} is overloaded for the next {count:d} questions, and asks to wait {time_:Duration}")
async def overloaded(context: Context, provider: Provider, count: int, time_: timedelta) -> None:
    await script(context.world, provider, ({"status": 529, "retry_after": time_.total_seconds()}, {"times": count}))


@given("{provider:Provider} does not answer number {number:d} for 8 seconds")
async def stalls(context: Context, provider: Provider, number: int) -> None:
    await context.world.simulator.set_durations(chat__request=0.0, chat__output_token=0.0)
    await script(context.world, provider, ({"delay_ms": STALLED_MS}, {"skip": number - 1}))


@given("{provider:Provider} is too busy for number {busy:d}, and does not answer number {slow:d} for 8 seconds")
async def busy_and_slow(context: Context, provider: Provider, busy: int, slow: int) -> None:
    """Four requests for the busy one are refused, and the script counts none of them towards the slow one."""
    await script(
        context.world,
        provider,
        ({"status": 429, "retry_after": 1}, {"skip": busy - 1, "times": 4}),
        ({"delay_ms": STALLED_MS}, {"skip": slow - 2}),
    )


@given("{provider:Provider} fails at number {broken:d}, and does not answer number {slow:d} for 8 seconds")
async def fails_and_stalls(context: Context, provider: Provider, broken: int, slow: int) -> None:
    await script(
        context.world,
        provider,
        ({"status": 500}, {"skip": broken - 1}),
        ({"delay_ms": STALLED_MS}, {"skip": slow - 2}),
    )


@given("{provider:Provider} takes 100 milliseconds of real time for each")
async def takes_its_time(context: Context, provider: Provider) -> None:
    await script(context.world, provider, ({"delay_ms": 100}, {"times": 1000}))


@given("{provider:Provider} refuses every question from now on")
async def refuses_all(context: Context, provider: Provider) -> None:
    await script(context.world, provider, ({"status": 400}, {"times": 1000}))


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


class Broken(Exception):
    """A listener of the team's own broke."""


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


ENDS = {
    Provider.OPENAI: "/v1/chat/completions",
    Provider.ANTHROPIC: "/v1/messages",
    Provider.GEMINI: ":generateContent",
}
"""How the address of a question ends."""


# Looking -------------------------------------------------------------------------------------------------------------


def numbers_sent(world: World) -> list[int]:
    """The numbers of the questions that were sent, in the order of sending, as they stand on the wire."""
    ends = tuple(ENDS.values())
    asked = [one for one in world.sent() if one.path.split("?")[0].endswith(ends)]
    texts_ = [bytes(one.request.kept).decode() for one in asked]
    return [int(found[1]) for text in texts_ if (found := re.search(r"Answer exactly: \w+-(\d+)", text))]


async def most_open(world: World) -> int:
    """How many questions were open at once, by the simulator's own gauge."""
    peaks = (await world.state())["requests"]["peak_by_operation"]
    return int(peaks[f"{world.batch.asked} chat.create"])


@then("never more than 1 was open, and they went out in their order")
async def one_at_a_time(context: Context) -> None:
    world = context.world
    sent = numbers_sent(world)
    world.expect(sent == list(range(1, len(sent) + 1)) and bool(sent), f"they went out as {sent}")
    if world.simulated:
        open_ = await most_open(world)
        world.expect(open_ == 1, f"{open_} were open at once")


@then("{most:d} were open at once, and never {more:d}")
async def so_many_open(context: Context, most: int, more: int) -> None:
    open_ = await most_open(context.world)
    context.world.expect(open_ == most < more, f"{open_} were open at once")


@then("the answers come in that order, each with its own text, tokens and cost")
def in_that_order(context: Context) -> None:
    world = context.world
    items = list(world.batch.told.items)
    wanted = [request.id for request in world.batch.requests]
    world.expect([one.id for one in items] == wanted, f"they came as {[one.id for one in items]}")
    expect_answered(world, items)


@then("together they cost what the ledger has charged")
def cost_together(context: Context) -> None:
    world = context.world
    told, spent = world.batch.told.cost_usd, world.spent()
    world.expect(told is not None and told > 0, f"together they cost {told}")
    exact = told is not None and abs(told - spent) < Decimal("1e-9")
    world.expect(exact, f"together they cost {told}, the ledger has charged {spent}")
    items = [one.cost_usd or Decimal(0) for one in world.batch.told.items]
    world.expect(sum(items, Decimal(0)) == told, f"the questions cost {items}, together {told}")


@then("all but {numbers:Numbers} are answered, each with its own text")
def all_but(context: Context, numbers: tuple[int, ...]) -> None:
    world = context.world
    left = {id_of(number) for number in numbers}
    items = [one for one in world.batch.told.items if one.id not in left]
    world.expect(len(items) == len(world.batch.requests) - len(left), f"there are {len(items)} others")
    expect_answered(world, items)


@then("{numbers:Numbers} are answered")
def these_answered(context: Context, numbers: tuple[int, ...]) -> None:
    expect_answered(context.world, [item(context.world, number) for number in numbers])


@then("number {number:d} has failed as invalid, and costs nothing")
def failed_as_invalid(context: Context, number: int) -> None:
    one = item(context.world, number)
    context.world.expect(one.status == "failed", f"it is {one.status}")
    context.world.expect(getattr(one.error, "kind", None) == "invalid_request", f"it failed as {one.error!r}")
    context.world.expect(one.cost_usd == 0 and one.answer is None, f"it costs {one.cost_usd}")


@then("number {number:d} has failed as rate limited after {count:d} requests, with {seconds:d} seconds to wait")
def failed_as_limited(context: Context, number: int, count: int, seconds: int) -> None:
    world, one = context.world, item(context.world, number)
    world.expect(one.status == "failed" and one.answer is None, f"it is {one.status}")
    world.expect(getattr(one.error, "kind", None) == "rate_limited", f"it failed as {one.error!r}")
    world.expect(one.attempts == count, f"it tells of {one.attempts} attempts")
    waited = getattr(one.error, "retry_after", None)
    world.expect(waited == seconds, f"it tells of {waited} seconds to wait")
    world.expect(len(world.sent()) == count, f"{len(world.sent())} requests were sent")


@then("{count:d} requests were sent, and it took {seconds:d} seconds or more")
def sent_and_took(context: Context, count: int, seconds: int) -> None:
    world, memory = context.world, context.world.batch
    world.expect(len(world.sent()) == count, f"{len(world.sent())} requests were sent")
    took = memory.took
    world.expect(took >= seconds, f"it took {took:g} seconds")


@then("1 request was sent")
def one_request(context: Context) -> None:
    context.world.expect(len(context.world.sent()) == 1, f"{len(context.world.sent())} requests were sent")


@then("they were answered in another order than they were asked")
def another_order(context: Context) -> None:
    """The one that arrives first is answered last: which one that is, the network says."""
    heard = [one.id for _, one in context.world.batch.heard]
    asked = [request.id for request in context.world.batch.requests]
    context.world.expect(sorted(heard) == asked and heard != asked, f"they were answered as {heard}")


HOSTS = {
    Provider.OPENAI: "/v1/chat/completions",
    Provider.ANTHROPIC: "/v1/messages",
    Provider.GEMINI: "generateContent",
}
"""What the address of a question has in it."""


@then("while {provider:Provider} asked for patience, it was sent no more than was on its way, and the other one was")
def patience(context: Context, provider: Provider) -> None:
    """Two at a time: one is on its way when the other is refused, and a third may just have left."""
    world = context.world
    sent = world.sent()
    refused = next(place for place, one in enumerate(sent) if one.status == 429)
    repeated = next(place for place, one in enumerate(sent) if one.attempt == 2)
    meanwhile = [one.path.split("?")[0] for one in sent[refused + 1 : repeated]]
    own = [path for path in meanwhile if path.endswith(ENDS[provider])]
    world.expect(len(own) <= 2, f"it was sent {len(own)} of its {len(world.batch.requests)} questions meanwhile")
    beside = [path for path in meanwhile if path.endswith(ENDS[OTHER[provider]])]
    world.expect(bool(beside), f"of the other provider's questions {len(beside)} were sent meanwhile")
    late = [one for one in sent[repeated:] if one.path.split("?")[0].endswith(ENDS[OTHER[provider]])]
    world.expect(not late, f"of the other provider's questions {len(late)} were sent only after that")
    world.expect(world.batch.others is not None and world.batch.others.success_rate == 1, "the other one failed")


@then("number {number:d} has run out of time after {count:d} milliseconds, within half a second")
def out_of_time_exactly(context: Context, number: int, count: int) -> None:
    world = context.world
    expect_timeout(world, number)
    took = world.batch.seconds * 1000
    world.expect(count <= took <= count + 500, f"it took {took:.0f} ms")


def expect_timeout(world: World, number: int) -> None:
    one = item(world, number)
    world.expect(one.status == "timeout", f"number {number} is {one.status}")
    world.expect(one.answer is None, f"number {number} has an answer")


@then("number {number:d} has run out of time, and {others:Numbers} were never begun")
def out_of_time(context: Context, number: int, others: tuple[int, ...]) -> None:
    world = context.world
    expect_timeout(world, number)
    for other in others:
        one = item(world, other)
        world.expect(one.status in ("timeout", "not_started") and one.attempts == 0, f"{other} is {one.status}")
    world.expect(set(numbers_sent(world)).isdisjoint(others), f"sent were {numbers_sent(world)}")


@then("{numbers:Numbers} were never begun, and nothing was sent for them")
def never_begun(context: Context, numbers: tuple[int, ...]) -> None:
    world = context.world
    for number in numbers:
        one = item(world, number)
        world.expect(one.status == "not_started", f"number {number} is {one.status}")
        world.expect(one.answer is None and one.attempts == 0, f"number {number} tells of {one.attempts} attempts")
    sent = numbers_sent(world)
    world.expect(set(sent).isdisjoint(numbers), f"sent were {sent}")
    world.expect(world.batch.told.ending == "budget", f"it ended because of {world.batch.told.ending}")


@then("2 have failed as invalid, 1 as rate limited and 1 has run out of time")
def by_kind(context: Context) -> None:
    told = dict(context.world.batch.told.by_kind)
    wanted = {"invalid_request": 2, "rate_limited": 1, "timeout": 1}
    context.world.expect(told == wanted, f"it tells {told}")


@then("{answered:d} of {count:d} are answered, and each failure tells its id, kind, message and attempts")
def so_many_answered(context: Context, answered: int, count: int) -> None:
    world, told = context.world, context.world.batch.told
    world.expect(len(told.succeeded) == answered, f"{len(told.succeeded)} are answered")
    world.expect(told.success_rate == answered / count, f"the rate is {told.success_rate}")
    errors = {error.id: error for error in told.errors}
    world.expect(len(errors) == len(told.errors) == count - answered, f"it tells of {len(told.errors)} failures")
    for id_, error in errors.items():
        whole = bool(error.kind and error.message) and error.attempts >= 1
        world.expect(whole, f"{id_} tells {error}")
        own = world.batch.told.item(id_)
        world.expect(getattr(own.error, "kind", None) == error.kind, f"{id_} is told as {error.kind}: {own.error!r}")
    limited = next(error for error in told.errors if error.kind == "rate_limited")
    world.expect(limited.attempts == 4, f"the busy one tells of {limited.attempts} attempts")


@then("the summary names {numbers:Numbers}, and no other")
def summary_names(context: Context, numbers: tuple[int, ...]) -> None:
    text = context.world.batch.told.summary()
    named = {int(number) for number in re.findall(r"question-(\d+)", text)}
    context.world.expect(named == set(numbers), f"it names {sorted(named)}")


@then("it is told of {failures:d} failures in one error, which has the {answered:d} answers too")
def one_error(context: Context, failures: int, answered: int) -> None:
    failure: Any = context.world.batch.failure
    context.world.expect(failure is not None, "there was no error")
    context.world.expect(len(failure.failures) == failures, f"it tells of {len(failure.failures)} failures")
    expect_answered(context.world, list(failure.results))
    context.world.expect(len(failure.results) == answered, f"it has {len(failure.results)} answers")


@then("it had {count:d} whole answers then, and has {total:d} at the end")
def had_so_many(context: Context, count: int, total: int) -> None:
    world = context.world
    half = list(world.batch.halfway)
    world.expect(len(half) == count, f"it had {len(half)}")
    expect_answered(world, half)
    expect_answered(world, list(world.batch.told.items))
    world.expect(len(world.batch.told.items) == total, f"it has {len(world.batch.told.items)} at the end")


@then("the other {count:d} have vectors")
def have_vectors(context: Context, count: int) -> None:
    with_vector = [one for one in context.world.batch.told.items if one.vector]
    context.world.expect(len(with_vector) == count, f"{len(with_vector)} have vectors")


@then("it heard of each answer and of each failure once")
def heard_once(context: Context) -> None:
    world = context.world
    heard = sorted(told.id for of_what, told in world.batch.heard if of_what in ("result", "error"))
    world.expect(heard == sorted(request.id for request in world.batch.requests), f"it heard of {heard}")
    failed = [told.id for of_what, told in world.batch.heard if of_what == "error"]
    world.expect(failed == [error.id for error in world.batch.told.errors], f"it heard of the failures {failed}")


@then("it heard of ever more done, and of the end once and last")
def heard_progress(context: Context) -> None:
    world = context.world
    done = [told.done for of_what, told in world.batch.heard if of_what == "progress"]
    world.expect(done == sorted(done) and done[-1:] == [len(world.batch.requests)], f"it heard of {done}")
    ends = [place for place, (of_what, _) in enumerate(world.batch.heard) if of_what == "complete"]
    world.expect(ends == [len(world.batch.heard) - 1], f"it heard of the end at {ends} of {len(world.batch.heard)}")


@then("all are answered, and the broken listener is told of once")
def told_of_the_listener(context: Context) -> None:
    world, told = context.world, context.world.batch.told
    expect_answered(world, list(told.items))
    broken = [failure for failure in told.callback_failures if isinstance(failure.error, Broken)]
    world.expect(len(broken) == len(told.callback_failures) == 1, f"it is told of {len(broken)} times")


@then("it heard of {count:d} answers, of nothing after that, and of no end")
def heard_nothing_more(context: Context, count: int) -> None:
    kinds = [of_what for of_what, _ in context.world.batch.heard]
    context.world.expect(kinds.count("result") == count, f"it heard of {kinds.count('result')} answers")
    context.world.expect("complete" not in kinds, "it heard of the end")
    context.world.expect(kinds.count("progress") <= count, f"it heard of {kinds}")


@then("{answered:d} are answered, and {left:d} are left")
def answered_and_left(context: Context, answered: int, left: int) -> None:
    world, told = context.world, context.world.batch.told
    expect_answered(world, list(told.succeeded))
    world.expect(len(told.succeeded) == answered, f"{len(told.succeeded)} are answered")
    states = [one.status for one in told.unfinished]
    world.expect(len(states) == left and len(told.items) == answered + left, f"the others are {states}")


@then("all are answered, each with its own text")
def all_answered(context: Context) -> None:
    expect_answered(context.world, list(context.world.batch.told.items))


@then("all are answered, none was refused, and it took a minute")
def took_a_minute(context: Context) -> None:
    world, memory = context.world, context.world.batch
    expect_answered(world, list(memory.told.items))
    refused = [one for one in world.sent() if one.status == 429]
    world.expect(not refused, f"{len(refused)} were refused")
    took = memory.took
    world.expect(60 <= took < 120, f"it took {took:g} seconds")


@then("the other provider's were answered before the minute was over")
def others_first(context: Context) -> None:
    world, memory = context.world, context.world.batch
    own = memory.took
    assert memory.began is not None
    assert memory.others_ended is not None, "the other provider was not asked"
    took = (memory.others_ended - memory.began).total_seconds()
    world.expect(took < 60 <= own, f"the other's took {took:g} seconds, these {own:g}")
    world.expect(memory.others is not None and memory.others.success_rate == 1, "the other one failed")


# Groups --------------------------------------------------------------------------------------------------------------


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
