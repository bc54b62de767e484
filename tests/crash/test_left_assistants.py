"""What assistants leave on both backends, most of which no provider lists, goes by the journal: after a scenario and in a sweep."""

import json
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.gateway.openai.responses.database import FILE_NAME
from support.housekeeping.cleanup import cleanup
from support.housekeeping.report import SweepReport
from support.journal import Journal
from tests.crash.leaving_assistants import KINDS, READY, begun, one_of_everything
from tests.crash.standing import Standing, kill, standing

AT_THE_PROVIDER = 5
"""Of the kinds, those that the provider has an object for; a kept assistant is on the disk."""


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Standing]:
    with standing(tmp_path) as made:
        yield made


def killed(simulator: Standing, run: str) -> None:
    """Leaves one of everything at the simulator, in the journal, and on the disk."""
    process = simulator.program("-m", "tests.crash.leaving_assistants", simulator.url, str(simulator.state), run)
    wait_for_all(process)
    kill(process)
    with Journal.open(simulator.state) as journal:
        assert sorted(entry.kind for entry in journal.open_resources(run)) == sorted(KINDS)
    assert len(simulator.ids_left()) == AT_THE_PROVIDER
    assert kept_assistants(simulator.state) == 1


def wait_for_all(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.strip() == READY, line + process.communicate()[0]


def kept_assistants(state: Path) -> int:
    with sqlite3.connect(state / FILE_NAME) as connection:
        (number,) = connection.execute("SELECT count(*) FROM kept_assistants").fetchone()
    connection.close()
    return int(number)


def test_a_killed_runs_assistants_are_swept(simulator: Standing) -> None:
    killed(simulator, "killed")
    said = simulator.sweep()
    for kind in KINDS:
        assert f"removed: OpenAI {kind} " in said, said
    assert (simulator.ids_left(), simulator.tenants(), kept_assistants(simulator.state)) == ([], [], 0)
    assert simulator.sweep_again() == SweepReport()


def test_what_went_with_the_older_api_counts_as_gone_and_the_rest_is_removed(simulator: Standing) -> None:
    killed(simulator, "killed")
    (tenant,) = simulator.tenants()
    moved = simulator.http.post(
        f"/_simulator/tenants/{tenant['id']}/clock", content=json.dumps({"to": "2026-08-27T00:00:00Z"})
    )
    assert moved.is_success, moved.text
    report = simulator.sweep_again()
    assert (report.left, report.unlooked, report.given_up, report.never_made) == ((), (), (), 0)
    gone = {one.kind: one.already_gone for one in report.removed}
    assert Counter(one.kind for one in report.removed) == Counter(KINDS)
    assert (gone["v2_assistant"], gone["v2_thread"]) == (True, True)
    assert (gone["kept_assistant"], gone["conversation"], gone["response"]) == (False, False, False)
    assert kept_assistants(simulator.state) == 0
    assert simulator.sweep_again() == SweepReport()


def test_the_clean_up_after_a_scenario_leaves_nothing(simulator: Standing) -> None:
    suite, scenario = begun(simulator.url, str(simulator.state), "tidy")
    try:
        suite.await_(one_of_everything(scenario.world))
        assert len(simulator.ids_left()) == AT_THE_PROVIDER
        report = suite.await_(cleanup(lambda provider: scenario.world.gateway(provider), scenario.register))
        assert Counter(one.kind for one in report.removed) == Counter(KINDS)
        assert [one.kind for one in report.removed if one.already_gone] == []
        assert (report.problems, report.given_up, report.never_made) == ((), (), 0)
        assert (simulator.ids_left(), kept_assistants(simulator.state)) == ([], 0)
        suite.end(scenario, passed=False)
    finally:
        suite.close()
        suite.loop.close()
    assert simulator.sweep_again() == SweepReport()
