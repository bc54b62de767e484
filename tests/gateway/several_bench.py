"""What the tests of several providers share: gateways that are functions, a clock that is moved by hand, and a purse that prices."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from support.errors import RateLimited, RequestTimeout, ServerError, TouchstoneError, Unsupported
from support.gateway.capabilities import ProviderGateway
from support.values import ChatAnswer, Embeddings, Message, Provider, Usage
from tests.gateway.batch_bench import EMBEDDERS, MODELS

START = datetime(2026, 11, 22, 9, tzinfo=UTC)
QUESTION = (Message(role="user", text="What is the capital of France, in one word?"),)
Outcome = TouchstoneError | str


def outage(status: int = 500) -> ServerError:
    return ServerError("it is down", status=status, sent=1)


def refused_connection() -> ServerError:
    return ServerError("the connection was refused", code="connection_refused", sent=1)


def limited(after: float | None = None) -> RateLimited:
    return RateLimited("too many", status=429, retry_after=after, sent=1)


def late() -> RequestTimeout:
    return RequestTimeout("it did not answer in time", sent=1)


@dataclass
class FakeClock:
    """Moves when somebody sleeps on it, or by hand."""

    time: datetime = START
    sleeps: list[float] = field(default_factory=list)
    looks: int = 0

    async def now(self) -> datetime:
        self.looks += 1
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@dataclass
class FakeGateway:
    """A provider whose chat and embedder are functions."""

    provider: Provider
    outcomes: Iterator[Outcome]
    usage: Usage = field(default_factory=lambda: Usage(uncached_input_tokens=1000, output_tokens=500))
    asked: list[Mapping[str, Any]] = field(default_factory=list)
    vectors: Callable[[str], tuple[float, ...]] = lambda text: (1.0, 0.0)
    during: Callable[[], Any] | None = None
    """Awaited while a question is under way."""

    @property
    def chat(self) -> "FakeGateway":
        return self

    @property
    def embeddings(self) -> "FakeGateway":
        if self.provider is Provider.ANTHROPIC:
            raise Unsupported("Anthropic has no embeddings", provider=self.provider)
        return self

    async def ask(self, messages: Sequence[Message], **said: Any) -> ChatAnswer:
        self.asked.append({"text": messages[-1].text, **said})
        if self.during is not None:
            await self.during()
        outcome = next(self.outcomes)
        if isinstance(outcome, TouchstoneError):
            outcome.provider = self.provider
            raise outcome
        return ChatAnswer(
            provider=self.provider,
            model=said["model"],
            id=f"answer-{len(self.asked)}",
            text=outcome,
            stop_reason="end",
            usage=self.usage,
            raw={},
        )

    async def embed(self, texts: Sequence[str], *, model: str, dimensions: int | None = None) -> Embeddings:
        self.asked.append({"texts": tuple(texts), "model": model})
        made = tuple(self.vectors(text) for text in texts)
        return Embeddings(
            provider=self.provider, model=model, vectors=made, usage=Usage(uncached_input_tokens=10), raw={}
        )


def endless(outcome: Outcome) -> Iterator[Outcome]:
    while True:
        yield outcome


def fake(provider: Provider, *outcomes: Outcome, then: Outcome = "Paris", **more: Any) -> FakeGateway:
    """These outcomes in turn, then one for ever."""

    def played() -> Iterator[Outcome]:
        yield from outcomes
        yield from endless(then)

    return FakeGateway(provider, played(), **more)


def route(gateway: FakeGateway, model: str | None = None) -> tuple[ProviderGateway, str]:
    return cast(ProviderGateway, gateway), model or MODELS[gateway.provider]


def vector_route(gateway: FakeGateway) -> tuple[ProviderGateway, str]:
    return cast(ProviderGateway, gateway), EMBEDDERS.get(gateway.provider, "none")
