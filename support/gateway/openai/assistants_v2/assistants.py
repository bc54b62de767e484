"""The Assistants API v2 as one capability: assistants, and what works with them (provider-facts 4.0 to 4.4)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import openai

from support.errors import TouchstoneError
from support.gateway.assistant_checks import MARKER_KEY
from support.gateway.assistants import AssistantKeeper, Described
from support.gateway.call import ChokePoint
from support.gateway.capabilities import Order
from support.gateway.exchanges import answer_on_the_wire
from support.gateway.markers import Marker
from support.gateway.openai.assistants_v2.errors import translate
from support.gateway.openai.assistants_v2.messages import MessagesV2
from support.gateway.openai.assistants_v2.reading import assistant_of, cursor_after, metadata_of
from support.gateway.openai.assistants_v2.runs import RunsV2
from support.gateway.openai.assistants_v2.sdk import ask, given
from support.gateway.openai.assistants_v2.threads import ThreadsV2, metadata_to_send
from support.gateway.openai.assistants_v2.tools import resources_to_send, tools_to_send
from support.gateway.refusing import refused
from support.gateway.runs import Known
from support.values import Assistant, AssistantPage, Deletion, Provider


class AssistantsV2(AssistantKeeper):
    """`/v1/assistants`, with threads, messages and runs. Remembers the assistants it saw: a run's bound needs theirs."""

    provider = Provider.OPENAI
    kind = "v2_assistant"

    def __init__(self, choke: ChokePoint, client: openai.AsyncOpenAI) -> None:
        super().__init__(choke)
        self._client = client
        self._seen: dict[str, Assistant] = {}
        known = Known()
        self._threads = ThreadsV2(choke, client, known)
        self._messages = MessagesV2(choke, client, known)
        self._runs = RunsV2(choke, client, known, self._looked_up)

    @staticmethod
    def translate(error: Exception) -> TouchstoneError:
        return translate(error)

    @property
    def threads(self) -> ThreadsV2:
        return self._threads

    @property
    def messages(self) -> MessagesV2:
        return self._messages

    @property
    def runs(self) -> RunsV2:
        return self._runs

    async def discard(self, kind: str, id: str) -> None:
        if kind == self._threads.kind:
            await self._threads.delete(id)
        elif kind == self.kind:
            await self.delete(id)
        else:
            raise refused(Provider.OPENAI, "kind", f"must be {self._threads.kind} or {self.kind}, not {kind!r}")

    async def _send_create(self, marker: Marker, described: Described) -> Assistant:
        options = described_to_send(replace(described, tools=described.tools or None))
        options["metadata"] = {**(described.metadata or {}), MARKER_KEY: str(marker)}
        await ask(self._client.beta.assistants.create, **options)
        return self._read(answer_on_the_wire())

    async def _send_get(self, assistant_id: str) -> Assistant:
        await ask(self._client.beta.assistants.retrieve, assistant_id)
        return self._read(answer_on_the_wire())

    async def _send_list(self, limit: int | None, cursor: str | None, order: Order | None) -> AssistantPage:
        await ask(self._client.beta.assistants.list, **given(limit=limit, after=cursor, order=order))
        answer = answer_on_the_wire()
        return AssistantPage(
            assistants=tuple(self._read(item) for item in answer["data"]), next_cursor=cursor_after(answer)
        )

    async def _send_update(self, assistant_id: str, described: Described) -> Assistant:
        options = described_to_send(described)
        if described.metadata is not None:
            await ask(self._client.beta.assistants.retrieve, assistant_id)
            options["metadata"] = metadata_to_send(described.metadata, metadata_of(answer_on_the_wire())[1])
        await ask(self._client.beta.assistants.update, assistant_id, **options)
        return self._read(answer_on_the_wire())

    async def _send_delete(self, assistant_id: str) -> Deletion:
        await ask(self._client.beta.assistants.delete, assistant_id)
        # It stays among those that were seen: whether a run may still use it is the provider's to say.
        return Deletion(provider=Provider.OPENAI, id=answer_on_the_wire()["id"])

    def _read(self, answer: Mapping[str, Any]) -> Assistant:
        assistant = assistant_of(answer)
        self._seen[assistant.id] = assistant
        return assistant

    async def _looked_up(self, assistant_id: str) -> Assistant:
        """As it was when anybody last saw it; asked for where nobody did."""
        return self._seen.get(assistant_id) or await self.get(assistant_id)


def described_to_send(described: Described) -> dict[str, Any]:
    """What is said of an assistant in the API's spelling, without its metadata."""
    tools = described.tools
    return given(
        model=described.model,
        name=described.name,
        description=described.description,
        instructions=described.instructions,
        tools=None if tools is None else tools_to_send(tools),
        tool_resources=None if tools is None else resources_to_send(tools) or None,
        temperature=described.temperature,
    )
