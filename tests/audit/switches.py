"""How each switch of the infrastructure rows is put on: what is patched, and what stands in its place."""

import atexit
import hashlib
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

from support.audit.sabotaging import Fired, Patch


def patch(module: str, name: str, make: Callable[[Any, Fired], Any]) -> Patch:
    """`module` may name a class behind a colon."""
    path, _, of_class = module.partition(":")
    found = import_module(path)
    return Patch(getattr(found, of_class) if of_class else found, name, make)


# IN-01: one row a call, exact, and not lost ---------------------------------------------------------------------------


def call_not_recorded() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def enter(self: Any, cursor: Any, entry: Any, *rest: Any) -> None:
            if entry.operation == "files.upload":
                fired()
            else:
                original(self, cursor, entry, *rest)

        return enter

    return [patch("support.ledger.statements:Statements", "enter", make)]


def float_rounding() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def to_units(dollars: Decimal) -> int:
            exact: int = original(dollars)
            rounded = round(float(dollars) * 10**12)
            if rounded != exact:
                fired()
            return rounded

        return to_units

    return [patch(f"support.ledger.{module}", "to_units", make) for module in ("money", "budget", "ledger")]


def lost_on_crash() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def opened(cls: Any, location: Path) -> Any:
            fired()
            file = Path(location) / "ledger.db"
            copy = Path(location) / f"unwritten-{os.getpid()}"
            if file.exists():
                copy.mkdir(exist_ok=True)
                shutil.copy(file, copy)
            ledger = original(cls, copy)
            close = ledger.close

            def close_and_write() -> None:
                close()
                shutil.copy(copy / "ledger.db", file)

            ledger.close = close_and_write
            return ledger

        return opened

    return [patch("support.ledger.ledger:Ledger", "open", make)]


def unknown_price_zero() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def known(*arguments: Any, **named: Any) -> Decimal:
            found: Decimal | None = original(*arguments, **named)
            if found is None:
                fired()
                return Decimal(0)
            return found

        return known

    return [
        patch(module, name, make)
        for module in ("support.ledger.prices", "support.ledger")
        for name in ("price", "upper_bound")
    ]


# IN-02, IN-05: fixtures -----------------------------------------------------------------------------------------------


def other_fixtures(change: Callable[[Path], None]) -> list[Patch]:
    """The fixtures come from a changed copy of their folder, whose manifest agrees with what lies there."""
    fixtures = import_module("support.catalogue.fixtures")
    folder = Path(tempfile.mkdtemp(prefix="touchstone-fixtures-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copytree(fixtures.FOLDER, folder, dirs_exist_ok=True)
    change(folder)

    def manifest(original: Any, fired: Fired) -> Any:
        def read(where: Path = folder) -> Any:
            fired()
            return original(where)

        return read

    def fixture(original: Any, fired: Fired) -> Any:
        def found(name: str, where: Path = folder) -> Any:
            return original(name, where)

        return found

    return [Patch(fixtures, "manifest", manifest), Patch(fixtures, "fixture", fixture)]


def rewritten(name: str, change: Callable[[bytes], bytes]) -> Callable[[], list[Patch]]:
    def in_folder(folder: Path) -> None:
        content = change((folder / name).read_bytes())
        (folder / name).write_bytes(content)
        entry = f'name = "{name}"\nsize_bytes = {len(content)}\nsha256 = "{hashlib.sha256(content).hexdigest()}"'
        manifest = folder / "manifest.toml"
        text = re.sub(rf'name = "{re.escape(name)}"\nsize_bytes = \d+\nsha256 = "\w+"', entry, manifest.read_text())
        manifest.write_text(text)

    return lambda: other_fixtures(in_folder)


def one_more(folder: Path) -> None:
    (folder / "forgotten.txt").write_bytes(b"")
    with (folder / "manifest.toml").open("a") as manifest:
        digest = hashlib.sha256(b"").hexdigest()
        manifest.write(
            f'\n[[fixture]]\nname = "forgotten.txt"\nsize_bytes = 0\nsha256 = "{digest}"\nholds = "nothing"\nrows = ["FM-01"]\n'
        )


# IN-03: around each scenario ------------------------------------------------------------------------------------------


def leaks_resources() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        report = import_module("support.housekeeping.report").CleanupReport

        async def cleanup(*_: Any) -> Any:
            fired()
            return report()

        return cleanup

    return [patch("support.run.suite", "cleanup", make)]


def missing_key_passes() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        facts_of = import_module("support.run.scenarios").facts_of

        def before_scenario(context: Any, scenario: Any) -> None:
            if any(context.suite.target.missing(provider) for provider in facts_of(scenario).providers):
                fired()
                scenario.steps.clear()
            else:
                original(context, scenario)

        return before_scenario

    return [patch("support.run.hooks", "before_scenario", make)]


def noop_passes() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def check_not_a_no_op(requests: int, checks: int) -> None:
            if requests == checks == 0:
                fired()

        return check_not_a_no_op

    return [patch("support.run.suite", "check_not_a_no_op", make)]


# IN-04: the cost report -----------------------------------------------------------------------------------------------


def missing_on_failure() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def after_all(context: Any) -> None:
            features = context._runner.features
            if any(one.status.is_failure() for feature in features for one in feature.walk_scenarios()):
                fired()
                context.suite.close()
            else:
                original(context)

        return after_all

    return [patch("support.run.hooks", "after_all", make)]


def hidden_when_zero() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def render_console(report: Any, console: Any) -> None:
            if any(account.total.cost_usd for account in report.accounts):
                original(report, console)
            else:
                fired()

        return render_console

    return [patch("support.run.hooks", "render_console", make)]


def total_differs() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def account(*arguments: Any) -> Any:
            right = original(*arguments)
            rounded = right.total.cost_usd.quantize(Decimal("0.01"))
            if rounded != right.total.cost_usd:
                fired()
            return right.model_copy(update={"total": right.total.model_copy(update={"cost_usd": rounded})})

        return account

    return [patch("support.reporting.costs", "_account", make)]


def only_one_worker() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        calls = import_module("support.ledger.schema").calls

        def read(self: Any, statement: Any) -> Any:
            if calls in statement.get_final_froms():
                fired()
                statement = statement.where(calls.c.worker == self._ledger.worker)
            return original(self, statement)

        return read

    return [patch("support.ledger.history:History", "_read", make)]


# IN-06: budgets -------------------------------------------------------------------------------------------------------


def checked_after_spending() -> list[Patch]:
    budget = import_module("support.ledger.budget")
    limits: dict[int, Any] = {}

    def reserving(original: Any, fired: Fired) -> Any:
        def reserve(self: Any, entry: Any, amount: Decimal, caps: Any) -> Any:
            fired()
            reservation = original(self, entry, amount, budget.Caps())
            limits[reservation.number] = caps.run
            return reservation

        return reserve

    def settling(original: Any, fired: Fired) -> Any:
        def settle(self: Any, reservation: Any, *rest: Any, **named: Any) -> None:
            original(self, reservation, *rest, **named)
            limit, entry = limits[reservation.number], reservation.entry
            if limit is not None and sum(self.standing(entry.money, entry.run)) > limit:
                raise RuntimeError("the budget is spent")

        return settle

    where = "support.ledger.ledger:Ledger"
    return [patch(where, "reserve", reserving), patch(where, "settle", settling)]


def reset_each_run() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def opened(cls: Any, location: Path) -> Any:
            file = Path(location) / "ledger.db"
            if file.exists():
                fired()
                with sqlite3.connect(file) as connection:
                    connection.execute("DELETE FROM ledger_totals WHERE run = ''")
                connection.close()
            return original(cls, location)

        return opened

    return [patch("support.ledger.ledger:Ledger", "open", make)]


def race_two_runs() -> list[Patch]:
    budget = import_module("support.ledger.budget")

    def make(original: Any, fired: Fired) -> Any:
        def reserve(self: Any, entry: Any, amount: Decimal, caps: Any) -> Any:
            mine = vars(self).setdefault("_mine", Decimal(0))
            if caps.total is not None and mine + amount > caps.total:
                return original(self, entry, amount, caps)
            fired()
            self._mine = mine + amount
            return original(self, entry, amount, budget.Caps(caps.scenario, caps.run))

        return reserve

    return [patch("support.ledger.ledger:Ledger", "reserve", make)]


def simulated_counts() -> list[Patch]:
    money = import_module("support.values").Money

    def make(original: Any, fired: Fired) -> Any:
        def scopes_of(entry: Any) -> Any:
            if entry.money is money.LIVE:
                return original(entry)
            fired()
            return original(replace(entry, money=money.LIVE))

        return scopes_of

    return [patch("support.ledger.ledger", "scopes_of", make)]
