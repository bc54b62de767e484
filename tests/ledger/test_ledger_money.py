"""Money is exact: no amount is rounded on its way into the database and out of it, and sums are sums."""

import sqlite3
from collections.abc import Callable
from decimal import Decimal as D
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support.ledger import Caps, Entry, History, Ledger
from support.ledger.money import to_dollars, to_units

MakeEntry = Callable[..., Entry]

ONE_MILLION_CALLS = """
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000000)
INSERT INTO ledger_calls (run, worker, number, scenario, area, row, provider, model, operation, tier, money, state,
                          awaited, reserved, cost, attempts, created_at)
SELECT 'run-1', 'w', n, 's', 'a', 'r', 'OpenAI', 'm', 'chat.create', 'standard', 'live', 'settled', 0, 0, ?, 1, 0 FROM numbers
"""


def test_a_million_rows_sum_exactly(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        with sqlite3.connect(tmp_path / "ledger.db") as connection:
            connection.execute("PRAGMA cache_size = -300000")
            connection.execute(ONE_MILLION_CALLS, (to_units(D("0.0000015")),))
        connection.close()
        (line,) = History(ledger).totals("run-1")
    assert (line.calls, line.cost_usd) == (1_000_000, D("1.5"))


@example(D("723456.123456789012"))  # more digits than a float has: most amounts drawn are small and would not show one
@given(st.decimals(min_value=0, max_value=1_000_000, places=12))
def test_dollars_come_back_as_they_went_in(dollars: D) -> None:
    assert to_dollars(to_units(dollars)) == dollars


@given(st.decimals(min_value=0, max_value=1000, places=16))
def test_a_part_of_a_unit_counts_as_a_whole_one(dollars: D) -> None:
    units = to_units(dollars)
    assert to_dollars(units) >= dollars > to_dollars(units - 1)


@pytest.mark.parametrize(
    ("units", "text"),
    [(0, "0.00"), (4 * 10**9, "0.004"), (1, "0.000000000001"), (50 * 10**12, "50.00"), (-(10**11), "-0.10")],
)
def test_dollars_have_cents_and_no_more_zeros(units: int, text: str) -> None:
    assert f"{to_dollars(units):f}" == text


def test_only_amounts_that_can_be_money_are_taken(ledger: Ledger, entry: MakeEntry) -> None:
    for amount, error in (
        (D("-0.01"), ValueError),
        (D("NaN"), ValueError),
        (D("Infinity"), ValueError),
        (0.01, TypeError),
    ):
        with pytest.raises(error):
            ledger.reserve(entry(), amount, Caps())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not negative"):
        Caps(run=D("-1"))
    assert History(ledger).calls("run-1") == []
