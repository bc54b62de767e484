"""Gemini's count of the input tokens of a request (provider-facts 9.3)."""

from collections.abc import Sequence
from typing import Any

from google.genai.client import AsyncClient
from pydantic_core import from_json, to_json

from support.gateway.call import ChokePoint, Operation
from support.gateway.gemini.contents import contents
from support.gateway.gemini.errors import translate
from support.gateway.gemini.spellings import messages_of
from support.gateway.retry import Repeat
from support.values import Message, Provider


class GeminiTokens:
    """`:countTokens`: free of charge, so nothing is reserved for it."""

    def __init__(self, choke: ChokePoint, client: AsyncClient, base_url: str) -> None:
        self._choke = choke
        self._models = client.models
        self._base_url = base_url

    async def count(self, messages: Sequence[Message], *, model: str, system: str | None = None) -> int:
        request = self._request(messages_of(messages), model, system)

        async def send() -> int:
            return (await self._models.count_tokens(model=model, **request)).total_tokens or 0

        operation = Operation(Provider.GEMINI, "tokens.count", Repeat.ALWAYS, model=model)
        return await self._choke.call(operation, send, translate)

    def _request(self, messages: Sequence[Message], model: str, system: str | None) -> dict[str, Any]:
        turns = contents(messages, self._base_url)
        if system is None:
            return {"contents": turns}
        # The SDK refuses a system instruction here, the endpoint takes it inside the request that is to be counted: as JSON.
        whole = {
            "model": f"models/{model.removeprefix('models/')}",
            "contents": from_json(to_json(turns, bytes_mode="base64")),
            "system_instruction": {"parts": [{"text": system}]},
        }
        return {"contents": None, "config": {"http_options": {"extra_body": {"generateContentRequest": whole}}}}
