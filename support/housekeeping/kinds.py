"""How each kind of remote resource is listed and deleted through the gateway: one entry a kind."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from support.errors import SetupError
from support.gateway.capabilities import Capability, ProviderGateway

_PAGE = 100
"""The largest page of files that every provider gives, and less than one of caches (provider-facts 2, 3.1)."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A resource in a provider's list."""

    id: str
    marked: str
    """Its name or metadata as the provider keeps it: starts with the marker of the run that made it, if one did."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of resource, on a provider that has the capability."""

    capability: Capability
    delete: Callable[[ProviderGateway, str], Awaitable[object]]
    list: Callable[[ProviderGateway], AsyncIterator[Listed]] | None = None
    """None where the provider does not list such resources: one without an id cannot be found again."""
    forgotten_after: timedelta | None = None
    """When the provider forgets one by itself, if it does: one that cannot be found again is left to that."""


async def _files(gateway: ProviderGateway) -> AsyncIterator[Listed]:
    async for file in gateway.files.list(page_size=_PAGE):
        yield Listed(file.id, file.sent_name)


async def _caches(gateway: ProviderGateway) -> AsyncIterator[Listed]:
    async for cache in gateway.caches.list(page_size=_PAGE):
        yield Listed(cache.id, cache.sent_name)


async def _stores(gateway: ProviderGateway) -> AsyncIterator[Listed]:
    async for store in gateway.vector_stores.list():
        yield Listed(store.id, store.marked)


async def _assistants(gateway: ProviderGateway) -> AsyncIterator[Listed]:
    async for assistant in gateway.assistants.list():
        yield Listed(assistant.id, assistant.marked)


async def _assistants_v2(gateway: ProviderGateway) -> AsyncIterator[Listed]:
    async for assistant in gateway.assistants_v2.list():
        yield Listed(assistant.id, assistant.marked)


def _beside(kind: str) -> Kind:
    """What is made along with assistants on Responses; the provider lists none of it."""
    return Kind(Capability.ASSISTANTS, lambda gateway, id: gateway.assistants.discard(kind, id))


KINDS: Mapping[str, Kind] = {
    # provider-facts 4.5: stored responses are kept for 30 days
    "response": replace(_beside("response"), forgotten_after=timedelta(days=30)),
    "container": _beside("container"),
    "conversation": _beside("conversation"),
    "kept_assistant": Kind(Capability.ASSISTANTS, lambda gateway, id: gateway.assistants.delete(id), _assistants),
    "v2_thread": Kind(Capability.ASSISTANTS_V2, lambda gateway, id: gateway.assistants_v2.threads.delete(id)),
    "v2_assistant": Kind(
        Capability.ASSISTANTS_V2, lambda gateway, id: gateway.assistants_v2.delete(id), _assistants_v2
    ),
    "vector_store": Kind(
        Capability.VECTOR_STORES, lambda gateway, id: gateway.vector_stores.delete(id, force=True), _stores
    ),
    "cached_context": Kind(Capability.CACHES, lambda gateway, id: gateway.caches.delete(id), _caches),
    "file": Kind(Capability.FILES, lambda gateway, id: gateway.files.delete(id), _files),
}


def kind_named(name: str) -> Kind:
    """Raises SetupError for a kind that the table lacks: one that a later version of the suite has journalled."""
    if name not in KINDS:
        raise SetupError(
            f"this version knows no way to remove a {name}; use the one that made it, or remove it by hand"
        )
    return KINDS[name]
