"""The tracker held against a run: which row holds on which provider, what is not shown, what it cost, and who would notice."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from behave.model import Feature

from support.catalogue import tracker
from support.catalogue.tracker import Lesson, Row
from support.errors import SetupError
from support.ledger.history import History, Line, RunFacts
from support.reporting import traceability_audit, traceability_features, traceability_history, traceability_results
from support.reporting.labels import area_title, providers_of
from support.reporting.results import run_of
from support.reporting.traceability_audit import EXCLUDED, NOTICED, LastAudit, Tried
from support.reporting.traceability_features import FeatureFiles, Written
from support.reporting.traceability_history import Memory, with_run
from support.reporting.traceability_results import End, Result, Results
from support.values import Provider

RESULTS = "allure-results"
FEATURES = Path("features")
SOURCES = (FEATURES, Path("steps"), Path("support"))
"""What an audit speaks of: once one of these has changed, it is stale."""


class State(StrEnum):
    """How it stands with a row, or with a row on one provider."""

    HOLDS = "holds"
    PARTLY = "holds in part"
    """What ran passed, and something did not run, or is not there."""
    BROKEN = "broken"
    NOT_RUN = "not run"
    ABSENT = "not in this run"
    """Outside of what was chosen: another run may show it."""
    UNSHOWN = "no scenario"
    BY_TESTS = "by tests"
    """Not for scenarios to show: the project's own tests do."""
    UNPROMISED = "not promised"


ROW_STATES = (State.HOLDS, State.PARTLY, State.BROKEN, State.NOT_RUN, State.ABSENT, State.UNSHOWN)
"""What a row can be, the good first."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A scenario of a row, and how it ended."""

    name: str
    providers: tuple[Provider, ...]
    end: End
    said: str
    cost: tuple[Line, ...]
    """One line for each kind of money."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A row on one provider."""

    provider: Provider
    state: State
    why: str = ""
    """What of it is red or was not run, and for which reason."""
    is_whole: bool = True
    """Whether everything of it was chosen for the run."""

    @property
    def tells(self) -> bool:
        """Whether this run says enough of the promise to be remembered: what holds of a chosen part does not."""
        return self.state in (State.HOLDS, State.BROKEN) or (self.state is State.PARTLY and self.is_whole)


@dataclass(frozen=True, slots=True)
class SwitchReport:
    """A switch of a row, and what the last audit found, a provider each; empty where it was not thrown."""

    layer: str
    name: str
    tried: Mapping[Provider, Tried]
    gone: frozenset[Provider] = frozenset()
    """Where the scenario that noticed is no longer there."""

    @property
    def does(self) -> str:
        return next((one.does for one in self.tried.values() if one.does), "")

    @property
    def is_noticed(self) -> bool:
        """By every provider that it applies to; a switch that cannot be thrown by design is none that is noticed."""
        good = bool(self.tried) and not self.gone and all(one.is_good for one in self.tried.values())
        return good and not self.is_excluded

    @property
    def is_excluded(self) -> bool:
        return bool(self.tried) and all(one.verdict == EXCLUDED for one in self.tried.values())


@dataclass(frozen=True, slots=True)
class RowReport:
    """A row, and all that is known of it."""

    row: Row
    state: State
    cells: tuple[Cell, ...]
    """One for each provider there is."""
    scenarios: tuple[Shown, ...]
    cost: tuple[Line, ...]
    switches: tuple[SwitchReport, ...]

    @property
    def is_audited(self) -> bool:
        return any(one.tried for one in self.switches)

    @property
    def never_failed(self) -> tuple[Provider, ...]:
        """The promised providers of an audited row on which no switch was noticed."""
        seen = {p for one in self.switches for p, tried in one.tried.items() if tried.verdict == NOTICED}
        return tuple(p for p in self.row.providers if p not in seen) if self.is_audited else ()


@dataclass(frozen=True, slots=True)
class Area:
    """The rows of one area."""

    tag: str
    rows: tuple[RowReport, ...]

    @property
    def title(self) -> str:
        return area_title(self.tag)


@dataclass(frozen=True, slots=True)
class LessonReport:
    """A lesson, and what follows for it from its rows."""

    lesson: Lesson
    state: State


@dataclass(frozen=True, slots=True)
class Traceability:
    """The whole report."""

    run: str
    facts: RunFacts | None
    """None where the ledger does not know the run."""
    processes: int
    made_at: datetime
    areas: tuple[Area, ...]
    infrastructure: tuple[Row, ...]
    lessons: tuple[LessonReport, ...]
    audit: LastAudit
    untracked: tuple[Shown, ...]
    """Scenarios of the run that name no tracked row."""
    unreadable: tuple[str, ...]
    """Files that could not be read: what they would tell is missing here."""
    memory: Memory
    """What earlier runs found, and this one."""

    @property
    def rows(self) -> tuple[RowReport, ...]:
        return tuple(row for area in self.areas for row in area.rows)

    @property
    def began_at(self) -> datetime:
        return self.facts.started_at if self.facts else self.made_at

    @property
    def target(self) -> str:
        return self.facts.target if self.facts else ""

    def ends(self) -> Counter[End]:
        """How many scenarios of the rows ended how."""
        return Counter(one.end for row in self.rows for one in row.scenarios)


def counts(rows: Iterable[RowReport]) -> dict[State, int]:
    """How many rows stand how; every state is there."""
    counted = Counter(row.state for row in rows)
    return {state: counted[state] for state in ROW_STATES}


def has_results(reports: Path) -> bool:
    """Whether a run of this suite left results in `reports`."""
    folder = reports / RESULTS
    return run_of(folder) is not None and any(folder.glob("*-result.json"))


def collect(reports: Path, history: History, loaded: Iterable[Feature] = ()) -> Traceability:
    """The report of the run whose results lie in `reports`, up to now. Raises SetupError where there are none.

    `loaded` are features that behave has read already.
    """
    if not has_results(reports):
        raise SetupError(f"There are no results of a run in {reports / RESULTS}: run behave first.")
    return build(
        traceability_results.read(reports / RESULTS),
        traceability_features.read(FEATURES, loaded),
        traceability_audit.read(reports / traceability_audit.NAME, SOURCES),
        traceability_history.read(reports / traceability_history.NAME),
        history,
        datetime.now(UTC),
    )


def build(
    results: Results, files: FeatureFiles, audit: LastAudit, memory: Memory, history: History, made_at: datetime
) -> Traceability:
    """Puts together what was read; nothing is read here but the ledger."""
    run = results.run
    facts = history.facts(run)
    shown = _by_row(results, files, history, run)
    row_costs = _costs(history.by("row", run))
    names = {one.name for scenarios in shown.values() for one in scenarios}
    tried: dict[tuple[str, str], dict[Provider, Tried]] = defaultdict(dict)
    for one in audit.tried:
        tried[one.row, one.switch][one.provider] = one
    reports = [_row(row, shown.pop(row.id, ()), row_costs, tried, names) for row in tracker.rows()]
    areas: dict[str, list[RowReport]] = defaultdict(list)
    for report in reports:
        areas[report.row.area].append(report)
    unreadable = [*results.unreadable, *files.unreadable, *([traceability_history.NAME] if memory.is_lost else [])]
    if facts is not None:
        found = {(one.row.id, cell.provider): str(cell.state) for one in reports for cell in one.cells if cell.tells}
        memory = with_run(memory, facts.target, run, facts.started_at, found)
    return Traceability(
        run=run,
        facts=facts,
        processes=len(history.workers(run)),
        made_at=made_at,
        areas=tuple(Area(tag, tuple(rows)) for tag, rows in areas.items()),
        infrastructure=tracker.infrastructure(),
        lessons=tuple(LessonReport(lesson, _lesson(lesson, reports)) for lesson in tracker.lessons()),
        audit=audit,
        untracked=tuple(one for scenarios in shown.values() for one in scenarios if one.end is not End.ABSENT),
        unreadable=tuple(unreadable),
        memory=memory,
    )


def _by_row(results: Results, files: FeatureFiles, history: History, run: str) -> dict[str, Sequence[Shown]]:
    """All scenarios of the feature files and of the run, by row."""
    costs = _costs(history.by("scenario", run))
    left_out = dict(history.not_run(run))
    scenarios = {one.name: one for one in files.scenarios}
    for name, result in results.by_name.items():
        scenarios.setdefault(name, _written(result))
    shown: dict[str, list[Shown]] = defaultdict(list)
    for name, written in scenarios.items():
        found = results.by_name.get(name)
        end, said = (found.end, found.said) if found else _without_result(name, left_out)
        shown[written.row].append(Shown(name, written.providers, end, said, costs.get(name, ())))
    return dict(shown)


def _written(result: Result) -> Written:
    """A scenario of which no feature file is at hand: it says enough of itself."""
    row = next((tag for tag in result.tags if tracker.row(tag)), "")
    return Written(result.name, row, providers_of(result.tags, result.parameters))


def _without_result(name: str, left_out: Mapping[str, str]) -> tuple[End, str]:
    """behave can be told to keep skipped scenarios out of the results, and an interrupted run does not come to all."""
    return (End.NOT_RUN, left_out[name]) if name in left_out else (End.ABSENT, "")


def _costs(lines: Iterable[Line]) -> dict[str, tuple[Line, ...]]:
    costs: dict[str, tuple[Line, ...]] = {}
    for line in lines:
        costs[line.name] = (*costs.get(line.name, ()), line)
    return costs


def _row(
    row: Row,
    scenarios: Sequence[Shown],
    costs: Mapping[str, tuple[Line, ...]],
    tried: Mapping[tuple[str, str], Mapping[Provider, Tried]],
    names: set[str],
) -> RowReport:
    cells = tuple(_cell(row, provider, scenarios) for provider in Provider)
    switches = []
    for switch in row.switches:
        units = tried.get((row.id, switch.name), {})
        gone = frozenset(p for p, one in units.items() if one.verdict == NOTICED and one.scenario not in names)
        switches.append(SwitchReport(switch.layer, switch.name, units, gone))
    return RowReport(row, _state(cells), cells, tuple(scenarios), costs.get(row.id, ()), tuple(switches))


def _cell(row: Row, provider: Provider, scenarios: Iterable[Shown]) -> Cell:
    own = [one for one in scenarios if provider in (one.providers or row.providers)]
    if not own:
        return Cell(provider, State.UNSHOWN if provider in row.providers else State.UNPROMISED)
    ends = Counter(one.end for one in own)
    if ends[End.RED]:
        return Cell(provider, State.BROKEN, f"{_of(ends[End.RED], own)} red")
    if ends[End.PASSED] == len(own):
        return Cell(provider, State.HOLDS)
    if ends[End.PASSED]:
        reasons = Counter(_reason(one) for one in own if one.end is not End.PASSED)
        why = "; ".join(f"{_of(number, own)} {reason}" for reason, number in reasons.items())
        return Cell(provider, State.PARTLY, why, is_whole=not ends[End.ABSENT])
    if ends[End.NOT_RUN]:
        return Cell(provider, State.NOT_RUN, "; ".join(dict.fromkeys(one.said for one in own if one.said)))
    return Cell(provider, State.ABSENT)


def _reason(one: Shown) -> str:
    return f"not run ({one.said})" if one.end is End.NOT_RUN else str(one.end)


def _of(number: int, own: Sequence[Shown]) -> str:
    return f"{number} of {len(own)}"


def _state(cells: Iterable[Cell]) -> State:
    """A row is as good as its worst provider; of one that nobody looked at, the row holds in part at best."""
    states = [cell.state for cell in cells if cell.state is not State.UNPROMISED]
    if State.BROKEN in states:
        return State.BROKEN
    if all(state is State.HOLDS for state in states) and states:
        return State.HOLDS
    if State.HOLDS in states or State.PARTLY in states:
        return State.PARTLY
    return next((state for state in (State.NOT_RUN, State.ABSENT) if state in states), State.UNSHOWN)


def _lesson(lesson: Lesson, reports: Iterable[RowReport]) -> State:
    states = [report.state for report in reports if report.row.id in lesson.shown_by]
    if not states:
        return State.BY_TESTS if lesson.tests or lesson.shown_by else State.UNSHOWN
    if all(state is states[0] for state in states):
        return states[0]
    if State.BROKEN in states:
        return State.BROKEN
    if State.HOLDS in states or State.PARTLY in states:
        return State.PARTLY
    return next(state for state in (State.NOT_RUN, State.ABSENT, State.UNSHOWN) if state in states)
