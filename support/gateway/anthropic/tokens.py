"""Anthropic's count of the input tokens of a request (provider-facts 9.2)."""

from collections.abc import Sequence

import anthropic

from support.gateway.anthropic.errors import translate
from support.gateway.anthropic.messages import conversation
from support.gateway.call import ChokePoint, Operation
from support.gateway.retry import Repeat
from support.gateway.spellings import messages_of
from support.values import Message, Provider


class AnthropicTokens:
    """`/v1/messages/count_tokens`: free of charge, so nothing is reserved for it."""

    def __init__(self, choke: ChokePoint, client: anthropic.AsyncAnthropic) -> None:
        self._choke = choke
        self._client = client

    async def count(self, messages: Sequence[Message], *, model: str, system: str | None = None) -> int:
        request = conversation(messages_of(Provider.ANTHROPIC, messages), system)

        async def send() -> int:
            return (await self._client.messages.count_tokens(model=model, **request)).input_tokens

        operation = Operation(Provider.ANTHROPIC, "tokens.count", Repeat.ALWAYS, model=model)
        return await self._choke.call(operation, send, translate)
