"""Since which run a promise holds or is broken: what earlier reports in the same folder noted, a target each."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from pydantic import Field, ValidationError

from support.values import Provider, Value

NAME = "tracker-history.json"
ASIDE = "tracker-history.unreadable.json"
_KEPT = 2
"""Changes of one promise: the last, and the one before, to which a run goes back that is looked at once more."""

Key = tuple[str, Provider]
"""A row's id and a provider."""


class Change(Value):
    """From this run on it stood so."""

    state: str
    run: str
    at: datetime


class Remembered(Value):
    """One promise on one target, as it was found whenever a run said enough of it."""

    target: str
    row: str
    provider: Provider
    changes: tuple[Change, ...]
    run: str
    """The last run that said so."""
    at: datetime

    @property
    def since(self) -> Change:
        return self.changes[-1]


class Memory(Value):
    """All that is remembered."""

    promises: tuple[Remembered, ...] = ()
    is_lost: bool = Field(default=False, exclude=True)
    """Whether there was more, which could not be read."""

    def of(self, target: str) -> dict[Key, Remembered]:
        """What is known of one target: live promises and simulated ones say nothing about each other."""
        return {(one.row, one.provider): one for one in self.promises if one.target == target}


def read(path: Path) -> Memory:
    """What the folder remembers; what cannot be read is put aside, so that nobody writes over it, and told of (`is_lost`)."""
    try:
        return Memory.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Memory()
    except (OSError, ValidationError):
        with suppress(OSError):
            path.replace(path.with_name(ASIDE))
        return Memory(is_lost=True)


def with_run(memory: Memory, target: str, run: str, at: datetime, states: Mapping[Key, str]) -> Memory:
    """The memory with what a run found. The same run again, after another of its processes, takes its own place."""
    known = memory.of(target)
    for (row, provider), state in states.items():
        before = known.get((row, provider))
        changes = [change for change in before.changes if change.run != run] if before else []
        if not changes or changes[-1].state != state:
            changes.append(Change(state=state, run=run, at=at))
        known[row, provider] = Remembered(
            target=target, row=row, provider=provider, changes=tuple(changes[-_KEPT:]), run=run, at=at
        )
    others = tuple(one for one in memory.promises if one.target != target)
    return Memory(promises=(*others, *known.values()))
