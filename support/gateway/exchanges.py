"""The record of the wire: each HTTP request of a call, with its answer, seen by a wrapper on the shared transports.

One call of the gateway can be several exchanges (a retry, an upload in two steps); a context variable ties them together.
Keys never enter the record: the headers that carry them are left out, and a key in the query is cut out of it.
"""

import hashlib
import json
import re
import time
from collections.abc import AsyncIterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import httpx2

SECRET_HEADERS = frozenset(
    {"authorization", "x-api-key", "x-goog-api-key", "api-key", "cookie", "set-cookie", "proxy-authorization"}
)
KEPT_BYTES = 1 << 20
"""How much of a body is kept in memory; the digest and the size always cover all of it."""

_SECRET_QUERY = re.compile(r"(?i)\b(key|api_key|access_token|token)=[^&]*")


@dataclass(slots=True)
class Body:
    """The bytes of a request or an answer: the first megabyte, and the size and digest of all of it."""

    kept: bytearray = field(default_factory=bytearray)
    size: int = 0
    _sha256: "hashlib._Hash | None" = None

    def add(self, chunk: bytes) -> None:
        room = KEPT_BYTES - self.size
        if len(chunk) > room and self._sha256 is None:
            self._sha256 = hashlib.sha256(self.kept)
        if self._sha256 is not None:
            self._sha256.update(chunk)
        if room > 0:
            self.kept += chunk[:room]
        self.size += len(chunk)

    @property
    def complete(self) -> bool:
        """Whether `kept` is all of it."""
        return self.size == len(self.kept)

    @property
    def sha256(self) -> str:
        """Hex digest of the whole body."""
        return (self._sha256 or hashlib.sha256(self.kept)).hexdigest()

    def json(self) -> Any:
        """The body as JSON; raises ValueError where it is none."""
        return json.loads(bytes(self.kept))


@dataclass(slots=True)
class Exchange:
    """One HTTP request and what came back. `status` is None while, and if, no answer came."""

    method: str
    path: str
    """With the query, without any key in it."""
    request_headers: dict[str, str]
    """Without those that carry keys."""
    credentials: tuple[str, ...]
    """The names of those that do."""
    request: Body
    attempt: int
    started: float
    """Seconds on the process's monotonic clock."""
    status: int | None = None
    response_headers: dict[str, str] = field(default_factory=dict)
    response: Body = field(default_factory=Body)
    seconds: float | None = None
    """Real time until the head of the answer."""
    failure: str | None = None
    """The transport's own word, where no answer came."""


@dataclass(slots=True)
class Wire:
    """All exchanges of one scenario, and how many are open now."""

    exchanges: list[Exchange] = field(default_factory=list)
    in_flight: int = 0


@dataclass(slots=True)
class CallRecord:
    """The exchanges of one call of the gateway."""

    wire: Wire
    attempt: int = 1
    exchanges: list[Exchange] = field(default_factory=list)

    def answer(self) -> Any:
        """The JSON of the last answer exactly as the provider sent it."""
        return self.exchanges[-1].response.json()


current_call: ContextVar[CallRecord | None] = ContextVar("current_call", default=None)


def answer_on_the_wire() -> Any:
    """The JSON of the last answer of the call under way: the provider's own words, before any SDK read them."""
    record = current_call.get()
    if record is None:
        raise LookupError("no call of the gateway is under way")
    return record.answer()


def headers_on_the_wire() -> dict[str, str]:
    """The headers of the last answer of the call under way, by their names in small letters."""
    record = current_call.get()
    return record.exchanges[-1].response_headers if record is not None and record.exchanges else {}


class RecordingTransport(httpx2.AsyncBaseTransport):
    """Wraps the transport that all SDK clients share and notes each exchange in the call under way."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        record = current_call.get()
        if record is None:
            return await self._inner.handle_async_request(request)
        exchange = Exchange(
            method=request.method,
            path=_SECRET_QUERY.sub(r"\1=…", request.url.raw_path.decode("ascii")),
            request_headers={k: v for k, v in request.headers.items() if k not in SECRET_HEADERS},
            credentials=tuple(name for name in request.headers if name in SECRET_HEADERS),
            request=Body(),
            attempt=record.attempt,
            started=time.monotonic(),
        )
        record.exchanges.append(exchange)
        record.wire.exchanges.append(exchange)
        if isinstance(request.stream, httpx2.ByteStream):
            exchange.request.add(await request.aread())  # after a redirection it has not been read yet
        else:
            request.stream = _Tee(request.stream, exchange.request, None)
        record.wire.in_flight += 1
        try:
            response = await self._inner.handle_async_request(request)
        except Exception as failure:
            exchange.failure = type(failure).__name__
            raise
        finally:
            record.wire.in_flight -= 1
            exchange.seconds = time.monotonic() - exchange.started
        exchange.status = response.status_code
        exchange.response_headers = {k: v for k, v in response.headers.items() if k not in SECRET_HEADERS}
        response.stream = _Tee(response.stream, exchange.response, record.wire)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _Tee(httpx2.AsyncByteStream):
    """Passes a stream on and keeps what went through; while it waits for a chunk, the wire counts as busy."""

    def __init__(self, inner: Any, body: Body, wire: Wire | None) -> None:
        self._inner = inner
        self._body = body
        self._wire = wire

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks = self._inner.__aiter__()
        wire = self._wire
        while True:
            if wire is not None:
                wire.in_flight += 1
            try:
                chunk = await chunks.__anext__()
            except StopAsyncIteration:
                return
            finally:
                if wire is not None:
                    wire.in_flight -= 1
            self._body.add(chunk)
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()
