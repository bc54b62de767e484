"""Google's reading of JSON: both spellings of a field, lenient numbers, a message for a list of one; unknown fields refused.

`read` gives the message with camelCase names, defaults left out. What cannot be read is refused with all violations at
once (provider-facts 1.3). That enumerations are read without regard to case, and that one message stands for a list of
one, is in the recordings of generateContent.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

from pydantic_core import to_json

from support.simulator.gemini.errors import violations
from support.simulator.wire import Json

# Where a value stands: (the place of what contains it, its snake_case name or its index in a list); None at the top.
Place: TypeAlias = "tuple[Place, str | int] | None"

MESSAGES = "type.googleapis.com/google.ai.generativelanguage."


class Reader:
    """One reading: gathers what is wrong with it."""

    __slots__ = ("_found", "version")

    def __init__(self, version: str) -> None:
        self.version = version
        self._found: list[tuple[str, str]] = []

    def wrong_value(self, place: Place, kind: str, value: Json, why: str = "") -> None:
        """A value that is no `kind`."""
        path = path_of(place)
        self._found.append((path, f"Invalid value at '{path}' ({kind}), {why or excerpt(value)}"))

    def unknown_name(self, place: Place, name: str, why: str = "Cannot find field.") -> None:
        """A name that the message at `place` does not have."""
        path = path_of(place)
        where = f" at '{path}'" if path else ""
        self._found.append((path, f'Invalid JSON payload received. Unknown name "{name}"{where}: {why}'))

    def finish(self) -> None:
        """Refuses the request if anything was wrong."""
        if self._found:
            raise violations(self._found)


class Kind(Protocol):
    """A type of value: None stands for a value that could not be read, and was told to the reader."""

    def read(self, value: Json, place: Place, reader: Reader) -> Any: ...


class Scalar:
    """A number, a truth value or a text; `convert` raises ValueError for what it cannot take."""

    __slots__ = ("_convert", "_name")

    def __init__(self, name: str, convert: Callable[[Json], Any]) -> None:
        self._name = name
        self._convert = convert

    def read(self, value: Json, place: Place, reader: Reader) -> Any:
        try:
            return self._convert(value)
        except ValueError as error:
            reader.wrong_value(place, self._name, value, str(error))
            return None


class Enum:
    """One of some words; numbers stand for them, too."""

    __slots__ = ("_name", "_numbers", "_words")

    def __init__(self, name: str, numbers: Mapping[str, int]) -> None:
        self._name = name
        self._words = dict.fromkeys(numbers)
        self._numbers = {number: word for word, number in numbers.items()}

    def read(self, value: Json, place: Place, reader: Reader) -> Any:
        if isinstance(value, str):
            word = value.upper()
            if word in self._words:
                return word
        elif type(value) is int and value in self._numbers:
            return self._numbers[value]
        reader.wrong_value(place, f"{MESSAGES}{reader.version}.{self._name}", value)
        return None


class Anything:
    """A value of any kind, or an object of any content (`Struct`)."""

    __slots__ = ("_only_objects",)

    def __init__(self, *, only_objects: bool = False) -> None:
        self._only_objects = only_objects

    def read(self, value: Json, place: Place, reader: Reader) -> Any:
        if self._only_objects and not isinstance(value, dict):
            reader.wrong_value(place, "type.googleapis.com/google.protobuf.Struct", value)
            return None
        return value


class Several:
    """A list; a single value stands for a list of one."""

    __slots__ = ("kind",)

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def read(self, value: Json, place: Place, reader: Reader) -> Any:
        if type(value) is not list:
            value = [value]
        read = self.kind.read
        return [read(item, (place, index), reader) for index, item in enumerate(value)]


class ByName:
    """A map from texts to values."""

    __slots__ = ("_kind",)

    def __init__(self, kind: Kind) -> None:
        self._kind = kind

    def read(self, value: Json, place: Place, reader: Reader) -> Any:
        if not isinstance(value, dict):
            reader.wrong_value(place, "Map", value)
            return None
        return {name: self._kind.read(item, (place, name), reader) for name, item in value.items()}


class Message:
    """A message: its fields by snake_case name. Of the fields in each group of `one_of` a request may set one."""

    __slots__ = ("_fields", "_groups", "_name")

    def __init__(self, name: str, one_of: Mapping[str, tuple[str, ...]] | None = None, /, **kinds: Kind) -> None:
        self._name = name
        self._groups = {camel(field): group for group, members in (one_of or {}).items() for field in members}
        self._fields: dict[str, tuple[str, str, Kind]] = {}
        self.add(**kinds)

    def add(self, **kinds: Kind) -> None:
        """Fields that need the message itself, and fields whose JSON name is no Python word."""
        for name, kind in kinds.items():
            entry = (camel(name), name, kind)
            self._fields[name] = self._fields[entry[0]] = entry

    def read(self, value: Json, place: Place, reader: Reader) -> Any:
        if type(value) is not dict:
            reader.wrong_value(place, f"{MESSAGES}{reader.version}.{self._name}", value)
            return None
        fields, groups = self._fields, self._groups
        taken: tuple[str, ...] = ()
        message: dict[str, Any] = {}
        for key, item in value.items():
            field = fields.get(key)
            if field is None:
                reader.unknown_name(place, key)
            elif item is not None:
                name, snake, kind = field
                if type(item) is list and type(kind) is not Several and type(kind) is not Anything:
                    reader.unknown_name(place, key, "Proto field is not repeating, cannot start list.")
                    continue
                if name in groups:
                    group = groups[name]
                    if group in taken:
                        why = f"oneof field '{group}' is already set. Cannot set '{name}'"
                        reader.wrong_value(place, "oneof", item, why)
                    taken = (*taken, group)
                message[name] = kind.read(item, (place, snake), reader)
        return message


def read(message: Message, value: Json, version: str) -> dict[str, Any]:
    """The request as a message of the API version (`v1`, `v1beta`), or a refusal that tells all that is wrong with it."""
    reader = Reader(version)
    found: dict[str, Any] = message.read(value, None, reader)
    reader.finish()
    return found


def camel(snake: str) -> str:
    """`max_output_tokens` -> `maxOutputTokens`; a name that begins with an underscore is left as it is."""
    if snake.startswith("_"):
        return snake
    first, *rest = snake.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


def path_of(place: Place) -> str:
    """`contents[0].parts[1].text`, as Google names places."""
    parts: list[str] = []
    while place is not None:
        place, step = place
        parts.append(f"[{step}]" if isinstance(step, int) else f".{step}")
    return "".join(reversed(parts)).removeprefix(".")


def excerpt(value: Json) -> str:
    """The value as JSON, as far as a refusal repeats it."""
    text = to_json(value).decode("utf-8", "replace")
    return text if len(text) <= 200 else text[:200] + "..."


def _text(value: Json) -> str:
    if isinstance(value, str):
        return value
    raise ValueError


def _truth(value: Json) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise ValueError


def _real(value: Json) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise ValueError from None
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError
    return number


def _whole(bits: int) -> Callable[[Json], int]:
    limit = 1 << (bits - 1)

    def convert(value: Json) -> int:
        number = value if type(value) is int else _real(value)
        if number != int(number) or not -limit <= number < limit:
            raise ValueError
        return int(number)

    return convert


def _bytes(value: Json) -> bytes:
    if not isinstance(value, str):
        raise ValueError
    text = value.replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"Base64 decoding failed for {excerpt(value)}") from None


TEXT = Scalar("TYPE_STRING", _text)
TRUTH = Scalar("TYPE_BOOL", _truth)
FLOAT = Scalar("TYPE_FLOAT", _real)
DOUBLE = Scalar("TYPE_DOUBLE", _real)
INT32 = Scalar("TYPE_INT32", _whole(32))
INT64 = Scalar("TYPE_INT64", _whole(64))
BYTES = Scalar("TYPE_BYTES", _bytes)
VALUE = Anything()
STRUCT = Anything(only_objects=True)
