"""Which runs live, and where ended ones may have left something."""

import time
from collections.abc import Callable
from datetime import timedelta

from support.journal import Journal, Run
from support.values import Provider

Begin = Callable[..., Run]
MARKER = "ts-aaaa-00000000~"
SHORT = timedelta(seconds=0.3)


def test_the_heartbeat_keeps_a_run_alive_beyond_its_lease(journal: Journal, begin: Begin) -> None:
    begin(lease=SHORT)
    time.sleep(0.8)
    assert journal.living_runs() == {"aaaa"}
    assert journal.ended_runs("simulator") == set()


def test_a_run_that_ended_lives_no_more_and_is_left_where_it_was(journal: Journal, begin: Begin) -> None:
    run = begin()
    register = run.scenario("one", "tenant-1")
    entry = register.intend(Provider.OPENAI, "file", MARKER)
    assert journal.abandoned() == []
    run.end()
    assert journal.living_runs() == set()
    assert journal.ended_runs("simulator") == {"aaaa"}
    assert journal.ended_runs("live") == set()
    [place] = journal.abandoned()
    assert (place.target, place.tenant) == (run.target, "tenant-1")
    assert [resource.entry for resource in place.resources] == [entry]


def test_a_run_lives_while_one_of_its_processes_does(journal: Journal, begin: Begin) -> None:
    first, second = begin(worker="w1"), begin(worker="w2", target="live")
    first.scenario("one", "tenant-1").intend(Provider.OPENAI, "file", MARKER)
    first.end()
    assert (journal.living_runs(), journal.abandoned()) == ({"aaaa"}, [])
    second.end()
    assert (journal.living_runs(), len(journal.abandoned())) == (set(), 1)


def test_a_run_that_comes_back_lives_again(journal: Journal, begin: Begin) -> None:
    begin().end()
    begin(worker="w2")
    assert journal.living_runs() == {"aaaa"}
    assert journal.ended_runs("simulator") == set()


def test_runs_at_one_account_make_one_place_and_other_addresses_another(journal: Journal, begin: Begin) -> None:
    runs = [begin("aaaa"), begin("bbbb"), begin("cccc", url="http://127.0.0.1:2")]
    entries = [run.scenario("one", "account").intend(Provider.OPENAI, "file", MARKER) for run in runs]
    for run in runs:
        run.end()
    both, alone = journal.abandoned()
    assert [resource.entry for resource in both.resources] == [entries[1], entries[0]]
    assert [resource.entry for resource in alone.resources] == [entries[2]]
    assert alone.target.facts == {"simulator_url": "http://127.0.0.1:2"}


def test_a_closed_account_is_not_looked_at_again_unless_something_is_open_or_its_run_is_named(
    journal: Journal, begin: Begin
) -> None:
    run = begin()
    clean, dirty, unclosed = (run.scenario(name, f"tenant-{name}") for name in ("clean", "dirty", "unclosed"))
    dirty.intend(Provider.OPENAI, "file", MARKER)
    clean.close()
    dirty.close()
    run.end()
    assert [place.tenant for place in journal.abandoned()] == ["tenant-dirty", "tenant-unclosed"]
    assert [place.tenant for place in journal.abandoned("aaaa")] == ["tenant-clean", "tenant-dirty", "tenant-unclosed"]
    assert journal.abandoned("bbbb") == []
    unclosed.close()
    assert [place.tenant for place in journal.abandoned()] == ["tenant-dirty"]
