"""Ctrl-C, SIGTERM and kill -9 of a run with its own simulator: a report where there can be one, and no process left."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def begun(tmp_path: Path) -> "subprocess.Popen[str]":
    command = [
        sys.executable,
        "-u",
        "-m",
        "behave",
        "--no-color",
        "-D",
        f"state={tmp_path}",
        "-D",
        f"reports={tmp_path}",
    ]
    running = subprocess.Popen(
        [*command, "features/files", "-n", "OpenAI"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "CI": "true"},
    )
    assert running.stdout is not None
    for line in running.stdout:
        if "  ok   " in line:
            return running
    raise AssertionError("no scenario ever ended")


def children_of(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        if entry.name.isdigit() and int(fields[1]) == pid:
            found.append(int(entry.name))
    return found


def is_alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_cleans_up_and_reports(tmp_path: Path, number: signal.Signals) -> None:
    running = begun(tmp_path)
    children = children_of(running.pid)
    assert children
    running.send_signal(number)
    said = running.communicate(timeout=30)[0]
    assert running.returncode not in (0, -number), said
    report = json.loads((tmp_path / "cost-report.json").read_text())
    assert report["interrupted"] is True
    assert "interrupted" in {group["reason"] for group in report["not_run"]}
    assert "Cost of run" in said
    assert not any(is_alive(child) for child in children)


def test_the_simulator_ends_with_a_run_that_is_killed(tmp_path: Path) -> None:
    running = begun(tmp_path)
    children = children_of(running.pid)
    assert children
    running.kill()
    running.communicate()
    deadline = time.monotonic() + 10
    while any(is_alive(child) for child in children):
        assert time.monotonic() < deadline, "the simulator outlives its run"
        time.sleep(0.1)
