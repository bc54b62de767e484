"""What asking a model means on every provider: the bound on its cost, one answer, or an answer in pieces."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic_core import to_json

from support.errors import TouchstoneError
from support.gateway.call import Bound, ChokePoint, Operation
from support.gateway.capabilities import ChatStream
from support.gateway.retry import Repeat
from support.values import ChatAnswer, Message, Provider, Usage

TOKENS_PER_FILE_BYTE = 10
"""A stored page is billed as text and as a picture of up to some 3,000 tokens; no page is smaller than 300 bytes."""
TOKENS_PER_FILE = 3_000
"""One page's picture, however small the file."""
LARGEST_WINDOW = 2_000_000
"""Tokens; stands for a file whose size this process never saw, so that the provider's own count is asked."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an answer; the last one has no text but the whole answer."""

    text: str
    answer: ChatAnswer | None = None


class ChatModel(ABC):
    """The chat endpoint of one provider; a subclass builds its SDK's request and reads its answers."""

    provider: ClassVar[Provider]

    def __init__(self, choke: ChokePoint) -> None:
        self._choke = choke

    @staticmethod
    @abstractmethod
    def translate(error: Exception) -> TouchstoneError:
        """The provider's error in the gateway's kinds."""

    @abstractmethod
    def request(
        self, messages: Sequence[Message], model: str, max_output_tokens: int, system: str | None, stop: Sequence[str]
    ) -> dict[str, Any]:
        """The SDK's keyword arguments, with the catalogue's settings for the model (`support.catalogue.models`)."""

    @abstractmethod
    async def _send(self, request: Mapping[str, Any]) -> ChatAnswer: ...

    @abstractmethod
    def _send_stream(self, request: Mapping[str, Any]) -> AsyncIterator[Piece]: ...

    @abstractmethod
    async def _count(self, messages: Sequence[Message], model: str, system: str | None) -> int:
        """Asks the provider's counting endpoint, past the choke point's reservation."""

    async def ask(
        self,
        messages: Sequence[Message],
        *,
        model: str,
        max_output_tokens: int,
        system: str | None = None,
        stop: Sequence[str] = (),
    ) -> ChatAnswer:
        request = self.request(messages, model, max_output_tokens, system, stop)
        return await self._choke.call(
            self._operation(request, messages, model, max_output_tokens, system),
            lambda: self._send(request),
            self.translate,
            usage_of=lambda answer: answer.usage,
        )

    def stream(
        self,
        messages: Sequence[Message],
        *,
        model: str,
        max_output_tokens: int,
        system: str | None = None,
        stop: Sequence[str] = (),
    ) -> ChatStream:
        request = self.request(messages, model, max_output_tokens, system, stop)
        return StreamedAnswer(
            self._choke.stream(
                self._operation(request, messages, model, max_output_tokens, system),
                lambda: self._send_stream(request),
                self.translate,
                usage_of=_usage_of_piece,
            )
        )

    def _operation(
        self,
        request: Mapping[str, Any],
        messages: Sequence[Message],
        model: str,
        max_output_tokens: int,
        system: str | None,
    ) -> Operation:
        bound = Bound(
            input_tokens=self._input_bound(request, messages),
            output_tokens=max_output_tokens,
            count=lambda: self._count(messages, model, system),
        )
        return Operation(self.provider, "chat.create", Repeat.IF_REFUSED, model=model, bound=bound)

    def _input_bound(self, request: Mapping[str, Any], messages: Sequence[Message]) -> int:
        """A token is at least one byte of the request; a file counts by its size."""
        files = (reference.file_id for message in messages for reference in message.files)
        sizes = (self._choke.file_sizes.get(file_id) for file_id in files)
        return len(to_json(request)) + sum(
            LARGEST_WINDOW if size is None else TOKENS_PER_FILE + TOKENS_PER_FILE_BYTE * size for size in sizes
        )


class StreamedAnswer:
    """An answer that comes in pieces; the whole is there once the last piece was read."""

    def __init__(self, pieces: AsyncIterator[Piece]) -> None:
        self._pieces = pieces
        self._answer: ChatAnswer | None = None

    async def __aiter__(self) -> AsyncIterator[str]:
        async for piece in self._pieces:
            if piece.answer is not None:
                self._answer = piece.answer
            if piece.text:
                yield piece.text

    @property
    def answer(self) -> ChatAnswer:
        if self._answer is None:
            raise LookupError("the answer is complete only after its last piece was read")
        return self._answer


def _usage_of_piece(piece: Piece) -> Usage | None:
    return None if piece.answer is None else piece.answer.usage
