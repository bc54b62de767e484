"""What the ledger tells afterwards: the facts of a run, what was not run, and sums of its calls from all its processes."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import ColumnElement, case, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from support.ledger.budget import Caps
from support.ledger.database import Database
from support.ledger.ledger import Ledger
from support.ledger.money import to_dollars
from support.ledger.schema import calls, not_run, runs
from support.ledger.workers import now_us
from support.values import Money, Provider, Usage, Value

Grouping = Literal["area", "provider", "scenario", "row"]


class RunFacts(Value):
    """What is known of a run beside its calls. Several processes can be one run."""

    run: str
    target: str
    money: Money
    started_at: datetime
    finished_at: datetime | None = None
    """None while it runs, or where it was killed."""
    interrupted: bool = False
    scenario_cap_usd: Decimal | None = None
    run_cap_usd: Decimal | None = None
    total_cap_usd: Decimal | None = None


class Line(Value):
    """Sums over calls of one kind of money; `name` is the area, provider, scenario or row they have in common."""

    money: Money
    name: str
    calls: int = 0
    refused_calls: int = 0
    """Calls that the provider refused, and that cost nothing; counted in `calls` too."""
    unsettled_calls: int = 0
    """Calls whose cost is not known, or not yet; counted in `calls` too."""
    unpriced_calls: int = 0
    """Calls of models without a known price: not in `cost_usd`, which is therefore too low."""
    attempts: int = 0
    input_tokens: int = 0
    """All of them: uncached, read from a cache, written to one."""
    cached_tokens: int = 0
    """Those of the input that were read from a cache."""
    output_tokens: int = 0
    cost_usd: Decimal = Decimal("0.00")
    unsettled_usd: Decimal = Decimal("0.00")
    """Reserved for calls whose cost is not known: counts as spent, but is not in `cost_usd`."""


class UnpricedModel(Value):
    """A model that was called and has no known price."""

    money: Money
    provider: Provider
    model: str
    calls: int


class Call(Value):
    """One row of the ledger."""

    run: str
    worker: str
    number: int
    scenario: str
    area: str
    row: str
    provider: Provider
    model: str | None
    operation: str
    tier: str
    money: Money
    state: Literal["reserved", "settled", "released"]
    reserved_usd: Decimal
    cost_usd: Decimal | None
    """None where no price is known (`priced` is False then), or while the call is not settled."""
    priced: bool
    over_reserved: bool
    """It cost more than was reserved: a bound of the gateway is too low."""
    usage: Usage
    attempts: int
    created_at: datetime
    settled_at: datetime | None


def total(calls: Iterable[Call]) -> Decimal:
    """US dollars that these calls have cost; what is reserved or has no price counts as nothing."""
    return sum((call.cost_usd for call in calls if call.cost_usd is not None), Decimal(0))


class History:
    """Reads what `ledger` and all other processes wrote, and keeps the facts of runs."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._database: Database = ledger.database

    def begin_run(self, run: str, *, target: str, money: Money, caps: Caps) -> None:
        """Notes a run; the first of its processes says what holds."""
        values = {
            "run": run,
            "target": target,
            "money": str(money),
            "started_at": now_us(),
            "cap_scenario": caps.limits.get("scenario"),
            "cap_run": caps.limits.get("run"),
            "cap_total": caps.limits.get("total"),
        }
        self._write(self._database.insert_if_absent(runs).values(values))

    def end_run(self, run: str, *, interrupted: bool = False) -> None:
        """Notes that one of the run's processes ended; a run that was interrupted in one stays so."""
        values: dict[str, Any] = {"finished_at": now_us()}
        if interrupted:
            values["interrupted"] = True
        self._write(update(runs).where(runs.c.run == run).values(values))

    def add_not_run(self, run: str, scenario: str, reason: str) -> None:
        """Notes that a scenario was not run, and why; the first reason stays."""
        self._write(
            self._database.insert_if_absent(not_run).values({"run": run, "scenario": scenario, "reason": reason})
        )

    def facts(self, run: str) -> RunFacts | None:
        """What is known of a run; None where nobody noted it."""
        for row in self._read(select(runs).where(runs.c.run == run)):
            return RunFacts(
                run=row.run,
                target=row.target,
                money=Money(row.money),
                started_at=_moment(row.started_at),
                finished_at=None if row.finished_at is None else _moment(row.finished_at),
                interrupted=row.interrupted,
                scenario_cap_usd=_maybe_dollars(row.cap_scenario),
                run_cap_usd=_maybe_dollars(row.cap_run),
                total_cap_usd=_maybe_dollars(row.cap_total),
            )
        return None

    def latest_run(self) -> str | None:
        """The run that began last."""
        for row in self._read(select(runs.c.run).order_by(runs.c.started_at.desc()).limit(1)):
            return str(row.run)
        return None

    def not_run(self, run: str) -> list[tuple[str, str]]:
        """Scenario and reason, in the order of names."""
        rows = self._read(
            select(not_run.c.scenario, not_run.c.reason).where(not_run.c.run == run).order_by(not_run.c.scenario)
        )
        return [(row.scenario, row.reason) for row in rows]

    def workers(self, run: str) -> list[str]:
        """The processes that made calls in a run."""
        rows = self._read(select(calls.c.worker).where(calls.c.run == run).distinct().order_by(calls.c.worker))
        return [row.worker for row in rows]

    def totals(self, run: str) -> list[Line]:
        """One line for each kind of money that the run used, named as it."""
        return self._lines(run, calls.c.money)

    def by(self, grouping: Grouping, run: str, scenario: str | None = None) -> list[Line]:
        """One line for each kind of money and area, provider, scenario or row, the dearest first; of one scenario, or of all."""
        return self._lines(run, calls.c[grouping], scenario)

    def unpriced(self, run: str) -> list[UnpricedModel]:
        """The models of a run that have no known price."""
        group = (calls.c.money, calls.c.provider, calls.c.model)
        rows = self._read(
            select(*group, func.count().label("calls"))
            .where(calls.c.run == run, calls.c.priced.is_(False))
            .group_by(*group)
            .order_by(*group)
        )
        return [
            UnpricedModel(money=row.money, provider=row.provider, model=row.model or "unknown", calls=row.calls)
            for row in rows
        ]

    def calls(self, run: str, scenario: str | None = None) -> list[Call]:
        """The rows of a run, or of one scenario in it, in the order in which they were entered."""
        rows = self._read(select(calls).where(*_of(run, scenario)).order_by(calls.c.created_at, calls.c.number))
        return [_call(row) for row in rows]

    def number_of_calls(self, run: str, worker: str) -> int:
        """How many calls of a run one of its processes has in the ledger."""
        rows = self._read(select(func.count().label("calls")).where(calls.c.run == run, calls.c.worker == worker))
        return int(rows[0].calls)

    def _lines(self, run: str, name: ColumnElement[str], scenario: str | None = None) -> list[Line]:
        unsettled = calls.c.state == "reserved"
        cached = calls.c.cache_read_tokens
        inputs = calls.c.uncached_input_tokens + cached + calls.c.cache_write_5m_tokens + calls.c.cache_write_1h_tokens
        cost = func.coalesce(func.sum(calls.c.cost), 0)
        rows = self._read(
            select(
                calls.c.money,
                name.label("name"),
                func.count().label("calls"),
                _number_of(calls.c.state == "released").label("refused"),
                _number_of(unsettled).label("unsettled"),
                _number_of(calls.c.priced.is_(False)).label("unpriced"),
                func.sum(calls.c.attempts).label("attempts"),
                func.sum(inputs).label("inputs"),
                func.sum(cached).label("cached"),
                func.sum(calls.c.output_tokens).label("outputs"),
                cost.label("cost"),
                func.sum(case((unsettled, calls.c.reserved), else_=0)).label("held"),
            )
            .where(*_of(run, scenario))
            .group_by(calls.c.money, name)
            .order_by(calls.c.money, cost.desc(), name)
        )
        return [
            Line(
                money=row.money,
                name=row.name,
                calls=row.calls,
                refused_calls=int(row.refused),
                unsettled_calls=int(row.unsettled),
                unpriced_calls=int(row.unpriced),
                attempts=int(row.attempts),
                input_tokens=int(row.inputs),
                cached_tokens=int(row.cached),
                output_tokens=int(row.outputs),
                cost_usd=to_dollars(int(row.cost)),
                unsettled_usd=to_dollars(int(row.held)),
            )
            for row in rows
        ]

    def _read(self, statement: Any) -> Sequence[Any]:
        self._ledger.flush()
        try:
            with self._database.engine.connect() as connection:
                return connection.execute(statement).all()
        except SQLAlchemyError as error:
            raise self._database.unavailable(error) from error

    def _write(self, statement: Any) -> None:
        try:
            with self._database.engine.begin() as connection:
                connection.execute(statement)
        except SQLAlchemyError as error:
            raise self._database.unavailable(error) from error


def _of(run: str, scenario: str | None) -> list[ColumnElement[bool]]:
    """Which rows are of a run, or of one scenario in it."""
    return [calls.c.run == run] if scenario is None else [calls.c.run == run, calls.c.scenario == scenario]


def _number_of(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _moment(microseconds: int) -> datetime:
    seconds, rest = divmod(microseconds, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)


def _maybe_dollars(units: int | None) -> Decimal | None:
    return None if units is None else to_dollars(units)


def _call(row: Any) -> Call:
    return Call(
        run=row.run,
        worker=row.worker,
        number=row.number,
        scenario=row.scenario,
        area=row.area,
        row=row.row,
        provider=row.provider,
        model=row.model,
        operation=row.operation,
        tier=row.tier,
        money=row.money,
        state=row.state,
        reserved_usd=to_dollars(row.reserved),
        cost_usd=_maybe_dollars(row.cost),
        priced=row.priced,
        over_reserved=row.over_reserved,
        usage=Usage(
            uncached_input_tokens=row.uncached_input_tokens,
            cache_read_tokens=row.cache_read_tokens,
            cache_write_5m_tokens=row.cache_write_5m_tokens,
            cache_write_1h_tokens=row.cache_write_1h_tokens,
            output_tokens=row.output_tokens,
        ),
        attempts=row.attempts,
        created_at=_moment(row.created_at),
        settled_at=None if row.settled_at is None else _moment(row.settled_at),
    )
