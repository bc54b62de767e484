"""`behave --tags=@caching` beside `behave --tags=@files`, each from a cold process, in turn."""

import statistics

from benchmarks.report import Figure
from benchmarks.suite_time import run

ROUNDS = 5
AREAS = ("@caching", "@files")


def measure() -> list[Figure]:
    for area in AREAS:
        run(area)
    rounds = [[run(area) for area in AREAS] for _ in range(ROUNDS)]
    caching, files = (statistics.median(whole for _, whole in runs) for runs in zip(*rounds, strict=True))
    scenarios = " beside ".join(str(marks["scenarios"]) for marks, _ in rounds[0])
    name = f"behave --tags=@caching beside --tags=@files, cold: {scenarios} scenarios (median of {ROUNDS}, s)"
    return [Figure(name, caching, files, None, "at most")]
