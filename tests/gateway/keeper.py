"""A process that makes a cache and is killed before it can delete it: `python keeper.py URL KEY STATE`."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from support.gateway.call import ChokePoint
from support.gateway.clock import WallClock
from support.gateway.endpoint import Endpoint, shared_client
from support.gateway.events import Account
from support.gateway.exchanges import Wire
from support.gateway.gemini.gateway import GeminiGateway
from support.gateway.purse import LedgerPurse
from support.ledger import Caps, Ledger
from support.values import Message, Money, Provider


class Nobody:
    """A register that keeps nothing."""

    def intend(self, provider: Provider, kind: str, marker: str) -> int:
        return 0

    def confirm(self, entry: int, remote_id: str) -> None: ...

    def refused(self, entry: int) -> None: ...

    def removed(self, provider: Provider, kind: str, remote_id: str) -> None: ...


class Noon(WallClock):
    """It is always the same time."""

    async def now(self) -> datetime:
        return datetime(2026, 11, 23, 12, tzinfo=UTC)


async def main(url: str, key: str, state: str) -> None:
    account = Account("killed", "a scenario", "caching", "CC-01", Money.SIMULATED)
    with Ledger.open(Path(state)) as ledger:
        choke = ChokePoint(
            account=account,
            clock=Noon(),
            purse=LedgerPurse(ledger, account, Caps()),
            register=Nobody(),
            wire=Wire(),
            listeners=(),
            attempts=1,
        )
        async with shared_client() as http:
            caches = GeminiGateway(Endpoint(Provider.GEMINI, url, key, request_timeout=10), http, choke).caches
            manual = (Message(role="user", text=" ".join(["word"] * 1200)),)
            cache = await caches.create(model="gemini-3.5-flash-lite", messages=manual, ttl=timedelta(hours=2))
            print(cache.id, flush=True)
            await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
