"""Sentences about what became of many questions: what went out, the answers, the failures, what was heard."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from behave import then

from steps.common import Context
from steps.many_questions import OTHER, Broken, expect_answered, id_of
from support.values import BatchItem, Provider
from support.world import World


def item(world: World, number: int) -> BatchItem:
    return world.batch.told.item(id_of(number))


ENDS = {
    Provider.OPENAI: "/v1/chat/completions",
    Provider.ANTHROPIC: "/v1/messages",
    Provider.GEMINI: ":generateContent",
}
"""How the address of a question ends."""


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
    statuses, attempts = [one.status for one in sent], [one.attempt for one in sent]
    world.expect(429 in statuses and 2 in attempts, f"answered was {statuses}, in attempts {attempts}")
    refused, repeated = statuses.index(429), attempts.index(2)
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
