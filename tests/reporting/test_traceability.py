"""The tracker's report: which row holds where, and nothing looks better, or worse, than what was found."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from support.catalogue import tracker
from support.catalogue.tracker import Lesson
from support.errors import SetupError
from support.ledger import History
from support.reporting import traceability_features, traceability_pages
from support.reporting import traceability_words as words
from support.reporting.traceability import State, counts
from support.reporting.traceability_results import End
from support.values import Money, Provider
from tests.reporting.fake_results import Folder, cell_of, row_of, tried

ROOT = Path(__file__).resolve().parents[2]
OPENAI, ANTHROPIC, GEMINI = Provider
EVERYWHERE = ("OpenAI: a", "Anthropic: b", "Gemini: c")
GHOST = "files.delete.ghost_listed"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """The working folder of run `run1`, of which the ledger knows."""
    monkeypatch.chdir(tmp_path)
    made = Folder(tmp_path)
    made.run("run1")
    made.begin("run1")
    return made


# What holds ----------------------------------------------------------------------------------------------------------


def test_a_row_holds_when_every_scenario_passed_on_every_provider(folder: Folder) -> None:
    folder.feature("FM-04", *EVERYWHERE)
    for name in "abc":
        folder.result(name)
    made = folder.made()
    assert row_of(made, "FM-04").state is State.HOLDS
    assert [cell.state for cell in row_of(made, "FM-04").cells] == [State.HOLDS] * 3


def test_a_red_scenario_breaks_its_row_on_its_provider_alone(folder: Folder) -> None:
    folder.feature("FM-04", *EVERYWHERE, "OpenAI: d")
    folder.result("a", "failed", "it is still there", step="Then the file is gone")
    for name in "bcd":
        folder.result(name)
    made = folder.made()
    assert row_of(made, "FM-04").state is State.BROKEN
    assert (cell_of(made, "FM-04").state, cell_of(made, "FM-04").why) == (State.BROKEN, "1 of 2 red")
    assert cell_of(made, "FM-04", GEMINI).state is State.HOLDS
    assert "- FM-04 **a**: Then the file is gone: it is still there" in folder.markdown()
    assert "Then the file is gone: it is still there" in folder.html()
    assert re.search(r'id="FM-04".*?<details open>', folder.html(), re.DOTALL)


def test_an_error_is_red_as_a_wrong_answer_is(folder: Folder) -> None:
    folder.feature("FM-06", "OpenAI: a")
    folder.result("a", "broken", "Budget: it would cost too much")
    assert row_of(folder.made(), "FM-06").state is State.BROKEN


def test_what_was_skipped_has_its_reason_and_does_not_hold(folder: Folder) -> None:
    folder.feature("FM-04", *EVERYWHERE)
    folder.result("a")
    folder.result("b", "skipped", "no key: set ANTHROPIC_API_KEY")
    folder.result("c")
    made = folder.made()
    assert row_of(made, "FM-04").state is State.PARTLY
    assert cell_of(made, "FM-04", ANTHROPIC).state is State.NOT_RUN
    assert cell_of(made, "FM-04", ANTHROPIC).why == "no key: set ANTHROPIC_API_KEY"
    assert "- not run: no key: set ANTHROPIC_API_KEY: FM-04 on Anthropic." in folder.markdown()


def test_a_row_of_which_nothing_ran_is_not_run(folder: Folder) -> None:
    folder.feature("FM-06", "OpenAI: a")
    folder.result("a", "skipped", "slow: live only")
    assert row_of(folder.made(), "FM-06").state is State.NOT_RUN


def test_a_promise_holds_in_part_where_one_of_its_scenarios_did_not_run(folder: Folder) -> None:
    folder.feature("FM-06", "OpenAI: a", "OpenAI: b")
    folder.result("a")
    folder.result("b", "skipped", "slow: live only")
    made = folder.made()
    assert cell_of(made, "FM-06").state is State.PARTLY
    assert cell_of(made, "FM-06").why == "1 of 2 not run (slow: live only)"
    assert words.scenarios_of(row_of(made, "FM-06")) == "2, 1 of them not run"


def test_what_nobody_chose_is_not_in_this_run(folder: Folder) -> None:
    folder.feature("FM-06", "OpenAI: a")
    folder.feature("CC-05", "Gemini: b")
    folder.result("a")
    made = folder.made()
    assert row_of(made, "CC-05").state is State.ABSENT
    assert row_of(made, "FM-01").state is State.UNSHOWN
    assert made.ends() == {End.PASSED: 1, End.ABSENT: 1}
    assert "Scenarios of 1 rows were chosen for this run; of the other rows it says nothing." in words.about(made)


def test_a_provider_that_lacks_its_scenario_keeps_the_row_from_holding(folder: Folder) -> None:
    folder.feature("FM-04", "OpenAI: a", "Anthropic: b")
    folder.result("a")
    folder.result("b")
    made = folder.made()
    assert cell_of(made, "FM-04", GEMINI).state is State.UNSHOWN
    assert row_of(made, "FM-04").state is State.PARTLY
    assert "- no scenario shows it on this provider: FM-04 on Gemini." in folder.markdown()


def test_what_is_not_promised_does_not_count(folder: Folder) -> None:
    folder.feature("FM-06", "OpenAI: a")
    folder.result("a")
    made = folder.made()
    assert cell_of(made, "FM-06", GEMINI).state is State.UNPROMISED
    assert row_of(made, "FM-06").state is State.HOLDS


def test_a_scenario_of_two_providers_counts_for_both_and_one_of_none_for_all(folder: Folder) -> None:
    folder.feature("FM-04", "of all")
    path = folder.feature("FM-05")
    path.write_text(
        "@FM-05\nFeature: f\n  Scenario Outline: from <old provider> to <new provider>\n    Given it works\n"
        "    Examples: pairs\n      | old provider | new provider |\n      | OpenAI | Gemini |\n"
    )
    folder.result("of all", "failed", "no")
    folder.result("from OpenAI to Gemini")
    made = folder.made()
    assert [cell.state for cell in row_of(made, "FM-04").cells] == [State.BROKEN] * 3
    assert [cell.state for cell in row_of(made, "FM-05").cells] == [State.HOLDS, State.UNSHOWN, State.HOLDS]


def test_the_rows_are_counted_at_a_glance(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = [row for row in tracker.rows() if row.id in ("FM-04", "FM-05", "FM-06", "CC-05", "FM-07")]
    monkeypatch.setattr(tracker, "rows", lambda: chosen)
    folder.feature("FM-04", *EVERYWHERE)
    folder.feature("FM-05", "OpenAI: d")
    folder.feature("FM-06", "OpenAI: e")
    folder.feature("CC-05", "Gemini: f")
    for name in "abc":
        folder.result(name)
    folder.result("d", "failed", "no")
    folder.result("e", "skipped", "slow: live only")
    made = folder.made()
    assert list(counts(made.rows).values()) == [1, 0, 1, 1, 1, 1]
    said = "1 of 5 rows hold, 1 broken, 1 not run, 1 not in this run, 1 without a scenario"
    assert traceability_pages.told(made, folder.reports) == f"Tracker: {said}: {folder.reports / 'tracker.html'}"
    assert "| 5 | 1 | 0 | 1 | 1 | 1 | 1 |" in folder.markdown()
    assert re.findall(r"<b>(\d+)</b>", folder.html()) == ["1", "0", "1", "1", "1", "1"]


# Where it comes from -------------------------------------------------------------------------------------------------


def test_of_two_results_of_one_scenario_the_later_counts(folder: Folder) -> None:
    folder.feature("FM-06", "OpenAI: a")
    folder.result("a", stop=2_000)
    folder.result("a", "failed", "no", stop=1_000)
    assert row_of(folder.made(), "FM-06").state is State.HOLDS
    folder.result("a", "failed", "no", stop=3_000)
    assert row_of(folder.made(), "FM-06").state is State.BROKEN


def test_what_was_interrupted_is_not_run(folder: Folder) -> None:
    folder.feature("FM-06", "OpenAI: a", "OpenAI: b")
    folder.result("a", "broken", "Interrupted: the run was stopped before this scenario ended.")
    with folder.ledger() as ledger:
        History(ledger).add_not_run("run1", "b", "interrupted")
    made = folder.made()
    assert (cell_of(made, "FM-06").state, cell_of(made, "FM-06").why) == (State.NOT_RUN, "interrupted")
    assert made.ends() == {End.NOT_RUN: 2}


def test_files_that_cannot_be_read_are_named(folder: Folder) -> None:
    folder.feature("FM-06", "OpenAI: a")
    (folder.path / "features" / "bad.feature").write_text(
        "Feature: f\n  Scenario: b\n    Given it works\n    Nobody understands this\n"
    )
    (folder.reports / "allure-results" / "x-result.json").write_text("{")
    folder.result("a")
    assert folder.made().unreadable == ("x-result.json", "features/bad.feature")
    assert "features/bad.feature could not be read: what it tells is missing here." in folder.markdown()


def test_a_scenario_without_a_feature_file_says_itself_what_it_shows(folder: Folder) -> None:
    labels = [{"name": "tag", "value": "FM-06"}]
    folder.result("a", labels=labels, parameters=[{"name": "provider", "value": "OpenAI"}])
    folder.result("of nobody", "failed", "no")
    made = folder.made()
    assert cell_of(made, "FM-06").state is State.HOLDS
    assert [one.name for one in made.untracked] == ["of nobody"]
    assert "1 scenarios of the run name no row of the tracker; 1 of them are red." in words.about(made)
    assert "- **of nobody**: no" in folder.markdown()


def test_features_that_behave_has_loaded_are_not_read_again(folder: Folder) -> None:
    path = folder.feature("FM-06", "OpenAI: a")
    (loaded,) = [traceability_features.parse_file(str(path))]
    path.write_text("no Gherkin")
    found = traceability_features.read(Path("features"), [loaded])
    assert [(one.name, one.row, one.providers) for one in found.scenarios] == [("a", "FM-06", (OPENAI,))]
    assert found.unreadable == ()


def test_a_folder_without_results_of_a_run_is_one_sentence(folder: Folder) -> None:
    said = r"There are no results of a run in .*allure-results: run behave first\."
    with pytest.raises(SetupError, match=said):
        folder.made()
    folder.result("a")
    (folder.reports / "allure-results" / ".run").unlink()
    with pytest.raises(SetupError, match=said):
        folder.made()


def test_a_place_that_cannot_be_written_is_one_sentence(folder: Folder) -> None:
    folder.result("a")
    (folder.reports / "tracker.html").mkdir()
    with pytest.raises(SetupError, match=r"The tracker's report cannot be written to .*tracker\.html"):
        folder.made()


# Money ---------------------------------------------------------------------------------------------------------------


def test_simulated_and_live_money_are_never_mixed(folder: Folder) -> None:
    folder.feature("FM-08", *EVERYWHERE)
    folder.result("a")
    folder.spend("run1", "FM-08", "a", "0.25")
    folder.spend("run1", "FM-08", "a", "0.50")
    folder.spend("run1", "FM-08", "b", "1.25", Money.LIVE)
    made = folder.made()
    assert words.moneys(made) == (Money.SIMULATED, Money.LIVE)
    cost = row_of(made, "FM-08").cost
    assert [words.cost_in(money, cost) for money in Money] == ["$0.75", "$1.25"]
    assert "| simulated cost | live cost |" in folder.markdown()
    assert "| $0.75 | $1.25 |" in folder.markdown()
    assert "$2.00" not in folder.markdown() + folder.html()
    assert "Simulated cost" in folder.html()
    assert "Live cost" in folder.html()


def test_the_cost_of_another_run_is_not_counted(folder: Folder) -> None:
    folder.feature("FM-08", "OpenAI: a")
    folder.result("a")
    folder.spend("run2", "FM-08", "a", "0.25")
    assert words.cost_in(Money.SIMULATED, row_of(folder.made(), "FM-08").cost) == "–"


def test_a_cost_that_is_not_known_is_not_nothing(folder: Folder) -> None:
    folder.feature("FM-08", "OpenAI: a")
    folder.result("a")
    folder.spend("run1", "FM-08", "a", "0.25")
    folder.spend("run1", "FM-08", "a", None)
    assert words.cost_in(Money.SIMULATED, row_of(folder.made(), "FM-08").cost) == "$0.25 + unpriced"


def test_a_run_that_the_ledger_does_not_know_has_no_cost(folder: Folder) -> None:
    folder.run("run9")
    folder.feature("FM-06", "OpenAI: a")
    folder.result("a")
    made = folder.made()
    assert row_of(made, "FM-06").state is State.HOLDS
    assert words.about(made)[0].endswith("its cost is not known here.")
    assert "cost |" not in folder.markdown()


# Since when ----------------------------------------------------------------------------------------------------------


def look(folder: Folder, run: str, status: str, money: Money = Money.SIMULATED) -> str:
    """One more run of the row's only scenario; answers what the cell says of its past."""
    folder.run(run)
    folder.begin(run, money)
    folder.feature("FM-06", "OpenAI: a")
    folder.result("a", status, "no" if status != "passed" else "")
    return since(folder)


def since(folder: Folder) -> str:
    made = folder.made()
    return words.since(made, cell_of(made, "FM-06"), made.memory.of(made.target).get(("FM-06", OPENAI)))


def today() -> str:
    return f"{datetime.now(UTC):%-d %b %Y}"


def test_a_promise_tells_since_when_it_holds_or_is_broken(folder: Folder) -> None:
    assert look(folder, "run1", "passed") == ""
    assert look(folder, "run2", "passed") == f"since {today()}"
    assert look(folder, "run3", "failed") == "since this run, before: holds"
    assert since(folder) == "since this run, before: holds"
    assert look(folder, "run4", "failed") == f"since {today()}"
    assert f"OpenAI: broken since run run3, {words.day(datetime.now(UTC))}, before: holds." in folder.html()


def test_a_run_that_is_looked_at_again_takes_its_own_place(folder: Folder) -> None:
    look(folder, "run1", "passed")
    look(folder, "run2", "failed")
    folder.result("a")
    assert since(folder) == f"since {today()}"
    assert "holds since run run1" in folder.html()


def test_a_run_of_other_rows_forgets_nothing(folder: Folder) -> None:
    look(folder, "run1", "passed")
    folder.run("run2")
    folder.begin("run2")
    folder.feature("CC-05", "Gemini: b")
    folder.result("b")
    made = folder.made()
    assert cell_of(made, "FM-06").state is State.ABSENT
    assert since(folder) == f"last: holds, {today()}"
    assert look(folder, "run3", "passed") == f"since {today()}"
    assert "OpenAI: holds since run run1" in folder.html()


def test_a_chosen_part_of_a_row_changes_nothing_that_is_remembered(folder: Folder) -> None:
    look(folder, "run1", "passed")
    folder.run("run2")
    folder.begin("run2")
    folder.feature("FM-06", "OpenAI: a", "OpenAI: b")
    folder.result("a")
    assert cell_of(folder.made(), "FM-06").why == "1 of 2 not in this run"
    assert since(folder) == f"last: holds, {today()}"


def test_live_and_simulated_runs_remember_apart(folder: Folder) -> None:
    look(folder, "run1", "passed")
    assert look(folder, "run2", "failed", Money.LIVE) == ""
    assert look(folder, "run3", "passed") == f"since {today()}"
    assert f"OpenAI on live: broken since run run2, {words.day(datetime.now(UTC))}" in folder.html()


def test_a_memory_that_cannot_be_read_is_none(folder: Folder) -> None:
    look(folder, "run1", "passed")
    (folder.reports / "tracker-history.json").write_text("{")
    assert look(folder, "run2", "passed") == ""
    assert (folder.reports / "tracker-history.unreadable.json").read_text() == "{"


def test_a_memory_that_cannot_be_read_is_told_of(folder: Folder) -> None:
    look(folder, "run1", "passed")
    (folder.reports / "tracker-history.json").write_text("{")
    folder.made()
    assert "tracker-history.json could not be read" in folder.markdown()


# Audit ---------------------------------------------------------------------------------------------------------------


def audited(folder: Folder, *units: dict[str, object], **more: Any) -> None:
    """An audit that began after everything was written."""
    folder.feature("FM-04", *EVERYWHERE)
    folder.result("a")
    told = {"began_at": datetime.now(UTC) + timedelta(minutes=1), **more}
    folder.audit(*units, **told)


def test_without_an_audit_no_row_counts_as_audited(folder: Folder) -> None:
    folder.feature("FM-04", *EVERYWHERE)
    folder.result("a")
    made = folder.made()
    assert words.switches_of(row_of(made, "FM-04")) == ("not audited", "off")
    assert words.about_audit(made) == [
        "No audit is at hand, so no row counts as audited: python -m support audit makes one."
    ]
    assert "- Not audited, 1 of the rows that have scenarios: FM-04." in folder.markdown()


def test_each_switch_says_who_noticed_it(folder: Folder) -> None:
    audited(
        folder,
        *(tried("FM-04", GHOST, provider, scenario=name) for provider, name in zip(Provider, "abc", strict=True)),
    )
    made = folder.made()
    assert words.switches_of(row_of(made, "FM-04")) == ("1 of 4, 3 not thrown", "part")
    assert re.search(r"noticed</span> <span class=\"quiet\">by</span> b<small", folder.html())
    when = words.to_the_minute(made.audit.began_at or made.made_at)
    switches = sum(len(row.switches) for row in tracker.rows())
    assert f"Audit of {when}: 1 of {switches} switches were noticed, in 1 of 97 rows." in words.about_audit(made)
    assert f"The audit is partial: {switches - 1} switches were not thrown in it." in words.about_audit(made)
    assert not made.audit.is_stale


@pytest.mark.parametrize("verdict", ["unnoticed", "not reached", "broken"])
def test_a_switch_that_one_provider_does_not_notice_is_not_noticed(folder: Folder, verdict: str) -> None:
    audited(folder, tried("FM-04", GHOST, OPENAI, scenario="a"), tried("FM-04", GHOST, GEMINI, verdict))
    made = folder.made()
    assert words.switches_of(row_of(made, "FM-04")) == ("0 of 4, 3 not thrown, 1 not noticed", "bad")
    assert f"- FM-04: It lies. ({GHOST}) on Gemini: {verdict}." in folder.markdown()
    assert "- FM-04 on Anthropic and Gemini: no switch was noticed there." in folder.markdown()


def test_a_switch_that_cannot_be_thrown_by_design_is_told_apart(folder: Folder) -> None:
    audited(folder, *(tried("FM-04", GHOST, provider, "excluded by design") for provider in Provider))
    assert words.switches_of(row_of(folder.made(), "FM-04")) == ("0 of 4, 1 excluded by design, 3 not thrown", "part")


def test_what_a_scenario_noticed_that_is_gone_is_not_noticed(folder: Folder) -> None:
    audited(folder, tried("FM-04", GHOST, OPENAI, scenario="an older name"))
    assert words.switches_of(row_of(folder.made(), "FM-04")) == ("0 of 4, 3 not thrown, 1 not noticed", "bad")
    assert "on OpenAI: noticed by a scenario that is gone." in folder.markdown()


def test_an_audit_from_before_a_change_is_stale(folder: Folder) -> None:
    (folder.path / "steps").mkdir()
    changed = folder.path / "steps" / "files.py"
    changed.write_text("")
    audited(folder, tried("FM-04", GHOST, OPENAI, scenario="a"))
    assert not folder.made().audit.is_stale
    later = datetime.now(UTC) + timedelta(minutes=2)
    os.utime(changed, (later.timestamp(), later.timestamp()))
    assert "The audit is stale: steps/files.py was changed after it began." in words.about_audit(folder.made())
    assert "The audit is stale: steps/files.py was changed after it began." in folder.html()


def test_an_audit_without_a_date_has_that_of_its_file(folder: Folder) -> None:
    audited(folder, tried("FM-04", GHOST, OPENAI, scenario="a"), began_at=None)
    early = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
    os.utime(folder.reports / "audit.json", (early.timestamp(), early.timestamp()))
    made = folder.made()
    assert words.about_audit(made)[0].startswith("Audit of 1 November 2026, 09:30 UTC:")
    assert made.audit.is_stale


def test_an_audit_that_was_red_without_a_switch_says_so(folder: Folder) -> None:
    audited(folder, tried("FM-04", GHOST, OPENAI, scenario="a"), red=("a: it failed",))
    assert "The audit is not sound: 1 scenarios were red in it without any switch." in words.about_audit(folder.made())


def test_an_audit_that_cannot_be_read_is_none(folder: Folder) -> None:
    audited(folder)
    (folder.reports / "audit.json").write_text("{}")
    (said,) = words.about_audit(folder.made())
    assert said.startswith("The last audit cannot be read, so no row counts as audited")


# Lessons -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown_by", "state"),
    [
        (("FM-06",), State.HOLDS),
        (("FM-06", "CC-05"), State.BROKEN),
        (("FM-06", "FM-01"), State.PARTLY),
        (("FM-06", "FM-07"), State.PARTLY),
        (("FM-07", "FM-01"), State.ABSENT),
        (("FM-01",), State.UNSHOWN),
        ((), State.BY_TESTS),
        (("IN-03",), State.BY_TESTS),
    ],
)
def test_a_lesson_is_as_good_as_its_rows(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, shown_by: tuple[str, ...], state: State
) -> None:
    lesson = Lesson(id="LL-99", line="It was paid for once.", shown_by=shown_by, tests=("tests/test_x.py::test_y",))
    monkeypatch.setattr(tracker, "lessons", lambda: (lesson,))
    folder.feature("FM-06", "OpenAI: a")
    folder.feature("CC-05", "Gemini: b")
    folder.feature("FM-07", "OpenAI: c")
    folder.result("a")
    folder.result("b", "failed", "no")
    (told,) = folder.made().lessons
    assert told.state is state
    assert f"| LL-99 | It was paid for once. | {state} |" in folder.markdown()
    assert "<code>tests/test_x.py::test_y</code>" in folder.html()


def test_every_lesson_and_every_infrastructure_row_stands_in_the_report(folder: Folder) -> None:
    folder.result("a")
    folder.made()
    for one in (*tracker.lessons(), *tracker.infrastructure()):
        assert f"| {one.id} | " in folder.markdown()
        assert f'scope="row">{one.id}</th>' in folder.html()


# The page ------------------------------------------------------------------------------------------------------------


def test_names_and_sentences_are_escaped(folder: Folder) -> None:
    folder.feature("FM-06", "OpenAI: <b>bold</b> | a")
    folder.result("<b>bold</b> | a", "failed", "<script>alert(1)</script>\nand | more")
    folder.made()
    assert "<script>alert" not in folder.html() + folder.markdown()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in folder.html()
    assert "&lt;b&gt;bold&lt;/b&gt; | a" in folder.html()
    assert "- FM-06 **&lt;b>bold&lt;/b> \\| a**: &lt;script>alert(1)&lt;/script> and \\| more" in folder.markdown()


def test_the_page_needs_nothing_from_elsewhere_and_its_links_lead_somewhere(folder: Folder) -> None:
    folder.result("a")
    folder.made()
    page = folder.html()
    assert not re.search(r"https?:|<link|<script|<img|@import|url\(|src=", page)
    places = set(re.findall(r'\bid="([^"]+)"', page))
    links = set(re.findall(r'href="([^"]+)"', page))
    assert links
    assert {link.removeprefix("#") for link in links} <= places
    assert all(link.startswith("#") for link in links)


def test_every_state_has_a_word_and_not_colour_alone(folder: Folder) -> None:
    folder.feature("FM-06", "OpenAI: a")
    folder.result("a")
    folder.made()
    badges = re.findall(
        r'<span class="state [a-z]+">(?:<span aria-hidden="true">.</span> )?([^<]*)</span>', folder.html()
    )
    assert badges.count("holds") == 2  # in the explanation, and FM-06 on OpenAI
    assert badges.count("by tests") >= len(tracker.infrastructure())
    assert len(badges) == folder.html().count('<span class="state ')
    assert "" not in badges


def test_ids_that_follow_on_each_other_are_told_together() -> None:
    assert words.in_ranges(["FM-01", "FM-03", "FM-04", "FM-05", "CC-06", "CC-09", "CC-10"]) == (
        "FM-01, FM-03 to FM-05, CC-06, CC-09 to CC-10"
    )


# In a run ------------------------------------------------------------------------------------------------------------


def project(folder: Path, **features: str) -> Path:
    for name in ("steps", "support", "fixtures", "environment.py", "behave.ini"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "features").mkdir()
    for name, text in features.items():
        (folder / "features" / f"{name}.feature").write_text(text)
    return folder


def storing(row: str, provider: str, name: str, size: int) -> str:
    return (
        f"@files @{row} @provider:{provider}\nFeature: {name}\n  Scenario: {name}\n"
        f'    When the team stores "notes-1k.txt" with {provider}\n'
        f"    Then {provider} reports {size} bytes for the file\n"
    )


def start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    own = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHSTONE_")}
    return subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env={**own, "CI": "true"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_two_processes_of_one_run_make_one_report(tmp_path: Path) -> None:
    one, two = storing("FM-06", "OpenAI", "the one", 1024), storing("FM-01", "Gemini", "the other", 7)
    folder = project(tmp_path, one=one, two=two)
    started = [
        start(folder, "behave", "--no-color", "-D", "run=together", f"features/{name}.feature")
        for name in ("one", "two")
    ]
    said = [process.communicate(timeout=60)[0] for process in started]
    assert [process.returncode for process in started] == [0, 1], said
    markdown = (folder / "reports" / "tracker.md").read_text()
    assert "Run together on the simulator in 2 processes, begun" in markdown
    assert "; 1 passed, 1 red." in markdown
    assert "reports 7 bytes for the file: " in markdown
    assert all("Tracker: " in text and "1 broken" in text.split("Tracker: ")[-1] for text in said[1:])
    assert all(text.index("Tracker: ") < text.index("Cost of run together") for text in said)
    shown = json.loads((folder / "reports" / "allure-results" / "tracker-globals.json").read_text())
    assert shown["attachments"][0]["name"] == "What is promised, and what holds"

    again = start(folder, "support", "report")
    said_again = again.communicate(timeout=60)[0]
    assert again.returncode == 0, said_again
    assert said_again.rstrip().endswith(f"{Path('reports/tracker.html')}")
    assert "Tracker: 1 of 97 rows hold, 1 broken, 95 without a scenario: " in said_again


def test_a_report_that_cannot_be_written_fails_the_run_and_leaves_its_cost_report(tmp_path: Path) -> None:
    folder = project(tmp_path, one=storing("FM-06", "OpenAI", "the one", 1024))
    (folder / "reports" / "tracker.html").mkdir(parents=True)
    process = start(folder, "behave", "--no-color")
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 1, said
    assert "The tracker's report cannot be written to reports/tracker.html (Is a directory)" in said
    assert "Cost of run" in said.split("The tracker's report")[-1]


def test_the_command_without_results_says_so_and_fails(tmp_path: Path) -> None:
    folder = project(tmp_path)
    Folder(folder).begin("run1")
    process = start(folder, "support", "report", "--state", str(folder / "state"))
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 2, said
    assert said.rstrip().endswith("There are no results of a run in reports/allure-results: run behave first.")
