"""What a session is made of: messages, turns with what they cost, checkpoints, and what its owner can set."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import Field

from support.values import Message, Provider, Usage
from support.values.base import Value

Strategy = Literal["truncate", "error"]
"""What becomes of a history that is larger than the window: its oldest part is not sent, or nothing is."""


class SessionSettings(Value):
    """What the owner of a session can set."""

    window_tokens: int | None = Field(default=None, ge=1)
    """Of question and answer together; None: the model's own window, as the catalogue says."""
    reserve_tokens: int | None = Field(default=None, ge=0)
    """Of the window, kept free for the answer; None: the output limit of the turn."""
    strategy: Strategy = "truncate"
    max_messages: int | None = Field(default=None, ge=1)
    """The most messages that the session keeps; the system prompt is none of them."""
    max_output_tokens: int = Field(default=1024, ge=1)
    """Of a turn that names no limit of its own."""


class SessionMessage(Value):
    """A message as the session keeps it."""

    id: str
    created_at: datetime
    provider: Provider
    """Whom it was said to, or who said it."""
    message: Message


class Turn(Value):
    """A question that was answered, once, however many requests it took."""

    provider: Provider
    model: str
    usage: Usage
    cost_usd: Decimal | None
    """None where the model has no known price."""
    attempts: int = Field(default=1, ge=1)
    streamed: bool = False
    at: datetime


class Checkpoint(Value):
    """A moment of a session that can be gone back to."""

    name: str
    messages: tuple[SessionMessage, ...]
    turns: int
    """How many there were."""


class About(Value):
    """A session without what was said."""

    id: str
    provider: Provider
    model: str
    system: str | None
    settings: SessionSettings
    created_at: datetime
    parent_id: str | None


class SavedSession(Value):
    """A session in a store, as its file's first line tells it."""

    id: str
    revision: int
    used_at: datetime
