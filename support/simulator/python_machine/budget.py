"""What a program may use: every step and every piece of memory is paid from one account, so both are bounded.

A value is weighed before anything walks all of it (comparing, hashing, showing): a tower of lists that hold one another
twice is small in memory and endless to walk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

STEPS = 500_000
LONGEST = 1_000_000
"""Characters of a text, or elements of a list."""
WIDEST_BITS = 50_000
"""Of a whole number."""


class Exhausted(BaseException):
    """The program has used up its steps; no `except` of the program's catches it."""


class Budget:
    """The account of one run."""

    __slots__ = ("_limit", "left")

    def __init__(self, steps: int = STEPS) -> None:
        self._limit = self.left = steps

    def spend(self, steps: int = 1) -> None:
        """Raises Exhausted when nothing is left."""
        self.left -= steps
        if self.left < 0:
            raise Exhausted(f"the program was stopped after {self._limit} steps")

    def made(self, value: Any) -> Any:
        """Pay for a value that an operation made; raises MemoryError for one that is too large."""
        kind = type(value)
        if kind is int:
            bits = value.bit_length()
            if bits > WIDEST_BITS:
                raise MemoryError(f"a whole number of more than {WIDEST_BITS} bits")
            self.spend(bits >> 7)
        elif kind is str or kind is bytes:
            fits(len(value))
            self.spend(len(value) >> 4)
        elif kind in CONTAINERS:
            fits(len(value))
            self.spend(len(value) >> 2)
        return value

    def weigh(self, value: Any) -> None:
        """Pay for walking the whole of a value, as often as each part of it occurs."""
        waiting = [value]
        while waiting:
            self.spend()
            part = waiting.pop()
            kind = type(part)
            if kind is str or kind is bytes:
                self.spend(len(part) >> 6)
            elif kind is int:
                self.spend(part.bit_length() ** 2 >> 18)
            elif isinstance(part, BaseException):
                waiting.extend(part.args)
            elif kind in MAPPINGS:
                self.spend(len(part) >> 2)
                waiting.extend(part.keys())
                waiting.extend(part.values())
            elif kind in CONTAINERS:
                self.spend(len(part) >> 2)
                waiting.extend(part)

    def each(self, value: Any) -> Iterator[Any]:
        """The elements of a value, each paid for; raises TypeError for what has none."""
        elements = iter(value)
        spend = self.spend
        return (spend() or element for element in elements)

    def taken(self, value: Any) -> list[Any]:
        """All elements of a value at once."""
        elements = list(islice(iter(value), LONGEST + 1))
        self.made(elements)
        return elements

    def hashed(self, keys: Iterable[Any]) -> None:
        """Pay for hashing these."""
        for key in keys:
            if type(key) is tuple or type(key) is frozenset:
                self.weigh(key)


def fits(size: int) -> None:
    """Raises MemoryError for a text or a list that would be too long."""
    if size > LONGEST:
        raise MemoryError(f"a value of more than {LONGEST} elements")


# Filled by `library`, which knows the other kinds of containers that a program can have.
MAPPINGS: set[type] = {dict}
CONTAINERS: set[type] = {list, tuple, set, frozenset, dict}

Call = Callable[[Any, list[Any], dict[str, Any]], Any]
"""How the machine calls what the program calls: (function, positional, named)."""
