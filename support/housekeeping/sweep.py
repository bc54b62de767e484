"""Removes what runs that have ended left behind, by journal and by marker, and touches nothing else."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from support.gateway.capabilities import ProviderGateway
from support.housekeeping.kinds import KINDS
from support.housekeeping.removal import Removal, TimeLimit, by_provider, reason_of
from support.housekeeping.report import SweepReport, Unlooked
from support.journal import Journal, Place, Target
from support.values import Provider

SWEEP_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class TenantGone:
    """The account is no more, and everything in it: a tenant that was deleted, or whose simulator has ended."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The target cannot be reached now; its other accounts are not tried."""

    reason: str


Reached = Mapping[Provider, ProviderGateway] | TenantGone | Unreachable
Reach = Callable[[Target, str], Awaitable[Reached]]
"""Asked with a target and the tenant's id."""


async def sweep(
    journal: Journal, reach: Reach, *, run: str | None = None, seconds: float = SWEEP_SECONDS
) -> SweepReport:
    """Looks at every account where runs that have ended may have left something, or at all that `run` used.

    Safe to repeat, and beside living runs and other sweeps: a run that comes to life meanwhile is left alone from then
    on, and what someone else removed counts as gone. Failures are reported and do not stop the rest; no call is begun
    after `seconds` of real time. Raises JournalUnavailable where the journal cannot be read.
    """
    limit = TimeLimit(seconds)
    removals: list[Removal] = []
    unlooked: list[Unlooked] = []
    unreachable: dict[str, str] = {}
    for place in journal.abandoned(run):
        target = place.target.model_dump_json()
        if target not in unreachable:
            reached = await _reached(reach, place, limit)
            if not isinstance(reached, Unreachable):
                removals.append(_removal_at(place, journal, limit))
                unlooked += await _sweep_place(journal, place, reached, removals[-1], run)
                continue
            unreachable[target] = reached.reason
        unlooked.append(_unlooked(place, unreachable[target]))
    return SweepReport(
        removed=tuple(one for removal in removals for one in removal.removed),
        left=tuple(one for removal in removals for one in removal.left),
        given_up=tuple(one for removal in removals for one in removal.given_up),
        unlooked=tuple(unlooked),
        never_made=sum(removal.never_made for removal in removals),
        places=len(removals),
        living=tuple(sorted(living for living in journal.living_runs() if run in (None, living))),
    )


def _removal_at(place: Place, journal: Journal, limit: TimeLimit) -> Removal:
    return Removal(
        journal, limit, place.target.name, place.tenant, may_touch=lambda run: run not in journal.living_runs()
    )


def _unlooked(place: Place, reason: str) -> Unlooked:
    return Unlooked(target=place.target.name, tenant=place.tenant, reason=reason)


async def _reached(reach: Reach, place: Place, limit: TimeLimit) -> Reached:
    try:
        return await limit.wait(lambda: reach(place.target, place.tenant))
    except Exception as error:
        return Unreachable(reason_of(error))


async def _sweep_place(
    journal: Journal,
    place: Place,
    reached: Mapping[Provider, ProviderGateway] | TenantGone,
    removal: Removal,
    run: str | None,
) -> list[Unlooked]:
    """Sweeps one account, provider after provider; closes it when nothing was left. Answers the lists it could not get."""
    if isinstance(reached, TenantGone):
        removal.gone_with_account(place.resources)
        journal.close_scopes(place.scopes)
        return []
    unlooked: list[Unlooked] = []
    known = by_provider(place.resources)
    for provider in known.keys() - reached.keys():
        for resource in known[provider]:
            removal.keep(resource, f"the target gives no way to {provider}; is its key set?")
    ended = journal.ended_runs(place.target.name)
    for provider, gateway in reached.items():
        kinds = [name for name, kind in KINDS.items() if kind.capability in gateway.capabilities]
        lists = await removal.lists(gateway, kinds)
        await removal.entries(gateway, known.get(provider, ()), lists)
        await removal.marked(gateway, lists, ended if run is None else ended & {run})
        for kind, listed in lists.items():
            if isinstance(listed, Exception):
                unlooked.append(_unlooked(place, f"{provider} gave no list of {kind}s: {reason_of(listed)}"))
    if not unlooked and not removal.left:
        journal.close_scopes(place.scopes)
    return unlooked
