"""What can be switched on: the simulator's deviations and the sabotages of our own code, and how."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from support.audit.sabotages import SABOTAGES
from support.audit.sabotaging import sabotaged
from support.catalogue.tracker import Switch
from support.run.suite import Suite
from support.targets import SimulatorTarget
from support.values import Provider


@dataclass(frozen=True, slots=True)
class Known:
    """A switch that can be thrown: what it does, and for whom."""

    layer: str
    name: str
    does: str
    providers: tuple[Provider, ...]


def deviations(suite: Suite) -> list[Known]:
    """What the running simulator can do wrong, in its own words."""
    assert isinstance(suite.target, SimulatorTarget)
    listed = suite.await_(suite.target.deviations())
    return [
        Known("simulator", one["name"], one["description"], tuple(Provider(name) for name in one["providers"]))
        for one in listed
    ]


def sabotages() -> list[Known]:
    """What can be done to our own code."""
    return [Known("gateway", one.name, one.does, one.providers) for one in SABOTAGES.values()]


@contextmanager
def switched_on(suite: Suite, switch: Switch | Known) -> Iterator[Callable[[], int]]:
    """The switch on; yields how often it has changed something so far."""
    if switch.layer == "simulator":
        suite.deviation, suite.deviation_fired = switch.name, 0
        try:
            yield lambda: suite.deviation_fired
        finally:
            suite.deviation = None
        return
    with sabotaged(SABOTAGES[switch.name]) as fired:
        yield lambda: fired.times
