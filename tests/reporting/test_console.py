"""What a run prints: plain lines without a terminal, live progress with one."""

import os
import pty
import re

import pytest

from tests.reporting.toy_project import BEHAVE, Toy, _environ

FEATURE = """\
@files
Feature: Taking files back

  @FM-04
  Scenario Outline: A deleted file is gone for good on <provider>
    When the team asks a model
    Examples: providers
      | provider  |
      | OpenAI    |
      | Anthropic |

  Scenario: Wrong
    Then the answer is wrong

  Scenario: Refused
    When the provider refuses

  @other
  Scenario: At fault
    When the suite is at fault

  Scenario: Skipped
    Given it works
"""
HOOKS = """
def before_scenario(context, scenario):
    if scenario.name == "Skipped": scenario.skip("no key for Gemini")
"""
SECOND = "Feature: Second\n  Scenario: Two\n    Given it works\n"


def plain(text):
    """Durations as they may be; the trace's markers, which differ between Pythons, left out."""
    text = re.sub(r"\(\d+\.\d+ s\)", "(… s)", text)
    return re.sub(r"^ *[~^]+\n", "", text, flags=re.MULTILINE)


def test_plain_lines(tmp_path):
    toy = Toy(tmp_path, FEATURE, HOOKS)
    toy.feature("b", SECOND)
    run = toy.behave()
    assert run.err == ""
    assert plain(run.out) == (
        "USING RUNNER: behave.runner:Runner\n"
        "\n"
        "Taking files back  (features/a.feature)\n"
        "  ok   FM-04 A deleted file is gone for good on OpenAI (… s)\n"
        "  ok   FM-04 A deleted file is gone for good on Anthropic (… s)\n"
        "  FAIL Wrong (… s)\n"
        "       features/a.feature:12\n"
        "       Then the answer is wrong\n"
        "       The file is still there.\n"
        "  FAIL Refused (… s)\n"
        "       features/a.feature:15\n"
        "       When the provider refuses\n"
        "       Provider error: OpenAI files.get: No such file.\n"
        "  FAIL At fault (… s)\n"
        "       features/a.feature:19\n"
        "       When the suite is at fault\n"
        "       KeyError: 'missing'\n"
        "       Traceback (most recent call last):\n"
        '         File "steps/steps.py", line 29, in _\n'
        '           def _(context): {}["missing"]\n'
        "       KeyError: 'missing'\n"
        "  skip Skipped: no key for Gemini\n"
        "\n"
        "Second  (features/b.feature)\n"
        "  ok   Two (… s)\n"
        "AFTER ALL\n"
        "\n"
        "Not run:\n"
        "     1  no key for Gemini\n"
        "\n"
        "Failed:\n"
        "  Wrong  (features/a.feature:12)\n"
        "  Refused  (features/a.feature:15)\n"
        "  At fault  (features/a.feature:19)\n"
        "\n"
        "7 scenarios: 3 passed, 1 failed, 2 broken, 1 skipped (… s)\n"
    )


@pytest.mark.parametrize("capture", ["--capture", "--no-capture", "--capture-hooks"])
def test_output_of_steps_and_hooks_does_not_disturb(tmp_path, capture):
    hooks = "\ndef before_scenario(context, scenario): print('from a hook')\n"
    run = Toy(tmp_path, SECOND, hooks).behave(capture)
    assert run.code == 0
    assert "  ok   Two (" in run.out
    assert run.out.count("1 scenario: 1 passed") == 1


def test_only_what_was_chosen_is_shown(tmp_path):
    toy = Toy(tmp_path, FEATURE)
    toy.feature("b", SECOND)
    run = toy.behave("--tags=@other")
    assert "Second" not in run.out
    assert "1 scenario: 1 broken" in run.out


def test_a_dry_run_shows_what_would_run(tmp_path):
    run = Toy(tmp_path, FEATURE).behave("--dry-run")
    assert run.code == 0
    assert "  dry  FM-04 A deleted file is gone for good on Anthropic\n" in run.out
    assert "6 scenarios: 6 looked at, not run" in run.out


def test_a_dry_run_finds_undefined_steps(tmp_path):
    run = Toy(tmp_path, "Feature: A\n  Scenario: One\n    Given nobody wrote this\n").behave("--dry-run")
    assert run.code == 1
    assert "No step definition fits: Given nobody wrote this" in run.out


def test_scenarios_of_a_failed_feature_hook_are_shown(tmp_path):
    run = Toy(tmp_path, SECOND, "\ndef before_feature(context, feature): raise SetupError('no store')\n").behave()
    assert "  FAIL Two" in run.out
    assert "1 scenario: 1 broken" in run.out


def test_a_failed_invariant_is_shown_once(tmp_path):
    hooks = """
from support.reporting import verdicts
def after_scenario(context, scenario): verdicts.fail_scenario(scenario, AssertionError("Left behind: file-1"))
"""
    run = Toy(tmp_path, SECOND, hooks).behave()
    assert run.code == 1
    assert run.out.count("Left behind: file-1") == 1
    assert "HOOK-ERROR" not in run.out


def test_secrets_are_not_printed(tmp_path):
    hooks = "\ndef after_scenario(context, scenario): raise AssertionError('key sim-openai-7d1f0c2b9a leaked')\n"
    run = Toy(tmp_path, SECOND, hooks).behave()
    shown = [line for line in run.out.splitlines() if "leaked" in line and "HOOK-ERROR" not in line]
    assert shown == ["       key sim-… leaked"]


def in_a_terminal(folder, **env):
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execve(BEHAVE, [str(BEHAVE)], _environ({"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30", **env}))
    output = b""
    while True:
        try:
            output += os.read(terminal, 65536)
        except OSError:
            break
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), output.decode().replace("\r\n", "\n")


def test_a_terminal_shows_progress_and_failures(tmp_path):
    Toy(tmp_path, FEATURE, HOOKS)
    code, raw = in_a_terminal(tmp_path)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", raw)
    assert code == 1
    assert "2 done  0 failed  0 skipped  $0.0024 simulated" in text
    assert "6 done  3 failed  1 skipped" in text
    assert "FM-04 A deleted file is gone for good on Anthropic" in text
    assert "FAIL Wrong (" in text
    assert "The file is still there." in text
    assert "FAIL Taking files back  2 broken, 1 failed, 2 passed, 1 skipped" in text
    assert text.rstrip().splitlines()[-1].startswith("6 scenarios: 2 passed, 1 failed, 2 broken, 1 skipped")
    assert "\x1b[?25h" in raw, "the cursor comes back"


def test_ci_with_a_terminal_gets_plain_lines(tmp_path):
    Toy(tmp_path, SECOND)
    code, raw = in_a_terminal(tmp_path, CI="true")
    assert code == 0
    assert "  ok   Two (" in raw
    assert "\x1b[" not in raw
