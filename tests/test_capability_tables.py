"""The tables of features/multi_provider/4_capabilities.feature are all that the gateway tells of providers."""

from datetime import date
from inspect import unwrap
from pathlib import Path

from behave import step_registry
from behave.parser import parse_file
from behave.runner_util import load_step_modules

from support.gateway.several import cells
from support.values import Provider

ROOT = Path(__file__).resolve().parents[1]
DAY = date(2026, 11, 22)


def tabled() -> list[tuple[str, str]]:
    load_step_modules([str(ROOT / "steps")])
    steps = (unwrap(step.func) for kind in step_registry.registry.steps.values() for step in kind)
    names = next(step.__globals__["NAMES"] for step in steps if step.__name__ == "looks_up_trainable")
    feature = parse_file(str(ROOT / "features" / "multi_provider" / "4_capabilities.feature"))
    found = []
    for scenario in feature.walk_scenarios():
        for step in scenario.steps:
            provider, can, name = step.name.removeprefix("the team looks up whether ").partition(" can do this: ")
            if can:
                found.append((provider, names[name]))
    return found


def test_every_feature_of_every_provider_is_in_a_table_once() -> None:
    found = tabled()
    assert sorted(found) == sorted((one.provider.value, one.name) for one in cells(DAY))
    assert len(found) == len(set(found)) == 18 * len(Provider)
