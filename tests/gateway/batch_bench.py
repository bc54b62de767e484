"""What the tests of batches share: each provider's gateway, questions, and a simulator that can be told to take longer."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx

from support.gateway.anthropic.gateway import AnthropicGateway
from support.gateway.capabilities import Batches, ProviderGateway
from support.gateway.gemini.gateway import GeminiGateway
from support.gateway.openai.gateway import OpenAIGateway
from support.values import BatchItem, BatchRequest, Message, Provider
from tests.gateway.conftest import Bench

GATEWAYS: dict[Provider, type[ProviderGateway]] = {
    Provider.OPENAI: OpenAIGateway,
    Provider.ANTHROPIC: AnthropicGateway,
    Provider.GEMINI: GeminiGateway,
}
MODELS = {
    Provider.OPENAI: "gpt-6-luna",
    Provider.ANTHROPIC: "claude-haiku-5-5",
    Provider.GEMINI: "gemini-3.5-flash-lite",
}
EMBEDDERS = {Provider.OPENAI: "text-embedding-3-small", Provider.GEMINI: "gemini-embedding-001"}
PROVIDERS = tuple(GATEWAYS)


def gateway_of(bench: Bench, provider: Provider) -> ProviderGateway:
    return GATEWAYS[provider](bench.endpoint(provider), bench.http, bench.choke)


def batches_of(bench: Bench, provider: Provider) -> Batches:
    return gateway_of(bench, provider).batches


def ask(provider: Provider, id: str, **changed: Any) -> BatchRequest:
    """A question whose answer is known: the simulator says what it is told to."""
    messages = (Message(role="user", text=f"Answer exactly: this is {id}"),)
    return BatchRequest(**{"id": id, "messages": messages, "model": MODELS[provider], **changed})


def several(provider: Provider, count: int) -> Iterator[BatchRequest]:
    return (ask(provider, f"request-{number}") for number in range(count))


async def collected(items: AsyncIterator[BatchItem]) -> dict[str, BatchItem]:
    """The results by id; each comes once."""
    found: dict[str, BatchItem] = {}
    async for item in items:
        assert item.id not in found
        found[item.id] = item
    return found


def set_durations(bench: Bench, **seconds: float) -> None:
    url = f"{bench.tenant.url}/_simulator/tenants/{bench.tenant.id}/durations"
    named = {f"batches.{name}": value for name, value in seconds.items()}
    assert httpx.post(url, json={"durations": named}, trust_env=False).is_success
