"""Sentences about stores of documents: making them, taking documents in and out, listing and changing them."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import parse
from behave import given, register_type, then, when

from steps.common import Context
from support.values import (
    Attribute,
    Chunking,
    Deletion,
    DocumentPage,
    DocumentStatus,
    FileBatch,
    Provider,
    StoredDocument,
    VectorStore,
)
from support.world import World

LIBRARY: dict[str, tuple[str, int]] = {
    "bees.txt": ("nature", 2019),
    "volcanoes.txt": ("nature", 2020),
    "glaciers.txt": ("nature", 2017),
    "bread.txt": ("food", 2022),
    "chess.txt": ("games", 2018),
    "violins.txt": ("music", 2016),
    "lighthouses.txt": ("buildings", 2015),
    "neural-networks.txt": ("ai", 2024),
    "compilers.txt": ("programming", 2021),
    "databases.txt": ("programming", 2023),
}
"""The ten documents, with the category and the year that they are filed under."""
FIVE = tuple(LIBRARY)[:5]
UNKNOWN = {
    Provider.OPENAI: ("vs_68c9eda7fd0c8191be12ef7c0d1999db", "file-6hiZAFNmFjLSVnYek4EaBm"),
    Provider.GEMINI: ("fileSearchStores/none-q7prdj5dqu8p", "files/k4t1ywl66fz2"),
}
"""A store and a file, by ids of the right form that nobody has."""
UNKNOWN_BATCH = "vsfb_ibj_6a1b2c3d4e5f6a7b8c9d"
"""Such a batch."""
MOST_PAGES = 10


@parse.with_pattern(r'"[^"]+"(?:, "[^"]+")*(?: and "[^"]+")?')
def some_names(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r'"([^"]+)"', text))


register_type(Names=some_names)


def filed(name: str) -> dict[str, Attribute]:
    """What is known of a document of the library; nothing of others."""
    if name not in LIBRARY:
        return {}
    category, year = LIBRARY[name]
    return {"category": category, "year": year}


async def make(world: World, provider: Provider, name: str = "Reading room", **options: Any) -> VectorStore:
    """Makes a store and remembers it."""
    made = await world.does(world.gateway(provider).vector_stores.create(name, **options))
    world.knowledge.made.append(made)
    return made


async def described(world: World) -> VectorStore:
    """What the provider says of the store now."""
    made = world.knowledge.store
    return await world.sees(world.gateway(made.provider).vector_stores.get(made.id))


async def add(world: World, name: str, chunking: Chunking | None = None) -> None:
    """Sends a fixture into the store and remembers the document."""
    made = world.knowledge.store
    stores = world.gateway(made.provider).vector_stores
    document = await world.does(stores.add(made.id, world.fixture(name), attributes=filed(name), chunking=chunking))
    world.knowledge.added[name] = document


async def wait(world: World) -> None:
    made = world.knowledge.store
    world.knowledge.documents = await world.does(world.gateway(made.provider).vector_stores.wait(made.id))


async def add_and_wait(world: World, *names: str, chunking: Chunking | None = None) -> None:
    for name in names:
        await add(world, name, chunking)
    await wait(world)


async def listed(world: World, store: VectorStore | None = None) -> list[StoredDocument]:
    """All documents of the store, page after page."""
    made = store or world.knowledge.store

    async def walk() -> list[StoredDocument]:
        return [document async for document in world.gateway(made.provider).vector_stores.documents(made.id)]

    return await world.sees(walk())


def expect_total(world: World, told: VectorStore | FileBatch, count: int) -> None:
    """OpenAI tells the sum beside the counts, of a store and of a batch; Gemini tells none."""
    if told.provider is Provider.OPENAI:
        world.expect(told.raw["file_counts"]["total"] == count, f"it counts {told.raw['file_counts']}")


def in_camel_case(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of Gemini's, which takes a key as `white_space_config` and as `whiteSpaceConfig`, under the latter."""
    return {re.sub("_([a-z])", lambda found: found[1].upper(), key): value for key, value in pairs}


async def document_of(world: World, name: str) -> StoredDocument:
    """What the provider says of a document now."""
    made = world.knowledge.store
    stores = world.gateway(made.provider).vector_stores
    return await world.sees(stores.document(made.id, world.knowledge.added[name].id))


# Stores --------------------------------------------------------------------------------------------------------------


@given("the team has a store at {provider:Provider}")
async def has_store(context: Context, provider: Provider) -> None:
    await make(context.world, provider)


@given("the team has two stores at {provider:Provider}")
async def has_two_stores(context: Context, provider: Provider) -> None:
    first = await make(context.world, provider)
    await make(context.world, provider, "Second reading room")
    context.world.knowledge.chosen = first


@given("the team has three stores at {provider:Provider}")
async def has_three_stores(context: Context, provider: Provider) -> None:
    for name in ("First reading room", "Second reading room", "Third reading room"):
        await make(context.world, provider, name)


@given("the team has a store at {provider:Provider} with {names:Names}")
async def has_store_with(context: Context, provider: Provider, names: tuple[str, ...]) -> None:
    await make(context.world, provider)
    await add_and_wait(context.world, *names)


@given("the team has a store at {provider:Provider} with five documents")
async def has_store_with_five(context: Context, provider: Provider) -> None:
    await make(context.world, provider)
    await add_and_wait(context.world, *FIVE)


@given("the team has a store at {provider:Provider} with the ten documents")
async def has_store_with_ten(context: Context, provider: Provider) -> None:
    await make(context.world, provider)
    await add_and_wait(context.world, *LIBRARY)


@when('the team makes a store called "{name}" at {provider:Provider}')
async def makes(context: Context, name: str, provider: Provider) -> None:
    await make(context.world, provider, name)


@given("the team has made a store at {provider:Provider} that expires {days:d} days after its last use")
@when("the team makes a store at {provider:Provider} that expires {days:d} days after its last use")
async def makes_expiring(context: Context, provider: Provider, days: int) -> None:
    await make(context.world, provider, expires_after=timedelta(days=days))


@given(
    "the team has made a store at {provider:Provider} that expires {days:d} days after its last use, "
    'with the note "{key}" "{value}"'
)
async def makes_with_note(context: Context, provider: Provider, days: int, key: str, value: str) -> None:
    await make(context.world, provider, expires_after=timedelta(days=days), metadata={key: value})


@when("the team tries to make a store at {provider:Provider} that expires {days:d} days after its last use")
async def tries_expiring(context: Context, provider: Provider, days: int) -> None:
    stores = context.world.gateway(provider).vector_stores
    await context.world.tries(stores.create("Reading room", expires_after=timedelta(days=days)))


@when("the team tries to make a store with a name of {count:d} characters at {provider:Provider}")
async def tries_long_name(context: Context, count: int, provider: Provider) -> None:
    await context.world.tries(context.world.gateway(provider).vector_stores.create("n" * count))


@then("{provider:Provider} has the store under its name, ready and with no documents")
async def has_name(context: Context, provider: Provider) -> None:
    world = context.world
    store = await described(world)
    world.expect(store.name == world.knowledge.store.name == "Company handbook", f"the store is called {store.name!r}")
    world.expect(store.status == "completed", f"the store is {store.status}")
    world.expect(store.counts.total == 0, f"the store has {store.counts}")
    expect_total(world, store, 0)


@then("the store is in the list of stores")
async def in_list(context: Context) -> None:
    world = context.world
    made = world.knowledge.store

    async def walk() -> list[VectorStore]:
        return [store async for store in world.gateway(made.provider).vector_stores.list() if store.id == made.id]

    found = await world.sees(walk())
    world.expect(len(found) == 1, f"the store is listed {len(found)} times")
    alone = await described(world)
    world.expect(found[0] == alone, f"listed is {found[0].raw}, described {alone.raw}")


@then("the store expires {days:d} days after its last use")
async def expires(context: Context, days: int) -> None:
    store = await described(context.world)
    assert store.last_active_at is not None
    expected = store.last_active_at + timedelta(days=days)
    context.world.expect(store.expires_at == expected, f"it expires at {store.expires_at}, not at {expected}")


@then("the store is still ready")
async def still_ready(context: Context) -> None:
    store = await described(context.world)
    context.world.expect(store.status == "completed", f"the store is {store.status}")


@then("the store has expired")
async def has_expired(context: Context) -> None:
    store = await described(context.world)
    context.world.expect(store.status == "expired", f"the store is {store.status}")


@when('the team renames the store to "{name}" and lets it expire {days:d} days after its last use')
async def renames(context: Context, name: str, days: int) -> None:
    world = context.world
    made = world.knowledge.store
    world.knowledge.before = await described(world)
    stores = world.gateway(made.provider).vector_stores
    await world.does(stores.update(made.id, name=name, expires_after=timedelta(days=days)))


@then('{provider:Provider} has the store under the name "{name}", with the note "{key}" "{value}"')
async def has_new_name(context: Context, provider: Provider, name: str, key: str, value: str) -> None:
    store = await described(context.world)
    context.world.expect(store.name == name, f"the store is called {store.name!r}")
    context.world.expect(store.metadata == {key: value}, f"its notes are {store.metadata}")


@then("the store expires {days:d} days later than before")
async def expires_later(context: Context, days: int) -> None:
    world = context.world
    before, now = world.knowledge.before, await described(world)
    assert before is not None
    assert before.expires_at is not None
    assert before.last_active_at is not None
    assert now.last_active_at is not None
    moved = now.last_active_at - before.last_active_at  # a provider may take the change for a use
    if world.simulated:
        world.expect(moved == timedelta(0), f"its last use moved by {moved}")
    else:
        most = timedelta(seconds=world.clock_tolerance_seconds)
        world.expect(timedelta(0) <= moved <= most, f"its last use moved by {moved}")
    expected = before.expires_at + timedelta(days=days) + moved
    world.expect(now.expires_at == expected, f"it expires at {now.expires_at}, before at {before.expires_at}")


@when("the team deletes the store")
async def deletes(context: Context) -> None:
    made = context.world.knowledge.store
    await context.world.does(context.world.gateway(made.provider).vector_stores.delete(made.id))


@when("the team deletes the store by force")
async def deletes_by_force(context: Context) -> None:
    made = context.world.knowledge.store
    await context.world.does(context.world.gateway(made.provider).vector_stores.delete(made.id, force=True))


@when("the team tries to delete the store")
async def tries_to_delete(context: Context) -> None:
    made = context.world.knowledge.store
    await context.world.tries(context.world.gateway(made.provider).vector_stores.delete(made.id))


@then("its document is gone with it")
async def document_gone_too(context: Context) -> None:
    world = context.world
    (document,) = world.knowledge.added.values()
    stores = world.gateway(document.provider).vector_stores
    gone = await world.gone(lambda: stores.document(document.store_id, document.id))
    world.expect(gone, "the document can still be described")


@then("the team's own walk through the stores, 2 a page, lists each of the three once")
async def walks_stores(context: Context) -> None:
    world = context.world
    made = world.knowledge.made
    began = len(world.wire.exchanges)

    async def walk() -> list[str]:
        found = world.gateway(made[0].provider).vector_stores.list(page_size=2)
        return [store.id async for store in found if world.run_id in store.marked]

    listed_ids = await world.sees(walk())
    world.expect(sorted(listed_ids) == sorted(store.id for store in made), f"the walk lists {listed_ids}")
    pages = len(world.wire.exchanges) - began
    enough = pages == 2 if world.simulated else pages >= 2  # a live account may have more stores than these
    world.expect(enough, f"three stores came on {pages} pages of two")


@then("OpenAI confirms that the store is deleted")
def confirms_store(context: Context) -> None:
    told = context.world.sent()[-1].response.json()
    wanted = {"id": context.world.knowledge.store.id, "object": "vector_store.deleted", "deleted": True}
    context.world.expect(told == wanted, f"OpenAI says {told}")


@then("the store is gone")
async def store_gone(context: Context) -> None:
    world = context.world
    made = world.knowledge.store
    stores = world.gateway(made.provider).vector_stores
    world.expect(await world.gone(lambda: stores.get(made.id)), "the store can still be described")

    async def is_listed() -> bool:
        async def walk() -> list[str]:
            return [store.id async for store in stores.list()]

        return made.id in await world.sees(walk())

    world.expect(await world.becomes(is_listed, False), "the store is still listed")


@then("only the team's key went along")
def only_the_key(context: Context) -> None:
    world = context.world
    for exchange in world.wire.exchanges:
        world.expect(
            exchange.credentials == ("x-goog-api-key",), f"{exchange.path} was sent with {exchange.credentials}"
        )


@then("the request is refused because of what the store holds")
@then("the request is refused because of what the document holds")
def refused_for_contents(context: Context) -> None:
    refusal = context.world.refusal("conflict")
    at = context.world.knowledge.store.provider
    context.world.expect(refusal.provider is at, f"the refusal is of {refusal.provider}: {refusal}")
    context.world.expect(refusal.status == 400, f"nobody at {at} refused it: {refusal!r}")


@then("the document is still in the store")
async def still_in_store(context: Context) -> None:
    names = [document.id for document in await listed(context.world)]
    added = [document.id for document in context.world.knowledge.added.values()]
    context.world.expect(names == added, f"the store lists {names}")


@when("the team tries to use the corpora of {provider:Provider}")
async def tries_corpora(context: Context, provider: Provider) -> None:
    async def using() -> object:
        corpora: Any = context.world.gateway(provider).corpora
        return await corpora.list()

    await context.world.tries(using())


@then('the refusal speaks of "{one}" and "{other}"')
def speaks_of(context: Context, one: str, other: str) -> None:
    refusal = context.world.refusal()
    missing = [word for word in (one, other) if word not in refusal.message]
    context.world.expect(not missing, f"the refusal does not speak of {missing}: {refusal}")


@when("the team tries to describe a store that {provider:Provider} never had")
async def tries_unknown_store(context: Context, provider: Provider) -> None:
    await context.world.tries(context.world.gateway(provider).vector_stores.get(UNKNOWN[provider][0]))


@when("the team tries to describe a batch that the store never had")
async def tries_unknown_batch(context: Context) -> None:
    made = context.world.knowledge.store
    await context.world.tries(context.world.gateway(made.provider).vector_stores.batch(made.id, UNKNOWN_BATCH))


def refused_as_absent(world: World, provider: Provider) -> None:
    refusal = world.refusal("not_found")
    world.expect(refusal.provider is provider, f"the refusal is of {refusal.provider}: {refusal}")


@then("the request is refused because {provider:Provider} has no such store")
@then("the request is refused because {provider:Provider} has no such document")
@then("the request is refused because {provider:Provider} has no such batch")
def no_such_store(context: Context, provider: Provider) -> None:
    refused_as_absent(context.world, provider)


# Taking documents in -------------------------------------------------------------------------------------------------


@when("the team adds {names:Names} to the store, and waits")
async def adds(context: Context, names: tuple[str, ...]) -> None:
    await add_and_wait(context.world, *names)


@when('the team adds "{name}" in pieces of {size:d} tokens that share {shared:d}, and waits')
async def adds_in_pieces(context: Context, name: str, size: int, shared: int) -> None:
    await add_and_wait(context.world, name, chunking=Chunking(max_tokens=size, overlap_tokens=shared))


@when('the team tries to add "{name}" in pieces of {size:d} tokens that share {shared:d}')
async def tries_pieces(context: Context, name: str, size: int, shared: int) -> None:
    world = context.world
    made = world.knowledge.store
    await world.store_for_searching(name, made.provider)
    chunking = Chunking(max_tokens=size, overlap_tokens=shared)
    stores = world.gateway(made.provider).vector_stores
    await world.tries(stores.attach(made.id, world.files.file.id, chunking=chunking))


@given("the team has uploaded {names:Names} to {provider:Provider}, to be searched")
async def uploaded_for_searching(context: Context, names: tuple[str, ...], provider: Provider) -> None:
    for name in names:
        await context.world.store_for_searching(name, provider)


async def attach(world: World, store: VectorStore, category: str, year: int) -> None:
    stores = world.gateway(store.provider).vector_stores
    attributes: dict[str, Attribute] = {"category": category, "year": year}
    document = await world.does(stores.attach(store.id, world.files.file.id, attributes=attributes))
    world.knowledge.added[world.files.file.name] = document


@when('the team takes the stored file into the store, as "{category}" of {year:d}, and waits')
@when('the team takes the stored file into the first store, as "{category}" of {year:d}, and waits')
async def takes_in(context: Context, category: str, year: int) -> None:
    await attach(context.world, context.world.knowledge.store, category, year)
    await wait(context.world)


@when("the team takes the stored files into the store together, and waits")
async def takes_in_together(context: Context) -> None:
    world = context.world
    made = world.knowledge.store
    stores = world.gateway(made.provider).vector_stores
    files = [file.id for file in world.files.stored.values()]
    world.knowledge.batch = await world.does(stores.attach_together(made.id, files))
    await wait(world)


@then("the batch counts {count:d} documents, all of them ready, and has an id of its own")
async def batch_counts(context: Context, count: int) -> None:
    world = context.world
    begun = world.knowledge.batch
    assert begun is not None
    batch = await world.sees(world.gateway(begun.provider).vector_stores.batch(begun.store_id, begun.id))
    world.expect(batch.status == "completed", f"the batch is {batch.status}")
    world.expect((batch.counts.completed, batch.counts.total) == (count, count), f"the batch counts {batch.counts}")
    expect_total(world, batch, count)
    world.expect(batch.id != batch.store_id, f"batch and store have the id {batch.id}")


@then("the store lists all {count:d}")
async def lists_all(context: Context, count: int) -> None:
    world = context.world
    found = sorted(document.id for document in await listed(world))
    stored = sorted(file.id for file in world.files.stored.values())
    world.expect(found == stored and len(found) == count, f"the store lists {found}, stored are {stored}")


@then("the store counts {count:d} documents, all of them ready")
@then("the store counts {count:d} document, and it is ready")
async def counts_ready(context: Context, count: int) -> None:
    store = await described(context.world)
    counts = store.counts
    context.world.expect((counts.completed, counts.total) == (count, count), f"the store counts {counts}")
    expect_total(context.world, store, count)


@then("the store counts {ready:d} documents that are ready and {failed:d} that failed")
async def counts_failed(context: Context, ready: int, failed: int) -> None:
    store = await described(context.world)
    counts = store.counts
    told = (counts.completed, counts.failed, counts.total)
    context.world.expect(told == (ready, failed, ready + failed), f"the store counts {counts}")
    expect_total(context.world, store, ready + failed)


@then('the team is told that "{name}" failed')
def told_failed(context: Context, name: str) -> None:
    world = context.world
    failed = [document for document in world.knowledge.documents if document.status == "failed"]
    world.expect([one.id for one in failed] == [world.knowledge.added[name].id], f"failed are {failed}")
    # Gemini gives no reason (provider-facts 5.2)
    reason = "invalid_file" if failed[0].provider is Provider.OPENAI else None
    world.expect(failed[0].failure == reason, f"it failed because of {failed[0].failure}")


@then("the store is as large as its documents together")
async def as_large(context: Context) -> None:
    world = context.world
    store, documents = await described(world), await listed(world)
    together = sum(document.size_bytes for document in documents)
    world.expect(store.size_bytes == together > 0, f"the store has {store.size_bytes} bytes, its documents {together}")


@then("every document has kept its name")
async def kept_names(context: Context) -> None:
    world = context.world
    for name in world.knowledge.added:
        document = await document_of(world, name)
        known = document.name
        if known is None:  # the file has it
            file = await world.sees(world.gateway(document.provider).files.get(document.id))
            known = file.name
        world.expect(known == name, f"{name} is called {known!r}")


@then("{provider:Provider} was asked for pieces of {size:d} tokens that share {shared:d}")
def asked_for_pieces(context: Context, provider: Provider, size: int, shared: int) -> None:
    wanted: dict[str, Any]
    if provider is Provider.OPENAI:
        key, sizes = "chunking_strategy", {"max_chunk_size_tokens": size, "chunk_overlap_tokens": shared}
        wanted = {"type": "static", "static": sizes}
    else:
        key, sizes = "chunkingConfig", {"maxTokensPerChunk": size, "maxOverlapTokens": shared}
        wanted = {"whiteSpaceConfig": sizes}
    sent = [bytes(exchange.request.kept) for exchange in context.world.wire.exchanges]
    asked = [body for body in sent if re.search(rb"(?i)chunking_?(strategy|config)", body)]
    context.world.expect(len(asked) == 1, f"{len(asked)} requests speak of pieces")
    told = json.loads(asked[0], object_pairs_hook=in_camel_case if provider is Provider.GEMINI else None)
    context.world.expect(told.get(key) == wanted, f"{provider} was told {told}")


@then("the document says that it was cut into pieces of {size:d} tokens that share {shared:d}")
async def says_pieces(context: Context, size: int, shared: int) -> None:
    (name,) = context.world.knowledge.added
    chunking = (await document_of(context.world, name)).chunking
    wanted = Chunking(max_tokens=size, overlap_tokens=shared)
    context.world.expect(chunking == wanted, f"the document says {chunking}")


@then('the store lists it once, as "{category}" of {year:d}')
async def lists_once(context: Context, category: str, year: int) -> None:
    world = context.world
    (document,) = world.knowledge.added.values()
    same = await listed(world)
    told_ids = [one.id for one in same]
    world.expect(told_ids == [document.id], f"the store lists {told_ids}")
    if document.provider is Provider.OPENAI:  # where a document has the id of its file
        world.expect(document.id == world.files.file.id, f"the document is {document.id}, not {world.files.file.id}")
    world.expect(same[0].status == "completed", f"it is {same[0].status}")
    told = same[0].attributes
    world.expect(told == {"category": category, "year": year}, f"it is filed under {told}")
    world.expect(same[0].store_id == world.knowledge.store.id, f"it says that it is in {same[0].store_id}")


@then("the second store is empty")
async def second_is_empty(context: Context) -> None:
    found = await listed(context.world, context.world.knowledge.made[1])
    context.world.expect(not found, f"the second store has {found}")


@then("the file's id was sent under its name")
def id_under_its_name(context: Context) -> None:
    world = context.world
    sent = [
        exchange for exchange in world.wire.exchanges if exchange.method == "POST" and exchange.path.endswith("/files")
    ]
    bodies = [json.loads(bytes(exchange.request.kept)) for exchange in sent if exchange.path.startswith("/v1/vector")]
    world.expect(bool(bodies), "no file was taken into a store")
    for body in bodies:
        named = isinstance(body, dict) and body.get("file_id") == world.files.file.id
        world.expect(named, f"what was sent is {body}")


@when("the team tries to take a file that {provider:Provider} never had into the store")
async def tries_unknown_file(context: Context, provider: Provider) -> None:
    world = context.world
    stores = world.gateway(provider).vector_stores
    await world.tries(stores.attach(world.knowledge.store.id, UNKNOWN[provider][1]))


@when("the team tries to take the stored file into a store that {provider:Provider} never had")
async def tries_into_unknown_store(context: Context, provider: Provider) -> None:
    world = context.world
    stores = world.gateway(provider).vector_stores
    await world.tries(stores.attach(UNKNOWN[provider][0], world.files.file.id))


# What is known of documents ------------------------------------------------------------------------------------------


def only_document(world: World) -> StoredDocument:
    (document,) = world.knowledge.added.values()
    return document


@when('the team files the document under the category "{category}" alone')
async def files_under(context: Context, category: str) -> None:
    world = context.world
    document = only_document(world)
    stores = world.gateway(document.provider).vector_stores
    world.knowledge.filed_before = await document_of(world, next(iter(world.knowledge.added)))
    await world.does(stores.update_attributes(document.store_id, document.id, {"category": category}))


@when('the team tries to file the document under the category "{category}" alone')
async def tries_to_file(context: Context, category: str) -> None:
    document = only_document(context.world)
    stores = context.world.gateway(document.provider).vector_stores
    await context.world.tries(stores.update_attributes(document.store_id, document.id, {"category": category}))


@when("the team tries to file the document with 17 keys")
async def tries_17_keys(context: Context) -> None:
    document = only_document(context.world)
    stores = context.world.gateway(document.provider).vector_stores
    many: dict[str, Attribute] = {f"key{number}": "value" for number in range(17)}
    await context.world.tries(stores.update_attributes(document.store_id, document.id, many))


@when("the team tries to file the document with a value of 513 characters")
async def tries_long_value(context: Context) -> None:
    document = only_document(context.world)
    stores = context.world.gateway(document.provider).vector_stores
    await context.world.tries(stores.update_attributes(document.store_id, document.id, {"category": "v" * 513}))


@when("the team tries to file a document that the store never had")
async def tries_to_file_unknown(context: Context) -> None:
    made = context.world.knowledge.store
    stores = context.world.gateway(made.provider).vector_stores
    await context.world.tries(stores.update_attributes(made.id, UNKNOWN[made.provider][1], {"category": "farming"}))


@then('the document is filed under the category "{category}" and nothing else')
async def filed_under(context: Context, category: str) -> None:
    document = await document_of(context.world, next(iter(context.world.knowledge.added)))
    context.world.expect(document.attributes == {"category": category}, f"it is filed under {document.attributes}")


@then("the document is ready, as large as before, and has its id")
async def not_indexed_again(context: Context) -> None:
    world = context.world
    before, now = world.knowledge.filed_before, await document_of(world, next(iter(world.knowledge.added)))
    assert before is not None
    world.expect(now.status == "completed", f"the document is {now.status}")
    same = (now.id, now.size_bytes, now.created_at) == (before.id, before.size_bytes, before.created_at)
    world.expect(same, f"before it was {before}, now it is {now}")
    found = [document.id for document in await listed(world)]
    world.expect(found == [before.id], f"the store lists {found}")


# Taking documents out ------------------------------------------------------------------------------------------------


async def take_out(world: World, name: str, force: bool) -> Deletion:
    document = world.knowledge.added[name]
    stores = world.gateway(document.provider).vector_stores
    return await stores.remove(document.store_id, document.id, force=force)


@when('the team takes "{name}" out of the store')
async def takes_out(context: Context, name: str) -> None:
    deletion = await context.world.does(take_out(context.world, name, force=False))
    context.world.expect(deletion.id == context.world.knowledge.added[name].id, f"taken out was {deletion.id}")


@when('the team takes "{name}" out of the store by force')
async def takes_out_by_force(context: Context, name: str) -> None:
    await context.world.does(take_out(context.world, name, force=True))


@when('the team tries to take "{name}" out of the store')
async def tries_to_take_out(context: Context, name: str) -> None:
    await context.world.tries(take_out(context.world, name, force=False))


@then('OpenAI confirms that "{name}" is taken out')
def confirms_document(context: Context, name: str) -> None:
    told = context.world.sent()[-1].response.json()
    document = context.world.knowledge.added[name]
    wanted = {"id": document.id, "object": "vector_store.file.deleted", "deleted": True}
    context.world.expect(told == wanted, f"OpenAI says {told}")


@then('"{name}" is not in the store any more')
async def not_in_store(context: Context, name: str) -> None:
    world = context.world
    document = world.knowledge.added[name]
    stores = world.gateway(document.provider).vector_stores
    gone = await world.gone(lambda: stores.document(document.store_id, document.id))
    world.expect(gone, f"{name} can still be described")
    world.expect(document.id not in [one.id for one in await listed(world)], f"{name} is still listed")


@then("the stored files are still there")
async def files_still_there(context: Context) -> None:
    world = context.world
    files = world.gateway(world.knowledge.store.provider).files
    for name, document in world.knowledge.added.items():
        file = await world.sees(files.get(document.id))
        world.expect(file.name == name, f"the file is called {file.name!r}, not {name}")


# Listing -------------------------------------------------------------------------------------------------------------


@when("the team turns the pages of the store's documents, {size:d} a page")
async def turns_pages(context: Context, size: int) -> None:
    world = context.world
    made = world.knowledge.store
    stores = world.gateway(made.provider).vector_stores
    cursor: str | None = None
    pages: list[DocumentPage] = []
    while len(pages) < MOST_PAGES:
        page = await world.does(stores.documents_page(made.id, limit=size, cursor=cursor))
        pages.append(page)
        cursor = page.next_cursor
        if cursor is None:
            break
    world.knowledge.pages = pages


@then("there is one page, with nothing on it")
def one_empty_page(context: Context) -> None:
    pages = context.world.knowledge.pages
    empty = len(pages) == 1 and not pages[0].documents and pages[0].next_cursor is None
    context.world.expect(empty, f"there are {pages}")


@then("the pages have 2, 2 and 1 documents")
def pages_have(context: Context) -> None:
    world = context.world
    sizes = [len(page.documents) for page in world.knowledge.pages]
    world.expect(sizes == [2, 2, 1], f"the pages have {sizes} documents")
    found = [document.id for page in world.knowledge.pages for document in page.documents]
    added = {document.id for document in world.knowledge.added.values()}
    world.expect(len(found) == len(set(found)) and set(found) == added, f"the pages have {found}")


@then("the team's own walk through all pages lists each of the {count:d} documents once, as it is described by itself")
async def walk_lists(context: Context, count: int) -> None:
    world = context.world
    made = world.knowledge.store
    stores = world.gateway(made.provider).vector_stores

    async def walk() -> list[StoredDocument]:
        return [document async for document in stores.documents(made.id, page_size=2)]

    found = await world.sees(walk())
    added = {document.id for document in world.knowledge.added.values()}
    world.expect([one.id for one in found] == list(dict.fromkeys(one.id for one in found)), "a document comes twice")
    world.expect({one.id for one in found} == added and len(found) == count, f"{len(found)} documents are listed")
    for one in found:
        alone = await world.sees(stores.document(made.id, one.id))
        world.expect(one == alone, f"listed is {one.raw}, described {alone.raw}")


async def in_state(world: World, status: DocumentStatus) -> list[str]:
    made = world.knowledge.store
    stores = world.gateway(made.provider).vector_stores

    async def walk() -> list[str]:
        return sorted([document.id async for document in stores.documents(made.id, status=status)])

    return await world.sees(walk())


@then("those that are ready are {names:Names}")
async def ready_are(context: Context, names: tuple[str, ...]) -> None:
    found = await in_state(context.world, "completed")
    wanted = sorted(context.world.knowledge.added[name].id for name in names)
    context.world.expect(found == wanted, f"ready are {found}")


@then('the one that failed is "{name}"')
async def failed_is(context: Context, name: str) -> None:
    found = await in_state(context.world, "failed")
    context.world.expect(found == [context.world.knowledge.added[name].id], f"failed are {found}")


@when("the team tries to list the store's documents, {size:d} a page")
async def tries_to_list(context: Context, size: int) -> None:
    made = context.world.knowledge.store
    stores = context.world.gateway(made.provider).vector_stores
    await context.world.tries(stores.documents_page(made.id, limit=size))
