"""Messages: `/v1/threads/{thread_id}/messages` (provider-facts 4.1, 4.2)."""

from typing import Any

import openai

from support.errors import TouchstoneError
from support.gateway import assistants
from support.gateway.assistants import MessageKeeper
from support.gateway.call import ChokePoint
from support.gateway.capabilities import Order
from support.gateway.exchanges import answer_on_the_wire
from support.gateway.openai.assistants_v2.errors import translate
from support.gateway.openai.assistants_v2.reading import cursor_after, message_of, written_files
from support.gateway.openai.assistants_v2.sdk import ask, given
from support.gateway.runs import Known
from support.values import MessagePage, NewMessage, Provider, ThreadMessage


class MessagesV2(MessageKeeper):
    """The messages of threads. Those that a run wrote tell which files its programs left in the account."""

    provider = Provider.OPENAI

    def __init__(self, choke: ChokePoint, client: openai.AsyncOpenAI, known: Known) -> None:
        super().__init__(choke, known)
        self._client = client

    @staticmethod
    def translate(error: Exception) -> TouchstoneError:
        return translate(error)

    async def _send_add(self, thread_id: str, message: NewMessage) -> ThreadMessage:
        await ask(self._client.beta.threads.messages.create, thread_id, **message_to_send(message))
        return self._read(answer_on_the_wire())

    async def _send_get(self, thread_id: str, message_id: str) -> ThreadMessage:
        await ask(self._client.beta.threads.messages.retrieve, message_id, thread_id=thread_id)
        return self._read(answer_on_the_wire())

    async def _send_list(
        self, thread_id: str, limit: int | None, cursor: str | None, order: Order | None, run_id: str | None
    ) -> MessagePage:
        options = given(limit=limit, after=cursor, order=order, run_id=run_id)
        await ask(self._client.beta.threads.messages.list, thread_id, **options)
        answer = answer_on_the_wire()
        return MessagePage(
            messages=tuple(self._read(item) for item in answer["data"]), next_cursor=cursor_after(answer)
        )

    def _read(self, answer: Any) -> ThreadMessage:
        for file_id in written_files(answer):
            self._choke.adopt(Provider.OPENAI, "file", file_id)
        return message_of(answer)


def message_to_send(message: NewMessage) -> dict[str, Any]:
    """A message in the API's spelling."""
    metadata = {"metadata": dict(message.metadata)} if message.metadata else {}
    return {"role": message.role, "content": assistants.text_to_send(message), **metadata}
