"""The check of a training file beside reading its lines as JSON and nothing else; and the memory that it takes."""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.books import traced
from benchmarks.report import Figure
from support.gateway.training_data import check

SMALL, LARGE = 10, 100
"""Megabytes."""
ROUNDS = 5
TARGET = 2
_QUESTION = "Which sound does the animal number {number} make when the farmer opens the gate in the morning? " * 3
_ANSWER = "Animal number {number} says nothing at all before it has had its hay, its water and a word. " * 3


def _line(number: int) -> bytes:
    said = (("system", "You are a farmer."), ("user", _QUESTION), ("assistant", _ANSWER))
    messages = [{"role": role, "content": text.format(number=number)} for role, text in said]
    return json.dumps({"messages": messages}).encode() + b"\n"


def _written(path: Path, megabytes: int) -> Path:
    number = 0
    with path.open("wb") as file:
        while file.tell() < megabytes * 1_000_000:
            file.write(_line(number))
            number += 1
    return path


def _checked(path: Path) -> None:
    if faults := check(path).faults:
        raise RuntimeError(f"The file has {faults[0]}.")


def _read(path: Path) -> None:
    with path.open("rb") as file:
        for line in file:
            json.loads(line)


def _times(path: Path) -> tuple[float, float]:
    """Median seconds of the check, and of reading alone."""
    ours: list[float] = []
    theirs: list[float] = []
    turn: list[tuple[Callable[[Path], None], list[float]]] = [(_checked, ours), (_read, theirs)]
    for _ in range(ROUNDS):
        for way, kept in turn:
            began = time.perf_counter()
            way(path)
            kept.append(time.perf_counter() - began)
        turn.reverse()  # nobody always comes second
    return statistics.median(ours), statistics.median(theirs)


def _growth(path: Path) -> float:
    with traced() as growth:
        _checked(path)
    return growth.mebibytes


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        small = _written(Path(folder, "small.jsonl"), SMALL)
        large = _written(Path(folder, "large.jsonl"), LARGE)
        _checked(small)  # warms up
        ours, theirs = _times(large)
        little, much = _growth(small), _growth(large)
    return [
        Figure(
            f"check of {LARGE} MB of examples over json.loads of each line (p50 of {ROUNDS}, s)",
            ours,
            theirs,
            TARGET,
            "at most",
        ),
        Figure(f"memory while {LARGE} MB are checked (MiB)", much, None, 32, "at most"),
        Figure(f"memory while {LARGE} MB are checked beside {SMALL} MB (MiB)", much, little, 1.2, "at most"),
    ]
