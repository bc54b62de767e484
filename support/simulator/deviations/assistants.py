"""Deviations of assistants, of threads or conversations, and of the messages in them.

The successor of the Assistants API keeps no assistants, so what happens to those happens in the old API alone: `assistants.*`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from support.simulator.deviations import operators as do
from support.simulator.deviations import paging
from support.simulator.deviations.deviation import Deviation
from support.simulator.deviations.inside import START, START_WITH_THREAD, on_either
from support.simulator.openai.assistants_v2 import running, shown
from support.simulator.openai.assistants_v2.kept import Assistant
from support.simulator.openai.state import OpenAIState
from support.simulator.wire import Answer, Call, Handler, Json

CREATE, LIST, GET = "assistants.create", "assistants.list", "assistants.get"
UPDATE, DELETE = "assistants.update", "assistants.delete"
THREAD, READ_THREAD, DROP_THREAD = "threads.create", "threads.get", "threads.delete"
CONVERSATION, READ_CONVERSATION, DROP_CONVERSATION = "conversations.create", "conversations.get", "conversations.delete"
SAY, MESSAGES = "messages.create", "messages.list"
PUT, ITEMS = "conversations.items.create", "conversations.items.list"

OPENAI = ("OpenAI",)
LONGEST = 4096
OTHER_MODELS = ("gpt-4o-mini", "gpt-4o")
INSTRUCTIONS = "You are a helpful assistant."


def _of(state: OpenAIState, call: Call) -> Assistant | None:
    """The assistant that a path names."""
    return state.assistants.assistants.get(call.params["assistant_id"])


def _instructed(provider: str, body: Json) -> Json:
    del provider
    return {**body, "instructions": INSTRUCTIONS} if body.get("instructions") is None else body


def _of_another_model(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    answer = handler(state, call)
    made = state.assistants.assistants[answer.body["id"]]
    made.settings.model = next(model for model in OTHER_MODELS if model != made.settings.model)
    memory.fired += 1
    return replace(answer, body=shown.assistant(made))


def _under_one_id(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    """Each assistant after the first takes the id of the first, and its place."""
    answer = handler(state, call)
    made = state.assistants.assistants[answer.body["id"]]
    first: str = memory.things.setdefault("first", made.id)
    if first == made.id:
        return answer
    del state.assistants.assistants[made.id]
    made.id = first
    state.assistants.assistants[first] = made
    memory.fired += 1
    return replace(answer, body=shown.assistant(made))


def _the_last_one(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    answer = handler(state, call)  # what does not exist is refused as always
    last = next(reversed(state.assistants.assistants.values()))
    if last.id == answer.body["id"]:
        return answer
    memory.fired += 1
    return replace(answer, body=shown.assistant(last))


def _others_reset(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    answer = handler(state, call)
    one = _of(state, call)
    if one is None or "instructions" not in call.body:
        return answer
    before = (one.name, one.settings.tools)
    if "name" not in call.body:
        one.name = None
    if "tools" not in call.body:
        one.settings.tools = []
    if (one.name, one.settings.tools) == before:
        return answer
    memory.fired += 1
    return replace(answer, body=shown.assistant(one))


def _old_runs_rewritten(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    running.settle_all(state, call.now.timestamp())
    answer = handler(state, call)
    told = answer.body["instructions"]
    for thread in state.assistants.threads.values():
        for run in thread.runs.values():
            if run.ended and run.assistant_id == answer.body["id"] and run.settings.instructions != told:
                run.settings = replace(run.settings, instructions=told)
                memory.fired += 1
    return answer


def _works_though_deleted(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    held = state.assistants.assistants
    deleted: dict[str, Assistant] = memory.things.setdefault("deleted", {})
    if call.operation == DELETE:
        one = _of(state, call)
        answer = handler(state, call)
        if one is not None:
            deleted[one.id] = one
        return answer
    wanted = call.body.get("assistant_id")
    if not isinstance(wanted, str) or wanted in held or wanted not in deleted:
        return handler(state, call)
    held[wanted] = deleted[wanted]
    try:
        answer = handler(state, call)
    finally:
        del held[wanted]
    memory.fired += 1
    return answer


def _threads_emptied(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    running.settle_all(state, call.now.timestamp())
    answer = handler(state, call)
    for thread in state.assistants.threads.values():
        if thread.messages and any(run.assistant_id == answer.body["id"] for run in thread.runs.values()):
            thread.messages.clear()
            memory.fired += 1
    return answer


def assistants() -> list[Deviation]:
    """Of assistants, threads and messages."""
    return [*_making(), *_listing(), *_changing(), *_deleting(), *_threads(), *_messages()]


def _making() -> list[Deviation]:
    return [
        Deviation(
            "assistants.create.default_instructions",
            "An assistant that was given no instructions has some.",
            (CREATE,),
            do.replace_body(_instructed),
            OPENAI,
        ),
        Deviation(
            "assistants.create.model_replaced",
            "An assistant gets another model than was asked for.",
            (CREATE,),
            _of_another_model,
            OPENAI,
        ),
        Deviation("assistants.create.same_id", "All assistants have one id.", (CREATE,), _under_one_id, OPENAI),
    ]


def _listing() -> list[Deviation]:
    return [
        Deviation(
            "assistants.list.ignores_limit",
            "A list of two assistants has twenty.",
            (LIST,),
            do.ignore_parameter("limit"),
            OPENAI,
        ),
        Deviation(
            "assistants.list.ignores_order",
            "A list of assistants that should begin with the oldest begins with the newest.",
            (LIST,),
            do.ignore_parameter("order"),
            OPENAI,
        ),
        Deviation(
            "assistants.list.includes_deleted",
            "Deleted assistants are still listed.",
            (LIST, DELETE),
            do.stale_read((LIST,), since=DELETE),
            OPENAI,
        ),
        Deviation(
            "assistants.list.after_inclusive",
            "The last assistant of a page is also the first of the next.",
            (LIST,),
            paging.pages_overlap(paging.FILES),
            OPENAI,
        ),
        Deviation(
            "assistants.get.drops_tools",
            "An assistant is described without its tools.",
            (GET,),
            do.rewrite({"OpenAI": "tools"}, lambda old, call: []),
            OPENAI,
        ),
        Deviation(
            "assistants.get.wrong_record",
            "Whichever assistant is asked for, the one that was made last is described.",
            (GET,),
            _the_last_one,
            OPENAI,
        ),
    ]


def _changing() -> list[Deviation]:
    return [
        Deviation(
            "assistants.update.not_persisted",
            "The answer to a change is right, but the assistant stays as it was.",
            (UPDATE,),
            do.on_a_copy(),
            OPENAI,
        ),
        Deviation(
            "assistants.update.resets_other_fields",
            "New instructions clear an assistant's name and tools.",
            (UPDATE,),
            _others_reset,
            OPENAI,
        ),
        Deviation(
            "assistants.update.rewrites_old_runs",
            "New instructions of an assistant are shown on runs that ended before.",
            (UPDATE,),
            _old_runs_rewritten,
            OPENAI,
        ),
    ]


def _deleting() -> list[Deviation]:
    return [
        Deviation(
            "assistants.delete.ghost_get",
            "A deleted assistant can still be described.",
            (GET, DELETE),
            do.stale_read((GET,), since=DELETE),
            OPENAI,
        ),
        Deviation(
            "assistants.delete.run_still_works",
            "A deleted assistant still runs.",
            (DELETE, START, START_WITH_THREAD),
            _works_though_deleted,
            OPENAI,
        ),
        Deviation(
            "assistants.delete.cascades_threads",
            "Deleting an assistant empties the threads it worked on.",
            (DELETE,),
            _threads_emptied,
            OPENAI,
        ),
        Deviation(
            "assistants.delete.idempotent_ok",
            "Deleting an assistant a second time succeeds again.",
            (DELETE,),
            do.answer_again(do.path_of, after_refusal=True),
            OPENAI,
        ),
    ]


# Threads, and conversations -----------------------------------------------------------------------------------------


def _held(state: OpenAIState, call: Call) -> dict[str, Any]:
    """All threads by id, or all conversations, as the call is about one or the other."""
    is_new = call.operation.startswith("conversations.")
    return state.conversations.conversations if is_new else state.assistants.threads


def _contents(one: Any) -> dict[str, Any]:
    """What a thread or a conversation holds."""
    held: dict[str, Any] = one.messages if hasattr(one, "messages") else one.entries
    return held


def _first_ones_lost(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    answer = handler(state, call)
    contents = _contents(_held(state, call)[answer.body["id"]])
    memory.fired += bool(contents)
    contents.clear()
    return answer


def _metadata_lost(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    answer = handler(state, call)
    made = _held(state, call)[answer.body["id"]]
    if not made.metadata:
        return answer
    made.metadata = {}
    memory.fired += 1
    return replace(answer, body={**answer.body, "metadata": {}})


def _shared(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    """One that is made holds the same as the one that was made before it, from then on."""
    held = _held(state, call)
    earlier = next(reversed(held.values()), None)
    answer = handler(state, call)
    if earlier is None:
        return answer
    made = held[answer.body["id"]]
    common = _contents(earlier)
    common.update(_contents(made))
    setattr(made, "messages" if hasattr(made, "messages") else "entries", common)
    memory.fired += 1
    return answer


def _threads() -> list[Deviation]:
    return [
        Deviation(
            "threads.create.drops_initial_messages",
            "The messages with which a thread or a conversation is made are accepted and lost.",
            (THREAD, CONVERSATION),
            _first_ones_lost,
            OPENAI,
        ),
        Deviation(
            "threads.create.metadata_lost",
            "The metadata with which a thread or a conversation is made is accepted and lost.",
            (THREAD, CONVERSATION),
            _metadata_lost,
            OPENAI,
        ),
        Deviation(
            "threads.shared_state",
            "Threads, and conversations, share their messages.",
            (THREAD, CONVERSATION),
            _shared,
            OPENAI,
        ),
        Deviation(
            "threads.delete.ghost_get",
            "A deleted thread or conversation can still be described.",
            (READ_THREAD, DROP_THREAD, READ_CONVERSATION, DROP_CONVERSATION),
            on_either(
                do.stale_read((READ_THREAD,), since=DROP_THREAD),
                do.stale_read((READ_CONVERSATION,), since=DROP_CONVERSATION),
            ),
            OPENAI,
        ),
    ]


# Messages, and items ------------------------------------------------------------------------------------------------


def _each_message(change: Callable[[Json], None]) -> do.Operator:
    """Run the handler on other messages than were sent."""

    def changed(provider: str, body: Json) -> Json:
        del provider
        several = body.get("items", [body])
        for message in several if isinstance(several, list) else ():
            if isinstance(message, dict) and message.get("type", "message") == "message":
                change(message)
        return body

    return do.replace_body(changed)


def _cut(message: Json) -> None:
    content = message.get("content")
    if isinstance(content, str):
        message["content"] = content[:LONGEST]
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict) and isinstance(part.get("text"), str):
            part["text"] = part["text"][:LONGEST]


def _from_the_assistant(message: Json) -> None:
    if message.get("role") != "user":
        return
    message["role"] = "assistant"
    content = message.get("content")
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict) and part.get("type") == "input_text":
            part["type"] = "output_text"


def _into_the_last(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    """What is said lands in the thread, or the conversation, that was made last."""
    held = _held(state, call)
    name, asked = next(iter(call.params.items()))
    last = next(reversed(held), asked)
    if asked not in held or last == asked:
        return handler(state, call)
    answer = handler(state, replace(call, params={**call.params, name: last}))
    memory.fired += 1
    return answer


def _inclusive(memory: do.Memory, state: Any, call: Call, handler: Handler) -> Answer:
    """What follows an item begins with the item itself."""
    answer = handler(state, call)
    after = call.one("after")
    if after is None:
        return answer
    bare = {name: values for name, values in call.query.items() if name not in ("after", "limit")}
    whole = handler(state, replace(call, query={**bare, "limit": ["100"]})).body["data"]
    found = [item for item in whole if item["id"] == after]
    if not found:
        return answer
    memory.fired += 1
    return replace(answer, body={**answer.body, "data": [*copy.deepcopy(found), *answer.body["data"]]})


def _one_of_another(memory: do.Memory, state: OpenAIState, call: Call, handler: Handler) -> Answer:
    """The last page of a list ends with the newest message of another thread, or item of another conversation."""
    answer = handler(state, call)
    place = next(iter(call.params.values()))
    others = [one for one in reversed(_held(state, call).values()) if one.id != place and _contents(one)]
    if not others or answer.body["has_more"]:
        return answer
    name = next(iter(call.params))
    foreign = handler(state, replace(call, params={name: others[0].id}, query={})).body["data"]
    if not foreign:
        return answer
    memory.fired += 1
    return replace(answer, body={**answer.body, "data": [*answer.body["data"], copy.deepcopy(foreign[0])]})


def _messages() -> list[Deviation]:
    return [
        Deviation(
            "messages.create.text_truncated",
            f"Of a message only the first {LONGEST:,} characters are kept.",
            (SAY, PUT),
            _each_message(_cut),
            OPENAI,
        ),
        Deviation(
            "messages.create.wrong_thread",
            "A message lands in the thread or the conversation that was made last.",
            (SAY, PUT),
            _into_the_last,
            OPENAI,
        ),
        Deviation(
            "messages.create.role_forced_assistant",
            "A message of the user is kept as the assistant's.",
            (SAY, PUT),
            _each_message(_from_the_assistant),
            OPENAI,
        ),
        Deviation(
            "messages.list.ignores_order",
            "A list of messages that should begin with the oldest begins with the newest.",
            (MESSAGES, ITEMS),
            do.ignore_parameter("order"),
            OPENAI,
        ),
        Deviation(
            "messages.list.after_inclusive",
            "The last message of a page is also the first of the next.",
            (MESSAGES, ITEMS),
            _inclusive,
            OPENAI,
        ),
        Deviation(
            "messages.list.leaks_other_thread",
            "A list of messages ends with one of another thread or conversation.",
            (MESSAGES, ITEMS),
            _one_of_another,
            OPENAI,
        ),
    ]
