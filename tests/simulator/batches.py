"""What the tests of batches send: lines of requests, and a file of them at OpenAI."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import openai

CHAT = "/v1/chat/completions"
MODEL = "gpt-6-luna"
# Four of ten requests are done twenty seconds after the creation.
FOUR_OF_TEN = {
    "batches.validating": 0.0,
    "batches.running": 50.0,
    "batches.finalizing": 5.0,
    "batches.cancelling": 10.0,
}


def chat(custom_id: str, **changed: Any) -> dict[str, Any]:
    """One line of a batch of chat completions; `body` adds to its body, anything else replaces a field."""
    asked = [{"role": "user", "content": f"Answer exactly: this is {custom_id}"}]
    body = {"model": MODEL, "max_completion_tokens": 200, "messages": asked, **changed.pop("body", {})}
    return {"custom_id": custom_id, "method": "POST", "url": CHAT, "body": body, **changed}


def jsonl(lines: Iterable[Any]) -> bytes:
    return b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines)


def begun(sdk: openai.OpenAI, lines: Iterable[Any], **wanted: Any) -> openai.types.Batch:
    """A batch of these lines, just made."""
    file = sdk.files.create(file=("input.jsonl", jsonl(lines)), purpose="batch")
    asked: dict[str, Any] = {"endpoint": CHAT, "completion_window": "24h", **wanted}
    return sdk.batches.create(input_file_id=file.id, **asked)


def results(sdk: openai.OpenAI, file_id: str | None) -> dict[str, dict[str, Any]]:
    """The lines of an output or error file by custom_id, each of them once."""
    assert file_id is not None
    lines = [json.loads(line) for line in sdk.files.content(file_id).text.splitlines()]
    told = {line["custom_id"]: line for line in lines}
    assert len(told) == len(lines)
    return told
