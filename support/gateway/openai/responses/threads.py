"""Threads on Conversations (provider-facts 4.5)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import openai

from support.catalogue.limits import assistant_limits
from support.errors import TouchstoneError
from support.gateway import assistants as shared
from support.gateway.assistant_checks import MARKER_KEY, check_message, check_metadata
from support.gateway.assistants import ThreadKeeper
from support.gateway.call import ChokePoint, Operation
from support.gateway.exchanges import answer_on_the_wire
from support.gateway.markers import Marker
from support.gateway.openai.responses import refusals
from support.gateway.openai.responses.kept import KeptStore
from support.gateway.retry import Repeat
from support.gateway.runs import Known
from support.values import Deletion, NewMessage, Provider, Thread


class ConversationThreads(ThreadKeeper):
    """`/v1/conversations`."""

    provider = Provider.OPENAI
    kind = "conversation"

    def __init__(self, choke: ChokePoint, known: Known, client: openai.AsyncOpenAI, kept: KeptStore) -> None:
        super().__init__(choke, known)
        self._client = client
        self._kept = kept

    @staticmethod
    def translate(error: Exception) -> TouchstoneError:
        return refusals.translate(error)

    async def create(self, messages: Sequence[NewMessage] = (), *, metadata: Mapping[str, str] | None = None) -> Thread:
        """One request brings 20 messages at most; more follow in requests of their own, in order."""
        for message in messages:
            check_message(self.provider, message)
            refusals.refuse_metadata(message)
        check_metadata(self.provider, metadata, marked=True)
        most = assistant_limits(self.provider).max_first_messages
        made = await super().create(messages[:most], metadata=metadata)
        for start in range(most, len(messages), most):
            await self._fill(made.id, messages[start : start + most])
        return made

    async def _fill(self, thread_id: str, messages: Sequence[NewMessage]) -> None:
        async def send() -> None:
            await self._client.conversations.items.create(thread_id, items=[wire_message(one) for one in messages])  # type: ignore[misc]

        await self._call(Operation(self.provider, "messages.create", Repeat.IF_REFUSED), send, about=thread_id)
        self._known.grew(thread_id, sum(shared.bytes_of(message) for message in messages))

    async def _send_create(
        self, marker: Marker, messages: Sequence[NewMessage], metadata: Mapping[str, str] | None
    ) -> Thread:
        items: Any = [wire_message(message) for message in messages]
        options = {"items": items} if items else {}
        await self._client.conversations.create(metadata=metadata_to_send(metadata, str(marker)), **options)
        return thread(answer_on_the_wire())

    async def _send_get(self, thread_id: str) -> Thread:
        await self._client.conversations.retrieve(thread_id)
        return thread(answer_on_the_wire())

    async def _send_update(self, thread_id: str, metadata: Mapping[str, str]) -> Thread:
        await self._client.conversations.retrieve(thread_id)  # what is sent replaces all there is
        marked = (answer_on_the_wire().get("metadata") or {}).get(MARKER_KEY)
        await self._client.conversations.update(thread_id, metadata=metadata_to_send(metadata, marked))
        return thread(answer_on_the_wire())

    async def _send_delete(self, thread_id: str) -> Deletion:
        await self._client.conversations.delete(thread_id)
        return Deletion(provider=self.provider, id=answer_on_the_wire()["id"])

    async def delete(self, thread_id: str) -> Deletion:
        """The thread's runs are forgotten once the provider has confirmed."""
        deletion = await super().delete(thread_id)
        self._kept.forget_thread(thread_id)
        return deletion


def metadata_to_send(metadata: Mapping[str, str] | None, marked: str | None) -> dict[str, str]:
    """The caller's entries, and whose the thread is."""
    return {**(metadata or {}), **({} if marked is None else {MARKER_KEY: marked})}


def wire_message(message: NewMessage) -> dict[str, Any]:
    """A message in the provider's spelling."""
    return {"type": "message", "role": message.role, "content": shared.text_to_send(message)}


def thread(answer: Mapping[str, Any]) -> Thread:
    """The conversation of the wire as the gateway's value."""
    metadata = dict(answer.get("metadata") or {})
    metadata.pop(MARKER_KEY, None)
    created_at = datetime.fromtimestamp(answer["created_at"], UTC)
    return Thread(provider=Provider.OPENAI, id=answer["id"], metadata=metadata, created_at=created_at, raw=answer)
