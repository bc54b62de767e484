"""Sentences about stores of documents: making and finding them, how long they live, and how they are described."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import parse
from behave import given, register_type, then, when

from steps.common import Context
from support.values import Attribute, Chunking, FileBatch, Provider, StoredDocument, VectorStore
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


async def document_of(world: World, name: str) -> StoredDocument:
    """What the provider says of a document now."""
    made = world.knowledge.store
    stores = world.gateway(made.provider).vector_stores
    return await world.sees(stores.document(made.id, world.knowledge.added[name].id))


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
