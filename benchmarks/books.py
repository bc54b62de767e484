"""A scenario's gateway as the suite has it: a tenant of a simulator of its own, a clock that jumps, ledger and journal on disk."""

import tempfile
import tracemalloc
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from decimal import Decimal

import httpx

from benchmarks.simulator_start import simulator
from support.gateway.call import ChokePoint
from support.gateway.capabilities import ProviderGateway
from support.gateway.clock import JumpingClock
from support.gateway.endpoint import Endpoint, shared_client
from support.gateway.events import Account
from support.gateway.exchanges import Wire
from support.gateway.open import open_gateway
from support.gateway.purse import LedgerPurse
from support.journal import Journal
from support.journal import Target as JournalledTarget
from support.ledger import Caps, Ledger
from support.targets import START_OF_TIME, Control
from support.values import Money, Provider

MEBIBYTE = 1 << 20
_RICH = Decimal(1_000_000)
_PATIENCE = 600.0
"""Seconds for an answer: at the end of a large batch the simulator is at work for some, and answers nobody."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One provider's gateway, and what stands behind it."""

    gateway: ProviderGateway
    wire: Wire


@asynccontextmanager
async def scenario(provider: Provider, limits: Mapping[str, int] | None = None) -> AsyncIterator[Scenario]:
    """`limits`: of the tenant's own, by the simulator's names for them."""
    wire = Wire()
    async with AsyncExitStack() as opened:
        state = opened.enter_context(tempfile.TemporaryDirectory())
        _, url, _ = opened.enter_context(simulator())
        plane = await opened.enter_async_context(httpx.AsyncClient(base_url=url, timeout=_PATIENCE, trust_env=False))
        ledger, journal = opened.enter_context(Ledger.open(state)), opened.enter_context(Journal.open(state))
        http = await opened.enter_async_context(shared_client())
        asked = {"now": START_OF_TIME.isoformat(), "limits": dict(limits or {})}
        made = (await plane.post("/_simulator/tenants", json=asked)).raise_for_status().json()
        clock = JumpingClock(Control(plane, made["id"]), lambda: wire.in_flight)
        account = Account("bench", made["id"], "", "", Money.SIMULATED)
        run = journal.begin_run("bench", JournalledTarget(name="simulator"), worker=ledger.worker)
        choke = ChokePoint(
            account=account,
            clock=clock,
            purse=LedgerPurse(ledger, account, Caps(run=_RICH)),
            register=run.scenario("bench", made["id"]),
            wire=wire,
            listeners=[],
            attempts=4,
        )
        endpoint = Endpoint(provider, url, made["keys"][provider], kept=state, request_timeout=_PATIENCE)
        yield Scenario(open_gateway(endpoint, http, choke), wire)


class Growth:
    """How far the traced memory rose above where it was, in mebibytes; known when its `with` block is left."""

    mebibytes = 0.0


@contextmanager
def traced() -> Iterator[Growth]:
    growth = Growth()
    tracemalloc.start()
    try:
        yield growth
        growth.mebibytes = tracemalloc.get_traced_memory()[1] / MEBIBYTE
    finally:
        tracemalloc.stop()
