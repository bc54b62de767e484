"""Batches of requests: kept as JSON lines, done one after the other as time passes, their results made when they are read.

What a request comes to is the same whenever it is made: of a result nothing is kept but whether it is a refusal. Durations
are in seconds; the figures are ours, and live they are minutes to hours.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple, TypeVar

from support.simulator import ids

# By the name under which a tenant can set its own.
USUAL = {
    "batches.validating": 5.0,
    "batches.running": 60.0,
    "batches.finalizing": 5.0,
    "batches.cancelling": 5.0,
}
MOST = "batches.requests"
"""Under this name a tenant can set how many requests a batch may have."""
_SHUFFLED_AT_ONCE = 64  # lines; as many are held at a time
_WITHOUT_A_BREAK = 8  # lines that are made before others get their turn

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the stages of a batch take, as it was when the batch was made."""

    validating: float
    running: float
    finalizing: float
    cancelling: float

    @classmethod
    def of(cls, durations: Mapping[str, float]) -> Pace:
        of = {**USUAL, **durations}
        return cls(*(of[f"batches.{stage}"] for stage in ("validating", "running", "finalizing", "cancelling")))

    def done(self, total: int, ran: float) -> int:
        """How many of `total` requests are done when a batch has run for so many seconds."""
        return total if ran >= self.running else max(0, int(total * ran / self.running))

    def took(self, total: int, number: int) -> float:
        """When request `number` (from 0) is done, in seconds after the batch began to run."""
        return self.running * (number + 1) / total


class Result(NamedTuple):
    """What a request came to: a line of a file of results, and whether it is an answer or a refusal."""

    line: bytes
    succeeded: bool
    usage: tuple[int, ...] = ()


Perform = Callable[[int, bytes], Result]
"""Does one request: its number, from 0, and its line."""


@dataclass(slots=True)
class Tally:
    """What the requests came to that are done so far: it grows with them, and nothing is looked at twice."""

    refused: bytearray = field(default_factory=bytearray)
    """For each request that is done, in order, 1 if it was refused."""
    bytes_of_answers: int = 0
    bytes_of_refusals: int = 0
    usage: tuple[int, ...] = ()
    offset: int = 0

    @property
    def failed(self) -> int:
        return self.refused.count(1)

    @property
    def succeeded(self) -> int:
        return len(self.refused) - self.failed

    def catch_up(self, data: bytes, done: int, perform: Perform) -> None:
        """Look at the requests up to number `done`."""
        if len(self.refused) >= done:
            return
        for line, offset in lines_of(data, self.offset):
            self.offset = offset
            result = perform(len(self.refused), line)
            self.refused.append(not result.succeeded)
            if result.succeeded:
                self.bytes_of_answers += len(result.line) + 1
            else:
                self.bytes_of_refusals += len(result.line) + 1
            if result.usage:
                former = self.usage or (0,) * len(result.usage)
                self.usage = tuple(map(sum, zip(former, result.usage, strict=True)))
            if len(self.refused) >= done:
                return


def lines_of(data: bytes, offset: int = 0) -> Iterator[tuple[bytes, int]]:
    """Each line from `offset` on that is not blank, and where the next one begins."""
    while offset < len(data):
        end = data.find(b"\n", offset)
        end = len(data) if end < 0 else end
        line = data[offset:end].strip()
        offset = end + 1
        if line:
            yield line, offset


def numbered(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The requests with their numbers, from 0."""
    return enumerate(line for line, _ in lines_of(data))


def shuffled(things: Iterator[T]) -> Iterator[T]:
    """In another order, as results come: no promise is made about it, and nobody may rely on one. Always the same."""
    while block := list(islice(things, _SHUFFLED_AT_ONCE)):
        yield from block[1::2]
        yield from block[::2]


def repeatable(batch_id: str, number: int) -> AbstractContextManager[None]:
    """Within it, the ids of a request's result are the same each time it is made."""
    return ids.repeatable((zlib.crc32(batch_id.encode()) << 32) | number)


async def unhurried(lines: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The lines, each with its end; other requests get their turn in between."""
    for number, line in enumerate(lines):
        if number % _WITHOUT_A_BREAK == 0:
            await asyncio.sleep(0)
        yield line + b"\n"
