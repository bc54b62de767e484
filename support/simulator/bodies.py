"""Reading and parsing request bodies: JSON, multipart forms, raw bytes."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, TypeAlias

from pydantic_core import from_json
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from support.simulator.wire import Form, FormFile, Json, Route

Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]

# A form with more parts than this is an accident or an attack; no provider has an operation with nearly as many.
MAX_PARTS = 1000

# The parser logs each form that it cannot read; the client is told, and for the simulator it is no fault.
logging.getLogger("python_multipart").addHandler(logging.NullHandler())


class MalformedBody(Exception):
    """The body cannot be read as what the operation takes; the text says why."""


class BodyTooLarge(Exception):
    """The body is larger than the operation takes."""


class ClientGone(Exception):
    """The client closed the connection before its request was complete."""


async def take(receive: Receive, route: Route, headers: Mapping[str, str]) -> Json:
    """The body as the route takes it. What is left unread of a refused one the server discards."""
    limit = route.max_bytes
    declared = headers.get("content-length")
    if declared is not None and declared.isdecimal() and int(declared) > limit:
        raise BodyTooLarge
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        body: bytes = message["body"]
        if len(body) > limit:
            raise BodyTooLarge
    else:
        body = await _rest(receive, message, limit)
    if route.body == "json":
        return parse_json(body)
    if route.body == "form":
        return parse_form(body, headers.get("content-type", ""))
    return body if route.body == "raw" else None


async def _rest(receive: Receive, message: MutableMapping[str, Any], limit: int) -> bytes:
    """A body that comes in several pieces, of which `message` is the first."""
    chunks: list[bytes] = []
    size = 0
    while True:
        if message["type"] != "http.request":
            raise ClientGone
        chunks.append(message["body"])
        size += len(chunks[-1])
        if size > limit:
            raise BodyTooLarge
        if not message.get("more_body", False):
            return b"".join(chunks)
        message = await receive()


def parse_json(body: bytes) -> dict[str, Json]:
    """A JSON object; nothing at all counts as an empty one."""
    try:
        value = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        if not body.strip():
            return {}
        raise MalformedBody(str(error)) from None
    if not isinstance(value, dict):
        raise MalformedBody(f"expected an object, but got {_json_type(value)}")
    return value


def _json_type(value: Json) -> str:
    if value is None:
        return "null"
    return {bool: "a boolean", str: "a string", list: "an array"}.get(type(value), "a number")


def parse_form(body: bytes, content_type: str) -> Form:
    """A multipart form; field values as UTF-8 text, files as bytes."""
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise MalformedBody(
            f"expected multipart/form-data with a boundary, but got {content_type or 'no content type'!r}"
        )
    collector = _Collector()
    try:
        parser = MultipartParser(options[b"boundary"], collector.callbacks())  # type: ignore[arg-type]
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise MalformedBody(f"the multipart form is malformed: {error}") from None
    if not collector.ended:
        raise MalformedBody("the multipart form ends before its closing boundary")
    return collector.form


class _Collector:
    """Gathers the parser's callbacks into a Form."""

    def __init__(self) -> None:
        self.form = Form({}, {})
        self.ended = False
        self._parts = 0
        self._name = b""
        self._value = b""
        self._headers: dict[str, str] = {}
        self._data: list[bytes] = []

    def callbacks(self) -> dict[str, Callable[..., None]]:
        return {
            "on_part_begin": self._part_begin,
            "on_part_data": self._part_data,
            "on_part_end": self._part_end,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_end": self._end,
        }

    def _part_begin(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise MalformedBody(f"the multipart form has more than {MAX_PARTS} parts")
        self._headers, self._data = {}, []

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self._data.append(data[start:end])

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._name.decode("latin-1").lower()] = self._value.decode("utf-8", "replace")
        self._name = self._value = b""

    def _part_end(self) -> None:
        _, options = parse_options_header(self._headers.get("content-disposition", "").encode())
        raw_name = options.get(b"name")
        if raw_name is None:
            raise MalformedBody("a part of the multipart form has no name")
        name = raw_name.decode("utf-8", "replace")
        data = b"".join(self._data)
        filename = options.get(b"filename")
        if filename is None:
            self.form.fields.setdefault(name, []).append(data.decode("utf-8", "replace"))
        else:
            content_type = self._headers.get("content-type", "application/octet-stream")
            self.form.files[name] = FormFile(filename.decode("utf-8", "replace"), content_type, data)

    def _end(self) -> None:
        self.ended = True
