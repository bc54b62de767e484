"""What a request puts before the model, whichever endpoint it came through, and how many tokens that is.

Chat completions and the counting endpoint read their requests into a Prompt, so that both count alike. The figures only
behave like the provider's: a message costs four tokens beside its text and the answer is opened with three
(recordings: responses input tokens, "Tell me a joke." is 12 there and 11 here).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_json

from support.simulator import tokenizer
from support.simulator.language_model import Document, Tool, Turn

PER_MESSAGE = 4
OPENING = 3
PER_DOCUMENT = 8
PER_TOOL = 8


@dataclass(slots=True)
class Prompt:
    """The conversation, and everything that came with it."""

    system: list[str] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    tools: list[Tool] = field(default_factory=list)
    schema: dict[str, Any] | None = None
    image_tokens: int = 0
    audio_tokens: int = 0
    other_tokens: int = 0
    """Of calls that earlier answers made, and of items the toy model does not read."""

    def text_tokens(self) -> int:
        """Tokens of all that is text."""
        count = tokenizer.count
        total = OPENING + self.other_tokens
        for text in self.system:
            total += PER_MESSAGE + count(text)
        for turn in self.turns:
            total += PER_MESSAGE + count(turn.text)
        for document in self.documents:
            total += PER_DOCUMENT + count(document.name) + count(document.text)
        for tool in self.tools:
            total += PER_TOOL + count(tool.name) + count(tool.description) + _as_json(tool.parameters)
        if self.schema is not None:
            total += _as_json(self.schema)
        return total

    def tokens(self) -> int:
        """All input tokens."""
        return self.text_tokens() + self.image_tokens + self.audio_tokens


def _as_json(value: Any) -> int:
    return tokenizer.count(to_json(value).decode())
