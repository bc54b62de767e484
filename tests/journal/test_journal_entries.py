"""What is open after intents, confirmations, refusals and removals, and that each is committed when it returns."""

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.gateway.call import Register
from support.journal import Journal, Run, ScenarioRegister, State, Target
from support.values import Provider

Begin = Callable[..., Run]
MARKER = "ts-aaaa-00000000~"


@pytest.fixture
def register(begin: Begin) -> ScenarioRegister:
    return begin().scenario("A file is stored", "tenant-1")


def test_a_scenarios_register_is_what_the_choke_point_needs(register: ScenarioRegister) -> None:
    needed: Register = register
    entry = needed.intend(Provider.OPENAI, "file", MARKER)
    needed.confirm(entry, "file-1")
    needed.removed(Provider.OPENAI, "file", "file-1")
    assert register.open_resources() == []


def test_an_entry_tells_whose_resource_it_is(register: ScenarioRegister) -> None:
    entry = register.intend(Provider.GEMINI, "file", MARKER)
    [intended] = register.open_resources()
    assert intended.model_dump(exclude={"created_at", "updated_at"}) == {
        "entry": entry,
        "run": "aaaa",
        "worker": "w1",
        "scenario": "A file is stored",
        "target": "simulator",
        "tenant": "tenant-1",
        "provider": Provider.GEMINI,
        "kind": "file",
        "marker": MARKER,
        "remote_id": None,
        "state": State.INTENDED,
    }
    register.confirm(entry, "files/abc")
    [confirmed] = register.open_resources()
    assert (confirmed.remote_id, confirmed.state) == ("files/abc", State.CONFIRMED)
    assert confirmed.created_at == intended.created_at
    assert confirmed.updated_at > intended.updated_at


def test_an_intent_is_committed_when_it_returns(tmp_path: Path, register: ScenarioRegister) -> None:
    register.intend(Provider.OPENAI, "file", MARKER)
    with Journal.open(tmp_path / "state") as elsewhere:
        assert [resource.marker for resource in elsewhere.open_resources("aaaa")] == [MARKER]


def test_open_resources_come_newest_first_and_by_scenario(journal: Journal, begin: Begin) -> None:
    run = begin()
    one, other = run.scenario("one", "tenant-1"), run.scenario("other", "tenant-2")
    first = one.intend(Provider.OPENAI, "file", MARKER)
    second = other.intend(Provider.OPENAI, "file", MARKER)
    third = one.intend(Provider.OPENAI, "file", MARKER)
    begin("bbbb").scenario("one", "tenant-3").intend(Provider.OPENAI, "file", MARKER)
    assert [resource.entry for resource in journal.open_resources("aaaa")] == [third, second, first]
    assert [resource.entry for resource in journal.open_resources("aaaa", "one")] == [third, first]
    assert [resource.entry for resource in other.open_resources()] == [second]


def test_a_removal_concerns_only_that_scenario_provider_kind_and_id(begin: Begin) -> None:
    run = begin()
    register, other = run.scenario("one", "tenant-1"), run.scenario("other", "tenant-2")
    for where in (register, other):
        where.confirm(where.intend(Provider.OPENAI, "file", MARKER), "file-1")
    register.removed(Provider.GEMINI, "file", "file-1")
    register.removed(Provider.OPENAI, "batch", "file-1")
    register.removed(Provider.OPENAI, "file", "file-2")
    assert len(register.open_resources()) == 1
    register.removed(Provider.OPENAI, "file", "file-1")
    assert (len(register.open_resources()), len(other.open_resources())) == (0, 1)


def test_a_confirmation_that_comes_late_is_believed(journal: Journal, register: ScenarioRegister) -> None:
    entry = register.intend(Provider.OPENAI, "file", MARKER)
    journal.gone(entry)
    assert register.open_resources() == []
    register.confirm(entry, "file-1")
    assert [resource.remote_id for resource in register.open_resources()] == ["file-1"]


@pytest.fixture(scope="module")
def shared() -> Iterator[Run]:
    """One journal for all examples: each has a scope of its own."""
    with TemporaryDirectory() as folder, Journal.open(folder) as journal:
        run = journal.begin_run("aaaa", Target(name="simulator"), worker="w1")
        yield run
        run.end()


ACTS = st.tuples(st.sampled_from(["intend", "confirm", "refused", "removed", "gone"]), st.integers(0, 5))


@given(acts=st.lists(ACTS, max_size=25))
@settings(max_examples=60, deadline=None)
def test_the_open_set_is_right_after_any_sequence(shared: Run, acts: list[tuple[str, int]]) -> None:
    register = shared.scenario("any", "tenant-1")
    entries: list[int] = []
    expected: dict[int, str | None] = {}
    """Open entries, with their ids."""
    for act, number in acts:
        if act == "intend":
            entries.append(register.intend(Provider.OPENAI, "file", MARKER))
            expected[entries[-1]] = None
        elif number < len(entries):
            entry, id = entries[number], f"file-{number}"
            if act == "confirm":
                register.confirm(entry, id)
                expected[entry] = id
            elif act == "refused":
                register.refused(entry)
                if expected.get(entry, id) is None:
                    del expected[entry]
            elif act == "removed":
                register.removed(Provider.OPENAI, "file", id)
                if expected.get(entry) is not None:
                    del expected[entry]
            else:
                register.journal.gone(entry)
                expected.pop(entry, None)
        found = register.open_resources()
        assert [resource.entry for resource in found] == sorted(expected, reverse=True)
        assert {resource.entry: resource.remote_id for resource in found} == expected
