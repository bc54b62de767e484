"""Runs that have ended are swept, by journal and by marker; all else is left alone."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from time import monotonic

import pytest

from support.errors import SetupError
from support.housekeeping.sweep import Reached, TenantGone, Unreachable, sweep
from support.journal import Journal, Run, Target
from support.values import Provider
from tests.housekeeping.fake_provider import FakeProvider, fakes, marker, upload

pytestmark = pytest.mark.anyio

SIMULATOR = Target(name="simulator", facts={"simulator_url": "http://127.0.0.1:1"})
LIVE = Target(name="live")


class World:
    """Accounts by tenant; what is not in `accounts` is reached as `elsewhere` says."""

    def __init__(self) -> None:
        self.accounts: dict[str, Reached] = {}
        self.asked: list[tuple[Target, str]] = []
        self.elsewhere: Reached = TenantGone()

    def account(self, tenant: str) -> dict[Provider, FakeProvider]:
        made = fakes()
        self.accounts[tenant] = made
        return made

    async def reach(self, target: Target, tenant: str) -> Reached:
        self.asked.append((target, tenant))
        return self.accounts.get(tenant, self.elsewhere)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def begin(journal: Journal) -> Iterator[Callable[..., Run]]:
    begun: list[Run] = []

    def start(id: str, target: Target = SIMULATOR) -> Run:
        begun.append(journal.begin_run(id, target, worker="w1"))
        return begun[-1]

    yield start
    for run in begun:
        run.end()


Begin = Callable[..., Run]


async def test_it_removes_what_an_ended_run_left_by_journal_and_by_marker(
    journal: Journal, begin: Begin, world: World
) -> None:
    account = world.account("tenant-1")
    openai, gemini = account[Provider.OPENAI], account[Provider.GEMINI]
    run = begin("aaaa")
    register = run.scenario("one", "tenant-1")
    upload(register, openai, "file-1", 1)
    upload(register, openai, "file-2", 2, confirmed=False)
    register.intend(Provider.OPENAI, "file", marker("aaaa", 3))
    gemini.store.put("files/lost", f"{marker('aaaa', 4)}notes.txt")
    openai.store.put("file-stranger", "handbook.txt")
    openai.store.put("file-unknown-run", f"{marker('zzzz', 5)}notes.txt")
    run.end()
    report = await sweep(journal, world.reach)
    assert [(one.provider, one.id, one.scenario, one.already_gone) for one in report.removed] == [
        (Provider.OPENAI, "file-2", "one", False),
        (Provider.OPENAI, "file-1", "one", False),
        (Provider.GEMINI, "files/lost", None, False),
    ]
    assert set(openai.store.stored) == {"file-stranger", "file-unknown-run"}
    assert gemini.store.stored == {}
    assert (report.never_made, report.places, report.problems) == (1, 1, ())
    assert world.asked == [(SIMULATOR, "tenant-1")]
    assert report.lines() == [
        "Swept 1 account: removed 1 Gemini file, 2 OpenAI files.",
        "  removed: OpenAI file file-2 (simulator, tenant-1; run aaaa, scenario 'one')",
        "  removed: OpenAI file file-1 (simulator, tenant-1; run aaaa, scenario 'one')",
        "  removed: Gemini file files/lost (simulator, tenant-1; run aaaa)",
    ]


async def test_the_second_sweep_finds_nothing_and_looks_nowhere(journal: Journal, begin: Begin, world: World) -> None:
    account = world.account("tenant-1")
    run = begin("aaaa")
    upload(run.scenario("one", "tenant-1"), account[Provider.OPENAI], "file-1", 1)
    run.end()
    await sweep(journal, world.reach)
    world.asked.clear()
    again = await sweep(journal, world.reach)
    assert (again.removed, again.places, world.asked) == ((), 0, [])
    assert again.lines() == ["Nothing to sweep (0 accounts looked at)."]
    by_id = await sweep(journal, world.reach, run="aaaa")
    assert (by_id.removed, by_id.places) == ((), 1)


async def test_a_living_runs_resources_stay_even_at_the_same_account(
    journal: Journal, begin: Begin, world: World
) -> None:
    fake = world.account("account")[Provider.OPENAI]
    dead, alive = begin("aaaa", LIVE), begin("bbbb", LIVE)
    upload(dead.scenario("one", "account"), fake, "file-dead", 1)
    register = alive.scenario("one", "account")
    upload(register, fake, "file-alive", 2)
    upload(register, fake, "file-unclear", 3, confirmed=False)
    dead.end()
    report = await sweep(journal, world.reach)
    assert [one.id for one in report.removed] == ["file-dead"]
    assert set(fake.store.stored) == {"file-alive", "file-unclear"}
    assert len(register.open_resources()) == 2
    assert report.living == ("bbbb",)
    assert report.lines()[-1] == "  left alone: bbbb (going on)"
    named = await sweep(journal, world.reach, run="bbbb")
    assert (named.removed, named.places, named.living) == ((), 0, ("bbbb",))


async def test_a_run_that_comes_to_life_meanwhile_is_left_alone_from_then_on(
    journal: Journal, begin: Begin, world: World
) -> None:
    fake = world.account("account")[Provider.OPENAI]
    run = begin("aaaa", LIVE)
    register = run.scenario("one", "account")
    for number in range(3):
        upload(register, fake, f"file-{number}", number)
    fake.store.put("file-lost", f"{marker('aaaa', 9)}notes.txt")
    run.end()
    plain_delete = fake.store.delete

    async def delete_and_wake(file_id: str) -> object:
        begin("aaaa", LIVE)
        return await plain_delete(file_id)

    fake.store.delete = delete_and_wake  # type: ignore[assignment,method-assign]
    report = await sweep(journal, world.reach)
    assert [one.id for one in report.removed] == ["file-2"]
    assert set(fake.store.stored) == {"file-0", "file-1", "file-lost"}
    assert len(register.open_resources()) == 2


async def test_only_the_lease_tells_that_a_killed_run_has_ended(journal: Journal, world: World) -> None:
    fake = world.account("tenant-1")[Provider.OPENAI]
    lease = timedelta(seconds=0.4)
    run = journal.begin_run("aaaa", SIMULATOR, worker="w1", lease=lease)
    upload(run.scenario("one", "tenant-1"), fake, "file-1", 1)
    run._ending.set()  # the heartbeat stops, and nothing says that the run has ended: as after kill -9
    assert (await sweep(journal, world.reach)).removed == ()
    deadline = monotonic() + 5
    while journal.living_runs():
        assert monotonic() < deadline
        await asyncio.sleep(0.05)
    assert [one.id for one in (await sweep(journal, world.reach)).removed] == ["file-1"]


async def test_two_sweeps_at_once_do_not_fail(journal: Journal, begin: Begin, world: World) -> None:
    fake = world.account("tenant-1")[Provider.OPENAI]
    run = begin("aaaa")
    register = run.scenario("one", "tenant-1")
    for number in range(20):
        upload(register, fake, f"file-{number}", number, confirmed=number % 2 == 0)
    run.end()
    reports = await asyncio.gather(sweep(journal, world.reach), sweep(journal, world.reach))
    assert [report.problems for report in reports] == [(), ()]
    assert fake.store.stored == {}
    really = [one.id for report in reports for one in report.removed if not one.already_gone]
    assert sorted(really) == sorted(f"file-{number}" for number in range(20))
    assert journal.open_resources("aaaa") == []


async def test_a_tenant_that_is_no_more_took_its_resources_along(journal: Journal, begin: Begin, world: World) -> None:
    run = begin("aaaa")
    upload(run.scenario("one", "tenant-1"), fakes()[Provider.OPENAI], "file-1", 1)
    run.end()
    report = await sweep(journal, world.reach)
    assert [(one.id, one.already_gone) for one in report.removed] == [("file-1", True)]
    assert report.lines()[0] == "Swept 1 account: removed nothing, 1 already gone."
    assert journal.open_resources("aaaa") == []
    assert journal.abandoned() == []


async def test_a_target_that_cannot_be_reached_is_asked_once_and_kept_for_later(
    journal: Journal, begin: Begin, world: World
) -> None:
    account = world.account("account")
    run, other = begin("aaaa"), begin("bbbb", LIVE)
    for tenant in ("tenant-1", "tenant-2"):
        upload(run.scenario("one", tenant), fakes()[Provider.OPENAI], "file-1", 1)
    upload(other.scenario("one", "account"), account[Provider.OPENAI], "file-2", 2)
    run.end()
    other.end()
    world.elsewhere = Unreachable("the simulator does not answer; start it and sweep again")
    report = await sweep(journal, world.reach)
    assert world.asked == [(SIMULATOR, "tenant-1"), (LIVE, "account")]
    assert [one.id for one in report.removed] == ["file-2"]
    assert report.lines() == [
        "Swept 1 account: removed 1 OpenAI file, 2 not looked at.",
        "  removed: OpenAI file file-2 (live, account; run bbbb, scenario 'one')",
        "  not looked at: simulator, tenant-1: the simulator does not answer; start it and sweep again",
        "  not looked at: simulator, tenant-2: the simulator does not answer; start it and sweep again",
    ]
    world.elsewhere = TenantGone()
    assert [one.tenant for one in (await sweep(journal, world.reach)).removed] == ["tenant-1", "tenant-2"]


async def test_a_reach_that_fails_is_told(journal: Journal, begin: Begin) -> None:
    run = begin("aaaa")
    run.scenario("one", "tenant-1")
    run.end()

    async def reach(target: Target, tenant: str) -> Reached:
        raise SetupError(f"no target {target.name}")

    report = await sweep(journal, reach)
    assert [(one.tenant, one.reason) for one in report.unlooked] == [("tenant-1", "no target simulator")]
    assert len(journal.abandoned()) == 1


async def test_failures_are_told_and_tried_again_by_the_next_sweep(
    journal: Journal, begin: Begin, world: World
) -> None:
    account = world.account("account")
    openai, gemini = account[Provider.OPENAI], account[Provider.GEMINI]
    run = begin("aaaa", LIVE)
    register = run.scenario("one", "account")
    upload(register, openai, "file-1", 1)
    upload(register, openai, "file-2", 2)
    openai.store.put("file-lost", f"{marker('aaaa', 3)}notes.txt")
    upload(register, gemini, "files/1", 4, confirmed=False)
    openai.store.refuses = {"file-2", "file-lost"}
    gemini.store.list_fails = True
    run.end()
    report = await sweep(journal, world.reach)
    assert [one.id for one in report.removed] == ["file-1"]
    assert [(left.provider, left.id, left.marker) for left in report.left] == [
        (Provider.OPENAI, "file-2", marker("aaaa", 2)),
        (Provider.OPENAI, "file-lost", marker("aaaa", 3)),
        (Provider.GEMINI, None, marker("aaaa", 4)),
    ]
    assert [one.reason for one in report.unlooked] == ["Gemini gave no list of files: Gemini: the list broke off"]
    assert openai.store.asked == ["file-2", "file-1", "file-lost"]
    openai.store.refuses, gemini.store.list_fails = set(), False
    again = await sweep(journal, world.reach)
    assert {one.id for one in again.removed} == {"file-2", "file-lost", "files/1"}
    assert again.problems == ()


async def test_without_a_providers_key_its_entries_stay_open(journal: Journal, begin: Begin, world: World) -> None:
    account = world.account("account")
    run = begin("aaaa", LIVE)
    register = run.scenario("one", "account")
    upload(register, account[Provider.OPENAI], "file-1", 1)
    upload(register, account[Provider.GEMINI], "files/1", 2)
    world.accounts["account"] = {Provider.GEMINI: account[Provider.GEMINI]}
    run.end()
    report = await sweep(journal, world.reach)
    assert [one.id for one in report.removed] == ["files/1"]
    assert [left.reason for left in report.left] == ["the target gives no way to OpenAI; is its key set?"]
    assert [resource.remote_id for resource in journal.open_resources("aaaa")] == ["file-1"]


async def test_it_begins_nothing_once_its_time_is_up(journal: Journal, begin: Begin, world: World) -> None:
    fake = world.account("account")[Provider.OPENAI]
    run = begin("aaaa", LIVE)
    register = run.scenario("one", "account")
    for number in range(5):
        upload(register, fake, f"file-{number}", number)
    fake.store.hangs = set(fake.store.stored)
    run.end()
    began = monotonic()
    report = await sweep(journal, world.reach, seconds=0.3)
    assert monotonic() - began < 3
    assert fake.store.asked == ["file-4", "file-3", "file-2"]
    assert len(report.left) == 5


async def test_an_account_with_a_lost_file_that_stays_is_looked_at_again(
    journal: Journal, begin: Begin, world: World
) -> None:
    fake = world.account("account")[Provider.OPENAI]
    run = begin("aaaa", LIVE)
    run.scenario("one", "account")
    fake.store.put("file-lost", f"{marker('aaaa', 1)}notes.txt")
    fake.store.refuses = {"file-lost"}
    run.end()
    assert [left.id for left in (await sweep(journal, world.reach)).left] == ["file-lost"]
    fake.store.refuses = set()
    assert [one.id for one in (await sweep(journal, world.reach)).removed] == ["file-lost"]


async def test_a_sweep_of_one_run_leaves_other_ended_runs_alone(journal: Journal, begin: Begin, world: World) -> None:
    fake = world.account("account")[Provider.OPENAI]
    for number, run in enumerate((begin("aaaa", LIVE), begin("bbbb", LIVE))):
        upload(run.scenario("one", "account"), fake, f"file-{run.id}", number)
        fake.store.put(f"file-lost-{run.id}", f"{marker(run.id, 9)}notes.txt")
        run.end()
    report = await sweep(journal, world.reach, run="bbbb")
    assert [one.id for one in report.removed] == ["file-bbbb", "file-lost-bbbb"]
    assert set(fake.store.stored) == {"file-aaaa", "file-lost-aaaa"}
