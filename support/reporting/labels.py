"""What a result says about itself: area, row, severity, tags, provider, target, cost and tokens."""

import os
from collections.abc import Iterable, Mapping

from allure_commons.model2 import Label, Parameter
from allure_commons.types import LabelType, Severity
from behave.model import Scenario

from support.reporting import outcome
from support.reporting.recorder import Tally
from support.values import Provider

_SEVERITY = "severity:"
_PROVIDER = "provider:"
WHERE = "scenario"
"""The label that tells the gate which scenario a result belongs to: its file and line."""


def labels(scenario: Scenario) -> list[Label]:
    """The labels of a result; epic and story come from the tracker's row, the timeline's place from the process."""
    tags = sorted(str(tag) for tag in scenario.effective_tags)
    told = [
        (LabelType.FEATURE, str(scenario.feature.name)),
        (LabelType.SEVERITY, _severity(tags)),
        *((LabelType.TAG, tag) for tag in tags if not tag.startswith(_SEVERITY)),
        (LabelType.FRAMEWORK, "behave"),
        (LabelType.LANGUAGE, "python"),
        (LabelType.HOST, "Touchstone"),
        (LabelType.THREAD, f"process {os.getpid()}"),
        (WHERE, where(scenario)),
    ]
    if row := outcome.row_of(scenario):
        told += [(LabelType.EPIC, area_title(row.area)), (LabelType.STORY, f"{row.id} {row.line}")]
    return [Label(name=name, value=value) for name, value in told]


def area_title(area: str) -> str:
    """`knowledge_base` as a title: `Knowledge base`."""
    return area.replace("_", " ").capitalize()


def providers_of(tags: Iterable[str], values: Mapping[str, str]) -> tuple[Provider, ...]:
    """The providers that a scenario is about: those of its tags, and of the columns that end in `provider`."""
    named = [tag.removeprefix(_PROVIDER) for tag in tags if tag.startswith(_PROVIDER)]
    named += [value for name, value in values.items() if name.endswith("provider")]
    known = {provider.value for provider in Provider}
    return tuple(Provider(name) for name in dict.fromkeys(named) if name in known)


def where(scenario: Scenario) -> str:
    """The scenario's own file and line, different for each row of an outline."""
    return f"{scenario.filename}:{scenario.line}"


def parameters(scenario: Scenario, target: str | None) -> list[Parameter]:
    """The Examples row's values, the provider, and what is on the other side."""
    row = scenario._row  # behave has no public name for it
    told = dict(row.items()) if row else {}
    if provider := _provider(scenario):
        told.setdefault("provider", provider)
    if target:
        told["target"] = target
    return [Parameter(name=name, value=value) for name, value in told.items()]


def expenses(tally: Tally) -> list[Parameter]:
    """Cost and tokens; they vary from run to run, so they are no part of what identifies the test."""
    if not tally.calls:
        return []
    return [
        Parameter(name="cost", value=tally.cost, excluded=True),
        Parameter(name="tokens", value=tally.tokens, excluded=True),
    ]


def _severity(tags: list[str]) -> str:
    known = {severity.value for severity in Severity}
    asked = (tag.removeprefix(_SEVERITY) for tag in tags if tag.startswith(_SEVERITY))
    return next((severity for severity in asked if severity in known), Severity.NORMAL.value)


def _provider(scenario: Scenario) -> str | None:
    tags = sorted(str(tag) for tag in scenario.effective_tags if tag.startswith(_PROVIDER))
    return tags[0].removeprefix(_PROVIDER) if tags else None
