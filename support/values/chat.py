"""Questions and answers of a model, and the models themselves."""

from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from support.values.base import Provider, Usage, Value
from support.values.files import FileReference
from support.values.tools import ToolCall, ToolOutput


class Picture(Value):
    """A picture that a message brings along: PNG, JPEG, GIF or WebP, which all providers read (provider-facts 9)."""

    mime_type: Literal["image/png", "image/jpeg", "image/gif", "image/webp"]
    base64: str = Field(repr=False)

    @property
    def size_bytes(self) -> int:
        return len(b64decode(self.base64))


class Message(Value):
    """One turn of a conversation: text, pictures, the stored files it refers to, calls of functions or what came of them."""

    role: Literal["user", "assistant"]
    text: str
    files: tuple[FileReference, ...] = ()
    pictures: tuple[Picture, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    """Of an assistant's turn that asked for functions."""
    outputs: tuple[ToolOutput, ...] = ()
    """Of the user's turn that answers such a turn: one for each call."""


StopReason = Literal["end", "length", "stop_sequence", "tool_call", "refusal", "other"]


class ChatAnswer(Value):
    """A complete answer of a model."""

    provider: Provider
    model: str
    """The model that answered, as the provider names it."""
    id: str
    text: str
    stop_reason: StopReason
    usage: Usage
    calls: tuple[ToolCall, ...] = ()
    """Functions that the model wants run; their outputs go back as the next turn."""
    raw: Mapping[str, Any] = Field(repr=False)

    @property
    def turn(self) -> Message:
        """The answer as a turn of the conversation that goes on."""
        return Message(role="assistant", text=self.text, calls=self.calls)

    @property
    def cached(self) -> bool:
        """Whether the provider read a part of the question from a cache, or wrote one, by its own figures."""
        return self.usage.cache_read_tokens + self.usage.cache_write_tokens > 0


class ModelInfo(Value):
    """A model as its provider lists it; what a provider does not tell is None."""

    provider: Provider
    id: str
    display_name: str | None = None
    context_window_tokens: int | None = None
    max_output_tokens: int | None = None
    shutdown_on: datetime | None = None
    raw: Mapping[str, Any] = Field(repr=False)
