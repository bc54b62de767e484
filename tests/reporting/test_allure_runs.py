"""The Allure formatter through whole runs: selection, failing hooks of features and runs, Ctrl-C, several folders, several processes."""

import json
import signal
import subprocess

import pytest

from support.reporting.results import ResultsFolder
from tests.reporting.toy_project import BEHAVE, INI, Toy, _environ, statuses

TWO = """\
Feature: Two
  @chosen
  Scenario: One
    Given the team stores a file

  Scenario: Other
    Given it works
    And it works
    And it works

  @chosen
  Scenario: Third
    Given the team asks a model
"""
ONE = "Feature: Single\n  Scenario: Alone\n    Given it works\n"


def globals_of(toy):
    return [json.loads(path.read_text()) for path in sorted(toy.results_dir.glob("*-globals.json"))]


def errors_of(toy):
    return [error["message"] for one in globals_of(toy) for error in one.get("errors", ())]


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [
        (["--tags=@chosen"], {"One", "Third"}),
        (["-n", "^Third$"], {"Third"}),
        (["features/a.feature:6"], {"Other"}),
        ([], {"One", "Other", "Third"}),
    ],
)
def test_what_was_not_chosen_leaves_no_result(tmp_path, arguments, chosen):
    run = Toy(tmp_path, TWO).behave(*arguments)
    assert (run.code, set(run.results)) == (0, chosen)
    assert "DIFFERENCE" not in run.out


def test_steps_of_what_was_not_chosen_do_not_shift_those_of_the_next(tmp_path):
    run = Toy(tmp_path, TWO).behave("--tags=@chosen")
    assert [step["name"] for step in run.results["Third"]["steps"]] == ["Given the team asks a model"]


def test_a_real_skip_stays_beside_a_selection(tmp_path):
    hooks = "\ndef before_scenario(context, scenario):\n    if scenario.name == 'One': scenario.skip('slow')\n"
    toy = Toy(tmp_path, TWO, hooks)
    shown, hidden = toy.behave("--tags=@chosen"), toy.behave("--tags=@chosen", "--no-skipped")
    assert statuses(shown.results) == {"One": "skipped", "Third": "passed"}
    assert statuses(hidden.results) == {"Third": "passed"}
    assert "DIFFERENCE" not in shown.out + hidden.out


def test_a_feature_skipped_as_a_whole_keeps_the_reason(tmp_path):
    hooks = "\ndef before_feature(context, feature):\n    feature.skip('not supported by the provider')\n"
    run = Toy(tmp_path, ONE, hooks).behave()
    assert run.code == 0
    assert run.results["Alone"]["status"] == "skipped"
    assert run.results["Alone"]["statusDetails"]["message"] == "not supported by the provider"


def test_a_feature_hook_that_raises_breaks_each_of_its_scenarios(tmp_path):
    hooks = "\ndef before_feature(context, feature):\n    if feature.name == 'Two': raise SetupError('no store')\n"
    toy = Toy(tmp_path, TWO, hooks)
    toy.feature("b", ONE)
    run = toy.behave("--tags=not @chosen")
    assert run.code == 1
    assert statuses(run.results) == {"Other": "broken", "Alone": "passed"}
    assert run.results["Other"]["statusDetails"]["message"] == "A hook of the feature raised an error. no store"
    assert [step["status"] for step in run.results["Other"]["steps"]] == ["skipped"] * 3
    assert "DIFFERENCE" not in run.out


def test_a_raise_after_the_feature_is_an_error_of_the_report(tmp_path):
    hooks = "\ndef after_feature(context, feature):\n    raise ValueError('late')\n"
    toy = Toy(tmp_path, ONE, hooks)
    run = toy.behave()
    assert run.code == 1
    assert statuses(run.results) == {"Alone": "passed"}
    assert errors_of(toy) == ["Single: A hook of the feature raised an error. ValueError: late"]


def test_a_run_that_cannot_begin_says_so_once(tmp_path):
    hooks = """
from support.reporting import verdicts
def extra_before_all(context):
    verdicts.stop_run(context, "The simulator at http://127.0.0.1:9 does not answer.")
"""
    toy = Toy(tmp_path, ONE, hooks)
    run = toy.behave()
    assert run.code == 1
    assert run.out.count("does not answer") == 1
    assert "ABORTED" not in run.out + run.err
    assert "AFTER ALL" in run.out
    assert run.results == {}
    assert errors_of(toy) == ["The simulator at http://127.0.0.1:9 does not answer."]


def test_a_raise_in_before_all_can_be_shown(tmp_path):
    hooks = "\ndef extra_before_all(context):\n    error = ValueError('x'); allure.show_error(error); raise error\n"
    toy = Toy(tmp_path, ONE, hooks)
    run = toy.behave()
    assert run.code == 1
    assert errors_of(toy) == ["ValueError: x"]


def test_choosing_nothing_is_seen_before_the_run(tmp_path):
    hooks = """
from support.reporting import verdicts
def extra_before_all(context):
    if verdicts.selects_nothing(context): verdicts.stop_run(context, "No scenario is selected.")
"""
    toy = Toy(tmp_path, TWO, hooks)
    assert (toy.behave("--tags=@nowhere").code, toy.behave("-n", "^None$").code) == (1, 1)
    assert toy.behave("--tags=@chosen").code == 0


@pytest.mark.parametrize("step", ["it takes long", "it waits long"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_scenario_is_broken_and_the_run_ends_in_order(tmp_path, number, step):
    toy = Toy(
        tmp_path,
        f"Feature: A\n  Scenario: First\n    Given it works\n  Scenario: Long\n    Given {step}\n    Then it works\n",
    )
    toy.feature("b", ONE)
    run = toy.interrupted(number)
    assert run.code == 1
    assert "AFTER ALL" in run.out
    assert "DIFFERENCE" not in run.out
    assert statuses(run.results) == {"First": "passed", "Long": "broken"}
    assert (
        run.results["Long"]["statusDetails"]["message"]
        == "Interrupted: the run was stopped before this scenario ended."
    )
    assert [one["status"] for one in run.results["Long"]["steps"]] == ["broken", "skipped"]


def test_an_interruption_in_a_hook_is_no_pass(tmp_path):
    hooks = """
def before_scenario(context, scenario):
    import time; open("begun", "w").close(); time.sleep(20)
"""
    run = Toy(tmp_path, ONE, hooks).interrupted(signal.SIGINT)
    assert (run.code, statuses(run.results)) == (1, {"Alone": "broken"})
    assert "DIFFERENCE" not in run.out


@pytest.mark.parametrize("rest", ["", "    And it works\n"])
def test_an_interruption_between_steps_is_no_pass(tmp_path, rest):
    hooks = """
from behave.formatter.base import Formatter, StreamOpener
class Impatient(Formatter):
    def result(self, step): raise KeyboardInterrupt
def extra_before_all(context):
    context._runner.formatters.append(Impatient(StreamOpener(stream=sys.stdout), context.config))
"""
    run = Toy(tmp_path, "Feature: A\n  Scenario: One\n    Given it works\n" + rest, hooks).behave()
    assert (run.code, statuses(run.results)) == (1, {"One": "broken"})
    assert "DIFFERENCE" not in run.out
    assert "  FAIL One" in run.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["-f", "allure_behave.formatter:AllureFormatter", "-o", "mine"],
        ["-f", "plain", "-o", "plain.txt", "-f", "allure_behave.formatter:AllureFormatter", "-o", "mine"],
        [
            "-f",
            "allure_behave.formatter:AllureFormatter",
            "-o",
            "mine",
            "-f",
            "allure_behave.formatter:AllureFormatter",
            "-o",
            "mine2",
        ],
    ],
)
def test_a_second_allure_formatter_gets_the_same_results(tmp_path, arguments):
    toy = Toy(tmp_path, TWO)
    run = toy.behave(*arguments)
    assert run.code == 0
    theirs = toy.results(tmp_path / "mine")
    assert statuses(theirs) == statuses(run.results) == {"One": "passed", "Other": "passed", "Third": "passed"}
    assert [len(result["steps"]) for result in (theirs["One"], theirs["Other"])] == [1, 3]
    attachment = theirs["One"]["steps"][0]["attachments"][0]["source"]
    assert (tmp_path / "mine" / attachment).read_bytes() == (toy.results_dir / attachment).read_bytes()
    assert "DIFFERENCE" not in run.out


def test_ours_by_name_as_well(tmp_path):
    toy = Toy(tmp_path, TWO)
    done = subprocess.run(
        [BEHAVE, "-f", "support.reporting.allure:TouchstoneAllure", "-o", "mine"],
        cwd=tmp_path,
        env=_environ({"PYTHONPATH": str(BEHAVE.parents[2])}),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0
    assert statuses(toy.results(tmp_path / "mine")) == statuses(toy.results())


def test_the_same_folder_twice_is_written_once(tmp_path):
    toy = Toy(tmp_path, ONE)
    run = toy.behave("-f", "allure_behave.formatter:AllureFormatter", "-o", "reports/allure-results")
    assert (run.code, statuses(run.results)) == (0, {"Alone": "passed"})


def test_with_allure_alone_the_console_still_shows_the_run(tmp_path):
    run = Toy(tmp_path, ONE).behave("-f", "allure_behave.formatter:AllureFormatter", "-o", "mine")
    assert "ok   Alone" in run.out


def test_the_next_run_clears_the_folder_unless_they_share_an_id(tmp_path):
    toy = Toy(tmp_path, ONE)
    toy.feature("b", TWO)
    toy.behave()
    (toy.results_dir / "notes.txt").write_text("mine")
    assert set(toy.behave("features/a.feature").results) == {"Alone"}
    assert (toy.results_dir / "notes.txt").read_text() == "mine"
    toy.behave("-D", "run=r7", "features/b.feature")
    shared = toy.behave("-D", "run=r7", "features/a.feature")
    assert set(shared.results) == {"Alone", "One", "Other", "Third"}
    assert "DIFFERENCE" not in shared.out


def test_processes_of_one_run_write_the_same_file_and_lose_none(tmp_path):
    folders = [ResultsFolder(tmp_path / "results", "r7") for _ in range(2)]
    for number in range(300):
        for folder in folders:
            folder.write("categories.json", f"[{number}]")
    for folder in folders:
        folder.flush()
        assert folder.failures == []
        folder.close()
    assert (tmp_path / "results" / "categories.json").read_text() == "[299]"
    assert not list((tmp_path / "results").glob("*.tmp"))


def test_results_of_other_tools_stay(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "1-result.json").write_text('{"name": "Of pytest", "status": "passed"}')
    toy = Toy(tmp_path, ONE)
    toy.behave("-f", "allure_behave.formatter:AllureFormatter", "-o", "mine")
    assert set(toy.results(tmp_path / "mine")) == {"Of pytest", "Alone"}


def test_a_run_beside_another_removes_none_of_its_results(tmp_path):
    toy = Toy(tmp_path, ONE)
    toy.feature("b", "Feature: L\n  Scenario: Before\n    Given it works\n  Scenario: Long\n    Given it takes long\n")
    long = subprocess.Popen(
        [BEHAVE, "features/b.feature"], cwd=tmp_path, env=_environ(None), stdout=subprocess.PIPE, text=True
    )
    try:
        while not (tmp_path / "begun").exists():
            assert long.poll() is None
        assert set(toy.behave("features/a.feature").results) == {"Before", "Alone"}
    finally:
        long.send_signal(signal.SIGINT)
        out, _ = long.communicate(timeout=15)
    assert "DIFFERENCE" not in out
    assert set(toy.results()) == {"Before", "Alone", "Long"}


def test_a_dry_run_leaves_the_results_alone(tmp_path):
    toy = Toy(tmp_path, ONE)
    toy.behave()
    before = sorted(path.name for path in toy.results_dir.iterdir())
    assert toy.behave("--dry-run").code == 0
    assert sorted(path.name for path in toy.results_dir.iterdir()) == before


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    hooks = """
from support.reporting import verdicts
def before_all(context):
    try:
        allure.install(context, Path("reports/allure-results"), About("r1", "simulator", Money.SIMULATED))
    except SetupError as error:
        verdicts.stop_run(context, str(error))
"""
    toy = Toy(tmp_path, ONE, hooks)
    (tmp_path / "reports").write_text("a file in the way")
    run = toy.behave()
    assert run.code == 1
    assert "The results folder reports/allure-results cannot be written (Not a directory)" in run.out
    assert "Traceback" not in run.out + run.err


def test_results_that_vanish_are_found_by_the_gate(tmp_path):
    hooks = """
def after_feature(context, feature):
    while not (written := list(Path("reports/allure-results").glob("*-result.json"))): pass  # they are written in a while
    for path in written: path.unlink()
"""
    run = Toy(tmp_path, ONE, hooks).behave()
    assert "DIFFERENCE features/a.feature:2 Alone: passed in the run, not in the report." in run.out


def test_a_folder_that_goes_away_fails_no_scenario_but_the_gate(tmp_path):
    hooks = """
import shutil
def before_feature(context, feature):
    while Path("reports/allure-results").exists():  # something may be written meanwhile
        shutil.rmtree("reports/allure-results", ignore_errors=True)
"""
    run = Toy(tmp_path, ONE, hooks).behave()
    assert "  ok   Alone" in run.out
    assert "-result.json could not be written: No such file or directory." in run.out
    assert "DIFFERENCE The result " in run.out


def test_a_result_that_looks_better_than_the_run_is_found_by_the_gate(tmp_path):
    hooks = """
import allure_commons
class Flatterer:
    @allure_commons.hookimpl(tryfirst=True)
    def report_result(self, result): result.status = "passed"
def extra_before_all(context): allure_commons.plugin_manager.register(Flatterer())
"""
    run = Toy(tmp_path, "Feature: A\n  Scenario: Bad\n    Then the answer is wrong\n", hooks).behave()
    assert "DIFFERENCE features/a.feature:2 Bad: failed in the run, passed in the report." in run.out


def test_a_global_attachment_is_replaced_by_the_next_process_of_the_run(tmp_path):
    hooks = """
def after_all(context):
    allure.publish(context, "cost-report", "Cost report", "key sim-openai-7d1f0c2b9a, " + context.config.userdata["text"])
"""
    toy = Toy(tmp_path, ONE, hooks)
    toy.feature("b", TWO)
    toy.behave("-D", "run=r1", "-D", "text=first", "features/a.feature")
    toy.behave("-D", "run=r1", "-D", "text=second", "features/b.feature")
    [shown] = [one["attachments"] for one in globals_of(toy)]
    assert [(one["name"], one["type"]) for one in shown] == [("Cost report", "text/markdown")]
    assert (toy.results_dir / shown[0]["source"]).read_text() == "key sim-…, second"


def test_plain_behave_output_is_as_the_user_asked(tmp_path):
    run = Toy(tmp_path, ONE, ini=INI).behave("-f", "plain")
    assert run.out.count("Alone") == 1
    assert "1 scenario passed, 0 failed" in run.out
