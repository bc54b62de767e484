"""JSON schemas in a request: whether they are schemas at all, and what an answer's schema must say (provider-facts 9.2).

Recorded: that every object of an answer's schema is closed (recordings: anthropic messages unary, 400). Unverified: the rest.
"""

from __future__ import annotations

from support.simulator.anthropic.errors import invalid
from support.simulator.wire import Json

_NAMED = ("properties", "$defs", "definitions", "patternProperties")
_LISTED = ("anyOf", "allOf", "oneOf", "prefixItems")
_SINGLE = ("items", "additionalProperties", "not")


def is_schema(value: Json) -> bool:
    """Whether the parts that are read here have the types that JSON Schema gives them."""
    if isinstance(value, bool):
        return True
    if not isinstance(value, dict):
        return False
    for name in _NAMED:
        held = value.get(name, {})
        if not isinstance(held, dict) or not all(is_schema(inner) for inner in held.values()):
            return False
    for name in _LISTED:
        held = value.get(name, [])
        if not isinstance(held, list) or not all(is_schema(inner) for inner in held):
            return False
    if not all(is_schema(value[name]) for name in _SINGLE if name in value):
        return False
    required, enum, kind = value.get("required", []), value.get("enum", []), value.get("type", "")
    return (
        _are_strings(required)
        and isinstance(enum, list)
        and (isinstance(kind, str) or _are_strings(kind))
        and isinstance(value.get("$ref", ""), str)
    )


def check_closed(schema: Json, path: str) -> None:
    """Refuses a schema with an object that may have other properties than those it names."""
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        raise invalid(f"{path}: For 'object' type, 'additionalProperties' must be explicitly set to false")
    for name in _NAMED:
        for inner in schema.get(name, {}).values():
            check_closed(inner, path)
    for name in _LISTED:
        for inner in schema.get(name, []):
            check_closed(inner, path)
    check_closed(schema.get("items"), path)


def _are_strings(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
