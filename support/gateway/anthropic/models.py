"""The models that Anthropic lists (provider-facts 10)."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

import anthropic

from support.gateway.anthropic.errors import translate
from support.gateway.call import ChokePoint, Operation
from support.gateway.exchanges import answer_on_the_wire
from support.gateway.retry import Repeat
from support.values import ModelInfo, Provider


class AnthropicModels:
    """`/v1/models`: active and deprecated ones, newest first."""

    def __init__(self, choke: ChokePoint, client: anthropic.AsyncAnthropic) -> None:
        self._choke = choke
        self._client = client

    async def get(self, model: str) -> ModelInfo:
        async def send() -> ModelInfo:
            await self._client.models.retrieve(model)
            return info(answer_on_the_wire())

        return await self._choke.call(
            Operation(Provider.ANTHROPIC, "models.get", Repeat.ALWAYS, model=model), send, translate
        )

    async def list(self) -> AsyncIterator[ModelInfo]:
        cursor: str | None = None
        while True:
            answer = await self._page(cursor)
            for item in answer["data"]:
                yield info(item)
            if not answer["has_more"]:
                return
            cursor = answer["last_id"]

    async def _page(self, cursor: str | None) -> Any:
        async def send() -> Any:
            options: dict[str, Any] = {} if cursor is None else {"after_id": cursor}
            await self._client.models.list(**options)
            return answer_on_the_wire()

        return await self._choke.call(Operation(Provider.ANTHROPIC, "models.list", Repeat.ALWAYS), send, translate)


def info(answer: Mapping[str, Any]) -> ModelInfo:
    """The model object of the wire as the gateway's value; the end of its life is told where one is planned."""
    retires_at = answer.get("retires_at")
    return ModelInfo(
        provider=Provider.ANTHROPIC,
        id=answer["id"],
        display_name=answer["display_name"],
        context_window_tokens=answer.get("max_input_tokens"),
        max_output_tokens=answer.get("max_tokens"),
        shutdown_on=None if retires_at is None else datetime.fromisoformat(retires_at),
        raw=answer,
    )
