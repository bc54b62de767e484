"""Operators that reach into OpenAI's two ways to keep a conversation: threads with their runs, conversations with responses.

Neither knows of deviations. A handler runs from its beginning to its end without a wait, so that what stands in another's place
meanwhile is seen by nobody else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeAlias

from support.simulator.deviations.operators import Memory, Operator
from support.simulator.openai.assistants_v2 import running
from support.simulator.openai.assistants_v2 import shown as run_shown
from support.simulator.openai.assistants_v2.kept import Run, Thread
from support.simulator.openai.responses_api import shown
from support.simulator.openai.responses_api.conversations import Conversation
from support.simulator.openai.responses_api.stored import StoredResponse
from support.simulator.openai.state import OpenAIState
from support.simulator.wire import Answer, Call, Handler

START, START_WITH_THREAD, RESPOND = "runs.create", "runs.create_with_thread", "responses.create"
LOOKS = (
    START, START_WITH_THREAD, "runs.get", "runs.list", "runs.update", "runs.cancel", "runs.submit_tool_outputs",
    "run_steps.list", "run_steps.get", "threads.get", "threads.update", "threads.delete", "messages.create", "messages.list",
    "messages.get", "messages.update", "messages.delete",
)  # fmt: skip
"""Where a thread's run goes on: nothing happens to it until somebody looks."""

Other: TypeAlias = Callable[[Memory, Callable[..., Any]], Callable[..., Any]]
"""Given what the deviation remembers and the honest function: the one that takes its place."""


def on_either(assistants: Operator, successor: Operator) -> Operator:
    """One operator for assistants, threads and runs, another for responses and conversations."""

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        is_new = call.operation.startswith(("responses.", "conversations."))
        return (successor if is_new else assistants)(memory, state, call, handler)

    return operator


def in_place_of(owner: Any, name: str, other: Other) -> Operator:
    """Run the handler, and make all events that it answers, with another function in the place of `owner.name`."""

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        honest = getattr(owner, name)
        setattr(owner, name, other(memory, honest))
        try:
            answer = handler(state, call)
            if isinstance(answer.events, Iterator):
                answer.events = iter(list(answer.events))
            return answer
        finally:
            setattr(owner, name, honest)

    return operator


def as_runs_complete(change: Callable[[OpenAIState, Thread, Run], bool]) -> Operator:
    """Change what a run has left when it is complete, before anybody sees it; `change` says whether it did."""

    def look(memory: Memory, state: OpenAIState, call: Call) -> None:
        seen: set[str] = memory.things.setdefault("completed", set())
        for thread in state.assistants.threads.values():
            running.settle(state, thread, call.now.timestamp())
            for run in thread.runs.values():
                if run.status == "completed" and run.id not in seen:
                    seen.add(run.id)
                    memory.fired += change(state, thread, run)

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        look(memory, state, call)
        answer = handler(state, call)
        look(memory, state, call)  # a run that was streamed has ended by now
        return answer

    return operator


def as_runs_are_made(change: Callable[[OpenAIState, Thread, Run, Call], bool]) -> Operator:
    """Change a run that has just been made, unless it is streamed, and with that is over."""

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        answer = handler(state, call)
        if answer.events is not None:
            return answer
        thread = state.assistants.threads[answer.body["thread_id"]]
        run_id = answer.body["id"]
        memory.fired += change(state, thread, thread.runs[run_id], call)
        made = thread.runs[run_id]
        return Answer(answer.status, run_shown.run(made), {} if made.ended else answer.headers)

    return operator


def as_responses_are_made(change: Callable[[OpenAIState, StoredResponse], bool]) -> Operator:
    """Change a response that has just been made, in place; one that is not kept is left alone."""

    def operator(memory: Memory, state: Any, call: Call, handler: Handler) -> Answer:
        kept: dict[str, StoredResponse] = state.responses.responses
        before = next(reversed(kept), None)
        answer = handler(state, call)
        newest = next(reversed(kept), None)
        if newest is None or newest == before or not change(state, kept[newest]):
            return answer
        memory.fired += 1
        made = kept[newest]
        if answer.events is not None:  # they are made of it, and only now
            return answer
        return replace(answer, body=shown.response(made, made.status(made.created_at)))

    return operator


def conversation_of(state: OpenAIState, one: StoredResponse) -> Conversation | None:
    return state.conversations.conversations.get(one.conversation_id or "")
