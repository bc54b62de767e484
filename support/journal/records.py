"""What the journal tells: targets, resources, and the places where ended runs may have left some."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from support.values import Provider, Value


class State(StrEnum):
    """What is known of a resource."""

    INTENDED = "intended"
    """A call was about to make it; whether it did is not known."""
    CONFIRMED = "confirmed"
    """The provider gave it an id."""
    REFUSED = "refused"
    """It was never made."""
    REMOVED = "removed"
    """It is gone."""


class Target(Value):
    """A target, and what a later process needs to reach it again, such as `simulator_url`; never a key."""

    name: str
    facts: Mapping[str, str] = {}


class Resource(Value):
    """One entry of the journal."""

    entry: int
    run: str
    worker: str
    scenario: str
    target: str
    tenant: str
    provider: Provider
    kind: str
    marker: str
    remote_id: str | None
    """None until the provider has answered with one."""
    state: State
    created_at: datetime
    updated_at: datetime


class Place(Value):
    """One account of one target where runs that have ended may have left something."""

    target: Target
    tenant: str
    scopes: tuple[int, ...]
    """The journal's numbers of those runs' scenarios there; `Journal.close` takes them."""
    resources: tuple[Resource, ...]
    """What those runs are known to have left there, newest first."""
