"""One turn of a session over a provider's chat: in one piece or in many, with the number of requests it took."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from support.errors import TouchstoneError
from support.gateway.capabilities import ProviderGateway
from support.gateway.clock import Clock
from support.gateway.retry import own_wait
from support.values import ChatAnswer, FunctionTool, Message, ToolChoice


@dataclass(frozen=True, slots=True)
class Asked:
    """What a turn asks."""

    messages: Sequence[Message]
    model: str
    system: str | None
    max_output_tokens: int
    tools: Sequence[FunctionTool]
    tool_choice: ToolChoice
    on_text: Callable[[str], object] | None = field(default=None)
    """Told of each piece of a streamed answer."""


async def answered(gateway: ProviderGateway, asked: Asked, *, stream: bool, clock: Clock) -> tuple[ChatAnswer, int]:
    """The whole answer, and how many requests it took."""
    attempts = 1
    outer = own_wait.get()

    async def wait(error: TouchstoneError, seconds: float) -> None:
        nonlocal attempts
        await (clock.sleep(seconds) if outer is None else outer(error, seconds))
        attempts += 1

    token = own_wait.set(wait)
    try:
        answer = await (streamed(gateway, asked) if stream else whole(gateway, asked))
    finally:
        own_wait.reset(token)
    return answer, attempts


async def whole(gateway: ProviderGateway, asked: Asked) -> ChatAnswer:
    """In one piece."""
    return await gateway.chat.ask(
        asked.messages,
        model=asked.model,
        max_output_tokens=asked.max_output_tokens,
        system=asked.system,
        tools=asked.tools,
        tool_choice=asked.tool_choice,
    )


async def streamed(gateway: ProviderGateway, asked: Asked) -> ChatAnswer:
    """In pieces, which are told of as they come."""
    pieces = gateway.chat.stream(
        asked.messages,
        model=asked.model,
        max_output_tokens=asked.max_output_tokens,
        system=asked.system,
        tools=asked.tools,
        tool_choice=asked.tool_choice,
    )
    async for text in pieces:
        if asked.on_text is not None:
            asked.on_text(text)
    return pieces.answer
