"""What a run means on every backend: its highest cost, waiting for its end, and a new run where the provider failed."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import ClassVar

from support.catalogue.models import model_named
from support.errors import JobFailed, RateLimited, WaitTimeout
from support.gateway.assistant_checks import check_described
from support.gateway.call import Bill, Bound, ChokePoint
from support.gateway.retry import pause
from support.values import (
    CodeTool,
    FunctionTool,
    Provider,
    Run,
    RunEvent,
    RunStep,
    SearchTool,
    Tool,
    ToolChoice,
    ToolOutput,
    Usage,
)

LONGEST_PAUSE = 20.0
"""Seconds between two looks at a run, at most."""
SHORTEST_PAUSE = 0.02
"""However soon the provider suggests to look again."""
FIRST_PAUSE = 0.5
"""Seconds before the second look, where the provider suggests nothing; the first one is at once."""
USUAL_OUTPUT_TOKENS = 1024
"""For a model that the catalogue does not know."""
MOST_FOUND = 16_000
"""Tokens that one search can add: 20 passages of 800 (provider-facts 5.1)."""
MOST_PRINTED = 8_000
"""Tokens that one program's output is taken to add at most."""
MOST_ROUNDS = 4
"""How often a run with tools is taken to ask the model at most."""
RUNS_AFTER = {"server_error": 1, "rate_limit_exceeded": 2}
"""How many new runs follow one that failed with this code."""


@dataclass(frozen=True, slots=True)
class RunOrder:
    """What a run is asked for, beside what its assistant says."""

    thread_id: str
    assistant_id: str
    model: str | None = None
    instructions: str | None = None
    tool_choice: ToolChoice = "auto"
    parallel_calls: bool = True
    max_output_tokens: int | None = None


@dataclass(slots=True)
class Known:
    """What one scenario saw go into threads and assistants: bytes, by id."""

    thread_bytes: dict[str, int] = field(default_factory=dict)

    def opened(self, thread_id: str, bytes_: int) -> None:
        """A new thread, with all that it holds."""
        self.thread_bytes[thread_id] = bytes_

    def grew(self, thread_id: str, bytes_: int) -> None:
        """More came into a thread; what was in a thread that this scenario did not open, nobody knows."""
        if thread_id in self.thread_bytes:
            self.thread_bytes[thread_id] += bytes_


def bound(known: Known, order: RunOrder, model: str, instructions: str | None, tools: Sequence[Tool]) -> Bound:
    """The most that a run can take: a token is at least a byte; with tools the model may be asked several times.

    A thread that this scenario never saw has at most what the model can read.
    """
    described = model_named(Provider.OPENAI, model)
    window = described.context_window_tokens if described else 1_000_000
    said = known.thread_bytes.get(order.thread_id, window)
    fixed = len((instructions or "").encode()) + sum(len(tool.model_dump_json()) for tool in tools)
    output = output_limit(order, model)
    rounds = MOST_ROUNDS if tools else 1
    brought = sum(
        MOST_FOUND if isinstance(tool, SearchTool) else MOST_PRINTED
        for tool in tools
        if isinstance(tool, SearchTool | CodeTool)
    )
    return Bound(input_tokens=rounds * (said + fixed + brought + output), output_tokens=rounds * output)


def output_limit(order: RunOrder, model: str) -> int:
    """Tokens that one answer may have: a run is never sent without a limit."""
    described = model_named(Provider.OPENAI, model)
    usual = described.output_limit_tokens if described and described.output_limit_tokens else USUAL_OUTPUT_TOKENS
    return order.max_output_tokens if order.max_output_tokens is not None else usual


@dataclass(slots=True)
class Bills:
    """What is still to be paid for: work that began and whose end nobody has seen yet, by its id."""

    _open: dict[str, Bill] = field(default_factory=dict)

    def begun(self, work_id: str, bill: Bill) -> None:
        self._open[work_id] = bill

    def is_open(self, work_id: str) -> bool:
        return work_id in self._open

    def ended(self, work_id: str, usage: Usage | None, fees_usd: Decimal | None = Decimal(0)) -> None:
        """Settles it, once; without figures it stays reserved and counts as spent."""
        bill = self._open.pop(work_id, None)
        if bill is not None and usage is not None:
            bill.settle_work(usage, fees_usd)


class RunKeeper(ABC):
    """The runs of one backend; a subclass speaks to its API and reads its answers."""

    provider: ClassVar[Provider]

    def __init__(self, choke: ChokePoint) -> None:
        self._choke = choke

    @abstractmethod
    async def _begin(self, order: RunOrder) -> Run:
        """Creates a run: one call, that looks for the run before it is repeated."""

    @abstractmethod
    async def get(self, thread_id: str, run_id: str) -> Run: ...

    @abstractmethod
    async def cancel(self, thread_id: str, run_id: str) -> Run: ...

    @abstractmethod
    async def submit(self, thread_id: str, run_id: str, outputs: Sequence[ToolOutput]) -> Run: ...

    @abstractmethod
    async def steps(self, thread_id: str, run_id: str) -> tuple[RunStep, ...]: ...

    @abstractmethod
    def _begin_stream(self, order: RunOrder) -> AsyncIterator["RunPiece"]: ...

    async def create(
        self,
        thread_id: str,
        assistant_id: str,
        *,
        model: str | None = None,
        instructions: str | None = None,
        tool_choice: ToolChoice = "auto",
        parallel_calls: bool = True,
        max_output_tokens: int | None = None,
    ) -> Run:
        check_described(self.provider, None, None, instructions, None)
        order = RunOrder(thread_id, assistant_id, model, instructions, tool_choice, parallel_calls, max_output_tokens)
        return await self._begin(order)

    def stream(
        self,
        thread_id: str,
        assistant_id: str,
        *,
        model: str | None = None,
        instructions: str | None = None,
        tool_choice: ToolChoice = "auto",
        parallel_calls: bool = True,
        max_output_tokens: int | None = None,
    ) -> "StreamedRun":
        check_described(self.provider, None, None, instructions, None)
        order = RunOrder(thread_id, assistant_id, model, instructions, tool_choice, parallel_calls, max_output_tokens)
        return StreamedRun(self._begin_stream(order))

    async def wait(self, run: Run, *, timeout: timedelta = timedelta(minutes=10)) -> Run:
        clock = self._choke.clock
        deadline = await clock.now() + timeout
        waited: float | None = None
        while True:
            seen = await self.get(run.thread_id, run.id)
            if has_stopped(seen):
                return seen
            waited = next_pause(waited, seen)
            if await clock.now() + timedelta(seconds=waited) > deadline:
                raise WaitTimeout(
                    f"the run {run.id} is {seen.status} after {timeout}; it goes on there", provider=self.provider
                )
            await clock.sleep(waited)

    async def complete(
        self,
        thread_id: str,
        assistant_id: str,
        *,
        model: str | None = None,
        instructions: str | None = None,
        tool_choice: ToolChoice = "auto",
        parallel_calls: bool = True,
        max_output_tokens: int | None = None,
        timeout: timedelta = timedelta(minutes=10),
    ) -> Run:
        check_described(self.provider, None, None, instructions, None)
        order = RunOrder(thread_id, assistant_id, model, instructions, tool_choice, parallel_calls, max_output_tokens)
        failed: list[Run] = []
        while True:
            run = await self.wait(await self._begin(order), timeout=timeout)
            if not has_failed(run):
                return run
            failed.append(run)
            if not worth_another(failed):
                raise failure_of(failed)
            order = for_another_run(order)
            await self._choke.clock.sleep(pause(None, len(failed)))


def has_stopped(run: Run) -> bool:
    """Whether it has ended, or goes on only once it is given outputs."""
    return run.ended or run.status == "requires_action"


def has_failed(run: Run) -> bool:
    """Whether the provider gave up on it."""
    return run.status == "failed"


def next_pause(before: float | None, run: Run) -> float:
    """Seconds until the next look: what the provider suggests, or half a second; then more and more, 20 s at most.

    Eight looks a minute at most, the first one at once.
    """
    if before is None:
        hinted = run.poll_after.total_seconds() if run.poll_after else FIRST_PAUSE
        return min(max(hinted, SHORTEST_PAUSE), LONGEST_PAUSE)
    return min(before * (4 if run.poll_after else 2), LONGEST_PAUSE)


def worth_another(failed: Sequence[Run]) -> bool:
    """Whether a new run may follow these, which failed."""
    last = failed[-1].failure
    return last is not None and len(failed) <= RUNS_AFTER.get(last.code, 0)


def for_another_run(order: RunOrder) -> RunOrder:
    """What the run after a failed one is asked for: the same, on the same thread."""
    return replace(order)


def failure_of(failed: Sequence[Run]) -> JobFailed | RateLimited:
    """Why nobody goes on after these runs."""
    run = failed[-1]
    code = run.failure.code if run.failure else None
    said = run.failure.message if run.failure else "the provider does not say why"
    kind = RateLimited if code == "rate_limit_exceeded" else JobFailed
    runs = "1 run" if len(failed) == 1 else f"{len(failed)} runs"
    return kind(f"the run {run.id} failed after {runs}: {said}", provider=run.provider, code=code, sent=len(failed))


@dataclass(frozen=True, slots=True)
class RunPiece:
    """What a streamed run tells; the last one brings the run itself."""

    event: RunEvent | None
    run: Run | None = None


class StreamedRun:
    """A run that tells what it does; the run itself is there once its stream was read to the end."""

    def __init__(self, pieces: AsyncIterator[RunPiece]) -> None:
        self._pieces = pieces
        self._run: Run | None = None

    async def __aiter__(self) -> AsyncIterator[RunEvent]:
        async for piece in self._pieces:
            if piece.run is not None:
                self._run = piece.run
            if piece.event is not None:
                yield piece.event

    @property
    def run(self) -> Run:
        if self._run is None:
            raise LookupError("the run is known only after its stream was read to the end")
        return self._run


def functions(tools: Sequence[Tool]) -> list[FunctionTool]:
    """The caller's own among the tools."""
    return [tool for tool in tools if isinstance(tool, FunctionTool)]
