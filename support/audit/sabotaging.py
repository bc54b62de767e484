"""What a sabotage is: named patches of functions, put on from outside where they are looked up, and taken off again."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from support.values import Provider

ALL = tuple(Provider)


class Fired:
    """Counts how often a sabotage really changed something."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


@dataclass(frozen=True, slots=True)
class Patch:
    """A function and what stands in its place: `make` gets the original, and what to call when it changes something."""

    owner: Any
    """A module, or a class."""
    name: str
    make: Callable[[Any, Fired], Any]


@dataclass(frozen=True, slots=True)
class Sabotage:
    """One way in which our own code could be wrong."""

    name: str
    does: str
    providers: tuple[Provider, ...]
    patches: Callable[[], Sequence[Patch]]
    """Asked when it is put on, so that the SDKs are loaded only then."""


@contextmanager
def sabotaged(sabotage: Sabotage, fired: Fired | None = None) -> Iterator[Fired]:
    """Our code with the sabotage on; afterwards it is as it was. A static or class method stays one."""
    fired = fired or Fired()
    originals: list[tuple[Patch, Any]] = []
    try:
        for patch in sabotage.patches():
            original = vars(patch.owner)[patch.name]
            originals.append((patch, original))
            kind = type(original) if isinstance(original, staticmethod | classmethod) else None
            made = patch.make(original.__func__ if kind else original, fired)
            setattr(patch.owner, patch.name, kind(made) if kind else made)
        yield fired
    finally:
        for patch, original in reversed(originals):
            setattr(patch.owner, patch.name, original)
