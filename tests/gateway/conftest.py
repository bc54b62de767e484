"""What the adapters' tests share: a tenant of a running simulator, and fakes of the purse, the register and the clock."""

import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest

from support.errors import BudgetExceeded
from support.gateway.call import ChokePoint, Held, Operation
from support.gateway.endpoint import Endpoint, shared_client
from support.gateway.events import Account, CallEvent
from support.gateway.exchanges import Wire
from support.values import Money, Provider, Storage, Usage
from tests.plain_http import plain_client

ROOT = Path(__file__).resolve().parents[2]
ATTEMPTS = 4


@dataclass
class FakePurse:
    """Pays for everything and remembers it; `cap_input_tokens` makes it ask for the provider's count, as the ledger does."""

    cap_input_tokens: int | None = None
    reserved: list[Operation] = field(default_factory=list)
    counted: list[int] = field(default_factory=list)
    settled: list[Usage | None] = field(default_factory=list)
    released: int = 0
    kept: int = 0
    settled_late: list[tuple[Usage, Decimal | None]] = field(default_factory=list)
    settled_kept: list[tuple[Usage, Storage]] = field(default_factory=list)
    settled_sums: list[tuple[Usage, Decimal | None]] = field(default_factory=list)

    async def reserve(self, operation: Operation) -> Held:
        bound = operation.bound
        if bound is not None and self.cap_input_tokens is not None and bound.input_tokens > self.cap_input_tokens:
            asked = bound.input_tokens
            if bound.count is not None:
                asked = await bound.count()
                self.counted.append(asked)
            if asked > self.cap_input_tokens:
                raise BudgetExceeded(
                    f"{asked} tokens are more than the {self.cap_input_tokens} that are left",
                    cap="scenario",
                    limit=Decimal(self.cap_input_tokens),
                    committed=Decimal(0),
                    asked=Decimal(asked),
                )
        self.reserved.append(operation)
        return operation

    def settle(self, held: Held, usage: Usage | None, attempts: int) -> tuple[Decimal | None, bool]:
        self.settled.append(usage)
        return None, False

    def release(self, held: Held, attempts: int) -> None:
        self.released += 1

    def keep(self, held: Held, attempts: int) -> None:
        self.kept += 1

    def settle_late(
        self, held: Held, usage: Usage, fees_usd: Decimal | None, attempts: int
    ) -> tuple[Decimal | None, bool]:
        self.settled_late.append((usage, fees_usd))
        return fees_usd, fees_usd is None

    def settle_sum(
        self, held: Held, usage: Usage, cost_usd: Decimal | None, attempts: int
    ) -> tuple[Decimal | None, bool]:
        self.settled_sums.append((usage, cost_usd))
        return cost_usd, cost_usd is None

    def settle_kept(self, held: Held, usage: Usage, kept: Storage, attempts: int) -> tuple[Decimal | None, bool]:
        self.settled_kept.append((usage, kept))
        return kept.cost_usd, kept.cost_usd is None


@dataclass
class FakeRegister:
    """Remembers what was to be made, was made, was refused and was removed, by the number of the entry."""

    intended: list[tuple[Provider, str, str]] = field(default_factory=list)
    confirmed: dict[int, str] = field(default_factory=dict)
    refusals: list[int] = field(default_factory=list)
    removals: list[tuple[Provider, str, str]] = field(default_factory=list)

    def intend(self, provider: Provider, kind: str, marker: str) -> int:
        self.intended.append((provider, kind, marker))
        return len(self.intended) - 1

    def confirm(self, entry: int, remote_id: str) -> None:
        self.confirmed[entry] = remote_id

    def refused(self, entry: int) -> None:
        self.refusals.append(entry)

    def removed(self, provider: Provider, kind: str, remote_id: str) -> None:
        self.removals.append((provider, kind, remote_id))


def quickest(make: Callable[[], object]) -> float:
    """Seconds that making something takes, the best of twenty: other work on the machine is none of it."""
    seconds = []
    for _ in range(20):
        began = time.perf_counter()
        make()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


class Tenant:
    """A tenant of the simulator, moved and disturbed through its control plane."""

    def __init__(self, url: str, now: str = "2026-11-23T09:00:00Z") -> None:
        self.url = url
        self._http = plain_client(f"{url}/_simulator")
        made = self._asked(self._http.post("/tenants", json={"now": now, "label": "tests"}))
        self.id: str = made["id"]
        self.keys: dict[str, str] = made["keys"]

    def now(self) -> datetime:
        return datetime.fromisoformat(self._asked(self._http.get(f"/tenants/{self.id}/clock"))["now"])

    def advance(self, seconds: float) -> None:
        self._asked(self._http.post(f"/tenants/{self.id}/clock", json={"advance": seconds}))

    def faults(self, *script: Mapping[str, Any]) -> None:
        """Appends to the script of failures."""
        self._asked(self._http.post(f"/tenants/{self.id}/faults", json={"faults": list(script)}))

    def state(self) -> dict[str, Any]:
        """Inventory and requests served, as the simulator counts them."""
        return self._asked(self._http.get(f"/tenants/{self.id}"))

    def close(self) -> None:
        self._asked(self._http.delete(f"/tenants/{self.id}"))
        self._http.close()

    @staticmethod
    def _asked(response: httpx.Response) -> Any:
        assert response.is_success, f"the control plane answered {response.status_code}: {response.text}"
        return response.json() if response.content else None


@dataclass
class TenantTime:
    """The tenant's clock as the gateway's: a sleep is remembered and moves the tenant's time."""

    tenant: Tenant
    sleeps: list[float] = field(default_factory=list)

    async def now(self) -> datetime:
        return self.tenant.now()

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        if seconds > 0:
            self.tenant.advance(seconds)


@dataclass
class Bench:
    """All that an adapter is made from, and all that it leaves behind."""

    tenant: Tenant
    http: httpx2.AsyncClient
    purse: FakePurse
    register: FakeRegister
    clock: TenantTime
    wire: Wire
    events: list[CallEvent]
    choke: ChokePoint

    def endpoint(self, provider: Provider, *, key: str | None = None, request_timeout: float = 10.0) -> Endpoint:
        """The simulator as `provider`, with the tenant's key for it, or with `key`."""
        return Endpoint(
            provider=provider,
            base_url=self.tenant.url,
            key=key if key is not None else self.tenant.keys[provider],
            request_timeout=request_timeout,
        )


@pytest.fixture
def anyio_backend() -> str:
    """The gateway runs on asyncio."""
    return "asyncio"


@pytest.fixture(scope="session")
def simulator_url() -> Iterator[str]:
    """A simulator process for all tests of the gateway."""
    process = subprocess.Popen(
        [sys.executable, "-m", "support.simulator", "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://\S+", line)
    assert found, f"the simulator did not start: {line!r}"
    yield found[0]
    process.terminate()
    process.wait(10)
    process.stdout.close()


@pytest.fixture
def tenant(simulator_url: str) -> Iterator[Tenant]:
    made = Tenant(simulator_url)
    yield made
    made.close()


@pytest.fixture
async def bench(tenant: Tenant) -> AsyncIterator[Bench]:
    """A choke point over the tenant, with fakes for what stands under it."""
    purse, register, clock, wire = FakePurse(), FakeRegister(), TenantTime(tenant), Wire()
    events: list[CallEvent] = []
    choke = ChokePoint(
        account=Account(run_id="tests", scenario="a test", area="files", row="FM-00", money=Money.SIMULATED),
        clock=clock,
        purse=purse,
        register=register,
        wire=wire,
        listeners=[events.append],
        attempts=ATTEMPTS,
    )
    async with shared_client() as http:
        yield Bench(tenant, http, purse, register, clock, wire, events, choke)
