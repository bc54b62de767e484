"""Deviations of runs: how they begin, go on, end, and what they leave.

A run is a response of the successor, and its thread a conversation; a deviation is at work in both. In the old API alone is what
the successor does not keep: an assistant to which settings of a run could leak (`override_leaks_to_assistant`), the run that a
message came from (`message_wrong_run_id`), and a run that waits for outputs and expires (`never_expires`). A run that is streamed
is over when its stream is, so those that never end, or end at once, are others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from itertools import takewhile
from typing import Any

from support.simulator.deviations import operators as do
from support.simulator.deviations.deviation import Deviation
from support.simulator.deviations.inside import (
    LOOKS,
    RESPOND,
    START,
    START_WITH_THREAD,
    as_responses_are_made,
    as_runs_are_made,
    as_runs_complete,
    conversation_of,
    on_either,
)
from support.simulator.openai.assistants_v2 import running
from support.simulator.openai.assistants_v2.kept import Message, Run, Thread, new_id
from support.simulator.openai.errors import refusal
from support.simulator.openai.responses_api import naming
from support.simulator.openai.responses_api.stored import StoredResponse
from support.simulator.openai.state import OpenAIState
from support.simulator.wire import Answer, Call, Handler, Json

READ_RUN, RUNS, CANCEL = "runs.get", "runs.list", "runs.cancel"
READ_RESPONSE, CANCEL_RESPONSE, PUT = "responses.get", "responses.cancel", "conversations.items.create"

OPENAI = ("OpenAI",)
STARTS = (START, START_WITH_THREAD)
CENTURIES = 1e10
"""Seconds, more than anybody waits."""
FOR_EVER = float("inf")
_NOT_THE_END = (b"event: response.created\n", b"event: response.queued\n", b"event: response.in_progress\n")


def runs() -> list[Deviation]:
    """Of runs, of what they say, and of how they end."""
    return [*_beginning(), *_going_on(), *_saying(), *_cancelling()]


# Beginning ----------------------------------------------------------------------------------------------------------


def _over_at_once(state: OpenAIState, thread: Thread, run: Run, call: Call) -> bool:
    del state, thread, call
    run.status, run.started_at, run.ended_at, run.next_at = "completed", run.created_at, run.created_at, None
    return True


def _response_over_at_once(state: OpenAIState, one: StoredResponse) -> bool:
    """One in the background; any other is over when it is answered."""
    if not one.background or one.outcome == "failed":
        return False
    conversation = conversation_of(state, one)
    for item in one.output:
        state.responses.items.pop(item["id"], None)
        if conversation is not None:
            conversation.entries.pop(item["id"], None)
    one.output = []
    one.begins_at = one.ends_at = one.created_at
    if conversation is not None:
        conversation.locked_until = 0.0
        for item in one.brought():
            conversation.entries[item["id"]].since = one.created_at
    return True


def _several_at_once(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    now = call.now.timestamp()
    for thread in state.assistants.threads.values():
        for run in thread.runs.values():
            running.proceed(state, thread, run, now)  # all of them, and not only the newest
    found = state.assistants.threads.get(call.params.get("thread_id", ""))
    if call.operation != START or found is None or all(run.ended for run in found.runs.values()):
        return handler(state, call)
    before, found.runs = found.runs, {}
    try:
        answer = handler(state, call)
    finally:
        found.runs = {**before, **found.runs}
    memory.fired += 1
    return answer


def _several_responses(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    conversation = state.conversations.conversations.get(_conversation_id(call))
    if conversation is None or not conversation.locked(call.now.timestamp()):
        return handler(state, call)
    before, conversation.locked_until = conversation.locked_until, 0.0
    try:
        answer = handler(state, call)
    finally:
        conversation.locked_until = max(before, conversation.locked_until)
    memory.fired += 1
    return answer


def _conversation_id(call: Call) -> str:
    given = call.params.get("conversation_id") or call.body.get("conversation")
    return str(given.get("id") if isinstance(given, dict) else given)


def _leaked(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    answer = handler(state, call)
    settings, model = state.assistants.assistants[call.body["assistant_id"]].settings, call.body.get("model")
    if model is not None and model != settings.model:
        settings.model = model
        memory.fired += 1
    return answer


def _beginning() -> list[Deviation]:
    return [
        Deviation(
            "runs.create.completed_at_once_without_message",
            "A run is completed when it is made, and leaves no message.",
            (*STARTS, RESPOND),
            on_either(as_runs_are_made(_over_at_once), as_responses_are_made(_response_over_at_once)),
            OPENAI,
        ),
        Deviation(
            "runs.create.allows_two_active",
            "Two runs are at work on one thread, or two responses on one conversation.",
            (*LOOKS, RESPOND),
            on_either(_several_at_once, _several_responses),
            OPENAI,
        ),
        Deviation(
            "runs.create.override_leaks_to_assistant",
            "The model of one run becomes its assistant's.",
            STARTS,
            _leaked,
            OPENAI,
        ),
    ]


# Going on -----------------------------------------------------------------------------------------------------------


class _Patient(Run):
    """A run that does not expire for centuries; what is shown of it is put right."""

    __slots__ = ()

    @property
    def expires_at(self) -> float:
        return super().expires_at + CENTURIES


def _patient(state: OpenAIState, thread: Thread, run: Run, call: Call) -> bool:
    del state, call
    thread.runs[run.id] = _Patient(**{part.name: getattr(run, part.name) for part in fields(run)})
    return False  # nobody can tell yet


def _stuck(state: OpenAIState, thread: Thread, run: Run, call: Call) -> bool:
    _patient(state, thread, run, call)
    thread.runs[run.id].pace = replace(run.pace, step=FOR_EVER)
    return True


def _with_usual_expiry(body: Json) -> Json:
    if isinstance(body, dict):
        return {
            name: value - int(CENTURIES)
            if name == "expires_at" and value is not None and value > CENTURIES
            else _with_usual_expiry(value)
            for name, value in body.items()
        }
    return [_with_usual_expiry(item) for item in body] if isinstance(body, list) else body


def _without_expiry(make: Callable[[OpenAIState, Thread, Run, Call], bool]) -> do.Operator:
    """Runs are made so that they do not expire; where one outlives its time, that counts."""
    making = as_runs_are_made(make)

    def operator(memory: do.Memory, state: Any, call: Call, handler: Handler) -> Answer:
        now = call.now.timestamp()
        outlived: set[str] = memory.things.setdefault("outlived", set())
        for thread in state.assistants.threads.values():
            running.settle(state, thread, now)
            active = thread.active()
            if isinstance(active, _Patient) and now >= active.expires_at - CENTURIES and active.id not in outlived:
                outlived.add(active.id)
                memory.fired += 1
        answer = making(memory, state, call, handler) if call.operation in STARTS else handler(state, call)
        return replace(answer, body=_with_usual_expiry(answer.body))

    return operator


def _stuck_response(state: OpenAIState, one: StoredResponse) -> bool:
    if not one.background or one.begins_at >= one.ends_at:
        return False
    conversation = conversation_of(state, one)
    if conversation is not None:
        conversation.locked_until = FOR_EVER
        for item in one.brought():
            if item["id"] in conversation.entries:
                conversation.entries[item["id"]].since = FOR_EVER
    one.ends_at = FOR_EVER
    return True


def _stuck_in_the_background(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    """A stream of such a response breaks off where there is nothing to tell any more."""
    answer = handler(state, call)
    one = state.responses.responses.get(call.params["response_id"])
    if answer.events is None or one is None or one.ends_at < FOR_EVER or one.cancelled:
        return answer
    told = takewhile(lambda event: event.startswith(_NOT_THE_END), answer.events)  # type: ignore[arg-type]
    return replace(answer, events=iter(told), seconds=0.0)


_STUCK = on_either(_without_expiry(_stuck), as_responses_are_made(_stuck_response))


def _never_ending(memory: do.Memory, state: Any, call: Call, handler: Handler) -> Answer:
    if call.operation == READ_RESPONSE:
        return _stuck_in_the_background(memory, state, call, handler)
    if call.operation == RESPOND and call.body.get("stream"):
        return handler(state, call)
    return _STUCK(memory, state, call, handler)


def _usage_gone(provider: str, body: Json, call: Call) -> None:
    del provider, call
    for run in do.objects_of(body):
        if run["status"] == "completed":
            run["usage"] = None


def _response_without_usage(state: OpenAIState, one: StoredResponse) -> bool:
    del state
    had, one.usage = one.usage, None
    return had is not None


def _going_on() -> list[Deviation]:
    return [
        Deviation(
            "runs.stuck_in_progress",
            "A run, or a response in the background, never ends.",
            (*LOOKS, RESPOND, READ_RESPONSE),
            _never_ending,
            OPENAI,
        ),
        Deviation(
            "runs.completed_without_usage",
            "A completed run or response has no usage.",
            (READ_RUN, RUNS, RESPOND),
            on_either(do.change_answer(_usage_gone), as_responses_are_made(_response_without_usage)),
            OPENAI,
        ),
        Deviation(
            "runs.never_expires",
            "A run waits for its outputs for ever.",
            LOOKS,
            _without_expiry(_patient),
            OPENAI,
        ),
    ]


# Saying -------------------------------------------------------------------------------------------------------------


def _said_by(thread: Thread, run: Run) -> list[Message]:
    return [message for message in thread.messages.values() if message.run_id == run.id]


def _unsaid(state: OpenAIState, thread: Thread, run: Run) -> bool:
    del state
    said = _said_by(thread, run)
    for message in said:
        del thread.messages[message.id]
    return bool(said)


def _response_unsaid(state: OpenAIState, one: StoredResponse) -> bool:
    """The response has its answer, and its conversation has not."""
    conversation = conversation_of(state, one)
    said = [item for item in one.output if item["type"] == "message"]
    if conversation is None:
        return False
    gone = [conversation.entries.pop(item["id"], None) for item in said]
    return any(gone)


def _said_twice(state: OpenAIState, thread: Thread, run: Run) -> bool:
    del state
    said = _said_by(thread, run)
    for message in said:
        again = replace(message, id=new_id("msg"))
        thread.messages[again.id] = again
    return bool(said)


def _response_said_twice(state: OpenAIState, one: StoredResponse) -> bool:
    conversation = conversation_of(state, one)
    said = [item for item in one.output if item["type"] == "message"]
    if conversation is None:
        return False
    entries = [conversation.entries[item["id"]] for item in said if item["id"] in conversation.entries]
    for entry in entries:
        again = {**entry.item, "id": naming.in_chain("msg", one.chain, one.created_at)}
        conversation.add([again], entry.since)
    return bool(entries)


def _of_another_run(state: OpenAIState, thread: Thread, run: Run) -> bool:
    others = (other for one in state.assistants.threads.values() for other in one.runs if other != run.id)
    wrong = next(others, None) or new_id("run")
    said = _said_by(thread, run)
    for message in said:
        message.run_id = wrong
    return bool(said)


def _said_early(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    """What a run is about to say is in its thread before it is said."""
    for thread in state.assistants.threads.values():
        running.settle(state, thread, call.now.timestamp())
        run = thread.active()
        step = run.latest if run is not None and run.status == "in_progress" else None
        if step is not None and step.message is not None and step.message.id not in thread.messages:
            thread.messages[step.message.id] = step.message
            memory.fired += 1
    return handler(state, call)


def _response_said_early(state: OpenAIState, one: StoredResponse) -> bool:
    conversation = conversation_of(state, one)
    if conversation is None or not one.background or one.begins_at >= one.ends_at:
        return False
    entries = [conversation.entries[item["id"]] for item in one.brought() if item["id"] in conversation.entries]
    for entry in entries:
        entry.since = min(entry.since, one.begins_at)
    return bool(entries)


def _saying() -> list[Deviation]:
    return [
        Deviation(
            "runs.message_missing",
            "A completed run leaves no message in its thread, a response none in its conversation.",
            (*LOOKS, RESPOND),
            on_either(as_runs_complete(_unsaid), as_responses_are_made(_response_unsaid)),
            OPENAI,
        ),
        Deviation(
            "runs.message_twice",
            "A completed run leaves its message twice in its thread, a response in its conversation.",
            (*LOOKS, RESPOND),
            on_either(as_runs_complete(_said_twice), as_responses_are_made(_response_said_twice)),
            OPENAI,
        ),
        Deviation(
            "runs.message_wrong_run_id",
            "The message of a run is told to be another run's.",
            LOOKS,
            as_runs_complete(_of_another_run),
            OPENAI,
        ),
        Deviation(
            "runs.message_before_completion",
            "What a run or a response says can be read before it has ended.",
            (*LOOKS, RESPOND),
            on_either(_said_early, as_responses_are_made(_response_said_early)),
            OPENAI,
        ),
    ]


# Cancelling ---------------------------------------------------------------------------------------------------------


def _is_cancelled(body: Json) -> bool:
    return body["status"] in ("cancelling", "cancelled")


def _still_locked(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    thread = state.assistants.threads.get(call.params["thread_id"])
    if thread is not None:
        running.settle(state, thread, call.now.timestamp())
        newest = next(reversed(thread.runs.values()), None)
        if newest is not None and newest.status == "cancelled":
            memory.fired += 1
            raise refusal(400, f"Thread {thread.id} already has an active run {newest.id}.")
    return handler(state, call)


def _conversation_still_locked(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    locked: set[str] = memory.things.setdefault("locked", set())
    if call.operation != CANCEL_RESPONSE:
        memory.fired += _conversation_id(call) in locked
        return handler(state, call)
    answer = handler(state, call)
    conversation = conversation_of(state, state.responses.responses[call.params["response_id"]])
    if conversation is not None and answer.body["status"] == "cancelled":
        conversation.locked_until = FOR_EVER
        locked.add(conversation.id)
    return answer


def _cancelling() -> list[Deviation]:
    return [
        Deviation(
            "runs.cancel_leaves_running",
            "A run or a response that is cancelled goes on, and completes.",
            (CANCEL, CANCEL_RESPONSE),
            do.lose_effect(_is_cancelled),
            OPENAI,
        ),
        Deviation(
            "runs.thread_locked_after_cancel",
            "What was cancelled still blocks its thread or conversation.",
            (START, "messages.create", RESPOND, PUT, CANCEL_RESPONSE),
            on_either(_still_locked, _conversation_still_locked),
            OPENAI,
        ),
    ]
