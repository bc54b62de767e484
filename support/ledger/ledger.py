"""The ledger: one row a call, reserved before it leaves and settled after, under caps that hold across processes.

A reservation is committed before `reserve` returns. A settlement goes along with the process's next transaction, or is
written by the upkeep thread within some 20 ms: until then the call counts as spent in full, so a crash loses nothing.
"""

import asyncio
import atexit
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from support.ledger.budget import CapName, Caps, Entry, Figures, Refusal, Scope, crossed, refuse, scopes_of
from support.ledger.database import Database
from support.ledger.money import to_dollars, to_units
from support.ledger.statements import UNLIMITED, Statements
from support.ledger.upkeep import Upkeep
from support.ledger.workers import Worker, now_us
from support.values import Money, Usage

_RECHECK_SECONDS = 0.01
"""Real time between two looks of a waiting call at what other processes settled."""
_LOOKS_AT_MOST = 25
"""After so many looks at figures that do not move it asks again who lives."""

_NOTHING = Usage()
_ZERO = Figures(0, 0)
_NO_LIMITS: Mapping[Scope, int] = {}


@dataclass(slots=True, eq=False)
class Reservation:
    """Money set aside for one call; `amount` in US dollars. Good for one `settle` or `release`."""

    entry: Entry
    amount: Decimal
    units: int
    scopes: Mapping[Scope, CapName]
    worker: str
    number: int
    """With run and worker the key of the call's row."""
    ended: bool = False


class Standing(NamedTuple):
    """US dollars of a scenario, a run or all runs."""

    settled: Decimal
    unsettled: Decimal
    """Reserved by calls under way, or lost: counts as spent."""


@dataclass(slots=True)
class _Ending:
    """What is still to be written of a call: its row's values, and how it moves the totals."""

    reservation: Reservation
    values: tuple[object, ...]
    change: Figures


class _NoRoom(Exception):
    """A line of the totals would pass its limit, or is not there."""


class Ledger:
    """One process's hand on the ledger. `settle` and `reserve_or_wait` belong to one event loop; the rest to any thread."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._sql = Statements(database)
        self._worker = Worker(database)
        self._numbers = count(1)
        self._lines_made: set[Scope] = set()
        self._lock = threading.Lock()
        self._endings: list[_Ending] = []
        self._waiting: set[asyncio.Event] = set()
        self._closed = False
        with self._transaction() as (cursor, _):
            self._worker.join(cursor)
        self._upkeep = Upkeep(self.flush, self._beat)
        self._upkeep.start()
        atexit.register(self.close)

    @classmethod
    def open(cls, location: str | Path) -> "Ledger":
        """Opens the ledger in a folder (made if need be; the file is `ledger.db`) or at a database URL.

        Raises LedgerUnavailable, with one sentence that says what to do.
        """
        return cls(Database(location))

    @property
    def worker(self) -> str:
        """This process's name in the rows."""
        return self._worker.id

    def reserve(self, entry: Entry, amount: Decimal, caps: Caps) -> Reservation | Refusal:
        """Enters the call and sets `amount` US dollars aside, or says which cap stands in the way; never waits.

        An amount of 0 (a call that is free of charge, or has no known price) is never refused.
        """
        scopes = scopes_of(entry)
        asked = to_units(amount)
        reservation = Reservation(entry, amount, asked, scopes, self._worker.id, next(self._numbers))
        if any(ending.reservation.entry.run != entry.run for ending in self._endings):
            self.flush()  # so that all processes lock the lines of two runs in the same order
        if not scopes.keys() <= self._lines_made:
            return self._reserve_watchfully(reservation, caps)
        limits = {scope: caps.limits.get(cap, UNLIMITED) for scope, cap in scopes.items()} if asked else _NO_LIMITS
        if any(asked > limit for limit in limits.values()):  # it may be more than a column holds
            return self._reserve_watchfully(reservation, caps)
        try:
            with self._transaction(limits) as (cursor, changes):
                self._set_aside(cursor, changes, reservation)
        except _NoRoom:
            return self._reserve_watchfully(reservation, caps)
        return reservation

    async def reserve_or_wait(
        self, entry: Entry, amount: Decimal, caps: Caps, *, patience: float = 60.0
    ) -> Reservation | Refusal:
        """As `reserve`, but waits while calls of living processes could, once settled, leave enough.

        Real time, at most `patience` seconds: woken by every `settle` of this process, looks each 10 ms for those of others.
        """
        outcome = self.reserve(entry, amount, caps)
        deadline = time.monotonic() + patience
        looks = 0
        while isinstance(outcome, Refusal) and outcome.worth_waiting and time.monotonic() < deadline:
            await self._settled_or(_RECHECK_SECONDS)
            looks += 1
            if looks == _LOOKS_AT_MOST or self._differs(outcome):
                outcome = self.reserve(entry, amount, caps)
                looks = 0
        return outcome

    def settle(self, reservation: Reservation, usage: Usage | None, cost: Decimal | None, attempts: int = 1) -> None:
        """Puts the real cost in the reservation's place, also where it is higher (the row is then flagged `over_reserved`).

        `usage` None: the answer had no usage figures. `cost` None: no price is known; such a call counts against the caps
        with what was reserved for it. Raises ValueError where the reservation was settled or released before.
        """
        spent = None if cost is None else to_units(cost)
        change = Figures(-reservation.units, reservation.units if spent is None else spent)
        self._end(reservation, "settled", usage, spent, attempts, change)

    def release(self, reservation: Reservation, attempts: int = 1) -> None:
        """Gives the reservation back: the provider refused, so the call certainly cost nothing. Its row stays, at 0."""
        self._end(reservation, "released", None, 0, attempts, Figures(-reservation.units, 0))

    def leave_reserved(self, reservation: Reservation, attempts: int = 1) -> None:
        """Keeps the amount as spent and lets nobody wait for it: the cost is not known (a timeout), or only much later.

        A later `settle` or `release` is still taken.
        """
        self._end(reservation, "reserved", None, None, attempts, _ZERO)

    def standing(self, money: Money, run: str = "", scenario: str = "") -> Standing:
        """What is spent by now: in all runs (live money alone), in a run, or in a scenario of it. Cheap."""
        scope = Scope(str(money), run, scenario)
        self.flush()
        with self._lock, self.database.reading() as cursor:
            figures = self._sql.peek(cursor, scope).get(scope, _ZERO)
        return Standing(to_dollars(figures.settled), to_dollars(figures.reserved))

    def flush(self) -> bool:
        """Writes the endings that no reservation took along; answers whether there were any."""
        if not self._endings:
            return False
        with self._transaction():
            return True

    def close(self) -> None:
        """Writes what is left and takes leave; what is still reserved stays so, and nobody waits for it any more."""
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        self._upkeep.stop()
        try:
            with self._transaction() as (cursor, _):
                self._worker.leave(cursor)
        finally:
            self.database.close()

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _transaction(self, limits: Mapping[Scope, int] = _NO_LIMITS) -> Iterator[tuple[Any, dict[Scope, Figures]]]:
        """One transaction; this process's threads take turns. It takes along all endings that are not written yet.

        Gives the cursor, and how the totals move: written last, so that what the caller adds goes with it. Raises
        _NoRoom, with nothing written, where they would pass `limits`.
        """
        with self._lock, self.database.transaction() as cursor:
            changes: dict[Scope, Figures] = {}
            taken = len(self._endings)
            for ending in self._endings[:taken]:
                reservation = ending.reservation
                # A row that has its ending already (the last try was cut off late) moves the totals no more.
                if self._sql.end(cursor, ending.values, reservation.entry.run, reservation.worker, reservation.number):
                    for scope in reservation.scopes:
                        changes[scope] = _moved(changes.get(scope, _ZERO), ending.change)
            yield cursor, changes
            if not self._sql.add(cursor, changes, limits):
                raise _NoRoom
            self.database.commit()
            del self._endings[:taken]

    def _set_aside(self, cursor: Any, changes: dict[Scope, Figures], reservation: Reservation) -> None:
        for scope in reservation.scopes:
            held, paid = changes.get(scope, _ZERO)
            changes[scope] = Figures(held + reservation.units, paid)
        self._sql.enter(cursor, reservation.entry, reservation.worker, reservation.number, reservation.units, now_us())

    def _reserve_watchfully(self, reservation: Reservation, caps: Caps) -> Reservation | Refusal:
        """Reserves with a look at the totals first: where lines are to be made, and where a cap is near."""
        scopes = reservation.scopes
        with self._transaction() as (cursor, changes):
            stored = self._lines(cursor, scopes)
            figures = {scope: _moved(stored[scope], changes.get(scope, _ZERO)) for scope in scopes}
            over = crossed(scopes, figures, reservation.units, caps)
            if over:
                return refuse(over, figures, self._held_alive(cursor, over), reservation.units)
            self._set_aside(cursor, changes, reservation)
        self._lines_made.update(scopes)
        return reservation

    def _lines(self, cursor: Any, scopes: Mapping[Scope, CapName]) -> dict[Scope, Figures]:
        narrowest = max(scopes)
        stored = self._sql.lines(cursor, narrowest)
        missing = scopes.keys() - stored.keys()
        if missing:
            self._sql.make_lines(cursor, missing)
            stored = self._sql.lines(cursor, narrowest)
        return stored

    def _held_alive(self, cursor: Any, over: list[tuple[Scope, CapName, int]]) -> dict[Scope, int]:
        """Units in each line that living processes hold; the endings of this transaction are out of it already."""
        living = self._worker.living(cursor)
        return {
            scope: sum(units for worker, units in self._sql.held(cursor, scope).items() if worker in living)
            for scope, _, _ in over
        }

    def _end(
        self,
        reservation: Reservation,
        state: str,
        usage: Usage | None,
        cost: int | None,
        attempts: int,
        change: Figures,
    ) -> None:
        if reservation.ended:
            raise ValueError(f"Call {reservation.number} of {reservation.worker} was settled or released before.")
        reservation.ended = state != "reserved"
        tokens = usage or _NOTHING
        values = (
            state,
            False,
            cost,
            state != "settled" or cost is not None,
            cost is not None and cost > reservation.units,
            tokens.uncached_input_tokens,
            tokens.cache_read_tokens,
            tokens.cache_write_5m_tokens,
            tokens.cache_write_1h_tokens,
            tokens.output_tokens,
            attempts,
            now_us() if reservation.ended else None,
        )
        self._endings.append(_Ending(reservation, values, change))
        self._upkeep.wake()
        for event in self._waiting:
            event.set()

    async def _settled_or(self, seconds: float) -> None:
        """Until this process settles something, or so many real seconds have passed."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting.discard(event)

    def _differs(self, refusal: Refusal) -> bool:
        """Whether the totals have moved since; a look that locks nobody out."""
        if self._endings:
            return True
        with self._lock, self.database.reading() as cursor:
            stored = self._sql.peek(cursor, max(refusal.figures))
        return any(stored.get(scope) != figures for scope, figures in refusal.figures.items())

    def _beat(self) -> None:
        with self._transaction() as (cursor, _):
            self._worker.beat(cursor)
        self.database.tidy()


def _moved(figures: Figures, change: Figures) -> Figures:
    return Figures(figures.reserved + change.reserved, figures.settled + change.settled)
