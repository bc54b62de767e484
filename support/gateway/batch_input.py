"""The input of a batch: each request one line, written before anything is sent, and read again each time that it is sent."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import Any

from pydantic_core import from_json, to_json

from support.values import BatchRequest

Line = Mapping[str, Any]
"""One request as the provider reads it, or its result as the provider writes it."""

IN_MEMORY = 1 << 20
"""Bytes of an input that are kept in memory; a longer one is a temporary file."""
AT_ONCE = 1 << 16
"""Bytes of an input that are sent at a time."""


@dataclass(slots=True)
class Spool:
    """The input of a batch, written line after line before anything is sent, and what can be said of it."""

    file: SpooledTemporaryFile[bytes]
    count: int = 0
    size: int = 0
    input_tokens: int = 0
    """The most that the requests can take."""
    output_tokens: int = 0
    models: list[str] = field(default_factory=list)
    """Each once, in the order in which they came."""
    ids: bytearray = field(default_factory=bytearray)
    """As lines of JSON."""

    def write(self, data: bytes) -> None:
        self.file.write(data)
        self.size += len(data)

    def content(self) -> SpooledTemporaryFile[bytes]:
        """The whole input from its beginning, each time that it is sent."""
        self.file.seek(0)
        return self.file

    async def pieces(self) -> AsyncIterator[bytes]:
        content = self.content()
        while piece := content.read(AT_ONCE):
            yield piece

    def lines(self) -> Iterator[Any]:
        """What was written, for those who need it whole."""
        return (from_json(line) for line in self.content())


def once_through(requests: Iterable[BatchRequest]) -> Iterable[BatchRequest]:
    """The caller's requests, one after the other."""
    return requests


def line_of(request: Line) -> bytes:
    """A request as one line of JSON."""
    return to_json(request, bytes_mode="base64")
