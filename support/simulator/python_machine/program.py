"""A whole program: from its text to what it printed, its traceback as CPython writes it, and the files it wrote."""

from __future__ import annotations

import ast
import sys
import traceback
import warnings
from collections.abc import Mapping
from itertools import groupby

from support.simulator.python_machine.budget import Budget, Exhausted
from support.simulator.python_machine.machine import Machine

FILE_NAME = "<program>"
LONGEST_PROGRAM = 50_000
"""Characters."""
# What a program may nest: the machine takes some twenty frames for one call of a program's function.
_FRAMES = 6_000


def run(program: str, files: Mapping[str, bytes]) -> tuple[str, str | None, dict[str, bytes]]:
    """What it printed, its traceback, and what it wrote."""
    machine = Machine(files)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _FRAMES))
    error: str | None = None
    try:
        machine.run(_parsed(program))
    except SyntaxError as wrong:
        error = _headed(machine, wrong, program) if machine.raised is wrong else _last_words(wrong)
    except (Exception, Exhausted) as raised:
        error = _headed(machine, raised, program)
    finally:
        sys.setrecursionlimit(limit)
    return "".join(machine.output), error, machine.written()


def _parsed(program: str) -> ast.Module:
    """The tree of a program that is one; compiled too, since only that finds a `return` outside a function."""
    if len(program) > LONGEST_PROGRAM:
        raise SyntaxError(f"the program is longer than {LONGEST_PROGRAM} characters")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compile(program, FILE_NAME, "exec", dont_inherit=True)
        return ast.parse(program, FILE_NAME)


def _headed(machine: Machine, raised: BaseException, program: str) -> str:
    lines = ["Traceback (most recent call last):\n"]
    if raised is machine.raised:
        said = program.splitlines()
        for place, alike in groupby(machine.trace):
            times = len(list(alike))
            lines += [_where(place, said)] * min(times, 3)
            if times > 3:
                lines.append(f"  [Previous line repeated {times - 3} more time{'s' if times > 4 else ''}]\n")
    return "".join(lines) + _last_words(raised)


def _where(place: tuple[str, int], said: list[str]) -> str:
    name, number = place
    line = said[number - 1].strip() if 0 < number <= len(said) else ""
    return f'  File "{FILE_NAME}", line {number}, in {name}\n' + (f"    {line[:500]}\n" if line else "")


def _last_words(raised: BaseException) -> str:
    if isinstance(raised, Exhausted):
        raised = TimeoutError(str(raised))
    try:
        Budget().weigh(raised)
    except Exhausted:
        return type(raised).__name__
    said = "".join(traceback.format_exception_only(raised)).rstrip("\n")
    return said.encode("utf-8", "backslashreplace").decode()
