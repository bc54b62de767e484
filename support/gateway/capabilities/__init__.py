"""What a provider can do: one Protocol a capability, and one place that says which provider has which."""

from support.gateway.capabilities.assistants import Assistants, Messages, Runs, RunStream, Threads
from support.gateway.capabilities.batches import Batches
from support.gateway.capabilities.caches import Caches
from support.gateway.capabilities.chat import Chat, ChatStream, Models, Tokens
from support.gateway.capabilities.files import Files, Order
from support.gateway.capabilities.fine_tuning import FineTuning
from support.gateway.capabilities.knowledge import Embedder, VectorStores
from support.gateway.capabilities.provider import Capability, ProviderGateway

__all__ = [
    "Assistants",
    "Batches",
    "Caches",
    "Capability",
    "Chat",
    "ChatStream",
    "Embedder",
    "Files",
    "FineTuning",
    "Messages",
    "Models",
    "Order",
    "ProviderGateway",
    "RunStream",
    "Runs",
    "Threads",
    "Tokens",
    "VectorStores",
]
