"""Opens one provider's gateway; its SDK is loaded when the first scenario wants it."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import httpx2

from support.gateway.call import ChokePoint
from support.gateway.capabilities import ProviderGateway
from support.gateway.endpoint import Endpoint, client_of
from support.values import Provider


@cache
def gateway_class(provider: Provider) -> type[ProviderGateway]:
    """The class that speaks to the provider; asking for it loads the provider's SDK."""
    with _kept_for_good():
        return _imported(provider)


def _imported(provider: Provider) -> type[ProviderGateway]:
    match provider:
        case Provider.OPENAI:
            from support.gateway.openai.gateway import OpenAIGateway

            return OpenAIGateway
        case Provider.ANTHROPIC:
            from support.gateway.anthropic.gateway import AnthropicGateway

            return AnthropicGateway
        case Provider.GEMINI:
            from support.gateway.gemini.gateway import GeminiGateway

            return GeminiGateway


def open_gateway(endpoint: Endpoint, http: httpx2.AsyncClient, choke: ChokePoint) -> ProviderGateway:
    """The gateway to `endpoint`, over the shared client."""
    return gateway_class(endpoint.provider)(endpoint, client_of(endpoint, http), choke)


@contextmanager
def _kept_for_good() -> Iterator[None]:
    """An SDK makes some hundred thousand objects that stay: looking for garbage among them, now or later, is time lost."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()
