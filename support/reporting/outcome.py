"""What became of a scenario, decided in one place: console, Allure and the gate tell the same story."""

import asyncio
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import behave
from allure_behave.utils import TEST_PLAN_SKIP_REASON
from behave.configuration import Configuration
from behave.model import Feature, Scenario, Step
from behave.model_type import Status

from support.catalogue import tracker
from support.errors import SetupError, TouchstoneError
from support.reporting import categories

Verdict = Literal["passed", "failed", "broken", "skipped"]
"""Allure's words: `failed` is a wrong answer (an AssertionError), `broken` anything else that went wrong."""

NO_REASON = "no reason given"
_STOPPED = f"{categories.INTERRUPTED}the run was stopped before this scenario ended."
_RUNNERS = tuple(str(Path(module.__file__).parent) for module in (behave, asyncio) if module.__file__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a scenario, or one step of it, ended."""

    status: Verdict
    message: str = ""
    trace: str = ""
    step: Step | None = None
    """The step that went wrong, where one did."""
    suite_error: bool = False
    """Whether the suite itself is at fault, so that the trace is what helps."""


def _without_runners(trace: traceback.TracebackException) -> None:
    """Takes the frames of behave and of the event loop out, in the causes too."""
    kept = [frame for frame in trace.stack if not frame.filename.startswith(_RUNNERS)]
    trace.stack[:] = kept
    for other in (trace.__cause__, trace.__context__, *(trace.exceptions or ())):
        if other is not None:
            _without_runners(other)


def trace_of(error: BaseException) -> str:
    """The traceback with its causes, without those that only run it, files named from the project's folder."""
    trace = traceback.TracebackException.from_exception(error)
    _without_runners(trace)
    return "".join(trace.format()).replace(f"{Path.cwd()}/", "").rstrip()


def _asserted(error: AssertionError) -> str:
    if text := str(error).strip():
        return text
    frames = traceback.extract_tb(error.__traceback__)
    return (frames[-1].line if frames else "") or "An assertion without a message failed."


def describe(error: BaseException) -> Outcome:
    """An error as the message and trace of a result."""
    trace = trace_of(error)
    if isinstance(error, AssertionError):
        return Outcome("failed", _asserted(error), trace)
    if isinstance(error, KeyboardInterrupt | SystemExit):
        return Outcome("broken", _STOPPED)
    if isinstance(error, TouchstoneError):
        return Outcome("broken", f"{categories.prefix_of(error)}{error}", trace)
    if isinstance(error, SetupError):
        return Outcome("broken", str(error), trace)
    return Outcome("broken", f"{type(error).__name__}: {error}".removesuffix(": "), trace, suite_error=True)


def of_step(step: Step) -> Outcome:
    """How one step ended; a step that was never reached is skipped."""
    if step.exception is not None:
        outcome = describe(step.exception)
        return Outcome(outcome.status, outcome.message, outcome.trace, step, outcome.suite_error)
    if step.status.is_undefined():
        return Outcome("broken", f"No step definition fits: {step.keyword} {step.name}", step=step, suite_error=True)
    if step.status.has_failed():
        return Outcome("broken", step.error_message or f"The step ended as {step.status.name}.", step=step)
    return Outcome("passed" if step.status.is_passed() else "skipped", step=step)


def _in_hook(scenario: Scenario) -> Outcome:
    """What a hook of the scenario raised; after the steps, a provider's error is one of cleaning up."""
    if scenario.exception is None:
        return Outcome("broken", _STOPPED)
    outcome = describe(scenario.exception)
    if isinstance(scenario.exception, TouchstoneError) and any(_ran(step) for step in scenario.all_steps):
        return Outcome(outcome.status, f"{categories.CLEANING_FAILED}{scenario.exception}", outcome.trace)
    return outcome


def _ran(step: Step) -> bool:
    return not step.status.is_untested() and step.status != Status.skipped


def _with_second_trouble(first: Outcome, second: Outcome) -> Outcome:
    message = f"{first.message}\n\nAfter the scenario, too: {second.message}"
    return Outcome(first.status, message, first.trace, first.step, first.suite_error)


def of_scenario(scenario: Scenario, *, interrupted: bool = False) -> Outcome:
    """How a scenario that was started ended. A step's trouble goes before that of the hooks.

    `interrupted`: the run was stopped in a place where behave itself keeps no note of it.
    """
    status = scenario.status
    at_fault = (outcome for step in scenario.all_steps if (outcome := of_step(step)).status in ("failed", "broken"))
    if (first := next(at_fault, None)) is not None:
        return _with_second_trouble(first, _in_hook(scenario)) if scenario.exception is not None else first
    if scenario.hook_failed or (scenario.exception is not None and status.has_failed()):
        return _in_hook(scenario)
    if interrupted or status.is_untested():
        return Outcome("broken", _STOPPED)
    if status == Status.skipped:
        return Outcome("skipped", scenario.skip_reason or NO_REASON)
    if status == Status.cleanup_error:
        return Outcome("broken", f"{categories.CLEANING_FAILED}a cleanup function of the scenario raised an error.")
    if status.has_failed():
        return Outcome("failed" if status.is_failure() else "broken", f"The run marked the scenario as {status.name}.")
    return Outcome("passed")


def of_feature_hook(feature: Feature) -> Outcome | None:
    """What a hook of the feature raised, for the scenarios that therefore never started; None where none raised."""
    if not feature.hook_failed or feature.exception is None:
        return None
    outcome = describe(feature.exception)
    message = f"A hook of the feature raised an error. {outcome.message}"
    return Outcome("broken", message, outcome.trace, suite_error=outcome.suite_error)


def is_selected(scenario: Scenario, config: Configuration) -> bool:
    """Whether the user's tags, names, lines or test plan chose the scenario; one that is skipped with a reason is chosen."""
    if not (
        scenario.should_run_with_tags(config.tag_expression)
        and scenario.should_run_with_name_select(config)
        and scenario.skip_reason != TEST_PLAN_SKIP_REASON
    ):
        return False
    return not (scenario.should_skip and scenario.skip_reason is None and _selects_by_line(config.paths))


def _selects_by_line(paths: Iterable[object]) -> bool:
    """behave marks what `FILE:LINE` or `@list` leaves out as skipped, without a reason."""
    return any(str(path).startswith("@") or str(path).rpartition(":")[2].isdigit() for path in paths)


def display_name(scenario: Scenario) -> str:
    """The scenario's name without what behave adds to one made from an Examples row (`-- @1.2 …`)."""
    return str(scenario.name).split(" -- @")[0] or str(scenario.keyword)


def row_of(scenario: Scenario) -> tracker.Row | None:
    """The tracker's row that the scenario shows, by its tag."""
    rows = (tracker.row(str(tag)) for tag in sorted(scenario.effective_tags))
    return next((row for row in rows if row is not None), None)


def title(scenario: Scenario) -> str:
    """The row's id, where there is one, and the name: `FM-04 A deleted file is gone for good on OpenAI`."""
    row = row_of(scenario)
    return f"{row.id} {display_name(scenario)}" if row else display_name(scenario)
