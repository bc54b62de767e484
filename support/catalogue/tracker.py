"""What the suite owes: rows, each with the switches it must notice, and lessons, each with what shows it."""

from functools import cache
from typing import Literal

from support.catalogue import read
from support.values import Provider, Value

INFRASTRUCTURE = "infrastructure"


class Switch(Value):
    """One named way to misbehave: a deviation of the simulator, or a sabotage of the gateway."""

    layer: Literal["simulator", "gateway"]
    name: str


class Row(Value):
    """One row of the tracker; `area` is the tag of its feature files."""

    id: str
    area: str
    providers: tuple[Provider, ...]
    """Empty for infrastructure, which no scenario shows: pytest notices its switches."""
    line: str
    simulator: tuple[str, ...] = ()
    gateway: tuple[str, ...] = ()
    own_simulator: tuple[str, ...] = ()
    """Beyond the tracker's: where none of its switches reaches a provider that the row names."""
    own_gateway: tuple[str, ...] = ()

    @property
    def switches(self) -> tuple[Switch, ...]:
        """What at least one scenario of the row must notice, for every provider that the switch applies to."""
        return (
            *(Switch(layer="simulator", name=name) for name in (*self.simulator, *self.own_simulator)),
            *(Switch(layer="gateway", name=name) for name in (*self.gateway, *self.own_gateway)),
        )


class Lesson(Value):
    """One lesson of those who went before, as a rule that something here turns red for when it is broken."""

    id: str
    line: str
    shown_by: tuple[str, ...] = ()
    """Rows whose scenarios show it."""
    tests: tuple[str, ...] = ()
    """Tests of pytest that show it, `tests/folder/test_module.py::test_name`."""


@cache
def _all() -> dict[str, Row]:
    return {entry["id"]: Row.model_validate(entry) for entry in read("tracker.toml")["row"]}


def rows() -> tuple[Row, ...]:
    """The tracked rows, in the tracker's order."""
    return tuple(row for row in _all().values() if row.area != INFRASTRUCTURE)


def infrastructure() -> tuple[Row, ...]:
    """What every row stands on: cost, fixtures, cleaning up, reports, budgets."""
    return tuple(row for row in _all().values() if row.area == INFRASTRUCTURE)


def row(row_id: str) -> Row | None:
    """A row by its id, which is also the tag of its scenarios; None for an id that the tracker does not have."""
    return _all().get(row_id)


@cache
def lessons() -> tuple[Lesson, ...]:
    """The lessons, in the tracker's order."""
    return tuple(Lesson.model_validate(entry) for entry in read("tracker.toml")["lesson"])
