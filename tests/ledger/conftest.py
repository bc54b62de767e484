"""A ledger in a folder of its own, and calls to enter in it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.ledger import Entry, Ledger, Refusal, Reservation
from support.values import Money, Provider


def make_entry(**other: object) -> Entry:
    """A chat call of one scenario; `other` replaces what matters to the test."""
    usual: dict[str, object] = {
        "run": "run-1",
        "scenario": "A deleted file is gone for good on OpenAI",
        "area": "files",
        "row": "FM-04",
        "provider": Provider.OPENAI,
        "model": "gpt-6-luna",
        "operation": "chat.create",
        "money": Money.LIVE,
    }
    return Entry(**{**usual, **other})  # type: ignore[arg-type]


@pytest.fixture
def anyio_backend() -> str:
    """The ledger waits on asyncio."""
    return "asyncio"


@pytest.fixture
def entry() -> Callable[..., Entry]:
    return make_entry


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "state") as opened:
        yield opened


@pytest.fixture
def accepted() -> Callable[[Reservation | Refusal], Reservation]:
    """Insists that a call was let through."""

    def check(outcome: Reservation | Refusal) -> Reservation:
        assert isinstance(outcome, Reservation), outcome
        return outcome

    return check


@pytest.fixture
def refused() -> Callable[[Reservation | Refusal], Refusal]:
    """Insists that a call was refused."""

    def check(outcome: Reservation | Refusal) -> Refusal:
        assert isinstance(outcome, Refusal), outcome
        return outcome

    return check
