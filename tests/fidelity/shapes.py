"""The shape of an answer: which paths it has, of which types, and the values at its ends.

The items of an array share one path. Where objects of several kinds meet, each is named by its kind: `content[text].text`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

OPAQUE = frozenset(
    {
        "arguments", "args", "input", "schema", "parameters", "metadata", "logit_bias", "parsed", "quotaDimensions",
    }
)  # fmt: skip
"""Keys whose content is the caller's or the model's: what is below them is not compared, but for a message of a named type."""

_KINDS = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}


@dataclass
class Shape:
    """Types and end values by path, and how often each key stood in its object."""

    types: dict[str, set[str]] = field(default_factory=dict)
    values: dict[str, list[Any]] = field(default_factory=dict)
    objects: Counter[str] = field(default_factory=Counter)
    """How many objects were met at a path."""
    keys: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many of them had this key."""

    def add(self, value: Any, at: str = "") -> Shape:
        """Takes in a JSON value below the path `at`."""
        self._walk(value, at)
        return self

    def merge(self, other: Shape) -> None:
        """Takes in what another shape has seen."""
        for path, kinds in other.types.items():
            self.types.setdefault(path, set()).update(kinds)
        for path, values in other.values.items():
            self.values.setdefault(path, []).extend(values)
        self.objects.update(other.objects)
        self.keys.update(other.keys)

    def _walk(self, value: Any, at: str) -> None:
        if isinstance(value, dict):
            self.objects[at] += 1
            for key, item in value.items():
                self.keys[at, str(key)] += 1
                path = _joined(at, str(key), item)
                self._note(path, item)
                if key not in OPAQUE or (isinstance(item, dict) and "@type" in item):
                    self._walk(item, path)
        elif isinstance(value, list):
            for item in value:
                path = f"{at}[{_kind_of(item)}]"
                self._note(path, item)
                self._walk(item, path)

    def always(self) -> set[tuple[str, str]]:
        """The keys that no object at their path is without."""
        return {(at, key) for (at, key), times in self.keys.items() if times == self.objects[at]}

    def _note(self, path: str, value: Any) -> None:
        kind = kind_of(value)
        self.types.setdefault(path, set()).add(kind)
        if kind not in ("object", "array"):
            self.values.setdefault(path, []).append(value)


def _joined(at: str, key: str, item: Any) -> str:
    """The path of a key; one that holds an object of a named kind tells it: `delta(text_delta)`."""
    kind = _kind_of(item) if key != "error" else ""
    return below(at, f"{key}({kind})" if kind else key)


def below(at: str, name: str) -> str:
    """A path one step further; an event's label ends in a slash."""
    return f"{at}.{name}" if at and not at.endswith("/") else at + name


def _kind_of(item: Any) -> str:
    if not isinstance(item, dict):
        return ""
    kind = item.get("type", item.get("@type"))
    return kind.rpartition("/")[2].rpartition(".")[2] if isinstance(kind, str) else ""


def kind_of(value: Any) -> str:
    """The JSON type of a value, with integers told from other numbers."""
    return "null" if value is None else _KINDS[type(value)]


def within(ours: set[str], theirs: set[str]) -> bool:
    """Whether each of our types is one of theirs; an integer is a number."""
    return ours - {"integer"} <= theirs and ("integer" not in ours or not theirs.isdisjoint({"integer", "number"}))
