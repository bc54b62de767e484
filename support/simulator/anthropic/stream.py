"""A message as server-sent events (provider-facts 9.2; recordings: anthropic messages streaming)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from pydantic_core import to_json

from support.simulator import tokenizer
from support.simulator.anthropic import answers
from support.simulator.anthropic.answers import Outcome
from support.simulator.wire import Json

PIECE = 4
"""Tokens in a delta; the first has one, as the first words come early."""
LONGEST_PADDING = 15

# What is told of the input at the start, and again at the end.
_REPEATED = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
_PING = b'event: ping\ndata: {"type": "ping"}\n\n'
_PADDING = tuple(b" " * length + b"}\n\n" for length in range(LONGEST_PADDING + 1))


def events(outcome: Outcome) -> Iterator[bytes]:
    """The events of a message, framed: start, a ping after the first block's start, blocks in pieces, delta, stop."""
    usage = answers.usage(outcome)
    usage.pop("output_tokens_details", None)
    start = {
        **answers.opening(outcome),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
        "usage": {**usage, "output_tokens": min(1, usage["output_tokens"])},
        **outcome.diagnosis,
    }
    yield _event("message_start", {"message": start})
    for index, block in enumerate(answers.blocks(outcome)):
        begun, deltas = _BLOCKS[block["type"]](block)
        yield _event("content_block_start", {"index": index, "content_block": begun})
        if index == 0:
            yield _PING
        for delta in deltas:
            yield _event("content_block_delta", {"index": index, "delta": delta})
        yield _event("content_block_stop", {"index": index})
    yield _event(
        "message_delta",
        {
            "delta": {
                "stop_reason": answers.stop_reason(outcome),
                "stop_sequence": outcome.reply.stop_sequence,
                "stop_details": None,
            },
            "usage": {
                **{name: usage[name] for name in _REPEATED},
                "output_tokens": answers.output_tokens(outcome),
                **answers.thinking_details(outcome),
            },
            **outcome.extras,
        },
    )
    yield _event("message_stop", {})


def _event(kind: str, rest: dict[str, Json]) -> bytes:
    """One event; a random number of spaces stands before its last brace, as in the live ones."""
    data = to_json({"type": kind, **rest})
    return b"event: %b\ndata: %b%b" % (kind.encode(), data[:-1], random.choice(_PADDING))


def _pieces(text: str) -> Iterator[str]:
    tokens = tokenizer.split(text)
    yield tokens[0]
    for start in range(1, len(tokens), PIECE):
        yield "".join(tokens[start : start + PIECE])


def _text(block: dict[str, Any]) -> tuple[dict[str, Json], list[dict[str, Json]]]:
    deltas: list[dict[str, Json]] = [
        {"type": "citations_delta", "citation": citation} for citation in block.get("citations", ())
    ]
    begun: dict[str, Json] = {"citations": []} if deltas else {}
    deltas.extend({"type": "text_delta", "text": piece} for piece in _pieces(block["text"]))
    return {**begun, "type": "text", "text": ""}, deltas


def _thinking(block: dict[str, Any]) -> tuple[dict[str, Json], list[dict[str, Json]]]:
    deltas: list[dict[str, Json]] = []
    if block["thinking"]:
        deltas.extend({"type": "thinking_delta", "thinking": piece} for piece in _pieces(block["thinking"]))
    deltas.append({"type": "signature_delta", "signature": block["signature"]})
    return {"type": "thinking", "thinking": "", "signature": ""}, deltas


def _tool_use(block: dict[str, Any]) -> tuple[dict[str, Json], list[dict[str, Json]]]:
    whole = to_json(block["input"]).decode()
    deltas: list[dict[str, Json]] = [{"type": "input_json_delta", "partial_json": ""}]
    deltas.extend({"type": "input_json_delta", "partial_json": piece} for piece in _pieces(whole))
    return {**block, "input": {}}, deltas


_BLOCKS = {"text": _text, "thinking": _thinking, "tool_use": _tool_use}
