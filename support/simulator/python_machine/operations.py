"""Operators and formatting, guarded: what could take very long or fill the memory is refused before it begins."""

from __future__ import annotations

import ast
import operator
import re
import string
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from support.simulator.python_machine.budget import CONTAINERS, WIDEST_BITS, Budget, fits

_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}
_COMPARED: dict[type, Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_UNARY: dict[type, Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Invert: operator.invert,
    ast.Not: operator.not_,
}
_SEQUENCES = (str, bytes, list, tuple, deque)
_SETS = (set, frozenset)
_WIDE = re.compile(r"\d{5}")
_WIDE_PERCENT = re.compile(r"\d{5}|%[-+ #0-9.]*\*")
_IN_BRACKETS = re.compile(r"\[[^\]]*\]")


def binary(budget: Budget, kind: type[ast.operator], left: Any, right: Any) -> Any:
    """`left <operator> right`, paid for."""
    work = _BINARY.get(kind)
    if work is None:
        raise NotImplementedError(f"the operator {kind.__name__}")
    if isinstance(left, int) and isinstance(right, int):
        _guard_whole(budget, kind, left, right)
    elif kind is ast.Mult:
        _guard_repetition(left, right)
    elif kind is ast.Mod and isinstance(left, str | bytes):
        _guard_percent(budget, left, right)
    elif kind is ast.Add and isinstance(left, _SEQUENCES) and isinstance(right, _SEQUENCES):
        fits(len(left) + len(right))
    elif isinstance(left, _SETS) and isinstance(right, _SETS):
        budget.spend((len(left) + len(right)) >> 4)
    return budget.made(work(left, right))


def unary(kind: type[ast.unaryop], value: Any) -> Any:
    return _UNARY[kind](value)


def compare(budget: Budget, kind: type[ast.cmpop], left: Any, right: Any) -> Any:
    """`left <comparison> right`; containers are paid for by what they hold."""
    if kind is ast.Is:
        return left is right
    if kind is ast.IsNot:
        return left is not right
    if kind is ast.In:
        return contains(budget, left, right)
    if kind is ast.NotIn:
        return not contains(budget, left, right)
    if type(left) in CONTAINERS and type(right) in CONTAINERS:
        budget.weigh(left)
    elif isinstance(left, str | bytes):
        budget.spend(len(left) >> 10)
    return _COMPARED[kind](left, right)


def contains(budget: Budget, element: Any, holder: Any) -> bool:
    """`element in holder`."""
    budget.hashed((element,))
    if isinstance(holder, str | bytes):
        budget.spend(len(holder) >> 6)
        return bool(element in holder)
    if isinstance(holder, dict | set | frozenset) or (isinstance(holder, range) and isinstance(element, int)):
        return element in holder
    if isinstance(holder, list | tuple) and type(element) not in CONTAINERS:
        budget.spend(len(holder) >> 2)
        return element in holder
    return any(compare(budget, ast.Eq, one, element) for one in budget.each(holder))


def power(budget: Budget, base: Any, exponent: Any, modulus: Any = None) -> Any:
    """`pow`."""
    if modulus is None:
        return binary(budget, ast.Pow, base, exponent)
    if any(isinstance(value, int) and value.bit_length() > 2_048 for value in (base, exponent, modulus)):
        raise MemoryError("pow() with whole numbers of more than 2048 bits")
    return pow(base, exponent, modulus)


def _guard_whole(budget: Budget, kind: type[ast.operator], left: int, right: int) -> None:
    one, other = left.bit_length(), right.bit_length()
    if kind is ast.Pow:
        bits = one * right if right > 0 and one > 1 else 0
    elif kind is ast.LShift:
        bits = one + max(right, 0)
    else:
        if kind in (ast.Mult, ast.Div, ast.FloorDiv, ast.Mod):
            budget.spend((one >> 5) * (other >> 5) >> 7)
        return
    if bits > WIDEST_BITS:
        raise MemoryError(f"a whole number of more than {WIDEST_BITS} bits")
    budget.spend(bits >> 5)


def _guard_repetition(left: Any, right: Any) -> None:
    for sequence, times in ((left, right), (right, left)):
        if isinstance(sequence, _SEQUENCES) and isinstance(times, int) and times > 0:
            fits(len(sequence) * times)


def _guard_percent(budget: Budget, pattern: str | bytes, values: Any) -> None:
    if _WIDE_PERCENT.search(pattern if isinstance(pattern, str) else pattern.decode("latin-1")):
        raise MemoryError("a width of more than 9999 in a format")
    budget.weigh(values)
    if isinstance(values, dict):  # each of them may be shown many times
        fits(len(pattern) + _shows(pattern) * max((len(str(value)) for value in values.values()), default=0))


def _shows(pattern: str | bytes) -> int:
    return pattern.count("%") if isinstance(pattern, str) else pattern.count(b"%")


def shown(budget: Budget, value: Any) -> str:
    """`str(value)`."""
    budget.weigh(value)
    return str(budget.made(str(value)))


def represented(budget: Budget, value: Any) -> str:
    """`repr(value)`."""
    budget.weigh(value)
    return str(budget.made(repr(value)))


def formatted(budget: Budget, value: Any, spec: str) -> str:
    """`format(value, spec)`."""
    if _WIDE.search(spec):
        raise MemoryError("a width of more than 9999 in a format")
    budget.weigh(value)
    return str(budget.made(format(value, spec)))


class _Formatter(string.Formatter):
    """`str.format` without attributes: they would lead out of the program's own values."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Any) -> Any:
        if "." in _IN_BRACKETS.sub("", field_name):
            raise AttributeError(f"attributes cannot be used in a format: {field_name}")
        return super().get_field(field_name, args, kwargs)

    def format_field(self, value: Any, format_spec: str) -> str:
        return formatted(self._budget, value, format_spec)

    def convert_field(self, value: Any, conversion: str | None) -> Any:
        self._budget.weigh(value)
        return super().convert_field(value, conversion)


def format_text(budget: Budget, pattern: str, args: list[Any], kwargs: dict[str, Any]) -> str:
    """`pattern.format(…)`."""
    return str(budget.made(_Formatter(budget).vformat(pattern, args, kwargs)))
