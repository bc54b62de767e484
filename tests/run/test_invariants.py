"""What must hold after every scenario is red in behave, in the exit code and in Allure when it does not."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOOKS = "from support.run.hooks import after_all, after_scenario, before_all, before_scenario\n"
LEAKING = """
from support.housekeeping.report import CleanupReport
from support.run import suite

async def nothing(*_):
    return CleanupReport()

suite.cleanup = nothing
"""
FORGETFUL = """
from support.run import suite

counted = suite.Suite._count
suite.Suite._count = lambda self, event: (counted(self, event), counted(self, event))
"""


def run(folder: Path, steps: str, hooks: str = HOOKS, tags: str = "@files @FM-01") -> tuple[int, str, dict[str, str]]:
    for name in ("steps", "support", "fixtures", "behave.ini"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "features").mkdir()
    (folder / "features" / "one.feature").write_text(f"{tags}\nFeature: f\n  Scenario: the only one\n{steps}")
    (folder / "environment.py").write_text(hooks)
    done = subprocess.run(
        [sys.executable, "-m", "behave", "--no-color"],
        cwd=folder,
        env={**os.environ, "CI": "true"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    results = [json.loads(path.read_text()) for path in (folder / "reports" / "allure-results").glob("*-result.json")]
    return done.returncode, done.stdout + done.stderr, {one["name"]: one["status"] for one in results}


def test_a_scenario_that_does_and_looks_at_nothing_fails(tmp_path: Path) -> None:
    code, said, statuses = run(tmp_path, "    When 1 second passes\n")
    assert code == 1, said
    assert "made no request and looked at nothing" in said
    assert statuses == {"the only one": "failed"}


def test_a_refusal_that_nobody_looked_at_fails(tmp_path: Path) -> None:
    code, said, statuses = run(tmp_path, '    When the team tries to store "empty.txt" with OpenAI\n')
    assert code == 1, said
    assert "no step looked at this refusal" in said
    assert statuses == {"the only one": "failed"}


def test_something_left_behind_fails(tmp_path: Path) -> None:
    steps = '    When the team stores "notes-1k.txt" with OpenAI\n    Then OpenAI reports 1024 bytes for the file\n'
    code, said, statuses = run(tmp_path, steps, hooks=LEAKING + HOOKS)
    assert code == 1, said
    assert "Left behind: 1 files at OpenAI" in said
    assert statuses == {"the only one": "failed"}


def test_a_failed_scenario_is_cleaned_up_too(tmp_path: Path) -> None:
    steps = '    When the team stores "notes-1k.txt" with OpenAI\n    Then OpenAI reports 7 bytes for the file\n'
    code, said, statuses = run(tmp_path, steps)
    assert code == 1, said
    assert "OpenAI reports 1024 bytes" in said
    assert "Left behind" not in said
    assert statuses == {"the only one": "failed"}


def test_a_call_without_a_row_in_the_ledger_fails_the_run(tmp_path: Path) -> None:
    steps = '    When the team stores "notes-1k.txt" with OpenAI\n    Then OpenAI reports 1024 bytes for the file\n'
    code, said, _ = run(tmp_path, steps, hooks=FORGETFUL + HOOKS)
    assert code == 1, said
    assert "The books are wrong" in said


@pytest.mark.parametrize("tag", ["@budget:lots", "@budget:-1"])
def test_a_budget_that_is_no_amount_is_one_sentence(tmp_path: Path, tag: str) -> None:
    code, said, _ = run(tmp_path, "    When 1 second passes\n", tags=f"@files @FM-01 {tag}")
    assert code == 1
    assert f"The tag {tag}" in said
    assert "Traceback" not in said
