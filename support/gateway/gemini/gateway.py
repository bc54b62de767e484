"""Gemini as one object: the SDK over the shared HTTP client, with a capability an attribute."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import httpx2

from support.gateway.call import ChokePoint
from support.gateway.capabilities import Capability, ProviderGateway
from support.gateway.endpoint import Endpoint
from support.gateway.gemini.batches import GeminiBatches
from support.gateway.gemini.caches import GeminiCaches
from support.gateway.gemini.chat import GeminiChat
from support.gateway.gemini.client import connect
from support.gateway.gemini.embeddings import GeminiEmbedder
from support.gateway.gemini.file_search import GeminiStores
from support.gateway.gemini.files import GeminiFiles
from support.gateway.gemini.models import GeminiModels
from support.gateway.gemini.tokens import GeminiTokens
from support.values import Provider


class GeminiGateway(ProviderGateway):
    """Gemini for one scenario: its own key, the process's connections; the SDK itself repeats nothing."""

    provider = Provider.GEMINI
    cached_by = GeminiChat.cached_by
    instead: ClassVar[Mapping[Capability, str]] = {
        Capability.CORPORA: "they needed OAuth2 instead of a key; use vector_stores, which are File Search stores here",
        Capability.ASSISTANTS: "carry the conversation on in a Session",
        Capability.ASSISTANTS_V2: "carry the conversation on in a Session",
        Capability.FINE_TUNING: "no model can be tuned with a key since 2025-05; tune at OpenAI, or on Google's Vertex AI",
    }
    offers: ClassVar[Mapping[Capability, Callable[[Any], object]]] = {
        Capability.FILES: lambda self: GeminiFiles(self.choke, self.client),
        Capability.CACHES: lambda self: GeminiCaches(self.choke, self.client, self.base_url),
        Capability.VECTOR_STORES: lambda self: GeminiStores(self.choke, self.client, self.base_url),
        Capability.EMBEDDINGS: lambda self: GeminiEmbedder(self.choke, self.client, self.base_url),
        Capability.BATCHES: lambda self: GeminiBatches(self.choke, self.client, self.base_url),
        Capability.CHAT: lambda self: GeminiChat(self.choke, self.client, self.base_url),
        Capability.TOKENS: lambda self: GeminiTokens(self.choke, self.client, self.base_url),
        Capability.MODELS: lambda self: GeminiModels(self.choke, self.client),
    }

    def __init__(self, endpoint: Endpoint, http: httpx2.AsyncClient, choke: ChokePoint) -> None:
        super().__init__(endpoint, http, choke)
        self.choke = choke
        self.base_url = endpoint.base_url
        self.client = connect(endpoint, http)
