"""What the Allure formatter writes for each way in which a scenario can end."""

import json
from pathlib import Path

import pytest

from tests.reporting.toy_project import Toy, statuses

FEATURE = """\
@files
Feature: Taking files back
  Once deleted, nobody can read it.

  @FM-04 @severity:critical
  Scenario Outline: A deleted file is gone for good on <provider>
    Given the team stores a file
    When the team asks a model
    Then it works

    Examples: providers that store files
      | provider  |
      | OpenAI    |
      | Anthropic |

  @FM-05 @provider:Gemini
  Scenario: A wrong answer
    Given the team stores a file
    Then the answer is wrong
    And it works

  Scenario: A refusal
    When the provider refuses

  Scenario: A fault of the suite
    When the suite is at fault

  Scenario: A bare assertion
    When a bare assertion fails

  Scenario: Skipped half way
    Given it works
    And it is skipped half way
    Then it works

  Scenario: Skipped by a hook
    Given it works

  Scenario: A hook before it fails
    Given it works

  Scenario: A leftover
    Given the team stores a file

  Scenario: A wrong answer and a leftover
    Then the answer is wrong

  Scenario: Cleaning up is refused
    Given it works

  Scenario: Not even a hook that raises
    Given it works

  Scenario: A cleanup function fails
    Given it works

  Scenario: A step nobody wrote
    Given nobody wrote this

  Rule: even here
    Scenario: Inside a rule
      Given the team stores a file
"""

HOOKS = """
from support.reporting import verdicts

def broken_cleanup(): raise RuntimeError("no")

def before_scenario(context, scenario):
    recorder.on_call(fake_calls.chat("0.0001"))
    if scenario.name == "A hook before it fails": raise RuntimeError("no tenant")
    if scenario.name == "Skipped by a hook": scenario.skip("no key for Gemini")
    if scenario.name == "A cleanup function fails": context.add_cleanup(broken_cleanup)

def after_scenario(context, scenario):
    recorder.on_call(fake_calls.deletion())
    if "leftover" in scenario.name: raise AssertionError(categories.LEFT_BEHIND + "file-1 on OpenAI")
    if scenario.name == "Cleaning up is refused": raise NotFound("gone", provider=Provider.OPENAI, operation="files.delete")
    if scenario.name == "Not even a hook that raises":
        verdicts.fail_scenario(scenario, AssertionError(categories.NOTHING_CHECKED + "nothing was asked"))
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    toy = Toy(tmp_path_factory.mktemp("toy"), FEATURE, HOOKS)
    return toy, toy.behave("-D", "run=r1")


def test_each_end_has_its_status(ran):
    _, run = ran
    assert run.code == 1
    assert "DIFFERENCE" not in run.out
    assert statuses(run.results) == {
        "A deleted file is gone for good on OpenAI": "passed",
        "A deleted file is gone for good on Anthropic": "passed",
        "A wrong answer": "failed",
        "A refusal": "broken",
        "A fault of the suite": "broken",
        "A bare assertion": "failed",
        "Skipped half way": "skipped",
        "Skipped by a hook": "skipped",
        "A hook before it fails": "broken",
        "A leftover": "failed",
        "A wrong answer and a leftover": "failed",
        "Cleaning up is refused": "broken",
        "Not even a hook that raises": "failed",
        "A cleanup function fails": "broken",
        "A step nobody wrote": "broken",
        "Inside a rule": "passed",
    }


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("A wrong answer", "The file is still there."),
        ("A refusal", "Provider error: OpenAI files.get: No such file."),
        ("A fault of the suite", "KeyError: 'missing'"),
        ("A bare assertion", "assert left == 2"),
        ("Skipped half way", "retired on 2026-08-26"),
        ("Skipped by a hook", "no key for Gemini"),
        ("A hook before it fails", "RuntimeError: no tenant"),
        ("A leftover", "Left behind: file-1 on OpenAI"),
        (
            "A wrong answer and a leftover",
            "The file is still there.\n\nAfter the scenario, too: Left behind: file-1 on OpenAI",
        ),
        ("Cleaning up is refused", "Cleaning up failed: OpenAI files.delete: gone"),
        ("Not even a hook that raises", "Nothing checked: nothing was asked"),
        ("A cleanup function fails", "Cleaning up failed: a cleanup function of the scenario raised an error."),
        ("A step nobody wrote", "No step definition fits: Given nobody wrote this"),
    ],
)
def test_each_message_says_what_happened(ran, name, message):
    assert ran[1].results[name]["statusDetails"]["message"] == message


def test_a_failure_has_its_trace_without_the_runner(ran):
    trace = ran[1].results["A leftover"]["statusDetails"]["trace"]
    assert 'File "environment.py"' in trace
    assert trace.endswith("AssertionError: Left behind: file-1 on OpenAI")
    assert "site-packages" not in trace


def test_labels_place_the_result(ran):
    labels = [
        (label["name"], label["value"])
        for label in ran[1].results["A deleted file is gone for good on OpenAI"]["labels"]
    ]
    told = dict(labels)
    assert told["epic"] == "Files"
    assert told["feature"] == "Taking files back"
    assert told["story"].startswith("FM-04 A deleted file is gone for good")
    assert told["severity"] == "critical"
    assert [value for name, value in labels if name == "tag"] == ["FM-04", "files"]
    assert told["scenario"] == "features/a.feature:13"


def test_severity_is_normal_unless_tagged(ran):
    labels = ran[1].results["A refusal"]["labels"]
    assert [label["value"] for label in labels if label["name"] == "severity"] == ["normal"]
    assert "epic" not in {label["name"] for label in labels}


def test_parameters_tell_provider_target_cost_and_tokens(ran):
    parameters = ran[1].results["A deleted file is gone for good on OpenAI"]["parameters"]
    assert [(one["name"], one["value"], one.get("excluded", False)) for one in parameters] == [
        ("provider", "OpenAI", False),
        ("target", "simulator", False),
        ("cost", "$0.0013 simulated", True),
        ("tokens", "2,408 in (2,048 cached), 32 out", True),
    ]
    tagged = {one["name"]: one["value"] for one in ran[1].results["A wrong answer"]["parameters"]}
    assert tagged["provider"] == "Gemini"


def test_history_differs_by_row_and_not_by_cost(ran, tmp_path):
    first = {name: result["historyId"] for name, result in ran[1].results.items()}
    assert len(set(first.values())) == len(first)
    again = Toy(tmp_path, FEATURE, HOOKS.replace('chat("0.0001")', 'chat("0.0777")')).behave()
    assert {name: result["historyId"] for name, result in again.results.items()} == first


def test_description_is_the_feature_s_and_the_scenario_s(ran):
    assert ran[1].results["A refusal"]["description"] == "Once deleted, nobody can read it."


def test_steps_keep_their_names_states_and_exchanges(ran):
    toy, run = ran
    steps = run.results["A wrong answer"]["steps"]
    assert [(step["name"], step["status"]) for step in steps] == [
        ("Given the team stores a file", "passed"),
        ("Then the answer is wrong", "failed"),
        ("And it works", "skipped"),
    ]
    assert [one["name"] for one in steps[0]["attachments"]] == ["POST /v1/files → 200 (12 ms)"]
    text = toy.attachment(steps[0])
    assert "part file: file handbook.txt, text/plain, 38 bytes" in text
    assert "made with sim-…" in text
    assert all("attachments" not in step for step in steps[1:])


def test_calls_of_hooks_are_set_up_and_tear_down(ran):
    toy, run = ran
    containers = [json.loads(path.read_text()) for path in toy.results_dir.glob("*-container.json")]
    uuid = run.results["A leftover"]["uuid"]
    [mine] = [one for one in containers if uuid in one["children"]]
    assert [one["name"] for one in mine["befores"][0]["attachments"]] == ["POST /v1/chat/completions → 200 (12 ms)"]
    assert mine["befores"][0]["status"] == "passed"
    assert [one["name"] for one in mine["afters"][0]["attachments"]] == ["DELETE /v1/files/file-1 → 200 (12 ms)"]
    assert mine["afters"][0]["status"] == "failed"
    assert mine["afters"][0]["statusDetails"]["message"] == "Left behind: file-1 on OpenAI"


def test_no_secret_is_written(ran):
    toy, _ = ran
    everything = b"".join(path.read_bytes() for path in toy.results_dir.iterdir())
    assert b"sim-openai-7d1f0c2b9a" not in everything
    assert "sim-…".encode() in everything


def test_environment_names_target_money_run_and_versions(ran):
    lines = (ran[0].results_dir / "environment.properties").read_text().splitlines()
    assert lines[:3] == ["Target = simulator", "Money = simulated dollars", "Run = r1"]
    assert any(line.startswith("google-genai = 3.") for line in lines)


def test_categories_lie_beside_the_results(ran):
    names = [one["name"] for one in json.loads((ran[0].results_dir / "categories.json").read_text())]
    assert names[:5] == ["Wrong answer", "Provider refused", "Budget", "Cleanup", "Suite error"]


def test_executor_names_the_build_on_github(tmp_path):
    toy = Toy(tmp_path, "Feature: A\n  Scenario: One\n    Given it works\n")
    toy.behave(
        env={
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKFLOW": "accept",
            "GITHUB_RUN_NUMBER": "17",
            "GITHUB_RUN_ID": "99",
            "GITHUB_REPOSITORY": "team/touchstone",
            "GITHUB_SERVER_URL": "https://git.example",
        }
    )
    told = json.loads((toy.results_dir / "executor.json").read_text())
    assert told["buildName"] == "accept #17"
    assert told["buildOrder"] == 17
    assert told["buildUrl"] == "https://git.example/team/touchstone/actions/runs/99"


def test_no_executor_elsewhere(ran):
    assert not Path(ran[0].results_dir, "executor.json").exists()
