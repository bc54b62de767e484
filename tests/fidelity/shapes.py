"""The shape of an answer: which paths it has, and of which type each is."""

import json
from collections.abc import Iterator
from typing import Any

OPAQUE = {
    "arguments",
    "args",
    "input",
    "schema",
    "parameters",
    "metadata",
    "logit_bias",
    "properties",
    "parsed",
    "capabilities",
    "details",
}
"""Keys whose content is the caller's or the model's: what is below them is not compared."""


def kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return {str: "string", list: "array", dict: "object"}[type(value)]


def paths(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Every path below `value` with its type; the items of an array share one path."""
    if isinstance(value, dict):
        for key, item in value.items():
            path = f"{at}.{key}" if at else str(key)
            yield path, kind(item)
            if key not in OPAQUE:
                yield from paths(item, path)
    elif isinstance(value, list):
        for item in value:
            yield f"{at}[]", kind(item)
            yield from paths(item, f"{at}[]")


def shape(answer: Any) -> dict[str, set[str]]:
    """Types by path."""
    found: dict[str, set[str]] = {}
    for path, one in paths(answer):
        found.setdefault(path, set()).add(one)
    return found


def events(text: str) -> list[Any]:
    """The JSON of each `data:` line of a stream."""
    read = []
    for line in text.replace("\r\n", "\n").split("\n"):
        data = line.removeprefix("data:").strip() if line.startswith("data:") else ""
        if data and data != "[DONE]":
            read.append(json.loads(data))
    return read
