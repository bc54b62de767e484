"""What a run prints: live progress in a terminal, one plain line a scenario elsewhere, failures in full as they happen."""

import logging
import os
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TextIO

from behave.configuration import Configuration
from behave.formatter.base import Formatter, StreamOpener
from behave.model import Feature, Scenario
from behave.reporter.summary import AbstractSummaryReporter

from support.gateway.events import CallEvent
from support.reporting import outcome
from support.reporting.exhibits import Exhibit
from support.reporting.outcome import Outcome
from support.reporting.recorder import Tally, recorder
from support.reporting.redaction import redactor

WORDS = {"passed": "ok", "failed": "FAIL", "broken": "FAIL", "skipped": "skip", "dry": "dry"}


@dataclass(slots=True)
class Progress:
    """The state of the run that the views show."""

    counts: Counter[str] = field(default_factory=Counter)
    """By Allure's words, and `dry` for what a dry run only looked at."""
    tally: Tally = field(default_factory=Tally)
    current: str = ""

    @property
    def done(self) -> int:
        """How many scenarios have ended, skipped ones included."""
        return self.counts.total()

    @property
    def went_wrong(self) -> int:
        """Failed and broken together."""
        return self.counts["failed"] + self.counts["broken"]


class View(Protocol):
    """One way to show a run."""

    def feature(self, feature: Feature) -> None: ...

    def scenario(self, scenario: Scenario) -> None: ...

    def ended(self, scenario: Scenario, told: str, ended: Outcome | None) -> None:
        """`told` is the scenario's line; `ended` is None in a dry run."""
        ...

    def feature_ended(self, feature: Feature, counts: Counter[str]) -> None: ...

    def spent(self) -> None: ...

    def close(self) -> None: ...

    def line(self, text: str) -> None: ...


class PlainView:
    """One line a scenario, grouped by feature."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._feature: Feature | None = None

    def feature(self, feature: Feature) -> None:
        self._feature = feature

    def scenario(self, scenario: Scenario) -> None: ...

    def ended(self, scenario: Scenario, told: str, ended: Outcome | None) -> None:
        if self._feature is not None:
            self.line(f"\n{self._feature.name}  ({self._feature.filename})")
            self._feature = None
        self.line(f"  {told}")
        if ended is not None and ended.status in ("failed", "broken"):
            self.line(_indented(in_full(scenario, ended), "       "))

    def feature_ended(self, feature: Feature, counts: Counter[str]) -> None: ...

    def spent(self) -> None: ...

    def close(self) -> None: ...

    def line(self, text: str) -> None:
        self._stream.write(f"{text}\n")
        self._stream.flush()


class TouchstoneConsole(Formatter):  # type: ignore[misc]
    """Follows the run and tells a view. behave calls no formatter when a scenario ends: the next call tells that it did."""

    name = "touchstone.console"
    description = "Live progress in a terminal, plain lines elsewhere"

    def __init__(self, stream_opener: StreamOpener, config: Configuration) -> None:
        super().__init__(stream_opener, config)
        self.stream = self.open()
        self._progress = Progress()
        self._view: View = (
            _live_view(self.stream, self._progress) if _is_terminal(self.stream) else PlainView(self.stream)
        )
        self._started = time.monotonic()
        self._feature: Feature | None = None
        self._scenario: Scenario | None = None
        self._seen: set[int] = set()
        self._of_feature: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._wrong: list[str] = []
        if self.stdout_mode:
            # this formatter prints a summary of its own; behave's stays for all others
            config.reporters[:] = [one for one in config.reporters if not isinstance(one, AbstractSummaryReporter)]
            logging.getLogger("behave").setLevel(logging.ERROR)  # it warns of each skip, which has its line here
        self._shown: list[str] = []
        recorder.subscribe(self._on_call)
        recorder.add_viewer(self._on_exhibit)

    def _on_call(self, event: CallEvent) -> None:
        self._progress.tally.add(event)
        self._view.spent()

    def _on_exhibit(self, exhibit: Exhibit) -> None:
        """Kept until the scenario's own line is out."""
        self._shown += exhibit.lines

    def feature(self, feature: Feature) -> None:
        self._end_feature()
        self._feature = feature
        self._view.feature(feature)

    def scenario(self, scenario: Scenario) -> None:
        self._end_scenario()
        if outcome.is_selected(scenario, self.config):
            self._scenario = scenario
            self._progress.current = outcome.title(scenario)
            self._view.scenario(scenario)

    def eof(self) -> None:
        self._end_feature()

    def _end_scenario(self, *, interrupted: bool = False) -> None:
        scenario, self._scenario = self._scenario, None
        self._progress.current = ""
        if scenario is None:
            return
        if self.config.dry_run and scenario.status.is_untested():
            self._note(scenario, None)
        else:
            self._note(scenario, outcome.of_scenario(scenario, interrupted=interrupted))

    def _end_feature(self) -> None:
        self._end_scenario()
        feature, self._feature = self._feature, None
        if feature is None:
            return
        if (blocked := outcome.of_feature_hook(feature)) is not None:
            for scenario in feature.walk_scenarios():
                if outcome.is_selected(scenario, self.config) and id(scenario) not in self._seen:
                    self._note(scenario, blocked)
        if self._of_feature:
            self._view.feature_ended(feature, self._of_feature)
        self._of_feature = Counter()

    def _note(self, scenario: Scenario, ended: Outcome | None) -> None:
        self._seen.add(id(scenario))
        status = ended.status if ended else "dry"
        self._progress.counts[status] += 1
        self._of_feature[status] += 1
        told = _line(scenario, ended)
        if ended is not None and ended.status == "skipped":
            self._reasons[ended.message] += 1
        if ended is not None and ended.status in ("failed", "broken"):
            self._wrong.append(f"{outcome.title(scenario)}  ({scenario.location})")
        self._view.ended(scenario, told, ended)
        for line in self._shown:
            self._view.line(_indented(redactor.clean(line), "       "))
        self._shown.clear()

    def close(self) -> None:
        self._end_scenario(interrupted=True)  # had it ended in order, so would its feature have
        self._end_feature()
        self._view.close()
        recorder.unsubscribe(self._on_call)
        recorder.remove_viewer(self._on_exhibit)
        for text in summary(self._progress.counts, self._reasons, self._wrong, time.monotonic() - self._started):
            self._view.line(text)
        self.close_stream()


def summary(counts: Mapping[str, int], reasons: Counter[str], wrong: list[str], seconds: float) -> list[str]:
    """The last lines: what was skipped and why, what went wrong and where, the counts."""
    lines = [""]
    if reasons:
        lines += ["Not run:", *(f"  {number:4}  {reason}" for reason, number in reasons.most_common()), ""]
    if wrong:
        lines += ["Failed:", *(f"  {name}" for name in wrong), ""]
    total = sum(counts.values())
    told = [f"{counts[status]} {status}" for status in ("passed", "failed", "broken", "skipped") if counts.get(status)]
    if counts.get("dry"):
        told.append(f"{counts['dry']} looked at, not run")
    plural = "scenario" if total == 1 else "scenarios"
    return [*lines, f"{total} {plural}: {', '.join(told) or 'none was run'} ({seconds:.1f} s)"]


def in_full(scenario: Scenario, ended: Outcome) -> str:
    """Where it went wrong and why; the trace only where the suite itself is at fault."""
    lines = [str(scenario.location)]
    if ended.step is not None:
        lines.append(f"{ended.step.keyword} {ended.step.name}")
    lines.append(ended.message)
    if ended.suite_error and ended.trace:
        lines.append(ended.trace)
    return redactor.clean("\n".join(lines))


def _line(scenario: Scenario, ended: Outcome | None) -> str:
    word = WORDS[ended.status if ended else "dry"]
    name = outcome.title(scenario)
    if ended is None:
        return f"{word:4} {name}"
    if ended.status == "skipped":
        return f"{word:4} {name}: {ended.message}"
    return f"{word:4} {name} ({scenario.duration:.2f} s)"


def _indented(text: str, margin: str) -> str:
    return "\n".join(f"{margin}{line}".rstrip() for line in text.splitlines())


def _is_terminal(stream: TextIO) -> bool:
    """A person watches: a terminal that can move its cursor, and no CI (which may offer one)."""
    isatty = getattr(stream, "isatty", None)
    return bool(isatty and isatty()) and os.environ.get("TERM") != "dumb" and not os.environ.get("CI")


def _live_view(stream: TextIO, progress: Progress) -> View:
    from support.reporting.live import LiveView  # rich takes 0.1 s to load, and only a terminal needs it

    return LiveView(stream, progress)
