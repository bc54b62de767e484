"""A provider as one object with an attribute a capability, and the one place that says which it has."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, ClassVar, cast

import httpx2

from support.errors import Unsupported
from support.gateway.call import ChokePoint
from support.gateway.capabilities.assistants import Assistants
from support.gateway.capabilities.batches import Batches
from support.gateway.capabilities.caches import Caches
from support.gateway.capabilities.chat import Chat, Models, Tokens
from support.gateway.capabilities.files import Files
from support.gateway.capabilities.fine_tuning import FineTuning
from support.gateway.capabilities.knowledge import Embedder, VectorStores
from support.gateway.endpoint import Endpoint
from support.values import CacheUse, Provider


class Capability(StrEnum):
    """The attributes that a provider can have."""

    FILES = "files"
    CACHES = "caches"
    VECTOR_STORES = "vector_stores"
    EMBEDDINGS = "embeddings"
    CORPORA = "corpora"
    """What Gemini had before its File Search stores; no provider has it any more for a key."""
    ASSISTANTS = "assistants"
    """On OpenAI's Responses and Conversations."""
    ASSISTANTS_V2 = "assistants_v2"
    """On OpenAI's Assistants API, which was switched off on 2026-08-26; for servers that still speak it."""
    BATCHES = "batches"
    FINE_TUNING = "fine_tuning"
    CHAT = "chat"
    TOKENS = "tokens"
    MODELS = "models"


class ProviderGateway:
    """One provider, with one attribute a capability.

    `offers` is the single source of what it can do: the attribute of a capability that is not in it raises Unsupported.
    """

    provider: ClassVar[Provider]
    offers: ClassVar[Mapping[Capability, Callable[[Any], object]]]
    cached_by: ClassVar[type[CacheUse]]
    """How a question to the provider is cached."""
    instead: ClassVar[Mapping[Capability, str]] = {}
    """What a capability that it lacks would need, and what to use instead."""

    def __init__(self, endpoint: Endpoint, http: httpx2.AsyncClient, choke: ChokePoint) -> None:
        self._choke = choke
        self._made: dict[Capability, object] = {}

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset(self.offers)

    def _offered(self, capability: Capability) -> Any:
        if capability not in self._made:
            make = self.offers.get(capability)
            if make is None:
                hint = f": {self.instead[capability]}" if capability in self.instead else ""
                said = f"{self.provider} has no {capability.replace('_', ' ')}{hint}"
                raise Unsupported(said, provider=self.provider)
            self._made[capability] = make(self)
        return self._made[capability]

    @property
    def files(self) -> Files:
        return cast(Files, self._offered(Capability.FILES))

    @property
    def caches(self) -> Caches:
        return cast(Caches, self._offered(Capability.CACHES))

    @property
    def vector_stores(self) -> VectorStores:
        return cast(VectorStores, self._offered(Capability.VECTOR_STORES))

    @property
    def embeddings(self) -> Embedder:
        return cast(Embedder, self._offered(Capability.EMBEDDINGS))

    @property
    def corpora(self) -> object:
        """Raises Unsupported: what was one is a store now."""
        return self._offered(Capability.CORPORA)

    @property
    def assistants(self) -> Assistants:
        return cast(Assistants, self._offered(Capability.ASSISTANTS))

    @property
    def assistants_v2(self) -> Assistants:
        """Where the API is off, everything raises Retired."""
        return cast(Assistants, self._offered(Capability.ASSISTANTS_V2))

    @property
    def batches(self) -> Batches:
        return cast(Batches, self._offered(Capability.BATCHES))

    @property
    def fine_tuning(self) -> FineTuning:
        return cast(FineTuning, self._offered(Capability.FINE_TUNING))

    @property
    def chat(self) -> Chat:
        return cast(Chat, self._offered(Capability.CHAT))

    @property
    def tokens(self) -> Tokens:
        return cast(Tokens, self._offered(Capability.TOKENS))

    @property
    def models(self) -> Models:
        return cast(Models, self._offered(Capability.MODELS))
