"""Sentences about what goes: stores and documents that are deleted, and what is refused because it is not there."""

from __future__ import annotations

from typing import Any

from behave import then, when

from steps.common import Context
from steps.knowledge_base import UNKNOWN, listed
from support.values import Deletion, Provider
from support.world import World

UNKNOWN_BATCH = "vsfb_ibj_6a1b2c3d4e5f6a7b8c9d"
"""A batch, by an id of the right form that nobody has."""


# Stores --------------------------------------------------------------------------------------------------------------


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
