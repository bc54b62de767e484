"""Attributes: which methods a value of each type has, and how they are called. What is not named here does not exist."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict, deque
from typing import TYPE_CHECKING, Any

from support.simulator.python_machine import operations
from support.simulator.python_machine.budget import LONGEST, Budget, fits
from support.simulator.python_machine.values import Method, Module, Native, OpenFile

if TYPE_CHECKING:
    from support.simulator.python_machine.machine import Machine

_TEXT = frozenset(
    [
        "lower",
        "upper",
        "strip",
        "lstrip",
        "rstrip",
        "split",
        "rsplit",
        "splitlines",
        "join",
        "replace",
        "startswith",
        "endswith",
        "find",
        "rfind",
        "index",
        "rindex",
        "count",
        "title",
        "capitalize",
        "casefold",
        "swapcase",
        "isdigit",
        "isalpha",
        "isalnum",
        "isspace",
        "isupper",
        "islower",
        "isnumeric",
        "isdecimal",
        "istitle",
        "isidentifier",
        "zfill",
        "ljust",
        "rjust",
        "center",
        "format",
        "partition",
        "rpartition",
        "removeprefix",
        "removesuffix",
        "encode",
    ]
)
_MAPPING = frozenset(["get", "keys", "values", "items", "pop", "popitem", "setdefault", "update", "clear", "copy"])
_SET = frozenset(
    [
        "add",
        "remove",
        "discard",
        "pop",
        "clear",
        "copy",
        "update",
        "union",
        "intersection",
        "difference",
        "symmetric_difference",
        "issubset",
        "issuperset",
        "isdisjoint",
        "intersection_update",
        "difference_update",
    ]
)
_LIST = frozenset(["append", "extend", "insert", "pop", "remove", "clear", "index", "count", "sort", "reverse", "copy"])
_METHODS: dict[type, frozenset[str]] = {
    str: _TEXT,
    bytes: frozenset({"decode", "hex", "startswith", "endswith", "split", "strip", "find", "count"}),
    list: _LIST,
    tuple: frozenset({"index", "count"}),
    dict: _MAPPING,
    defaultdict: _MAPPING,
    Counter: _MAPPING | {"most_common", "elements", "total", "subtract"},
    set: _SET,
    frozenset: _SET
    - {"add", "remove", "discard", "pop", "clear", "update", "intersection_update", "difference_update"},
    deque: (_LIST - {"sort"}) | {"appendleft", "popleft", "extendleft", "rotate"},
    int: frozenset({"bit_length", "bit_count"}),
    float: frozenset({"is_integer", "as_integer_ratio", "hex"}),
    complex: frozenset({"conjugate"}),
    OpenFile: OpenFile.METHODS,
    type(csv.writer(io.StringIO())): frozenset({"writerow", "writerows"}),
    csv.DictWriter: frozenset({"writeheader", "writerow", "writerows"}),
}
_DATA: dict[type, frozenset[str]] = {
    complex: frozenset({"real", "imag"}),
    int: frozenset({"real", "imag", "numerator", "denominator"}),
    range: frozenset({"start", "stop", "step"}),
    OpenFile: frozenset({"name", "closed"}),
    csv.DictReader: frozenset({"fieldnames", "line_num"}),
}
_INDEXED = (str, bytes, list, tuple, dict, range, deque)
# These take whole containers, and walk them.
_WALKS = frozenset({"extend", "update", "union", "intersection", "difference", "symmetric_difference", "issubset",
                    "issuperset", "isdisjoint", "intersection_update", "difference_update", "join", "extendleft",
                    "subtract"})  # fmt: skip


def can_be_indexed(value: Any) -> bool:
    return isinstance(value, _INDEXED)


def attribute(machine: Machine, value: Any, name: str) -> Any:
    """`value.name`; raises AttributeError for what a program may not see."""
    if isinstance(value, Module):
        if name in value.names:
            return value.names[name]
        raise AttributeError(f"module '{value.name}' has no attribute '{name}'")
    kind = type(value)
    if name in _METHODS.get(kind, ()):
        return Method(value, name)
    if name in _DATA.get(kind, ()):
        return getattr(value, name)
    if isinstance(value, BaseException) and name == "args":
        return value.args
    if isinstance(value, type):
        if name == "__name__":
            return value.__name__
        if name in _METHODS.get(value, ()):
            return Native(name, lambda machine, args, kwargs: _unbound(machine, value, name, args, kwargs))
    if name == "__class__":
        return kind
    if name == "__name__" and hasattr(value, "name"):
        return value.name
    shown = f"type object '{value.__name__}'" if isinstance(value, type) else f"'{kind.__name__}' object"
    raise AttributeError(f"{shown} has no attribute '{name}'")


def _unbound(machine: Machine, kind: type, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """`str.upper(text)`."""
    if not args or type(args[0]) is not kind:
        raise TypeError(f"unbound method {kind.__name__}.{name}() needs an argument")
    return call(machine, Method(args[0], name), args[1:], kwargs)


def call(machine: Machine, method: Method, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Call a bound method, paid for before where it could be large, and after for what it made."""
    owner, name, budget = method.owner, method.name, machine.budget
    if isinstance(owner, OpenFile):
        return owner.call(name, args, kwargs)
    if name.startswith("writ"):  # a writer of csv
        args = [_rows(budget, name, arg) for arg in args]
        budget.weigh(args)
    if name in _WALKS:
        args = [arg if isinstance(arg, dict) else budget.taken(arg) for arg in args]
    if isinstance(owner, str):
        if name == "format":
            return operations.format_text(budget, owner, args, kwargs)
        budget.spend(len(owner) >> 4)
        _guard_text(owner, name, args)
    elif isinstance(owner, list) and name == "sort":
        return _sort(machine, owner, **kwargs)
    elif isinstance(owner, dict | set | frozenset):
        for arg in args:
            budget.hashed(arg if name in _WALKS else (arg,))
        budget.spend(len(owner) >> 4 if name in ("copy", "most_common", "elements") or name in _WALKS else 0)
        if name == "elements":
            fits(sum(count for count in owner.values() if count > 0))  # type: ignore[union-attr]
    elif name in ("index", "count", "remove"):
        budget.weigh(owner)
    elif name in ("insert", "pop", "reverse", "copy"):
        budget.spend(len(owner) >> 5 if isinstance(owner, list | deque) else 0)
    if isinstance(owner, list | deque | set) and len(owner) >= LONGEST:
        raise MemoryError(f"a value of more than {LONGEST} elements")
    return budget.made(getattr(owner, name)(*args, **kwargs))


def _rows(budget: Budget, name: str, given: Any) -> Any:
    """What a writer of csv is given, as lists: it must not walk what never ends."""
    if isinstance(given, dict):
        return given
    rows = budget.taken(given)
    return rows if name == "writerow" else [row if isinstance(row, dict) else budget.taken(row) for row in rows]


def _guard_text(owner: str, name: str, args: list[Any]) -> None:
    if name == "join" and args:
        parts = args[0]
        fits(len(owner) * len(parts) + sum(len(part) for part in parts if isinstance(part, str)))
    elif name == "replace" and len(args) >= 2 and isinstance(args[0], str) and isinstance(args[1], str):
        fits(len(owner) + (owner.count(args[0]) * len(args[1])))
    elif name in ("ljust", "rjust", "center", "zfill") and args and isinstance(args[0], int):
        fits(args[0])


def _sort(machine: Machine, owner: list[Any], key: Any = None, reverse: Any = False) -> None:
    owner[:] = ordered(machine, list(owner), key, reverse)


def ordered(machine: Machine, values: list[Any], key: Any, reverse: Any) -> list[Any]:
    """`sorted`."""
    keys = values if key is None else [machine.call(key, [value], {}) for value in values]
    machine.budget.weigh(keys)
    positions = sorted(range(len(values)), key=keys.__getitem__, reverse=bool(reverse))
    return [values[position] for position in positions]
