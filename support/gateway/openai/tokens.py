"""Counting input tokens at OpenAI: `POST /v1/responses/input_tokens`, for text and stored files."""

from collections.abc import Mapping, Sequence
from typing import Any

import openai
from pydantic_core import to_json

from support.gateway.call import ChokePoint, Operation
from support.gateway.openai.errors import translate
from support.gateway.retry import Repeat
from support.gateway.spellings import messages_of
from support.values import Message, Picture, Provider


class OpenAITokens:
    """The counting endpoint; it is free of charge, so the call has no bound."""

    def __init__(self, choke: ChokePoint, client: openai.AsyncOpenAI) -> None:
        self._choke = choke
        self._client = client

    async def count(self, messages: Sequence[Message], *, model: str, system: str | None = None) -> int:
        """Input tokens of a request with these messages (recordings: openai responses: input tokens)."""
        return await self.count_request(request_of(messages_of(Provider.OPENAI, messages), model, system))

    async def count_request(self, request: Mapping[str, Any]) -> int:
        """Input tokens of a request in the spelling of the Responses API."""

        async def send() -> int:
            return (await self._client.responses.input_tokens.count(**request)).input_tokens

        return await self._choke.call(
            Operation(Provider.OPENAI, "tokens.count", Repeat.ALWAYS, model=request["model"]), send, translate
        )


def request_of(messages: Sequence[Message], model: str, system: str | None) -> dict[str, Any]:
    """The SDK's keyword arguments: messages in the spelling of the Responses API, which is another than Chat Completions'."""
    request: dict[str, Any] = {"model": model, "input": [item for message in messages for item in _items(message)]}
    if system is not None:
        request["instructions"] = system
    return request


def _items(message: Message) -> list[dict[str, Any]]:
    """A turn in the items of the Responses API, where calls of functions and their outputs stand beside the messages."""
    outputs = [
        {"type": "function_call_output", "call_id": output.call_id, "output": output.output}
        for output in message.outputs
    ]
    calls = [
        {
            "type": "function_call",
            "call_id": call.id,
            "name": call.name,
            "arguments": to_json(call.arguments).decode(),
        }
        for call in message.calls
    ]
    said = [spoken(message)] if message.text or message.files or message.pictures or not (outputs or calls) else []
    return [*outputs, *said, *calls]


def spoken(message: Message) -> dict[str, Any]:
    """What is said in a turn, without calls and outputs: one message of the Responses API."""
    if not (message.files or message.pictures):
        return {"role": message.role, "content": message.text}
    files = [{"type": "input_file", "file_id": reference.file_id} for reference in message.files]
    pictures = [{"type": "input_image", "image_url": data_url(picture)} for picture in message.pictures]
    return {"role": message.role, "content": [*files, *pictures, {"type": "input_text", "text": message.text}]}


def data_url(picture: Picture) -> str:
    """A picture as an address that contains it."""
    return f"data:{picture.mime_type};base64,{picture.base64}"
