"""The tracker's report as people read it: reports/tracker.html and reports/tracker.md, made again from what lies beside them."""

import fcntl
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from behave.model import Feature

from support.errors import SetupError
from support.ledger.history import History
from support.reporting import traceability_history
from support.reporting import traceability_words as words
from support.reporting.markdown import cell as plain
from support.reporting.traceability import ROW_STATES, Cell, RowReport, State, Traceability, collect, counts
from support.reporting.traceability_history import Remembered
from support.reporting.traceability_results import End
from support.values import Provider

PAGE = Path(__file__).with_name("traceability.html")
HTML_NAME = "tracker.html"
MARKDOWN_NAME = "tracker.md"
CLASSES = {State.HOLDS: "good", State.PARTLY: "part", State.BROKEN: "bad"}
"""How the page marks a state, beside its word; the others are `off`."""
END_CLASSES = {End.PASSED: "good", End.RED: "bad"}


def make(reports: Path, history: History, loaded: Iterable[Feature] = ()) -> Traceability:
    """Writes the report of the run whose results lie in `reports`.

    `loaded` are features that behave has read already. Processes that share a run come here one by one, so that the last has
    seen all. Raises SetupError where there are no results, or a file cannot be written.
    """
    try:
        with _alone(reports):
            made = collect(reports, history, loaded)
            _write(reports / HTML_NAME, to_html(made))
            _write(reports / MARKDOWN_NAME, to_markdown(made))
            _write(reports / traceability_history.NAME, made.memory.model_dump_json() + "\n")
    except OSError as error:
        place = error.filename2 or error.filename or reports
        raise SetupError(
            f"The tracker's report cannot be written to {place} ({error.strerror}): make that place writable."
        ) from error
    return made


@contextmanager
def _alone(reports: Path) -> Iterator[None]:
    reports.mkdir(parents=True, exist_ok=True)
    with (reports / ".tracker").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f"{path.name}.tmp")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def told(made: Traceability, reports: Path) -> str:
    """The console's line."""
    return f"Tracker: {words.in_one_line(made)}: {reports / HTML_NAME}"


def to_html(made: Traceability) -> str:
    """A page of its own, without anything from elsewhere."""
    from support.reporting.pages import (
        render,
    )  # the page's engine takes a while to load, and a run may end without a page

    by_row = _remembered(made)
    return render(
        PAGE,
        made=made,
        words=words,
        State=State,
        End=End,
        providers=list(Provider),
        moneys=words.moneys(made),
        counted=counts(made.rows),
        area_counts={area.tag: counts(area.rows) for area in made.areas},
        states=ROW_STATES,
        classes=defaultdict(lambda: "off", CLASSES),
        end_classes=defaultdict(lambda: "off", END_CLASSES),
        red=_red(made),
        open_ends=open_ends(made),
        untouched=never_failed(made),
        by_row=by_row,
        known=made.memory.of(made.target),
    )


def _remembered(made: Traceability) -> dict[str, list[Remembered]]:
    by_row: dict[str, list[Remembered]] = defaultdict(list)
    for one in made.memory.promises:
        by_row[one.row].append(one)
    return by_row


def _red(made: Traceability) -> list[tuple[str, str, str]]:
    """Row, scenario and sentence of all that is red, the scenarios without a row last."""
    rows = [(row.row.id, one) for row in made.rows for one in row.scenarios if one.end is End.RED]
    return [
        (row, one.name, one.said) for row, one in [*rows, *(("", one) for one in made.untracked if one.end is End.RED)]
    ]


def open_ends(made: Traceability) -> list[tuple[str, list[str]]]:
    """What was not shown though it was to be, by reason: the reason, and the rows with their providers."""
    found: dict[str, list[str]] = defaultdict(list)
    for row in made.rows:
        if row.state is State.UNSHOWN:
            found["no scenario shows it yet"].append(row.row.id)
            continue
        reasons: dict[str, list[str]] = defaultdict(list)
        for cell in row.cells:
            reasons[_open(row, cell)].append(cell.provider)
        for reason, providers in reasons.items():
            if reason:
                found[reason].append(f"{row.row.id} on {' and '.join(providers)}")
    return sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))


def _open(row: RowReport, cell: Cell) -> str:
    if cell.state is State.UNSHOWN:
        return "no scenario shows it on this provider"
    if cell.state is State.NOT_RUN:
        return f"not run: {cell.why}"
    return f"in part: {cell.why}" if cell.state is State.PARTLY else ""


def never_failed(made: Traceability) -> list[str]:
    """What nobody has ever seen fail, a sentence each: switches that nobody notices, and rows that no audit looked at."""
    said = []
    for row in made.rows:
        for switch in row.switches:
            bad = {
                p: words.verdict_of(switch, p) for p, one in switch.tried.items() if not one.is_good or p in switch.gone
            }
            said += [
                f"{row.row.id}: {switch.does or switch.name} ({switch.name}) on {p}: {what}." for p, what in bad.items()
            ]
        if row.never_failed:
            said.append(f"{row.row.id} on {' and '.join(row.never_failed)}: no switch was noticed there.")
    unaudited = [row.row.id for row in made.rows if row.scenarios and not row.is_audited]
    if unaudited:
        said.append(f"Not audited, {len(unaudited)} of the rows that have scenarios: {words.in_ranges(unaudited)}.")
    return said


def to_markdown(made: Traceability) -> str:
    """The report for a job summary, for Allure, or for a file."""
    counted = counts(made.rows)
    out = [f"# {words.TITLE}", "", *(f"- {plain(sentence)}" for sentence in words.about(made)), ""]
    out += ["| rows | " + " | ".join(ROW_STATES) + " |", "| ---: " * (len(ROW_STATES) + 1) + "|"]
    out += [f"| {len(made.rows)} | " + " | ".join(str(counted[state]) for state in ROW_STATES) + " |", ""]
    if red := _red(made):
        out += [
            "## Broken",
            "",
            *(f"- {f'{row} ' if row else ''}**{plain(name)}**: {plain(said)}" for row, name, said in red),
            "",
        ]
    if ends := open_ends(made):
        out += ["## Not shown", "", *(f"- {plain(reason)}: {', '.join(rows)}." for reason, rows in ends), ""]
    if seen := never_failed(made):
        out += ["## Nobody has seen it fail", "", *(f"- {plain(sentence)}" for sentence in seen), ""]
    for area in made.areas:
        out += [f"## {area.title}", "", *_table(made, area.rows), ""]
    out += [
        "## What every row stands on",
        "",
        "The project's own tests show it (`make test`), not the scenarios of a run.",
        "",
    ]
    out += ["| row | promise | switches that its tests notice |", "| --- | --- | --- |"]
    out += [
        f"| {row.id} | {plain(row.line)} | {', '.join(f'`{one.name}`' for one in row.switches)} |"
        for row in made.infrastructure
    ]
    out += ["", "## Lessons", "", "| lesson | rule | state | shown by |", "| --- | --- | --- | --- |"]
    for one in made.lessons:
        shown_by = ", ".join([*one.lesson.shown_by, *(f"`{test}`" for test in one.lesson.tests)])
        out.append(f"| {one.lesson.id} | {plain(one.lesson.line)} | {one.state} | {shown_by} |")
    return "\n".join(out) + "\n"


def _table(made: Traceability, rows: Iterable[RowReport]) -> Iterator[str]:
    moneys, known = words.moneys(made), made.memory.of(made.target)
    columns = ["row", "promise", *Provider, "scenarios", *(f"{money} cost" for money in moneys), "switches noticed"]
    yield "| " + " | ".join(columns) + " |"
    yield "| --- " * len(columns) + "|"
    for row in rows:
        cells = [
            ", ".join(
                part
                for part in (f"{cell.state}", cell.why, words.since(made, cell, known.get((row.row.id, cell.provider))))
                if part
            )
            for cell in row.cells
        ]
        costs = [words.cost_in(money, row.cost) for money in moneys]
        line = [row.row.id, row.row.line, *cells, words.scenarios_of(row), *costs, words.switches_of(row)[0]]
        yield "| " + " | ".join(plain(text) for text in line) + " |"
