"""Sending an answer: the provider's standing headers, the body encoded, a stream's every event as a chunk of its own."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from functools import lru_cache
from typing import Any, TypeAlias

from pydantic_core import to_json

from support.simulator.faults import CutConnection
from support.simulator.wire import Answer, Call, Json, ProviderApi

Scope: TypeAlias = MutableMapping[str, Any]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
# What our server puts into a request's state: sends (scope, status, header lines, body) in one piece, if it can.
Respond: TypeAlias = Callable[[Scope, int, bytes, bytes], bool]

# A larger body goes the usual way, where the server waits while the client reads slowly.
_IN_ONE_PIECE = 64 * 1024

_UNFIT_FOR_A_HEADER = re.compile(r"[\x00-\x1f\x7f]")
_A_KEY = re.compile(r"\b(?:sk-|sim-|AIza)[\w-]+")


def at_once(scope: Scope, api: ProviderApi, call: Call, answer: Answer) -> bool:
    """Add the provider's headers and encode the body; send both at once if that is possible, and say whether it was.

    What cannot be sent becomes the provider's own internal error. Where this answers False, `piecemeal` is to follow.
    """
    try:
        _complete(api, call, answer)
    except Exception:
        report(f"{call.provider} {call.operation}")
        failed = api.internal()
        answer.status, answer.body, answer.headers, answer.events = failed.status, failed.body, failed.headers, None
        _complete(api, call, answer)
    respond: Respond | None = scope.get("state", {}).get("respond")
    if answer.events is not None or respond is None or len(answer.body) > _IN_ONE_PIECE:
        return False
    return respond(scope, answer.status, header_lines(answer.headers, len(answer.body)), answer.body)


async def piecemeal(scope: Scope, send: Send, call: Call, answer: Answer) -> None:
    """Send a completed answer in the ways of ASGI; every event of a stream is a chunk of its own, while anybody reads."""
    if answer.events is None:
        answer.headers["content-length"] = str(len(answer.body))
        await send({"type": "http.response.start", "status": answer.status, "headers": _pairs(answer.headers)})
        await send({"type": "http.response.body", "body": answer.body})
    else:
        await send({"type": "http.response.start", "status": answer.status, "headers": _pairs(answer.headers)})
        await _stream(scope, send, call, answer.events)


def _complete(api: ProviderApi, call: Call, answer: Answer) -> None:
    """Make the body bytes, and the headers all but the length."""
    api.finish(call, answer)
    if "content-type" not in answer.headers and (answer.body is not None or answer.events is not None):
        answer.headers["content-type"] = _content_type(api, answer)
    answer.body = encoded(answer.body)


def header_lines(headers: dict[str, str], length: int) -> bytes:
    """The headers as they go over the wire, with the length of the body."""
    return b"".join(map(_line, headers, headers.values())) + b"content-length: %d\r\n" % length


def last_answer(headers: dict[str, str], body: bytes) -> bytes:
    """A whole response with status 400, after which the connection ends."""
    return b"HTTP/1.1 400 Bad Request\r\n" + header_lines(headers, len(body)) + b"connection: close\r\n\r\n" + body


def encoded(body: Json) -> bytes:
    """The bytes of a body: JSON, unless it is bytes already or nothing at all."""
    if body is None:
        return b""
    return body if isinstance(body, bytes) else to_json(body)


def report(what: str) -> None:
    """The exception that is being handled, once, to stderr; keys are masked."""
    text = f"Touchstone simulator: unexpected error in {what}\n{traceback.format_exc()}"
    sys.stderr.write(_A_KEY.sub("***", text))
    sys.stderr.flush()


async def _stream(scope: Scope, send: Send, call: Call, events: Iterator[bytes] | AsyncIterator[bytes]) -> None:
    try:
        if isinstance(events, AsyncIterator):
            async for event in events:
                if _is_gone(scope):
                    return
                await send({"type": "http.response.body", "body": event, "more_body": True})
        else:
            for event in events:
                await send({"type": "http.response.body", "body": event, "more_body": True})
    except Exception:  # the status is sent: all that is left is to break off
        report(f"{call.provider} {call.operation} (streaming)")
        raise CutConnection from None
    await send({"type": "http.response.body", "body": b""})


def _is_gone(scope: Scope) -> bool:
    """Whether the client has closed the connection; it need not be told the rest of a long answer."""
    transport = scope.get("state", {}).get("transport")
    return transport is not None and bool(transport.is_closing())


def _content_type(api: ProviderApi, answer: Answer) -> str:
    if answer.events is not None:
        return "text/event-stream; charset=utf-8"
    return "application/octet-stream" if isinstance(answer.body, bytes) else api.content_type


@lru_cache(maxsize=512)  # most headers of a provider are the same in every answer
def _line(name: str, value: str) -> bytes:
    return b"%b: %b\r\n" % (name.encode("latin-1"), _value(value))


def _pairs(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), _value(value)) for name, value in headers.items()]


def _value(value: str) -> bytes:
    return _UNFIT_FOR_A_HEADER.sub(" ", value).encode("latin-1", "replace")
