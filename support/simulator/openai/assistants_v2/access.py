"""Who gets to the Assistants API: the day it was switched off, its beta header, and what a path names (provider-facts 4.0, 4.4).

Unverified: the answer since the switch-off (here: that of an unknown URL) and the words on a missing or older beta header.
"""

from __future__ import annotations

from functools import wraps
from typing import TypeVar

from support.simulator.openai import errors
from support.simulator.openai.assistants_v2 import running
from support.simulator.openai.assistants_v2.kept import SWITCHED_OFF, Assistant, Message, Run, Thread
from support.simulator.openai.errors import refusal
from support.simulator.openai.state import OpenAIState
from support.simulator.wire import Answer, Call, Handler, Refusal

HEADER, VERSION = "openai-beta", "assistants=v2"

T = TypeVar("T")


def while_it_lived(handler: Handler) -> Handler:
    """The handler for as long as there was an API to handle: before its last day, for who names its version."""

    @wraps(handler)
    def guarded(state: OpenAIState, call: Call) -> Answer:
        if call.now >= SWITCHED_OFF:
            return errors.unknown_path(call.method, call.path)
        if VERSION not in call.headers.get(HEADER, ""):
            message = (
                "You must provide the 'OpenAI-Beta' header to access the Assistants API. Please try again by setting the "
                f"header 'OpenAI-Beta: {VERSION}'."
            )
            raise refusal(400, message, code="invalid_beta")
        return handler(state, call)

    return guarded


def assistant(state: OpenAIState, assistant_id: str) -> Assistant:
    return _found(state.assistants.assistants.get(assistant_id), "assistant", assistant_id)


def thread(state: OpenAIState, call: Call) -> Thread:
    """The thread that the path names, as it is by now."""
    thread_id = call.params["thread_id"]
    found = _found(state.assistants.threads.get(thread_id), "thread", thread_id)
    running.settle(state, found, call.now.timestamp())
    return found


def message(state: OpenAIState, call: Call) -> tuple[Thread, Message]:
    within = thread(state, call)
    message_id = call.params["message_id"]
    return within, _found(within.messages.get(message_id), "message", message_id)


def run(state: OpenAIState, call: Call) -> tuple[Thread, Run]:
    within = thread(state, call)
    run_id = call.params["run_id"]
    return within, _found(within.runs.get(run_id), "run", run_id)


def _found(thing: T | None, kind: str, thing_id: str) -> T:
    if thing is None:
        raise no_such(kind, thing_id)
    return thing


def no_such(kind: str, thing_id: str) -> Refusal:
    return refusal(404, f"No {kind} found with id '{thing_id}'.")
