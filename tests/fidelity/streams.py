"""Server-sent events as they stand on the wire: their names, their data, line ends and what ends the stream."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    """One event; `label` says of what kind it is."""

    label: str
    data: Any


@dataclass(frozen=True)
class Stream:
    """A whole stream."""

    events: tuple[Event, ...]
    framing: dict[str, str]
    """How it is written: `line ends`, `lines of an event`, `end`."""


def read(text: str) -> Stream:
    """A stream from its text. Raises ValueError for data that is no JSON, except a last `[DONE]`."""
    line_end = "CRLF" if "\r\n" in text else "LF"
    blocks = [block for block in text.replace("\r\n", "\n").split("\n\n") if block.strip()]
    done = [block for block in blocks if _data(block) == "[DONE]"]
    events = [_event(block) for block in blocks if block not in done]
    written = {"+".join(line.partition(":")[0] for line in block.split("\n")) for block in blocks}
    ended = "complete" if text.replace("\r\n", "\n").endswith("\n\n") else "cut"
    return Stream(
        tuple(events),
        {
            "line ends": line_end,
            "lines of an event": ", ".join(sorted(written)),
            "end": f"{blocks[-1] if done else 'no terminator'}, {ended}",
        },
    )


def whole_events(text: str) -> str:
    """A stream that was cut when it was recorded, up to its last whole event."""
    separator = "\r\n\r\n" if "\r\n" in text else "\n\n"
    whole = []
    for block in text.split(separator):
        try:
            json.loads(_data(block.replace("\r\n", "\n")))
        except ValueError:
            continue
        whole.append(block + separator)
    return "".join(whole)


def _data(block: str) -> str:
    return "\n".join(line[5:].strip() for line in block.split("\n") if line.startswith("data:"))


def _event(block: str) -> Event:
    named = [line[6:].strip() for line in block.split("\n") if line.startswith("event:")]
    data = json.loads(_data(block))
    label = label_of(data)
    if named and isinstance(data, dict) and data.get("type", named[0]) != named[0]:
        label = f"{named[0]}={label}"
    return Event(label, data)


def label_of(data: Any) -> str:
    """Of what kind an event is: its `type`, else what a chunk of a chat carries."""
    if not isinstance(data, dict):
        return "value"
    if isinstance(data.get("type"), str):
        return str(data["type"])
    if "candidates" in data or "usageMetadata" in data:
        return "chunk"
    if data.get("object") != "chat.completion.chunk":
        return "event"
    if not data.get("choices"):
        return "tail"
    return _chunk_label(data["choices"][0])


def _chunk_label(choice: dict[str, Any]) -> str:
    delta = choice.get("delta") or {}
    if choice.get("finish_reason") is not None:
        return "finish"
    if "role" in delta:
        return "first"
    for key in ("tool_calls", "function_call", "audio", "content", "refusal"):
        if key in delta:
            return key
    return "empty"
