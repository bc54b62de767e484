"""The models that OpenAI serves to the key: `/v1/models`, one list without pages (provider-facts 10)."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import openai

from support.errors import TouchstoneError
from support.gateway.call import ChokePoint, Operation
from support.gateway.exchanges import answer_on_the_wire
from support.gateway.failures import naming
from support.gateway.openai.errors import translate
from support.gateway.retry import Repeat
from support.values import ModelInfo, Provider


class OpenAIModels:
    """The provider tells names and shutdown dates; windows and limits it does not tell."""

    def __init__(self, choke: ChokePoint, client: openai.AsyncOpenAI) -> None:
        self._choke = choke
        self._client = client

    async def get(self, model: str) -> ModelInfo:
        """One model; NotFound names it."""

        async def send() -> ModelInfo:
            await self._client.models.retrieve(model)
            return described(answer_on_the_wire())

        def naming_it(error: Exception) -> TouchstoneError:
            return naming(translate(error), model)

        return await self._choke.call(Operation(Provider.OPENAI, "models.get", Repeat.ALWAYS), send, naming_it)

    async def list(self) -> AsyncIterator[ModelInfo]:
        """All models, in the provider's order."""

        async def send() -> tuple[ModelInfo, ...]:
            await self._client.models.list()
            return tuple(described(item) for item in answer_on_the_wire()["data"])

        for model in await self._choke.call(Operation(Provider.OPENAI, "models.list", Repeat.ALWAYS), send, translate):
            yield model


def described(answer: Mapping[str, Any]) -> ModelInfo:
    """The model object of the wire as the gateway's value (recordings: openai models list)."""
    shutdown = answer.get("shutdown_date")
    return ModelInfo(
        provider=Provider.OPENAI,
        id=answer["id"],
        shutdown_on=None if shutdown is None else datetime.fromisoformat(shutdown).replace(tzinfo=UTC),
        raw=answer,
    )
