"""behave kept warm: features parsed and steps loaded once, one suite, and any scenario run as often as one likes."""

import signal
import time
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any

from behave.configuration import Configuration
from behave.model import Feature, Scenario
from behave.model_core import Status
from behave.runner import Context, Runner
from behave.runner_util import parse_features
from behave.step_registry import registry

from support.gateway.markers import random_token
from support.run import hooks
from support.run.invariants import InvariantBroken
from support.run.scenarios import ScenarioFacts, facts_of
from support.run.suite import Suite

SCENARIO_SECONDS = 30.0
"""Real time after which a scenario counts as hung; those of the suite take some 20 ms."""
AGAIN_SECONDS = 5.0


class TookTooLong(Exception):
    """Raised into a scenario that hangs."""


class Alarm:
    """Ends what takes too long, wherever it hangs, and keeps that it did: a step could mistake the end for a refusal."""

    def __init__(self, seconds: float) -> None:
        self.rang = False
        self._seconds = seconds
        self._before: Any = None

    def __enter__(self) -> "Alarm":
        self._before = signal.signal(signal.SIGALRM, self._ring)
        # again and again, since a callback of the event loop could swallow the first
        signal.setitimer(signal.ITIMER_REAL, self._seconds, AGAIN_SECONDS)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> bool:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self._before)
        return kind is TookTooLong

    def _ring(self, number: int, frame: FrameType | None) -> None:
        self.rang = True
        raise TookTooLong(f"it took longer than {self._seconds:g} s")


@dataclass(frozen=True, slots=True)
class Case:
    """A scenario with what the audit needs of it."""

    scenario: Scenario
    feature: Feature
    facts: ScenarioFacts


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a scenario ended: `noticed` is an assertion in a step or a broken invariant, `broken` anything else but passing."""

    passed: bool
    noticed: str = ""
    broken: str = ""


class WarmRunner(Runner):  # type: ignore[misc]  # behave has no types
    """Runs single scenarios; writes nothing."""

    def __init__(self, suite: Suite, arguments: list[str]) -> None:
        super().__init__(Configuration([*arguments, "--no-color", "--no-summary"]))
        with self.path_manager:
            self.setup_paths()
            self.load_step_definitions()
        self.hooks = {"before_scenario": hooks.before_scenario, "after_scenario": hooks.after_scenario}
        self.hook_failures = 0
        self.seconds: dict[str, float] = {}
        """How long each scenario took when it was last run, by its name."""
        self.step_registry = registry
        self.formatters: list[Any] = []
        self.context = Context(self)
        self.context.suite = suite
        self.context.config = self.config

    def cases(self) -> list[Case]:
        """The scenarios that tags, names and files select, in the order of the feature files."""
        features = parse_features(list(self.feature_locations()), language=self.config.lang)
        return [
            Case(scenario, feature, facts_of(scenario))
            for feature in features
            for scenario in feature.walk_scenarios()
            if scenario.should_run(self.config)
        ]

    def outcome_of(self, case: Case) -> Outcome:
        """Runs the scenario once more."""
        scenario = case.scenario
        scenario.reset()
        context: Any = self.context
        context.suite.run_id = random_token(8)  # a run of its own: what earlier ones cost counts against no cap
        context._push(layer="feature")
        began = time.monotonic()
        try:
            context.feature = case.feature
            context.tags = set(case.feature.tags)
            with Alarm(SCENARIO_SECONDS) as alarm:
                scenario.run(self)
        finally:
            context._pop()
            self.aborted = False
            self.seconds[case.facts.name] = time.monotonic() - began
        return Outcome(passed=False, broken="it took too long") if alarm.rang else _read(scenario)


def _read(scenario: Scenario) -> Outcome:
    if scenario.status == Status.passed:
        return Outcome(passed=True)
    if scenario.status == Status.skipped:
        return Outcome(passed=False, broken=f"skipped: {scenario.skip_reason}")
    for step in scenario.all_steps:
        if step.status == Status.failed and isinstance(step.exception, AssertionError):
            return Outcome(passed=False, noticed=f"{step.keyword} {step.name}: {step.exception}")
        if step.status in (Status.error, Status.failed, Status.undefined):
            return Outcome(passed=False, broken=f"{step.keyword} {step.name}: {step.exception!r}")
    if isinstance(scenario.exception, InvariantBroken):
        return Outcome(passed=False, noticed=str(scenario.exception))
    return Outcome(passed=False, broken=f"{scenario.status}: {scenario.exception!r}")
