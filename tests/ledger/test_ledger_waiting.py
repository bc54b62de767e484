"""A call that would cross a cap waits for those whose money may come free, and for no others."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal as D
from pathlib import Path

import pytest

from support.ledger import Caps, Entry, Ledger, Refusal, Reservation
from support.values import Usage

pytestmark = pytest.mark.anyio

Accepted = Callable[[Reservation | Refusal], Reservation]
Refused = Callable[[Reservation | Refusal], Refusal]
MakeEntry = Callable[..., Entry]

ROOT = Path(__file__).parents[2]
CAPS = Caps(scenario=D("0.01"))
USAGE = Usage(output_tokens=1)

HOLDER = """
import sys, time
from decimal import Decimal as D
from support.ledger import Caps, Ledger
from support.values import Usage
from tests.ledger.conftest import make_entry
ledger = Ledger.open(sys.argv[1])
reservation = ledger.reserve(make_entry(), D("0.008"), Caps())
print("held", flush=True)
sys.stdin.readline()
ledger.settle(reservation, Usage(output_tokens=1), D("0.001"))
print("settled", flush=True)
sys.stdin.readline()
"""


@contextmanager
def another_process(place: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds 0.008 dollars, and settles at 0.001 once it gets a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(place)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


async def test_a_settlement_of_the_same_process_wakes_it(
    ledger: Ledger, entry: MakeEntry, accepted: Accepted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("support.ledger.ledger._RECHECK_SECONDS", 30)
    first = accepted(ledger.reserve(entry(), D("0.008"), CAPS))
    waiting = asyncio.create_task(ledger.reserve_or_wait(entry(), D("0.008"), CAPS))
    await asyncio.sleep(0.05)
    assert not waiting.done()

    ledger.settle(first, USAGE, D("0.001"))
    async with asyncio.timeout(5):
        accepted(await waiting)


async def test_it_waits_for_each_of_several_in_turn(ledger: Ledger, entry: MakeEntry, accepted: Accepted) -> None:
    """Ten tasks through a cap that lets one at a time pass: all get there, and never two at once."""
    under_way = 0

    async def spend() -> None:
        nonlocal under_way
        reservation = accepted(await ledger.reserve_or_wait(entry(), D("0.006"), CAPS))
        under_way += 1
        assert under_way == 1
        await asyncio.sleep(0.001)
        under_way -= 1
        ledger.settle(reservation, USAGE, D("0.0001"))

    await asyncio.gather(*(spend() for _ in range(10)))


async def test_it_does_not_wait_where_even_a_free_end_would_not_do(
    ledger: Ledger, entry: MakeEntry, accepted: Accepted, refused: Refused
) -> None:
    ledger.settle(accepted(ledger.reserve(entry(), D("0.006"), CAPS)), USAGE, D("0.006"))
    accepted(ledger.reserve(entry(), D("0.004"), CAPS))
    started = time.perf_counter()
    refusal = refused(await ledger.reserve_or_wait(entry(), D("0.005"), CAPS))
    assert time.perf_counter() - started < 0.5
    assert (refusal.worth_waiting, refusal.committed, refusal.unsettled) == (False, D("0.01"), D("0.004"))


async def test_it_does_not_wait_for_money_that_was_left_reserved(
    ledger: Ledger, entry: MakeEntry, accepted: Accepted, refused: Refused
) -> None:
    ledger.leave_reserved(accepted(ledger.reserve(entry(), D("0.008"), CAPS)))
    started = time.perf_counter()
    assert refused(await ledger.reserve_or_wait(entry(), D("0.004"), CAPS)).unsettled == D("0.008")
    assert time.perf_counter() - started < 0.5


async def test_its_patience_ends(ledger: Ledger, entry: MakeEntry, accepted: Accepted, refused: Refused) -> None:
    accepted(ledger.reserve(entry(), D("0.008"), CAPS))
    started = time.perf_counter()
    refused(await ledger.reserve_or_wait(entry(), D("0.004"), CAPS, patience=0.1))
    assert 0.1 <= time.perf_counter() - started < 1


async def test_it_waits_for_a_call_of_another_process(
    tmp_path: Path, ledger: Ledger, entry: MakeEntry, accepted: Accepted
) -> None:
    with another_process(tmp_path / "state") as process:
        waiting = asyncio.create_task(ledger.reserve_or_wait(entry(), D("0.008"), CAPS))
        await asyncio.sleep(0.05)
        assert not waiting.done()

        assert process.stdin is not None
        process.stdin.write("settle\n")
        process.stdin.flush()
        async with asyncio.timeout(5):
            accepted(await waiting)


async def test_what_a_killed_process_held_is_spent_and_not_waited_for(
    tmp_path: Path, ledger: Ledger, entry: MakeEntry, refused: Refused, accepted: Accepted
) -> None:
    with another_process(tmp_path / "state") as process:
        waiting = asyncio.create_task(ledger.reserve_or_wait(entry(), D("0.004"), CAPS))
        await asyncio.sleep(0.05)
        assert not waiting.done()

        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        async with asyncio.timeout(5):
            refusal = refused(await waiting)
    assert (refusal.worth_waiting, refusal.committed, refusal.unsettled) == (False, D("0.008"), D("0.008"))
    accepted(ledger.reserve(entry(), D("0.002"), CAPS))


async def test_what_a_closed_ledger_held_is_spent_and_not_waited_for(
    tmp_path: Path, ledger: Ledger, entry: MakeEntry, refused: Refused, accepted: Accepted
) -> None:
    with Ledger.open(tmp_path / "state") as other:
        accepted(other.reserve(entry(), D("0.008"), CAPS))
    refusal = refused(await ledger.reserve_or_wait(entry(), D("0.004"), CAPS))
    assert (refusal.worth_waiting, refusal.unsettled) == (False, D("0.008"))
