"""What the tests of sessions share: a provider that is a few functions, a clock that is set by hand, and questions."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from support.gateway.sessions import Session, SessionMessage, SessionSettings, Turn
from support.values import ChatAnswer, FunctionTool, Message, Provider, ToolCall, ToolOutput, Usage

START = datetime(2026, 11, 22, 9, tzinfo=UTC)
MODELS = {
    Provider.OPENAI: "gpt-6-luna",
    Provider.ANTHROPIC: "claude-haiku-5-5",
    Provider.GEMINI: "gemini-3.5-flash-lite",
}
WEATHER = FunctionTool(
    name="get_weather",
    description="Tells the weather in a place.",
    parameters={"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]},
)


@dataclass
class HandClock:
    shown: datetime = START
    step: timedelta = timedelta(seconds=1)

    async def now(self) -> datetime:
        self.shown += self.step
        return self.shown

    async def sleep(self, seconds: float) -> None:
        self.shown += timedelta(seconds=seconds)


@dataclass
class FakeStream:
    whole: Callable[[], ChatAnswer]
    cut: Exception | None = None
    _answer: ChatAnswer | None = None

    async def __aiter__(self) -> AsyncIterator[str]:
        answer = self.whole()
        yield answer.text[:3]
        if self.cut is not None:
            raise self.cut
        yield answer.text[3:]
        self._answer = answer

    @property
    def answer(self) -> ChatAnswer:
        assert self._answer is not None
        return self._answer


@dataclass
class FakeGateway:
    """Its own chat and counting endpoint: a word is a token, and a message has two more."""

    provider: Provider = Provider.OPENAI
    asked: list[list[Message]] = field(default_factory=list)
    systems: list[str | None] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    """Messages of each question that was counted."""
    usages: list[Usage] = field(default_factory=list)
    calls: list[tuple[ToolCall, ...]] = field(default_factory=list)
    failure: Exception | None = None

    @property
    def chat(self) -> Any:
        return self

    @property
    def tokens(self) -> Any:
        return self

    def _take(self, messages: Sequence[Message], model: str, system: str | None) -> ChatAnswer:
        self.asked.append(list(messages))
        self.systems.append(system)
        calls = self.calls.pop(0) if self.calls else ()
        return ChatAnswer(
            provider=self.provider,
            model=model,
            id=f"answer-{len(self.asked)}",
            text="" if calls else f"answer {len(self.asked)}",
            stop_reason="tool_call" if calls else "end",
            usage=self.usages.pop(0) if self.usages else Usage(uncached_input_tokens=10, output_tokens=5),
            calls=calls,
            raw={},
        )

    async def ask(
        self, messages: Sequence[Message], *, model: str, system: str | None = None, **more: Any
    ) -> ChatAnswer:
        del more
        if self.failure is not None:
            raise self.failure
        return self._take(messages, model, system)

    def stream(self, messages: Sequence[Message], *, model: str, system: str | None = None, **more: Any) -> FakeStream:
        del more
        return FakeStream(lambda: self._take(messages, model, system), self.failure)

    async def count(self, messages: Sequence[Message], *, model: str, system: str | None = None) -> int:
        del model
        self.counts.append(len(messages))
        return tokens(messages, system)


def tokens(messages: Sequence[Message], system: str | None = None) -> int:
    words = len((system or "").split())
    for one in messages:
        words += 2 + len(one.text.split()) + sum(len(output.output.split()) for output in one.outputs)
    return words


def gateway_of(fake: FakeGateway) -> Any:
    return fake


def session(
    provider: Provider = Provider.OPENAI, *, clock: HandClock | None = None, system: str | None = None, **settings: Any
) -> Session:
    return Session(
        provider,
        MODELS[provider],
        clock=clock or HandClock(),
        created_at=START,
        system=system,
        settings=SessionSettings(**settings),
    )


def entry(message: Message, provider: Provider = Provider.OPENAI) -> SessionMessage:
    return SessionMessage(id=f"message-{uuid4().hex}", created_at=START, provider=provider, message=message)


def user(text: str, *outputs: ToolOutput) -> Message:
    return Message(role="user", text=text, outputs=outputs)


def model(text: str, *calls: ToolCall) -> Message:
    return Message(role="assistant", text=text, calls=calls)


def call(id: str, signature: str | None = None) -> ToolCall:
    return ToolCall(id=id, name="get_weather", arguments={"location": "Rome"}, signature=signature)


def output(id: str, text: str = "sunny") -> ToolOutput:
    return ToolOutput(call_id=id, output=text)


def spent(provider: Provider = Provider.OPENAI, tokens_in: int = 10) -> Turn:
    usage = Usage(uncached_input_tokens=tokens_in, output_tokens=1)
    return Turn(provider=provider, model=MODELS[provider], usage=usage, cost_usd=None, at=START)
