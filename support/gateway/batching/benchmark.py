"""The same requests one after the other and several at once, measured beside each other: real time, tokens a second, cost."""

import time
from collections.abc import Sequence
from decimal import Decimal

from support.gateway import caching_benchmark
from support.gateway.batching.checks import invalid
from support.gateway.batching.engine import CallerBatch
from support.gateway.batching.limiters import Limiter
from support.gateway.batching.outcome import BatchOutcome
from support.gateway.batching.questions import Ask, Reply
from support.gateway.clock import Clock
from support.values import BatchRequest, Value


class ArmFigures(Value):
    """What one arm did, of its answered requests only; seconds are real."""

    p50_seconds: float
    """Of one request, waits for a repetition included."""
    p95_seconds: float
    input_tokens: int
    output_tokens: int
    tokens_per_second: float
    """In and out, over the time of the whole arm."""
    cost_usd: Decimal | None


class BatchArm(Value):
    """The requests, asked in one way."""

    name: str
    concurrency: int
    n: int
    """Requests that were answered."""
    wall_seconds: float
    failures: tuple[str, ...]
    """Of each request that was not answered: its id, and its error or its state."""
    figures: ArmFigures | None
    """None where nothing was answered: there is no speed of that."""


class BatchBenchmark(Value):
    """Both arms."""

    sequential: BatchArm
    concurrent: BatchArm

    @property
    def speedup(self) -> float | None:
        """How many times faster the concurrent arm was; None unless both answered everything."""
        arms = (self.sequential, self.concurrent)
        if any(arm.failures or arm.figures is None for arm in arms) or not self.concurrent.wall_seconds:
            return None
        return self.sequential.wall_seconds / self.concurrent.wall_seconds

    def text(self) -> str:
        """One line an arm, and one for the speed-up."""
        lines = [line_of(arm) for arm in (self.sequential, self.concurrent)]
        speedup = self.speedup
        return "\n".join([*lines, "No speed-up can be told." if speedup is None else f"Speed-up: {speedup:.2f} times."])


class Stopwatch:
    """Asks, and notes how long each answer took; what fails is no measure of speed."""

    def __init__(self, ask: Ask) -> None:
        self.seconds: list[float] = []
        self._ask = ask

    async def ask(self, request: BatchRequest) -> Reply:
        began = time.monotonic()
        reply = await self._ask(request)
        self.seconds.append(time.monotonic() - began)
        return reply


async def measure(
    ask: Ask, requests: Sequence[BatchRequest], *, clock: Clock, concurrency: int, limiter: Limiter | None = None
) -> BatchBenchmark:
    """Asks all requests twice: one at a time, then `concurrency` at a time. Raises InvalidRequest where that is one too."""
    if concurrency < 2:
        raise invalid("concurrency", f"must be 2 or more to be compared with one at a time, not {concurrency}")
    arms = []
    for name, at_once in (("sequential", 1), ("concurrent", concurrency)):
        watch = Stopwatch(ask)
        began = time.monotonic()
        run = CallerBatch(watch.ask, requests, clock=clock, concurrency=at_once, limiter=limiter)
        outcome = await run.outcome()
        arms.append(arm(name, at_once, outcome, watch.seconds, time.monotonic() - began))
    return BatchBenchmark(sequential=arms[0], concurrent=arms[1])


def arm(name: str, concurrency: int, outcome: BatchOutcome, seconds: Sequence[float], wall: float) -> BatchArm:
    """What came of one arm."""
    answered = counted(outcome)
    return BatchArm(
        name=name,
        concurrency=concurrency,
        n=answered,
        wall_seconds=wall,
        failures=(
            *(f"{error.id}: {error.kind}: {error.message}" for error in outcome.errors),
            *(f"{item.id}: {item.status}" for item in outcome.unfinished),
        ),
        figures=figures(outcome, seconds, wall) if answered else None,
    )


def counted(outcome: BatchOutcome) -> int:
    """How many requests count as done."""
    return len(outcome.succeeded)


def figures(outcome: BatchOutcome, seconds: Sequence[float], wall: float) -> ArmFigures:
    """Of an arm in which something was answered."""
    usage = outcome.usage
    return ArmFigures(
        p50_seconds=caching_benchmark.percentile(seconds, 50),
        p95_seconds=caching_benchmark.percentile(seconds, 95),
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        tokens_per_second=(usage.input_tokens + usage.output_tokens) / wall if wall else 0.0,
        cost_usd=outcome.cost_usd,
    )


def line_of(arm: BatchArm) -> str:
    """An arm in one line; without figures it says that it failed."""
    head = f"{arm.name} ({arm.concurrency} at a time)"
    failed = f", {len(arm.failures)} failed" if arm.failures else ""
    if arm.figures is None:
        return f"{head}: failed, nothing was answered{failed}."
    measured = arm.figures
    cost = "not known" if measured.cost_usd is None else f"{measured.cost_usd.normalize():f} USD"
    return (
        f"{head}: n {arm.n}{failed}, wall {arm.wall_seconds:.3f} s, p50 {measured.p50_seconds:.3f} s, "
        f"p95 {measured.p95_seconds:.3f} s, {measured.tokens_per_second:.1f} tokens/s, cost {cost}."
    )
