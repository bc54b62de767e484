"""The simulator from process start to its first answer, and what it keeps in memory for a stored file."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.report import Figure

ROOT = Path(__file__).resolve().parents[1]
STARTS = 7
FILES = 10_000
SIZE = 1024
WARM_UP = 500
"""Files stored before the measure, so that code and buffers that are used once are in place."""


@contextmanager
def simulator() -> Iterator[tuple[int, str, float]]:
    """A simulator of its own: process id, URL, and seconds from the start of the process to the first answer."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "support.simulator", "--port", "0"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        httpx.get(f"{url}/_simulator/health", trust_env=False).raise_for_status()
        yield process.pid, url, time.perf_counter() - began
    finally:
        process.terminate()
        process.communicate()


def resident_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def _growth() -> float:
    """Kilobytes of resident memory for each file of 1 kB, its content included."""
    with simulator() as (pid, url, _):
        key = httpx.post(f"{url}/_simulator/tenants", json={}, trust_env=False).json()["keys"]["OpenAI"]
        with httpx.Client(base_url=url, headers={"authorization": f"Bearer {key}"}, trust_env=False) as http:

            def store(number: int) -> None:
                content = f"{number:08d}".encode() * (SIZE // 8)
                file = {"file": (f"{number}.txt", content)}
                http.post("/v1/files", data={"purpose": "user_data"}, files=file).raise_for_status()

            for number in range(WARM_UP):
                store(number)
            before = resident_kb(pid)
            for number in range(FILES):
                store(number)
            return (resident_kb(pid) - before) / FILES


def measure() -> list[Figure]:
    starts = []
    for _ in range(STARTS):
        with simulator() as (_, _, seconds):
            starts.append(seconds)
    return [
        Figure("simulator, start to first answer (s)", statistics.median(starts), None, 0.6, "at most"),
        Figure(
            f"simulator's memory for a stored file of 1 kB, {FILES:,} of them (kB)", _growth(), None, 3.0, "at most"
        ),
    ]
