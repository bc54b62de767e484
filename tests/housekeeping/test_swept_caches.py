"""Cached contexts that a run left behind: found by journal and by marker, beside files, where the provider has any."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from support.errors import NotFound, ServerError
from support.gateway.capabilities import Capability
from support.housekeeping.cleanup import cleanup
from support.housekeeping.sweep import Reached, sweep
from support.journal import Journal, Run, Target
from support.values import CachedContext, Deletion, Provider
from tests.housekeeping.conftest import SIMULATOR
from tests.housekeeping.fake_provider import FakeProvider, marker, upload

pytestmark = pytest.mark.anyio

MOMENT = datetime(2026, 11, 23, tzinfo=UTC)


class FakeCaches:
    """As much of `Caches` as housekeeping may use: list and delete."""

    def __init__(self) -> None:
        self.kept: dict[str, CachedContext] = {}
        self.asked: list[str] = []
        self.refuses: set[str] = set()
        self.list_fails = False

    def put(self, id: str, sent_name: str) -> None:
        self.kept[id] = CachedContext(
            provider=Provider.GEMINI,
            id=id,
            model="m",
            name="n",
            sent_name=sent_name,
            tokens=1024,
            created_at=MOMENT,
            updated_at=MOMENT,
            expires_at=MOMENT + timedelta(hours=1),
            raw={},
        )

    async def list(self, *, page_size: int | None = None) -> AsyncIterator[CachedContext]:
        if self.list_fails:
            raise ServerError("the list broke off", provider=Provider.GEMINI)
        for cache in tuple(self.kept.values()):
            yield cache

    async def delete(self, cache_id: str) -> Deletion:
        self.asked.append(cache_id)
        if cache_id in self.refuses:
            raise ServerError(f"{cache_id} cannot be deleted now", provider=Provider.GEMINI)
        if self.kept.pop(cache_id, None) is None:
            raise NotFound(f"no such cache: {cache_id}", provider=Provider.GEMINI, status=403)
        return Deletion(provider=Provider.GEMINI, id=cache_id)


class Gemini(FakeProvider):
    """Files and caches."""

    offers: ClassVar = {
        Capability.FILES: lambda self: self.store,
        Capability.CACHES: lambda self: self.contexts,
    }

    def __init__(self) -> None:
        super().__init__(Provider.GEMINI)
        self.contexts = FakeCaches()

    def keep(self, run: Run, id: str, number: int, *, confirmed: bool = True) -> None:
        """A cache as a scenario makes it; unconfirmed, as a process leaves it that dies before the answer."""
        register = run.scenario("one", "tenant-1")
        mark = marker(run.id, number)
        entry = register.intend(Provider.GEMINI, "cached_context", mark)
        self.contexts.put(id, f"{mark}the press manual")
        if confirmed:
            register.confirm(entry, id)


@pytest.fixture
def gemini() -> Gemini:
    return Gemini()


async def swept(journal: Journal, gemini: Gemini) -> list[tuple[str, str]]:
    """Kind and id of what was removed at the one account, whose OpenAI has files alone."""

    async def reach(target: Target, tenant: str) -> Reached:
        return {Provider.GEMINI: gemini, Provider.OPENAI: FakeProvider(Provider.OPENAI)}

    report = await sweep(journal, reach)
    assert report.problems == ()
    return [(one.kind, one.id) for one in report.removed]


async def test_a_killed_runs_caches_go_by_journal_and_by_marker(journal: Journal, run: Run, gemini: Gemini) -> None:
    gemini.keep(run, "cachedContents/known", 1)
    gemini.keep(run, "cachedContents/unclear", 2, confirmed=False)
    gemini.contexts.put("cachedContents/lost", f"{marker('aaaa', 3)}the press manual")
    gemini.contexts.put("cachedContents/strangers", "the press manual")
    gemini.contexts.put("cachedContents/unknown-runs", f"{marker('zzzz', 4)}the press manual")
    run.end()
    assert sorted(await swept(journal, gemini)) == [
        ("cached_context", "cachedContents/known"),
        ("cached_context", "cachedContents/lost"),
        ("cached_context", "cachedContents/unclear"),
    ]
    assert set(gemini.contexts.kept) == {"cachedContents/strangers", "cachedContents/unknown-runs"}
    assert await swept(journal, gemini) == []


async def test_caches_and_files_are_swept_together(journal: Journal, run: Run, gemini: Gemini) -> None:
    upload(run.scenario("one", "tenant-1"), gemini, "files/1", 1)
    gemini.keep(run, "cachedContents/1", 2)
    run.end()
    assert set(await swept(journal, gemini)) == {("file", "files/1"), ("cached_context", "cachedContents/1")}
    assert (gemini.store.stored, gemini.contexts.kept) == ({}, {})


async def test_a_living_runs_caches_stay(journal: Journal, run: Run, gemini: Gemini) -> None:
    other = journal.begin_run("bbbb", SIMULATOR, worker="w2")
    gemini.keep(run, "cachedContents/dead", 1)
    gemini.keep(other, "cachedContents/alive", 2)
    run.end()
    assert await swept(journal, gemini) == [("cached_context", "cachedContents/dead")]
    assert set(gemini.contexts.kept) == {"cachedContents/alive"}
    other.end()


async def test_a_cache_that_expired_meanwhile_counts_as_gone(run: Run, gemini: Gemini) -> None:
    register = run.scenario("one", "tenant-1")
    register.confirm(register.intend(Provider.GEMINI, "cached_context", marker("aaaa", 1)), "cachedContents/1")
    report = await cleanup(lambda provider: gemini, register)
    assert [(one.id, one.already_gone) for one in report.removed] == [("cachedContents/1", True)]
    assert register.open_resources() == []


async def test_a_cache_that_cannot_be_removed_is_told_and_stays_in_the_journal(
    journal: Journal, run: Run, gemini: Gemini
) -> None:
    gemini.keep(run, "cachedContents/1", 1)
    gemini.contexts.refuses = {"cachedContents/1"}
    gemini.contexts.list_fails = True
    run.end()

    async def reach(target: Target, tenant: str) -> Reached:
        return {Provider.GEMINI: gemini}

    report = await sweep(journal, reach)
    assert [(left.kind, left.id) for left in report.left] == [("cached_context", "cachedContents/1")]
    assert [one.reason for one in report.unlooked] == [
        "Gemini gave no list of cached_contexts: Gemini: the list broke off"
    ]
    gemini.contexts.refuses, gemini.contexts.list_fails = set(), False
    assert await swept(journal, gemini) == [("cached_context", "cachedContents/1")]
