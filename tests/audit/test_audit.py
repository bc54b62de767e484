"""The audit itself: it finds a hole, takes its sabotages off again, and writes what it found."""

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from support.audit.matrix import summary, to_html, to_markdown
from support.audit.sabotages import SABOTAGES
from support.audit.sabotaging import sabotaged
from support.audit.verdicts import Audit, CleanPass, Shown, Unit, Verdict
from support.catalogue.tracker import rows
from support.values import Provider

ROOT = Path(__file__).resolve().parents[2]
FILES = [row for row in rows() if row.area == "files"]


def audit(reports: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "support", "audit", *arguments],
        cwd=ROOT,
        env={**os.environ, "TOUCHSTONE_REPORTS": str(reports), "TOUCHSTONE_STATE": str(reports / "state")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def unit(verdict: Verdict) -> Unit:
    return Unit(
        row="FM-04",
        layer="simulator",
        switch="files.delete.ghost_listed",
        does="Deleted, but still <listed>.",
        provider=Provider.OPENAI,
        verdict=verdict,
    )


def made(
    *units: Unit, red: tuple[str, ...] = (), unknown: tuple[str, ...] = (), every: tuple[Shown, ...] | None = None
) -> Audit:
    passes = (CleanPass(order="in order", scenarios=3, red=red),)
    return Audit(passes=passes, units=units, unknown=unknown, every=every, seconds=1.0)


def test_one_switch_of_one_row_is_noticed_and_written_down(tmp_path: Path) -> None:
    done = audit(tmp_path, "--row", "FM-04", "--switch", "files.delete.ghost_listed")
    assert done.returncode == 0, done.stdout + done.stderr
    units = json.loads((tmp_path / "audit.json").read_text())["units"]
    assert [(one["provider"], one["verdict"]) for one in units] == [(name, "noticed") for name in Provider]
    assert all("the list still has" in one["sentence"] for one in units)
    assert "A deleted file is gone for good" in (tmp_path / "audit.html").read_text()
    assert "files.delete.ghost_listed" in (tmp_path / "audit.md").read_text()
    assert "no switch, shuffled with seed 1: 12 of 12 passed" in done.stdout
    assert "FM-04: 3 of 3 noticed" in done.stdout
    assert not (tmp_path / "state").exists(), "the audit keeps its books to itself"


def test_every_scenario_of_one_row_is_turned_red(tmp_path: Path) -> None:
    done = audit(tmp_path, "--row", "FM-06", "--every")
    assert done.returncode == 0, done.stdout + done.stderr
    every = json.loads((tmp_path / "audit.json").read_text())["every"]
    assert {one["row"] for one in every} == {"FM-06"}
    assert all(one["switch"] and one["sentence"] for one in every)
    refused = next(one for one in every if one["scenario"].startswith("A team cannot store a file for batch_output"))
    assert refused["switch"] == "errors.without_a_reason", "its row's own switches do not reach it"
    assert f"{len(every)} of {len(every)} scenarios were turned red by a switch." in done.stdout
    assert "errors.without_a_reason" in (tmp_path / "audit.html").read_text()


def test_every_scenario_and_one_switch_do_not_go_together(tmp_path: Path) -> None:
    done = audit(tmp_path, "--row", "FM-06", "--every", "--switch", "files.delete.ghost_listed")
    assert done.returncode == 2
    assert "leave out --switch, or --every" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_scenario_that_nothing_turns_red_is_a_hole() -> None:
    seen = Shown(row="FM-04", scenario="One", layer="gateway", switch="files.x", sentence="Then it is <gone>: no")
    unseen = Shown(row="FM-04", scenario="The <other>")
    audit_made = made(unit(Verdict.NOTICED), every=(seen, unseen))
    assert (audit_made.is_good, audit_made.unshown) == (False, (unseen,))
    assert made(unit(Verdict.NOTICED), every=(seen,)).is_good
    said = summary(audit_made)
    assert "1 of 2 scenarios were turned red by a switch." in said
    assert "No switch turned this red: FM-04 The <other>" in said
    assert "The &lt;other&gt;" in to_html(audit_made)
    assert "| FM-04 The &lt;other> | none |" in to_markdown(audit_made)


def test_a_scenario_that_looks_too_little_is_a_hole(tmp_path: Path) -> None:
    # without the scenarios that look at the list, a deleted file that stays listed is seen by nobody
    done = audit(tmp_path, "--tags", "@FM-04 and not @severity:critical", "--switch", "files.delete.ghost_listed")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "The suite has holes" in done.stdout
    units = json.loads((tmp_path / "audit.json").read_text())["units"]
    assert [one["verdict"] for one in units] == ["not reached"] * 3


def test_an_unknown_switch_is_one_sentence(tmp_path: Path) -> None:
    done = audit(tmp_path, "--row", "FM-06", "--switch", "files.no_such")
    assert done.returncode == 2
    assert "no_such" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("verdict", [Verdict.UNNOTICED, Verdict.NOT_REACHED, Verdict.BROKEN])
def test_only_noticed_and_excluded_are_good(verdict: Verdict) -> None:
    assert made(unit(Verdict.NOTICED), unit(Verdict.EXCLUDED)).is_good
    assert not made(unit(Verdict.NOTICED), unit(verdict)).is_good


def test_a_red_clean_pass_and_an_unknown_switch_fail_the_audit() -> None:
    assert not made(unit(Verdict.NOTICED), red=("a scenario: it failed",)).is_good
    assert not made(unit(Verdict.NOTICED), unknown=("FM-04 simulator files.x",)).is_good
    assert (
        "Nothing can throw this switch of the tracker for a provider of its row: FM-04 simulator files.x."
        in summary(made(unknown=("FM-04 simulator files.x",)))
    )


def test_what_is_written_is_escaped() -> None:
    audit_made = made(unit(Verdict.NOTICED))
    assert "still &lt;listed&gt;" in to_html(audit_made)
    assert "still &lt;listed>" in to_markdown(audit_made)


def test_every_gateway_switch_of_the_files_rows_has_a_sabotage_for_a_provider_of_its_row() -> None:
    for row in FILES:
        for name in row.gateway:
            assert name in SABOTAGES, name
            assert set(SABOTAGES[name].providers) & set(row.providers), name


@pytest.mark.parametrize("name", SABOTAGES)
def test_a_sabotage_comes_off_again(name: str) -> None:
    patches = SABOTAGES[name].patches()
    before = [vars(patch.owner)[patch.name] for patch in patches]
    with sabotaged(SABOTAGES[name]) as fired:
        during = [vars(patch.owner)[patch.name] for patch in patches]
        assert all(old is not new for old, new in zip(before, during, strict=True))
        assert fired.times == 0
    assert [vars(patch.owner)[patch.name] for patch in patches] == before


def test_a_sabotage_comes_off_when_a_scenario_crashes() -> None:
    files = import_module("support.gateway.files")
    before = files.following
    with pytest.raises(RuntimeError), sabotaged(SABOTAGES["files.list_first_page_only"]):
        raise RuntimeError
    assert files.following is before
