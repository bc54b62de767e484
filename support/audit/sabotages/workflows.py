"""Sabotages of work that goes over several providers: what stands in for a failure, what goes on after it, what is told."""

from typing import Any

from support.audit.sabotages.assistants import cost_of_the_last_run
from support.audit.sabotages.places import gateway
from support.audit.sabotaging import ALL, Fired, Patch, Sabotage
from support.values import Usage

CANNED = "Quantum computing"


def _workflow() -> Any:
    return gateway("several.workflow")


def _substitutes_default() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def instead_of(step: Any, error: Any) -> Any:
            fired()
            return _workflow().Done(CANNED, Usage())

        return instead_of

    return [Patch(_workflow(), "instead_of", make)]


def _continues_after_failure() -> list[Patch]:
    """A step that failed counts as one that nobody needs; those after it are given an empty word in its place."""

    def make_dispensable(original: Any, fired: Fired) -> Any:
        def can_do_without(step: Any, later: Any, outputs: Any, steps: Any) -> bool:
            if not original(step, later, outputs, steps):
                fired()
            return True

        return can_do_without

    def make_inputs(original: Any, fired: Fired) -> Any:
        def inputs_of(step: Any, outputs: Any) -> dict[str, Any]:
            return {"topic": CANNED, **original(step, outputs)}

        return inputs_of

    return [
        Patch(_workflow(), "can_do_without", make_dispensable),
        Patch(_workflow(), "inputs_of", make_inputs),
    ]


def _trace_incomplete() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def note(trace: list[Any], went: Any) -> None:
            if len(trace) == 1:
                fired()
                trace.append(went)
                trace.pop(0)
                return
            original(trace, went)

        return note

    return [Patch(_workflow(), "note", make)]


def _cost_last_run_only() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def total_cost(trace: Any) -> Any:
            if len(trace) > 1:
                fired()
            return original(trace[-1:])

        return total_cost

    return [Patch(_workflow(), "total_cost", make), *cost_of_the_last_run()]


WORKFLOWS = (
    Sabotage(
        "workflow.substitutes_default", "A step that failed is replaced by a canned text.", ALL, _substitutes_default
    ),
    Sabotage("workflow.continues_after_failure", "Steps run after one that failed.", ALL, _continues_after_failure),
    Sabotage("workflow.trace_incomplete", "The trace leaves a step out.", ALL, _trace_incomplete),
    Sabotage(
        "workflow.cost_last_run_only",
        "The cost of several runs, or steps, is that of the last.",
        ALL,
        _cost_last_run_only,
    ),
)
