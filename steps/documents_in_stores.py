"""Sentences about the documents of a store: what is known of each, and the lists of them."""

from __future__ import annotations

from behave import then, when

from steps.common import Context
from steps.knowledge_base import UNKNOWN, document_of, listed
from support.values import Attribute, DocumentPage, DocumentStatus, StoredDocument
from support.world import World

MOST_PAGES = 10


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
