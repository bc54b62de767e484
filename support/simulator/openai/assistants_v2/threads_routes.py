"""The routes of threads and of their messages (recordings: threads and messages create, get, list, modify, delete).

A thread cannot be listed: the API had no such request. Unverified: that a message may be changed or deleted during a run.
"""

from __future__ import annotations

from typing import Any

from support.simulator.openai import checks, pages
from support.simulator.openai.assistants_v2 import access, messages, requests, resources, shown
from support.simulator.openai.assistants_v2.access import while_it_lived
from support.simulator.openai.assistants_v2.kept import Resources, Thread, new_id
from support.simulator.openai.checks import Rule
from support.simulator.openai.errors import refusal
from support.simulator.openai.state import OpenAIState
from support.simulator.wire import Answer, Call, Route

RULES = {"messages": Rule("array"), "tool_resources": Rule("any"), "metadata": Rule("any")}
UPDATE_RULES = {"tool_resources": Rule("any"), "metadata": Rule("any")}


def create(state: OpenAIState, call: Call) -> Answer:
    return Answer(200, shown.thread(made(state, call, call.body)))


def made(state: OpenAIState, call: Call, body: dict[str, Any], where: str = "") -> Thread:
    """A new thread with its messages, kept from now on."""
    checks.check(body, RULES, where)
    drafted = messages.drafts(state, call, body.get("messages"), f"{where}messages")
    metadata = requests.metadata(body.get("metadata"), f"{where}metadata")
    given = body.get("tool_resources")
    held = resources.read(state, call, given, f"{where}tool_resources", Resources(), of_thread=True)
    thread = Thread(new_id("thread"), int(call.now.timestamp()), held, metadata)
    messages.post(state, call, thread, drafted)
    state.assistants.threads[thread.id] = thread
    return thread


def get(state: OpenAIState, call: Call) -> Answer:
    return Answer(200, shown.thread(access.thread(state, call), read=True))


def modify(state: OpenAIState, call: Call) -> Answer:
    thread = access.thread(state, call)
    body: dict[str, Any] = call.body
    checks.check(body, UPDATE_RULES)
    metadata = requests.metadata(body.get("metadata")) if "metadata" in body else thread.metadata
    given = body.get("tool_resources")
    thread.resources = resources.read(state, call, given, "tool_resources", thread.resources, of_thread=True)
    thread.metadata = metadata
    return Answer(200, shown.thread(thread))


def delete(state: OpenAIState, call: Call) -> Answer:
    thread = access.thread(state, call)
    del state.assistants.threads[thread.id]
    return Answer(200, shown.deleted(thread.id, "thread"))


# Messages -----------------------------------------------------------------------------------------------------------


def create_message(state: OpenAIState, call: Call) -> Answer:
    thread = access.thread(state, call)
    drafted = messages.draft(state, call, call.body)
    if (active := thread.active()) is not None:
        raise refusal(400, f"Can't add messages to {thread.id} while a run {active.id} is active.")
    (message,) = messages.post(state, call, thread, [drafted])
    return Answer(200, shown.message(message))


def list_messages(state: OpenAIState, call: Call) -> Answer:
    thread = access.thread(state, call)
    run_id = call.one("run_id")
    takes = None if run_id is None else (lambda message: message.run_id == run_id)
    return Answer(200, pages.page(call, thread.messages, shown.message, takes))


def get_message(state: OpenAIState, call: Call) -> Answer:
    return Answer(200, shown.message(access.message(state, call)[1]))


def modify_message(state: OpenAIState, call: Call) -> Answer:
    _, message = access.message(state, call)
    checks.check(call.body, {"metadata": Rule("any")})
    if "metadata" in call.body:
        message.metadata = requests.metadata(call.body["metadata"])
    return Answer(200, shown.modified_message(message))


def delete_message(state: OpenAIState, call: Call) -> Answer:
    thread, message = access.message(state, call)
    del thread.messages[message.id]
    return Answer(200, shown.deleted(message.id, "thread.message"))


_THREAD = "/v1/threads/{thread_id}"
_MESSAGE = f"{_THREAD}/messages/{{message_id}}"
ROUTES = tuple(
    Route(method, path, operation, while_it_lived(handler), "json" if method == "POST" else "none")
    for method, path, operation, handler in (
        ("POST", "/v1/threads", "threads.create", create),
        ("GET", _THREAD, "threads.get", get),
        ("POST", _THREAD, "threads.update", modify),
        ("DELETE", _THREAD, "threads.delete", delete),
        ("POST", f"{_THREAD}/messages", "messages.create", create_message),
        ("GET", f"{_THREAD}/messages", "messages.list", list_messages),
        ("GET", _MESSAGE, "messages.get", get_message),
        ("POST", _MESSAGE, "messages.update", modify_message),
        ("DELETE", _MESSAGE, "messages.delete", delete_message),
    )
)
