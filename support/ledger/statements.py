"""The ledger's own SQL, written in Core and compiled once: what a call's transaction does, statement by statement."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, insert, literal_column, select, update

from support.ledger.budget import Entry, Figures, Scope
from support.ledger.database import Database, Statement
from support.ledger.schema import calls, totals

_ENTERED = (
    *("run", "worker", "number", "scenario", "area", "row", "provider", "model", "operation", "tier", "money"),
    *("reserved", "created_at", "state", "awaited"),
)
_ENDED = (
    *("state", "awaited", "cost", "priced", "over_reserved", "uncached_input_tokens", "cache_read_tokens"),
    *("cache_write_5m_tokens", "cache_write_1h_tokens", "output_tokens", "attempts", "settled_at"),
)
UNLIMITED = 2**62
"""More units than there is money (4.6 million dollars)."""
_NONE: ColumnElement[str] = literal_column("''")


class Statements:
    """Runs on a cursor, inside a transaction that somebody else began."""

    def __init__(self, database: Database) -> None:
        engine = database.engine
        of_money = totals.c.money == bindparam("of_money")
        of_line = (of_money, totals.c.run == bindparam("of_run"), totals.c.scenario == bindparam("of_scenario"))
        family = (
            select(totals.c.money, totals.c.run, totals.c.scenario, totals.c.reserved, totals.c.settled)
            .where(
                of_money,
                totals.c.run.in_([_NONE, bindparam("of_run")]),
                totals.c.scenario.in_([_NONE, bindparam("of_scenario")]),
            )
            .order_by(totals.c.run, totals.c.scenario)
        )
        of_scope = ("of_money", "of_run", "of_scenario")
        self._peek = Statement(family, engine, *of_scope)
        self._lines = Statement(family.with_for_update(), engine, *of_scope)
        self._new_line = Statement(
            database.insert_if_absent(totals), engine, "money", "run", "scenario", "reserved", "settled"
        )
        more = {"reserved": totals.c.reserved + bindparam("held"), "settled": totals.c.settled + bindparam("paid")}
        roomy = totals.c.reserved + totals.c.settled <= bindparam("room")
        self._add = Statement(
            update(totals).where(*of_line, roomy).values(more), engine, "held", "paid", *of_scope, "room"
        )
        self._enter = Statement(insert(calls), engine, *_ENTERED)
        self._end = Statement(
            update(calls)
            .where(
                calls.c.run == bindparam("of_run"),
                calls.c.worker == bindparam("of_worker"),
                calls.c.number == bindparam("of_number"),
                calls.c.state == literal_column("'reserved'"),
            )
            .values({name: bindparam(name) for name in _ENDED}),
            engine,
            *_ENDED,
            "of_run",
            "of_worker",
            "of_number",
        )
        held = (
            select(calls.c.worker, func.sum(calls.c.reserved))
            .where(calls.c.awaited.is_(True), calls.c.money == bindparam("of_money"))
            .group_by(calls.c.worker)
        )
        held_of_run = held.where(calls.c.run == bindparam("of_run"))
        held_of_scenario = held_of_run.where(calls.c.scenario == bindparam("of_scenario"))
        self._held = [
            Statement(held, engine, *of_scope[:1]),
            Statement(held_of_run, engine, *of_scope[:2]),
            Statement(held_of_scenario, engine, *of_scope),
        ]

    def lines(self, cursor: Any, scope: Scope) -> dict[Scope, Figures]:
        """The lines of a scenario, its run and the total, as far as there are any; locked until the transaction ends."""
        return _lines(self._lines, cursor, scope)

    def peek(self, cursor: Any, scope: Scope) -> dict[Scope, Figures]:
        """As `lines`, without a lock."""
        return _lines(self._peek, cursor, scope)

    def make_lines(self, cursor: Any, scopes: Iterable[Scope]) -> None:
        """Makes the lines that are not there yet, at zero."""
        for scope in sorted(scopes):
            cursor.execute(self._new_line.text, self._new_line.bind(*scope, 0, 0))

    def add(self, cursor: Any, changes: Mapping[Scope, Figures], limits: Mapping[Scope, int]) -> bool:
        """Moves the lines by so many units; False where one is missing or would pass its limit (then undo it all)."""
        if not changes:
            return True
        rows = [
            self._add.bind(held, paid, *scope, limits.get(scope, UNLIMITED) - held - paid)
            for scope, (held, paid) in sorted(changes.items())
        ]
        cursor.executemany(self._add.text, rows)
        moved: bool = cursor.rowcount == len(rows)
        return moved

    def enter(self, cursor: Any, entry: Entry, worker: str, number: int, reserved: int, now: int) -> None:
        """Writes a call's row before it leaves."""
        values = self._enter.bind(
            entry.run,
            worker,
            number,
            entry.scenario,
            entry.area,
            entry.row,
            entry.provider.value,
            entry.model,
            entry.operation,
            entry.tier,
            entry.money.value,
            reserved,
            now,
            "reserved",
            True,
        )
        cursor.execute(self._enter.text, values)

    def end(self, cursor: Any, values: tuple[object, ...], run: str, worker: str, number: int) -> bool:
        """Completes a call's row (values in the order of `_ENDED`); False where it was completed before."""
        cursor.execute(self._end.text, self._end.bind(*values, run, worker, number))
        ended: bool = cursor.rowcount == 1
        return ended

    def held(self, cursor: Any, scope: Scope) -> dict[str, int]:
        """Units reserved by calls that somebody may wait for, by worker."""
        depth = bool(scope.run) + bool(scope.scenario)
        statement = self._held[depth]
        cursor.execute(statement.text, statement.bind(*scope[: depth + 1]))
        return {worker: int(units) for worker, units in cursor.fetchall()}


def _lines(statement: Statement, cursor: Any, scope: Scope) -> dict[Scope, Figures]:
    cursor.execute(statement.text, statement.bind(*scope))
    return {
        Scope(money, run, scenario): Figures(reserved, settled)
        for money, run, scenario, reserved, settled in cursor.fetchall()
    }
