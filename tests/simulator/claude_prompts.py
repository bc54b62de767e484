"""Prompts to Anthropic that are long enough for its cache, and what their usage figures say."""

from __future__ import annotations

from typing import Any, NamedTuple

import anthropic
import httpx
from anthropic.types import Message

MODEL = "claude-haiku-5-5"
MARK: dict[str, Any] = {"type": "ephemeral"}
HOUR: dict[str, Any] = {"type": "ephemeral", "ttl": "1h"}
MANUAL = "The pump is switched off before its cover is opened, and the valve is closed by hand. " * 100


class Tokens(NamedTuple):
    """The input of one answer: what was neither, what was written to the cache, what was read from it."""

    new: int
    written: int
    read: int


def text(words: str, mark: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "text", "text": words} | ({} if mark is None else {"cache_control": mark})


def user(*content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content[0] if isinstance(content[0], str) else list(content)}


def asked(**parameters: Any) -> dict[str, Any]:
    """A short question about the manual, which is the system prompt and marked."""
    return {
        "model": MODEL,
        "max_tokens": 20,
        "system": [text(MANUAL, MARK)],
        "messages": [user("Answer exactly: pong")],
        **parameters,
    }


def answer(wire: httpx.Client, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    """The whole answer as JSON; it must be one that the SDK's own type takes."""
    response = wire.post("/v1/messages", json=body, headers=headers)
    assert response.status_code == 200, response.text
    Message.model_validate(response.json(), strict=True)
    found: dict[str, Any] = response.json()
    return found


def tokens(wire: httpx.Client, body: dict[str, Any]) -> Tokens:
    return of(answer(wire, body)["usage"])


def of(usage: dict[str, Any]) -> Tokens:
    return Tokens(usage["input_tokens"], usage["cache_creation_input_tokens"], usage["cache_read_input_tokens"])


def counted(wire: httpx.Client, body: dict[str, Any]) -> int:
    """The tokens of a prompt, as the provider counts them without answering."""
    left_out = ("max_tokens", "stream", "diagnostics", "metadata")
    kept = {name: value for name, value in body.items() if name not in left_out}
    response = wire.post("/v1/messages/count_tokens", json=kept)
    assert response.status_code == 200, response.text
    return int(response.json()["input_tokens"])


def refused(wire: httpx.Client, body: dict[str, Any]) -> str:
    """The words in which a request is refused as invalid; counting refuses it in the same ones."""
    response = wire.post("/v1/messages", json=body)
    assert (response.status_code, response.json()["error"]["type"]) == (400, "invalid_request_error")
    return str(response.json()["error"]["message"])


def sdk_of(url: str, key: str) -> anthropic.Anthropic:
    return anthropic.Anthropic(api_key=key, base_url=url, max_retries=0)
