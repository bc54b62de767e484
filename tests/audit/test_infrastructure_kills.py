"""Each switch of the infrastructure rows is put on from outside, and the test that is named for it fails for its reason."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from support.catalogue.tracker import infrastructure
from tests.audit.infrastructure import KILLS, Kill

ROOT = Path(__file__).resolve().parents[2]
PUT_ON = Path(__file__).with_name("put_on")
AT_ONCE = 2
ASSERTED = ("AssertionError", "assert ", "Failed: ")
"""How the message of a failure begins that an assertion made; anything else is a crash, and no notice."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a check ended with a switch on."""

    code: int
    fired: bool
    failures: tuple[ElementTree.Element, ...]
    crashes: int
    said: str


def run_check(kill: Kill, folder: Path) -> Result:
    folder.mkdir()
    report, fired = folder / "report.xml", folder / "fired"
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "TOUCHSTONE_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", f"--junitxml={report}", kill.check],
        cwd=ROOT,
        env={
            **own,
            "AUDIT_SWITCH": kill.switch,
            "AUDIT_FIRED": str(fired),
            "PYTHONPATH": str(PUT_ON),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # the checks need none, and loading them takes a second each
            "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / "hypothesis"),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    cases = list(ElementTree.parse(report).iter("testcase")) if report.exists() else []
    failures = tuple(found for case in cases for found in case.findall("failure"))
    crashes = sum(len(case.findall("error")) for case in cases)
    return Result(done.returncode, fired.exists(), failures, crashes, done.stdout + done.stderr)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Result]]]:
    """All checks, on the way two at a time."""
    folder = tmp_path_factory.mktemp("kills")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {kill.switch: pool.submit(run_check, kill, folder / kill.switch) for kill in KILLS}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("kill", KILLS, ids=lambda kill: kill.switch)
def test_the_named_check_notices(kill: Kill, results: dict[str, Future[Result]]) -> None:
    result = results[kill.switch].result()
    assert result.code == 1, f"{kill.check} did not fail:\n{result.said}"
    assert result.fired, f"not reached: {kill.check} failed, and the switch changed nothing:\n{result.said}"
    assert result.crashes == 0, result.said
    (failure,) = result.failures
    assert failure.get("message", "").startswith(ASSERTED), f"a crash is no notice:\n{result.said}"
    assert kill.says in (failure.text or ""), result.said


def test_every_switch_of_the_infrastructure_rows_is_in_one_table() -> None:
    switches = [switch for row in infrastructure() for switch in row.gateway]
    assert sorted(kill.switch for kill in KILLS) == sorted(switches)
