"""Several processes on one journal: none loses an entry, and a killed one's intents survive it."""

import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from support.journal import Journal, State

ROOT = Path(__file__).parents[2]
WRITER = Path(__file__).with_name("journal_writer.py")


def start(folder: Path, run: str, lease: float, count: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, str(WRITER), str(folder), run, str(lease), str(count)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(ROOT)},
    )


def kill(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


def test_what_a_killed_process_intended_survives_and_its_lease_runs_out(tmp_path: Path) -> None:
    process = start(tmp_path, "aaaa", lease=1.0, count=10_000)
    assert process.stdout is not None
    heard = [process.stdout.readline().split() for _ in range(60)]
    process.kill()
    # the same buffered reader: `communicate` would lose what it has read ahead
    heard += [line.split() for line in process.stdout.read().splitlines() if len(line.split()) == 2]
    process.communicate()
    said = Counter(word for word, _ in heard)
    with Journal.open(tmp_path) as journal:
        assert journal.living_runs() == {"aaaa"}
        assert journal.abandoned() == []
        states = Counter(resource.state for resource in journal.open_resources("aaaa"))
        # What it said was committed before it said so; one more of each may have been on its way.
        assert said["intended"] <= sum(states.values()) <= said["intended"] + 1
        assert said["confirmed"] <= states[State.CONFIRMED] <= said["confirmed"] + 1
        deadline = time.monotonic() + 5
        while journal.living_runs():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        [place] = journal.abandoned()
        assert len(place.resources) == sum(states.values())


def test_processes_that_open_a_new_journal_together_lose_nothing(tmp_path: Path) -> None:
    processes = {f"run{number}": start(tmp_path / "new", f"run{number}", lease=30, count=300) for number in range(4)}
    for process in processes.values():
        assert process.stdout is not None
        lines = list(iter(process.stdout.readline, "done\n"))
        assert len(lines) == 450, process.communicate()
    with Journal.open(tmp_path / "new") as journal:
        assert journal.living_runs() == set(processes)
        for run in processes:
            resources = journal.open_resources(run)
            assert len({resource.marker for resource in resources}) == len(resources) == 300
            assert {resource.remote_id for resource in resources} == {
                None, *(f"file-{run}-{number}" for number in range(1, 300, 2))
            }  # fmt: skip
    for process in processes.values():
        kill(process)
