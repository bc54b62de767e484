"""Anthropic as one object: the SDK over the shared HTTP client, with a capability an attribute."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import anthropic
import httpx2

from support.gateway.anthropic.batches import AnthropicBatches
from support.gateway.anthropic.chat import AnthropicChat
from support.gateway.anthropic.files import AnthropicFiles
from support.gateway.anthropic.models import AnthropicModels
from support.gateway.anthropic.tokens import AnthropicTokens
from support.gateway.call import ChokePoint
from support.gateway.capabilities import Capability, ProviderGateway
from support.gateway.endpoint import Endpoint
from support.values import Provider


class AnthropicGateway(ProviderGateway):
    """Anthropic for one scenario: its own key, the process's connections; the SDK itself repeats nothing."""

    provider = Provider.ANTHROPIC
    cached_by = AnthropicChat.cached_by

    def __init__(self, endpoint: Endpoint, http: httpx2.AsyncClient, choke: ChokePoint) -> None:
        super().__init__(endpoint, http, choke)
        self._client = anthropic.AsyncAnthropic(
            api_key=endpoint.key,
            base_url=endpoint.base_url,
            timeout=endpoint.request_timeout,
            max_retries=0,
            http_client=http,
        )

    def _files(self) -> AnthropicFiles:
        return AnthropicFiles(self._choke, self._client)

    def _batches(self) -> AnthropicBatches:
        return AnthropicBatches(self._choke, self._client)

    def _chat(self) -> AnthropicChat:
        return AnthropicChat(self._choke, self._client)

    def _tokens(self) -> AnthropicTokens:
        return AnthropicTokens(self._choke, self._client)

    def _models(self) -> AnthropicModels:
        return AnthropicModels(self._choke, self._client)

    instead: ClassVar[Mapping[Capability, str]] = {
        Capability.CACHES: "it caches what a question marks; ask with CacheMarks",
        Capability.VECTOR_STORES: "put the passages into the question, or keep them at OpenAI or Gemini",
        Capability.EMBEDDINGS: "make vectors at OpenAI or Gemini",
        Capability.CORPORA: "only Gemini ever had them; use vector_stores at OpenAI or Gemini",
        Capability.ASSISTANTS: "carry the conversation on in a Session",
        Capability.ASSISTANTS_V2: "carry the conversation on in a Session",
        Capability.FINE_TUNING: "its API trains no models; put examples into the prompt, or tune at OpenAI",
    }
    offers: ClassVar[Mapping[Capability, Callable[[Any], object]]] = {
        Capability.FILES: _files,
        Capability.BATCHES: _batches,
        Capability.CHAT: _chat,
        Capability.TOKENS: _tokens,
        Capability.MODELS: _models,
    }
