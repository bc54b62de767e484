"""The output of every run ends with its cost report, also when a scenario failed and when nothing was spent."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UPLOAD = '    When the team stores "notes-1k.txt" with OpenAI\n'


def run(folder: Path, then: str) -> tuple[int, str]:
    for name in ("steps", "support", "fixtures", "environment.py", "behave.ini"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "features").mkdir()
    (folder / "features" / "one.feature").write_text(
        f"@files @FM-01\nFeature: f\n  Scenario: the only one\n{UPLOAD}    Then OpenAI reports {then} bytes for the file\n"
    )
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
    return done.returncode, done.stdout + done.stderr


def ends_with_the_report(said: str, folder: Path) -> None:
    assert "Cost of run" in said, f"there is no cost report: {said}"
    last = said[said.index("Cost of run") :]
    (total,) = [line for line in last.splitlines() if "total" in line]
    assert "$0.00" in total
    assert last.rstrip().endswith("Not run: nothing.")
    (account,) = json.loads((folder / "reports" / "cost-report.json").read_text())["accounts"]
    assert account["total"]["cost_usd"] == "0.00"
    assert account["total"]["calls"] > 0


def test_a_run_that_cost_nothing_ends_with_its_cost_report(tmp_path: Path) -> None:
    code, said = run(tmp_path, then="1024")
    assert code == 0, said
    ends_with_the_report(said, tmp_path)


def test_a_failed_run_ends_with_its_cost_report(tmp_path: Path) -> None:
    code, said = run(tmp_path, then="7")
    assert code == 1, said
    ends_with_the_report(said, tmp_path)
