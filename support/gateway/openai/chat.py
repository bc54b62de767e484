"""Chat Completions: one answer, or one in pieces (provider-facts 9.1)."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import openai
from openai.types.chat import ChatCompletionChunk
from openai.types.chat.chat_completion_chunk import ChoiceDeltaToolCall
from pydantic_core import from_json

from support.catalogue.models import model_named
from support.errors import ServerError
from support.gateway.call import ChokePoint
from support.gateway.chat import ChatModel, Piece, Question
from support.gateway.openai.chat_tools import call_part, calls_of, offered, output_message
from support.gateway.openai.errors import translate
from support.gateway.openai.tokens import OpenAITokens, data_url
from support.values import CacheKey, ChatAnswer, Message, Picture, Provider, StopReason, Usage

_STOP_REASONS: dict[str, StopReason] = {
    "stop": "end",  # the provider does not tell a stop sequence from the end of the answer
    "length": "length",
    "tool_calls": "tool_call",
    "function_call": "tool_call",
    "content_filter": "refusal",
}


class OpenAIChat(ChatModel):
    """`POST /v1/chat/completions`."""

    provider = Provider.OPENAI
    cached_by = CacheKey
    translate = staticmethod(translate)

    def __init__(self, choke: ChokePoint, client: openai.AsyncOpenAI) -> None:
        super().__init__(choke)
        self._client = client
        self._create = client.chat.completions.create
        self._create_raw = client.chat.completions.with_raw_response.create

    def request(self, question: Question) -> dict[str, Any]:
        known = model_named(Provider.OPENAI, question.model)
        cache, system = question.cache, question.system
        sent = [each for message in question.messages for each in _messages(message)]
        if system is not None:
            marked = isinstance(cache, CacheKey) and known is not None and "cache_breakpoints" in known.features
            sent.insert(0, {"role": "system", "content": [breakpoint_after(system)] if marked else system})
        request: dict[str, Any] = {
            **(known.settings if known is not None else {}),
            "model": question.model,
            "messages": sent,
            "max_completion_tokens": question.max_output_tokens,
            **offered(question),
        }
        if question.stop:
            request["stop"] = list(question.stop)
        if isinstance(cache, CacheKey):
            request["prompt_cache_key"] = cache.key
        return request

    async def _send(self, request: Mapping[str, Any]) -> ChatAnswer:
        # The JSON is read once, by us: the SDK's own objects would cost an eighth of the whole call and say nothing more.
        response = await self._create_raw(**request)
        return answered(from_json(response.content))

    async def _send_stream(self, request: Mapping[str, Any]) -> AsyncIterator[Piece]:
        stream = await self._create(**request, stream=True, stream_options={"include_usage": True})
        answer = GrowingCompletion()
        async for chunk in stream:
            for text in answer.add(chunk):
                yield Piece(text)
        yield Piece("", answered(answer.whole()))

    async def _count(self, messages: Sequence[Message], model: str, system: str | None) -> int:
        return await OpenAITokens(self._choke, self._client).count(messages, model=model, system=system)


class GrowingCompletion:
    """A completion put together from its chunks, in the form that an answer in one piece has."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._calls: dict[int, dict[str, Any]] = {}
        self._finish: str | None = None
        self._refused = False
        self._last: ChatCompletionChunk | None = None
        """The chunk with the usage."""

    def add(self, chunk: ChatCompletionChunk) -> list[str]:
        """Takes one chunk; answers the texts that it brings."""
        texts = []
        for choice in chunk.choices:
            self._finish = choice.finish_reason or self._finish
            self._refused = self._refused or bool(choice.delta.refusal)
            for call in choice.delta.tool_calls or ():
                self._add_call(call)
            text = choice.delta.content or choice.delta.refusal
            if text:
                texts.append(text)
        if chunk.usage is not None:
            self._last = chunk
        self._texts += texts
        return texts

    def _add_call(self, delta: ChoiceDeltaToolCall) -> None:
        """A call begins with its id and name; its arguments come in pieces (recordings: openai chat completions streaming)."""
        begun = {"id": "", "type": "function", "function": {"name": "", "arguments": ""}}
        call = self._calls.setdefault(delta.index, begun)
        call["id"] = delta.id or call["id"]
        if delta.function is not None:
            call["function"]["name"] += delta.function.name or ""
            call["function"]["arguments"] += delta.function.arguments or ""

    def whole(self) -> dict[str, Any]:
        """The completion, once its end was said; a stream without its finish reason or its usage is no answer."""
        if self._last is None or self._finish is None:
            raise cut_short()
        text = "".join(self._texts)
        message: dict[str, Any] = {
            "role": "assistant",
            "content": None if self._refused or (self._calls and not text) else text,
            "refusal": text if self._refused else None,
        }
        if self._calls:
            message["tool_calls"] = [self._calls[index] for index in sorted(self._calls)]
        whole = {**self._last.to_dict(), "object": "chat.completion"}
        whole["choices"] = [{"index": 0, "message": message, "finish_reason": self._finish}]
        return whole


def answered(completion: Mapping[str, Any]) -> ChatAnswer:
    """The completion of the wire as the gateway's value (recordings: openai chat completions)."""
    choice = completion["choices"][0]
    message = choice["message"]
    refusal = message.get("refusal")
    reason: StopReason = "refusal" if refusal else stop_reason(choice["finish_reason"])
    calls = calls_of(message, cut=reason == "length")
    if calls and reason == "end":  # a call that was demanded by name ends like an answer (recordings of 2024)
        reason = "tool_call"
    return ChatAnswer(
        provider=Provider.OPENAI,
        model=completion["model"],
        id=completion["id"],
        text=message.get("content") or refusal or "",
        stop_reason=reason,
        usage=usage_of(completion["usage"]),
        calls=calls,
        raw=completion,
    )


def cut_short() -> ServerError:
    """A stream without its closing pieces (finish reason, usage) is no answer, whatever text came."""
    return ServerError(
        "the stream ended before its answer was complete",
        provider=Provider.OPENAI,
        operation="chat.create",
        status=200,
        code="connection_cut",
    )


def _messages(message: Message) -> list[dict[str, Any]]:
    """A turn in the provider's messages: each output of a function is one of its own, before what else is said."""
    outputs = [output_message(output) for output in message.outputs]
    if message.calls:
        calls = [call_part(call) for call in message.calls]
        return [*outputs, {**_message(message), "content": message.text or None, "tool_calls": calls}]
    return (
        [*outputs, _message(message)] if message.text or message.files or message.pictures or not outputs else outputs
    )


def _message(message: Message) -> dict[str, Any]:
    if not (message.files or message.pictures):
        return {"role": message.role, "content": message.text}
    parts: list[dict[str, Any]] = [file_part(reference.file_id) for reference in message.files]
    parts += [picture_part(picture) for picture in message.pictures]
    return {"role": message.role, "content": [*parts, {"type": "text", "text": message.text}]}


def breakpoint_after(text: str) -> dict[str, Any]:
    """A text up to whose end the prompt is cached: from gpt-5.6 on nothing shorter than up to a mark is (provider-facts 3.2)."""
    return {"type": "text", "text": text, "prompt_cache_breakpoint": {"mode": "explicit"}}


def file_part(file_id: str) -> dict[str, Any]:
    """A stored file as a part of a message: by its id, never by its bytes."""
    return {"type": "file", "file": {"file_id": file_id}}


def picture_part(picture: Picture) -> dict[str, Any]:
    """A picture as a part of a message: a stored one is none here, so its bytes go along (recordings: openai chat completions)."""
    return {"type": "image_url", "image_url": {"url": data_url(picture)}}


def stop_reason(finish: str | None) -> StopReason:
    """Why the answer ended, in the gateway's words."""
    return _STOP_REASONS.get(finish or "", "other")


def usage_of(figures: Mapping[str, Any]) -> Usage:
    """The tokens without overlap: `prompt_tokens` counts what was read from the cache and written to it (provider-facts 3.2).

    A cache write has one price here whatever its lifetime, so it stands with the short-lived ones.
    """
    details = figures.get("prompt_tokens_details") or {}
    read = details.get("cached_tokens") or 0
    written = details.get("cache_write_tokens") or 0
    return Usage(
        uncached_input_tokens=figures["prompt_tokens"] - read - written,
        cache_read_tokens=read,
        cache_write_5m_tokens=written,
        output_tokens=figures["completion_tokens"],
    )
