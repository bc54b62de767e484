"""Accounts: a tenant is one inventory, one clock and one key per provider; no tenant sees another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from support.simulator import ids
from support.simulator.clock import TenantClock
from support.simulator.deviations import Running
from support.simulator.faults import FaultScript
from support.simulator.overlap import Volleys
from support.simulator.wire import ProviderApi, TenantSeed

KEY_PREFIX = "sim-"


@dataclass(slots=True)
class Gauges:
    """Requests of one tenant: those whose head has arrived, and those whose answer has not ended."""

    served: int = 0
    by_operation: dict[str, int] = field(default_factory=dict)
    in_flight: int = 0
    peak_in_flight: int = 0
    open_by_operation: dict[str, int] = field(default_factory=dict)
    peak_by_operation: dict[str, int] = field(default_factory=dict)
    # How often an operation went from none open to one: requests that overlap share this number.
    rounds: dict[str, int] = field(default_factory=dict)

    def enter(self, operation: str) -> None:
        """A request's head has arrived."""
        self.served += 1
        self.by_operation[operation] = self.by_operation.get(operation, 0) + 1
        self.in_flight += 1
        if self.in_flight > self.peak_in_flight:
            self.peak_in_flight = self.in_flight
        now_open = self.open_by_operation.get(operation, 0) + 1
        self.open_by_operation[operation] = now_open
        if now_open > self.peak_by_operation.get(operation, 0):
            self.peak_by_operation[operation] = now_open
        if now_open == 1:
            self.rounds[operation] = self.rounds.get(operation, 0) + 1

    def leave(self, operation: str) -> None:
        """A request's answer has ended."""
        self.in_flight -= 1
        self.open_by_operation[operation] -= 1


class Tenant:
    """One account. States of the providers are made when they are first needed."""

    __slots__ = (
        "_states", "clock", "deviation", "durations", "faults", "gauges", "id", "keys", "label", "latency", "limits", "opened_at",
        "volleys",
    )  # fmt: skip

    def __init__(
        self,
        keys: dict[str, str],
        clock: TenantClock,
        label: str | None = None,
        durations: dict[str, float] | None = None,
        latency: float = 0.0,
        limits: dict[str, int] | None = None,
    ) -> None:
        self.id = f"tenant-{ids.token(12, ids.BASE36_LOWER)}"
        self.label = label
        self.clock = clock
        self.opened_at = clock.now()
        self.keys = keys
        self.durations = durations or {}
        self.latency = latency
        self.limits = limits or {}
        self.faults = FaultScript()
        self.deviation: Running | None = None
        self.gauges = Gauges()
        self.volleys = Volleys(clock)
        self._states: dict[str, Any] = {}

    def state(self, api: ProviderApi) -> Any:
        """What this tenant has at one provider."""
        state = self._states.get(api.name)
        if state is None:
            state = self._states[api.name] = api.new_state(TenantSeed(self.id, self.opened_at))
        return state

    def inventory(self, apis: Iterable[ProviderApi], now: datetime) -> dict[str, dict[str, list[str]]]:
        """provider -> kind -> ids that exist; what is empty is left out."""
        held: dict[str, dict[str, list[str]]] = {}
        for api in apis:
            if api.name in self._states:
                kinds = {kind: found for kind, found in api.inventory(self._states[api.name], now).items() if found}
                if kinds:
                    held[api.name] = kinds
        return held


class Tenants:
    """Every account of this process, by id and by key."""

    def __init__(self, providers: Iterable[str], speed: float) -> None:
        self._providers = tuple(providers)
        self._speed = speed
        self._by_id: dict[str, Tenant] = {}
        self._by_key: dict[str, Tenant] = {}
        # Keys that were issued to a tenant since deleted: they stay refused, and open no account of their own.
        self._revoked: set[str] = set()

    def issue(
        self,
        clock: TenantClock,
        label: str | None,
        durations: dict[str, float] | None,
        latency: float,
        limits: dict[str, int] | None = None,
    ) -> Tenant:
        """A new tenant with a key of its own for each provider."""
        keys = {name: f"{KEY_PREFIX}{name.lower()}-{ids.secret(28)}" for name in self._providers}
        return self._add(Tenant(keys, clock, label, durations, latency, limits))

    def holder(self, provider: str, key: str) -> Tenant | None:
        """Whose key this is at this provider. An unknown key of ours opens a tenant on first use; others are None."""
        tenant = self._by_key.get(key)
        if tenant is None:
            if not key.startswith(KEY_PREFIX) or len(key) == len(KEY_PREFIX) or key in self._revoked:
                return None
            return self._add(Tenant(dict.fromkeys(self._providers, key), TenantClock(speed=self._speed)))
        return tenant if tenant.keys[provider] == key else None

    def get(self, tenant_id: str) -> Tenant | None:
        return self._by_id.get(tenant_id)

    def all(self) -> list[Tenant]:
        return list(self._by_id.values())

    def close(self, tenant: Tenant) -> None:
        """Forget a tenant and all it has; keys that were issued to it are refused from now on."""
        del self._by_id[tenant.id]
        keys = set(tenant.keys.values())
        for key in keys:
            del self._by_key[key]
        if len(keys) > 1:  # a key that opened its own tenant may do so again
            self._revoked |= keys

    def _add(self, tenant: Tenant) -> Tenant:
        self._by_id[tenant.id] = tenant
        for key in tenant.keys.values():
            self._by_key[key] = tenant
        return tenant
