"""Answers of a model, and what can be known of a question and of models beforehand."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Protocol

from support.values import CacheUse, ChatAnswer, FunctionTool, Message, ModelInfo, ToolChoice


class ChatStream(Protocol):
    """An answer that comes in pieces: iterate for the text, then read `answer`."""

    def __aiter__(self) -> AsyncIterator[str]: ...

    @property
    def answer(self) -> ChatAnswer:
        """The whole answer, once the iteration has ended; LookupError before."""
        ...


class Chat(Protocol):
    """One answer of a model: Chat Completions on OpenAI, Messages on Anthropic, generateContent on Gemini.

    `cache` says how the provider is to cache what the question begins with; another provider's way is Unsupported.
    `tools` are functions that the model may ask for (`ChatAnswer.calls`); the conversation goes on with the answer's `turn` and
    a message with an output for each call. With a `schema`, JSON Schema of an object, the answer's text is JSON that fits it.
    The options are the same for every provider; any other raises InvalidRequest, naming it.
    A message may also be written down as a plain dictionary with a message's fields, and for Gemini as a content of its own, a
    dictionary or `types.Content`: the same request leaves. A malformed one raises InvalidRequest, naming its place.
    """

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
    ) -> ChatAnswer: ...

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
    ) -> ChatStream: ...


class Tokens(Protocol):
    """The provider's own counting endpoint (provider-facts 9)."""

    async def count(self, messages: Sequence[Message], *, model: str, system: str | None = None) -> int:
        """How many input tokens the request would have."""
        ...


class Models(Protocol):
    """The models that the key may use (provider-facts 10)."""

    async def get(self, model: str) -> ModelInfo: ...

    def list(self) -> AsyncIterator[ModelInfo]: ...
