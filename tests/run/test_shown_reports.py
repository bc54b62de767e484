"""A comparison that a scenario made is before the reader: among the reports as JSON, attached to its step, in the console."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from support.run.suite import Suite
from support.values import CachingReport, Provider

ROOT = Path(__file__).resolve().parents[2]
COMPARING = "    When the team compares questions to OpenAI with and without a cache\n"
FINE = (
    f"{COMPARING}    Then the comparison tells calls, times, tokens and cost of both\n"
    "    And the ledger has charged what the comparison says\n"
)
IN_VAIN = (
    "    Given OpenAI answers no question from now on\n"
    f"{COMPARING}    Then the comparison names each call that failed, and gives no figures\n"
)


def run(folder: Path, steps: str) -> str:
    """What the run said."""
    for name in ("steps", "support", "fixtures", "environment.py", "behave.ini"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "features").mkdir()
    feature = f"@caching @CC-09\nFeature: f\n  @simulator_only\n  Scenario: the only one\n{steps}"
    (folder / "features" / "one.feature").write_text(feature)
    own = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHSTONE_")}
    done = subprocess.run(
        [sys.executable, "-m", "behave", "--no-color"],
        cwd=folder,
        env={**own, "CI": "true"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def attached(folder: Path, text: str) -> dict[str, str]:
    """What the step with this text has attached and is no exchange, by name."""
    results = folder / "reports" / "allure-results"
    (result,) = [json.loads(path.read_text()) for path in results.glob("*-result.json")]
    (step,) = [one for one in result["steps"] if text in one["name"]]
    shown: list[dict[str, Any]] = [one for one in step["attachments"] if one["type"] != "text/plain"]
    return {one["name"]: (results / one["source"]).read_text() for one in shown}


def test_a_comparison_is_shown_in_three_places(tmp_path: Path) -> None:
    said = run(tmp_path, FINE)
    written = CachingReport.model_validate_json((tmp_path / "reports" / "caching-the-only-one.json").read_text())
    assert written.figures is not None
    assert (written.figures.uncached.calls, written.figures.cached.calls) == (20, 20)
    beside = attached(tmp_path, "the team compares")
    assert list(beside) == ["Caching on OpenAI: figures", "Caching on OpenAI: picture"]
    assert CachingReport.model_validate_json(beside["Caching on OpenAI: figures"]) == written
    assert f"{written.figures.cached.p50_seconds:.3f} s with" in beside["Caching on OpenAI: picture"]
    assert f"p95 {written.figures.cached.p95_seconds:.3f} s" in said
    (account,) = json.loads((tmp_path / "reports" / "cost-report.json").read_text())["accounts"]
    assert account["total"]["calls"] == 40


def test_a_comparison_that_failed_is_shown_without_figures(tmp_path: Path) -> None:
    said = run(tmp_path, IN_VAIN)
    assert list(attached(tmp_path, "the team compares")) == ["Caching on OpenAI: figures"]
    assert "no figures, 40 calls failed; the first: server_error: " in said


def test_the_file_has_no_key_either(tmp_path: Path) -> None:
    key = "sim-openai-7d1f0c2b9a44"
    report = CachingReport(provider=Provider.OPENAI, model="m", failures=(f"refused: {key}",), figures=None)
    suite, facts = SimpleNamespace(settings=SimpleNamespace(reports=tmp_path)), SimpleNamespace(name="One")
    Suite._show(suite, facts, report)  # type: ignore[arg-type]
    (path,) = tmp_path.glob("*.json")
    assert CachingReport.model_validate_json(path.read_text()).failures == ("refused: sim-…",)


SIDE_BY_SIDE = "The same question, side by side"
THREE = (
    "    When the team asks OpenAI, Anthropic and Gemini side by side for the capital of France\n"
    "    Then each of the 3 has answered Paris\n"
)
ALONE = "    When the team asks OpenAI for the capital of France, in one word\n    Then the answer is Paris, in any spelling\n"


def test_providers_side_by_side_are_a_table_in_both_places(tmp_path: Path) -> None:
    said = run(tmp_path, THREE)
    (table,) = attached(tmp_path, "side by side").values()
    head, *rows = table.splitlines()
    assert head.startswith("provider,model,ended,")
    assert [row.partition(",")[0] for row in rows] == ["OpenAI", "Anthropic", "Gemini"]
    assert said.count(f"{SIDE_BY_SIDE}:") == 1
    assert "Cheapest to dearest: " in said


def test_an_answer_by_itself_is_attached_and_no_line_of_the_console(tmp_path: Path) -> None:
    said = run(tmp_path, ALONE)
    (table,) = attached(tmp_path, "in one word").values()
    assert len(table.splitlines()) == 2
    assert SIDE_BY_SIDE not in said
