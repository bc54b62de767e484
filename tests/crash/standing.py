"""A simulator that stays up, and runs of the suite against it that may be killed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Standing:
    """The simulator and the folder where the runs keep their books."""

    url: str
    state: Path

    def tenants(self) -> list[dict[str, Any]]:
        listed = httpx.get(f"{self.url}/_simulator/tenants", trust_env=False).json()
        found = []
        for one in listed:
            answer = httpx.get(f"{self.url}/_simulator/tenants/{one['id']}", trust_env=False)
            if answer.status_code == 200:
                found.append(answer.json())
        return found

    def left(self) -> dict[str, Any]:
        """What lies in the accounts of all tenants."""
        return {
            tenant["label"]: inventory
            for tenant in self.tenants()
            if (inventory := {name: kinds for name, kinds in tenant["inventory"].items() if kinds})
        }

    def behave(self, run: str, *arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "behave", "--no-color", "-D", f"simulator_url={self.url}", "-D", f"run={run}"]
        command += ["-D", f"state={self.state}", "-D", f"reports={self.state}/{run}", "-D", "lease=1", *arguments]
        return subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=dict(os.environ)
        )

    def sweep(self) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "support", "sweep", "--state", str(self.state)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def standing(state: Path) -> Iterator[Standing]:
    command = [sys.executable, "-m", "support.simulator", "--port", "0", "--parent-pid", str(os.getpid())]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            yield Standing(line.split()[-1], state)
        finally:
            process.terminate()
            process.wait(10)
