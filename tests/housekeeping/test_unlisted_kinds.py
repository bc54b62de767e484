"""What no provider lists, and what goes with an API that is switched off: told, closed or left, and never a failure without words."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime
from typing import ClassVar

import pytest

from support.errors import NotFound, Retired
from support.gateway.capabilities import Capability
from support.housekeeping.cleanup import cleanup
from support.housekeeping.kinds import KINDS
from support.housekeeping.report import CleanupReport, SweepReport
from support.housekeeping.sweep import Reached, sweep
from support.journal import Journal, Run, ScenarioRegister, Target
from support.values import Assistant, Provider
from tests.housekeeping.conftest import SIMULATOR
from tests.housekeeping.fake_provider import FakeProvider, marker, upload

pytestmark = pytest.mark.anyio

NEVER_LISTED = ("response", "container", "conversation", "v2_thread")
LOOKED_FOR_BY_HAND = ("conversation", "v2_thread")
"""Nobody knows when the provider would forget one."""


class FakeThreads:
    """As much of `Threads` as housekeeping may use."""

    def __init__(self, backend: "FakeAssistants") -> None:
        self._backend = backend

    async def delete(self, thread_id: str) -> None:
        await self._backend.discard("v2_thread", thread_id)


class FakeAssistants:
    """Assistants and what is made beside them, by kind and id; an API that is off refuses everything."""

    def __init__(self, own_kind: str) -> None:
        self.own_kind = own_kind
        self.kept: dict[tuple[str, str], str] = {}
        """What each is marked with."""
        self.asked: list[tuple[str, str]] = []
        """Kinds and ids that were to be deleted, in order."""
        self.off = False
        self.threads = FakeThreads(self)

    def _refuse(self) -> None:
        if self.off:
            raise Retired("it is switched off", since=date(2026, 8, 26), successor=None, provider=Provider.OPENAI)

    async def list(self) -> AsyncIterator[Assistant]:
        self._refuse()
        for (kind, id), mark in tuple(self.kept.items()):
            if kind == self.own_kind:
                yield assistant(id, mark)

    async def delete(self, assistant_id: str) -> None:
        await self.discard(self.own_kind, assistant_id)

    async def discard(self, kind: str, id: str) -> None:
        self.asked.append((kind, id))
        self._refuse()
        if self.kept.pop((kind, id), None) is None:
            raise NotFound(f"no such {kind}: {id}", provider=Provider.OPENAI)


def assistant(id: str, mark: str) -> Assistant:
    return Assistant(
        provider=Provider.OPENAI,
        id=id,
        model="m",
        name=None,
        description=None,
        instructions=None,
        tools=(),
        metadata={},
        marked=mark,
        temperature=None,
        created_at=datetime(2026, 8, 20, tzinfo=UTC),
        raw={},
    )


class OpenAI(FakeProvider):
    """Files, and assistants on two backends."""

    offers: ClassVar = {
        Capability.FILES: lambda self: self.store,
        Capability.ASSISTANTS: lambda self: self.responses,
        Capability.ASSISTANTS_V2: lambda self: self.v2,
    }

    def __init__(self) -> None:
        super().__init__(Provider.OPENAI)
        self.responses, self.v2 = FakeAssistants("kept_assistant"), FakeAssistants("v2_assistant")

    def backend(self, kind: str) -> FakeAssistants:
        return self.v2 if kind.startswith("v2_") else self.responses


@pytest.fixture
def openai() -> OpenAI:
    return OpenAI()


@pytest.fixture
def register(run: Run) -> ScenarioRegister:
    return run.scenario("one", "tenant-1")


Make = Callable[[str, str, int], None]


@pytest.fixture
def make(openai: OpenAI, register: ScenarioRegister) -> Make:
    """Makes one of a kind, with the given id, under the marker with the given number."""

    def made(kind: str, id: str, number: int) -> None:
        mark = marker("aaaa", number)
        register.confirm(register.intend(Provider.OPENAI, kind, mark), id)
        openai.backend(kind).kept[kind, id] = mark

    return made


async def cleaned(openai: OpenAI, register: ScenarioRegister) -> CleanupReport:
    return await cleanup(lambda provider: openai, register)


async def swept(journal: Journal, openai: OpenAI) -> SweepReport:
    async def reach(target: Target, tenant: str) -> Reached:
        return {Provider.OPENAI: openai}

    return await sweep(journal, reach)


def test_these_are_the_kinds_that_cannot_be_listed() -> None:
    ours = {name for name, kind in KINDS.items() if kind.capability in OpenAI.offers}
    assert {name for name in ours if KINDS[name].list is None} == set(NEVER_LISTED)
    assert {name for name in ours if KINDS[name].forgotten_after is not None} == {"response", "container"}


# With an id -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*NEVER_LISTED, "kept_assistant", "v2_assistant"])
async def test_what_the_journal_has_an_id_of_is_removed(
    openai: OpenAI, register: ScenarioRegister, make: Make, kind: str
) -> None:
    make(kind, "id-1", 1)
    report = await cleaned(openai, register)
    assert [(one.kind, one.id, one.already_gone) for one in report.removed] == [(kind, "id-1", False)]
    assert (openai.backend(kind).asked, openai.backend(kind).kept) == ([(kind, "id-1")], {})
    assert (report.problems, register.open_resources()) == ((), [])


@pytest.mark.parametrize("kind", NEVER_LISTED)
async def test_what_is_gone_already_is_no_problem(
    openai: OpenAI, register: ScenarioRegister, make: Make, kind: str
) -> None:
    make(kind, "id-1", 1)
    openai.backend(kind).kept.clear()
    report = await cleaned(openai, register)
    assert [(one.id, one.already_gone) for one in report.removed] == [("id-1", True)]
    assert (report.problems, register.open_resources()) == ((), [])


async def test_newest_first_also_across_kinds(openai: OpenAI, register: ScenarioRegister, make: Make) -> None:
    for number, kind in enumerate(("kept_assistant", "conversation", "response", "container")):
        make(kind, f"id-{number}", number)
    await cleaned(openai, register)
    assert [kind for kind, _ in openai.responses.asked] == ["container", "response", "conversation", "kept_assistant"]


# Without an id --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", LOOKED_FOR_BY_HAND)
async def test_one_without_an_id_is_left_with_a_sentence(
    journal: Journal, run: Run, openai: OpenAI, register: ScenarioRegister, kind: str
) -> None:
    mark = marker("aaaa", 1)
    register.intend(Provider.OPENAI, kind, mark)
    report = await cleaned(openai, register)
    why = f"OpenAI does not list a {kind.replace('_', ' ')}, and its id never came: look for {mark} by hand"
    assert report.problems == (
        f"could not be removed: OpenAI {kind} marked {mark} (simulator, tenant-1; run aaaa, scenario 'one'): {why}",
    )
    assert (report.removed, report.given_up, report.never_made) == ((), (), 0)
    assert [(one.kind, one.remote_id) for one in register.open_resources()] == [(kind, None)]
    run.end()
    for _ in range(2):  # a sweep does not give it up either
        assert [(left.id, left.marker, left.reason) for left in (await swept(journal, openai)).left] == [
            (None, mark, why)
        ]
    assert openai.backend(kind).asked == []


async def test_one_without_an_id_does_not_stop_the_rest(openai: OpenAI, register: ScenarioRegister, make: Make) -> None:
    make("conversation", "conv-1", 1)
    register.intend(Provider.OPENAI, "conversation", marker("aaaa", 2))
    upload(register, openai, "file-1", 3)
    report = await cleaned(openai, register)
    assert [one.id for one in report.removed] == ["file-1", "conv-1"]
    assert len(report.left) == 1


async def test_a_response_without_an_id_is_given_up_after_a_scenario(
    openai: OpenAI, register: ScenarioRegister
) -> None:
    mark = marker("aaaa", 1)
    register.intend(Provider.OPENAI, "response", mark)
    report = await cleaned(openai, register)
    assert [(one.kind, one.id, one.marker, one.reason) for one in report.given_up] == [
        ("response", None, mark, "OpenAI does not list it, and forgets it in 30 days")
    ]
    assert (report.problems, report.removed, report.left, report.never_made) == ((), (), (), 0)
    assert register.open_resources() == []
    assert await cleaned(openai, register) == CleanupReport()


async def test_a_response_without_an_id_is_given_up_by_a_sweep_and_told(
    journal: Journal, run: Run, openai: OpenAI, register: ScenarioRegister, make: Make
) -> None:
    mark = marker("aaaa", 1)
    register.intend(Provider.OPENAI, "response", mark)
    make("response", "resp-2", 2)
    run.end()
    report = await swept(journal, openai)
    assert report.lines() == [
        "Swept 1 account: removed 1 OpenAI response, 1 left to itself.",
        "  removed: OpenAI response resp-2 (simulator, tenant-1; run aaaa, scenario 'one')",
        f"  left to itself: OpenAI response marked {mark} (simulator, tenant-1; run aaaa, scenario 'one'): "
        "OpenAI does not list it, and forgets it in 30 days",
    ]
    assert (report.problems, journal.abandoned()) == ((), [])
    assert await swept(journal, openai) == SweepReport()


async def test_one_that_is_given_up_alone_is_told_too(
    journal: Journal, run: Run, openai: OpenAI, register: ScenarioRegister
) -> None:
    register.intend(Provider.OPENAI, "response", marker("aaaa", 1))
    run.end()
    first, *rest = (await swept(journal, openai)).lines()
    assert first == "Swept 1 account: removed nothing, 1 left to itself."
    assert [line.split(":")[0] for line in rest] == ["  left to itself"]


async def test_a_living_runs_response_is_not_given_up(
    journal: Journal, run: Run, openai: OpenAI, register: ScenarioRegister
) -> None:
    other = journal.begin_run("bbbb", SIMULATOR, worker="w2")
    going_on = other.scenario("two", "tenant-1")
    going_on.intend(Provider.OPENAI, "response", marker("bbbb", 1))
    register.intend(Provider.OPENAI, "response", marker("aaaa", 2))
    run.end()
    report = await swept(journal, openai)
    assert [one.run for one in report.given_up] == ["aaaa"]
    assert len(going_on.open_resources()) == 1
    other.end()


@pytest.mark.parametrize("kind", ["kept_assistant", "v2_assistant"])
async def test_an_assistant_without_an_id_is_looked_for_by_its_marker(
    openai: OpenAI, register: ScenarioRegister, kind: str
) -> None:
    mark = marker("aaaa", 1)
    register.intend(Provider.OPENAI, kind, mark)
    register.intend(Provider.OPENAI, kind, marker("aaaa", 2))
    kept = openai.backend(kind).kept
    kept[kind, "asst-1"], kept[kind, "asst-other"] = mark, ""
    report = await cleaned(openai, register)
    assert [(one.kind, one.id) for one in report.removed] == [(kind, "asst-1")]
    assert (report.never_made, set(kept), register.open_resources()) == (1, {(kind, "asst-other")}, [])


@pytest.mark.parametrize("kind", ["kept_assistant", "v2_assistant"])
async def test_an_assistant_that_the_journal_lacks_goes_by_its_marker(
    journal: Journal, run: Run, openai: OpenAI, register: ScenarioRegister, kind: str
) -> None:
    register.intend(Provider.OPENAI, "file", marker("aaaa", 9))
    kept = openai.backend(kind).kept
    kept[kind, "asst-1"], kept[kind, "asst-2"] = marker("aaaa", 1), marker("zzzz", 2)
    run.end()
    report = await swept(journal, openai)
    assert [(one.kind, one.id, one.scenario) for one in report.removed] == [(kind, "asst-1", None)]
    assert set(kept) == {(kind, "asst-2")}


# An API that is switched off ------------------------------------------------------------------------------------------


async def test_what_is_deleted_at_an_api_that_is_off_is_gone_with_it(
    openai: OpenAI, register: ScenarioRegister, make: Make
) -> None:
    make("v2_assistant", "asst-1", 1)
    make("v2_thread", "thread-1", 2)
    openai.v2.off = True
    report = await cleaned(openai, register)
    assert [(one.id, one.already_gone) for one in report.removed] == [("thread-1", True), ("asst-1", True)]
    assert (report.problems, register.open_resources()) == ((), [])


async def test_an_api_that_is_off_lists_nothing(openai: OpenAI, register: ScenarioRegister) -> None:
    register.intend(Provider.OPENAI, "v2_assistant", marker("aaaa", 1))
    openai.v2.off = True
    report = await cleaned(openai, register)
    assert (report.never_made, report.problems, register.open_resources()) == (1, (), [])


async def test_a_sweep_has_looked_also_where_an_api_is_off(
    journal: Journal, run: Run, openai: OpenAI, register: ScenarioRegister, make: Make
) -> None:
    make("v2_assistant", "asst-1", 1)
    make("kept_assistant", "asst-2", 2)
    register.intend(Provider.OPENAI, "v2_assistant", marker("aaaa", 3))
    openai.v2.off = True
    run.end()
    report = await swept(journal, openai)
    assert [(one.id, one.already_gone) for one in report.removed] == [("asst-2", False), ("asst-1", True)]
    assert (report.unlooked, report.problems, report.never_made) == ((), (), 1)
    assert report.lines()[0] == "Swept 1 account: removed 1 OpenAI kept_assistant, 1 already gone."
    assert journal.abandoned() == []
