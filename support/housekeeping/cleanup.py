"""After each scenario: deletes through the gateway what the journal says it left, newest first."""

import asyncio
from collections.abc import Callable

from support.gateway.capabilities import ProviderGateway
from support.housekeeping.removal import Removal, TimeLimit, by_provider, reason_of
from support.housekeeping.report import CleanupReport
from support.journal import Resource, ScenarioRegister
from support.values import Provider

CLEANUP_SECONDS = 30.0


async def cleanup(
    gateway_of: Callable[[Provider], ProviderGateway], register: ScenarioRegister, *, seconds: float = CLEANUP_SECONDS
) -> CleanupReport:
    """Removes what the scenario made and nobody removed; what the provider no longer has counts as gone.

    A failure is reported and does not stop the rest, nor does one provider hold up another; all ends within `seconds`
    of real time. Raises JournalUnavailable where the journal cannot be read.
    """
    removal = Removal(register.journal, TimeLimit(seconds), register.run.target.name, register.tenant)
    groups = by_provider(register.open_resources())
    await asyncio.gather(*(_clean(gateway_of, provider, group, removal) for provider, group in groups.items()))
    return CleanupReport(
        removed=tuple(removal.removed),
        left=tuple(removal.left),
        given_up=tuple(removal.given_up),
        never_made=removal.never_made,
    )


async def _clean(
    gateway_of: Callable[[Provider], ProviderGateway], provider: Provider, resources: list[Resource], removal: Removal
) -> None:
    try:
        gateway = gateway_of(provider)
    except Exception as error:
        for resource in resources:
            removal.keep(resource, reason_of(error))
        return
    unclear = {resource.kind for resource in resources if resource.remote_id is None}
    await removal.entries(gateway, resources, await removal.lists(gateway, unclear))
