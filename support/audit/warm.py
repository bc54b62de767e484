"""behave kept warm: features parsed and steps loaded once, one suite, and any scenario run as often as one likes."""

from dataclasses import dataclass
from typing import Any

from behave.configuration import Configuration
from behave.model import Feature, Scenario
from behave.model_core import Status
from behave.runner import Context, Runner
from behave.runner_util import parse_features
from behave.step_registry import registry

from support.run import hooks
from support.run.invariants import InvariantBroken
from support.run.scenarios import ScenarioFacts, facts_of
from support.run.suite import Suite


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
        context._push(layer="feature")
        try:
            context.feature = case.feature
            context.tags = set(case.feature.tags)
            scenario.run(self)
        finally:
            context._pop()
            self.aborted = False
        return _read(scenario)


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
