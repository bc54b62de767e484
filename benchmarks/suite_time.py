"""`behave --tags=@files` from a cold process: the whole, the three SDKs' imports alone, and the mean of a scenario."""

import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import Figure

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 3


def _seconds(*arguments: str) -> tuple[float, str]:
    began = time.perf_counter()
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return time.perf_counter() - began, done.stdout


def measure() -> list[Figure]:
    whole, sdks, scenarios, counts = [], [], [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            seconds, said = _seconds(
                "-m", "behave", "--tags=@files", "-D", f"state={folder}", "-D", f"reports={folder}"
            )
        whole.append(seconds)
        sdks.append(_seconds("-c", "import openai, anthropic, google.genai")[0])
        shown = [float(found) for found in re.findall(r"\((\d+\.\d+) s\)$", said, re.MULTILINE)][:-1]
        scenarios.append(sum(shown))
        counts.append(len(shown))
    mean = 1000 * statistics.median(scenarios) / max(1, counts[0])
    return [
        Figure("behave --tags=@files, cold (s)", statistics.median(whole), None, 5.0, "at most"),
        Figure("  the three SDKs' imports alone (s)", statistics.median(sdks), None, None, "at most"),
        Figure("  a scenario on average, SDK imports in it (ms)", mean, None, 40.0, "at most"),
    ]
