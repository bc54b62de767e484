"""Keys stay keys: nothing that a run writes or says contains one, wherever it came from and however the run ended."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support.gateway.endpoint import Endpoint
from support.settings import Settings
from support.targets import choose
from support.values import Provider
from tests.plain_http import plain_client

ROOT = Path(__file__).resolve().parents[1]
CANARIES = {
    "OPENAI_API_KEY": "sk-canary-openai-0123456789abcdef",
    "ANTHROPIC_API_KEY": "plaincanaryanthropic0123456789",
    "GEMINI_API_KEY": "AIzaCanaryGemini0123456789abcdef",
    "MY_GATEWAY_KEY": "canary.of.the.gateway~0123456789",
}


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    for name in ("features", "steps", "support", "fixtures", "environment.py", "behave.ini"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


@pytest.fixture
def simulator() -> Iterator[str]:
    command = [sys.executable, "-m", "support.simulator", "--port", "0", "--parent-pid", str(os.getpid())]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.terminate()
        process.wait(10)


def started(workplace: Path, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-u", "-m", "behave", "--no-color", "-v", "-D", "attempts=1", *arguments]
    return subprocess.Popen(
        command,
        cwd=workplace,
        env={**os.environ, **CANARIES, "CI": "true"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def written(workplace: Path) -> list[Path]:
    places = (workplace / "reports", workplace / ".touchstone")
    return [path for place in places for path in place.rglob("*") if path.is_file()]


def leaks(workplace: Path, said: str, secrets: list[str]) -> list[str]:
    found = [f"{secret[:8]}… on the console" for secret in secrets if secret in said]
    for path in written(workplace):
        content = path.read_bytes()
        found += [f"{secret[:8]}… in {path.name}" for secret in secrets if secret.encode() in content]
    return found


def issued(http: httpx.Client) -> list[str]:
    """The keys of all tenants that are open at the simulator."""
    keys: list[str] = []
    for tenant in http.get("/_simulator/tenants").json():
        answer = http.get(f"/_simulator/tenants/{tenant['id']}")
        if answer.status_code == 200:
            keys += answer.json()["keys"].values()
    return keys


def test_a_gateway_that_refuses_every_key(workplace: Path, simulator: str) -> None:
    (workplace / ".env").write_text("TOUCHSTONE_LEASE=30\n")
    (workplace / "targets.toml").write_text(
        "[targets.mine]\n"
        + "".join(f'{name} = {{ base_url = "{simulator}", key_env = "MY_GATEWAY_KEY" }}\n' for name in Provider)
    )
    run = started(workplace, "-D", "target=mine", "--tags=@FM-04", "--tags=@severity:critical")
    said = run.communicate(timeout=90)[0]
    assert run.returncode == 1, said
    assert "authentication" in said, said
    assert len(written(workplace)) > 6
    assert leaks(workplace, said, list(CANARIES.values())) == []


def test_an_interrupted_run_with_keys_that_the_simulator_gave(workplace: Path, simulator: str) -> None:
    run = started(workplace, "-D", f"simulator_url={simulator}", "features/files/3_finding.feature", "-n", "OpenAI")
    keys: set[str] = set()
    deadline = time.monotonic() + 30
    with plain_client(simulator) as http:  # kept open: a scenario lasts some 20 ms
        while len(keys) < 9 and run.poll() is None and time.monotonic() < deadline:
            keys |= set(issued(http))
            time.sleep(0.001)
    run.send_signal(signal.SIGINT)
    said = run.communicate(timeout=60)[0]
    assert len(keys) >= 3, said
    assert len(written(workplace)) > 6
    assert leaks(workplace, said, [*keys, *CANARIES.values()]) == []


def test_a_wrong_key_of_a_scenario_stays_out_of_the_report(workplace: Path) -> None:
    run = started(workplace, "features/files/2_refusing.feature", "-n", "two different refusals")
    said = run.communicate(timeout=90)[0]
    assert run.returncode == 0, said
    assert leaks(workplace, said, ["wrong-key-for-acceptance-0000"]) == []


def test_values_that_hold_keys_do_not_show_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in CANARIES.items():
        monkeypatch.setenv(name, value)
    settings = Settings.read({"target": "live"})
    target = choose(settings)
    endpoint = Endpoint(Provider.OPENAI, "http://127.0.0.1:1", CANARIES["OPENAI_API_KEY"])
    shown = [repr(one) + str(one) for one in (settings, target, endpoint)]
    assert not [secret for secret in CANARIES.values() for text in shown if secret in text]
    assert settings.key(Provider.OPENAI) == CANARIES["OPENAI_API_KEY"]
