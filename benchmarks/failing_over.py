"""A question through a list of providers whose first one is healthy, over the same question asked directly, on the simulator."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable

from benchmarks.books import scenario
from benchmarks.report import Figure
from support.catalogue.models import model_for
from support.gateway.clock import WallClock
from support.gateway.several import Failover
from support.values import Message, Provider

CALLS, WARM_UP = 500, 50
TARGET = 1.05
QUESTION = (Message(role="user", text="Answer exactly: one two three"),)
MOST_TOKENS = 64
NEXT = {Provider.OPENAI: Provider.ANTHROPIC, Provider.ANTHROPIC: Provider.GEMINI, Provider.GEMINI: Provider.OPENAI}

Call = Callable[[], Awaitable[object]]


async def _median_pair(ours: Call, theirs: Call) -> tuple[float, float]:
    """Medians in milliseconds of two calls in turn."""
    mine: list[float] = []
    other: list[float] = []
    turn = [(ours, mine), (theirs, other)]
    for number in range(CALLS + WARM_UP):
        for call, kept in turn:
            began = time.perf_counter()
            await call()
            if number >= WARM_UP:
                kept.append(time.perf_counter() - began)
        turn.reverse()  # nobody always comes second
    return statistics.median(mine) * 1000, statistics.median(other) * 1000


def _model(provider: Provider) -> str:
    described = model_for(provider, "chat")
    assert described is not None
    return described.id


async def _of(provider: Provider) -> Figure:
    backup = NEXT[provider]
    async with scenario(provider) as first, scenario(backup) as second:
        routes = [(first.gateway, _model(provider)), (second.gateway, _model(backup))]
        failover, model = Failover(routes, WallClock()), _model(provider)
        ours, theirs = await _median_pair(
            lambda: failover.ask(QUESTION, max_output_tokens=MOST_TOKENS),
            lambda: first.gateway.chat.ask(QUESTION, model=model, max_output_tokens=MOST_TOKENS),
        )
        if second.wire.exchanges:
            raise RuntimeError(f"{backup} was asked although {provider} works.")
    name = f"{provider} as the first of two, over asking it directly (p50 of {CALLS}, ms)"
    return Figure(name, ours, theirs, TARGET, "at most")


async def _measure() -> list[Figure]:
    return [await _of(provider) for provider in Provider]


def measure() -> list[Figure]:
    return asyncio.run(_measure())
