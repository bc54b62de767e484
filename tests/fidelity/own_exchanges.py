"""Exchanges that we wrote ourselves, from the facts that they cite, in own/PROVIDER.json: what is compared on every machine.

An entry is that of a recording, in fewer words; `facts` is its section of docs/provider-facts.md, `response_events` the events of a
stream, which is written here as the provider writes it.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from tests.fidelity.recordings import Recorded, read_entry

FOLDER = Path(__file__).with_name("own")


@cache
def exchanges(provider: str) -> tuple[Recorded, ...]:
    """All of a provider, in the order of the file."""
    entries = json.loads((FOLDER / f"{provider.lower()}.json").read_text(encoding="utf-8"))
    return tuple(
        read_entry(provider, entry["family"], number, _filled(provider, entry)) for number, entry in enumerate(entries)
    )


def _filled(provider: str, entry: dict[str, Any]) -> dict[str, Any]:
    filled = {"source": "own", "file": provider, "request_headers": {}, "request_body": None, **entry}
    if "response_events" in entry:
        filled["response_body"] = _written(provider, entry["response_events"])
    return filled


def _written(provider: str, events: list[dict[str, Any]]) -> str:
    """Server-sent events (provider-facts 4.5, 9.1 to 9.3)."""
    line_end = "\r\n" if provider == "Gemini" else "\n"
    blocks = [f"data: {json.dumps(event)}" for event in events]
    named = provider == "Anthropic" or (provider == "OpenAI" and "type" in events[0])  # of OpenAI's, responses alone
    if named:
        blocks = [f"event: {event['type']}\n{block}" for event, block in zip(events, blocks, strict=True)]
    if provider == "OpenAI" and not named:
        blocks.append("data: [DONE]")
    return "".join(block + 2 * line_end for block in blocks)
