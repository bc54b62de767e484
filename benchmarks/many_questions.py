"""Many questions asked by the caller itself: the engine beside a bare semaphore, over the same call of the raw SDK.

Both ask the same simulator, sixteen at a time, in rounds in turn. What a run of more requests costs is counted with an
answer that is there at once, and has the usage of a real one.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal

import openai

from benchmarks.account import account
from benchmarks.report import Figure
from benchmarks.simulator_start import simulator
from support.catalogue.models import model_for
from support.gateway.batching import CallerBatch
from support.gateway.clock import WallClock
from support.gateway.openai.chat import usage_of
from support.values import BatchRequest, ChatAnswer, Message, Provider

ROUNDS, REQUESTS = 5, 2_000
AT_ONCE = 16
FEW, MANY = 1_000, 10_000
TARGET = 1.15
MOST_TOKENS = 64
_QUESTION = "Answer exactly: this is {number}"

Ask = Callable[[BatchRequest], Awaitable[ChatAnswer]]


def _requests(model: str, count: int) -> list[BatchRequest]:
    return [
        BatchRequest(
            id=f"question-{number}",
            messages=(Message(role="user", text=_QUESTION.format(number=number)),),
            model=model,
            max_output_tokens=MOST_TOKENS,
        )
        for number in range(count)
    ]


def _asking(client: openai.AsyncOpenAI) -> Ask:
    """The raw SDK's call, and of its answer what an item needs."""
    create = client.chat.completions.create

    async def ask(request: BatchRequest) -> ChatAnswer:
        answer = await create(
            model=request.model,
            messages=[{"role": "user", "content": request.messages[0].text}],
            max_completion_tokens=request.max_output_tokens,
            reasoning_effort="none",
        )
        assert answer.usage is not None
        return ChatAnswer(
            provider=Provider.OPENAI,
            model=answer.model,
            id=answer.id,
            text=answer.choices[0].message.content or "",
            stop_reason="end",
            usage=usage_of(answer.usage.model_dump()),
            raw={},
        )

    return ask


async def _bare(ask: Ask, requests: Sequence[BatchRequest]) -> None:
    """As one would write it by hand."""
    free = asyncio.Semaphore(AT_ONCE)

    async def one(request: BatchRequest) -> ChatAnswer:
        async with free:
            return await ask(request)

    await asyncio.gather(*map(one, requests))


async def _engine(ask: Ask, requests: Sequence[BatchRequest]) -> None:
    outcome = await CallerBatch(ask, requests, clock=WallClock(), concurrency=AT_ONCE).outcome()
    if outcome.success_rate < 1:
        raise RuntimeError(outcome.summary())


async def _times(ask: Ask, model: str) -> tuple[float, float]:
    """Median seconds of a round of either."""
    ours: list[float] = []
    theirs: list[float] = []
    turn = [(_engine, ours), (_bare, theirs)]
    requests = _requests(model, REQUESTS)
    for number in range(ROUNDS + 1):
        for way, kept in turn:
            began = time.perf_counter()
            await way(ask, requests)
            if number:  # the first round warms up
                kept.append(time.perf_counter() - began)
        turn.reverse()  # nobody always comes second
    return statistics.median(ours), statistics.median(theirs)


async def _total(answer: ChatAnswer, model: str, count: int) -> tuple[float, float]:
    """What so many requests cost in dollars, and the seconds that it took to ask for nothing and to add it up."""

    async def ask(request: BatchRequest) -> ChatAnswer:
        return answer

    requests = _requests(model, count)
    began = time.perf_counter()
    cost = (await CallerBatch(ask, requests, clock=WallClock(), concurrency=AT_ONCE).outcome()).cost_usd
    seconds = time.perf_counter() - began
    if cost is None or cost <= Decimal(0):
        raise RuntimeError(f"{count} requests cost {cost}.")
    return float(cost), seconds


async def _measure(url: str, key: str) -> list[Figure]:
    described = model_for(Provider.OPENAI, "chat")
    assert described is not None
    model = described.id
    async with openai.AsyncOpenAI(api_key=key, base_url=f"{url}/v1", max_retries=0) as client:
        ask = _asking(client)
        ours, theirs = await _times(ask, model)
        answer = await ask(_requests(model, 1)[0])
    few, quick = await _total(answer, model, FEW)
    many, slow = await _total(answer, model, MANY)
    beside = f"{MANY:,} requests beside {FEW:,}"
    return [
        Figure(
            f"{REQUESTS:,} questions, {AT_ONCE} at a time, over a bare semaphore (p50 of {ROUNDS}, s)",
            ours,
            theirs,
            TARGET,
            "at most",
        ),
        Figure(f"cost of {beside} (USD)", many, few, 11, "at most"),
        Figure(f"cost of {beside} (USD)", many, few, 9, "at least"),
        Figure(
            f"  the engine's own time for a request, {beside} (ms)",
            slow / MANY * 1e3,
            quick / FEW * 1e3,
            None,
            "at most",
        ),
    ]


def measure() -> list[Figure]:
    with simulator() as (_, url, _), account(url, Provider.OPENAI) as of:
        return asyncio.run(_measure(url, of.http.headers["authorization"].removeprefix("Bearer ")))
