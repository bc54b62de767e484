"""Sentences about many questions that the team asks itself: the questions, and how the provider takes them."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import Any

import parse
from behave import given, register_type

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


class Broken(Exception):
    """A listener of the team's own broke.

    Here, and not beside the sentence that raises it: behave runs each module of steps anew, and the class would be another one.
    """


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
