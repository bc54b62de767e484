"""One row a call, what it costs in the end, and caps that hold."""

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from decimal import Decimal as D
from pathlib import Path

import pytest

from support.ledger import Caps, Entry, History, Ledger, LedgerUnavailable, Refusal, Reservation, Standing
from support.values import Money, Provider, Usage

Accepted = Callable[[Reservation | Refusal], Reservation]
Refused = Callable[[Reservation | Refusal], Refusal]
MakeEntry = Callable[..., Entry]

ROOT = Path(__file__).parents[2]
WIDE = Caps(D("0.50"), D("5.00"), D("50.00"))
USAGE = Usage(
    uncached_input_tokens=900,
    cache_read_tokens=80,
    cache_write_5m_tokens=15,
    cache_write_1h_tokens=5,
    output_tokens=42,
)


def test_a_settled_call_is_one_row_with_the_real_cost(ledger: Ledger, entry: MakeEntry, accepted: Accepted) -> None:
    reservation = accepted(ledger.reserve(entry(tier="batch"), D("0.004"), WIDE))
    ledger.settle(reservation, USAGE, D("0.0000123"), attempts=3)

    (call,) = History(ledger).calls("run-1")
    assert (call.run, call.scenario, call.area, call.row) == (
        "run-1",
        "A deleted file is gone for good on OpenAI",
        "files",
        "FM-04",
    )
    assert (call.provider, call.model, call.operation) == (Provider.OPENAI, "gpt-6-luna", "chat.create")
    assert (call.tier, call.money, call.state, call.worker) == ("batch", Money.LIVE, "settled", ledger.worker)
    assert (call.reserved_usd, call.cost_usd, call.priced, call.over_reserved) == (
        D("0.004"),
        D("0.0000123"),
        True,
        False,
    )
    assert (call.usage, call.attempts) == (USAGE, 3)
    assert call.settled_at is not None
    assert call.settled_at >= call.created_at
    assert ledger.standing(Money.LIVE, "run-1") == Standing(D("0.0000123"), D("0"))


def test_a_call_that_is_free_of_charge_has_its_row_too(ledger: Ledger, entry: MakeEntry, accepted: Accepted) -> None:
    reservation = accepted(ledger.reserve(entry(model=None, operation="files.upload"), D(0), WIDE))
    ledger.settle(reservation, None, D(0))

    (call,) = History(ledger).calls("run-1")
    assert (call.operation, call.model, call.cost_usd, call.priced, call.usage) == (
        "files.upload",
        None,
        D(0),
        True,
        Usage(),
    )


def test_the_reservation_is_on_disk_before_the_call_leaves(
    ledger: Ledger, entry: MakeEntry, accepted: Accepted, tmp_path: Path
) -> None:
    accepted(ledger.reserve(entry(), D("0.004"), WIDE))

    with sqlite3.connect(tmp_path / "state" / "ledger.db") as another:
        assert another.execute("SELECT state, reserved FROM ledger_calls").fetchall() == [("reserved", 4 * 10**9)]
    another.close()


def test_a_settlement_reaches_other_processes_without_another_call(
    ledger: Ledger, entry: MakeEntry, accepted: Accepted, tmp_path: Path
) -> None:
    ledger.settle(accepted(ledger.reserve(entry(), D("0.004"), WIDE)), USAGE, D("0.001"))

    another = sqlite3.connect(tmp_path / "state" / "ledger.db")
    deadline = time.monotonic() + 5
    states = []
    while states != [("settled",)] and time.monotonic() < deadline:
        time.sleep(0.005)
        states = another.execute("SELECT state FROM ledger_calls").fetchall()
    another.close()
    assert states == [("settled",)]


def test_a_call_takes_one_transaction(ledger: Ledger, entry: MakeEntry, accepted: Accepted) -> None:
    accepted(ledger.reserve(entry(), D("0.004"), WIDE))  # makes the lines of the totals
    commits: list[int] = []
    caller = threading.get_ident()

    def trace(statement: str) -> None:
        if statement == "COMMIT" and threading.get_ident() == caller:
            commits.append(1)

    ledger.database.cursor.connection.set_trace_callback(trace)
    for _ in range(20):
        ledger.settle(accepted(ledger.reserve(entry(), D("0.004"), WIDE)), USAGE, D("0.001"))
    assert len(commits) == 20
    ledger.flush()
    assert ledger.flush() is False


def test_what_costs_more_than_was_reserved_is_recorded_as_it_is(
    ledger: Ledger, entry: MakeEntry, accepted: Accepted, refused: Refused
) -> None:
    caps = Caps(scenario=D("0.01"))
    ledger.settle(accepted(ledger.reserve(entry(), D("0.004"), caps)), USAGE, D("0.02"))

    (call,) = History(ledger).calls("run-1")
    assert (call.cost_usd, call.over_reserved) == (D("0.02"), True)
    refusal = refused(ledger.reserve(entry(), D("0.000001"), caps))
    assert (refusal.cap, refusal.committed) == ("scenario", D("0.02"))
    accepted(ledger.reserve(entry(operation="files.delete"), D(0), caps))  # cleaning up stays possible


def test_a_refused_call_costs_nothing_and_stays_a_row(ledger: Ledger, entry: MakeEntry, accepted: Accepted) -> None:
    ledger.release(accepted(ledger.reserve(entry(), D("0.50"), WIDE)), attempts=2)
    accepted(ledger.reserve(entry(), D("0.50"), WIDE))

    first, second = History(ledger).calls("run-1")
    assert (first.state, first.cost_usd, first.attempts) == ("released", D(0), 2)
    assert second.state == "reserved"


def test_a_model_without_a_price_is_unpriced_not_free(ledger: Ledger, entry: MakeEntry, accepted: Accepted) -> None:
    ledger.settle(accepted(ledger.reserve(entry(model="gpt-6.2-sol"), D(0), WIDE)), USAGE, None)
    ledger.settle(accepted(ledger.reserve(entry(), D(0), WIDE)), USAGE, D(0))

    history = History(ledger)
    assert [(call.model, call.cost_usd, call.priced) for call in history.calls("run-1")] == [
        ("gpt-6.2-sol", None, False),
        ("gpt-6-luna", D(0), True),
    ]
    assert [(model.model, model.calls) for model in history.unpriced("run-1")] == [("gpt-6.2-sol", 1)]


def test_an_unpriced_answer_counts_against_the_cap_with_what_was_reserved(
    ledger: Ledger, entry: MakeEntry, accepted: Accepted, refused: Refused
) -> None:
    caps = Caps(scenario=D("0.01"))
    ledger.settle(accepted(ledger.reserve(entry(), D("0.008"), caps)), USAGE, None)
    assert refused(ledger.reserve(entry(), D("0.004"), caps)).committed == D("0.008")


@pytest.mark.parametrize("ending", ["settle", "release"])
def test_a_reservation_ends_once(ledger: Ledger, entry: MakeEntry, accepted: Accepted, ending: str) -> None:
    reservation = accepted(ledger.reserve(entry(), D("0.004"), WIDE))
    ledger.settle(reservation, USAGE, D("0.001"))
    with pytest.raises(ValueError, match="before"):
        ledger.settle(reservation, USAGE, D("0.001")) if ending == "settle" else ledger.release(reservation)
    assert ledger.standing(Money.LIVE, "run-1") == Standing(D("0.001"), D(0))


def test_a_call_with_unknown_cost_stays_spent_and_can_be_settled_later(
    ledger: Ledger, entry: MakeEntry, accepted: Accepted
) -> None:
    reservation = accepted(ledger.reserve(entry(), D("0.004"), WIDE))
    ledger.leave_reserved(reservation, attempts=4)
    assert ledger.standing(Money.LIVE, "run-1") == Standing(D(0), D("0.004"))
    (call,) = History(ledger).calls("run-1")
    assert (call.state, call.cost_usd, call.attempts, call.settled_at) == ("reserved", None, 4, None)

    ledger.settle(reservation, USAGE, D("0.001"))
    assert ledger.standing(Money.LIVE, "run-1") == Standing(D("0.001"), D(0))


def test_of_calls_of_0_004_two_fit_into_0_01(
    ledger: Ledger, entry: MakeEntry, accepted: Accepted, refused: Refused
) -> None:
    caps = Caps(scenario=D("0.01"), run=D("5"), total=D("50"))
    for _ in range(2):
        ledger.settle(accepted(ledger.reserve(entry(), D("0.004"), caps)), USAGE, D("0.004"))
    refusal = refused(ledger.reserve(entry(), D("0.004"), caps))

    assert (refusal.cap, refusal.limit, refusal.committed, refusal.unsettled, refusal.asked) == (
        "scenario",
        D("0.01"),
        D("0.008"),
        D("0"),
        D("0.004"),
    )
    assert refusal.worth_waiting is False
    assert "up to $0.004" in refusal.sentence
    assert "budget of $0.01 for this scenario has only $0.002 left" in refusal.sentence
    error = refusal.error(Provider.OPENAI)
    assert (error.kind, error.cap, error.limit, error.provider) == ("budget_exceeded", "scenario", D("0.01"), "OpenAI")
    assert len(History(ledger).calls("run-1")) == 2


def test_a_cap_is_reached_to_the_last_unit_and_not_passed_by_one(
    ledger: Ledger, entry: MakeEntry, accepted: Accepted, refused: Refused
) -> None:
    caps = Caps(run=D("0.000000000003"))
    accepted(ledger.reserve(entry(), D("0.000000000003"), caps))
    refused(ledger.reserve(entry(), D("0.000000000001"), caps))


@pytest.mark.parametrize("dollars", ["1", "5000000", "10000000", "1e15"])
def test_more_than_a_column_holds_is_refused_as_anything_over_a_cap(
    ledger: Ledger, entry: MakeEntry, accepted: Accepted, refused: Refused, dollars: str
) -> None:
    """A cache that is kept for ten thousand years costs millions."""
    assert refused(ledger.reserve(entry(), D(dollars), WIDE)).asked == D(dollars)
    accepted(ledger.reserve(entry(), D("0.004"), WIDE))
    assert refused(ledger.reserve(entry(), D(dollars), WIDE)).asked == D(dollars)
    assert ledger.standing(Money.LIVE, "run-1") == Standing(D(0), D("0.004"))


def test_the_run_and_the_total_have_caps_of_their_own(
    ledger: Ledger, entry: MakeEntry, accepted: Accepted, refused: Refused
) -> None:
    caps = Caps(scenario=D("0.01"), run=D("0.02"), total=D("0.03"))
    accepted(ledger.reserve(entry(scenario="a"), D("0.01"), caps))
    accepted(ledger.reserve(entry(scenario="b"), D("0.01"), caps))
    assert refused(ledger.reserve(entry(scenario="c"), D("0.01"), caps)).cap == "run"
    accepted(ledger.reserve(entry(run="run-2"), D("0.01"), caps))
    assert refused(ledger.reserve(entry(run="run-3"), D("0.01"), caps)).cap == "total"


def test_simulated_money_never_touches_the_live_budget(
    ledger: Ledger, entry: MakeEntry, accepted: Accepted, refused: Refused
) -> None:
    caps = Caps(scenario=D("1"), run=D("1"), total=D("0.01"))
    simulated = accepted(ledger.reserve(entry(money=Money.SIMULATED), D("1"), caps))
    ledger.settle(simulated, USAGE, D("1"))
    assert refused(ledger.reserve(entry(money=Money.SIMULATED, scenario="b"), D("0.01"), caps)).cap == "run"

    assert ledger.standing(Money.LIVE) == Standing(D(0), D(0))
    assert ledger.standing(Money.LIVE, "run-1") == Standing(D(0), D(0))
    accepted(ledger.reserve(entry(), D("0.01"), caps))


def test_the_total_survives_runs(tmp_path: Path, entry: MakeEntry, accepted: Accepted, refused: Refused) -> None:
    caps = Caps(total=D("0.01"))
    for run in ("run-1", "run-2"):
        with Ledger.open(tmp_path) as ledger:
            ledger.settle(accepted(ledger.reserve(entry(run=run), D("0.004"), caps)), USAGE, D("0.004"))
    with Ledger.open(tmp_path) as ledger:
        assert ledger.standing(Money.LIVE) == Standing(D("0.008"), D(0))
        assert refused(ledger.reserve(entry(run="run-3"), D("0.004"), caps)).cap == "total"


def test_two_at_once_cannot_both_spend_the_last_dollar(
    tmp_path: Path, entry: MakeEntry, accepted: Accepted, refused: Refused
) -> None:
    caps = Caps(total=D("1.00"))
    with Ledger.open(tmp_path) as one, Ledger.open(tmp_path) as other:
        reservation = accepted(one.reserve(entry(run="one"), D("0.60"), caps))
        refusal = refused(other.reserve(entry(run="other"), D("0.60"), caps))
        assert (refusal.unsettled, refusal.worth_waiting) == (D("0.60"), True)
        one.settle(reservation, USAGE, D("0.40"))
        one.flush()
        accepted(other.reserve(entry(run="other"), D("0.60"), caps))


def test_a_killed_process_loses_no_row(tmp_path: Path, entry: MakeEntry, accepted: Accepted) -> None:
    script = """
import os, sys
from decimal import Decimal as D
from tests.ledger.conftest import make_entry
from support.ledger import Caps, Ledger
from support.values import Usage
ledger = Ledger.open(sys.argv[1])
for number in range(5):
    ledger.settle(ledger.reserve(make_entry(), D("0.01"), Caps()), Usage(output_tokens=1), D("0.001"))
ledger.reserve(make_entry(), D("0.01"), Caps())
os._exit(9)
"""
    ended = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stderr) == (9, "")
    with Ledger.open(tmp_path) as ledger:
        states = [call.state for call in History(ledger).calls("run-1")]
        assert states == ["settled"] * 5 + ["reserved"]
        assert ledger.standing(Money.LIVE, "run-1") == Standing(D("0.005"), D("0.01"))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda place: place.write_text("not a folder"), "make that place writable"),
        (lambda place: (place.mkdir(), (place / "ledger.db").write_bytes(b"no database" * 500)), "not a database"),
        (lambda place: (place.mkdir(), (place / "ledger.db").mkdir()), "unable to open"),
    ],
)
def test_a_place_that_cannot_be_used_gets_one_sentence(
    tmp_path: Path, make: Callable[[Path], object], said: str
) -> None:
    place = tmp_path / "state"
    make(place)
    with pytest.raises(LedgerUnavailable) as raised:
        Ledger.open(place)
    assert said in str(raised.value)
    assert str(place) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_tables_of_another_shape_are_not_written_to(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "ledger.db") as other:
        other.execute("CREATE TABLE ledger_calls (run TEXT)")
    other.close()
    with pytest.raises(LedgerUnavailable, match="no such column"):
        Ledger.open(tmp_path)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense://host/name", "give a folder or a database URL"),
        ("://", "give a folder or a database URL"),
        ("sqlite://", "would be lost"),
        ("sqlite:////nowhere/at/all.db", "unable to open database file"),
        ("mysql://user:hunter2@localhost/name", "install the database's Python driver"),
    ],
)
def test_a_url_that_leads_nowhere_gets_one_sentence_without_its_password(url: str, said: str) -> None:
    with pytest.raises(LedgerUnavailable) as raised:
        Ledger.open(url)
    assert said in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_a_sqlite_url_is_as_good_as_a_folder(tmp_path: Path, entry: MakeEntry, accepted: Accepted) -> None:
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        ledger.settle(accepted(ledger.reserve(entry(), D("0.004"), WIDE)), USAGE, D("0.001"))
    with Ledger.open(tmp_path) as ledger:
        assert ledger.standing(Money.LIVE) == Standing(D("0.001"), D(0))


def test_a_ledger_that_another_process_blocks_loses_nothing(
    tmp_path: Path, entry: MakeEntry, accepted: Accepted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("support.database.BUSY_MS", 50)
    with Ledger.open(tmp_path) as ledger:
        reservation = accepted(ledger.reserve(entry(), D("0.004"), WIDE))
        blocker = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        ledger.settle(reservation, USAGE, D("0.001"))
        with pytest.raises(LedgerUnavailable, match="another process holds it for too long"):
            ledger.reserve(entry(), D("0.004"), WIDE)
        blocker.execute("ROLLBACK")
        blocker.close()
        accepted(ledger.reserve(entry(), D("0.004"), WIDE))
        assert ledger.standing(Money.LIVE, "run-1") == Standing(D("0.001"), D("0.004"))
