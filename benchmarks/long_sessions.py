"""A session of 10,000 messages: what a message takes at its end beside its beginning, and what cutting it to the window takes.

No provider is behind it: turns are put in as if they had been made, and tokens are counted by length.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from benchmarks.report import Figure
from support.gateway.clock import WallClock
from support.gateway.sessions import Session, SessionMessage, SessionStore, Turn, window
from support.values import Message, Provider, Usage

MESSAGES, THOUSAND = 10_000, 1_000
TARGET = 1.3
SHORT, LONG = 10_000, 20_000
"""Messages of the histories that are cut."""
ROUNDS = 9
LINEAR = 2.6
"""Twice as many messages, twice the time; and what such small times stray."""
MODEL = "gpt-6-luna"
START = datetime(2026, 11, 22, 9, tzinfo=UTC)
TEXT = "What was said was nothing of importance, as far as anybody can remember it now."
SPENT = Turn(
    provider=Provider.OPENAI,
    model=MODEL,
    usage=Usage(uncached_input_tokens=20, output_tokens=20),
    cost_usd=None,
    at=START,
)


def _said(role: str) -> SessionMessage:
    message = Message.model_validate({"role": role, "text": TEXT})
    return SessionMessage(id=f"message-{uuid4().hex}", created_at=START, provider=Provider.OPENAI, message=message)


def _kept(folder: Path) -> list[float]:
    """Microseconds a message, turn by turn: put in and saved."""
    session = Session(Provider.OPENAI, MODEL, clock=WallClock(), created_at=START)
    store = SessionStore(folder, clock=session.clock)
    store.save(session)
    times = []
    for _ in range(MESSAGES // 2):
        question, answer = _said("user"), _said("assistant")
        began = time.perf_counter()
        session.add_turn(question, answer, SPENT)
        store.save(session)
        times.append((time.perf_counter() - began) / 2 * 1e6)
    return times


async def _cut(count: int) -> float:
    """Milliseconds in which a history is cut to half of itself."""
    history = [_said("assistant" if number % 2 else "user") for number in range(count)]

    async def counted(messages: Sequence[Message]) -> int:
        return sum(len(message.text) // 4 for message in messages)

    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await window.first_sent(
            history,
            _said("user"),
            room=count * len(TEXT) // 8,
            strategy="truncate",
            system=None,
            tools=(),
            most=None,
            count=counted,
        )
        times.append((time.perf_counter() - began) * 1e3)
    return statistics.median(times)


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        times = _kept(Path(folder))
    first, last = times[: THOUSAND // 2], times[-THOUSAND // 2 :]
    short, long = asyncio.run(_cut(SHORT)), asyncio.run(_cut(LONG))
    return [
        Figure(
            f"a message of a session put in and saved, last thousand of {MESSAGES:,} over the first (mean, µs)",
            statistics.mean(last),
            statistics.mean(first),
            TARGET,
            "at most",
        ),
        Figure("  the same (p50, µs)", statistics.median(last), statistics.median(first), TARGET, "at most"),
        Figure(
            f"a history of {LONG:,} messages cut to its half, over one of {SHORT:,} (p50, ms)",
            long,
            short,
            LINEAR,
            "at most",
        ),
    ]
