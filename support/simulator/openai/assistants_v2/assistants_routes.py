"""The routes of assistants (recordings: assistants create, get, list, modify, delete)."""

from __future__ import annotations

from typing import Any

from support.simulator.openai import checks, pages
from support.simulator.openai.assistants_v2 import access, requests, resources, shown
from support.simulator.openai.assistants_v2.access import while_it_lived
from support.simulator.openai.assistants_v2.kept import Assistant, Resources, Settings, new_id
from support.simulator.openai.checks import Rule
from support.simulator.openai.state import OpenAIState
from support.simulator.wire import Answer, Call, Route

RULES = {
    **requests.SETTINGS_RULES,
    "name": Rule("string"),
    "description": Rule("string"),
    "tool_resources": Rule("any"),
}


def create(state: OpenAIState, call: Call) -> Answer:
    body: dict[str, Any] = call.body
    checks.check(body, RULES)
    made = Assistant(new_id("asst"), int(call.now.timestamp()), Settings(model=""))
    _set(state, call, made, {"model": None, **body})
    state.assistants.assistants[made.id] = made
    return Answer(200, shown.assistant(made))


def list_assistants(state: OpenAIState, call: Call) -> Answer:
    return Answer(200, pages.page(call, state.assistants.assistants, shown.assistant))


def get(state: OpenAIState, call: Call) -> Answer:
    return Answer(200, shown.assistant(access.assistant(state, call.params["assistant_id"])))


def modify(state: OpenAIState, call: Call) -> Answer:
    known = access.assistant(state, call.params["assistant_id"])
    checks.check(call.body, RULES)
    _set(state, call, known, call.body)
    return Answer(200, shown.assistant(known))


def delete(state: OpenAIState, call: Call) -> Answer:
    known = access.assistant(state, call.params["assistant_id"])
    del state.assistants.assistants[known.id]
    return Answer(200, shown.deleted(known.id, "assistant"))


def _set(state: OpenAIState, call: Call, one: Assistant, body: dict[str, Any]) -> None:
    """Everything that the request says, or nothing where some of it is wrong."""
    requests.within(body.get("name"), "name", requests.LONGEST_NAME)
    requests.within(body.get("description"), "description", requests.LONGEST_DESCRIPTION)
    metadata = requests.metadata(body.get("metadata")) if "metadata" in body else one.metadata
    settings = requests.settings(state, body, one.settings)
    given = body.get("tool_resources")
    held = resources.read(state, call, given, "tool_resources", one.resources, of_thread=False)
    one.name, one.description = body.get("name", one.name), body.get("description", one.description)
    one.metadata, one.settings, one.resources = metadata, settings, held
    if "tool_resources" in body and given is None:
        one.resources = Resources()


ROUTES = tuple(
    Route(method, path, operation, while_it_lived(handler), "json" if method == "POST" else "none")
    for method, path, operation, handler in (
        ("POST", "/v1/assistants", "assistants.create", create),
        ("GET", "/v1/assistants", "assistants.list", list_assistants),
        ("GET", "/v1/assistants/{assistant_id}", "assistants.get", get),
        ("POST", "/v1/assistants/{assistant_id}", "assistants.update", modify),
        ("DELETE", "/v1/assistants/{assistant_id}", "assistants.delete", delete),
    )
)
