"""Ctrl-C, SIGTERM and kill -9 of a run with its own simulator: a report where there can be one, and no process left."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.journal import Journal
from support.ledger import History, Ledger

ROOT = Path(__file__).resolve().parents[2]
ORPHAN_SECONDS = 5.0
"""How long the simulator may outlive a run that was killed."""


def begun(folder: Path) -> "subprocess.Popen[str]":
    """A run of the files area that has ended its third scenario."""
    command = [sys.executable, "-u", "-m", "behave", "--no-color", "-f", "progress3"]
    command += [
        "-D",
        f"state={folder}",
        "-D",
        f"reports={folder}",
        "-D",
        "run=stopped",
        "features/files",
        "-n",
        "OpenAI",
    ]
    running = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    with Ledger.open(folder) as ledger:
        deadline = time.monotonic() + 30
        while len({call.scenario for call in History(ledger).calls("stopped")}) < 4:
            assert running.poll() is None, running.communicate()[0]
            assert time.monotonic() < deadline, "no fourth scenario ever began"
            time.sleep(0.02)
    return running


def children_of(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            parent = int(_stat(int(entry.name))[1]) if entry.name.isdigit() else 0
        except OSError:
            continue
        if parent == pid:
            found.append(int(entry.name))
    return found


def is_alive(pid: int) -> bool:
    try:
        return _stat(pid)[0] != "Z"
    except OSError:
        return False


def _stat(pid: int) -> list[str]:
    """State, parent and more of a process."""
    return (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_cleans_up_and_reports(tmp_path: Path, number: signal.Signals) -> None:
    running = begun(tmp_path)
    children = children_of(running.pid)
    assert len(children) == 1
    running.send_signal(number)
    said = running.communicate(timeout=30)[0]
    assert running.returncode == 1, said
    assert not any(is_alive(child) for child in children)
    with Journal.open(tmp_path) as journal:
        assert journal.living_runs() == frozenset()
        assert journal.abandoned() == [], f"the scenario that was interrupted was not cleaned up: {said}"
    report = json.loads((tmp_path / "cost-report.json").read_text())
    assert report["interrupted"] is True
    (group,) = report["not_run"]
    assert group["reason"] == "interrupted"
    dealt_with = calls_by_scenario(tmp_path)
    assert len(group["scenarios"]) > 10, "the run was all but over"
    assert dealt_with & set(group["scenarios"]) == set()
    assert "Cost of run stopped" in said
    assert f"Not run, interrupted: {len(group['scenarios'])} ({group['scenarios'][0]};" in " ".join(said.split())


def calls_by_scenario(folder: Path) -> set[str]:
    """The scenarios that made a call."""
    with Ledger.open(folder) as ledger:
        return {call.scenario for call in History(ledger).calls("stopped")}


def test_the_simulator_ends_with_a_run_that_is_killed(tmp_path: Path) -> None:
    running = begun(tmp_path)
    children = children_of(running.pid)
    assert len(children) == 1
    running.kill()
    deadline = time.monotonic() + ORPHAN_SECONDS
    while any(is_alive(child) for child in children):
        assert time.monotonic() < deadline, "the simulator outlives its run"
        time.sleep(0.05)
    running.communicate()
