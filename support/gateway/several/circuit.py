"""A breaker for one provider: after some failures in a row it is left alone for a while, and then tried with one request."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

FAILURES = 5
"""In a row, after which a provider is left alone."""
PAUSE = timedelta(seconds=30)
"""For how long."""

State = Literal["closed", "open", "probing"]


@dataclass(slots=True)
class Permit:
    """The right to send one request; good for one outcome."""

    probe: bool
    used: bool = False


class Circuit:
    """Counts the failures of one provider; `closed` lets everything pass, `open` nothing, `probing` only the probe.

    It never looks at a clock: whoever asks for a permit of a circuit that is not closed says what time it is.
    """

    def __init__(self, failures: int = FAILURES, pause: timedelta = PAUSE) -> None:
        self.failures = 0
        """In a row."""
        self.state: State = "closed"
        self.opened_at: datetime | None = None
        self._most = failures
        self._pause = pause

    @property
    def opens_again_at(self) -> datetime | None:
        """When a probe may pass; None while it is closed."""
        return None if self.opened_at is None else self.opened_at + self._pause

    def enter(self, now: datetime | None = None) -> Permit | None:
        """The right to send one request; None while the provider is left alone, or somebody else is probing it.

        `now` is needed where the circuit is not closed.
        """
        if self.state == "closed":
            return Permit(probe=False)
        if self.state == "open" and now is not None and is_due(self, now):
            self.state = "probing"
            return Permit(probe=True)
        return None

    def succeeded(self, permit: Permit) -> None:
        """The provider answered."""
        if not _use(permit):
            return
        if permit.probe:
            self.state, self.opened_at = "closed", None
        if self.state == "closed":
            self.failures = 0

    def failed(self, permit: Permit, now: datetime) -> None:
        """The provider did not answer, or with an error of its own."""
        if not _use(permit):
            return
        if not permit.probe and self.state != "closed":
            return  # sent before it opened: it is as old as what opened it
        self.failures += 1
        if permit.probe or opens(self, self._most):
            self.state, self.opened_at = "open", now

    def left(self, permit: Permit) -> None:
        """Nothing was learned of the provider: nothing was sent, or nobody waited for the end. The next may probe."""
        if _use(permit) and permit.probe:
            self.state = "open"


def _use(permit: Permit) -> bool:
    """Whether its outcome is still to be told."""
    fresh, permit.used = not permit.used, True
    return fresh


def opens(circuit: Circuit, most: int) -> bool:
    """Whether so many failures in a row are enough."""
    return circuit.failures >= most


def is_due(circuit: Circuit, now: datetime) -> bool:
    """Whether the provider was left alone long enough."""
    due = circuit.opens_again_at
    return due is not None and now >= due
