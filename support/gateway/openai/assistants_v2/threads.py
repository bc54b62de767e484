"""Threads: `/v1/threads` (provider-facts 4.1, 4.2). The run's marker stands in their metadata, though nobody can list them."""

from collections.abc import Mapping, Sequence

import openai

from support.errors import TouchstoneError
from support.gateway.assistant_checks import MARKER_KEY
from support.gateway.assistants import ThreadKeeper
from support.gateway.call import ChokePoint
from support.gateway.exchanges import answer_on_the_wire
from support.gateway.markers import Marker
from support.gateway.openai.assistants_v2.errors import translate
from support.gateway.openai.assistants_v2.messages import message_to_send
from support.gateway.openai.assistants_v2.reading import metadata_of, thread_of
from support.gateway.openai.assistants_v2.sdk import ask, given
from support.gateway.runs import Known
from support.values import Deletion, NewMessage, Provider, Thread


class ThreadsV2(ThreadKeeper):
    """The threads."""

    provider = Provider.OPENAI
    kind = "v2_thread"

    def __init__(self, choke: ChokePoint, client: openai.AsyncOpenAI, known: Known) -> None:
        super().__init__(choke, known)
        self._client = client

    @staticmethod
    def translate(error: Exception) -> TouchstoneError:
        return translate(error)

    async def _send_create(
        self, marker: Marker, messages: Sequence[NewMessage], metadata: Mapping[str, str] | None
    ) -> Thread:
        options = given(messages=[message_to_send(message) for message in messages] or None)
        marked = {**(metadata or {}), MARKER_KEY: str(marker)}
        await ask(self._client.beta.threads.create, metadata=marked, **options)
        return thread_of(answer_on_the_wire())

    async def _send_get(self, thread_id: str) -> Thread:
        await ask(self._client.beta.threads.retrieve, thread_id)
        return thread_of(answer_on_the_wire())

    async def _send_update(self, thread_id: str, metadata: Mapping[str, str]) -> Thread:
        await ask(self._client.beta.threads.retrieve, thread_id)
        replaced = metadata_to_send(metadata, metadata_of(answer_on_the_wire())[1])
        await ask(self._client.beta.threads.update, thread_id, metadata=replaced)
        return thread_of(answer_on_the_wire())

    async def _send_delete(self, thread_id: str) -> Deletion:
        await ask(self._client.beta.threads.delete, thread_id)
        return Deletion(provider=Provider.OPENAI, id=answer_on_the_wire()["id"])


def metadata_to_send(metadata: Mapping[str, str], marked: str) -> dict[str, str]:
    """What is to stand in the place of all there was: the marker has to go along, where there is one."""
    return {**metadata, **({MARKER_KEY: marked} if marked else {})}
