"""JSON schemas in a request, where the protocol takes any JSON: whether they are schemas at all, and of what size.

The words for a schema that is too large are Google's, from reports of users; those for a broken one are unverified.
"""

from __future__ import annotations

from typing import Any

from support.simulator.gemini.errors import at_fault, invalid
from support.simulator.wire import Json

LARGEST = 10_000
"""Values or characters that a schema may ask for at least."""

_NAMED = ("properties", "$defs", "defs", "definitions", "patternProperties")
_LISTED = ("anyOf", "allOf", "oneOf", "prefixItems")
_SINGLE = ("items", "additionalProperties", "not")
_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_TEXTS = ("$ref", "ref", "format", "pattern", "title", "description")


def check(schema: Json, request: str, field: str) -> dict[str, Any]:
    """The schema, or a refusal that names the field."""
    if not isinstance(schema, dict) or not _is_schema(schema, schema):
        raise at_fault(request, field, "schema is not a valid JSON schema.")
    if _least_size(schema) > LARGEST:
        raise invalid(
            "The specified schema produces a constraint that has too many states for serving. Typical causes of this error "
            "are schemas with lots of text (for example, very long property or enum names), schemas with long array length "
            "limits (especially when nested), or schemas using complex value matchers."
        )
    return schema


def _is_schema(value: Json, root: dict[str, Json]) -> bool:
    if isinstance(value, bool):
        return True
    if not isinstance(value, dict):
        return False
    for name in _NAMED:
        held = value.get(name, {})
        if not isinstance(held, dict) or not all(_is_schema(inner, root) for inner in held.values()):
            return False
    for name in _LISTED:
        held = value.get(name, [])
        if not isinstance(held, list) or not all(_is_schema(inner, root) for inner in held):
            return False
    return (
        all(_is_schema(value[name], root) for name in _SINGLE if name in value)
        and all(_is_number(value[name]) for name in _NUMBERS if name in value)
        and all(isinstance(value[name], str) for name in _TEXTS if name in value)
        and value.get("multipleOf", 1) > 0
        and isinstance(value.get("enum", []), list)
        and _are_texts(value.get("required", []))
        and (isinstance(value.get("type", ""), str) or _are_texts(value["type"]))
        and _leads_somewhere(value.get("$ref", "#"), root)
    )


def _leads_somewhere(reference: str, root: Json) -> bool:
    """Whether a reference into the schema finds a schema."""
    if not reference.startswith("#"):
        return True
    for step in reference.lstrip("#/").split("/") if reference != "#" else ():
        root = root.get(step) if isinstance(root, dict) else None
    return isinstance(root, dict)


def _least_size(schema: Json) -> int:
    """How much the smallest value has that fits; references count as one."""
    if not isinstance(schema, dict):
        return 1
    size = 1 + _whole(schema.get("minLength"))
    size += sum(_least_size(inner) for inner in schema.get("properties", {}).values())
    for name in _LISTED:
        size += sum(_least_size(inner) for inner in schema.get(name, ()))
    return size + max(1, _whole(schema.get("minItems"))) * (_least_size(schema["items"]) if "items" in schema else 0)


def _whole(value: Json) -> int:
    try:
        return max(0, int(value))
    except (TypeError, ValueError, OverflowError):
        return 0


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _are_texts(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
