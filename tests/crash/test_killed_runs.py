"""A run that is killed leaves nothing for good: the sweep removes it, the ledger counts it, and other runs do not notice.

`TOUCHSTONE_KILLS` says how often a run is killed (3 times in `make test`).
"""

import os
import random
import time
from pathlib import Path

from support.ledger import History, Ledger
from tests.crash.standing import standing

KILLS = int(os.environ.get("TOUCHSTONE_KILLS", "3"))
SEED = 20261122
FIRST_CALL_SECONDS = (1.2, 3.5)
"""Between these moments after its start a run of the files area is making calls."""


def test_what_killed_runs_left_is_swept_and_counted(tmp_path: Path) -> None:
    moments = random.Random(SEED)
    with standing(tmp_path) as simulator:
        swept_tenants: set[str] = set()
        for number in range(KILLS):
            run = f"killed{number:02d}"
            process = simulator.behave(run, "features/files", "-n", "OpenAI")
            time.sleep(moments.uniform(*FIRST_CALL_SECONDS))
            process.kill()
            process.communicate()
            served = {
                tenant["label"]: tenant["requests"]["served"]
                for tenant in simulator.tenants()
                if tenant["id"] not in swept_tenants
            }
            swept_tenants |= {tenant["id"] for tenant in simulator.tenants()}
            time.sleep(1.2)  # the lease ends
            swept = simulator.sweep()
            assert swept.returncode == 0, swept.stdout + swept.stderr
            assert simulator.left() == {}, f"kill {number} left something behind: {swept.stdout}"
            again = simulator.sweep()
            assert again.stdout.startswith("Nothing to sweep"), again.stdout
            # every request that the simulator answered belongs to a call that the ledger knows, settled or still reserved
            with Ledger.open(tmp_path) as ledger:
                calls = History(ledger).calls(run)
            for scenario, requests in served.items():
                rows = [call for call in calls if call.scenario == scenario]
                assert requests <= sum(max(1, call.attempts) for call in rows), (
                    f"{scenario}: {requests} requests, {len(rows)} rows"
                )


def test_a_run_that_goes_on_meanwhile_loses_nothing(tmp_path: Path) -> None:
    with standing(tmp_path) as simulator:
        living = simulator.behave("living00", "features/files", "-n", "OpenAI")
        killed = simulator.behave("killed99", "features/files", "-n", "OpenAI")
        time.sleep(2.2)
        killed.kill()
        killed.communicate()
        said = []
        while living.poll() is None:
            said.append(simulator.sweep().stdout)
            time.sleep(0.2)
        out = living.communicate()[0]
        assert living.returncode == 0, out
        assert said, "the run ended before a sweep"
        time.sleep(1.2)
        assert simulator.sweep().returncode == 0
        assert simulator.left() == {}
