"""What became of each scenario of a run, read out of its Allure results, whichever of its processes wrote them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from support.reporting.categories import INTERRUPTED
from support.reporting.outcome import NO_REASON
from support.reporting.results import run_of


class End(StrEnum):
    """How a scenario ended."""

    PASSED = "passed"
    RED = "red"
    """A wrong answer or any other trouble: its sentence says which."""
    NOT_RUN = "not run"
    ABSENT = "not in this run"
    """Nobody chose it: that says nothing about it."""


@dataclass(frozen=True, slots=True)
class Result:
    """One scenario, as its result tells it."""

    name: str
    tags: tuple[str, ...]
    parameters: Mapping[str, str]
    end: End
    said: str
    """Its sentence where it is red, the reason where it was not run."""
    stopped_at: int
    """Milliseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Results:
    """All results of a folder, which holds one run."""

    run: str
    by_name: Mapping[str, Result] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()
    """Names of files."""


def read(folder: Path) -> Results:
    """The run's results up to now. Where a run has a scenario twice, the later result counts, as in Allure."""
    found: dict[str, Result] = {}
    unreadable: list[str] = []
    for path in sorted(folder.glob("*-result.json")):
        try:
            result = _result(json.loads(path.read_bytes()))
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            unreadable.append(path.name)
            continue
        known = found.get(result.name)
        if known is None or known.stopped_at <= result.stopped_at:
            found[result.name] = result
    return Results(run_of(folder) or "", found, tuple(unreadable))


def _result(told: Mapping[str, Any]) -> Result:
    end, said = _ended(str(told["status"]), str((told.get("statusDetails") or {}).get("message") or ""))
    if end is End.RED and (step := _at_fault(told.get("steps") or ())):
        said = f"{step}: {said}"
    return Result(
        name=str(told["name"]),
        tags=tuple(_values(told.get("labels") or (), "tag")),
        parameters={str(one["name"]): str(one["value"]) for one in told.get("parameters") or ()},
        end=end,
        said=said,
        stopped_at=int(told["stop"]),
    )


def _ended(status: str, message: str) -> tuple[End, str]:
    if status == "passed":
        return End.PASSED, ""
    if status == "skipped":
        return End.NOT_RUN, message or NO_REASON
    if message.startswith(INTERRUPTED):
        return End.NOT_RUN, "interrupted"
    return End.RED, message or f"It ended as {status}, and nothing says why."


def _at_fault(steps: Iterable[Mapping[str, Any]]) -> str:
    """The sentence of the step that went wrong; empty where it was none, but a hook."""
    return next((str(step["name"]) for step in steps if step.get("status") in ("failed", "broken")), "")


def _values(labels: Iterable[Mapping[str, Any]], name: str) -> list[str]:
    return [str(label["value"]) for label in labels if label.get("name") == name]
