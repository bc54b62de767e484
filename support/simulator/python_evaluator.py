"""Runs small Python programs safely: what the simulated code interpreters and code execution tools do with their code.

The program is walked, never handed to `exec` or `eval`; it sees a small library of its own (math, statistics, csv, json, …),
the files it is given, and nothing else. Steps and memory are bounded: a program that takes too much ends with an error of
its own. Not there: classes, generator functions, decorators, `match`, `async`, randomness, clocks.

    run("print(sum(range(5)))").stdout == "10\\n"
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a program.

    `stdout` is what it printed, and as in a notebook the value of an expression on its last line; it is there also when the
    program failed later. `error` is the traceback as CPython writes it, without the marks under the code. `files` are
    those it wrote, by name (without "/mnt/data/").
    """

    stdout: str
    error: str | None
    files: dict[str, bytes]


def run(program: str, files: Mapping[str, bytes] | None = None) -> Ran:
    """Run a program; `files` are found by name, and under /mnt/data/. Never raises for what the program does."""
    # Here, and not above: most simulators never run a program, and all start.
    from support.simulator.python_machine import program as programs

    return Ran(*programs.run(program, files or {}))
