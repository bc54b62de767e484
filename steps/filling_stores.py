"""Sentences about taking documents into a store: from disk or from stored files, in pieces, one by one or together."""

from __future__ import annotations

import json
import re
from typing import Any

from behave import given, then, when

from steps.common import Context
from steps.knowledge_base import UNKNOWN, add, add_and_wait, described, document_of, expect_total, listed, wait
from support.values import Attribute, Chunking, Provider, VectorStore
from support.world import World


def in_camel_case(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of Gemini's, which takes a key as `white_space_config` and as `whiteSpaceConfig`, under the latter."""
    return {re.sub("_([a-z])", lambda found: found[1].upper(), key): value for key, value in pairs}


@when("the team adds {names:Names} to the store, and waits")
async def adds(context: Context, names: tuple[str, ...]) -> None:
    await add_and_wait(context.world, *names)


@when("the team adds {names:Names} to the store")
async def adds_without_waiting(context: Context, names: tuple[str, ...]) -> None:
    for name in names:
        await add(context.world, name)


@when("the team waits until they are indexed")
async def waits(context: Context) -> None:
    await wait(context.world)


@when('the team tries to add "{name}" to the store')
async def tries_to_add(context: Context, name: str) -> None:
    world = context.world
    made = world.knowledge.store
    await world.tries(world.gateway(made.provider).vector_stores.add(made.id, world.fixture(name)))


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


@then("the store counts {count:d} documents, and all of them are being indexed")
async def counts_in_progress(context: Context, count: int) -> None:
    store = await described(context.world)
    counts = store.counts
    told = (counts.in_progress, counts.completed, counts.failed, counts.total)
    context.world.expect(told == (count, 0, 0, count), f"the store counts {counts}")
    states = [document.status for document in await listed(context.world)]
    context.world.expect(states == ["in_progress"] * count, f"the documents are {states}")
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


@then('the team is told that the stored file "{name}" failed, because its kind is not supported')
async def told_unsupported(context: Context, name: str) -> None:
    world = context.world
    failed = {document.id: document.failure for document in world.knowledge.documents if document.status == "failed"}
    wanted = {world.files.stored[name].id: "unsupported_file"}
    world.expect(failed == wanted, f"the wait told of {failed}")


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


@when("the team tries to take the stored file into the store")
async def tries_to_take_in(context: Context) -> None:
    world = context.world
    made = world.knowledge.store
    await world.tries(world.gateway(made.provider).vector_stores.attach(made.id, world.files.file.id))


@then("the refusal names the stored file by its id")
def names_stored_file(context: Context) -> None:
    refusal, file = context.world.refusal(), context.world.files.file
    context.world.expect(file.id in refusal.message, f"the id {file.id} is not named: {refusal}")


@then("the store lists no documents")
async def lists_none(context: Context) -> None:
    found = await listed(context.world)
    context.world.expect(not found, f"the store lists {found}")


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
