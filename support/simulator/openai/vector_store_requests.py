"""What a request about vector stores may carry: chunking, attributes, metadata, expiry (provider-facts 5.1; openai.yaml).

Unverified, for want of a recording: the words of all refusals here.
"""

from __future__ import annotations

from typing import Any

from support.simulator.openai import checks
from support.simulator.openai.checks import Rule
from support.simulator.openai.errors import refusal
from support.simulator.openai.vector_stores import Chunking
from support.simulator.wire import Refusal

CHUNK_SIZES = (100, 4_096)
EXPIRY_DAYS = (1, 365)
MOST_PAIRS, LONGEST_KEY, LONGEST_VALUE = 16, 64, 512


def chunking(given: Any, where: str = "chunking_strategy") -> Chunking:
    """The strategy that is asked for; without one, `auto`."""
    if given is None:
        return Chunking()
    checks.expect(given, "object", where)
    kind = given.get("type")
    if kind is None:
        raise checks.missing(f"{where}.type")
    if kind not in ("auto", "static"):
        raise checks.invalid_value(kind, ("auto", "static"), f"{where}.type")
    if kind == "auto":
        checks.check(given, {"type": Rule("string")}, f"{where}.")
        return Chunking()
    checks.check(given, {"type": Rule("string"), "static": Rule("object")}, f"{where}.")
    sizes = given.get("static")
    where = f"{where}.static"
    if sizes is None:
        raise checks.missing(where)
    rules = {"max_chunk_size_tokens": Rule("integer", *CHUNK_SIZES), "chunk_overlap_tokens": Rule("integer", 0)}
    checks.check(sizes, rules, f"{where}.")
    for name in rules:
        if sizes.get(name) is None:
            raise checks.missing(f"{where}.{name}")
    size, overlap = sizes["max_chunk_size_tokens"], sizes["chunk_overlap_tokens"]
    if 2 * overlap > size:
        message = "chunk_overlap_tokens must be less than or equal to max_chunk_size_tokens / 2"
        raise refusal(400, message, param=f"{where}.chunk_overlap_tokens")
    return Chunking(size, overlap)


def attributes(given: Any, where: str = "attributes") -> dict[str, Any]:
    """A file's attributes: strings, numbers and booleans by name."""
    return _pairs(given, where, numbers=True)


def metadata(given: Any, where: str = "metadata") -> dict[str, str]:
    """Metadata: strings by name."""
    return _pairs(given, where, numbers=False)


def _pairs(given: Any, where: str, *, numbers: bool) -> dict[str, Any]:
    if given is None:
        return {}
    checks.expect(given, "object", where)
    if len(given) > MOST_PAIRS:
        raise refusal(
            400,
            f"Invalid '{where}': too many properties. Expected an object with at most {MOST_PAIRS} properties, but got an "
            f"object with {len(given)} properties instead.",
            param=where,
            code="object_above_max_properties",
        )
    for key, value in given.items():
        if len(key) > LONGEST_KEY:
            raise _long_key(where, key)
        if not (numbers and isinstance(value, (bool, int, float))):
            checks.expect(value, "string", f"{where}.{key}")
            if len(value) > LONGEST_VALUE:
                raise checks.too_long(f"{where}.{key}", len(value), LONGEST_VALUE)
    return dict(given)


def _long_key(where: str, key: str) -> Refusal:
    return refusal(
        400,
        f"Invalid '{where}': property name too long. Expected a property name with maximum length {LONGEST_KEY}, but got "
        f"one with length {len(key)} instead.",
        param=where,
        code="property_name_above_max_length",
    )


def expiry_days(given: Any) -> int | None:
    """Days after the last use; None for a store that stays."""
    where = "expires_after"
    if given is None:
        return None
    checks.expect(given, "object", where)
    checks.check(given, {"anchor": Rule("string"), "days": Rule("integer")}, f"{where}.")
    for name in ("anchor", "days"):
        if given.get(name) is None:
            raise checks.missing(f"{where}.{name}")
    if given["anchor"] != "last_active_at":
        raise checks.invalid_value(given["anchor"], ("last_active_at",), f"{where}.anchor")
    checks.in_range(given["days"], *EXPIRY_DAYS, f"{where}.days")
    days: int = given["days"]
    return days


def file_ids(given: list[Any], where: str, most: int) -> list[str]:
    """The ids of an array, each once, in their order."""
    if len(given) > most:
        raise checks.too_long_array(where, len(given), most)
    for number, one in enumerate(given):
        checks.expect(one, "string", f"{where}[{number}]")
    return list(dict.fromkeys(given))
