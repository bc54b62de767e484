"""Compares the results in a folder with the scenarios that were run, by status: a run must not look better than it was."""

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from behave.configuration import Configuration
from behave.model import Feature, Scenario

from support.reporting import outcome
from support.reporting.labels import WHERE, where


def full_name(scenario: Scenario) -> str:
    """What names one scenario of a run: its file and line, and its name."""
    return f"{where(scenario)} {outcome.display_name(scenario)}"


def expected(features: Iterable[Feature], config: Configuration, started: Mapping[str, bool]) -> dict[str, str]:
    """The status that each selected scenario must have in the report, by its full name, as behave tells it.

    `started` names the scenarios that began, and tells whether the run was stopped in the middle of them, of which behave
    keeps no note.
    """
    statuses: dict[str, str] = {}
    for feature in features:
        blocked = outcome.of_feature_hook(feature)
        for scenario in feature.walk_scenarios():
            name = full_name(scenario)
            if not outcome.is_selected(scenario, config):
                continue
            if name in started:
                statuses[name] = outcome.of_scenario(scenario, interrupted=started[name]).status
            elif blocked is not None and not scenario.should_skip:
                statuses[name] = blocked.status
            elif not scenario.status.is_untested():
                statuses[name] = outcome.of_scenario(scenario).status
    if not config.show_skipped:
        statuses = {name: status for name, status in statuses.items() if status != "skipped"}
    return statuses


def compare(results_dir: Path, expected: Mapping[str, str], only: Collection[str] | None = None) -> list[str]:
    """What differs between a folder of results and the scenarios that were run, one sentence each; empty if nothing does.

    `expected`: statuses by `full_name`. `only`: names of the result files to look at (those of this process), else all.
    """
    differences: list[str] = []
    reported: dict[str, list[str]] = {}
    paths = results_dir.glob("*-result.json") if only is None else (results_dir / name for name in only)
    for path in sorted(paths):
        try:
            result = json.loads(path.read_text(encoding="utf-8"))
            reported.setdefault(_name(result), []).append(str(result.get("status")))
        except (OSError, ValueError) as error:
            differences.append(f"The result {path.name} cannot be read: {error}")
    for name, status in expected.items():
        found = reported.pop(name, [])
        if not found:
            differences.append(f"{name}: {status} in the run, not in the report.")
        elif found != [status]:
            differences.append(f"{name}: {status} in the run, {' and '.join(found)} in the report.")
    differences += [f"{name}: {' and '.join(found)} in the report, not run." for name, found in reported.items()]
    return differences


def _name(result: Mapping[str, Any]) -> str:
    places = [label["value"] for label in result.get("labels", ()) if label.get("name") == WHERE]
    return " ".join([*places[:1], str(result.get("name"))])
