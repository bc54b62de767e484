"""Gemini's generateContent: one answer, or an answer as server-sent events (provider-facts 9.3)."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from google.genai import types
from google.genai.client import AsyncClient

from support.catalogue.models import model_named
from support.errors import BadResponse, ServerError
from support.gateway.call import Bound, ChokePoint, Operation
from support.gateway.chat import ChatModel, Piece, Question
from support.gateway.exchanges import answer_on_the_wire
from support.gateway.failures import naming
from support.gateway.gemini.chat_tools import call_of, offered
from support.gateway.gemini.client import pieces_of
from support.gateway.gemini.contents import contents
from support.gateway.gemini.errors import translate
from support.gateway.gemini.spellings import messages_of
from support.gateway.gemini.tokens import GeminiTokens
from support.gateway.retry import Repeat
from support.values import CacheReference, ChatAnswer, Message, Provider, StopReason, ToolCall, Usage

_STOP_REASONS: Mapping[str, StopReason] = {
    "STOP": "end",  # also at a stop sequence: the provider does not tell them apart
    "MAX_TOKENS": "length",
    "SAFETY": "refusal",
    "RECITATION": "refusal",
    "BLOCKLIST": "refusal",
    "PROHIBITED_CONTENT": "refusal",
    "SPII": "refusal",
}

# What the SDK would do on its own: call functions, and go on in further requests that nobody has reserved money for.
_ONE_REQUEST = {"automatic_function_calling": {"disable": True}, "automatic_continuation": False}


MOST_RETRIEVED = 100_000
"""Tokens that a search in stores can add to a question: a hundred passages of the largest size, twice over."""


class GeminiChat(ChatModel):
    """`:generateContent` and `:streamGenerateContent`."""

    provider = Provider.GEMINI
    cached_by = CacheReference
    translate = staticmethod(translate)

    def __init__(self, choke: ChokePoint, client: AsyncClient, base_url: str) -> None:
        super().__init__(choke)
        self._models = client.models
        self._base_url = base_url
        self._tokens = GeminiTokens(choke, client, base_url)

    def _read(self, given: Sequence[Message]) -> Sequence[Message]:
        return messages_of(given)

    def request(self, question: Question) -> dict[str, Any]:
        known = model_named(Provider.GEMINI, question.model)
        config: dict[str, Any] = {
            **(known.settings if known is not None else {}),
            **_ONE_REQUEST,
            "max_output_tokens": question.max_output_tokens,
            **offered(question),
        }
        if question.system is not None:
            config["system_instruction"] = question.system
        if question.stop:
            config["stop_sequences"] = list(question.stop)
        if isinstance(question.cache, CacheReference):
            config["cached_content"] = question.cache.cache_id
        return {"model": question.model, "contents": contents(question.messages, self._base_url), "config": config}

    async def _send(self, request: Mapping[str, Any]) -> ChatAnswer:
        answer = GrowingAnswer()
        answer.add(await self._models.generate_content(**request))
        return answer.whole(answer_on_the_wire())

    async def _send_stream(self, request: Mapping[str, Any]) -> AsyncIterator[Piece]:
        answer = GrowingAnswer()
        stream = await self._models.generate_content_stream(**request)
        async with aclosing(pieces_of(stream)) as chunks:
            async for chunk in chunks:
                text = answer.add(chunk)
                if text:
                    yield Piece(text)
        yield Piece("", answer.whole(None))

    async def ask_with_tool(
        self, question: str, tool: Mapping[str, Any], *, model: str, max_output_tokens: int, about: str
    ) -> ChatAnswer:
        """A question that the model answers with one of the provider's own tools; a refusal names what it is `about`.

        What the tool brings in is charged too.
        """
        request = self.request(Question((Message(role="user", text=question),), model, max_output_tokens))
        request["config"]["tools"] = [dict(tool)]
        bound = Bound(input_tokens=MOST_RETRIEVED + len(question.encode()), output_tokens=max_output_tokens)
        return await self._choke.call(
            Operation(Provider.GEMINI, "chat.create", Repeat.IF_REFUSED, model=model, bound=bound),
            lambda: self._send(request),
            lambda error: naming(self.translate(error), about),
            usage_of=lambda answer: answer.usage,
        )

    async def _count(self, messages: Sequence[Message], model: str, system: str | None) -> int:
        return await self._tokens.count(messages, model=model, system=system)


class GrowingAnswer:
    """An answer put together from its chunks; an answer in one piece is one chunk."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._calls: list[ToolCall] = []
        self._finish: types.FinishReason | None = None
        self._blocked = False
        self._last: types.GenerateContentResponse | None = None

    def add(self, chunk: types.GenerateContentResponse) -> str:
        """Takes one chunk; answers the text that it brings, thoughts left out."""
        self._last = chunk
        if chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason is not None:
            self._blocked = True
        if not chunk.candidates:
            return ""
        candidate = chunk.candidates[0]
        self._finish = candidate.finish_reason or self._finish
        text = ""
        for part in (candidate.content and candidate.content.parts) or ():
            if part.function_call is not None:
                self._calls.append(call_of(part, part.function_call))
            if part.text and not part.thought:
                text += part.text
        if text:
            self._texts.append(text)
        return text

    def whole(self, raw: Mapping[str, Any] | None) -> ChatAnswer:
        """The answer, once its end was said; `raw` is its wire form, for a stream that of the last chunk with the whole text."""
        last = self._last
        if last is None or (self._finish is None and not self._blocked):
            raise cut_short()
        text = "".join(self._texts)
        if raw is None:
            spoken = last.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"sdk_http_response"})
            raw = {**spoken, "text": text}
        return ChatAnswer(
            provider=Provider.GEMINI,
            model=last.model_version or "",
            id=last.response_id or "",
            text=text,
            stop_reason=self._stop_reason(),
            usage=usage_of(last.usage_metadata),
            calls=tuple(self._calls),
            raw=raw,
        )

    def _stop_reason(self) -> StopReason:
        if self._finish is None:
            return "refusal"
        reason = _STOP_REASONS.get(self._finish.value, "other")
        return "tool_call" if reason == "end" and self._calls else reason


def cut_short() -> ServerError:
    """A stream without its finish reason is no answer, whatever text came."""
    return ServerError(
        "the stream ended before its answer was complete",
        provider=Provider.GEMINI,
        operation="chat.create",
        status=200,
        code="connection_cut",
    )


def usage_of(counts: types.GenerateContentResponseUsageMetadata | None) -> Usage:
    """The tokens without overlap: the prompt's count contains the cached ones, thoughts are output (provider-facts 3.1 and 9.3)."""
    if counts is None:
        raise BadResponse("the answer has no usage figures", provider=Provider.GEMINI)
    cached = counts.cached_content_token_count or 0
    prompt = (counts.prompt_token_count or 0) + (counts.tool_use_prompt_token_count or 0)
    return Usage(
        uncached_input_tokens=prompt - cached,
        cache_read_tokens=cached,
        output_tokens=(counts.candidates_token_count or 0) + (counts.thoughts_token_count or 0),
    )
