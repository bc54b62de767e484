"""behave's hooks: they hand over to the run (`support.run`) and do nothing themselves."""

from typing import Any

from behave.model_core import Status

from support.run.scenarios import facts_of


def before_scenario(context: Any, scenario: Any) -> None:
    facts = facts_of(scenario)
    reason = context.suite.reason_to_skip(facts)
    if reason is not None:
        scenario.skip(reason)
        return
    context.opened = context.suite.begin(facts)
    context.world = context.opened.world


def after_scenario(context: Any, scenario: Any) -> None:
    opened = getattr(context, "opened", None)
    if opened is not None:
        context.suite.end(opened, passed=scenario.status == Status.passed)
