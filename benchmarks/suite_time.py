"""`behave --tags=@files` from a cold process: the whole, and what start, SDK imports, scenarios and report take of it."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import Figure

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 5
TIMED = """
import json, os, sys, time
began, figures = float(sys.argv.pop(1)), sys.argv.pop(1)
from support.run import hooks, suite
marks = {"sdks": 0.0, "scenarios": 0}

def timed(function, into):
    def run(*arguments):
        entered = time.time()
        try:
            return function(*arguments)
        finally:
            into(entered, time.time())
    return run

def loaded(entered, left):
    marks["sdks"] += left - entered

def counted(entered, left):
    marks["scenarios"] += 1

suite.gateway_class = timed(suite.gateway_class, loaded)
hooks.before_all = timed(hooks.before_all, lambda entered, left: marks.update(opened=left - began))
hooks.after_scenario = timed(hooks.after_scenario, counted)
hooks.after_all = timed(hooks.after_all, lambda entered, left: marks.update(ended=entered - began))
from behave.__main__ import main
sys.argv[0] = "behave"
status = main()
with open(figures, "w") as file:
    json.dump(marks, file)
sys.exit(status)
"""


def run(tags: str) -> tuple[dict[str, float], float]:
    """One run of the scenarios with these tags: marks in seconds from the start of the process, and the whole."""
    # Where an environment forbids bytecode, each start would compile the suite anew: no user's does.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.json"
        folders = ["-D", f"state={folder}/state", "-D", f"reports={folder}/reports"]
        began = time.time()
        subprocess.run(
            [sys.executable, "-c", TIMED, str(began), str(figures), f"--tags={tags}", *folders],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        whole = time.time() - began
        return json.loads(figures.read_text(encoding="utf-8")), whole


def measure() -> list[Figure]:
    run("@files")
    runs = [run("@files") for _ in range(ROUNDS)]
    count = runs[0][0]["scenarios"]

    def median(*seconds: float) -> float:
        return statistics.median(seconds)

    whole = median(*(whole for _, whole in runs))
    start = median(*(marks["opened"] for marks, _ in runs))
    sdks = median(*(marks["sdks"] for marks, _ in runs))
    scenarios = median(*(marks["ended"] - marks["opened"] - marks["sdks"] for marks, _ in runs))
    report = median(*(whole - marks["ended"] for marks, whole in runs))
    return [
        Figure("behave --tags=@files, cold (s)", whole, None, 5.0, "at most"),
        Figure("  start: process, behave, our imports, state opened (s)", start, None, None, "at most"),
        Figure("  the SDKs' imports (s)", sdks, None, None, "at most"),
        Figure(f"  {count} scenarios (s)", scenarios, None, None, "at most"),
        Figure("  report and end (s)", report, None, None, "at most"),
        Figure("  a scenario on average (ms)", 1000 * scenarios / count, None, 40.0, "at most"),
    ]
