"""Anthropic's Messages: one answer, or an answer as server-sent events (provider-facts 9.2)."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import anthropic
from anthropic.types import RawMessageStreamEvent

from support.catalogue.models import model_named
from support.errors import BadResponse, TouchstoneError
from support.gateway.anthropic.chat_tools import calls_of, offered, output_config, put_together, with_piece
from support.gateway.anthropic.errors import translate
from support.gateway.anthropic.marks import mark
from support.gateway.anthropic.messages import conversation
from support.gateway.anthropic.tokens import AnthropicTokens
from support.gateway.call import ChokePoint
from support.gateway.chat import ChatModel, Piece, Question
from support.gateway.exchanges import answer_on_the_wire
from support.values import CacheMarks, ChatAnswer, Message, Provider, StopReason, Usage

_STOP_REASONS: Mapping[str, StopReason] = {
    "end_turn": "end",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "stop_sequence": "stop_sequence",
    "tool_use": "tool_call",
    "refusal": "refusal",
}


class AnthropicChat(ChatModel):
    """`/v1/messages`."""

    provider = Provider.ANTHROPIC
    cached_by = CacheMarks

    def __init__(self, choke: ChokePoint, client: anthropic.AsyncAnthropic) -> None:
        super().__init__(choke)
        self._client = client
        self._tokens = AnthropicTokens(choke, client)

    @staticmethod
    def translate(error: Exception) -> TouchstoneError:
        return translate(error)

    def request(self, question: Question) -> dict[str, Any]:
        arguments = conversation(question.messages, question.system)
        if isinstance(question.cache, CacheMarks):
            mark(arguments, question.cache)
        arguments["model"] = question.model
        arguments["max_tokens"] = question.max_output_tokens
        if question.stop:
            arguments["stop_sequences"] = list(question.stop)
        known = model_named(Provider.ANTHROPIC, question.model)
        settings = known.settings if known is not None else {}
        arguments.update(settings)
        arguments.update(offered(question))
        if question.schema is not None:
            arguments["output_config"] = output_config(settings, question.schema)
        return arguments

    async def _send(self, request: Mapping[str, Any]) -> ChatAnswer:
        # The answer is read from the wire: without its raw response the SDK would build the same message a second time.
        await self._client.messages.with_raw_response.create(**request)
        return answered(answer_on_the_wire())

    async def _send_stream(self, request: Mapping[str, Any]) -> AsyncIterator[Piece]:
        message = GrowingMessage()
        async with await self._client.messages.create(stream=True, **request) as events:
            async for event in events:
                text = message.add(event)
                if text:
                    yield Piece(text)
        yield Piece("", answered(message.whole()))

    async def _count(self, messages: Sequence[Message], model: str, system: str | None) -> int:
        return await self._tokens.count(messages, model=model, system=system)


class GrowingMessage:
    """A message put together from its events, in the form that an answer in one piece has."""

    def __init__(self) -> None:
        self._message: dict[str, Any] = {}
        self._ended = False

    def add(self, event: RawMessageStreamEvent) -> str:
        """Takes one event; answers the text that it brings."""
        match event.type:
            case "message_start":
                self._message = event.message.to_dict(mode="json")
            case "content_block_start":
                self._message["content"].append(event.content_block.to_dict(mode="json"))
            case "content_block_delta":
                block, delta = self._message["content"][event.index], event.delta
                if delta.type == "text_delta":
                    block["text"] += delta.text
                    return delta.text
                if delta.type == "thinking_delta":
                    block["thinking"] += delta.thinking
                elif delta.type == "signature_delta":
                    block["signature"] = delta.signature
                elif delta.type == "input_json_delta":
                    block["input"] = with_piece(block["input"], delta.partial_json)
            case "content_block_stop":
                block = self._message["content"][event.index]
                if "input" in block:
                    block["input"] = put_together(block["input"])
            case "message_delta":
                self._message.update(event.delta.to_dict(mode="json"))
                self._message["usage"].update(event.usage.to_dict(mode="json", exclude_none=True))
            case "message_stop":
                self._ended = True
        return ""

    def whole(self) -> dict[str, Any]:
        """The message, once its end was said; raises BadResponse before."""
        if not self._ended:
            raise BadResponse("the stream ended before the end of its message", provider=Provider.ANTHROPIC)
        return self._message


def answered(message: Mapping[str, Any]) -> ChatAnswer:
    """The message of the wire as the gateway's value (recordings: anthropic messages)."""
    reason = _STOP_REASONS.get(message["stop_reason"], "other")
    return ChatAnswer(
        provider=Provider.ANTHROPIC,
        model=message["model"],
        id=message["id"],
        text="".join(block["text"] for block in message["content"] if block["type"] == "text"),
        stop_reason=reason,
        usage=usage(message["usage"]),
        calls=calls_of(message, cut=reason == "length"),
        raw=message,
    )


def usage(counts: Mapping[str, Any]) -> Usage:
    """Anthropic counts cached tokens beside `input_tokens`, and writes for an hour among all writes (provider-facts 3.3)."""
    written = counts.get("cache_creation_input_tokens") or 0
    for_an_hour = (counts.get("cache_creation") or {}).get("ephemeral_1h_input_tokens") or 0
    return Usage(
        uncached_input_tokens=counts["input_tokens"],
        cache_read_tokens=counts.get("cache_read_input_tokens") or 0,
        cache_write_5m_tokens=written - for_an_hour,
        cache_write_1h_tokens=for_an_hour,
        output_tokens=counts["output_tokens"],
    )
