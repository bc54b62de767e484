"""What a provider can do: one Protocol a capability, and one place that says which provider has which."""

from support.gateway.capabilities.caches import Caches
from support.gateway.capabilities.chat import Chat, ChatStream, Models, Tokens
from support.gateway.capabilities.files import Files, Order
from support.gateway.capabilities.knowledge import Embedder, VectorStores
from support.gateway.capabilities.provider import Capability, ProviderGateway

__all__ = [
    "Caches",
    "Capability",
    "Chat",
    "ChatStream",
    "Embedder",
    "Files",
    "Models",
    "Order",
    "ProviderGateway",
    "Tokens",
    "VectorStores",
]
