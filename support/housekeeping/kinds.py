"""How each kind of remote resource is listed and deleted through the gateway: one entry a kind."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from support.errors import SetupError
from support.gateway.capabilities import Capability, ProviderGateway
from support.values import Provider

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


async def _openai_batches(gateway: ProviderGateway) -> AsyncIterator[Listed]:
    """Batches stay for ever; listed are those that run, or whose results are still there."""
    if gateway.provider is Provider.OPENAI:
        files = {file.id async for file in gateway.files.list(purpose="batch_output")}
        async for batch in gateway.batches.list(page_size=_PAGE):
            if not batch.ended or files & {batch.output_file_id, batch.error_file_id}:
                yield Listed(batch.id, batch.marked)


async def _gemini_batches(gateway: ProviderGateway) -> AsyncIterator[Listed]:
    if gateway.provider is Provider.GEMINI:
        async for batch in gateway.batches.list(page_size=_PAGE):
            yield Listed(batch.id, batch.marked)


async def _tuning_jobs(gateway: ProviderGateway) -> AsyncIterator[Listed]:
    """Jobs stay for ever; listed are those that run, or whose model is still there."""
    models = {model.id async for model in gateway.models.list()}
    async for job in gateway.fine_tuning.list(page_size=_PAGE):
        if not job.ended or job.tuned_model in models:
            yield Listed(job.id, job.marked)


def _beside(kind: str) -> Kind:
    """What is made along with assistants on Responses; the provider lists none of it."""
    return Kind(Capability.ASSISTANTS, lambda gateway, id: gateway.assistants.discard(kind, id))


KINDS: Mapping[str, Kind] = {
    # provider-facts 4.5: stored responses are kept for 30 days
    "response": replace(_beside("response"), forgotten_after=timedelta(days=30)),
    # provider-facts 11: a session of 20 minutes
    "container": replace(_beside("container"), forgotten_after=timedelta(minutes=20)),
    "conversation": _beside("conversation"),
    "kept_assistant": Kind(Capability.ASSISTANTS, lambda gateway, id: gateway.assistants.delete(id), _assistants),
    "v2_thread": Kind(Capability.ASSISTANTS_V2, lambda gateway, id: gateway.assistants_v2.threads.delete(id)),
    "v2_assistant": Kind(
        Capability.ASSISTANTS_V2, lambda gateway, id: gateway.assistants_v2.delete(id), _assistants_v2
    ),
    "vector_store": Kind(
        Capability.VECTOR_STORES, lambda gateway, id: gateway.vector_stores.delete(id, force=True), _stores
    ),
    "openai_batch": Kind(Capability.BATCHES, lambda gateway, id: gateway.batches.discard(id), _openai_batches),
    "message_batch": Kind(Capability.BATCHES, lambda gateway, id: gateway.batches.discard(id)),
    "gemini_batch": Kind(Capability.BATCHES, lambda gateway, id: gateway.batches.discard(id), _gemini_batches),
    "tuned_model": Kind(Capability.FINE_TUNING, lambda gateway, id: gateway.fine_tuning.delete_model(id)),
    "tuning_job": Kind(Capability.FINE_TUNING, lambda gateway, id: gateway.fine_tuning.discard(id), _tuning_jobs),
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
