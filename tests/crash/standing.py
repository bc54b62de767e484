"""A simulator that stays up, and runs of the suite against it that may be killed."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from support.housekeeping.report import SweepReport
from support.ledger import History, Ledger
from support.run.sweeping import sweep_everything
from support.settings import Settings
from tests.plain_http import plain_client

ROOT = Path(__file__).resolve().parents[2]
LEASE_SECONDS = 1
"""The shortest that a run may have: what a killed one waits for before it can be swept."""


@dataclass
class Standing:
    """The simulator and the folder where the runs keep their books."""

    url: str
    state: Path
    http: httpx.Client
    begun: list["subprocess.Popen[str]"] = field(default_factory=list)

    def tenants(self) -> list[dict[str, Any]]:
        """All tenants there are now; one that its scenario closes meanwhile is left out."""
        listed = self.http.get("/_simulator/tenants").json()
        answers = [self.http.get(f"/_simulator/tenants/{one['id']}") for one in listed]
        return [answer.json() for answer in answers if answer.status_code == 200]

    def ids_left(self) -> list[str]:
        """The ids of all that lies in the accounts of all tenants."""
        return [
            id
            for tenant in self.tenants()
            for kinds in tenant["inventory"].values()
            for ids in kinds.values()
            for id in ids
        ]

    def program(self, *arguments: str) -> "subprocess.Popen[str]":
        """Begins a Python program in the project's folder."""
        command = [sys.executable, *arguments]
        running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.begun.append(running)
        return running

    def behave(self, run: str, *arguments: str, lease: int = LEASE_SECONDS) -> "subprocess.Popen[str]":
        """Begins a run of the suite."""
        given = {"simulator_url": self.url, "run": run, "state": self.state, "reports": self.state / run}
        defines = [part for name, value in {**given, "lease": lease}.items() for part in ("-D", f"{name}={value}")]
        return self.program("-m", "behave", "--no-color", *defines, *arguments)

    def wait_for_tenant(self, running: "subprocess.Popen[str]") -> None:
        """Returns once the run has opened its first tenant at a simulator that had none."""
        deadline = time.monotonic() + 30
        while not self.http.get("/_simulator/tenants").json():
            assert running.poll() is None, running.communicate()[0]
            assert time.monotonic() < deadline, "no scenario began"
            time.sleep(0.01)

    def wait_for_calls(self, running: "subprocess.Popen[str]", run: str, calls: int) -> None:
        """Returns once the ledger has so many calls of the run."""
        deadline = time.monotonic() + 60
        with Ledger.open(self.state) as ledger:
            history = History(ledger)
            while sum(line.calls for line in history.totals(run)) < calls:
                assert running.poll() is None, running.communicate()[0]
                assert time.monotonic() < deadline, "the run makes no headway"
                time.sleep(0.01)

    def sweep(self) -> str:
        """Runs the command, which must be content; answers what it said."""
        command = [sys.executable, "-m", "support", "sweep", "--state", str(self.state)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def sweep_again(self) -> SweepReport:
        """The same without the command: quicker."""
        return asyncio.run(sweep_everything(Settings.read({"state": str(self.state)})))


def kill(running: "subprocess.Popen[str]") -> None:
    """kill -9 in the middle of the run, then the wait until its lease has ended."""
    assert running.poll() is None, f"it had ended before the kill:\n{running.communicate()[0]}"
    running.kill()
    running.communicate()
    time.sleep(LEASE_SECONDS + 0.2)


@contextmanager
def standing(state: Path) -> Iterator[Standing]:
    """A simulator for the length of a test."""
    command = [sys.executable, "-m", "support.simulator", "--port", "0", "--parent-pid", str(os.getpid())]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            with plain_client(url, timeout=30) as http:
                made = Standing(url, state, http)
                try:
                    yield made
                finally:
                    for running in made.begun:  # those that a test which failed left going
                        if running.poll() is None:
                            running.kill()
                            running.communicate()
        finally:
            process.terminate()
            process.wait(10)
