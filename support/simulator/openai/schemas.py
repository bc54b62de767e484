"""JSON schemas of functions and structured answers: whether they are schemas at all, and what the strict ones must say.

A strict schema requires every key and allows no other. The refusal on `additionalProperties` is recorded (chat
completions, invalid_function_parameters); the other words are unverified.
"""

from __future__ import annotations

from typing import Any

Path = tuple[str, ...]

_OBJECT, _ARRAY, _SCHEMA, _NAMES = "'object'", "'array'", "'object', 'boolean'", "'string', 'array'"
_NUMERIC = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_COUNTED = ("minLength", "maxLength", "minItems", "maxItems")
_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "properties": ((dict,), _OBJECT),
    "$defs": ((dict,), _OBJECT),
    "definitions": ((dict,), _OBJECT),
    "required": ((list,), _ARRAY),
    "enum": ((list,), _ARRAY),
    "anyOf": ((list,), _ARRAY),
    "oneOf": ((list,), _ARRAY),
    "allOf": ((list,), _ARRAY),
    "items": ((dict, bool), _SCHEMA),
    "type": ((str, list), _NAMES),
    **dict.fromkeys(("pattern", "format", "$ref", "description"), ((str,), "'string'")),
    **dict.fromkeys(_NUMERIC, ((int, float), "'number'")),
    **dict.fromkeys(_COUNTED, ((int,), "'integer'")),
}


def fault(schema: Any, *, strict: bool) -> str | None:
    """What is wrong with a schema, in the provider's words; None when nothing."""
    return _fault(schema, (), strict)


def _fault(schema: Any, path: Path, strict: bool) -> str | None:
    if not isinstance(schema, dict):
        return None if isinstance(schema, bool) else _mistyped(schema, path, _SCHEMA)
    for key, (types, names) in _TYPES.items():
        if key not in schema:
            continue
        value = schema[key]
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            return _mistyped(value, (*path, key), names)
    if strict and (schema.get("type") == "object" or "properties" in schema):
        found = _open(schema, path)
        if found is not None:
            return found
    return next((found for inner, where in _inside(schema, path) if (found := _fault(inner, where, strict))), None)


def _mistyped(value: Any, path: Path, names: str) -> str:
    return f"{_context(path)}{value!r} is not of type {names}."


def _open(schema: dict[str, Any], path: Path) -> str | None:
    """What leaves an object's keys open."""
    if schema.get("additionalProperties") is not False:
        return f"{_context(path)}'additionalProperties' is required to be supplied and to be false."
    required = schema.get("required") or []
    absent = next((key for key in schema.get("properties") or {} if key not in required), None)
    if absent is None:
        return None
    return (
        f"{_context(path)}'required' is required to be supplied and to be an array including every key in properties. "
        f"Missing '{absent}'."
    )


def _context(path: Path) -> str:
    return f"In context=({', '.join(map(repr, path))}{',' if len(path) == 1 else ''}), "


def _inside(schema: dict[str, Any], path: Path) -> list[tuple[Any, Path]]:
    inner: list[tuple[Any, Path]] = []
    for group in ("properties", "$defs", "definitions"):
        inner += [(value, (*path, group, str(key))) for key, value in (schema.get(group) or {}).items()]
    for group in ("anyOf", "oneOf", "allOf"):
        inner += [(value, (*path, group, str(number))) for number, value in enumerate(schema.get(group) or ())]
    if schema.get("items") is not None:
        inner.append((schema["items"], (*path, "items")))
    return inner
