"""Strict JSON schemas, as functions and structured output want them: every key required, no other key allowed.

The first refusal's words are recorded (chat completions, invalid_function_parameters); those on `required` are unverified.
"""

from __future__ import annotations

from typing import Any


def fault(schema: Any, path: tuple[str, ...] = ()) -> str | None:
    """What a strict schema lacks, in the provider's words; None when nothing."""
    if not isinstance(schema, dict):
        return None
    if schema.get("type") == "object" or "properties" in schema:
        properties = schema.get("properties")
        keys = list(properties) if isinstance(properties, dict) else []
        found = _object_fault(schema, keys, path)
        if found is not None:
            return found
    return next((found for inner, where in _inside(schema, path) if (found := fault(inner, where))), None)


def _object_fault(schema: dict[str, Any], keys: list[str], path: tuple[str, ...]) -> str | None:
    where = f"In context=({', '.join(map(repr, path))}{',' if len(path) == 1 else ''}), "
    if schema.get("additionalProperties") is not False:
        return f"{where}'additionalProperties' is required to be supplied and to be false."
    required = schema.get("required", [])
    absent = next((key for key in keys if not isinstance(required, list) or key not in required), None)
    if absent is not None:
        return (
            f"{where}'required' is required to be supplied and to be an array including every key in properties. "
            f"Missing '{absent}'."
        )
    return None


def _inside(schema: dict[str, Any], path: tuple[str, ...]) -> list[tuple[Any, tuple[str, ...]]]:
    inner: list[tuple[Any, tuple[str, ...]]] = []
    for group in ("properties", "$defs", "definitions"):
        named = schema.get(group)
        if isinstance(named, dict):
            inner += [(value, (*path, group, str(key))) for key, value in named.items()]
    inner.append((schema.get("items"), (*path, "items")))
    several = schema.get("anyOf")
    if isinstance(several, list):
        inner += [(value, (*path, "anyOf", str(number))) for number, value in enumerate(several)]
    return inner
