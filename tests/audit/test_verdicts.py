"""How a unit gets its verdict, from how the scenarios of its row ended while the switch was on."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest

from support.audit import auditing
from support.audit.auditing import Known, sabotages, units_of
from support.audit.matrix import summary
from support.audit.sabotages import EXCLUDED, SABOTAGES
from support.audit.sabotaging import Fired, Patch, Sabotage
from support.audit.verdicts import Audit, Verdict
from support.audit.warm import Alarm, Case, Outcome, TookTooLong
from support.catalogue.tracker import Row, Switch
from support.run.scenarios import ScenarioFacts
from support.values import Provider

ROW = Row(id="XX-01", area="files", providers=(Provider.OPENAI,), line="A row of this test.", gateway=("test.switch",))
SWITCH = Switch(layer="gateway", name="test.switch")
GREEN, RED = Outcome(passed=True), Outcome(passed=False, noticed="Then it holds: it does not")
CRASH = Outcome(passed=False, broken="When it is done: KeyError('a')")


class Place:
    """What the sabotage of this test is put on."""

    @staticmethod
    def acts() -> None:
        """Does nothing until it is sabotaged."""


class Scenarios:
    """A runner whose scenarios end as they are told, by name; those that act come to where the switch changes something."""

    def __init__(self, **ends: tuple[bool, Outcome]) -> None:
        self.ends = ends
        self.ran: list[str] = []
        self.seconds: dict[str, float] = {}

    def outcome_of(self, case: Case) -> Outcome:
        self.ran.append(case.facts.name)
        acts, outcome = self.ends[case.facts.name]
        if acts:
            Place.acts()
        return outcome


@pytest.fixture(autouse=True)
def switch(monkeypatch: pytest.MonkeyPatch) -> None:
    def make(original: Callable[[], None], fired: Fired) -> Callable[[], None]:
        return fired

    patch = Patch(Place, "acts", make)
    monkeypatch.setitem(SABOTAGES, SWITCH.name, Sabotage(SWITCH.name, "Fires.", (Provider.OPENAI,), lambda: [patch]))


def case(name: str, *providers: Provider, row: str = ROW.id) -> Case:
    facts = ScenarioFacts(name, "f", "files", row, providers or (Provider.OPENAI,), None, False, False)
    return Case(cast(Any, None), cast(Any, None), facts)


def known(*providers: Provider) -> Known:
    return Known("gateway", SWITCH.name, "Fires.", providers or (Provider.OPENAI,))


def units(runner: Scenarios, cases: Sequence[Case], throw: Known | None) -> tuple[Any, ...]:
    return tuple(units_of(cast(Any, None), cast(Any, runner), list(cases), ROW, SWITCH, throw))


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [
        ((True, RED), Verdict.NOTICED),
        ((True, GREEN), Verdict.UNNOTICED),
        ((False, GREEN), Verdict.NOT_REACHED),
        ((True, CRASH), Verdict.BROKEN),
        ((False, RED), Verdict.BROKEN),
    ],
    ids=["red and fired", "green and fired", "green and not fired", "crashed", "red before it fired"],
)
def test_one_scenario_decides(ends: tuple[bool, Outcome], verdict: Verdict) -> None:
    (unit,) = units(Scenarios(one=ends), [case("one")], known())
    assert unit.verdict is verdict


def test_it_ends_with_the_first_that_notices() -> None:
    runner = Scenarios(one=(True, GREEN), two=(True, RED), three=(True, RED))
    (unit,) = units(runner, [case("one"), case("two"), case("three")], known())
    assert (unit.verdict, unit.scenario, unit.sentence) == (Verdict.NOTICED, "two", RED.noticed)
    assert runner.ran == ["one", "two"]


def test_a_crash_before_the_notice_is_told() -> None:
    runner = Scenarios(one=(True, CRASH), two=(True, RED))
    (unit,) = units(runner, [case("one"), case("two")], known())
    assert (unit.verdict, unit.crashed) == (Verdict.NOTICED, (f"one: {CRASH.broken}",))
    told = summary(Audit(passes=(), units=(unit,), unknown=(), seconds=1))
    assert any("not before this crashed: one: When it is done" in sentence for sentence in told)


def test_a_crash_that_nobody_makes_good_is_broken_whatever_else_is_green() -> None:
    (unit,) = units(Scenarios(one=(True, CRASH), two=(True, GREEN)), [case("one"), case("two")], known())
    assert (unit.verdict, unit.scenario) == (Verdict.BROKEN, "one")


def test_only_the_row_s_own_scenarios_with_the_provider_are_run_and_those_of_two_providers_last() -> None:
    runner = Scenarios(both=(True, GREEN), own=(True, GREEN))
    cases = [
        case("both", Provider.OPENAI, Provider.GEMINI),
        case("another row", row="XX-02"),
        case("another provider", Provider.GEMINI),
        case("own"),
    ]
    units(runner, cases, known())
    assert runner.ran == ["own", "both"]


def test_a_provider_without_a_scenario_is_not_reached() -> None:
    (unit,) = units(Scenarios(), [], known())
    assert unit.verdict is Verdict.NOT_REACHED


@pytest.mark.parametrize("throw", [None, known(Provider.GEMINI)], ids=["unknown", "for no provider of the row"])
def test_a_switch_that_nothing_throws_makes_no_unit(throw: Known | None) -> None:
    assert units(Scenarios(one=(True, RED)), [case("one")], throw) == ()


def test_what_is_excluded_has_its_reason_and_runs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXCLUDED, SWITCH.name, "there is one path only")
    runner = Scenarios()
    (unit,) = units(runner, [case("one")], None)
    assert (unit.verdict, unit.sentence, runner.ran) == (Verdict.EXCLUDED, "there is one path only", [])


def test_a_red_scenario_without_a_switch_is_told_by_name() -> None:
    said: list[str] = []
    runner = Scenarios(one=(False, GREEN), two=(False, RED))
    passes = list(auditing.clean_passes(cast(Any, runner), [case("one"), case("two")], said.append))
    assert [done.order for done in passes] == [
        "in order",
        *(f"shuffled with seed {n}" for n in (1, 2)),
    ]
    assert all(done.red == (f"two: {RED.noticed}",) for done in passes)
    assert said[0] == "no switch, in order: 1 of 2 passed"


def test_quick_scenarios_come_before_slow_ones() -> None:
    runner = Scenarios(slow=(False, GREEN), quick=(True, RED))
    runner.seconds = {"slow": 4.0, "quick": 0.1}
    (unit,) = units(runner, [case("slow", Provider.OPENAI), case("quick", Provider.OPENAI)], known())
    assert (unit.scenario, runner.ran) == ("quick", ["quick"])


def test_every_sabotage_says_what_it_does_in_one_sentence() -> None:
    for one in sabotages():
        assert one.does.endswith("."), one.name
        assert "\n" not in one.does, one.name


def test_an_alarm_ends_what_hangs_and_keeps_that_it_rang() -> None:
    began = time.monotonic()
    with Alarm(0.05) as alarm:
        asyncio.run(asyncio.sleep(60))
    assert alarm.rang
    assert time.monotonic() - began < 5


def test_an_alarm_that_a_step_swallows_is_kept_all_the_same() -> None:
    with Alarm(0.05) as alarm, pytest.raises(TookTooLong):
        time.sleep(60)
    assert alarm.rang


def test_an_alarm_leaves_what_is_quick_alone() -> None:
    with Alarm(5) as alarm:
        pass
    assert not alarm.rang
