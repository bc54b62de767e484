"""A journal, and providers that keep files in memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.journal import Journal, Run, Target
from support.values import Provider
from tests.housekeeping.fake_provider import FakeProvider, fakes

SIMULATOR = Target(name="simulator", facts={"simulator_url": "http://127.0.0.1:1"})


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "state") as opened:
        yield opened


@pytest.fixture
def run(journal: Journal) -> Iterator[Run]:
    begun = journal.begin_run("aaaa", SIMULATOR, worker="w1")
    yield begun
    begun.end()


@pytest.fixture
def providers() -> dict[Provider, FakeProvider]:
    return fakes()
