"""After a scenario: newest first, on every provider, past failures, and within its time."""

import time

import pytest

from support.errors import SetupError
from support.housekeeping.cleanup import cleanup
from support.journal import Run
from support.values import Provider
from tests.housekeeping.fake_provider import FakeProvider, marker, upload

pytestmark = pytest.mark.anyio

Providers = dict[Provider, FakeProvider]


async def test_everything_goes_newest_first_on_every_provider(run: Run, providers: Providers) -> None:
    register = run.scenario("one", "tenant-1")
    for number in range(6):
        upload(register, list(providers.values())[number % 3], f"file-{number}", number)
    report = await cleanup(providers.__getitem__, register)
    assert [fake.store.asked for fake in providers.values()] == [
        ["file-3", "file-0"],
        ["file-4", "file-1"],
        ["file-5", "file-2"],
    ]
    assert all(fake.store.stored == {} for fake in providers.values())
    assert {(one.provider, one.id, one.already_gone) for one in report.removed} == {
        (list(Provider)[number % 3], f"file-{number}", False) for number in range(6)
    }
    assert (report.left, report.never_made, report.problems) == ((), 0, ())
    assert register.open_resources() == []


async def test_what_the_scenario_removed_is_not_asked_for_again(run: Run, providers: Providers) -> None:
    register, fake = run.scenario("one", "tenant-1"), providers[Provider.OPENAI]
    upload(register, fake, "file-1", 1)
    register.removed(Provider.OPENAI, "file", "file-1")
    report = await cleanup(providers.__getitem__, register)
    assert (fake.store.asked, report.removed) == ([], ())


async def test_another_scenarios_files_stay(run: Run, providers: Providers) -> None:
    register, fake = run.scenario("one", "tenant-1"), providers[Provider.OPENAI]
    upload(run.scenario("other", "tenant-1"), fake, "file-1", 1)
    fake.store.put("file-2", "not of a run.txt")
    await cleanup(providers.__getitem__, register)
    assert set(fake.store.stored) == {"file-1", "file-2"}


async def test_what_the_provider_no_longer_has_counts_as_gone(run: Run, providers: Providers) -> None:
    register, fake = run.scenario("one", "tenant-1"), providers[Provider.OPENAI]
    upload(register, fake, "file-1", 1)
    fake.store.stored.clear()
    report = await cleanup(providers.__getitem__, register)
    assert [(one.id, one.already_gone) for one in report.removed] == [("file-1", True)]
    assert register.open_resources() == []


async def test_an_unclear_create_is_looked_for_by_its_marker(run: Run, providers: Providers) -> None:
    register, fake = run.scenario("one", "tenant-1"), providers[Provider.GEMINI]
    upload(register, fake, "files/made", 1, confirmed=False)
    fake.store.put("files/made-again", f"{marker('aaaa', 1)}notes.txt")
    fake.store.put("files/other", f"{marker('aaaa', 11)}notes.txt")
    register.intend(Provider.GEMINI, "file", marker("aaaa", 2))
    report = await cleanup(providers.__getitem__, register)
    assert {one.id for one in report.removed} == {"files/made", "files/made-again"}
    assert set(fake.store.stored) == {"files/other"}
    assert report.never_made == 1
    assert register.open_resources() == []


async def test_a_failure_is_told_and_does_not_stop_the_rest(run: Run, providers: Providers) -> None:
    register, fake = run.scenario("one", "tenant-1"), providers[Provider.OPENAI]
    for number in range(3):
        upload(register, fake, f"file-{number}", number)
    fake.store.refuses = {"file-1"}
    report = await cleanup(providers.__getitem__, register)
    assert [one.id for one in report.removed] == ["file-2", "file-0"]
    assert report.problems == (
        "could not be removed: OpenAI file file-1 (simulator, tenant-1; run aaaa, scenario 'one'): "
        "OpenAI: file-1 cannot be deleted now",
    )
    assert [resource.remote_id for resource in register.open_resources()] == ["file-1"]
    fake.store.refuses = set()
    await cleanup(providers.__getitem__, register)
    assert fake.store.stored == {}


async def test_an_unclear_create_stays_open_while_the_provider_gives_no_list(run: Run, providers: Providers) -> None:
    register, fake = run.scenario("one", "tenant-1"), providers[Provider.OPENAI]
    upload(register, fake, "file-1", 1, confirmed=False)
    upload(register, fake, "file-2", 2)
    fake.store.list_fails = True
    report = await cleanup(providers.__getitem__, register)
    assert [one.id for one in report.removed] == ["file-2"]
    assert [(left.id, left.marker, left.reason) for left in report.left] == [
        (None, marker("aaaa", 1), "OpenAI: the list broke off")
    ]
    assert len(register.open_resources()) == 1


async def test_a_provider_that_cannot_be_had_does_not_stop_the_others(run: Run, providers: Providers) -> None:
    register = run.scenario("one", "tenant-1")
    for provider in (Provider.OPENAI, Provider.GEMINI):
        upload(register, providers[provider], "file-1", 1)

    def gateway_of(provider: Provider) -> FakeProvider:
        if provider is Provider.OPENAI:
            raise SetupError("there is no key for OpenAI")
        return providers[provider]

    report = await cleanup(gateway_of, register)
    assert [one.provider for one in report.removed] == [Provider.GEMINI]
    assert [(left.provider, left.reason) for left in report.left] == [(Provider.OPENAI, "there is no key for OpenAI")]


async def test_a_kind_that_nobody_knows_is_told(run: Run, providers: Providers) -> None:
    register = run.scenario("one", "tenant-1")
    register.confirm(register.intend(Provider.OPENAI, "robot", marker("aaaa", 1)), "robot-1")
    register.intend(Provider.OPENAI, "robot", marker("aaaa", 2))
    report = await cleanup(providers.__getitem__, register)
    assert [left.reason.split(";")[0] for left in report.left] == ["this version knows no way to remove a robot"] * 2


async def test_it_ends_in_its_time_and_one_that_hangs_leaves_time_for_others(run: Run, providers: Providers) -> None:
    register, fake, other = run.scenario("one", "tenant-1"), providers[Provider.OPENAI], providers[Provider.GEMINI]
    for number in range(5):
        upload(register, fake, f"file-{number}", number)
    upload(register, other, "files/1", 9)
    fake.store.hangs = {"file-3", "file-2", "file-1"}
    began = time.monotonic()
    report = await cleanup(providers.__getitem__, register, seconds=0.6)
    assert 0.5 < time.monotonic() - began < 3
    assert {one.id for one in report.removed} == {"file-4", "files/1"}
    assert [(left.id, left.reason) for left in report.left] == [
        ("file-3", "no answer in 0.2 s"),
        ("file-2", "no answer in 0.2 s"),
        ("file-1", "no answer in 0.2 s"),
        ("file-0", "the time for housekeeping was up before it could be tried"),
    ]
    assert "file-0" not in fake.store.asked
