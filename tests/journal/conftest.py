"""A journal in a folder of its own, and runs that begin and end in it."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from support.journal import Journal, Run, Target


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "state") as opened:
        yield opened


@pytest.fixture
def begin(journal: Journal) -> Iterator[Callable[..., Run]]:
    """Begins runs, and ends those that the test did not end."""
    begun: list[Run] = []

    def start(
        id: str = "aaaa",
        *,
        worker: str = "w1",
        target: str = "simulator",
        url: str = "http://127.0.0.1:1",
        lease: timedelta = timedelta(seconds=30),
    ) -> Run:
        run = journal.begin_run(id, Target(name=target, facts={"simulator_url": url}), worker=worker, lease=lease)
        begun.append(run)
        return run

    yield start
    for run in begun:
        run.end()
