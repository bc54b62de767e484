"""Assistants, threads, messages, runs and their steps: one vocabulary for OpenAI's two APIs that serve it (provider-facts 4).

What an API does not tell is None or empty, never guessed.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from support.values.base import Provider, Usage, Value
from support.values.tools import Tool, ToolCall

RunStatus = Literal[
    "queued",
    "in_progress",
    "requires_action",
    "cancelling",
    "cancelled",
    "failed",
    "completed",
    "incomplete",
    "expired",
]
ENDED: frozenset[str] = frozenset({"cancelled", "failed", "completed", "incomplete", "expired"})
"""The states that a run does not leave any more."""


class Assistant(Value):
    """A model with instructions and tools. On Responses it is the gateway's own record, which the provider never sees."""

    provider: Provider
    id: str
    model: str
    name: str | None
    description: str | None
    instructions: str | None
    tools: tuple[Tool, ...]
    """With the files and stores that they work with."""
    metadata: Mapping[str, str]
    """Without the run's marker."""
    marked: str
    """The run's marker."""
    temperature: float | None
    """0 to 2; None where the caller chose none and the API tells none."""
    created_at: datetime
    raw: Mapping[str, Any] = Field(repr=False)


class AssistantPage(Value):
    """One page of a list of assistants; `next_cursor` is the last id, and None on the last page."""

    assistants: tuple[Assistant, ...]
    next_cursor: str | None


class Thread(Value):
    """A conversation that the provider keeps."""

    provider: Provider
    id: str
    metadata: Mapping[str, str]
    """Without the run's marker."""
    created_at: datetime
    raw: Mapping[str, Any] = Field(repr=False)


class Citation(Value):
    """A place in an answer that was taken from a stored file."""

    file_id: str
    name: str | None
    """Without the run's marker; None where the API tells only the id."""
    marked_text: str | None
    """The mark in the text that stands for it; None where the API sets none."""


class ThreadMessage(Value):
    """One message of a thread."""

    provider: Provider
    id: str
    thread_id: str
    role: Literal["user", "assistant"]
    text: str
    citations: tuple[Citation, ...] = ()
    run_id: str | None
    """The run that wrote it. Responses do not tell it in a list of the thread; a list for a run does."""
    metadata: Mapping[str, str]
    """Empty on Responses, where a message has none."""
    created_at: datetime | None
    """None on Responses, where a message has none."""
    raw: Mapping[str, Any] = Field(repr=False)


class MessagePage(Value):
    """One page of a thread's messages; `next_cursor` is None on the last page."""

    messages: tuple[ThreadMessage, ...]
    next_cursor: str | None


class NewMessage(Value):
    """A message to be put into a thread."""

    text: str
    role: str = "user"
    """`user` or `assistant`; any other is refused."""
    metadata: Mapping[str, str] = Field(default_factory=dict)


class RunFailure(Value):
    """Why a run failed, in the provider's words."""

    code: str
    """`server_error`, `rate_limit_exceeded`, `invalid_prompt`."""
    message: str


class Run(Value):
    """An assistant at work on a thread."""

    provider: Provider
    id: str
    thread_id: str
    assistant_id: str
    status: RunStatus
    model: str
    instructions: str | None
    """As they were when the run was created."""
    calls: tuple[ToolCall, ...] = ()
    """Functions whose outputs the run waits for (`requires_action`)."""
    failure: RunFailure | None = None
    incomplete_reason: str | None = None
    """`max_completion_tokens` or `max_prompt_tokens`, in the words of the older API."""
    usage: Usage | None = None
    """None before the end, and where the provider never told it."""
    created_at: datetime
    completed_at: datetime | None = None
    expires_at: datetime | None = None
    """None once it has ended."""
    poll_after: timedelta | None = None
    """When the provider suggests to look again; None where it suggests nothing."""
    raw: Mapping[str, Any] = Field(repr=False)

    @property
    def ended(self) -> bool:
        return self.status in ENDED


class FoundPassage(Value):
    """A passage that a run's search found."""

    file_id: str
    name: str
    """Without the run's marker."""
    score: float
    text: str | None
    """None where the API does not tell it."""


class RunStep(Value):
    """One thing that a run did, in the order of doing."""

    provider: Provider
    id: str
    run_id: str
    kind: Literal["message", "code", "search", "function"]
    status: Literal["in_progress", "completed", "cancelled", "failed", "expired"]
    message_id: str | None = None
    code: str | None = None
    """The program that was run."""
    logs: str | None = None
    """What it printed, a traceback included."""
    found: tuple[FoundPassage, ...] = ()
    call: ToolCall | None = None
    output: str | None = None
    """What the caller's function gave; None before."""
    raw: Mapping[str, Any] = Field(repr=False)


class RunEvent(Value):
    """Something that a streamed run tells: its state, or a piece of what it says."""

    kind: Literal["status", "text"]
    status: RunStatus | None = None
    text: str = ""
