"""Filters of a search over files' attributes: comparisons, and `and` and `or` of them (provider-facts 5.1).

Unverified: the words of the refusals, and what meets what. Here only values of one kind are alike or in order: strings with
strings, numbers with numbers. A file without the key meets `ne` and `nin` alone.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from support.simulator.openai import checks
from support.simulator.openai.checks import Rule
from support.simulator.openai.errors import refusal

Filter: TypeAlias = Callable[[Mapping[str, Any]], bool]

_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
COMPARISONS = ("eq", "ne", *_ORDERED, "in", "nin")
COMPOUNDS = ("and", "or")

_COMPARISON_RULES = {"type": Rule("string"), "key": Rule("string"), "value": Rule("any")}
_COMPOUND_RULES = {"type": Rule("string"), "filters": Rule("array")}


def read(given: Any, where: str = "filters") -> Filter:
    """The filter that JSON describes. Raises a Refusal for one that is malformed."""
    checks.expect(given, "object", where)
    kind = given.get("type")
    if kind is None:
        raise checks.missing(f"{where}.type")
    if kind not in (*COMPARISONS, *COMPOUNDS):
        raise checks.invalid_value(kind, (*COMPARISONS, *COMPOUNDS), f"{where}.type")
    if kind in COMPOUNDS:
        return _compound(given, kind, where)
    checks.check(given, _COMPARISON_RULES, f"{where}.")
    for name in ("key", "value"):
        if given.get(name) is None:
            raise checks.missing(f"{where}.{name}")
    return _comparison(kind, given["key"], given["value"], f"{where}.value")


def _compound(given: dict[str, Any], kind: str, where: str) -> Filter:
    checks.check(given, _COMPOUND_RULES, f"{where}.")
    inner = given.get("filters")
    if inner is None:
        raise checks.missing(f"{where}.filters")
    if not inner:
        raise checks.empty_array(f"{where}.filters")
    parts = [read(part, f"{where}.filters[{number}]") for number, part in enumerate(inner)]
    together = all if kind == "and" else any
    return lambda attributes: together(part(attributes) for part in parts)


def _comparison(kind: str, key: str, value: Any, where: str) -> Filter:
    if kind in ("in", "nin"):
        checks.expect(value, "array", where)
        for number, one in enumerate(value):
            _expect_scalar(one, f"{where}[{number}]")
        wanted = kind == "in"
        return lambda attributes: any(_alike(attributes.get(key), one) for one in value) is wanted
    _expect_scalar(value, where)
    if kind in ("eq", "ne"):
        equal = kind == "eq"
        return lambda attributes: _alike(attributes.get(key), value) is equal
    if isinstance(value, bool):
        raise _mistyped(value, where, "a string or a number")
    compare = _ORDERED[kind]
    return lambda attributes: _of_one_kind(attributes.get(key), value) and compare(attributes[key], value)


def _alike(held: Any, value: Any) -> bool:
    return _of_one_kind(held, value) and bool(held == value)


def _of_one_kind(held: Any, value: Any) -> bool:
    return _kind(held) is _kind(value)


def _kind(value: Any) -> type:
    return float if type(value) is int else type(value)


def _expect_scalar(value: Any, where: str) -> None:
    if not isinstance(value, (str, int, float)):
        raise _mistyped(value, where, "a string, a number or a boolean")


def _mistyped(value: Any, where: str, wanted: str) -> Exception:
    message = f"Invalid type for '{where}': expected {wanted}, but got {checks.named(value)} instead."
    return refusal(400, message, param=where, code="invalid_type")
