"""Sweeps what killed runs left behind: reaches their targets again and opens gateways to their accounts."""

from collections.abc import Mapping
from contextlib import suppress

import httpx

from support.errors import SetupError
from support.gateway.call import ChokePoint
from support.gateway.capabilities import ProviderGateway
from support.gateway.endpoint import shared_client
from support.gateway.events import Account
from support.gateway.exchanges import Wire
from support.gateway.markers import random_token
from support.gateway.open import open_gateway
from support.gateway.purse import LedgerPurse
from support.housekeeping.report import SweepReport
from support.housekeeping.sweep import Reached, TenantGone, Unreachable, sweep
from support.journal import Journal
from support.journal import Target as JournalledTarget
from support.ledger import Caps, Ledger
from support.settings import Settings
from support.targets import SimulatorGone, Target, Tenancy, reach_again
from support.values import Provider


class _NoRegister:
    """A sweep makes nothing; what it removes is entered by the sweep itself."""

    def intend(self, provider: Provider, kind: str, marker: str) -> int:
        raise AssertionError("a sweep makes nothing")

    def confirm(self, entry: int, remote_id: str) -> None:
        raise AssertionError("a sweep makes nothing")

    def refused(self, entry: int) -> None:
        raise AssertionError("a sweep makes nothing")

    def removed(self, provider: Provider, kind: str, remote_id: str) -> None:
        """The sweep writes it into the entry of whoever made it."""


async def sweep_everything(settings: Settings, run: str | None = None) -> SweepReport:
    """Removes what ended runs on any target left behind, or what one of them did. Raises SetupError.

    A simulator's tenant that is empty then is removed too: it was one dead scenario's own.
    """
    journal = Journal.open(settings.state)
    ledger = Ledger.open(settings.state)
    http = shared_client()
    opened: dict[str, Target] = {}
    reopened: list[Tenancy] = []

    async def reach(known: JournalledTarget, tenant: str) -> Reached:
        try:
            target = opened.setdefault(known.model_dump_json(), reach_again(settings, known.name, known.facts))
            tenancy = await target.reopen(tenant)
        except SimulatorGone:
            return TenantGone()
        except SetupError as error:
            return Unreachable(str(error))
        if tenancy is None:
            return TenantGone()
        reopened.append(tenancy)
        return gateways(tenancy, target)

    def gateways(tenancy: Tenancy, target: Target) -> Mapping[Provider, ProviderGateway]:
        account = Account(random_token(8), "", "housekeeping", "", target.money)
        choke = ChokePoint(
            account=account,
            clock=tenancy.clock,
            purse=LedgerPurse(ledger, account, Caps()),
            register=_NoRegister(),
            wire=Wire(),
            listeners=[],
            attempts=settings.attempts,
        )
        return {provider: open_gateway(endpoint, http, choke) for provider, endpoint in tenancy.endpoints.items()}

    try:
        report = await sweep(journal, reach, run=run)
        for tenancy in reopened:
            with suppress(httpx.HTTPError):  # another sweep was quicker
                if tenancy.control is not None and not await tenancy.inventory():
                    await tenancy.close()
        return report
    finally:
        await http.aclose()
        for target in opened.values():
            await target.close()
        ledger.close()
        journal.close()
