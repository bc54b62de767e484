"""The cost report of a run: built from the ledger alone, for all processes that share the run; console, Markdown, JSON."""

import os
from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Literal

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from support.errors import SetupError
from support.ledger.history import History, Line, UnpricedModel
from support.ledger.ledger import Ledger
from support.reporting.markdown import cell
from support.values import Money, Value

DEAREST = 5
NAMES_ON_CONSOLE = 5
"""Scenarios that the console names for one reason of not being run; Markdown and JSON name all."""
JSON_NAME = "cost-report.json"
MARKDOWN_NAME = "cost-report.md"

_CENT = Decimal("0.01")
_SMALLEST_SHOWN = Decimal("0.000001")
_LABELS = {Money.SIMULATED: "simulated dollars, no real money", Money.LIVE: "US dollars"}
_BUDGETS = {"dearest scenario": "the dearest scenario", "run": "the run", "total": "all live runs together"}
_COLUMNS = ("", "calls", "tokens in", "cached", "tokens out", "dollars")


class Budget(Value):
    """A cap in US dollars and what has gone of it: settled cost, and reservations whose cost is not known."""

    cap: Literal["dearest scenario", "run", "total"]
    limit_usd: Decimal
    used_usd: Decimal
    left_usd: Decimal
    """Below zero where a call cost more than was reserved for it."""


class Account(Value):
    """All of one kind of money; the two kinds are never added."""

    money: Money
    label: str
    total: Line
    providers: tuple[Line, ...]
    areas: tuple[Line, ...]
    dearest_scenarios: tuple[Line, ...]
    budgets: tuple[Budget, ...]
    unpriced: tuple[UnpricedModel, ...]


class NotRun(Value):
    """Scenarios that were not run for one reason."""

    reason: str
    scenarios: tuple[str, ...]


class CostReport(Value):
    """What a run cost, and what it did not look at."""

    run: str
    target: str | None
    started_at: datetime | None
    finished_at: datetime | None
    interrupted: bool
    workers: tuple[str, ...]
    accounts: tuple[Account, ...]
    """At least one, also of a run that cost nothing."""
    not_run: tuple[NotRun, ...]

    @property
    def not_run_count(self) -> int:
        return sum(len(group.scenarios) for group in self.not_run)


def build(ledger: Ledger, run: str) -> CostReport:
    """The report of a run, from what all its processes have written up to now.

    Raises SetupError where the ledger knows no such run.
    """
    history = History(ledger)
    facts = history.facts(run)
    totals = {line.money: line for line in history.totals(run)}
    if facts is None and not totals:
        latest = history.latest_run()
        hint = f"the latest is {latest}" if latest else "it knows none at all"
        raise SetupError(
            f"The ledger at {ledger.database.place} knows no run {run} ({hint}): give the id of one it knows."
        )
    if not totals:
        money = facts.money if facts else Money.SIMULATED
        totals = {money: Line(money=money, name=str(money))}
    caps = (facts.scenario_cap_usd, facts.run_cap_usd, facts.total_cap_usd) if facts else (None, None, None)
    return CostReport(
        run=run,
        target=facts.target if facts else None,
        started_at=facts.started_at if facts else None,
        finished_at=facts.finished_at if facts else None,
        interrupted=facts.interrupted if facts else False,
        workers=tuple(history.workers(run)),
        accounts=tuple(_account(ledger, history, run, total, caps) for total in totals.values()),
        not_run=_grouped(history.not_run(run)),
    )


def line_of(ledger: Ledger, run: str, scenario: str) -> Line | None:
    """A scenario's line as the report reads it, also where it is none of the dearest; None where it made no call."""
    return next(iter(History(ledger).by("scenario", run, scenario)), None)


def _account(
    ledger: Ledger, history: History, run: str, total: Line, caps: tuple[Decimal | None, Decimal | None, Decimal | None]
) -> Account:
    money = total.money
    scenarios = [line for line in _of(money, history.by("scenario", run)) if line.name]
    dearest = max((line.cost_usd + line.unsettled_usd for line in scenarios), default=Decimal("0.00"))
    used: list[tuple[Literal["dearest scenario", "run", "total"], Decimal | None, Decimal]] = [
        ("dearest scenario", caps[0], dearest),
        ("run", caps[1], sum(ledger.standing(money, run), Decimal(0))),
    ]
    if money is Money.LIVE:
        used.append(("total", caps[2], sum(ledger.standing(money), Decimal(0))))
    return Account(
        money=money,
        label=_LABELS[money],
        total=total,
        providers=_of(money, history.by("provider", run)),
        areas=_of(money, history.by("area", run)),
        dearest_scenarios=tuple(line for line in scenarios if line.cost_usd)[:DEAREST],
        budgets=tuple(
            Budget(cap=cap, limit_usd=limit, used_usd=spent, left_usd=limit - spent)
            for cap, limit, spent in used
            if limit is not None
        ),
        unpriced=tuple(model for model in history.unpriced(run) if model.money is money),
    )


def _of(money: Money, lines: Sequence[Line]) -> tuple[Line, ...]:
    return tuple(line for line in lines if line.money is money)


def _grouped(not_run: Sequence[tuple[str, str]]) -> tuple[NotRun, ...]:
    reasons: dict[str, list[str]] = {}
    for scenario, reason in not_run:
        reasons.setdefault(reason, []).append(scenario)
    return tuple(
        NotRun(reason=reason, scenarios=tuple(scenarios))
        for reason, scenarios in sorted(reasons.items(), key=lambda item: (-len(item[1]), item[0]))
    )


def to_json(report: CostReport) -> str:
    """The report as JSON; money as strings, so that nothing is rounded."""
    return report.model_dump_json(indent=2) + "\n"


def dollars(amount: Decimal) -> str:
    """Money for people: to the cent from a dollar on, to six decimals below, never a zero that is not one."""
    if not amount:
        return "$0.00"
    size = abs(amount)
    if size < _SMALLEST_SHOWN:
        return f"under ${_SMALLEST_SHOWN}"
    shown = size.quantize(_CENT if size >= 1 else _SMALLEST_SHOWN, ROUND_HALF_UP)
    text = f"{shown:f}"
    if size < 1:
        text = text.rstrip("0").ljust(4, "0")
    return ("-$" if amount < 0 else "$") + text


def remarks(report: CostReport, names_at_most: int | None = None) -> list[str]:
    """What the tables do not say, a sentence each: budgets, cost that is not known, missing prices, what was not run.

    `names_at_most` is the number of scenarios to name for one reason; None names all.
    """
    said = []
    if report.interrupted:
        said.append("The run was interrupted: the figures are those of the calls made until then.")
    for account in report.accounts:
        kind = "" if account.money is Money.LIVE else " (simulated)"
        said += [
            f"Budget of {_BUDGETS[budget.cap]}{kind}: {dollars(budget.used_usd)} of {dollars(budget.limit_usd)} used, "
            f"{dollars(budget.left_usd)} left."
            for budget in account.budgets
        ]
        total = account.total
        if total.unsettled_usd:
            said.append(
                f"{dollars(total.unsettled_usd)}{kind} is reserved for {_calls(total.unsettled_calls)} whose cost is not "
                f"known: it counts as spent, but is not in the table."
            )
        said += [
            f"Unpriced{kind}: {model.provider} {model.model}, {_calls(model.calls)}; the cost is not in the table."
            for model in account.unpriced
        ]
    for group in report.not_run:
        named = group.scenarios[:names_at_most]
        more = len(group.scenarios) - len(named)
        names = "; ".join(named) + (f"; and {more} more" if more else "")
        said.append(f"Not run, {group.reason}: {len(group.scenarios)} ({names}).")
    if not report.not_run:
        said.append("Not run: nothing.")
    return said


def _calls(number: int) -> str:
    return f"{number:,} call{'' if number == 1 else 's'}"


def _figures(line: Line) -> tuple[str, ...]:
    cost = dollars(line.cost_usd)
    return (
        f"{line.calls:,}",
        f"{line.input_tokens:,}",
        f"{line.cached_tokens:,}",
        f"{line.output_tokens:,}",
        f"{cost} + unpriced" if line.unpriced_calls else cost,
    )


def _title(report: CostReport, account: Account) -> str:
    where = f" on {report.target}" if report.target else ""
    shared = f", {len(report.workers)} processes" if len(report.workers) > 1 else ""
    return f"Cost of run {report.run}{where}{shared}: {account.label}"


def to_markdown(report: CostReport) -> str:
    """The report for a job summary or a file."""
    out: list[str] = []
    for account in report.accounts:
        out += [f"## {_title(report, account)}", ""]
        out += ["| " + " | ".join(_COLUMNS) + " |", "| --- " + "| ---: " * (len(_COLUMNS) - 1) + "|"]
        for lines in (account.providers, account.areas):
            out += [f"| {cell(line.name)} | " + " | ".join(_figures(line)) + " |" for line in lines]
        out += ["| **total** | " + " | ".join(f"**{figure}**" for figure in _figures(account.total)) + " |", ""]
        if account.dearest_scenarios:
            out += ["| dearest scenarios | calls | dollars |", "| --- | ---: | ---: |"]
            out += [
                f"| {cell(line.name)} | {line.calls:,} | {dollars(line.cost_usd)} |"
                for line in account.dearest_scenarios
            ]
            out.append("")
    out += [f"- {cell(sentence)}" for sentence in remarks(report)]
    return "\n".join(out) + "\n"


def render_console(report: CostReport, console: Console) -> None:
    """Prints the report."""
    console.print(console_view(report))


def console_view(report: CostReport) -> RenderableType:
    """The report as something that rich prints."""
    parts: list[RenderableType] = []
    for account in report.accounts:
        table = Table()
        for column in _COLUMNS:
            table.add_column(column, justify="right" if column else "left")
        for lines in (account.providers, account.areas):
            for line in lines:
                table.add_row(Text(line.name or "(none)"), *_figures(line))
            table.add_section()
        table.add_row("total", *_figures(account.total), style="bold")
        parts += [Text(_title(report, account), style="bold"), table]
        if account.dearest_scenarios:
            dearest = Table(show_header=False)
            for line in account.dearest_scenarios:
                dearest.add_row(Text(line.name), Text(dollars(line.cost_usd), justify="right"))
            parts += [Text("The dearest scenarios"), dearest]
    parts += [Text(sentence) for sentence in remarks(report, NAMES_ON_CONSOLE)]
    return Group(*parts)


def write(report: CostReport, folder: Path) -> tuple[Path, Path]:
    """Writes `cost-report.json` and `cost-report.md` into `folder`, and appends to `$GITHUB_STEP_SUMMARY` where that is set.

    Raises SetupError where a file cannot be written.
    """
    paths = folder / JSON_NAME, folder / MARKDOWN_NAME
    markdown = to_markdown(report)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths[0].write_text(to_json(report), encoding="utf-8")
        paths[1].write_text(markdown, encoding="utf-8")
        summary = os.environ.get("GITHUB_STEP_SUMMARY")
        if summary:
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(markdown)
    except OSError as error:
        raise SetupError(
            f"The cost report cannot be written to {error.filename or folder} ({error.strerror}): make that place writable."
        ) from error
    return paths
