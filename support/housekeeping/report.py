"""What housekeeping removed and what it could not, as values and as lines of plain text."""

from collections import Counter
from collections.abc import Iterable

from support.values import Provider, Value


class Removed(Value):
    """A remote resource that is gone now."""

    run: str
    scenario: str | None
    """None where only the marker told whose it was."""
    target: str
    tenant: str
    provider: Provider
    kind: str
    id: str
    """The marker where no id is known."""
    already_gone: bool
    """The provider no longer had it: removed by someone else, expired, or gone with its account."""


class Left(Value):
    """A remote resource that may still be there, and why."""

    run: str
    scenario: str | None
    target: str
    tenant: str
    provider: Provider
    kind: str
    id: str | None
    """None where no id is known, only the marker."""
    marker: str
    reason: str


class CleanupReport(Value):
    """What became of one scenario's resources."""

    removed: tuple[Removed, ...] = ()
    left: tuple[Left, ...] = ()
    given_up: tuple[Left, ...] = ()
    """What nobody can name, and the provider forgets by itself: no problem, but told."""
    never_made: int = 0
    """Creates that ended unclear and turned out to have made nothing."""

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be removed and why, one sentence each; none where all is well."""
        return tuple(_left_line(left) for left in self.left)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is left to the provider, one sentence each."""
        return tuple(f"Left to itself: {_what(one)}: {one.reason}." for one in self.given_up)


class Unlooked(Value):
    """An account, or a list of it, where the sweep could not look."""

    target: str
    tenant: str
    reason: str


class SweepReport(Value):
    """What became of the resources of runs that have ended."""

    removed: tuple[Removed, ...] = ()
    left: tuple[Left, ...] = ()
    given_up: tuple[Left, ...] = ()
    """What nobody can name, and the provider forgets by itself: no problem, but told."""
    unlooked: tuple[Unlooked, ...] = ()
    never_made: int = 0
    places: int = 0
    """Accounts that were looked at."""
    living: tuple[str, ...] = ()
    """Runs that are going on; nothing of theirs was touched."""

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be removed or looked at and why, one sentence each; none where all is well."""
        unlooked = (f"not looked at: {one.target}, {one.tenant}: {one.reason}" for one in self.unlooked)
        return (*(_left_line(left) for left in self.left), *unlooked)

    def lines(self) -> list[str]:
        """The whole report as plain text, the sum first."""
        lines = [_sum(self)]
        lines += [f"  {'already gone' if one.already_gone else 'removed'}: {_what(one)}" for one in self.removed]
        lines += [f"  {problem}" for problem in self.problems]
        lines += [f"  left to itself: {_what(one)}: {one.reason}" for one in self.given_up]
        if self.living:
            lines.append(f"  left alone: {', '.join(self.living)} (going on)")
        return lines


def _sum(report: SweepReport) -> str:
    if not (report.removed or report.left or report.unlooked or report.given_up):
        return f"Nothing to sweep ({_count(report.places, 'account')} looked at)."
    here = [one for one in report.removed if not one.already_gone]
    parts = [f"Swept {_count(report.places, 'account')}: removed {_kinds(here)}"]
    if gone := len(report.removed) - len(here):
        parts.append(f"{gone} already gone")
    if report.left:
        parts.append(f"{len(report.left)} could not be removed")
    if report.given_up:
        parts.append(f"{len(report.given_up)} left to itself")
    if report.unlooked:
        parts.append(f"{len(report.unlooked)} not looked at")
    return ", ".join(parts) + "."


def _kinds(removed: Iterable[Removed]) -> str:
    counts = Counter(f"{one.provider} {one.kind}" for one in removed)
    return ", ".join(_count(number, kind) for kind, number in sorted(counts.items())) or "nothing"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _left_line(left: Left) -> str:
    return f"could not be removed: {_what(left)}: {left.reason}"


def _what(one: Removed | Left) -> str:
    name = one.id or f"marked {one.marker}" if isinstance(one, Left) else one.id
    whose = f"run {one.run}" + (f", scenario {one.scenario!r}" if one.scenario else "")
    return f"{one.provider} {one.kind} {name} ({one.target}, {one.tenant}; {whose})"
