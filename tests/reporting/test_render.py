"""The rendered report: one file that calls nobody, and one clear sentence where it cannot be made."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from support.errors import SetupError
from support.reporting.render import render

ROOT = Path(__file__).resolve().parents[2]
CAN_RENDER = shutil.which("node") and (ROOT / "node_modules" / "allure" / "cli.js").is_file()


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "allure-results"
    folder.mkdir()
    result = {"uuid": "1", "name": "A file", "status": "failed", "statusDetails": {"message": "Left behind: file-1"}}
    (folder / "1-result.json").write_text(json.dumps(result))
    return folder


@pytest.mark.skipif(not CAN_RENDER, reason="Node.js or the Allure CLI is not installed (npm ci)")
def test_one_file_without_remote_parts(results, tmp_path):
    page = render(results, tmp_path / "allure-report" / "index.html")
    text = page.read_text()
    assert "<title> Touchstone </title>" in text
    assert "googletagmanager" not in text
    assert 'src="http' not in text
    assert [path.name for path in page.parent.iterdir()] == ["index.html"]


def test_without_results(tmp_path):
    with pytest.raises(SetupError, match=r"There are no results in .*: run `behave` first\."):
        render(tmp_path, tmp_path / "index.html")


def test_without_node(results, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match=r"The results are kept in .*: Node\.js is missing\. Install Node\.js 20"):
        render(results, tmp_path / "index.html")
    assert (results / "1-result.json").is_file()


def fake_node(folder, monkeypatch, script):
    folder.mkdir()
    (folder / "node").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "node").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    cli = folder / "node_modules" / "allure" / "cli.js"
    cli.parent.mkdir(parents=True)
    cli.touch()


def test_without_the_cli(results, tmp_path, monkeypatch):
    fake_node(tmp_path / "bin", monkeypatch, "exit 0")
    with pytest.raises(SetupError, match=r"the Allure CLI is missing\. Run `npm ci`"):
        render(results, tmp_path / "index.html", root=tmp_path)


def test_when_allure_fails(results, tmp_path, monkeypatch):
    fake_node(tmp_path / "bin", monkeypatch, "echo 'no memory' >&2; exit 1")
    with pytest.raises(SetupError, match="Allure says: no memory"):
        render(results, tmp_path / "index.html", root=tmp_path / "bin")


def test_a_part_from_elsewhere_is_not_let_through(results, tmp_path, monkeypatch):
    page = '<script src="https://stats.example/x.js"></script>'
    fake_node(tmp_path / "bin", monkeypatch, f'mkdir -p "$7"; echo \'{page}\' > "$7/index.html"')
    with pytest.raises(SetupError, match="would load a part from elsewhere"):
        render(results, tmp_path / "index.html", root=tmp_path / "bin")
    assert not (tmp_path / "index.html").exists()


def test_the_lock_file_pins_allure_and_names_no_host():
    lock = json.loads((ROOT / "package-lock.json").read_text())
    assert lock["packages"]["node_modules/allure"]["version"] == "3.18.0"
    assert json.loads((ROOT / "package.json").read_text())["dependencies"] == {"allure": "3.18.0"}
    assert all("resolved" not in package for package in lock["packages"].values())
    assert all(package["integrity"] for name, package in lock["packages"].items() if name)
    assert "://" not in json.dumps(lock)


@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed")
def test_the_lock_file_fits_the_package_file(tmp_path):
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / name, tmp_path)
    done = subprocess.run(
        ["npm", "ci", "--dry-run", "--offline", "--no-audit"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
