"""Work that goes from provider to provider, step by step, with a trace of who did what, from what, for how much."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from support.errors import TouchstoneError
from support.gateway.clock import Clock
from support.gateway.events import CallEvent, heard
from support.gateway.several.routes import invalid
from support.ledger.prices import price
from support.values import Provider, Usage

NOTHING = Decimal(0)
Ending = Literal["complete", "partial", "failed"]


@dataclass(frozen=True, slots=True)
class Done:
    """What a step gave."""

    output: Any
    usage: Usage | None
    """None where the provider tells no figures: then those that the call was charged for count."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that one provider does, from what steps before it gave."""

    name: str
    provider: Provider
    model: str
    do: Callable[[Mapping[str, Any]], Awaitable[Done]] = field(repr=False)
    """Takes the outputs of the steps that `takes` names, by their names, without those that failed."""
    takes: tuple[str, ...] = ()
    one_of: str | None = None
    """The group of which one step is enough; None: the workflow cannot do without this one."""


@dataclass(frozen=True, slots=True)
class Traced:
    """A step as it went."""

    name: str
    provider: Provider
    model: str
    inputs: Mapping[str, Any] = field(repr=False)
    output: Any = field(repr=False)
    """None where it failed."""
    usage: Usage
    """Nothing where it failed."""
    cost_usd: Decimal | None
    """None where the model has no known price."""
    started_at: datetime
    ended_at: datetime
    requests: int
    """HTTP requests that it sent, repetitions included."""
    error: TouchstoneError | None = field(default=None, repr=False)

    @property
    def ok(self) -> bool:
        return self.error is None

    @property
    def tokens(self) -> int:
        """In and out."""
        return self.usage.input_tokens + self.usage.output_tokens


@dataclass(frozen=True, slots=True)
class WorkflowResult:
    """What came of a workflow: whole, partial where an optional step failed, or failed where a required one did."""

    trace: tuple[Traced, ...]
    outputs: Mapping[str, Any] = field(repr=False)
    """Of the steps that succeeded, by name."""
    missing: tuple[str, ...] = ()
    """The steps that the result does without."""
    failed_at: str | None = None

    @property
    def ending(self) -> Ending:
        if self.failed_at is not None:
            return "failed"
        return "partial" if self.missing else "complete"

    @property
    def cost_usd(self) -> Decimal | None:
        """The sum of the steps in dollars; None where one has no known price."""
        return total_cost(self.trace)

    @property
    def tokens(self) -> int:
        return sum(step.tokens for step in self.trace)

    @property
    def error(self) -> TouchstoneError | None:
        """Why it failed; None where it did not."""
        return None if self.failed_at is None else self.step(self.failed_at).error

    def step(self, name: str) -> Traced:
        """How a step went; LookupError for one that was not begun."""
        for step in self.trace:
            if step.name == name:
                return step
        raise LookupError(f"the workflow did not come to a step {name!r}")

    def raise_on_failure(self) -> None:
        """Raises the error of the step at which it failed."""
        if (error := self.error) is not None:
            raise error

    @property
    def columns(self) -> tuple[str, ...]:
        """What the cells of a row are."""
        return ("step", "provider", "model", "tokens", "USD", "start", "end", "outcome")

    def rows(self) -> list[list[str]]:
        """A row of cells for each step."""
        return [
            [
                step.name,
                step.provider,
                step.model,
                str(step.tokens),
                "unpriced" if step.cost_usd is None else f"{step.cost_usd.normalize():f}",
                f"{step.started_at:%H:%M:%S.%f}",
                f"{step.ended_at:%H:%M:%S.%f}",
                "ok" if step.error is None else step.error.kind,
            ]
            for step in self.trace
        ]

    def told(self) -> str:
        """What came of it, and what it cost."""
        total = self.cost_usd
        return f"{self.summary()} Total: {'unpriced' if total is None else f'{total.normalize():f} USD'}."

    def markdown(self) -> str:
        """The trace as a table, and what came of it."""
        head = [list(self.columns), ["---"] * len(self.columns)]
        lines = [f"| {' | '.join(row)} |" for row in [*head, *self.rows()]]
        return "\n".join([*lines, "", self.told()]) + "\n"

    def summary(self) -> str:
        """In one sentence."""
        if self.failed_at is not None:
            return f"Failed at {self.failed_at}: {str(self.error).rstrip('.')}."
        return f"Partial, without {', '.join(self.missing)}." if self.missing else "Complete."


class Workflow:
    """Steps, one after the other; ends at the first failed step that it cannot do without, with no request after it.

    Raises InvalidRequest for no step, a name that is given twice, or an input that no earlier step gives.
    """

    def __init__(self, steps: Sequence[Step], clock: Clock) -> None:
        if not steps:
            raise invalid("steps", "is empty; give one step or more")
        known: set[str] = set()
        for step in steps:
            if step.name in known:
                raise invalid("steps", f"{step.name!r} is the name of two steps")
            if unknown := [name for name in step.takes if name not in known]:
                raise invalid("steps", f"{step.name!r} takes {unknown[0]!r}, which no step before it gives")
            known.add(step.name)
        self._steps = tuple(steps)
        self._clock = clock

    async def run(self) -> WorkflowResult:
        """Runs all steps, or as far as they go."""
        trace: list[Traced] = []
        outputs: dict[str, Any] = {}
        missing: list[str] = []
        for place, step in enumerate(self._steps):
            went, output = await self._went(step, inputs_of(step, outputs))
            note(trace, went)
            if went.error is None:
                outputs[step.name] = output
            elif can_do_without(step, self._steps[place + 1 :], outputs, self._steps):
                missing.append(step.name)
            else:
                return WorkflowResult(tuple(trace), outputs, tuple(missing), failed_at=step.name)
        return WorkflowResult(tuple(trace), outputs, tuple(missing))

    async def _went(self, step: Step, inputs: Mapping[str, Any]) -> tuple[Traced, Any]:
        started = await self._clock.now()
        error: TouchstoneError | None = None
        with listening() as events:
            try:
                done = await step.do(inputs)
            except TouchstoneError as failure:
                substituted = instead_of(step, failure)
                done, error = substituted or Done(None, Usage()), None if substituted else failure
        ended = await self._clock.now()
        usage = Usage() if error is not None else done.usage or _charged(events)
        went = Traced(
            name=step.name,
            provider=step.provider,
            model=step.model,
            inputs=dict(inputs),
            output=done.output,
            usage=usage,
            cost_usd=NOTHING if error is not None else cost_of(step, usage),
            started_at=started,
            ended_at=ended,
            requests=sum(len(event.exchanges) for event in events),
            error=error,
        )
        return went, done.output


@contextmanager
def listening() -> Iterator[list[CallEvent]]:
    """The events of the calls that are made inside."""
    events: list[CallEvent] = []
    token = heard.set(events)
    try:
        yield events
    finally:
        heard.reset(token)


def inputs_of(step: Step, outputs: Mapping[str, Any]) -> dict[str, Any]:
    """What a step is given: what it takes, as far as that succeeded."""
    return {name: outputs[name] for name in step.takes if name in outputs}


def can_do_without(step: Step, later: Sequence[Step], outputs: Mapping[str, Any], steps: Sequence[Step]) -> bool:
    """Whether the workflow goes on after this step failed: another of its group succeeded, or still may."""
    if step.one_of is None:
        return False
    succeeded = any(other.one_of == step.one_of and other.name in outputs for other in steps)
    return succeeded or any(other.one_of == step.one_of for other in later)


def instead_of(step: Step, error: TouchstoneError) -> Done | None:
    """What stands in for a step that failed: nothing ever does."""
    return None


def note(trace: list[Traced], went: Traced) -> None:
    """Puts a step into the trace, whatever came of it."""
    trace.append(went)


def cost_of(step: Step, usage: Usage) -> Decimal | None:
    """What a step's tokens cost in dollars; None where the model has no known price."""
    return price(step.provider, step.model, usage)


def total_cost(trace: Sequence[Traced]) -> Decimal | None:
    """The sum of all steps in dollars; None where one has no known price."""
    total = NOTHING
    for step in trace:
        if step.cost_usd is None:
            return None
        total += step.cost_usd
    return total


def _charged(events: Sequence[CallEvent]) -> Usage:
    """The tokens that the calls of a step were charged for."""
    usages = [event.usage for event in events if event.usage is not None]
    return Usage(**{kind: sum(getattr(usage, kind) for usage in usages) for kind in Usage.model_fields})
