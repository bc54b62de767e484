"""Whatever processes do to the ledger, in whatever order: no cap is crossed, and the totals are the sums of the rows."""

import atexit
import shutil
import sqlite3
import tempfile
from decimal import Decimal as D
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, precondition, rule

from support.ledger import Caps, Ledger, Refusal, Reservation
from support.ledger.money import to_units
from support.values import Money, Usage
from tests.ledger.conftest import make_entry

CAPS = Caps(scenario=D("0.010"), run=D("0.025"), total=D("0.040"))
LIMITS = {"scenario": D("0.010"), "run": D("0.025"), "total": D("0.040")}
PROCESSES = 3

SUMS = {
    "scenario": "SELECT money, run, scenario, {} FROM ledger_calls GROUP BY money, run, scenario",
    "run": "SELECT money, run, '', {} FROM ledger_calls GROUP BY money, run",
    "total": "SELECT money, '', '', {} FROM ledger_calls WHERE money = 'live' GROUP BY money",
}
FIGURES = """
sum(CASE state WHEN 'reserved' THEN reserved ELSE 0 END),
sum(CASE state WHEN 'settled' THEN coalesce(cost, reserved) ELSE 0 END)
"""

process = st.integers(0, PROCESSES - 1)
cents = st.integers(0, 100).map(lambda tenths: D(tenths) / 10_000)


class Processes(RuleBasedStateMachine):
    """Three processes' ledgers on one file, which reserve, settle, are killed, closed and started again."""

    reservations: Bundle[tuple[int, Reservation]] = Bundle("reservations")

    @initialize()
    def start(self) -> None:
        self.place = Path(tempfile.mkdtemp())
        self.ledgers = [Ledger.open(self.place) for _ in range(PROCESSES)]
        self.looker = sqlite3.connect(self.place / "ledger.db")
        self.excess = D(0)
        self.entered = 0

    @rule(
        target=reservations,
        who=process,
        amount=cents,
        run=st.sampled_from(["run-1", "run-2"]),
        scenario=st.sampled_from(["a", "b", ""]),
        money=st.sampled_from(Money),
    )
    def reserve(self, who: int, amount: D, run: str, scenario: str, money: Money) -> tuple[int, Reservation | None]:
        entry = make_entry(run=run, scenario=scenario, money=money)
        outcome = self.ledgers[who].reserve(entry, amount, CAPS)
        if isinstance(outcome, Refusal):
            assert outcome.limit == LIMITS[outcome.cap]
            assert outcome.committed + amount > outcome.limit
            return who, None
        self.entered += 1
        return who, outcome

    @rule(held=consumes(reservations), part=st.sampled_from([D(0), D("0.5"), D(1), D("1.25"), None]))
    def settle(self, held: tuple[int, Reservation | None], part: D | None) -> None:
        who, reservation = held
        if reservation is None or reservation.worker != self.ledgers[who].worker:
            return  # refused, or its process is dead
        cost = None if part is None else reservation.amount * part
        if cost is not None:
            self.excess += max(D(0), cost - reservation.amount)
        self.ledgers[who].settle(reservation, Usage(output_tokens=1), cost)

    @rule(held=consumes(reservations))
    def release(self, held: tuple[int, Reservation | None]) -> None:
        who, reservation = held
        if reservation is not None and reservation.worker == self.ledgers[who].worker:
            self.ledgers[who].release(reservation)

    @rule(held=reservations)
    def leave_reserved(self, held: tuple[int, Reservation | None]) -> None:
        who, reservation = held
        if reservation is not None and reservation.worker == self.ledgers[who].worker and not reservation.ended:
            self.ledgers[who].leave_reserved(reservation)

    @rule(who=process)
    def kill(self, who: int) -> None:
        """What is not written is lost, and nobody takes leave."""
        dead = self.ledgers[who]
        atexit.unregister(dead.close)
        dead._upkeep.stop()
        dead.database.close()
        self.ledgers[who] = Ledger.open(self.place)

    @rule(who=process)
    def reopen(self, who: int) -> None:
        self.ledgers[who].close()
        self.ledgers[who] = Ledger.open(self.place)

    @rule(who=process)
    def flush(self, who: int) -> None:
        self.ledgers[who].flush()

    @precondition(lambda self: hasattr(self, "looker"))
    @invariant()
    def the_totals_are_the_sums_and_within_the_caps(self) -> None:
        self.looker.execute("BEGIN")  # one moment for all: the ledgers write by themselves too
        totals = {row[:3]: row[3:] for row in self.looker.execute("SELECT * FROM ledger_totals") if row[3] or row[4]}
        sums = {}
        for cap, query in SUMS.items():
            for money, run, scenario, reserved, settled in self.looker.execute(query.format(FIGURES)):
                if cap == "scenario" and not scenario:
                    continue  # calls outside of scenarios count in their run alone
                assert reserved + settled <= to_units(LIMITS[cap] + self.excess), (cap, run, scenario)
                if reserved or settled:
                    sums[money, run, scenario] = (reserved, settled)
        self.looker.execute("COMMIT")
        assert totals == sums

    @precondition(lambda self: hasattr(self, "looker"))
    @invariant()
    def every_call_has_one_row(self) -> None:
        assert self.looker.execute("SELECT count(*) FROM ledger_calls").fetchone() == (self.entered,)

    def teardown(self) -> None:
        if hasattr(self, "looker"):
            for ledger in self.ledgers:
                ledger.close()
            self.looker.close()
            shutil.rmtree(self.place)


TestProcesses = Processes.TestCase
TestProcesses.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
