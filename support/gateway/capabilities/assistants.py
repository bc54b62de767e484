"""Assistants that work on threads: one Protocol for the Assistants API and for what came after it (provider-facts 4)."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from support.gateway.capabilities.files import Order
from support.values import (
    Assistant,
    AssistantPage,
    Deletion,
    MessagePage,
    NewMessage,
    Run,
    RunEvent,
    RunStep,
    Thread,
    ThreadMessage,
    Tool,
    ToolChoice,
    ToolOutput,
)


class Threads(Protocol):
    """Conversations that the provider keeps: threads, or conversations of the successor. No API lists them."""

    async def create(
        self, messages: Sequence[NewMessage] = (), *, metadata: Mapping[str, str] | None = None
    ) -> Thread: ...

    async def get(self, thread_id: str) -> Thread: ...

    async def update(self, thread_id: str, metadata: Mapping[str, str]) -> Thread:
        """Puts this metadata in the place of all there was."""
        ...

    async def delete(self, thread_id: str) -> Deletion: ...


class Messages(Protocol):
    """What a thread holds. A thread with a run that has not ended takes none (Conflict)."""

    async def add(self, thread_id: str, message: NewMessage) -> ThreadMessage: ...

    async def get(self, thread_id: str, message_id: str) -> ThreadMessage: ...

    async def list_page(
        self,
        thread_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        order: Order | None = None,
        run_id: str | None = None,
    ) -> MessagePage:
        """Newest first unless `order` says otherwise; `run_id`: those that this run wrote."""
        ...

    def list(
        self, thread_id: str, *, page_size: int | None = None, order: Order | None = None, run_id: str | None = None
    ) -> AsyncIterator[ThreadMessage]:
        """All messages, page after page."""
        ...


class RunStream(Protocol):
    """A run that tells what it does: iterate for its events, then read `run`."""

    def __aiter__(self) -> AsyncIterator[RunEvent]: ...

    @property
    def run(self) -> Run:
        """The run as it was when the stream ended: at its end, or waiting for outputs; LookupError before."""
        ...


class Runs(Protocol):
    """Assistants at work. Money is set aside when a run is created, and settled when its end is seen."""

    async def create(
        self,
        thread_id: str,
        assistant_id: str,
        *,
        model: str | None = None,
        instructions: str | None = None,
        tool_choice: ToolChoice = "auto",
        parallel_calls: bool = True,
        max_output_tokens: int | None = None,
    ) -> Run:
        """Begins a run; what is given stands for this run in the place of what the assistant says.

        After an end that leaves it unclear, the run is looked for before it is created again. Conflict where another run
        of the thread has not ended; NotFound for an unknown assistant or thread.
        """
        ...

    async def get(self, thread_id: str, run_id: str) -> Run: ...

    async def wait(self, run: Run, *, timeout: timedelta = timedelta(minutes=10)) -> Run:
        """The run once it has ended, or waits for outputs; looks ever more rarely. WaitTimeout names the last state."""
        ...

    async def complete(
        self,
        thread_id: str,
        assistant_id: str,
        *,
        model: str | None = None,
        instructions: str | None = None,
        tool_choice: ToolChoice = "auto",
        parallel_calls: bool = True,
        max_output_tokens: int | None = None,
        timeout: timedelta = timedelta(minutes=10),
    ) -> Run:
        """`create` and `wait`; a run that fails for the provider's own reasons is followed by a new one.

        Once after `server_error`, twice after `rate_limit_exceeded`; then JobFailed, or RateLimited. The messages of the
        thread are not added again.
        """
        ...

    async def cancel(self, thread_id: str, run_id: str) -> Run:
        """Begins to cancel; Conflict for a run that has ended."""
        ...

    async def submit(self, thread_id: str, run_id: str, outputs: Sequence[ToolOutput]) -> Run:
        """Gives the outputs of all calls that the run waits for; Conflict where it waits for none (any more)."""
        ...

    async def steps(self, thread_id: str, run_id: str) -> tuple[RunStep, ...]:
        """All that the run has done so far, oldest first."""
        ...

    def stream(
        self,
        thread_id: str,
        assistant_id: str,
        *,
        model: str | None = None,
        instructions: str | None = None,
        tool_choice: ToolChoice = "auto",
        parallel_calls: bool = True,
        max_output_tokens: int | None = None,
    ) -> RunStream:
        """A run as it happens."""
        ...


class Assistants(Protocol):
    """Assistants and all that they work with.

    Every text is checked before anything is sent: LimitExceeded or InvalidRequest names the field.
    """

    async def create(
        self,
        *,
        model: str | None,
        name: str | None = None,
        description: str | None = None,
        instructions: str | None = None,
        tools: Sequence[Tool] = (),
        metadata: Mapping[str, str] | None = None,
        temperature: float | None = None,
    ) -> Assistant: ...

    async def get(self, assistant_id: str) -> Assistant: ...

    async def list_page(
        self, *, limit: int | None = None, cursor: str | None = None, order: Order | None = None
    ) -> AssistantPage:
        """Newest first unless `order` says otherwise; `cursor`: the id after which the page begins."""
        ...

    def list(self, *, page_size: int | None = None, order: Order | None = None) -> AsyncIterator[Assistant]:
        """All assistants, page after page."""
        ...

    async def update(
        self,
        assistant_id: str,
        *,
        model: str | None = None,
        name: str | None = None,
        description: str | None = None,
        instructions: str | None = None,
        tools: Sequence[Tool] | None = None,
        metadata: Mapping[str, str] | None = None,
        temperature: float | None = None,
    ) -> Assistant:
        """Changes what is given, and nothing else."""
        ...

    async def delete(self, assistant_id: str) -> Deletion: ...

    async def discard(self, kind: str, id: str) -> None:
        """Removes what was left beside assistants: of a kind that the backend journals (`thread`, `response`, …)."""
        ...

    @property
    def threads(self) -> Threads: ...

    @property
    def messages(self) -> Messages: ...

    @property
    def runs(self) -> Runs: ...
