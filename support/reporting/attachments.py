"""Writes one exchange on the wire as text that a person reads: the request, the answer, bodies cut and told apart by kind."""

import json
import re
import zlib
from email.message import Message
from typing import Any

from support.gateway.events import CallEvent
from support.gateway.exchanges import Body, Exchange

MOST_CHARACTERS = 6_000
"""Of one body; what is cut is counted."""
_MOST_IN_A_STRING = 1_000
_MOST_IN_A_LIST = 24
_MOST_OF_A_FILE = 400
_MOST_SERVER_EVENTS = 12


def name_of(event: CallEvent, exchange: Exchange) -> str:
    """The attachment's title: `POST /v1/files → 200 (12 ms)`."""
    answer = str(exchange.status) if exchange.status is not None else exchange.failure or "no answer"
    took = "" if exchange.seconds is None else f" ({exchange.seconds * 1000:.0f} ms)"
    again = f", attempt {exchange.attempt}" if event.attempts > 1 else ""
    return f"{exchange.method} {exchange.path.partition('?')[0]} → {answer}{took}{again}"


def text_of(event: CallEvent, exchange: Exchange) -> str:
    """The whole exchange as plain text. Secrets are taken out where it is written, not here."""
    lines = [
        f"{event.operation} on {event.provider}" + (f", model {event.model}" if event.model else ""),
        f"attempt {exchange.attempt} of {event.attempts}" + _took(exchange),
        "",
        f"{exchange.method} {exchange.path}",
        *_headers(exchange.request_headers),
        "",
        _body(exchange.request, exchange.request_headers),
        "",
    ]
    if exchange.status is None:
        lines.append(f"No answer came: {exchange.failure or 'the call ended before it'}.")
    else:
        lines += [str(exchange.status), *_headers(exchange.response_headers), ""]
        lines.append(_body(exchange.response, exchange.response_headers))
    return "\n".join(lines).rstrip() + "\n"


def unsent_name(event: CallEvent) -> str:
    """The title of a call that sent nothing."""
    return f"{event.operation} on {event.provider}: nothing was sent"


def unsent_text(event: CallEvent) -> str:
    """Why a call sent nothing."""
    why = f"{event.error.kind}: {event.error}" if event.error else "It needed no request."
    return f"{event.operation} on {event.provider}\n{why}\n"


def _took(exchange: Exchange) -> str:
    return "" if exchange.seconds is None else f", {exchange.seconds:.3f} s until the head of the answer"


def _headers(headers: dict[str, str]) -> list[str]:
    return [f"{name}: {value}" for name, value in headers.items()]


def _body(body: Body, headers: dict[str, str]) -> str:
    if not body.size:
        return "(no body)"
    whole = _decoded(bytes(body.kept), headers.get("content-encoding", ""))
    if whole is None:
        return _summary(body, f"{headers['content-encoding']}-encoded")
    media_type = Message()
    media_type["content-type"] = headers.get("content-type", "")
    kind = media_type.get_content_type() if "content-type" in headers else ""
    if kind.startswith("multipart/") and (boundary := media_type.get_boundary()):
        return _multipart(whole, boundary.encode())
    if kind == "text/event-stream":
        return _server_events(whole)
    text = _text(whole)
    if text is None:
        return _summary(body, kind or "binary")
    return _cut(_pretty(text), MOST_CHARACTERS)


def _summary(body: Body, kind: str) -> str:
    return f"({kind}, {body.size:,} bytes, sha256 {body.sha256})"


def _decoded(data: bytes, encoding: str) -> bytes | None:
    """The bytes before compression; None where it is one that Python does not undo."""
    if encoding in ("", "identity"):
        return data
    if encoding not in ("gzip", "deflate"):
        return None
    unpack = zlib.decompressobj(wbits=47)  # finds out by itself which of the two it is
    try:
        return unpack.decompress(data)
    except zlib.error:
        return None


def _text(data: bytes) -> str | None:
    """The bytes as text; None where they are none. The first megabyte may end inside a character."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(data) - 4:
            return None
        text = data[: error.start].decode("utf-8")
    return None if "\0" in text else text


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}\n… {len(text) - most:,} more characters"


def _pretty(text: str) -> str:
    """JSON and JSON Lines laid out; other text as it is."""
    try:
        return json.dumps(_shortened(json.loads(text)), indent=2, ensure_ascii=False)
    except ValueError:
        return text


def _shortened(value: Any) -> Any:
    """Long strings (base64) and long lists (vectors) cut inside the structure, so that the rest can be read."""
    if isinstance(value, str) and len(value) > _MOST_IN_A_STRING:
        return f"{value[:_MOST_IN_A_STRING]}… {len(value) - _MOST_IN_A_STRING:,} more characters"
    if isinstance(value, dict):
        return {key: _shortened(item) for key, item in value.items()}
    if isinstance(value, list):
        kept = [_shortened(item) for item in value[:_MOST_IN_A_LIST]]
        return kept if len(value) <= _MOST_IN_A_LIST else [*kept, f"… {len(value) - _MOST_IN_A_LIST:,} more"]
    return value


def _server_events(data: bytes) -> str:
    blocks = [block.strip() for block in re.split(r"\r?\n\r?\n", data.decode("utf-8", "replace")) if block.strip()]
    if len(blocks) > _MOST_SERVER_EVENTS:
        half = _MOST_SERVER_EVENTS // 2
        cut = len(blocks) - 2 * half
        blocks = [*blocks[:half], f"… {cut:,} more events …", *blocks[-half:]]
    return _cut("\n\n".join(_cut(block, _MOST_IN_A_STRING) for block in blocks), MOST_CHARACTERS)


def _multipart(data: bytes, boundary: bytes) -> str:
    """One paragraph a part: its name, its file's name and type, its size, and how its text begins."""
    parts = data.split(b"--" + boundary)[1:]
    told = [_part(part) for part in parts if part.strip() not in (b"", b"--")]
    return _cut("\n".join(told), MOST_CHARACTERS)


def _part(part: bytes) -> str:
    head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    content = content.removesuffix(b"\r\n")
    fields = Message()
    for line in head.decode("utf-8", "replace").splitlines():
        header, _, value = line.partition(":")
        fields[header] = value.strip()
    name = str(fields.get_param("name", header="content-disposition") or "part")
    filename = fields.get_param("filename", header="content-disposition")
    text = _text(content)
    shown = "(binary)" if text is None else _cut(_pretty(text), _MOST_OF_A_FILE)
    if not filename:
        return f"part {name}: {shown}" if "\n" not in shown else f"part {name}:\n{_indented(shown)}"
    kind = fields.get("content-type", "no type")
    return f"part {name}: file {filename}, {kind}, {len(content):,} bytes\n{_indented(shown)}"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
