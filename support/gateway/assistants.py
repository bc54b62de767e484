"""What assistants, threads and messages mean on every backend: checks before anything is sent, the marker, all pages."""

from abc import abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from support.gateway.assistant_checks import (
    check_described,
    check_message,
    check_metadata,
    check_model,
    check_page,
    check_tools,
)
from support.gateway.call import ChokePoint, Creation, Operation, Removal
from support.gateway.capabilities import Order
from support.gateway.keeper import Keeper, unrepeated
from support.gateway.markers import Marker
from support.gateway.retry import Repeat
from support.gateway.runs import Known
from support.values import (
    Assistant,
    AssistantPage,
    Deletion,
    MessagePage,
    NewMessage,
    Thread,
    ThreadMessage,
    Tool,
)

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Described:
    """What is said of an assistant; None: nothing."""

    model: str | None = None
    name: str | None = None
    description: str | None = None
    instructions: str | None = None
    tools: tuple[Tool, ...] | None = None
    metadata: Mapping[str, str] | None = None
    temperature: float | None = None


class AssistantKeeper(Keeper):
    """The assistants of one backend."""

    kind: ClassVar[str]
    """Under which the journal knows one."""

    @abstractmethod
    async def _send_create(self, marker: Marker, described: Described) -> Assistant: ...

    @abstractmethod
    async def _send_get(self, assistant_id: str) -> Assistant: ...

    @abstractmethod
    async def _send_list(self, limit: int | None, cursor: str | None, order: Order | None) -> AssistantPage: ...

    @abstractmethod
    async def _send_update(self, assistant_id: str, described: Described) -> Assistant:
        """Only what `described` says; metadata is sent with the marker that the assistant has."""

    @abstractmethod
    async def _send_delete(self, assistant_id: str) -> Deletion: ...

    async def create(
        self,
        *,
        model: str | None,
        name: str | None = None,
        description: str | None = None,
        instructions: str | None = None,
        tools: Sequence[Tool] = (),
        metadata: Mapping[str, str] | None = None,
        temperature: float | None = None,
    ) -> Assistant:
        check_model(self.provider, model)
        self._check(name, description, instructions, tools, metadata, temperature)
        marker = Marker.fresh(self._choke.account.run_id)
        described = Described(model, name, description, instructions, tuple(tools), metadata, temperature)
        return await self._call(
            Operation(self.provider, "assistants.create", Repeat.IF_ABSENT, creates=Creation(self.kind, marker)),
            lambda: self._send_create(marker, described),
            id_of=lambda made: made.id,
            find=lambda: self._made_by(marker),
        )

    async def get(self, assistant_id: str) -> Assistant:
        return await self._call(
            Operation(self.provider, "assistants.get", Repeat.ALWAYS),
            lambda: self._send_get(assistant_id),
            about=assistant_id,
        )

    async def list_page(
        self, *, limit: int | None = None, cursor: str | None = None, order: Order | None = None
    ) -> AssistantPage:
        check_page(self.provider, limit)
        return await self._call(
            Operation(self.provider, "assistants.list", Repeat.ALWAYS),
            lambda: self._send_list(limit, cursor, order),
            about=cursor,
        )

    async def list(self, *, page_size: int | None = None, order: Order | None = None) -> AsyncIterator[Assistant]:
        cursor: str | None = None
        seen: set[str] = set()
        while True:
            page = await self.list_page(limit=page_size, cursor=cursor, order=order)
            for assistant in page.assistants:
                yield assistant
            cursor = unrepeated(self.provider, page.next_cursor, seen)
            if cursor is None:
                return

    async def update(
        self,
        assistant_id: str,
        *,
        model: str | None = None,
        name: str | None = None,
        description: str | None = None,
        instructions: str | None = None,
        tools: Sequence[Tool] | None = None,
        metadata: Mapping[str, str] | None = None,
        temperature: float | None = None,
    ) -> Assistant:
        self._check(name, description, instructions, tools or (), metadata, temperature)
        several = None if tools is None else tuple(tools)
        described = Described(model, name, description, instructions, several, metadata, temperature)
        return await self._call(
            Operation(self.provider, "assistants.update", Repeat.ALWAYS),
            lambda: self._send_update(assistant_id, described),
            about=assistant_id,
        )

    async def delete(self, assistant_id: str) -> Deletion:
        return await self._call(
            Operation(self.provider, "assistants.delete", Repeat.ALWAYS, removes=Removal(self.kind, assistant_id)),
            lambda: self._send_delete(assistant_id),
            about=assistant_id,
            if_gone=lambda: Deletion(provider=self.provider, id=assistant_id),
        )

    def _check(
        self,
        name: str | None,
        description: str | None,
        instructions: str | None,
        tools: Sequence[Tool],
        metadata: Mapping[str, str] | None,
        temperature: float | None,
    ) -> None:
        check_described(self.provider, name, description, instructions, temperature)
        check_tools(self.provider, tools)
        check_metadata(self.provider, metadata, marked=True)

    async def _made_by(self, marker: Marker) -> Assistant | None:
        async for assistant in self.list():
            if assistant.marked == str(marker):
                return assistant
        return None


class ThreadKeeper(Keeper):
    """The threads of one backend."""

    kind: ClassVar[str]

    def __init__(self, choke: ChokePoint, known: Known) -> None:
        super().__init__(choke)
        self._known = known

    @abstractmethod
    async def _send_create(
        self, marker: Marker, messages: Sequence[NewMessage], metadata: Mapping[str, str] | None
    ) -> Thread: ...

    @abstractmethod
    async def _send_get(self, thread_id: str) -> Thread: ...

    @abstractmethod
    async def _send_update(self, thread_id: str, metadata: Mapping[str, str]) -> Thread:
        """Sends the marker that the thread has along."""

    @abstractmethod
    async def _send_delete(self, thread_id: str) -> Deletion: ...

    async def create(self, messages: Sequence[NewMessage] = (), *, metadata: Mapping[str, str] | None = None) -> Thread:
        for message in messages:
            check_message(self.provider, message)
        check_metadata(self.provider, metadata, marked=True)
        marker = Marker.fresh(self._choke.account.run_id)
        made = await self._call(
            # No API lists threads, so an unclear end is the end: nobody could see whether it took effect.
            Operation(self.provider, "threads.create", Repeat.IF_REFUSED, creates=Creation(self.kind, marker)),
            lambda: self._send_create(marker, messages, metadata),
            id_of=lambda thread: thread.id,
        )
        self._known.opened(made.id, sum(bytes_of(message) for message in messages))
        return made

    async def get(self, thread_id: str) -> Thread:
        return await self._call(
            Operation(self.provider, "threads.get", Repeat.ALWAYS), lambda: self._send_get(thread_id), about=thread_id
        )

    async def update(self, thread_id: str, metadata: Mapping[str, str]) -> Thread:
        check_metadata(self.provider, metadata, marked=True)
        return await self._call(
            Operation(self.provider, "threads.update", Repeat.ALWAYS),
            lambda: self._send_update(thread_id, metadata),
            about=thread_id,
        )

    async def delete(self, thread_id: str) -> Deletion:
        return await self._call(
            Operation(self.provider, "threads.delete", Repeat.ALWAYS, removes=Removal(self.kind, thread_id)),
            lambda: self._send_delete(thread_id),
            about=thread_id,
            if_gone=lambda: Deletion(provider=self.provider, id=thread_id),
        )


class MessageKeeper(Keeper):
    """The messages of one backend's threads."""

    def __init__(self, choke: ChokePoint, known: Known) -> None:
        super().__init__(choke)
        self._known = known

    @abstractmethod
    async def _send_add(self, thread_id: str, message: NewMessage) -> ThreadMessage: ...

    @abstractmethod
    async def _send_get(self, thread_id: str, message_id: str) -> ThreadMessage: ...

    @abstractmethod
    async def _send_list(
        self, thread_id: str, limit: int | None, cursor: str | None, order: Order | None, run_id: str | None
    ) -> MessagePage: ...

    async def add(self, thread_id: str, message: NewMessage) -> ThreadMessage:
        check_message(self.provider, message)
        added = await self._call(
            Operation(self.provider, "messages.create", Repeat.IF_REFUSED),
            lambda: self._send_add(thread_id, message),
            about=thread_id,
        )
        self._known.grew(thread_id, bytes_of(message))
        return added

    async def get(self, thread_id: str, message_id: str) -> ThreadMessage:
        return await self._call(
            Operation(self.provider, "messages.get", Repeat.ALWAYS),
            lambda: self._send_get(thread_id, message_id),
            about=message_id,
        )

    async def list_page(
        self,
        thread_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        order: Order | None = None,
        run_id: str | None = None,
    ) -> MessagePage:
        check_page(self.provider, limit)
        return await self._call(
            Operation(self.provider, "messages.list", Repeat.ALWAYS),
            lambda: self._send_list(thread_id, limit, cursor, order, run_id),
            about=thread_id,
        )

    async def list(
        self, thread_id: str, *, page_size: int | None = None, order: Order | None = None, run_id: str | None = None
    ) -> AsyncIterator[ThreadMessage]:
        cursor: str | None = None
        seen: set[str] = set()
        while True:
            page = await self.list_page(thread_id, limit=page_size, cursor=cursor, order=order, run_id=run_id)
            for message in page.messages:
                yield message
            cursor = unrepeated(self.provider, following(page), seen)
            if cursor is None:
                return


def following(page: MessagePage) -> str | None:
    """The cursor of the page after `page`."""
    return page.next_cursor


def bytes_of(message: NewMessage) -> int:
    """What a message can be in tokens at most, with its frame."""
    return len(text_to_send(message).encode()) + 8


def text_to_send(message: NewMessage) -> str:
    """The text as it goes out: as it was given."""
    return message.text
