"""OpenAI's embeddings (provider-facts 6.1)."""

from collections.abc import Sequence
from typing import Any

import openai

from support.gateway.call import Bound, ChokePoint, Operation
from support.gateway.capabilities import Capability
from support.gateway.embeddings import check_texts, priced
from support.gateway.exchanges import answer_on_the_wire
from support.gateway.model_limits import check_model
from support.gateway.openai.errors import translate
from support.gateway.retry import Repeat
from support.values import Embeddings, Provider, Usage


class OpenAIEmbedder:
    """`POST /v1/embeddings`."""

    def __init__(self, choke: ChokePoint, client: openai.AsyncOpenAI) -> None:
        self._choke = choke
        self._embeddings = client.embeddings

    async def embed(self, texts: Sequence[str], *, model: str, dimensions: int | None = None) -> Embeddings:
        check_texts(Provider.OPENAI, texts)
        check_model(Provider.OPENAI, Capability.EMBEDDINGS, model)
        options: dict[str, Any] = {} if dimensions is None else {"dimensions": dimensions}

        async def send() -> Embeddings:
            # The SDK asks for base64 and decodes it: a tenth of the bytes that numbers in text would be.
            answer = await self._embeddings.create(model=model, input=list(texts), **options)
            in_order = sorted(answer.data, key=lambda item: item.index)
            return Embeddings(
                provider=Provider.OPENAI,
                model=answer.model,
                vectors=tuple(tuple(item.embedding) for item in in_order),
                usage=usage_of(answer.usage.prompt_tokens),
                raw=answer_on_the_wire(),
            )

        bound = Bound(input_tokens=sum(len(text.encode()) for text in texts), output_tokens=0)
        operation = Operation(Provider.OPENAI, "embeddings.create", Repeat.IF_REFUSED, model=model, bound=bound)
        made = await self._choke.call(operation, send, translate, usage_of=lambda made: made.usage or Usage())
        return priced(made, model, made.usage or Usage())


def usage_of(tokens: int) -> Usage:
    """Everything goes in, nothing comes out."""
    return Usage(uncached_input_tokens=tokens)
