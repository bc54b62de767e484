"""Caches that a killed run left at the simulator are swept through the real gateway, by journal and by marker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.gateway.call import ChokePoint, Register
from support.gateway.events import Account
from support.gateway.gemini.gateway import GeminiGateway
from support.housekeeping.sweep import Reached, sweep
from support.journal import Journal, Target
from support.values import CachedContext, Message, Money, Provider
from tests.gateway.conftest import Bench, FakeRegister

pytestmark = pytest.mark.anyio

SIMULATOR = Target(name="simulator")
MANUAL = (Message(role="user", text=" ".join(["word"] * 1200)),)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path) as opened:
        yield opened


def gateway_of(bench: Bench, run: str, register: Register) -> GeminiGateway:
    choke = ChokePoint(
        account=Account(run, "one", "caching", "CC-01", Money.SIMULATED),
        clock=bench.clock,
        purse=bench.purse,
        register=register,
        wire=bench.wire,
        listeners=(),
        attempts=1,
    )
    return GeminiGateway(bench.endpoint(Provider.GEMINI), bench.http, choke)


async def keep(gateway: GeminiGateway, name: str) -> CachedContext:
    return await gateway.caches.create(model="gemini-3.5-flash-lite", messages=MANUAL, name=name)


async def test_what_a_killed_run_left_is_found_by_journal_and_by_marker(bench: Bench, journal: Journal) -> None:
    tenant = bench.tenant.id
    run = journal.begin_run("aaaa", SIMULATOR, worker="w1")
    gateway = gateway_of(bench, "aaaa", run.scenario("one", tenant))
    known, expired = (
        await keep(gateway, "known"),
        await gateway.caches.update((await keep(gateway, "short")).id, ttl="1s"),
    )
    forgetful = gateway_of(bench, "aaaa", FakeRegister())
    lost = await keep(forgetful, "lost")  # the journal never heard of it
    strangers = await keep(gateway_of(bench, "zzzz", FakeRegister()), "a stranger's")
    run.end()
    bench.tenant.advance(1)

    async def reach(target: Target, asked: str) -> Reached:
        assert asked == tenant
        return {Provider.GEMINI: gateway_of(bench, "sweeper", FakeRegister())}

    report = await sweep(journal, reach)
    assert {(one.kind, one.id, one.already_gone) for one in report.removed} == {
        ("cached_context", known.id, False),
        ("cached_context", expired.id, True),
        ("cached_context", lost.id, False),
    }
    assert report.problems == ()
    assert bench.tenant.state()["inventory"] == {"Gemini": {"cachedContents": [strangers.id]}}


async def test_a_cache_whose_answer_never_came_is_found_by_its_marker(bench: Bench, journal: Journal) -> None:
    run = journal.begin_run("aaaa", SIMULATOR, worker="w1")
    gateway = gateway_of(bench, "aaaa", run.scenario("one", bench.tenant.id))
    bench.tenant.faults({"operation": "caches.create", "when": "after", "do": {"garbage": True}})
    with pytest.raises(Exception, match="could not be read"):
        await keep(gateway, "unclear")
    run.end()
    [open_one] = journal.open_resources("aaaa")
    assert (open_one.kind, open_one.remote_id) == ("cached_context", None)

    async def reach(target: Target, asked: str) -> Reached:
        return {Provider.GEMINI: gateway_of(bench, "sweeper", FakeRegister())}

    report = await sweep(journal, reach)
    assert [one.kind for one in report.removed] == ["cached_context"]
    assert bench.tenant.state()["inventory"] == {}
    assert journal.open_resources("aaaa") == []
