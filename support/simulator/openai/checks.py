"""Checks of what a request carries, refused in the words of provider-facts 1.1: missing, unknown, mistyped, out of range."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from support.simulator.openai.errors import refusal
from support.simulator.wire import Refusal

Kind = Literal["string", "integer", "number", "boolean", "array", "object", "any"]

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
_EXPECTED = {
    "string": "a string",
    "integer": "an integer",
    "number": "a decimal",
    "boolean": "a boolean",
    "array": "an array of objects",
    "object": "an object",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """What a parameter may be. `null` stands for its absence, as everywhere in this API."""

    kind: Kind
    low: float | None = None
    high: float | None = None
    values: tuple[str, ...] = ()


def check(body: Mapping[str, Any], rules: Mapping[str, Rule], where: str = "") -> None:
    """Raise a Refusal for the first parameter that is unknown or not as its rule says."""
    for name, value in body.items():
        rule = rules.get(name)
        if rule is None:
            raise unknown(f"{where}{name}")
        if value is None or rule.kind == "any":
            continue
        if type(value) not in _TYPES[rule.kind]:  # a boolean's type is not `int`, so it goes on to be judged
            expect(value, rule.kind, f"{where}{name}")
        if rule.values and value not in rule.values:
            raise invalid_value(value, rule.values, f"{where}{name}")
        if rule.low is not None or rule.high is not None:
            in_range(value, rule.low, rule.high, f"{where}{name}", decimal=rule.kind == "number")


def expect(value: Any, kind: Kind, param: str) -> None:
    """Raise unless the value has this JSON type; a boolean is no number."""
    if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind in ("integer", "number")):
        raise refusal(
            400,
            f"Invalid type for '{param}': expected {_EXPECTED[kind]}, but got {named(value)} instead.",
            param=param,
            code="invalid_type",
        )


def in_range(value: float, low: float | None, high: float | None, param: str, *, decimal: bool = False) -> None:
    """Raise unless low <= value <= high. `decimal`: the parameter is one, also where the value is whole (recorded)."""
    word = "integer" if isinstance(value, int) and not decimal else "decimal"
    if low is not None and value < low:
        raise _out_of_range(param, word, "below", "minimum", f">= {low}", value)
    if high is not None and value > high:
        raise _out_of_range(param, word, "above", "maximum", f"<= {high}", value)


def _out_of_range(param: str, word: str, side: str, end: str, bound: str, value: float) -> Refusal:
    return refusal(
        400,
        f"Invalid '{param}': {word} {side} {end} value. Expected a value {bound}, but got {value} instead.",
        param=param,
        code=f"{word}_{side}_{end[:3]}_value",
    )


def too_long(param: str, length: int, longest: int) -> Refusal:
    """A string of too many characters."""
    return refusal(
        400,
        f"Invalid '{param}': string too long. Expected a string with maximum length {longest}, but got a string with "
        f"length {length} instead.",
        param=param,
        code="string_above_max_length",
    )


def too_short(param: str) -> Refusal:
    """An empty string where something must be said."""
    return refusal(
        400,
        f"Invalid '{param}': empty string. Expected a string with minimum length 1, but got an empty string instead.",
        param=param,
        code="empty_string",
    )


def too_long_array(param: str, length: int, longest: int) -> Refusal:
    """An array of too many items."""
    return refusal(
        400,
        f"Invalid '{param}': array too long. Expected an array with maximum length {longest}, but got an array with "
        f"length {length} instead.",
        param=param,
        code="array_above_max_length",
    )


def empty_array(param: str) -> Refusal:
    """An array without items where there must be one."""
    return refusal(
        400,
        f"Invalid '{param}': empty array. Expected an array with minimum length 1, but got an empty array instead.",
        param=param,
        code="empty_array",
    )


def missing(param: str) -> Refusal:
    return refusal(400, f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")


def unknown(param: str) -> Refusal:
    return refusal(400, f"Unknown parameter: '{param}'.", param=param, code="unknown_parameter")


def unsupported(param: str, hint: str = "") -> Refusal:
    """The model does not take this parameter."""
    message = f"Unsupported parameter: '{param}' is not supported with this model.{hint}"
    return refusal(400, message, param=param, code="unsupported_parameter")


def invalid_value(value: Any, values: Sequence[str], param: str) -> Refusal:
    return refusal(
        400,
        f"Invalid value: '{value}'. Supported values are: {listed(values)}.",
        param=param,
        code="invalid_value",
    )


def listed(values: Iterable[str]) -> str:
    """'a', 'b', and 'c'."""
    quoted = [f"'{value}'" for value in values]
    if len(quoted) < 3:
        return " and ".join(quoted)
    return f"{', '.join(quoted[:-1])}, and {quoted[-1]}"


def named(value: Any) -> str:
    """The JSON type of a value, in words."""
    if value is None:
        return "null"
    for kind, word in (
        (bool, "a boolean"),
        (int, "an integer"),
        (float, "a decimal"),
        (str, "a string"),
        (list, "an array"),
    ):
        if isinstance(value, kind):
            return word
    return "an object"
