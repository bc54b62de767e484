"""One exchange taken apart for comparison: a recorded one, or ours, which are then held against each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.fidelity import streams
from tests.fidelity.recordings import Recorded
from tests.fidelity.shapes import Shape

MATTERING = (
    "content-type", "retry-after",
    "x-request-id", "openai-processing-ms", "openai-version", "x-ratelimit-",
    "request-id", "anthropic-ratelimit-", "x-should-retry",
    "x-goog-upload-status", "x-goog-upload-url", "x-goog-upload-control-url", "x-goog-upload-chunk-granularity",
    "x-gemini-service-tier",
)  # fmt: skip
"""Headers that a client may go by; one that ends in a hyphen stands for all that begin so."""


@dataclass
class Parts:
    """What of an answer is compared."""

    headers: dict[str, str]
    kept: frozenset[str] = frozenset()
    """Names of headers that the recorder keeps where they are sent; one that it never keeps says nothing by its absence."""
    shape: Shape = field(default_factory=Shape)
    steps: list[tuple[str, str]] = field(default_factory=list)
    """The neighbours among a stream's events, from `start` to `end`; one kind's repetition counts once."""
    framing: dict[str, str] = field(default_factory=dict)


def recorded_parts(one: Recorded, kept: Mapping[str, frozenset[str]]) -> Parts:
    """A recorded answer; a stream that was cut says nothing of its end."""
    parts = Parts(_mattering(one.headers), frozenset(_mattering(dict.fromkeys(kept[one.session[0]], ""))))
    if isinstance(one.body, str) and not is_stream(one.body):
        return parts
    body = streams.whole_events(one.body) if isinstance(one.body, str) and one.body_is_cut else one.body
    _take(parts, body)
    if one.body_is_cut:
        parts.framing.pop("end", None)
        parts.steps = [step for step in parts.steps if step[1] != "end"]
    return parts


def our_parts(answer: httpx.Response, one: Recorded) -> Parts:
    """The simulator's answer, read as what the recorded one is: a stream, JSON, or bytes that nobody looks into."""
    parts = Parts(_mattering(dict(answer.headers)))
    if isinstance(one.body, str) and is_stream(one.body):
        _take(parts, answer.text)
    elif isinstance(one.body, dict | list):
        _take(parts, answer.json())
    return parts


def is_stream(text: str) -> bool:
    return text.startswith(("data:", "event:"))


def _take(parts: Parts, body: Any) -> None:
    if not isinstance(body, str):
        parts.shape.add(body)
        return
    stream = streams.read(body)
    parts.framing = dict(stream.framing)
    labels = ["start"]
    for event in stream.events:
        parts.shape.add(event.data, f"{event.label}/")
        if event.label != labels[-1]:
            labels.append(event.label)
    parts.steps = list(zip(labels, [*labels[1:], "end"], strict=True))


def _mattering(headers: dict[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in headers.items()
        if any(name == known or (known.endswith("-") and name.startswith(known)) for known in MATTERING)
    }
