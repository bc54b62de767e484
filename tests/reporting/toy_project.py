"""A tiny project that runs behave with our formatters in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BEHAVE = Path(sys.executable).with_name("behave")

INI = """\
[behave]
default_format = support.reporting.console:TouchstoneConsole
show_skipped = true
capture_hooks = false
"""

ENVIRONMENT = """\
import os, signal, sys
from pathlib import Path
sys.path[:0] = [{root!r}, {here!r}]
from support.errors import NotFound, SetupError
from support.reporting import allure, categories, console
from support.reporting.recorder import recorder
from support.reporting.surroundings import About
from support.values import Money, Provider
import fake_calls

def before_all(context):
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    run_id = context.config.userdata.get("run", f"p{{os.getpid()}}")
    allure.install(context, Path("reports/allure-results"), About(run_id, "simulator", Money.SIMULATED))
    context.config.setup_logging()
    extra_before_all(context)

def extra_before_all(context): pass
def check(context):
    for difference in allure.differences(context):
        print("DIFFERENCE", difference)

def after_all(context):
    print("AFTER ALL")
    check(context)

"""

STEPS = """\
import asyncio, time
from behave import given, when, then, step
import fake_calls
from support.errors import BudgetExceeded, NotFound
from support.reporting.recorder import recorder
from support.values import Provider

@step("it works")
def _(context): pass

@step("the team stores a file")
def _(context): recorder.on_call(fake_calls.upload())

@step("the team asks a model")
def _(context): recorder.on_call(fake_calls.chat())

@step("the answer is wrong")
def _(context): raise AssertionError("The file is still there.")

@step("a bare assertion fails")
def _(context):
    left = 1
    assert left == 2

@step("the provider refuses")
def _(context): raise NotFound("No such file.", provider=Provider.OPENAI, operation="files.get", status=404)

@step("the suite is at fault")
def _(context): {}["missing"]

@step("it takes long")
def _(context):
    print("BEGUN", flush=True)
    open("begun", "w").close()
    time.sleep(20)

@step("it waits long")
async def _(context):
    open("begun", "w").close()
    await asyncio.sleep(20)

@step("it is skipped half way")
def _(context): context.scenario.skip("retired on 2026-08-26")
"""


@dataclass
class Ran:
    """What a run of behave left."""

    code: int
    out: str
    err: str
    results: dict[str, dict[str, Any]]
    """By name; a name that came twice would be an error of the test."""


class Toy:
    """The project's folder."""

    def __init__(self, folder: Path, feature: str = "", environment: str = "", ini: str = INI) -> None:
        self.folder = folder
        for name in ("features", "steps"):
            (folder / name).mkdir()
        (folder / "behave.ini").write_text(ini)
        head = ENVIRONMENT.format(root=str(ROOT), here=str(Path(__file__).parent))
        (folder / "environment.py").write_text(head + environment)
        (folder / "steps" / "steps.py").write_text(STEPS)
        self.feature("a", feature)

    def feature(self, name: str, text: str) -> None:
        (self.folder / "features" / f"{name}.feature").write_text(text)

    @property
    def results_dir(self) -> Path:
        return self.folder / "reports" / "allure-results"

    def behave(self, *arguments: str, env: dict[str, str] | None = None) -> Ran:
        done = subprocess.run(
            [BEHAVE, *arguments], cwd=self.folder, env=_environ(env), capture_output=True, text=True, timeout=60
        )
        return Ran(done.returncode, done.stdout, done.stderr, self.results())

    def interrupted(self, number: signal.Signals) -> Ran:
        """Runs until a step made the file `begun`, then sends the signal."""
        running = subprocess.Popen(
            [BEHAVE], cwd=self.folder, env=_environ(None), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        deadline = time.monotonic() + 30
        while not (self.folder / "begun").exists():
            assert running.poll() is None, "behave ended before the step began"
            assert time.monotonic() < deadline, "the step never began"
            time.sleep(0.02)
        running.send_signal(number)
        out, err = running.communicate(timeout=15)
        return Ran(running.returncode, out, err, self.results())

    def results(self, folder: Path | None = None) -> dict[str, dict[str, Any]]:
        read = [json.loads(path.read_text()) for path in (folder or self.results_dir).glob("*-result.json")]
        by_name = {result["name"]: result for result in read}
        assert len(by_name) == len(read), "two results of one name"
        return by_name

    def attachment(self, item: dict[str, Any], index: int = 0) -> str:
        return (self.results_dir / item["attachments"][index]["source"]).read_text()


def statuses(results: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: result["status"] for name, result in results.items()}


def _environ(more: dict[str, str] | None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "CI", "GITHUB_ACTIONS")}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", **(more or {})}
