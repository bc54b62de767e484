"""The journal of remote resources: what runs are about to make, have made and have removed, and which runs live."""

import json
import os
import socket
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, exists, insert, or_, select, update

from support.journal.database import Database, Statement
from support.journal.records import Place, Resource, State, Target
from support.journal.runs import DEFAULT_LEASE, Run
from support.journal.schema import resources, runs, scopes
from support.values import Provider

_OPEN = (State.INTENDED.value, State.CONFIRMED.value)


class Journal:
    """The journal at one location; `open` it. Several processes may have the same one open."""

    def __init__(self, database: Database) -> None:
        self._database = database
        engine = database.engine
        now: BindParameter[int] = bindparam("now")
        entry = resources.c.id == bindparam("entry")
        self._intend = Statement(
            insert(resources).returning(resources.c.id),
            engine,
            ["scope", "provider", "kind", "marker", "state", "created_at", "updated_at"],
        )
        # A confirmation always counts, even where a sweep took the entry for gone: better looked for twice than forgotten.
        self._confirm = Statement(
            update(resources).where(entry).values(state=bindparam("to"), remote_id=bindparam("found"), updated_at=now),
            engine,
        )
        self._end_from = Statement(
            update(resources)
            .where(entry, resources.c.state.in_([bindparam("one"), bindparam("other")]))
            .values(state=bindparam("to"), updated_at=now),
            engine,
        )
        self._removed = Statement(
            update(resources)
            .where(
                resources.c.scope == bindparam("of"),
                resources.c.provider == bindparam("at"),
                resources.c.kind == bindparam("what"),
                resources.c.remote_id == bindparam("found"),
                resources.c.state == bindparam("one"),
            )
            .values(state=bindparam("to"), updated_at=now),
            engine,
        )

    @classmethod
    def open(cls, location: str | Path) -> Self:
        """Opens the journal in a folder, which is made where it is missing, or at a database URL.

        Raises JournalUnavailable with one sentence where that cannot be, or what lies there is no journal.
        """
        return cls(Database(location))

    def close(self) -> None:
        """Closes the connections; runs that were begun here should have been ended before."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Runs and their leases -------------------------------------------------------------------------------------------

    def begin_run(self, run_id: str, target: Target, *, worker: str, lease: timedelta = DEFAULT_LEASE) -> Run:
        """Enters this process as one of the run's; it lives until `Run.end`, or `lease` (real time) after its last heartbeat."""
        now = _now()
        with self._database.transaction() as connection:
            process = connection.execute(
                insert(runs).returning(runs.c.id),
                {
                    "run": run_id,
                    "worker": worker,
                    "target": target.name,
                    "facts": json.dumps(dict(target.facts), sort_keys=True),
                    "host": socket.gethostname(),
                    "pid": os.getpid(),
                    "started_at": now,
                    "lease_until": now + _microseconds(lease),
                },
            ).scalar_one()
        return Run(self, run_id, worker, target, process, lease)

    def renew(self, process: int, lease: timedelta) -> None:
        """The heartbeat; takes the database's own upkeep off the calls as well."""
        self._update_process(process, lease_until=_now() + _microseconds(lease))
        self._database.tidy()

    def end_process(self, process: int) -> None:
        """The process's lease ends now."""
        self._update_process(process, ended_at=_now())

    def _update_process(self, process: int, **values: int) -> None:
        with self._database.transaction() as connection:
            connection.execute(update(runs).where(runs.c.id == process).values(values))

    def living_runs(self) -> frozenset[str]:
        """Ids of the runs of which a process lives, on whatever target."""
        with self._database.transaction() as connection:
            rows = connection.execute(select(runs.c.run).where(_lives(_now()))).all()
        return frozenset(run for (run,) in rows)

    def ended_runs(self, target: str) -> frozenset[str]:
        """Ids of the runs that were on that target and of which no process lives any more."""
        with self._database.transaction() as connection:
            rows = connection.execute(select(runs.c.run).where(runs.c.target == target, _ended(_now()))).all()
        return frozenset(run for (run,) in rows)

    # Resources: what a call waits for --------------------------------------------------------------------------------

    def open_scope(self, process: int, scenario: str, tenant: str) -> int:
        """Enters a scenario at an account; answers the number of the scope."""
        with self._database.transaction() as connection:
            number: int = connection.execute(
                insert(scopes).returning(scopes.c.id),
                {"process": process, "scenario": scenario, "tenant": tenant, "opened_at": _now()},
            ).scalar_one()
        return number

    def intend(self, scope: int, provider: Provider, kind: str, marker: str) -> int:
        """A resource is about to be made; answers the number of the entry."""
        now = _now()
        values = {
            "scope": scope,
            "provider": provider.value,
            "kind": kind,
            "marker": marker,
            "state": "intended",
            "created_at": now,
            "updated_at": now,
        }
        entry: int = self._database.write(self._intend, values)[0][0]
        return entry

    def confirm(self, entry: int, remote_id: str) -> None:
        """It exists, under this id."""
        self._database.write(self._confirm, {"entry": entry, "found": remote_id, "to": "confirmed", "now": _now()})

    def refused(self, entry: int) -> None:
        """It was never made; a confirmed one stays confirmed."""
        self._end(entry, "intended", "intended", "refused")

    def gone(self, entry: int) -> None:
        """It is not there any more, whether confirmed or not."""
        self._end(entry, "intended", "confirmed", "removed")

    def _end(self, entry: int, one: str, other: str, to: str) -> None:
        self._database.write(self._end_from, {"entry": entry, "one": one, "other": other, "to": to, "now": _now()})

    def removed(self, scope: int, provider: Provider, kind: str, remote_id: str) -> None:
        """The provider says that what the scope made under this id is gone."""
        values = {"of": scope, "at": provider.value, "what": kind, "found": remote_id}
        self._database.write(self._removed, {**values, "one": "confirmed", "to": "removed", "now": _now()})

    # What is left ----------------------------------------------------------------------------------------------------

    def open_resources(self, run: str, scenario: str | None = None) -> list[Resource]:
        """What the run, or one scenario of it, made or may have made and nobody removed: newest first."""
        of_scenario = [] if scenario is None else [scopes.c.scenario == scenario]
        return [resource for _, resource in self._left(runs.c.run == run, *of_scenario)]

    def resources_of(self, scope: int) -> list[Resource]:
        """As `open_resources`, of one scope."""
        return [resource for _, resource in self._left(scopes.c.id == scope)]

    def abandoned(self, run: str | None = None) -> list[Place]:
        """Where runs that have ended may have left something: accounts that nobody closed, or with open resources.

        With `run`, all accounts that this run used, closed or not; none while it lives.
        """
        ended = _ended(_now())
        left_open = exists().where(resources.c.scope == scopes.c.id, resources.c.state.in_(_OPEN)).correlate(scopes)
        asked = or_(scopes.c.closed_at.is_(None), left_open) if run is None else runs.c.run == run
        with self._database.transaction() as connection:
            rows = connection.execute(
                select(runs.c.target, runs.c.facts, scopes.c.tenant, scopes.c.id)
                .join_from(scopes, runs)
                .where(asked, ended)
                .order_by(scopes.c.id)
            ).all()
        accounts: dict[tuple[str, str, str], list[int]] = {}
        for target, facts, tenant, scope in rows:
            accounts.setdefault((target, facts, tenant), []).append(scope)
        left: dict[int, list[Resource]] = {}
        for scope, resource in self._left(asked, ended):
            left.setdefault(scope, []).append(resource)
        return [
            Place(
                target=Target(name=target, facts=json.loads(facts)),
                tenant=tenant,
                scopes=tuple(numbers),
                resources=tuple(
                    sorted((found for number in numbers for found in left.get(number, ())), key=lambda r: -r.entry)
                ),
            )
            for (target, facts, tenant), numbers in accounts.items()
        ]

    def close_scopes(self, numbers: Sequence[int]) -> None:
        """No sweep needs to look there again, but for entries that are open or become so."""
        if not numbers:
            return
        with self._database.transaction() as connection:
            connection.execute(
                update(scopes).where(scopes.c.id == bindparam("scope")).values(closed_at=bindparam("now")),
                [{"scope": number, "now": _now()} for number in numbers],
            )

    def _left(self, *conditions: ColumnElement[bool]) -> list[tuple[int, Resource]]:
        with self._database.transaction() as connection:
            rows = connection.execute(
                select(
                    resources,
                    scopes.c.scenario,
                    scopes.c.tenant,
                    runs.c.run,
                    runs.c.worker,
                    runs.c.target,
                )
                .join_from(resources, scopes)
                .join(runs)
                .where(resources.c.state.in_(_OPEN), *conditions)
                .order_by(resources.c.id.desc())
            ).all()
        return [(row.scope, _resource(row)) for row in rows]


def _resource(row: Any) -> Resource:
    return Resource(
        entry=row.id,
        run=row.run,
        worker=row.worker,
        scenario=row.scenario,
        target=row.target,
        tenant=row.tenant,
        provider=Provider(row.provider),
        kind=row.kind,
        marker=row.marker,
        remote_id=row.remote_id,
        state=State(row.state),
        created_at=_moment(row.created_at),
        updated_at=_moment(row.updated_at),
    )


def _lives(now: int, table: Any = runs) -> ColumnElement[bool]:
    """The process behind a row of `runs` lives."""
    return and_(table.c.ended_at.is_(None), table.c.lease_until > now)


def _ended(now: int) -> ColumnElement[bool]:
    """No process of the run behind a row of `runs` lives, on this or any other target: two may share an account."""
    other = runs.alias("other")
    return ~exists().where(other.c.run == runs.c.run, _lives(now, other))


def _now() -> int:
    """Microseconds since 1970 (UTC), real time."""
    return time.time_ns() // 1000


def _moment(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1e6, UTC)


def _microseconds(span: timedelta) -> int:
    return span // timedelta(microseconds=1)
