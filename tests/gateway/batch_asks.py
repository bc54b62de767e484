"""What the tests of the caller's batches share: requests, a provider that is a function, and a clock that jumps."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from support.errors import TouchstoneError
from support.gateway.clock import JumpingClock
from support.values import BatchRequest, ChatAnswer, Message, Provider, Usage

MODEL = "gpt-4.1-mini"
START = datetime(2026, 11, 22, 9, tzinfo=UTC)


def requests(count: int, model: str = MODEL) -> list[BatchRequest]:
    """r0, r1, …, each with a question of its own."""
    return [request(f"r{number}", model) for number in range(count)]


def request(id: str, model: str = MODEL) -> BatchRequest:
    return BatchRequest(id=id, messages=(Message(role="user", text=f"question {id}"),), model=model)


def answer(asked: BatchRequest, usage: Usage | None = None) -> ChatAnswer:
    """An answer that tells which question it is for."""
    return ChatAnswer(
        provider=Provider.OPENAI,
        model=asked.model,
        id=f"answer-{asked.id}",
        text=f"answer to {asked.id}",
        stop_reason="end",
        usage=usage or Usage(uncached_input_tokens=100, output_tokens=10),
        raw={"id": asked.id},
    )


@dataclass
class Counterpart:
    """Answers or fails by id, and notes what was asked and how many questions were open at once."""

    failures: Mapping[str, Exception] = field(default_factory=dict)
    waits: Mapping[str, float] = field(default_factory=dict)
    """Real seconds."""
    asked: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    now_open: int = 0
    peak: int = 0

    async def ask(self, asked: BatchRequest) -> ChatAnswer:
        self.asked.append(asked.id)
        self.now_open += 1
        self.peak = max(self.peak, self.now_open)
        try:
            await asyncio.sleep(self.waits.get(asked.id, 0))
            if asked.id in self.failures:
                raise self.failures[asked.id]
            self.answered.append(asked.id)
            return answer(asked)
        finally:
            self.now_open -= 1


@dataclass
class Hand:
    """Simulated time, moved by hand."""

    shown: datetime = START
    broken: Exception | None = None

    async def now(self) -> datetime:
        return self.shown

    async def move_to(self, moment: datetime) -> datetime:
        if self.broken is not None:
            raise self.broken
        self.shown = max(self.shown, moment)
        return self.shown

    @property
    def passed(self) -> float:
        return (self.shown - START) / timedelta(seconds=1)


class SlowHand(Hand):
    """Simulated time that is asked for over a wire, as the simulator's is."""

    async def now(self) -> datetime:
        await asyncio.sleep(0.001)
        return self.shown


def jumping(hand: Hand, counterpart: Counterpart | None = None) -> JumpingClock:
    """A clock that jumps when nothing runs, as a simulated target's does."""
    return JumpingClock(hand, lambda: counterpart.now_open if counterpart else 0)


async def until(true: Callable[[], bool]) -> None:
    """Returns soon after it is so; fails after five seconds."""
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline, "it never came to be"
        await asyncio.sleep(0.001)


def refused(kind: type[TouchstoneError], status: int | None, *, sent: int = 1) -> TouchstoneError:
    """A failure as the choke point gives it."""
    return kind(f"it said {status}", status=status, sent=sent)
