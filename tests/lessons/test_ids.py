"""LL-21: ids are taken as they come; nothing is read out of them, and one of another shape is the provider's to judge."""

from collections.abc import Awaitable, Callable

import pytest

from support.errors import NotFound
from support.gateway.capabilities import ProviderGateway
from support.gateway.open import open_gateway
from support.values import Provider
from tests.gateway.conftest import Bench

pytestmark = pytest.mark.anyio

Lookup = Callable[[ProviderGateway, str], Awaitable[object]]

LOOKUPS: dict[str, tuple[Lookup, str]] = {
    "files": (lambda gateway, id_: gateway.files.get(id_), "files"),
    "batches": (lambda gateway, id_: gateway.batches.get(id_), "batches"),
    "models": (lambda gateway, id_: gateway.models.get(id_), "models"),
    "vector_stores": (lambda gateway, id_: gateway.vector_stores.get(id_), "fileSearchStores"),
    "caches": (lambda gateway, id_: gateway.caches.get(id_), "cachedContents"),
    "fine_tuning": (lambda gateway, id_: gateway.fine_tuning.get(id_), ""),
}
"""How each thing is looked up, and what Gemini calls the collection, which is a part of its ids."""
CASES = [
    (provider, capability, id_)
    for provider, capabilities in {
        Provider.OPENAI: ("files", "batches", "models", "vector_stores", "fine_tuning"),
        Provider.ANTHROPIC: ("files", "batches", "models"),
        Provider.GEMINI: ("files", "batches", "models", "vector_stores", "caches"),
    }.items()
    for capability in capabilities
    for id_ in ("file-of-nobody", "batch-of-nobody", "zz9-plural-z", "00000000")
]


@pytest.mark.parametrize(("provider", "capability", "id_"), CASES)
async def test_an_id_of_any_shape_is_sent_as_it_is_and_is_the_providers_to_judge(
    bench: Bench, provider: Provider, capability: str, id_: str
) -> None:
    look, collection = LOOKUPS[capability]
    named = f"{collection}/{id_}" if provider is Provider.GEMINI else id_
    with pytest.raises(NotFound) as missing:
        await look(open_gateway(bench.endpoint(provider), bench.http, bench.choke), named)
    assert missing.value.status == bench.wire.exchanges[-1].status
    [sent] = bench.wire.exchanges
    assert (sent.method, sent.path.rpartition("/")[2]) == ("GET", id_)
