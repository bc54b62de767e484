"""Values that fit a JSON schema, taken from what was said where something there fits."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from support.simulator import reading

_QUOTED = re.compile(r"[\"“]([^\"”]+)[\"”]|(?<!\w)'([^']+)'(?!\w)")
_CAPITALISED = re.compile(r"(?<![\w.])[A-Z][\w-]*(?:\s+[A-Z][\w-]*)*")
_NUMBER = re.compile(r"(?<![\w.])-?\d{1,15}(?:\.\d{1,15})?(?!\w)")
_FREE_TEXT = re.compile(r"answer|text|reply|response|message|summary|content|output|result|explanation|reason", re.I)

# Valid values for the formats that the providers' strict modes know.
_FORMATS = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "time": "00:00:00Z",
    "duration": "P1D",
    "email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "127.0.0.1",
    "ipv6": "::1",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_DEEPEST = 24


class Filler:
    """Fills one schema. Every number, name and quotation of `said` is used once, in the order in which it stands.

    `own_words` gives the model's own answer, for properties that ask for free text. Schemas may write their types in
    capitals (Gemini). `pattern` is honoured where some word of `said` fits it, else it is not.
    """

    def __init__(self, said: str, sources: list[str], own_words: Callable[[], str]) -> None:
        self._said = said
        self._sources = [said, *sources]
        self._own_words = own_words
        self._numbers = _NUMBER.findall(said)
        quoted = [double or single for double, single in _QUOTED.findall(said)]
        capitalised = [name for name in map(_shortened, _CAPITALISED.findall(_QUOTED.sub(" ", said))) if name]
        # A capital at the start of a sentence says little: such a word comes last.
        starting = {part.split()[0] for part in reading.sentences(said)}
        self._names = quoted + sorted(capitalised, key=lambda phrase: phrase in starting)
        self._root: dict[str, Any] = {}

    def fill(self, schema: dict[str, Any]) -> Any:
        """A value that the schema allows."""
        self._root = schema
        return self._value(schema, "", ())

    def _value(self, schema: Any, name: str, within: tuple[str, ...]) -> Any:
        """A value for a part of the schema; `within` are the references that led here."""
        if not isinstance(schema, dict) or len(within) > _DEEPEST:
            return None
        if isinstance(schema.get("$ref"), str):
            within = (*within, schema["$ref"])
        schema = self._resolved(schema)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self._one_of(schema["enum"])
        options = [option for key in ("anyOf", "oneOf") for option in schema.get(key, ()) if isinstance(option, dict)]
        if options:
            # What would lead into itself again is the last choice, null the one before.
            return self._value(min(options, key=lambda option: self._reluctance(option, within)), name, within)
        kind = _type(schema)
        if kind == "object":
            properties = schema.get("properties", {})
            return {key: self._value(part, key, within) for key, part in properties.items()}
        if kind == "array":
            return self._array(schema, name, within)
        if kind in ("integer", "number"):
            return self._number(schema, kind)
        if kind == "boolean":
            return True
        return None if kind == "null" else self._string(schema, name)

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The schema with its reference followed and its allOf parts taken together."""
        for _ in range(_DEEPEST):
            reference = schema.get("$ref")
            if not isinstance(reference, str) or not reference.startswith("#"):
                break
            target: Any = self._root
            for part in reference.lstrip("#/").split("/") if reference != "#" else ():
                target = target.get(part, {}) if isinstance(target, dict) else {}
            schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
        merged = dict(schema)
        for part in schema.get("allOf", ()):
            if isinstance(part, dict):
                resolved = self._resolved(part)
                properties = {**merged.get("properties", {}), **resolved.get("properties", {})}
                merged = {**resolved, **merged}
                if properties:
                    merged["properties"] = properties
        return merged

    def _one_of(self, options: list[Any]) -> Any:
        said = self._said.lower()
        named = [option for option in options if isinstance(option, str) and option and option.lower() in said]
        return max(named, key=len) if named else options[0]

    @staticmethod
    def _reluctance(option: dict[str, Any], within: tuple[str, ...]) -> int:
        if option.get("$ref") in within:
            return 2
        return 1 if _type(option) == "null" else 0

    def _array(self, schema: dict[str, Any], name: str, within: tuple[str, ...]) -> list[Any]:
        fewest, most = _whole(schema, "minItems", 0), _whole(schema, "maxItems", 1_000)
        items = schema.get("items", {})
        again = isinstance(items, dict) and items.get("$ref") in within
        return [self._value(items, name, within) for _ in range(fewest if again else min(max(1, fewest), most))]

    def _number(self, schema: dict[str, Any], kind: str) -> int | float:
        for position, number in enumerate(self._numbers):
            value = float(number)
            if _fits(value, schema, kind):
                del self._numbers[position]
                return int(value) if value.is_integer() else value
        step: float = schema.get("multipleOf", 1)
        low: float | None = schema.get("minimum", schema.get("exclusiveMinimum"))
        high: float | None = schema.get("maximum", schema.get("exclusiveMaximum"))
        start = low if low is not None else (high if high is not None and high < 1 else 1)
        for candidate in (start, -(-start // step) * step, (start // step + 1) * step, (start // step - 1) * step):
            if _fits(candidate, schema, kind):
                return int(candidate) if float(candidate).is_integer() else candidate
        if low is not None and high is not None:
            return (low + high) / 2
        return 1

    def _string(self, schema: dict[str, Any], name: str) -> str:
        shape = _FORMATS.get(schema.get("format", ""))
        if shape is not None:
            return shape
        pattern = schema.get("pattern")
        if isinstance(pattern, str) and (fitting := self._fitting(pattern)) is not None:
            return fitting
        shortest, longest = _whole(schema, "minLength", 0), _whole(schema, "maxLength", 10_000)
        text: str = self._named(name) or (self._own_words() if _FREE_TEXT.search(name) else self._next_name())
        return text[:longest].ljust(shortest, ".")

    def _fitting(self, pattern: str) -> str | None:
        try:
            accept = re.compile(pattern)
        except re.error:
            return None
        return next((word for word in self._said.split() if accept.search(word.strip(".,;!?"))), None)

    def _named(self, name: str) -> str | None:
        """What someone said the property is: "the city is Paris", "city: Paris"."""
        if not name:
            return None
        wanted = re.escape(name.replace("_", " ")).replace(r"\ ", r"[\s_]")
        stated = re.compile(rf"\b{wanted}(?:\s+is|\s+was|\s*[:=])\s+[\"'“]?([^\n.,;!?\"'”]+)", re.IGNORECASE)
        for source in self._sources:
            if found := stated.search(source):
                return str(found[1]).strip()
        return None

    def _next_name(self) -> str:
        if self._names:
            return str(self._names.pop(0))
        said = [word for word in reading.words(self._said) if word.lower() not in reading.STOP_WORDS]
        return said[-1] if said else "unknown"


def _shortened(phrase: str) -> str:
    """A capitalised phrase without the question words it may begin with."""
    parts = phrase.split()
    while parts and parts[0].lower() in reading.STOP_WORDS:
        del parts[0]
    return " ".join(parts)


def _type(schema: dict[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if kind is None:
        kind = "object" if "properties" in schema else "array" if "items" in schema else "string"
    return str(kind).lower()


def _whole(schema: dict[str, Any], key: str, otherwise: int) -> int:
    value = schema.get(key, otherwise)
    try:
        return max(0, int(value))  # Gemini writes int64 fields as strings
    except (TypeError, ValueError):
        return otherwise


def _fits(value: float, schema: dict[str, Any], kind: str) -> bool:
    if kind == "integer" and not float(value).is_integer():
        return False
    step = schema.get("multipleOf")
    return (
        value >= schema.get("minimum", value)
        and value <= schema.get("maximum", value)
        and ("exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"])
        and ("exclusiveMaximum" not in schema or value < schema["exclusiveMaximum"])
        and (not step or abs(value / step - round(value / step)) < 1e-9)
    )
