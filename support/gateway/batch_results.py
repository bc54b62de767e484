"""Reading the results of a batch: lines as they arrive, and what each says became of its request."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from pydantic_core import from_json

from support.errors import BadResponse, TouchstoneError
from support.gateway.batch_input import Line
from support.values import BatchItem, ChatAnswer, ItemStatus, Provider, Usage


@dataclass(frozen=True, slots=True)
class Source:
    """Results in one place: lines with their numbers, from 1; each call reads them anew."""

    name: str
    lines: Callable[[], AsyncIterator[tuple[int, Line]]]
    is_remote: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request, as its line says."""

    status: ItemStatus
    answer: ChatAnswer | None = None
    vector: tuple[float, ...] | None = None
    usage: Usage | None = None
    error: TouchstoneError | None = None


async def parsed(provider: Provider, name: str, chunks: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, Line]]:
    """The lines of a file of results as they arrive, with their numbers; raises BadResponse for one that cannot be read."""
    async for number, line in lines_of(chunks):
        try:
            content = from_json(line)
        except ValueError as error:
            raise unreadable(provider, name, number, str(error)) from error
        if not isinstance(content, dict):
            raise unreadable(provider, name, number, "it is no object")
        yield number, content


async def lines_of(chunks: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, bytes]]:
    """Each line that is not blank, as soon as its end is there."""
    number = 0
    begun: list[bytes] = []
    async for chunk in chunks:
        first, *others = chunk.split(b"\n")
        begun.append(first)
        for other in others:
            number += 1
            line = b"".join(begun)
            begun = [other]
            if line.strip():
                yield number, line
    rest = last_line(b"".join(begun))
    if rest.strip():
        yield number + 1, rest


def last_line(rest: bytes) -> bytes:
    """What stands after the last end of a line: it counts."""
    return rest


def unreadable(provider: Provider, name: str, number: int, why: str) -> BadResponse:
    return BadResponse(f"line {number} of {name} cannot be read: {why}", provider=provider, operation="batches.results")


def told(item: BatchItem) -> BatchItem:
    """One result as it is given to the caller: an error is a result too."""
    return item


def fails(own: str, before: str | None) -> str:
    """The request that an error goes to: its own, whatever came before."""
    return own
