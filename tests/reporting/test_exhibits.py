"""What a scenario shows beside its sentences: attached to the step in Allure, after the scenario's line in the console."""

import json
from xml.etree import ElementTree

import pytest

from support.reporting.exhibits import Exhibit
from support.reporting.recorder import Recorder
from support.values import CachingReport
from tests.reporting.fake_reports import KEY, compared, failed
from tests.reporting.toy_project import Toy

FEATURE = """\
Feature: Comparing
  Scenario: Both kinds of calls
    Given it works
    When the team compares
    Then it works

  Scenario: Some calls failed
    When the team compares in vain

  Scenario: A comparison before a wrong answer
    When the team compares
    Then the answer is wrong

  Scenario: Nothing to show
    Given it works
"""
STEPS = """\
from behave import step
import fake_reports
from support.reporting.caching import exhibits
from support.reporting.recorder import recorder

def show(report):
    for exhibit in exhibits(report):
        recorder.show(exhibit)

@step("the team compares")
def _(context): show(fake_reports.compared())

@step("the team compares in vain")
def _(context): show(fake_reports.failed())
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    toy = Toy(tmp_path_factory.mktemp("toy"), FEATURE)
    (toy.folder / "steps" / "showing.py").write_text(STEPS)
    return toy, toy.behave()


def shown(run, name, step):
    return run.results[name]["steps"][step].get("attachments", [])


def test_figures_and_picture_are_attached_to_the_step_that_showed_them(ran):
    toy, run = ran
    attached = shown(run, "Both kinds of calls", 1)
    assert [(one["name"], one["type"]) for one in attached] == [
        ("Caching on Gemini: figures", "application/json"),
        ("Caching on Gemini: picture", "image/svg+xml"),
    ]
    assert [one["source"].rpartition(".")[2] for one in attached] == ["json", "svg"]
    figures, picture = ((toy.results_dir / one["source"]).read_text() for one in attached)
    assert CachingReport.model_validate_json(figures) == compared()
    assert ElementTree.fromstring(picture).tag.endswith("svg")


def test_other_steps_have_none(ran):
    _, run = ran
    assert [shown(run, "Both kinds of calls", step) for step in (0, 2)] == [[], []]
    assert shown(run, "Nothing to show", 0) == []


def test_a_comparison_stays_attached_when_the_scenario_fails_later(ran):
    _, run = ran
    assert run.results["A comparison before a wrong answer"]["status"] == "failed"
    assert len(shown(run, "A comparison before a wrong answer", 0)) == 2


def test_the_console_shows_it_after_the_scenarios_own_line(ran):
    lines = ran[1].out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("  ok   Both kinds of calls ("))
    assert lines[at + 1 : at + 5] == [
        "       Caching on Gemini (gemini-3.5-flash-lite):",
        "         without n 20, p50 0.764 s, p95 0.912 s, 123,456 tokens in (0 cached), $0.037",
        "         with    n 20, p50 0.214 s, p95 0.333 s, 123,456 tokens in (119,000 cached), $0.0097",
        "         saving $0.027 after $0.00020 for storage; it pays from call 2 on",
    ]
    assert lines[at + 5].startswith("  ok   Some calls failed (")


def test_it_is_shown_once_and_not_again_with_the_next_scenario(ran):
    assert ran[1].out.count("Caching on Gemini (") == 2
    assert ran[1].out.count("Caching on OpenAI (") == 1
    assert ran[1].out.splitlines()[-1].startswith("4 scenarios: 3 passed, 1 failed")


def test_a_comparison_that_failed_says_so_in_both_places(ran):
    toy, run = ran
    (attached,) = shown(run, "Some calls failed", 0)
    told = json.loads((toy.results_dir / attached["source"]).read_text())
    assert (told["figures"], len(told["failures"])) == (None, 2)
    assert "       Caching on OpenAI (gpt-6-luna): no figures, 2 calls failed; the first: authentication: " in run.out


def test_keys_are_taken_out(ran):
    toy, run = ran
    assert KEY in str(failed())
    everything = b"".join(path.read_bytes() for path in toy.results_dir.iterdir())
    assert KEY.encode() not in everything
    assert KEY not in run.out
    assert "Incorrect API key: sim-…" in run.out


def test_a_dry_run_shows_nothing(tmp_path):
    toy = Toy(tmp_path, FEATURE)
    (toy.folder / "steps" / "showing.py").write_text(STEPS)
    assert "Caching on" not in toy.behave("--dry-run").out


def test_exhibits_go_to_who_looks():
    recorder, seen = Recorder(), []
    recorder.show(Exhibit("before", "application/json", "{}"))
    recorder.add_viewer(seen.append)
    exhibit = Exhibit("now", "application/json", "{}", ("a line",))
    recorder.show(exhibit)
    recorder.remove_viewer(seen.append)
    recorder.remove_viewer(seen.append)
    recorder.show(Exhibit("after", "application/json", "{}"))
    assert seen == [exhibit]
