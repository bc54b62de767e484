"""LL-14, LL-18, LL-19: one kind for each refusal of a cache, knowledge bases with a key alone, and how a document joins a store."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from support.errors import AuthenticationFailed, InvalidRequest, NotFound, TouchstoneError, Unsupported
from support.gateway.capabilities import ProviderGateway
from support.gateway.open import open_gateway
from support.values import Message, Provider
from tests.gateway.conftest import ROOT, Bench

pytestmark = pytest.mark.anyio

GEMINI = "gemini-3.5-flash-lite"
MANUAL = "The lamp of the harbour turns once in twelve seconds. " * 1000
SYSTEM = "Answer from the manual alone."
TEN_MINUTES = timedelta(minutes=10)
NOBODYS = "cachedContents/nobodys"


@pytest.fixture
def gemini(bench: Bench) -> ProviderGateway:
    return open_gateway(bench.endpoint(Provider.GEMINI), bench.http, bench.choke)


def said(text: str) -> tuple[Message, ...]:
    return (Message(role="user", text=text),)


async def test_a_cache_of_plain_text_has_the_tokens_of_the_text_itself(gemini: ProviderGateway) -> None:
    cache = await gemini.caches.create(model=GEMINI, messages=said(MANUAL), system=SYSTEM, ttl=TEN_MINUTES)
    assert cache.tokens == await gemini.tokens.count(said(MANUAL), model=GEMINI, system=SYSTEM)
    assert cache.tokens > await gemini.tokens.count(said(MANUAL), model=GEMINI), "the instructions are kept as well"


async def test_each_refusal_of_a_cache_has_one_kind(bench: Bench, gemini: ProviderGateway) -> None:
    caches, messages = gemini.caches, said(MANUAL)
    stranger = open_gateway(replace(bench.endpoint(Provider.GEMINI), key="wrong"), bench.http, bench.choke).caches
    refusals: list[tuple[type[TouchstoneError], object]] = [
        (NotFound, caches.get(NOBODYS)),
        (NotFound, caches.update(NOBODYS, ttl=TEN_MINUTES)),
        (NotFound, caches.delete(NOBODYS)),
        (AuthenticationFailed, stranger.get(NOBODYS)),
        (AuthenticationFailed, stranger.delete(NOBODYS)),
        (NotFound, caches.create(model="gemini-of-nobody", messages=messages)),
        (InvalidRequest, caches.create(model=GEMINI)),
        (InvalidRequest, caches.create(model=GEMINI, messages=messages, ttl="1 hour")),
        (InvalidRequest, caches.create(model=GEMINI, messages=messages, ttl="0s")),
        (InvalidRequest, caches.create(model=GEMINI, messages=said("Too little."))),
    ]
    told = []
    for _, call in refusals:
        with pytest.raises(TouchstoneError) as refused:
            await call
        told.append(type(refused.value))
    assert told == [kind for kind, _ in refusals]
    assert [cache async for cache in caches.list()] == []


# Knowledge bases ----------------------------------------------------------------------------------------------------------


async def test_a_store_of_geminis_is_made_filled_searched_and_deleted_with_the_key_alone(
    bench: Bench, gemini: ProviderGateway
) -> None:
    stores = gemini.vector_stores
    store = await stores.create("handbook")
    await stores.add(store.id, ROOT / "fixtures" / "passphrase.pdf")
    await stores.wait(store.id)
    answer = await stores.answer(store.id, "What is the passphrase?", model=GEMINI, max_output_tokens=64)
    assert answer.grounded
    await stores.delete(store.id, force=True)
    assert {name for one in bench.wire.exchanges for name in one.credentials} == {"x-goog-api-key"}


async def test_corpora_are_refused_unsent(bench: Bench, gemini: ProviderGateway) -> None:
    with pytest.raises(Unsupported, match="File Search"):
        _ = gemini.corpora
    assert bench.wire.exchanges == []


@pytest.mark.parametrize(
    ("provider", "nobodys"), [(Provider.OPENAI, "vs_nobodys"), (Provider.GEMINI, "fileSearchStores/nobodys")]
)
async def test_a_refused_key_is_no_missing_store(bench: Bench, provider: Provider, nobodys: str) -> None:
    stores = open_gateway(replace(bench.endpoint(provider), key="wrong"), bench.http, bench.choke).vector_stores
    with pytest.raises(AuthenticationFailed):
        await stores.get(nobodys)
    with pytest.raises(AuthenticationFailed):
        await stores.create("handbook")
    with pytest.raises(AuthenticationFailed):
        await stores.delete(nobodys)


@pytest.mark.parametrize("body", ['"file-1"', '["file-1"]', '{"file": "file-1"}', '{"file_id": ["file-1"]}', "{}"])
async def test_the_simulator_takes_no_document_but_under_its_name(bench: Bench, body: str) -> None:
    openai = open_gateway(bench.endpoint(Provider.OPENAI), bench.http, bench.choke)
    file = await openai.files.upload(ROOT / "fixtures" / "bees.txt", purpose="assistants")
    store = await openai.vector_stores.create("handbook")
    headers = {"authorization": f"Bearer {bench.tenant.keys[Provider.OPENAI]}", "content-type": "application/json"}
    async with httpx.AsyncClient(base_url=bench.tenant.url, headers=headers, trust_env=False) as http:
        answer = await http.post(f"/v1/vector_stores/{store.id}/files", content=body.replace("file-1", file.id))
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    assert (await openai.vector_stores.documents_page(store.id)).documents == ()


async def test_the_gateway_names_the_file_in_an_object(bench: Bench) -> None:
    openai = open_gateway(bench.endpoint(Provider.OPENAI), bench.http, bench.choke)
    file = await openai.files.upload(ROOT / "fixtures" / "bees.txt", purpose="assistants")
    store = await openai.vector_stores.create("handbook")
    await openai.vector_stores.attach(store.id, file.id)
    [sent] = [one for one in bench.wire.exchanges if one.path == f"/v1/vector_stores/{store.id}/files"]
    assert sent.method == "POST"
    assert sent.request.json()["file_id"] == file.id
