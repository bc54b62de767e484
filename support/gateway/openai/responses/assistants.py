"""Assistants on Responses and Conversations: the gateway's own records, with threads, messages and runs at the provider."""

import openai

from support.errors import TouchstoneError, Unsupported
from support.gateway.assistants import AssistantKeeper, Described
from support.gateway.call import ChokePoint, Operation, Removal
from support.gateway.capabilities import Order
from support.gateway.endpoint import Endpoint
from support.gateway.markers import Marker
from support.gateway.openai.responses import refusals
from support.gateway.openai.responses.kept import (
    Description,
    KeptAssistant,
    KeptStore,
    account_of,
    changed_by,
    new_id,
)
from support.gateway.openai.responses.messages import ConversationMessages
from support.gateway.openai.responses.runs import ResponseRuns
from support.gateway.openai.responses.threads import ConversationThreads
from support.gateway.retry import Repeat
from support.gateway.runs import Known
from support.values import Assistant, AssistantPage, Deletion, Provider

USUAL_PAGE = 20
"""Assistants of a page, where the caller names no number; as many as the older API gives (provider-facts 4.1)."""


class ResponsesAssistants(AssistantKeeper):
    """The successor has no object for an assistant (provider-facts 4.5): each is kept here, and nothing of it is sent."""

    provider = Provider.OPENAI
    kind = "kept_assistant"

    def __init__(self, choke: ChokePoint, client: openai.AsyncOpenAI, endpoint: Endpoint) -> None:
        super().__init__(choke)
        self._client = client
        self._kept = KeptStore(endpoint.kept, account_of(endpoint))
        known, by_hand = Known(), set[str]()
        self._threads = ConversationThreads(choke, known, client, self._kept)
        self._runs = ResponseRuns(choke, known, client, self._kept, by_hand)
        self._messages = ConversationMessages(choke, known, client, self._kept, self._runs.written, by_hand)

    @staticmethod
    def translate(error: Exception) -> TouchstoneError:
        return refusals.translate(error)

    @property
    def threads(self) -> ConversationThreads:
        return self._threads

    @property
    def messages(self) -> ConversationMessages:
        return self._messages

    @property
    def runs(self) -> ResponseRuns:
        return self._runs

    async def _send_create(self, marker: Marker, described: Described) -> Assistant:
        assert described.model is not None, "it was checked"
        said = changed_by(Description(model=described.model), described)
        now = await self._choke.clock.now()
        made = KeptAssistant(id=new_id("asst"), created_at=now, marker=str(marker), said=said)
        self._kept.add_assistant(made)
        return assistant(made)

    async def _send_get(self, assistant_id: str) -> Assistant:
        return assistant(found(assistant_id, self._kept.assistant(assistant_id)))

    async def _send_list(self, limit: int | None, cursor: str | None, order: Order | None) -> AssistantPage:
        page = self._kept.assistants(USUAL_PAGE if limit is None else limit, cursor, order or "desc")
        if page is None:
            raise refusals.not_kept("assistant", str(cursor))
        kept, more = page
        return AssistantPage(
            assistants=tuple(assistant(one) for one in kept), next_cursor=kept[-1].id if more else None
        )

    async def _send_update(self, assistant_id: str, described: Described) -> Assistant:
        return assistant(found(assistant_id, self._kept.change_assistant(assistant_id, described)))

    async def _send_delete(self, assistant_id: str) -> Deletion:
        if not self._kept.remove_assistant(assistant_id):
            raise refusals.not_kept("assistant", assistant_id)
        return Deletion(provider=self.provider, id=assistant_id)

    async def discard(self, kind: str, id: str) -> None:
        """A response, a container or a conversation; a run whose last response goes is forgotten."""
        if kind == "conversation":
            await self._threads.delete(id)
        elif kind == "response":
            await self._discard(kind, id)
            self._kept.forget_response(id)
        elif kind == "container":
            await self._discard(kind, id)
        else:
            raise Unsupported(f"a {kind} is nothing that is made beside assistants", provider=self.provider)

    async def _discard(self, kind: str, id: str) -> None:
        delete = self._client.responses.delete if kind == "response" else self._client.containers.delete

        async def send() -> None:
            await delete(id)

        operation = Operation(self.provider, f"{kind}s.delete", Repeat.ALWAYS, removes=Removal(kind, id))
        await self._call(operation, send, about=id, if_gone=lambda: None)


def found(assistant_id: str, kept: KeptAssistant | None) -> KeptAssistant:
    if kept is None:
        raise refusals.not_kept("assistant", assistant_id)
    return kept


def assistant(kept: KeptAssistant) -> Assistant:
    """What is kept as the gateway's value; there is no JSON of the provider's, so `raw` is the record."""
    said = kept.said
    return Assistant(
        provider=Provider.OPENAI,
        id=kept.id,
        model=said.model,
        name=said.name,
        description=said.description,
        instructions=said.instructions,
        tools=said.tools,
        metadata=said.metadata,
        marked=kept.marker,
        temperature=said.temperature,
        created_at=kept.created_at,
        raw=kept.model_dump(mode="json"),
    )
