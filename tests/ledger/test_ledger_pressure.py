"""32 tasks in four processes on one ledger: the cap is never passed by any amount, and nearly all of it can be spent.

`TOUCHSTONE_PRESSURE_CALLS` is the number of calls (600; 2,000 in the full check).
"""

import os
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack
from decimal import Decimal as D
from pathlib import Path

import pytest

from support.ledger import History, Ledger
from support.ledger.money import to_dollars, to_units
from support.values import Money

ROOT = Path(__file__).parents[2]
PROCESSES = 4
CALLS = int(os.environ.get("TOUCHSTONE_PRESSURE_CALLS", "600"))
CAP = D(CALLS) / 1200
"""A call costs 0.0016 dollars on average, so that about half of them fit."""


class Spenders:
    """The processes, and somebody who looks at the totals all the time."""

    def __init__(self, place: Path, stack: ExitStack) -> None:
        self.processes = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.ledger.spender", place, str(CALLS // PROCESSES), str(seed), str(CAP)],
                    cwd=ROOT,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for seed in range(PROCESSES)
        ]
        for process in self.processes:
            stack.callback(process.kill)
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        self._looker = sqlite3.connect(place / "ledger.db")
        stack.callback(self._looker.close)

    def go(self) -> None:
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()

    def committed(self) -> D:
        """Settled plus reserved at this moment, which never passes the cap."""
        row = self._looker.execute("SELECT reserved + settled FROM ledger_totals WHERE run = ''").fetchone()
        units = row[0] if row else 0
        assert units <= to_units(CAP)
        return to_dollars(units)

    def watch(self, *, until: D | None = None) -> None:
        """Looks until so much is committed, or all have ended."""
        while any(process.poll() is None for process in self.processes):
            if until is not None and self.committed() >= until:
                return
            self.committed()
            time.sleep(0.002)

    def results(self) -> list[tuple[int, int]]:
        """Calls made and refused, of those that came to their end."""
        found = []
        for process in self.processes:
            assert process.stdout is not None
            made, refused = process.stdout.read().split()
            assert process.wait() == 0
            found.append((int(made), int(refused)))
        return found


@pytest.fixture
def place(tmp_path: Path) -> Path:
    with Ledger.open(tmp_path):  # makes the file
        pass
    return tmp_path


def rows_say(place: Path) -> tuple[D, D]:
    """Dollars settled and still reserved, summed over the rows; the totals must say the same."""
    with Ledger.open(place) as ledger:
        (line,) = History(ledger).totals("run-1")
        assert ledger.standing(Money.LIVE) == (line.cost_usd, line.unsettled_usd)
        return line.cost_usd, line.unsettled_usd


def test_a_cap_that_allows_part_is_spent_and_never_passed(place: Path) -> None:
    with ExitStack() as stack:
        spenders = Spenders(place, stack)
        spenders.go()
        spenders.watch()
        results = spenders.results()

    settled, reserved = rows_say(place)
    assert reserved == 0
    assert CAP * D("0.95") <= settled <= CAP
    assert sum(made + refused for made, refused in results) == CALLS // PROCESSES * PROCESSES
    assert all(refused for _, refused in results)
    with Ledger.open(place) as ledger:
        assert len(History(ledger).calls("run-1")) == sum(made for made, _ in results)


def test_it_is_not_passed_either_when_two_are_killed(place: Path) -> None:
    with ExitStack() as stack:
        spenders = Spenders(place, stack)
        spenders.go()
        spenders.watch(until=CAP * D("0.4"))
        for victim in spenders.processes[:2]:
            victim.kill()
            assert victim.wait() == -9  # in the middle of its work
        del spenders.processes[:2]
        spenders.watch()
        results = spenders.results()

    settled, reserved = rows_say(place)
    assert settled + reserved <= CAP
    assert settled + reserved >= CAP * D("0.4")
    assert all(made for made, _ in results)
