"""What a scenario's tags do to its run: a day of its own, and a capability that its provider may have switched off."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from support.run import suite as suites
from support.run.scenarios import ScenarioFacts, facts_of, reason_to_skip
from support.run.suite import Suite
from support.settings import NamedTarget, Settings
from support.targets import RemoteTarget, SimulatorTarget, Target, choose
from support.values import Provider

ROOT = Path(__file__).resolve().parents[2]
AFTER_IT_WENT = """
from datetime import date
from support.run import suite

class Autumn(date):
    @classmethod
    def today(cls):
        return cls(2026, 11, 24)

suite.date = Autumn
"""
TELLING = """
from support.run import suite

def begin(self, facts):
    opened = begun(self, facts)
    print("The clock begins at", self.await_(opened.world.clock.now()).isoformat())
    return opened

begun, suite.Suite.begin = suite.Suite.begin, begin
"""
HOOKS = "from support.run.hooks import after_all, after_scenario, before_all, before_scenario\n"
MADE = (
    "    When the team makes an assistant at OpenAI, on the Assistants API, with nothing but a model\n"
    "    Then the assistant has that model and nothing else\n"
)
CAPABILITY = "@assistants @AB-01 @provider:OpenAI @capability:assistants_v2"
RETIRED = "retired on 2026-08-26"
LAST_DAY = date(2026, 8, 25)


def run(
    folder: Path, tags: str, steps: str = MADE, *options: str, hooks: str = "", keys: dict[str, str] | None = None
) -> tuple[int, str]:
    for name in ("steps", "support", "fixtures", "behave.ini"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "features").mkdir()
    (folder / "features" / "one.feature").write_text(f"{tags}\nFeature: f\n  Scenario: the only one\n{steps}")
    (folder / "environment.py").write_text(hooks + HOOKS)
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TOUCHSTONE_") and not name.endswith("_API_KEY")
    }
    done = subprocess.run(
        [sys.executable, "-m", "behave", "--no-color", "--no-capture", *options],
        cwd=folder,
        env={**own, "CI": "true", **(keys or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    return done.returncode, said


# A day of its own -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tag", "begins"), [("@on:2026-08-20", "2026-08-20T09:00:00+00:00"), ("", "2026-11-22T09:00:00+00:00")]
)
def test_a_simulated_clock_begins_on_the_day_that_is_named(tmp_path: Path, tag: str, begins: str) -> None:
    steps = (
        "    When the team makes an assistant at OpenAI, on Responses and Conversations, with nothing but a model\n"
        "    Then the assistant has that model and nothing else\n"
    )
    code, said = run(tmp_path, f"@assistants @AB-01 {tag}", steps, hooks=TELLING)
    assert f"The clock begins at {begins}" in said, said
    assert code == 0, said


def test_an_api_that_is_gone_by_now_is_there_on_that_day(tmp_path: Path) -> None:
    code, said = run(tmp_path, f"{CAPABILITY} @on:2026-08-20")
    assert code == 0, said


def test_and_not_on_the_usual_day(tmp_path: Path) -> None:
    code, said = run(tmp_path, CAPABILITY)
    assert code == 1
    assert "the Assistants API was switched off on 2026-08-26" in said, said


@pytest.mark.parametrize("tag", ["@on:someday", "@on:2026-13-01", "@on:2026-02-30", "@on:"])
def test_a_day_that_is_none_is_one_sentence(tmp_path: Path, tag: str) -> None:
    code, said = run(tmp_path, f"@assistants @AB-01 {tag}")
    assert code == 1
    assert f"The tag {tag} of 'the only one' is not a day; write, say, @on:2026-08-20." in said, said


def test_the_tag_nearest_to_the_scenario_counts() -> None:
    scenario = SimpleNamespace(
        name="s",
        feature=SimpleNamespace(name="f"),
        effective_tags=["assistants", "on:2026-08-01", "on:2026-08-20", "capability:assistants_v2"],
    )
    facts = facts_of(scenario)
    assert (facts.begins, facts.capability) == (datetime(2026, 8, 20, 9, tzinfo=UTC), "assistants_v2")
    scenario.effective_tags = ["assistants"]
    assert (facts_of(scenario).begins, facts_of(scenario).capability) == (None, None)


# A capability ---------------------------------------------------------------------------------------------------------


def test_live_it_is_skipped_once_its_provider_has_switched_it_off(tmp_path: Path) -> None:
    keys = {"OPENAI_API_KEY": "sk-of-nobody"}
    code, said = run(tmp_path, CAPABILITY, MADE, "-D", "target=live", hooks=AFTER_IT_WENT, keys=keys)
    assert RETIRED in said, said
    assert "Nothing ran: every scenario that was selected was skipped" in said
    assert code == 1, said


@pytest.fixture
def url() -> Iterator[str]:
    """A simulator that another process started."""
    command = [sys.executable, "-m", "support.simulator", "--port", "0", "--parent-pid", str(os.getpid())]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()
            process.wait(10)


@pytest.mark.parametrize("speaks", [True, False])
def test_a_gateway_of_the_users_may_go_on_speaking_it(tmp_path: Path, url: str, speaks: bool) -> None:
    """Here a simulator where it is still August."""
    wanted = {"now": "2026-08-20T09:00:00Z", "speed": 1.0}
    tenant = httpx.post(f"{url}/_simulator/tenants", json=wanted, trust_env=False).raise_for_status().json()
    said_so = 'speaks = ["assistants_v2"]\n' if speaks else ""
    (tmp_path / "targets.toml").write_text(
        f'[targets.mine]\n{said_so}[targets.mine.OpenAI]\nbase_url = "{url}"\nkey_env = "KEY_OF_MINE"\n'
    )
    keys = {"KEY_OF_MINE": tenant["keys"]["OpenAI"]}
    code, said = run(tmp_path, CAPABILITY, MADE, "-D", "target=mine", hooks=AFTER_IT_WENT, keys=keys)
    asked = httpx.get(f"{url}/_simulator/tenants/{tenant['id']}", trust_env=False).json()
    if speaks:
        assert code == 0, said
        assert RETIRED not in said
        assert asked["requests"]["by_operation"]["OpenAI assistants.create"] == 1
        assert asked["inventory"] == {}
    else:
        assert RETIRED in said, said
        assert asked["requests"]["served"] == 0


def facts(capability: str | None = None, area: str = "assistants", *providers: Provider) -> ScenarioFacts:
    return ScenarioFacts("s", "f", area, "", providers or (Provider.OPENAI,), None, False, False, capability=capability)


def live(speaks: tuple[str, ...] = ()) -> Target:
    everywhere = dict.fromkeys(Provider, "https://example.org")
    return RemoteTarget("mine", everywhere, dict.fromkeys(Provider, "k"), {}, 10.0, ".", speaks=speaks)


def skipped(scenario: ScenarioFacts, target: Target, monkeypatch: pytest.MonkeyPatch, today: date) -> str | None:
    monkeypatch.setattr(suites, "date", SimpleNamespace(today=lambda: today))
    run_there = SimpleNamespace(target=target)
    return reason_to_skip(
        scenario,
        Settings.read({}),
        target,
        lambda one: Suite._retired(run_there, one),  # type: ignore[arg-type]
    )


def test_it_runs_live_until_the_last_day(monkeypatch: pytest.MonkeyPatch) -> None:
    v2 = facts("assistants_v2")
    assert skipped(v2, live(), monkeypatch, LAST_DAY) is None
    assert skipped(v2, live(), monkeypatch, date(2026, 8, 26)) == RETIRED


def test_only_what_the_gateway_speaks_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    v2, later = facts("assistants_v2"), date(2026, 11, 24)
    assert skipped(v2, live(("assistants_v2",)), monkeypatch, later) is None
    assert skipped(v2, live(("fine_tuning",)), monkeypatch, later) == RETIRED
    assert skipped(facts(), live(), monkeypatch, later) is None


def test_a_simulator_is_never_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    target = SimulatorTarget(Settings.read({}))
    assert skipped(facts("assistants_v2"), target, monkeypatch, date(2026, 11, 24)) is None


def test_the_area_is_what_is_needed_where_no_capability_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert skipped(facts(None, "assistants_v2"), live(), monkeypatch, date(2026, 11, 24)) == RETIRED


def test_the_file_of_targets_says_what_a_gateway_speaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "targets.toml").write_text('[targets.mine]\nspeaks = ["assistants_v2"]\n[targets.plain]\n')
    settings = Settings.read({"target": "mine"})
    assert choose(settings).speaks == ("assistants_v2",)
    assert choose(settings.model_copy(update={"target": "plain"})).speaks == NamedTarget().speaks == ()
    assert choose(settings.model_copy(update={"target": "live"})).speaks == ()
