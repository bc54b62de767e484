"""Gemini's embeddings (provider-facts 6.2)."""

from collections.abc import Mapping, Sequence
from typing import Any

from google.genai import types
from google.genai.client import AsyncClient

from support.gateway.call import Bound, ChokePoint, Operation
from support.gateway.capabilities import Capability
from support.gateway.embeddings import check_texts, priced, unit
from support.gateway.exchanges import answer_on_the_wire
from support.gateway.gemini.errors import translate
from support.gateway.gemini.tokens import GeminiTokens
from support.gateway.model_limits import check_model
from support.gateway.refusing import refused
from support.gateway.retry import Repeat
from support.values import Embeddings, Message, Provider, Usage

TOGETHER = "gemini-embedding-2"
"""It takes all texts of a request for one (provider-facts 6.2)."""


class GeminiEmbedder:
    """`:batchEmbedContents`, which the SDK calls for one text too."""

    def __init__(self, choke: ChokePoint, client: AsyncClient, base_url: str) -> None:
        self._choke = choke
        self._models = client.models
        self._tokens = GeminiTokens(choke, client, base_url)

    async def embed(self, texts: Sequence[str], *, model: str, dimensions: int | None = None) -> Embeddings:
        check_texts(Provider.GEMINI, texts)
        check_model(Provider.GEMINI, Capability.EMBEDDINGS, model)
        if len(texts) > 1 and model.startswith(TOGETHER):
            raise refused(Provider.GEMINI, "input", f"{model} makes one vector of all texts; embed them one at a time")
        # gemini-embedding-001 tells no usage: what it costs is counted beforehand, by the provider's own counter.
        messages = tuple(Message(role="user", text=text) for text in texts)
        counted = Usage(uncached_input_tokens=await self._tokens.count(messages, model=model))

        contents: Any = list(texts)

        async def send() -> Embeddings:
            config = types.EmbedContentConfig(output_dimensionality=dimensions)
            answer = await self._models.embed_content(model=model, contents=contents, config=config)
            return Embeddings(
                provider=Provider.GEMINI,
                model=model,
                # shortened vectors come as they were cut: only the whole ones have length 1
                vectors=tuple(unit(one.values or ()) for one in answer.embeddings or ()),
                usage=usage_of(answer_on_the_wire()),
                raw=answer_on_the_wire(),
            )

        bound = Bound(input_tokens=sum(len(text.encode()) for text in texts), output_tokens=0)
        operation = Operation(Provider.GEMINI, "embeddings.create", Repeat.IF_REFUSED, model=model, bound=bound)
        made = await self._choke.call(operation, send, translate, usage_of=lambda made: made.usage or counted)
        return priced(made, model, made.usage or counted)


def usage_of(answer: Mapping[str, Any]) -> Usage | None:
    """The provider's figures; None where it tells none (recordings: gemini batchEmbedContents)."""
    counts = answer.get("usageMetadata")
    return None if counts is None else Usage(uncached_input_tokens=counts["promptTokenCount"])
