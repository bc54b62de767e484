"""What the Assistants API keeps: assistants, threads, messages, runs, steps (recordings: assistants, threads, …). No HTTP here.

Times are Unix seconds, and whole ones where they are shown. What has a wire form of its own that nobody computes with (tools,
contents, calls) is kept in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from support.simulator import ids
from support.simulator.ids import BASE62

Wire: TypeAlias = dict[str, Any]
RunStatus: TypeAlias = Literal[
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
StepStatus: TypeAlias = Literal["in_progress", "completed", "cancelled", "failed", "expired"]

SWITCHED_OFF = datetime(2026, 8, 26, tzinfo=UTC)
ENDED = frozenset({"cancelled", "failed", "completed", "incomplete", "expired"})
LIFETIME = 600
"""Seconds from a run's creation to its expiry."""

# Seconds, by the name under which a tenant can set its own.
DURATIONS = {
    "runs.queued": 1.0,  # until work begins, also after tool outputs
    "runs.step": 1.0,  # of each step: a message, the calls of a tool
    "runs.cancelling": 1.0,
}


def new_id(prefix: str) -> str:
    return f"{prefix}_{ids.token(24, BASE62)}"


@dataclass(slots=True)
class Resources:
    """Files and stores that the tools of an assistant or a thread work with."""

    code_files: list[str] = field(default_factory=list)
    store_ids: list[str] = field(default_factory=list)
    named: set[str] = field(default_factory=set)
    """The tools for which something was given, be it nothing."""


@dataclass(slots=True)
class Settings:
    """How an answer is made: what an assistant says, and a run took over or set otherwise."""

    model: str
    instructions: str | None = None
    tools: list[Wire] = field(default_factory=list)
    temperature: float | None = 1.0
    top_p: float | None = 1.0
    reasoning_effort: str | None = None
    response_format: Any = "auto"


@dataclass(slots=True)
class Assistant:
    id: str
    created_at: int
    settings: Settings
    name: str | None = None
    description: str | None = None
    resources: Resources = field(default_factory=Resources)
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Message:
    """One message; a run's is in its thread only once it is complete, or as far as it came."""

    id: str
    thread_id: str
    created_at: float
    role: Literal["user", "assistant"]
    content: list[Wire]
    attachments: list[Wire] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)
    assistant_id: str | None = None
    run_id: str | None = None
    completed_at: float | None = None
    incomplete_at: float | None = None
    incomplete_reason: str | None = None

    def text(self) -> str:
        return "\n".join(part["text"]["value"] for part in self.content if part["type"] == "text")


@dataclass(slots=True)
class Step:
    """One step of a run: a message, or calls of tools in their wire form."""

    id: str
    created_at: float
    ends_at: float
    """When its work is done; calls of the caller's functions wait for their outputs after that."""
    calls: list[Wire] = field(default_factory=list)
    message: Message | None = None
    status: StepStatus = "in_progress"
    ended_at: float | None = None
    last_error: Wire | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    query: str = ""
    """What a search looks for; nobody is shown it."""
    files: list[tuple[str, str]] = field(default_factory=list)
    """What a program wrote, by name and id."""

    @property
    def waits(self) -> bool:
        """Whether the caller has to run something."""
        return any(call["type"] == "function" for call in self.calls)


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the stages of a run take, as it was when the run was made."""

    queued: float
    step: float
    cancelling: float

    @classmethod
    def of(cls, durations: Mapping[str, float]) -> Pace:
        of = {**DURATIONS, **durations}
        return cls(of["runs.queued"], of["runs.step"], of["runs.cancelling"])


@dataclass(slots=True)
class Run:
    """One run; `status` is what it was when anybody last looked (running.py)."""

    id: str
    thread_id: str
    assistant_id: str
    created_at: float
    settings: Settings
    pace: Pace
    next_at: float | None
    """When it changes by itself next; None while it waits for the caller."""
    tool_choice: Any = "auto"
    parallel_tool_calls: bool = True
    max_prompt_tokens: int | None = None
    max_completion_tokens: int | None = None
    last_messages: int | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    outcome: str | None = None
    """The code with which it is to fail, where that is scripted."""
    status: RunStatus = "queued"
    started_at: float | None = None
    ended_at: float | None = None
    last_error: Wire | None = None
    incomplete_reason: str | None = None
    steps: dict[str, Step] = field(default_factory=dict)

    @property
    def expires_at(self) -> float:
        return int(self.created_at) + LIFETIME

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def latest(self) -> Step | None:
        return next(reversed(self.steps.values()), None)

    def pending(self) -> list[Wire]:
        """The calls whose outputs the run waits for."""
        step = self.latest
        return step.calls if self.status == "requires_action" and step is not None else []


@dataclass(slots=True)
class Thread:
    id: str
    created_at: int
    resources: Resources = field(default_factory=Resources)
    metadata: dict[str, str] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)

    def active(self) -> Run | None:
        """The run that has not ended, as far as anybody has looked; only the newest can be one."""
        newest = next(reversed(self.runs.values()), None)
        return None if newest is None or newest.ended else newest


@dataclass(slots=True)
class AssistantShelf:
    """An account's assistants and threads, oldest first."""

    assistants: dict[str, Assistant] = field(default_factory=dict)
    threads: dict[str, Thread] = field(default_factory=dict)

    def inventory(self, now: datetime) -> dict[str, list[str]]:
        """Ids of what exists; nothing does since the API was switched off."""
        if now >= SWITCHED_OFF:
            return {}
        return {"assistants": list(self.assistants), "threads": list(self.threads)}
