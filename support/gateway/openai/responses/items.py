"""Items of a conversation: paged through, and told apart (provider-facts 4.5)."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from typing import Any

import openai

from support.gateway.exchanges import answer_on_the_wire
from support.gateway.keeper import unrepeated
from support.values import Provider

Item = Mapping[str, Any]

MOST_ITEMS = 100
"""Of one page."""


async def items_of(
    client: openai.AsyncOpenAI, thread_id: str, order: str, after: str | None = None, size: int = MOST_ITEMS
) -> AsyncIterator[Item]:
    """Item after item, page after page of `size`, within the call under way."""
    seen: set[str] = set()
    while True:
        cursor = {} if after is None else {"after": after}
        await client.conversations.items.list(thread_id, limit=size, **sorted_by(order), **cursor)  # type: ignore[arg-type]
        page = answer_on_the_wire()
        for item in page["data"]:
            yield item
        if not page["has_more"]:
            return
        after = unrepeated(Provider.OPENAI, str(page["last_id"]), seen)


def sorted_by(order: str) -> dict[str, Any]:
    """The SDK's argument for the order of a list."""
    return {"order": order}


async def since(
    client: openai.AsyncOpenAI, thread_id: str, begins: Callable[[Item], bool]
) -> tuple[str | None, list[Item]]:
    """The newest item with which it `begins`, by its id, and what came after it, oldest first; all, where there is none."""
    found: list[Item] = []
    async for item in items_of(client, thread_id, "desc"):
        if begins(item):
            return item["id"], found[::-1]
        found.append(item)
    return None, found[::-1]


def is_asked(item: Item) -> bool:
    """A message by the user."""
    return bool(item["type"] == "message" and item["role"] == "user")


def answered_in(items: Sequence[Item], others: Collection[str]) -> list[Item]:
    """What a response wrote: up to the next message by a user, without what is known to be by `others`."""
    own: list[Item] = []
    for item in items:
        if is_asked(item):
            break
        if is_written(item) and item["id"] not in others:
            own.append(item)
    return own


def is_written(item: Item) -> bool:
    """What a model writes: neither the output of a function nor a message with another role."""
    return item["type"] != "function_call_output" and not (item["type"] == "message" and item["role"] != "assistant")


def is_message(item: Item) -> bool:
    """One that a caller sees: of a user's or an assistant's."""
    return bool(item["type"] == "message" and item["role"] in ("user", "assistant"))


def is_call(item: Item) -> bool:
    """A wish that the caller runs a function."""
    return bool(item["type"] == "function_call")


def dangling(output: Sequence[Item]) -> list[str]:
    """What bars a conversation as long as it gets no output: the calls, and what was thought right before them."""
    calls = [number for number, item in enumerate(output) if is_call(item)]
    thought = [number - 1 for number in calls if number > 0 and output[number - 1]["type"] == "reasoning"]
    return [output[number]["id"] for number in (*calls, *thought)]
