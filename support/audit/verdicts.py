"""What became of each unit of the audit: a row, a switch, a provider."""

from datetime import datetime
from enum import StrEnum

from support.values import Provider, Value


class Verdict(StrEnum):
    """Only the first and the last are good news."""

    NOTICED = "noticed"
    UNNOTICED = "unnoticed"
    NOT_REACHED = "not reached"
    """No scenario came to where the switch changes anything."""
    BROKEN = "broken"
    """The suite itself failed: a crash or a timeout is no notice."""
    EXCLUDED = "excluded by design"

    @property
    def is_good(self) -> bool:
        return self in (Verdict.NOTICED, Verdict.EXCLUDED)


class Unit(Value):
    """One switch, tried on one row with one provider."""

    row: str
    layer: str
    switch: str
    does: str
    provider: Provider
    verdict: Verdict
    scenario: str = ""
    """Which scenario noticed, or broke."""
    sentence: str = ""
    """What it said; or the reason of an exclusion."""
    crashed: tuple[str, ...] = ()
    """Scenarios that crashed before another one noticed: a step of theirs trusts what it should doubt."""


class Shown(Value):
    """One scenario, and the first switch that turned it red; no switch where none did."""

    row: str
    scenario: str
    layer: str = ""
    switch: str = ""
    sentence: str = ""
    """What it said; where nothing turned it red, how it crashed instead, if it did."""


class CleanPass(Value):
    """All scenarios without any switch: they must hold."""

    order: str
    scenarios: int
    red: tuple[str, ...] = ()
    """Scenarios that did not pass, each with what it said."""


class Audit(Value):
    """The whole audit."""

    passes: tuple[CleanPass, ...]
    units: tuple[Unit, ...]
    unknown: tuple[str, ...]
    """Switches of the tracker that nothing here can switch on."""
    every: tuple[Shown, ...] | None = None
    """Each scenario by itself; None where that was not asked for."""
    seconds: float
    began_at: datetime | None = None
    """Of the wall: what is changed in the suite after that was not looked at."""

    @property
    def is_good(self) -> bool:
        return (
            not self.unknown
            and not self.unshown
            and not any(one.red for one in self.passes)
            and all(unit.verdict.is_good for unit in self.units)
        )

    @property
    def unshown(self) -> tuple[Shown, ...]:
        """The scenarios that no switch turned red."""
        return tuple(one for one in self.every or () if not one.switch)

    def count(self, verdict: Verdict) -> int:
        return sum(unit.verdict is verdict for unit in self.units)
