"""The routes of conversations and of their items (provider-facts 4.5; recordings: conversations).

Unverified, for want of a recording: all refusals, and deleting an item.
"""

from __future__ import annotations

from typing import Any

from support.simulator.openai import checks, pages, vector_store_requests
from support.simulator.openai.checks import Rule
from support.simulator.openai.errors import refusal
from support.simulator.openai.responses_api import history, items, naming, shown
from support.simulator.openai.responses_api.conversations import Conversation
from support.simulator.openai.responses_api.items import Item
from support.simulator.openai.responses_api.routes import included
from support.simulator.openai.state import OpenAIState
from support.simulator.wire import Answer, Call, Refusal, Route

MOST_ITEMS = 20
CREATE_RULES = {"items": Rule("array"), "metadata": Rule("any")}
UPDATE_RULES = {"metadata": Rule("any")}
ITEMS_RULES = {"items": Rule("array")}


def create(state: OpenAIState, call: Call) -> Answer:
    body: dict[str, Any] = call.body
    checks.check(body, CREATE_RULES)
    metadata = vector_store_requests.metadata(body.get("metadata"))
    given = body.get("items") or []
    now = call.now.timestamp()
    chain = naming.new_chain()
    first = _read(state, given, chain, now)
    conversation = state.conversations.add(metadata, now, chain)
    conversation.add(first, now)
    return Answer(200, _shown(conversation))


def get(state: OpenAIState, call: Call) -> Answer:
    return Answer(200, _shown(_existing(state, call)))


def update(state: OpenAIState, call: Call) -> Answer:
    conversation = _existing(state, call)
    body: dict[str, Any] = call.body
    checks.check(body, UPDATE_RULES)
    if "metadata" not in body:
        raise checks.missing("metadata")
    conversation.metadata = vector_store_requests.metadata(body["metadata"])
    return Answer(200, _shown(conversation))


def delete(state: OpenAIState, call: Call) -> Answer:
    conversation = _existing(state, call)
    del state.conversations.conversations[conversation.id]
    return Answer(200, {"id": conversation.id, "object": "conversation.deleted", "deleted": True})


def add_items(state: OpenAIState, call: Call) -> Answer:
    conversation = _existing(state, call)
    body: dict[str, Any] = call.body
    checks.check(body, ITEMS_RULES)
    given = body.get("items")
    if given is None:
        raise checks.missing("items")
    if not given:
        raise checks.empty_array("items")
    include = included(call)
    now = call.now.timestamp()
    added = _read(state, given, conversation.chain, now)
    history.refuse_locked(conversation, now)
    conversation.add(added, now)
    page = {
        "object": "list",
        "data": [shown.item(item, include) for item in added],
        "first_id": added[0]["id"],
        "has_more": False,
        "last_id": added[-1]["id"],
    }
    return Answer(200, page)


def list_items(state: OpenAIState, call: Call) -> Answer:
    conversation = _existing(state, call)
    include = included(call)
    held = conversation.items(call.now.timestamp())
    return Answer(200, pages.page(call, held, lambda item: shown.item(item, include)))


def get_item(state: OpenAIState, call: Call) -> Answer:
    include = included(call)
    return Answer(200, shown.item(_item(_existing(state, call), call), include))


def delete_item(state: OpenAIState, call: Call) -> Answer:
    conversation = _existing(state, call)
    del conversation.entries[_item(conversation, call)["id"]]
    return Answer(200, _shown(conversation))


def _read(state: OpenAIState, given: list[Any], chain: str, now: float) -> list[Item]:
    """At most so many items, checked."""
    if len(given) > MOST_ITEMS:
        raise checks.too_long_array("items", len(given), MOST_ITEMS)

    def find(item_id: str) -> Item | None:
        return state.responses.item(item_id, now) or state.conversations.item(item_id, now)

    return items.read(given, lambda prefix: naming.directly(prefix, chain, now), find, "items")


def _shown(conversation: Conversation) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "object": "conversation",
        "created_at": conversation.created_at,
        "metadata": conversation.metadata,
    }


def _existing(state: OpenAIState, call: Call) -> Conversation:
    return history.conversation_of(state, call.params["conversation_id"])


def _item(conversation: Conversation, call: Call) -> Item:
    item = conversation.items(call.now.timestamp()).get(call.params["item_id"])
    if item is None:
        raise _no_such_item(call.params["item_id"], conversation)
    return item


def _no_such_item(item_id: str, conversation: Conversation) -> Refusal:
    return refusal(404, f"Item with id '{item_id}' not found in conversation '{conversation.id}'.")


_ONE = "/v1/conversations/{conversation_id}"
ROUTES = (
    Route("POST", "/v1/conversations", "conversations.create", create, "json"),
    Route("GET", _ONE, "conversations.get", get),
    Route("POST", _ONE, "conversations.update", update, "json"),
    Route("DELETE", _ONE, "conversations.delete", delete),
    Route("POST", f"{_ONE}/items", "conversations.items.create", add_items, "json"),
    Route("GET", f"{_ONE}/items", "conversations.items.list", list_items),
    Route("GET", f"{_ONE}/items/{{item_id}}", "conversations.items.get", get_item),
    Route("DELETE", f"{_ONE}/items/{{item_id}}", "conversations.items.delete", delete_item),
)
