"""OpenAI as one gateway: the SDK's client over the shared transport, and what the provider offers."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import httpx2
import openai

from support.gateway.call import ChokePoint
from support.gateway.capabilities import Capability, ProviderGateway
from support.gateway.endpoint import Endpoint
from support.gateway.openai.assistants_v2.assistants import AssistantsV2
from support.gateway.openai.batches import OpenAIBatches
from support.gateway.openai.chat import OpenAIChat
from support.gateway.openai.embeddings import OpenAIEmbedder
from support.gateway.openai.files import OpenAIFiles
from support.gateway.openai.fine_tuning import OpenAIFineTuning
from support.gateway.openai.models import OpenAIModels
from support.gateway.openai.responses.assistants import ResponsesAssistants
from support.gateway.openai.tokens import OpenAITokens
from support.gateway.openai.vector_stores import OpenAIStores
from support.values import Provider


class OpenAIGateway(ProviderGateway):
    """OpenAI for one scenario: its own key, the process's connections. The SDK repeats no request: the choke point does."""

    provider = Provider.OPENAI
    cached_by = OpenAIChat.cached_by

    def __init__(self, endpoint: Endpoint, http: httpx2.AsyncClient, choke: ChokePoint) -> None:
        super().__init__(endpoint, http, choke)
        self._endpoint = endpoint
        self._client = openai.AsyncOpenAI(
            api_key=endpoint.key,
            base_url=f"{endpoint.base_url.rstrip('/')}/v1",
            http_client=http,
            max_retries=0,
            timeout=endpoint.request_timeout,
        )

    def _files(self) -> OpenAIFiles:
        return OpenAIFiles(self._choke, self._client)

    def _stores(self) -> OpenAIStores:
        return OpenAIStores(self._choke, self._client)

    def _embeddings(self) -> OpenAIEmbedder:
        return OpenAIEmbedder(self._choke, self._client)

    def _batches(self) -> OpenAIBatches:
        return OpenAIBatches(self._choke, self._client)

    def _fine_tuning(self) -> OpenAIFineTuning:
        return OpenAIFineTuning(self._choke, self._client)

    def _chat(self) -> OpenAIChat:
        return OpenAIChat(self._choke, self._client)

    def _tokens(self) -> OpenAITokens:
        return OpenAITokens(self._choke, self._client)

    def _models(self) -> OpenAIModels:
        return OpenAIModels(self._choke, self._client)

    def _assistants(self) -> ResponsesAssistants:
        return ResponsesAssistants(self._choke, self._client, self._endpoint)

    def _assistants_v2(self) -> AssistantsV2:
        return AssistantsV2(self._choke, self._client)

    instead: ClassVar[Mapping[Capability, str]] = {
        Capability.CACHES: "it keeps the beginnings of questions by itself; ask with a CacheKey",
        Capability.CORPORA: "only Gemini ever had them; use vector_stores",
    }
    offers: ClassVar[Mapping[Capability, Callable[[Any], object]]] = {
        Capability.FILES: _files,
        Capability.VECTOR_STORES: _stores,
        Capability.EMBEDDINGS: _embeddings,
        Capability.ASSISTANTS: _assistants,
        Capability.ASSISTANTS_V2: _assistants_v2,
        Capability.BATCHES: _batches,
        Capability.FINE_TUNING: _fine_tuning,
        Capability.CHAT: _chat,
        Capability.TOKENS: _tokens,
        Capability.MODELS: _models,
    }
