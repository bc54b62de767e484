"""How a run goes on: what has happened to it by a time, one change after the other (provider-facts 4.3). No HTTP here.

    queued → in_progress → completed | incomplete | failed
                         → requires_action → (outputs) → queued …
    anything that has not ended → cancelling → cancelled, or → expired ten minutes after its creation

Nothing happens in the background: whoever looks brings the run up to date first. A run that is streamed is brought to where it
stops at once, and tells a listener of each change; the clock follows. What a run says is in its thread once it is said to the end.

Unverified: that a step whose message was cut counts as completed; what is charged for a run that did not end well (here: its
completed steps).
"""

from __future__ import annotations

from typing import Protocol

from support.simulator.openai.assistants_v2 import answering
from support.simulator.openai.assistants_v2.kept import Message, Run, RunStatus, Step, StepStatus, Thread
from support.simulator.openai.state import OpenAIState

ERRORS = {
    "server_error": "Sorry, something went wrong.",
    "rate_limit_exceeded": "Rate limit reached for requests. Please try again later.",
    "invalid_prompt": "The prompt is invalid.",
}
FOR_EVER = float("inf")


class Listener(Protocol):
    """Who is told of each change, in order."""

    def run_changed(self, run: Run) -> None: ...
    def step_began(self, run: Run, step: Step) -> None: ...
    def step_grew(self, run: Run, step: Step) -> None:
        """The calls of a step are known, though not what comes of them."""

    def step_ended(self, run: Run, step: Step) -> None: ...
    def message_began(self, message: Message) -> None: ...
    def message_ended(self, message: Message) -> None: ...


def settle(state: OpenAIState, thread: Thread, now: float) -> None:
    """Bring the thread's active run up to date."""
    if (run := thread.active()) is not None:
        proceed(state, thread, run, now)


def settle_all(state: OpenAIState, now: float) -> None:
    """Bring every run up to date: a program that one of them runs may leave files."""
    for thread in state.assistants.threads.values():
        settle(state, thread, now)


def proceed(state: OpenAIState, thread: Thread, run: Run, until: float, listener: Listener | None = None) -> float:
    """All changes until then, in order; the time of the last one that was made."""
    last = run.created_at
    while not run.ended:
        at = run.expires_at if run.next_at is None else min(run.next_at, run.expires_at)
        if at > until or (until == FOR_EVER and run.next_at is None):
            break
        _Change(state, thread, run, at, listener).make()
        last = at
    return last


def cancel(run: Run, now: float) -> None:
    """Begin to cancel a run that has not ended."""
    run.status, run.next_at = "cancelling", now + run.pace.cancelling


def submit(run: Run, outputs: dict[str, str], now: float, listener: Listener | None = None) -> None:
    """Take what the caller's functions gave, for all pending calls, and queue the run again."""
    step = run.latest
    assert step is not None
    for call in step.calls:
        call["function"]["output"] = outputs[call["id"]]
    step.status, step.ended_at = "completed", now
    run.status, run.next_at = "queued", now + run.pace.queued
    if listener is not None:
        listener.step_ended(run, step)
        listener.run_changed(run)


class _Change:
    """The next change of a run, at its time."""

    def __init__(self, state: OpenAIState, thread: Thread, run: Run, at: float, listener: Listener | None) -> None:
        self._state = state
        self._thread = thread
        self._run = run
        self._at = at
        self._listener = listener

    def make(self) -> None:
        run = self._run
        if self._at >= run.expires_at:
            self._end("expired", "expired")
        elif run.status == "cancelling":
            self._end("cancelled", "cancelled")
        elif run.status == "queued":
            run.status, run.started_at = "in_progress", self._at
            self._tell_run()
            self._go_on()
        else:
            self._finish_step()

    def _go_on(self) -> None:
        """The next step; or the end, where there is no room for one."""
        run = self._run
        step = answering.next_step(self._state, self._thread, run, self._at)
        if step is None:
            run.incomplete_reason = "max_prompt_tokens"
            self._end("incomplete", None)
            return
        run.steps[step.id] = step
        run.next_at = step.ends_at
        if self._listener is not None:
            self._listener.step_began(run, step)
            if step.message is not None:
                self._listener.message_began(step.message)
            else:
                self._listener.step_grew(run, step)

    def _finish_step(self) -> None:
        run, step = self._run, self._run.latest
        assert step is not None
        if run.outcome is not None:
            run.last_error = {"code": run.outcome, "message": ERRORS.get(run.outcome, ERRORS["server_error"])}
            step.last_error = run.last_error
            self._end("failed", "failed")
        elif step.waits:
            run.status, run.next_at = "requires_action", None
            self._tell_run()
        else:
            answering.finish(self._state, self._thread, run, step)
            if step.message is not None:
                self._say(step.message)
            self._end_step(step, "completed")
            if step.message is None:
                self._go_on()
            else:
                run.incomplete_reason = "max_completion_tokens" if step.message.incomplete_reason else None
                self._end("incomplete" if run.incomplete_reason else "completed", None)

    def _say(self, message: Message) -> None:
        if message.incomplete_reason is None:
            message.completed_at = self._at
        else:
            message.incomplete_at = self._at
        self._thread.messages[message.id] = message
        if self._listener is not None:
            self._listener.message_ended(message)

    def _end_step(self, step: Step, status: StepStatus) -> None:
        step.status, step.ended_at = status, self._at
        if self._listener is not None:
            self._listener.step_ended(self._run, step)

    def _end(self, status: RunStatus, of_step: StepStatus | None) -> None:
        """The run ends, and with it a step that has not ended."""
        run = self._run
        if of_step is not None and (step := run.latest) is not None and step.status == "in_progress":
            self._end_step(step, of_step)
        run.status, run.ended_at, run.next_at = status, self._at, None
        self._tell_run()

    def _tell_run(self) -> None:
        if self._listener is not None:
            self._listener.run_changed(self._run)
