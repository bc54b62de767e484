"""What a user can get wrong: one clear sentence, an exit code that is not 0, and nothing lost."""

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from support.ledger import History, Ledger

ROOT = Path(__file__).resolve().parents[1]
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY")
NO_REQUEST = "A folder is refused before anything leaves for OpenAI"
"""A scenario that needs no SDK traffic, so that these tests are quick."""


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if name not in KEYS and not name.startswith("TOUCHSTONE_")
    }
    return {**kept, **(extra or {})}


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """A folder from which behave runs the repository's own files, with settings of its own."""
    for name in ("features", "steps", "support", "fixtures", "environment.py", "behave.ini", "package.json"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def behave(workplace: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> tuple[int, str]:
    return run(["-m", "behave", "--no-color", *arguments], workplace, environment)


def run(arguments: Sequence[str], workplace: Path, environment: Mapping[str, str] | None = None) -> tuple[int, str]:
    ended = subprocess.run(
        [sys.executable, *arguments],
        cwd=workplace,
        env=clean_environment(environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr


def refused(outcome: tuple[int, str], *words: str) -> None:
    code, said = outcome
    assert code not in (0, -6, -11), said
    assert "Traceback" not in said, said
    for word in words:
        assert word in said, said


def test_an_unknown_target(workplace: Path) -> None:
    refused(behave(workplace, "-D", "target=nowhere"), "'nowhere'", "simulator, live")


def test_an_unknown_setting(workplace: Path) -> None:
    refused(behave(workplace, "-D", "taget=live"), "did you mean target?")


def test_a_malformed_budget(workplace: Path) -> None:
    refused(behave(workplace, "-D", "budget_run=lots"), "budget_run", "'lots'")
    refused(behave(workplace, environment={"TOUCHSTONE_BUDGET_SCENARIO": "-1"}), "budget_scenario")


def test_a_malformed_env_file_names_the_line_and_not_its_content(workplace: Path) -> None:
    (workplace / ".env").write_text('TOUCHSTONE_ATTEMPTS=2\nthis is "no setting sk-canary-in-env\n')
    code, said = behave(workplace)
    refused((code, said), ".env line 2")
    assert "canary" not in said


def test_a_malformed_targets_file(workplace: Path) -> None:
    (workplace / "targets.toml").write_text("[targets.mine\n")
    refused(behave(workplace), "targets.toml")


def test_a_simulator_that_does_not_answer(workplace: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    refused(
        behave(workplace, "-D", f"simulator_url=http://127.0.0.1:{port}", "-n", NO_REQUEST),
        "No Touchstone simulator answers",
    )


def test_a_port_in_use(workplace: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused(run(["-m", "support.simulator", "--port", port], workplace), port)


def test_nothing_selected(workplace: Path) -> None:
    refused(behave(workplace, "--tags=@no-such-tag"), "Nothing was selected")


def test_reports_that_cannot_be_written(workplace: Path) -> None:
    (workplace / "reports").write_text("in the way")
    refused(behave(workplace, "-n", NO_REQUEST), "Reports cannot be written")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_state_folder_without_permission(workplace: Path) -> None:
    state = workplace / "state"
    state.mkdir()
    state.chmod(stat.S_IREAD | stat.S_IEXEC)
    refused(behave(workplace, "-D", f"state={state}", "-n", NO_REQUEST), str(state))


def test_a_ledger_that_is_no_ledger(workplace: Path) -> None:
    state = workplace / "state"
    state.mkdir()
    (state / "ledger.db").write_text("this is not a database, and it stays as it is")
    refused(behave(workplace, "-D", f"state={state}", "-n", NO_REQUEST), str(state))
    assert (state / "ledger.db").read_text() == "this is not a database, and it stays as it is"


def test_a_missing_fixture(workplace: Path) -> None:
    (workplace / "fixtures").unlink()
    (workplace / "fixtures").mkdir()
    (workplace / "support").unlink()
    (workplace / "support").mkdir()
    for entry in (ROOT / "support").iterdir():
        (workplace / "support" / entry.name).symlink_to(entry)
    # the catalogue finds its fixtures from its own place, so a scenario asks for one that no manifest has
    features = workplace / "features"
    features.unlink()
    (features / "files").mkdir(parents=True)
    (features / "files" / "one.feature").write_text(
        '@files\nFeature: f\n  @FM-01\n  Scenario: s\n    When the team stores "no-such-fixture.txt" with OpenAI\n'
        "    Then nothing was sent\n"
    )
    code, said = behave(workplace)
    assert code != 0
    assert 'The fixture "no-such-fixture.txt" is missing' in said, said


def test_live_without_keys_runs_nothing_and_says_so(workplace: Path) -> None:
    code, said = behave(workplace, "-D", "target=live", "--tags=@FM-04")
    assert "no key: set OPENAI_API_KEY" in said, said
    assert "no key: set GEMINI_API_KEY" in said, said
    assert "Not run" in said, said
    assert "Nothing ran: every scenario that was selected was skipped" in said, said
    assert code != 0, said


def test_two_runs_at_once_on_one_ledger(workplace: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    command = [sys.executable, "-m", "behave", "--no-color", "-D", f"state={state}", "--tags=@FM-02", "-n", "OpenAI"]
    started = [
        subprocess.Popen(
            [*command, "-D", f"reports={tmp_path}/reports-{name}", "-D", f"run={name}"],
            cwd=workplace,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in ("first", "second")
    ]
    said = [process.communicate(timeout=60)[0] for process in started]
    assert [process.returncode for process in started] == [0, 0], said
    with Ledger.open(state) as ledger:
        calls = [len(History(ledger).calls(name)) for name in ("first", "second")]
    assert calls[0] == calls[1] > 0
