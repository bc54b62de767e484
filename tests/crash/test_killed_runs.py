"""A run that is killed leaves nothing for good: the sweep removes it, the ledger counts it, and other runs do not notice.

`TOUCHSTONE_KILLS` says how often a run of the files area is killed: 4 times in `make test`, 20 times in a full check.
"""

import os
import random
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

from support.housekeeping.report import SweepReport
from support.journal import Journal
from support.ledger import Caps, Entry, History, Ledger, Refusal
from support.settings import Settings
from support.values import Money, Provider
from tests.crash.standing import Standing, kill, standing
from tests.crash.unanswered import SCENARIO

KILLS = int(os.environ.get("TOUCHSTONE_KILLS", "4"))
SEED = 20261122
LATEST_CALL = 100
"""A run is killed after a random one of its first calls, and so much later; with one provider it makes over 140."""
SECONDS_LATER = 0.1

PART_OF = {"Gemini files.upload_start": "Gemini files.upload", "Gemini files.media": "Gemini files.content"}
"""Requests that the simulator knows by names of their own, and the calls that they are sent for."""


def check_the_books(state: Path, run: str, tenants: list[dict[str, Any]]) -> int:
    """Every request that the simulator served belongs to a call in the ledger; answers how many calls are unsettled."""
    with Ledger.open(state) as ledger:
        calls = History(ledger).calls(run)
    may_have_sent = Counter[tuple[str, str]]()
    for call in calls:
        # An unsettled row does not tell how often its call was sent: as often as the run's settings allow, at most.
        sent = Settings.model_fields["attempts"].default if call.state == "reserved" else call.attempts
        may_have_sent[call.scenario, f"{call.provider} {call.operation}"] += sent
    for tenant in tenants:
        for operation, served in tenant["requests"]["by_operation"].items():
            known = may_have_sent[tenant["label"], PART_OF.get(operation, operation)]
            assert served <= known, f"{tenant['label']}: {served} {operation} served, the ledger has {known}"
    return sum(call.state == "reserved" for call in calls)


def test_what_killed_runs_left_is_swept_and_counted(tmp_path: Path) -> None:
    moments = random.Random(SEED)
    left_something = found = unsettled = 0
    with standing(tmp_path) as simulator:
        for number in range(KILLS):
            run = f"killed{number:02d}"
            process = simulator.behave(run, "features/files", "-n", list(Provider)[number % len(Provider)])
            simulator.wait_for_calls(process, run, moments.randint(1, LATEST_CALL))
            time.sleep(moments.uniform(0, SECONDS_LATER))
            kill(process)
            left = simulator.ids_left()
            unsettled += check_the_books(tmp_path, run, simulator.tenants())
            said = simulator.sweep()
            assert [id for id in left if id not in said] == [], f"kill {number}: not told of: {said}"
            # What may stay is a tenant that was opened right before the kill: it is unknown to the journal, and unused.
            used = [tenant for tenant in simulator.tenants() if tenant["requests"]["served"] or tenant["inventory"]]
            assert used == [], f"kill {number} left something behind: {said}"
            assert simulator.sweep_again() == SweepReport()
            left_something += bool(left)
            found += len(left)
    print(f"{KILLS} kills: {left_something} left something, {found} resources swept, {unsettled} calls unsettled")


def test_an_answer_that_never_came_is_found_by_its_marker_and_counts_as_spent(tmp_path: Path) -> None:
    with standing(tmp_path) as simulator:
        process = simulator.program("-m", "tests.crash.unanswered", simulator.url, str(tmp_path), "unheard")
        simulator.wait_for_tenant(process)
        wait_until_it_hangs(simulator)
        kill(process)
        with Journal.open(tmp_path) as journal:
            (entry,) = journal.open_resources("unheard")
        assert entry.remote_id is None
        (file,) = simulator.ids_left()
        check_the_books(tmp_path, "unheard", simulator.tenants())
        said = simulator.sweep()
        assert f"removed: OpenAI file {file} (" in said
        assert simulator.ids_left() == []
        assert simulator.sweep_again() == SweepReport()
    with Ledger.open(tmp_path) as ledger:
        calls = History(ledger).calls("unheard")
        assert {call.operation: call.state for call in calls} == dict.fromkeys(
            ["files.upload", "files.list", "chat.create"], "reserved"
        )
        held = ledger.standing(Money.SIMULATED, "unheard").unsettled
        assert held == sum(call.reserved_usd for call in calls) > 0
        a_call = Entry("unheard", SCENARIO, "files", "", Provider.OPENAI, None, "chat.create", Money.SIMULATED)
        smallest = Decimal("0.000001")
        refused = ledger.reserve(a_call, smallest, Caps(run=held))
        assert isinstance(refused, Refusal)
        assert not refused.worth_waiting
        assert not isinstance(ledger.reserve(a_call, smallest, Caps(run=held + smallest)), Refusal)


def wait_until_it_hangs(simulator: Standing) -> None:
    """Returns once the upload has taken effect and been cut off, and the look for it and the question wait for answers."""
    deadline = time.monotonic() + 30
    awaited = {"OpenAI files.upload": 1, "OpenAI files.list": 1, "OpenAI chat.create": 1}
    while simulator.tenants()[0]["requests"]["by_operation"] != awaited:
        assert time.monotonic() < deadline, simulator.tenants()
        time.sleep(0.02)


def test_a_run_that_goes_on_meanwhile_loses_nothing(tmp_path: Path) -> None:
    with standing(tmp_path) as simulator:
        # Its lease is the usual one: a machine under load must not make it look dead.
        # It takes longer than the sweep, which has to find it alive.
        living = simulator.behave("living", "features/files", "features/caching", "features/knowledge_base", lease=30)
        killed = simulator.program("-m", "tests.crash.unanswered", simulator.url, str(tmp_path), "killed")
        while SCENARIO not in (labels := {tenant["label"] for tenant in simulator.tenants()}) or len(labels) < 2:
            assert living.poll() is None
            assert killed.poll() is None
            time.sleep(0.02)
        kill(killed)
        said = simulator.sweep()
        assert "left alone: living (going on)" in said
        assert "run living" not in said
        out = living.communicate()[0]
        assert living.returncode == 0, out
        assert SCENARIO not in {tenant["label"] for tenant in simulator.tenants()}
        assert simulator.sweep_again() == SweepReport()
        assert simulator.tenants() == []
