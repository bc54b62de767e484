"""Messages on Conversations: the items that are messages, which have no metadata, no time and no run (provider-facts 4.5)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import openai

from support.errors import TouchstoneError
from support.gateway.assistants import MessageKeeper
from support.gateway.call import ChokePoint
from support.gateway.capabilities import Order
from support.gateway.exchanges import answer_on_the_wire
from support.gateway.markers import unmark
from support.gateway.openai.responses import items, refusals, threads
from support.gateway.openai.responses.items import Item
from support.gateway.openai.responses.kept import KeptStore
from support.gateway.runs import Known
from support.values import Citation, MessagePage, NewMessage, Provider, ThreadMessage

USUAL_PAGE = 20
"""Messages of a page, where the caller names no number; as many as the provider gives (provider-facts 4.1)."""


class ConversationMessages(MessageKeeper):
    """`/v1/conversations/{id}/items`, as far as they are messages."""

    provider = Provider.OPENAI

    def __init__(
        self,
        choke: ChokePoint,
        known: Known,
        client: openai.AsyncOpenAI,
        kept: KeptStore,
        written: Callable[[str, str], Awaitable[frozenset[str]]],
        by_hand: set[str],
    ) -> None:
        """`written`: the ids of what a run of a thread wrote, asked within the call under way.

        `by_hand` takes the ids of what is put in as if an assistant had said it.
        """
        super().__init__(choke, known)
        self._items = client.conversations.items
        self._client = client
        self._kept = kept
        self._written = written
        self._by_hand = by_hand

    @staticmethod
    def translate(error: Exception) -> TouchstoneError:
        return refusals.translate(error)

    async def add(self, thread_id: str, message: NewMessage) -> ThreadMessage:
        refusals.refuse_metadata(message)
        return await super().add(thread_id, message)

    async def _send_add(self, thread_id: str, message: NewMessage) -> ThreadMessage:
        await self._refuse_while_waiting(thread_id)
        await self._items.create(thread_id, items=[threads.wire_message(message)])  # type: ignore[list-item]
        added = thread_message(answer_on_the_wire()["data"][0], thread_id)
        if added.role == "assistant":
            self._by_hand.add(added.id)
        return added

    async def _refuse_while_waiting(self, thread_id: str) -> None:
        """The provider bars a conversation only while a response is under way; a run that waits for outputs is ours alone."""
        waiting = [run for run in self._kept.runs_of(thread_id) if run.waits and run.ended is None]
        if not waiting:
            return
        now = await self._choke.clock.now()
        for run in waiting:
            if now < run.expires_at:
                raise refusals.wrong_state(f"Can't add messages to {thread_id} while a run {run.id} is active.")

    async def _send_get(self, thread_id: str, message_id: str) -> ThreadMessage:
        await self._items.retrieve(message_id, conversation_id=thread_id)
        answer = answer_on_the_wire()
        if not items.is_message(answer):
            raise refusals.not_kept("message", message_id)
        return thread_message(answer, thread_id)

    async def _send_list(
        self, thread_id: str, limit: int | None, cursor: str | None, order: Order | None, run_id: str | None
    ) -> MessagePage:
        most = USUAL_PAGE if limit is None else limit
        wanted = None if run_id is None else await self._written(thread_id, run_id)
        found: list[ThreadMessage] = []
        size = min(most + 1, items.MOST_ITEMS) if wanted is None else items.MOST_ITEMS
        async for item in items.items_of(self._client, thread_id, order or "desc", cursor, size):
            if items.is_message(item) and (wanted is None or item["id"] in wanted):
                found.append(thread_message(item, thread_id, run_id))
            if len(found) > most:  # one more than the page has: there is a next one
                break
        page = tuple(found[:most])
        return MessagePage(messages=page, next_cursor=page[-1].id if len(found) > most else None)


def thread_message(item: Item, thread_id: str, run_id: str | None = None) -> ThreadMessage:
    """An item of the wire as the gateway's value."""
    parts: Sequence[Mapping[str, Any]] = item["content"]
    return ThreadMessage(
        provider=Provider.OPENAI,
        id=item["id"],
        thread_id=thread_id,
        role=item["role"],
        text="".join(part.get("text") or part.get("refusal") or "" for part in parts),
        citations=tuple(one for part in parts for one in citations(part.get("annotations") or ())),
        run_id=run_id,
        metadata={},
        created_at=None,
        raw=item,
    )


def citations(annotations: Sequence[Mapping[str, Any]]) -> list[Citation]:
    """The stored files among what a text refers to; this API sets no mark in the text for them (provider-facts 4.5)."""
    return [
        Citation(file_id=one["file_id"], name=unmark(one["filename"])[1], marked_text=None)
        for one in annotations
        if one["type"] == "file_citation"
    ]
