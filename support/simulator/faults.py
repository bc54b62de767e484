"""Scripted failures of a tenant: which request, before or after its effect, and what happens to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Literal

from support.simulator.wire import Answer, Json

When = Literal["before", "after"]


class CutConnection(Exception):
    """Close the connection without an answer."""


@dataclass(frozen=True, slots=True)
class Fail:
    """Answer with a status in the provider's own words."""

    status: int
    retry_after: float | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """Close the connection without an answer."""


@dataclass(frozen=True, slots=True)
class Say:
    """Answer with this body, whatever was asked."""

    answer_status: int
    body: Json


@dataclass(frozen=True, slots=True)
class Garble:
    """A 200 whose body is not JSON."""


@dataclass(frozen=True, slots=True)
class Delay:
    """Wait so many milliseconds of real time, then go on."""

    milliseconds: float


@dataclass(frozen=True, slots=True)
class Hold:
    """Hold every matching request until so many are open together, or the first has waited so many milliseconds."""

    until: int
    at_most_milliseconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """Let the request pass; what it begins (a response, a run) ends later as failed, with this code."""

    code: str


@dataclass(frozen=True, slots=True)
class HoldTail:
    """Send the first half of an answer's events, wait so many milliseconds of real time, then send the rest."""

    milliseconds: float


@dataclass(frozen=True, slots=True)
class LoseTail:
    """Leave out so many bytes at the end of an answer's events, and end as if that were all."""

    count: int


Deed = Fail | Cut | Say | Garble | Delay | Hold | HoldTail | LoseTail | Outcome


@dataclass(slots=True)
class Fault:
    """One line of the script. `skip` matching requests pass first, then `times` of them are met by `deed`.

    A Hold counts once for a whole round: all who waited together, not each of them.
    """

    deed: Deed
    provider: str | None = None
    operation: str | None = None
    when: When = "before"
    skip: int = 0
    times: int = 1
    waiting: int = 0
    gate: asyncio.Event | None = field(default=None, repr=False)

    def matches(self, provider: str, operation: str) -> bool:
        return self.provider in (None, provider) and self.operation in (None, operation)

    async def hold(self, deed: Hold) -> None:
        """Wait at the gate; whoever makes the number full, or waits longest, opens it for all."""
        if self.gate is None:
            self.gate = asyncio.Event()
        gate = self.gate
        self.waiting += 1
        if self.waiting < deed.until:
            try:
                await asyncio.wait_for(gate.wait(), deed.at_most_milliseconds / 1000)
            except TimeoutError:
                pass
            else:
                return
        if not gate.is_set():  # the first one through opens it: the round is over
            gate.set()
            self.gate, self.waiting = None, 0
            self.times -= 1


class FaultScript:
    """The faults of one tenant, in order. Waits add up; the first fault that answers ends the search."""

    __slots__ = ("_faults",)

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def __bool__(self) -> bool:
        return bool(self._faults)

    def append(self, faults: list[Fault]) -> None:
        self._faults.extend(faults)

    def clear(self) -> None:
        self._faults.clear()

    def left(self) -> int:
        """How many times the script would still strike."""
        return sum(fault.times for fault in self._faults if fault.times > 0)

    def take(self, provider: str, operation: str) -> list[Fault]:
        """The faults this request meets, consumed: any waits, and last the one that answers, if there is one."""
        met: list[Fault] = []
        for fault in list(self._faults):
            if fault.times <= 0 or not fault.matches(provider, operation):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            met.append(fault)
            if not isinstance(fault.deed, Hold):
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
                if not isinstance(fault.deed, (Delay, HoldTail, LoseTail, Outcome)):
                    break
        return met

    def drop_spent(self) -> None:
        """Forget holds whose rounds are over."""
        self._faults = [fault for fault in self._faults if fault.times > 0]


def garbled() -> Answer:
    """A success whose body breaks off: no JSON parser accepts it."""
    return Answer(200, b'{"object": "truncated', {"content-type": "application/json"})


async def with_held_tail(events: Iterator[bytes] | AsyncIterator[bytes], milliseconds: float) -> AsyncIterator[bytes]:
    """The events with a wait in their middle; the first one never waits."""
    every = [event async for event in events] if isinstance(events, AsyncIterator) else list(events)
    half = max(1, len(every) // 2)
    for event in every[:half]:
        yield event
    await asyncio.sleep(milliseconds / 1000)
    for event in every[half:]:
        yield event


async def with_lost_tail(events: Iterator[bytes] | AsyncIterator[bytes], count: int) -> AsyncIterator[bytes]:
    """The events without their last `count` bytes."""
    kept = b""
    every = events if isinstance(events, AsyncIterator) else _one_by_one(events)
    async for event in every:
        kept += event
        if len(kept) > count:
            yield kept[:-count]
            kept = kept[-count:]


async def _one_by_one(events: Iterator[bytes]) -> AsyncIterator[bytes]:
    for event in events:
        yield event
