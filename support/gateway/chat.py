"""What asking a model means on every provider: the bound on its cost, one answer, or an answer in pieces."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

from pydantic_core import to_json

from support.catalogue.models import model_named
from support.errors import NotFound, TouchstoneError, Unsupported
from support.gateway.call import Bound, ChokePoint, Operation
from support.gateway.capabilities import Capability, ChatStream
from support.gateway.failures import naming
from support.gateway.function_calling import check_functions, check_outputs, check_schema
from support.gateway.model_limits import check_model
from support.gateway.refusing import refused
from support.gateway.retry import Repeat
from support.gateway.spellings import messages_of
from support.values import (
    CacheKey,
    CacheMarks,
    CacheReference,
    CacheUse,
    ChatAnswer,
    FunctionTool,
    Message,
    Provider,
    ToolChoice,
    Usage,
)

TOKENS_PER_FILE_BYTE = 10
"""A stored page is billed as text and as a picture of up to some 3,000 tokens; no page is smaller than 300 bytes."""
TOKENS_PER_FILE = 3_000
"""One page's picture, however small the file."""
TOKENS_PER_PICTURE = 50_000
"""However small its file: gpt-4o-mini counts 2,833, and 5,667 for each of eight tiles; others far fewer (OpenAI's guide to vision)."""
LARGEST_WINDOW = 2_000_000
"""Tokens; stands for a file whose size this process never saw, so that the provider's own count is asked."""
TOKENS_OF_TOOLS = 1_000
"""What a provider says of its own to a model that has functions, or a schema to fit (recordings: anthropic messages, up to 560)."""


@dataclass(frozen=True, slots=True)
class Question:
    """All that a model is asked."""

    messages: Sequence[Message]
    model: str
    max_output_tokens: int
    system: str | None = None
    stop: Sequence[str] = ()
    cache: CacheUse | None = None
    """Of the provider's own way, or None."""
    tools: Sequence[FunctionTool] = ()
    tool_choice: ToolChoice = "auto"
    schema: Mapping[str, Any] | None = None
    """JSON Schema of an object that the answer has to fit."""


OPTIONS = tuple(field.name for field in fields(Question))[1:]
"""What can be said of a question beside its messages, by name: the same for every provider."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an answer; the last one has no text but the whole answer."""

    text: str
    answer: ChatAnswer | None = None


class ChatModel(ABC):
    """The chat endpoint of one provider; a subclass builds its SDK's request and reads its answers."""

    provider: ClassVar[Provider]
    cached_by: ClassVar[type[CacheUse]]
    """The one way in which the provider caches what a question begins with."""

    def __init__(self, choke: ChokePoint) -> None:
        self._choke = choke

    @staticmethod
    @abstractmethod
    def translate(error: Exception) -> TouchstoneError:
        """The provider's error in the gateway's kinds."""

    @abstractmethod
    def request(self, question: Question) -> dict[str, Any]:
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
        cache: CacheUse | None = None,
        tools: Sequence[FunctionTool] = (),
        tool_choice: ToolChoice = "auto",
        schema: Mapping[str, Any] | None = None,
        **other: object,
    ) -> ChatAnswer:
        check_options(self.provider, other)
        question = Question(
            self._read(messages), model, max_output_tokens, system, stop, cache, tools, tool_choice, schema
        )
        self._check(question)
        request = self.request(question)
        return await self._choke.call(
            self._operation(question, request),
            lambda: self._send(request),
            self._translator(cache),
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
        cache: CacheUse | None = None,
        tools: Sequence[FunctionTool] = (),
        tool_choice: ToolChoice = "auto",
        schema: Mapping[str, Any] | None = None,
        **other: object,
    ) -> ChatStream:
        check_options(self.provider, other)
        question = Question(
            self._read(messages), model, max_output_tokens, system, stop, cache, tools, tool_choice, schema
        )
        self._check(question)
        request = self.request(question)
        return StreamedAnswer(
            self._choke.stream(
                self._operation(question, request),
                lambda: self._send_stream(request),
                self._translator(cache),
                usage_of=_usage_of_piece,
            )
        )

    def _read(self, given: Sequence[Message]) -> Sequence[Message]:
        """The messages, also where they are written down in another way; a malformed one is refused by its place."""
        return messages_of(self.provider, given)

    def _check(self, question: Question) -> None:
        """Refuses what cannot be right, before anything is sent or reserved."""
        check_model(self.provider, Capability.CHAT, question.model)
        check_way(self.provider, self.cached_by, question.cache)
        check_functions(self.provider, question.tools, question.tool_choice)
        check_outputs(self.provider, question.messages)
        check_schema(self.provider, question.schema)

    def _translator(self, cache: CacheUse | None) -> Callable[[Exception], TouchstoneError]:
        """The provider does not say of a cache which one it has not."""

        def translated(error: Exception) -> TouchstoneError:
            right = self.translate(error)
            if isinstance(right, NotFound) and isinstance(cache, CacheReference):
                return naming(right, cache.cache_id)
            return right

        return translated

    def _operation(self, question: Question, request: Mapping[str, Any]) -> Operation:
        kept = self._kept_tokens(question.cache, question.model)

        async def count() -> int:
            counted = await self._count(question.messages, question.model, question.system)
            return kept + counted + self._uncounted(question, request)

        bound = Bound(
            input_tokens=kept + self._input_bound(question, request),
            output_tokens=question.max_output_tokens,
            count=count,
        )
        return Operation(self.provider, "chat.create", Repeat.IF_REFUSED, model=question.model, bound=bound)

    def _kept_tokens(self, cache: CacheUse | None, model: str) -> int:
        """The tokens that a question refers to and does not contain: those of a cache that is an object.

        An unknown one has at most what the model can read.
        """
        if not isinstance(cache, CacheReference):
            return 0
        known = model_named(self.provider, model)
        return self._choke.cache_tokens.get(cache.cache_id, known.context_window_tokens if known else LARGEST_WINDOW)

    def _input_bound(self, question: Question, request: Mapping[str, Any]) -> int:
        """A token is at least one byte of the request, tools and schema among it; a file counts by its size."""
        pictures = sum(len(message.pictures) for message in question.messages)
        rest = tokens_of_files(self._choke, question.messages) + _told_tokens(question)
        return _bytes_of(request) + TOKENS_PER_PICTURE * pictures + rest

    def _uncounted(self, question: Question, request: Mapping[str, Any]) -> int:
        """The most tokens of tools and schema, of which the counting endpoint is not told."""
        if not _told_tokens(question):
            return 0
        bare = self.request(replace(question, tools=(), tool_choice="auto", schema=None))
        return _bytes_of(request) - _bytes_of(bare) + _told_tokens(question)


def _bytes_of(request: Mapping[str, Any]) -> int:
    return len(to_json(request, bytes_mode="base64"))


def _told_tokens(question: Question) -> int:
    return TOKENS_OF_TOOLS if question.tools or question.schema is not None else 0


def tokens_of_files(choke: ChokePoint, messages: Sequence[Message]) -> int:
    """The most tokens that the files which the messages refer to can be."""
    files = (reference.file_id for message in messages for reference in message.files)
    sizes = (choke.file_sizes.get(file_id) for file_id in files)
    return sum(LARGEST_WINDOW if size is None else TOKENS_PER_FILE + TOKENS_PER_FILE_BYTE * size for size in sizes)


def check_options(provider: Provider, other: Iterable[str]) -> None:
    """Refuses an option that no question has: a provider's own, or a misspelt one, would be dropped in silence.

    A type checker says so earlier: `capabilities.Chat` names the options and no others.
    """
    for name in other:
        raise refused(provider, name, f"is no option of a question; there are {', '.join(OPTIONS)}")


def check_way(provider: Provider, own: type[CacheUse], cache: CacheUse | None) -> None:
    """Refuses a way of caching that is another provider's, and would be dropped in silence."""
    if cache is not None and not isinstance(cache, own):
        said = f"{provider} caches by {WAYS[own]}, not by {WAYS[type(cache)]}"
        raise Unsupported(said, provider=provider, param="cache")


WAYS: Mapping[type[CacheUse], str] = {
    CacheReference: "objects of their own",
    CacheMarks: "marks in the question",
    CacheKey: "a key",
}
"""How a question is cached, in words."""


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
