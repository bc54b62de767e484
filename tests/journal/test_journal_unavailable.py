"""A place that holds no journal, or cannot: one sentence that says what to do."""

import sqlite3
from pathlib import Path

import pytest

from support.errors import SetupError
from support.journal import Journal, JournalUnavailable, ScenarioRegister, Target
from support.values import Provider


def refusal(location: str | Path) -> str:
    with pytest.raises(JournalUnavailable) as caught:
        Journal.open(location)
    sentence = str(caught.value)
    assert isinstance(caught.value, SetupError)
    assert "\n" not in sentence
    return sentence


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"not a database at all, but long enough to be read as one" * 100)
    assert refusal(tmp_path).endswith(
        f"The journal at {tmp_path} cannot be used (file is not a database): "
        "make that place writable, or move the damaged journal away, or name another one."
    )
    assert (tmp_path / "journal.db").read_bytes().startswith(b"not a database")


def test_a_damaged_journal(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as journal:
        run = journal.begin_run("aaaa", Target(name="simulator"), worker="w1")
        register = run.scenario("one", "tenant-1")
        for number in range(500):
            register.intend(Provider.OPENAI, "file", f"ts-aaaa-{number:08d}~")
        run.end()
    path = tmp_path / "journal.db"
    whole = path.read_bytes()
    path.write_bytes(whole[:200] + b"\x55" * (len(whole) - 200))
    assert "malformed" in refusal(tmp_path)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, no folder")
    assert "make that place writable" in refusal(tmp_path / "taken" / "state")
    (tmp_path / "journal.db").mkdir()
    assert "unable to open database file" in refusal(tmp_path)


def test_an_address_that_is_none() -> None:
    assert "give a folder or a database URL" in refusal("nosuch://host/name")


def test_a_password_in_the_address_is_not_told(tmp_path: Path) -> None:
    sentence = refusal(f"nosuch://user:canary-password@{tmp_path.name}/name")
    assert "canary-password" not in sentence


def test_a_journal_of_another_shape(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "journal.db")
    other.execute("CREATE TABLE journal_runs (id INTEGER PRIMARY KEY, run TEXT)")
    other.close()
    assert "no such column: journal_runs.worker" in refusal(tmp_path)


def test_a_journal_that_is_lost_while_it_is_open_refuses_the_intent(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as journal:
        run = journal.begin_run("aaaa", Target(name="simulator"), worker="w1")
        register: ScenarioRegister = run.scenario("one", "tenant-1")
        other = sqlite3.connect(tmp_path / "journal.db")
        other.execute("DROP TABLE journal_resources")
        other.close()
        with pytest.raises(JournalUnavailable, match="no such table: journal_resources"):
            register.intend(Provider.OPENAI, "file", "ts-aaaa-00000000~")
        run.end()
