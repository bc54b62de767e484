"""A client that does next to nothing: sends one request over many kept connections, again as soon as it is answered."""

import asyncio
import time
from typing import cast

import uvloop

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"


class _Connection(asyncio.Protocol):
    def __init__(self, request: bytes) -> None:
        self.answered = 0
        self.wrong: bytes | None = None
        self._request = request
        self._buffer = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's is none by its bases
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        head, end, body = buffer.partition(HEAD_END)
        if not end or len(body) < _length(head):
            self._buffer = buffer
            return
        self._buffer = b""
        self.answered += 1
        if not head.startswith(b"HTTP/1.1 200"):
            self.wrong = head
        assert self._transport is not None
        self._transport.write(self._request)


def _length(head: bytes) -> int:
    return int(head.lower().partition(LENGTH)[2].partition(b"\r\n")[0])


async def _rate(host: str, port: int, request: bytes, connections: int, seconds: float) -> float:
    loop = asyncio.get_running_loop()
    opened = [await loop.create_connection(lambda: _Connection(request), host, port) for _ in range(connections)]
    began, before = time.perf_counter(), sum(one.answered for _, one in opened)
    await asyncio.sleep(seconds)
    answered = sum(one.answered for _, one in opened) - before
    took = time.perf_counter() - began
    for transport, one in opened:
        transport.close()
        if one.wrong is not None:
            raise RuntimeError(f"The server refused the load: {one.wrong.decode('latin-1')}")
    if not answered:
        raise RuntimeError(f"The server at port {port} answered nothing in {took:.1f} s.")
    return answered / took


def rate(host: str, port: int, request: bytes, *, connections: int, seconds: float) -> float:
    """Requests answered with 200 a second."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_rate(host, port, request, connections, seconds))
