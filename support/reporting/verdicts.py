"""Makes a scenario or the whole run fail from a hook, without what behave prints about a hook that raises."""

from behave.model import Scenario
from behave.runner import Context

from support.reporting.allure import show_error
from support.reporting.outcome import is_selected
from support.reporting.redaction import redactor


def fail_scenario(scenario: Scenario, error: Exception) -> None:
    """From `after_scenario`: the scenario fails as if the hook had raised, in behave, on the console and in Allure."""
    scenario.hook_failed = True
    if scenario.exception is None:
        scenario.store_exception_context(error)


def fail_run(context: Context, sentence: str) -> None:
    """From `before_all` or `after_all`: says why on the console and in the report; behave exits with code 1."""
    print(redactor.clean(sentence))
    show_error(sentence)
    context._runner.hook_failures += 1  # what behave itself counts when a hook raises


def stop_run(context: Context, sentence: str) -> None:
    """From `before_all`: the run cannot begin. No scenario is run; `after_all` is, as always."""
    fail_run(context, sentence)
    context._runner.features.clear()


def selects_nothing(context: Context) -> bool:
    """From `before_all`: whether the user's paths, tags and names choose no scenario at all."""
    scenarios = (scenario for feature in context._runner.features for scenario in feature.walk_scenarios())
    return not any(is_selected(scenario, context.config) for scenario in scenarios)
