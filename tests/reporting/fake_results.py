"""A folder of reports as runs leave it, made up: feature files, Allure results, a ledger, an audit."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import count
from pathlib import Path

from support.ledger import Caps, Entry, History, Ledger, Reservation
from support.reporting import traceability_pages
from support.reporting.traceability import Cell, RowReport, Traceability
from support.values import Money, Provider, Usage

_numbers = count(1)


@dataclass
class Folder:
    """The working folder of a run; what it lacks is not there."""

    path: Path

    @property
    def reports(self) -> Path:
        return self.path / "reports"

    def feature(self, row: str, *scenarios: str) -> Path:
        """One file of a row, each scenario `NAME` or `PROVIDER: NAME`."""
        lines = [f"@{row}", "Feature: f"]
        for scenario in scenarios:
            provider, colon, name = scenario.partition(": ")
            lines += [f"  @provider:{provider}" if colon else "", f"  Scenario: {name if colon else scenario}"]
            lines += ["    Given it works", ""]
        path = self.path / "features" / f"{row}.feature"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines))
        return path

    def run(self, run: str) -> None:
        """A new run: what an earlier one left is cleared."""
        results = self.reports / "allure-results"
        results.mkdir(parents=True, exist_ok=True)
        for old in results.glob("*-result.json"):
            old.unlink()
        (results / ".run").write_text(run)

    def result(self, name: str, status: str = "passed", message: str = "", *, step: str = "", **more: object) -> None:
        """One scenario's result, as the formatter writes it."""
        number = next(_numbers)
        told = {
            "name": name,
            "status": status,
            "statusDetails": {"message": message} if message else None,
            "steps": [{"name": step, "status": status}] if step else None,
            "labels": [{"name": "tag", "value": "files"}],
            "stop": number,
            **more,
        }
        path = self.reports / "allure-results" / f"{number}-result.json"
        path.write_text(json.dumps({key: value for key, value in told.items() if value is not None}))

    def audit(self, *units: dict[str, object], began_at: datetime | None, red: tuple[str, ...] = ()) -> None:
        self.reports.mkdir(exist_ok=True)
        told = {"passes": [{"order": "in order", "red": red}], "units": units, "unknown": [], "seconds": 1.0}
        (self.reports / "audit.json").write_text(
            json.dumps({**told, "began_at": began_at.isoformat() if began_at else None})
        )

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        with Ledger.open(self.path / "state") as opened:
            yield opened

    def begin(self, run: str, money: Money = Money.SIMULATED) -> None:
        with self.ledger() as ledger:
            target = "live" if money is Money.LIVE else "simulator"
            History(ledger).begin_run(run, target=target, money=money, caps=Caps())

    def spend(self, run: str, row: str, scenario: str, cost: str | None, money: Money = Money.SIMULATED) -> None:
        """One settled call; without a cost, one of a model that has no price."""
        with self.ledger() as ledger:
            entry = Entry(run, scenario, "files", row, Provider.OPENAI, "gpt-6-luna", "chat.create", money)
            reservation = ledger.reserve(entry, Decimal(cost or 0), Caps())
            assert isinstance(reservation, Reservation)
            ledger.settle(reservation, Usage(output_tokens=5), None if cost is None else Decimal(cost))

    def made(self) -> Traceability:
        """The report, written as well."""
        with self.ledger() as ledger:
            return traceability_pages.make(self.reports, History(ledger))

    def html(self) -> str:
        return (self.reports / traceability_pages.HTML_NAME).read_text()

    def markdown(self) -> str:
        return (self.reports / traceability_pages.MARKDOWN_NAME).read_text()


def row_of(made: Traceability, row: str) -> RowReport:
    return next(one for one in made.rows if one.row.id == row)


def cell_of(made: Traceability, row: str, provider: Provider = Provider.OPENAI) -> Cell:
    return next(cell for cell in row_of(made, row).cells if cell.provider is provider)


def tried(row: str, switch: str, provider: Provider, verdict: str = "noticed", scenario: str = "") -> dict[str, object]:
    """One unit of an audit."""
    told = {"row": row, "layer": "simulator", "switch": switch, "does": "It lies.", "provider": provider}
    return {**told, "verdict": verdict, "scenario": scenario, "sentence": "Then it holds: it does not", "crashed": []}
