"""Removing one account's resources one by one: a failure does not stop the rest, and real time is bounded."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from support.errors import NotFound, Retired, SetupError, TouchstoneError
from support.gateway.capabilities import ProviderGateway
from support.gateway.markers import unmark
from support.housekeeping.kinds import Listed, kind_named
from support.housekeeping.report import Left, Removed
from support.journal import Journal, Resource
from support.values import Provider

R = TypeVar("R")

Lists = Mapping[str, Sequence[Listed] | Exception]
"""What a provider lists of each kind, or why that could not be had."""


class OutOfTime(Exception):
    """The time for housekeeping was up."""


class TimeLimit:
    """Seconds of real time for a whole round; a single call may take a third, so that one that hangs leaves time for others."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = time.monotonic() + seconds

    async def wait(self, begin: Callable[[], Awaitable[R]]) -> R:
        """The call's result; raises OutOfTime where it takes too long. Once the time is up, none is begun."""
        allowed = min(self._until - time.monotonic(), self._seconds / 3)
        if allowed <= 0:
            raise OutOfTime("the time for housekeeping was up before it could be tried")
        try:
            async with asyncio.timeout(allowed):
                return await begin()
        except TimeoutError:
            raise OutOfTime(f"no answer in {allowed:.1f} s") from None


class Removal:
    """What was removed at one account, and what could not be."""

    def __init__(
        self,
        journal: Journal,
        limit: TimeLimit,
        target: str,
        tenant: str,
        may_touch: Callable[[str], bool] = lambda run: True,
    ) -> None:
        self.removed: list[Removed] = []
        self.left: list[Left] = []
        self.given_up: list[Left] = []
        """What nobody can name, and the provider forgets by itself."""
        self.never_made = 0
        self._journal = journal
        self._limit = limit
        self._target = target
        self._tenant = tenant
        self._may_touch = may_touch
        """Asked with the run's id right before each deletion."""

    async def lists(self, gateway: ProviderGateway, kinds: Iterable[str]) -> Lists:
        """All of the account's resources of these kinds."""
        found: dict[str, Sequence[Listed] | Exception] = {}
        for kind in kinds:
            try:
                if kind_named(kind).list is None:
                    continue
                found[kind] = await self._limit.wait(lambda kind=kind: _all(gateway, kind))  # type: ignore[misc]
            except Retired:
                found[kind] = []  # gone with its API
            except Exception as error:
                found[kind] = error
        return found

    async def entries(self, gateway: ProviderGateway, resources: Iterable[Resource], lists: Lists) -> None:
        """Removes what the journal knows, in the given order; an entry without an id is looked for by its marker in `lists`."""
        for resource in resources:
            try:
                await self._entry(gateway, resource, lists)
            except Exception as error:
                self.keep(resource, reason_of(error))

    async def _entry(self, gateway: ProviderGateway, resource: Resource, lists: Lists) -> None:
        kind = kind_named(resource.kind)
        if resource.remote_id is None and kind.list is None and kind.forgotten_after is not None:
            self._journal.gone(resource.entry)
            after = kind.forgotten_after
            span = f"{after.days} days" if after.days else f"{after.seconds // 60} minutes"
            why = f"{resource.provider} does not list it, and forgets it in {span}"
            self.given_up.append(self._left(resource, why))
            return
        ids = [resource.remote_id] if resource.remote_id is not None else _marked(resource, lists)
        if not ids:
            self._journal.refused(resource.entry)
            self.never_made += 1
            return
        for id in ids:
            if not self._may_touch(resource.run):
                return
            gone_before = await self._delete(gateway, resource.kind, id)
            self._note(resource.run, resource.scenario, resource.provider, resource.kind, id, gone_before)
        self._journal.gone(resource.entry)

    async def marked(self, gateway: ProviderGateway, lists: Lists, runs: frozenset[str]) -> None:
        """Removes what carries the marker of one of these runs and has not been tried yet: the journal may lack it."""
        results: list[Removed | Left] = [*self.removed, *self.left]
        tried = {(one.provider, one.kind, one.id) for one in results}
        for kind, listed in lists.items():
            for one in () if isinstance(listed, Exception) else listed:
                marker, _ = unmark(one.marked)
                if marker is None or marker.run_id not in runs or (gateway.provider, kind, one.id) in tried:
                    continue
                if not self._may_touch(marker.run_id):
                    continue
                try:
                    gone_before = await self._delete(gateway, kind, one.id)
                except Exception as error:
                    reason = reason_of(error)
                    self.left.append(
                        self._as_left(marker.run_id, None, gateway.provider, kind, one.id, str(marker), reason)
                    )
                else:
                    self._note(marker.run_id, None, gateway.provider, kind, one.id, gone_before)

    def gone_with_account(self, resources: Iterable[Resource]) -> None:
        """The account is no more, and so are these."""
        for resource in resources:
            self._journal.gone(resource.entry)
            id = resource.remote_id or resource.marker
            self._note(resource.run, resource.scenario, resource.provider, resource.kind, id, gone_before=True)

    def keep(self, resource: Resource, reason: str) -> None:
        """It could not be removed; the journal's entry stays open."""
        self.left.append(self._left(resource, reason))

    def _left(self, resource: Resource, reason: str) -> Left:
        return self._as_left(
            resource.run,
            resource.scenario,
            resource.provider,
            resource.kind,
            resource.remote_id,
            resource.marker,
            reason,
        )

    def _as_left(
        self, run: str, scenario: str | None, provider: Provider, kind: str, id: str | None, marker: str, reason: str
    ) -> Left:
        return Left(
            run=run,
            scenario=scenario,
            target=self._target,
            tenant=self._tenant,
            provider=provider,
            kind=kind,
            id=id,
            marker=marker,
            reason=reason,
        )

    def _note(self, run: str, scenario: str | None, provider: Provider, kind: str, id: str, gone_before: bool) -> None:
        removed = Removed(
            run=run,
            scenario=scenario,
            target=self._target,
            tenant=self._tenant,
            provider=provider,
            kind=kind,
            id=id,
            already_gone=gone_before,
        )
        self.removed.append(removed)

    async def _delete(self, gateway: ProviderGateway, kind: str, id: str) -> bool:
        """Whether it was gone already."""
        try:
            await self._limit.wait(lambda: kind_named(kind).delete(gateway, id))
        except (NotFound, Retired):
            return True
        return False


def by_provider(resources: Iterable[Resource]) -> dict[Provider, list[Resource]]:
    """The resources of each provider, in the order they had."""
    groups: dict[Provider, list[Resource]] = {}
    for resource in resources:
        groups.setdefault(resource.provider, []).append(resource)
    return groups


def reason_of(error: Exception) -> str:
    """The error in one line."""
    first = (str(error).splitlines() or [""])[0]
    speaks_for_itself = isinstance(error, TouchstoneError | SetupError | OutOfTime)
    return first if speaks_for_itself else f"{type(error).__name__}: {first}"


async def _all(gateway: ProviderGateway, kind: str) -> list[Listed]:
    listing = kind_named(kind).list
    assert listing is not None, f"{kind} cannot be listed"
    return [listed async for listed in listing(gateway)]


def _marked(resource: Resource, lists: Lists) -> list[str]:
    """Ids of what carries exactly this marker: one, or several where a create was repeated."""
    listed = lists.get(resource.kind)
    if listed is None:
        if kind_named(resource.kind).list is None:
            raise SetupError(
                f"{resource.provider} does not list a {resource.kind.replace('_', ' ')}, and its id never came: look for "
                f"{resource.marker} by hand"
            )
        raise SetupError(f"{resource.provider} has no {resource.kind}s to look among")
    if isinstance(listed, Exception):
        raise listed
    return [one.id for one in listed if str(unmark(one.marked)[0]) == resource.marker]
