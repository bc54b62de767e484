"""The models that Gemini lists (provider-facts 10)."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from google.genai import types
from google.genai.client import AsyncClient

from support.errors import TouchstoneError
from support.gateway.call import ChokePoint, Operation
from support.gateway.exchanges import answer_on_the_wire
from support.gateway.failures import naming
from support.gateway.gemini.errors import translate
from support.gateway.retry import Repeat
from support.values import ModelInfo, Provider


class GeminiModels:
    """`/v1beta/models`, in pages."""

    def __init__(self, choke: ChokePoint, client: AsyncClient) -> None:
        self._choke = choke
        self._models = client.models

    async def get(self, model: str) -> ModelInfo:
        """One model, by its id with or without `models/` in front; NotFound names it."""

        async def send() -> ModelInfo:
            await self._models.get(model=model)
            return described(answer_on_the_wire())

        def naming_it(error: Exception) -> TouchstoneError:
            return naming(translate(error), model)

        return await self._choke.call(
            Operation(Provider.GEMINI, "models.get", Repeat.ALWAYS, model=model), send, naming_it
        )

    async def list(self) -> AsyncIterator[ModelInfo]:
        """All models, page after page, in the provider's order."""
        cursor: str | None = None
        while True:
            answer = await self._page(cursor)
            for item in answer.get("models", ()):
                yield described(item)
            cursor = answer.get("nextPageToken")
            if not cursor:
                return

    async def _page(self, cursor: str | None) -> Any:
        async def send() -> Any:
            await self._models.list(config=types.ListModelsConfig(page_token=cursor))
            return answer_on_the_wire()

        return await self._choke.call(Operation(Provider.GEMINI, "models.list", Repeat.ALWAYS), send, translate)


def described(answer: Mapping[str, Any]) -> ModelInfo:
    """The model object of the wire as the gateway's value (recordings: gemini models list)."""
    return ModelInfo(
        provider=Provider.GEMINI,
        id=answer["name"].removeprefix("models/"),
        display_name=answer.get("displayName"),
        context_window_tokens=answer.get("inputTokenLimit"),
        max_output_tokens=answer.get("outputTokenLimit"),
        raw=answer,
    )
