"""Sentences about lists of stored files: page by page, in an order, for a purpose."""

from __future__ import annotations

from behave import then, when

from steps.common import Context
from steps.files import everything, ids, read_back
from support.values import Provider, StoredFile
from support.world import World


async def files_for(world: World, purpose: str) -> list[StoredFile]:
    """All files that the provider lists for the purpose."""

    async def walk() -> list[StoredFile]:
        return [file async for file in world.gateway(world.files.file.provider).files.list(purpose=purpose)]

    return await world.sees(walk())


# Purposes ------------------------------------------------------------------------------------------------------------


@then("{provider:Provider} reports the purpose {purpose:Word} for the file")
async def reports_purpose(context: Context, provider: Provider, purpose: str) -> None:
    answered = context.world.files.file.purpose
    file = await read_back(context.world, context.world.files.file)
    context.world.expect(answered == purpose, f"the upload answered {answered}")
    context.world.expect(file.purpose == purpose, f"{provider} reports {file.purpose}")


@then("the list of files for {purpose:Word} has the file, and none of another purpose")
async def list_for_purpose(context: Context, purpose: str) -> None:
    world = context.world
    world.files.listed = await files_for(world, purpose)
    world.expect(world.files.file.id in ids(world.files.listed), f"the list for {purpose} lacks the file")
    foreign = ids([file for file in world.files.stored.values() if file.purpose != purpose])
    others = [file.name for file in world.files.listed if file.purpose != purpose or file.id in foreign]
    world.expect(not others, f"the list for {purpose} has {others} of another purpose")


@when("the team lists the files for {purpose:Word}")
async def lists_for(context: Context, purpose: str) -> None:
    context.world.files.listed = await files_for(context.world, purpose)


@then('the list has "{name}" and only files for {purpose:Word}')
def list_has_only(context: Context, name: str, purpose: str) -> None:
    world = context.world
    world.expect(world.files.stored[name].id in ids(world.files.listed), f"the list lacks {name}")
    others = [file.name for file in world.files.listed if file.purpose != purpose]
    world.expect(not others, f"the list has {others} of another purpose")


@then('the list has neither "{one}" nor "{other}"')
def list_has_neither(context: Context, one: str, other: str) -> None:
    world = context.world
    for name in (one, other):
        world.expect(world.files.stored[name].id not in ids(world.files.listed), f"the list has {name}")


# Listing -------------------------------------------------------------------------------------------------------------


@when("the team walks through all files, {page_size:d} a page")
async def walks(context: Context, page_size: int) -> None:
    context.world.files.listed = await everything(context.world, context.world.files.file.provider, page_size)


def each_once(world: World, count: int) -> None:
    stored = list(world.files.stored.values())
    world.expect(len(stored) == count, f"{len(stored)} files were stored")
    for file in stored:
        times = ids(world.files.listed).count(file.id)
        world.expect(times == 1, f"{file.name} is met {times} times")


@then("each of the {count:d} files is met exactly once")
def met_once(context: Context, count: int) -> None:
    each_once(context.world, count)


@then("without a page size each of the {count:d} files is met exactly once too")
async def met_once_too(context: Context, count: int) -> None:
    context.world.files.listed = await everything(context.world, context.world.files.file.provider)
    each_once(context.world, count)


@when("the team lists the files {order:Word} first, {page_size:d} a page")
async def lists_in_order(context: Context, order: str, page_size: int) -> None:
    world = context.world
    files = world.gateway(world.files.file.provider).files

    async def walk() -> list[StoredFile]:
        direction = files.list(page_size=page_size, order="asc" if order == "oldest" else "desc")
        return [file async for file in direction]

    world.files.listed = await world.does(walk())


@then("the {count:d} files come {order:Word} first")
def come_in_order(context: Context, count: int, order: str) -> None:
    world = context.world
    stored = sorted(world.files.stored.values(), key=lambda file: file.created_at, reverse=order == "newest")
    world.expect(len({file.created_at for file in stored}) == count, "the files were stored at one moment")
    came = [file.id for file in world.files.listed if file.id in ids(stored)]
    world.expect(came == ids(stored), f"they come as {[file.name for file in world.files.listed]}")


@when("the team lists exactly these two files")
async def lists_these(context: Context) -> None:
    world = context.world
    files = world.gateway(world.files.file.provider).files
    page = await world.does(files.list_page(ids=ids(list(world.files.stored.values()))))
    world.files.listed = list(page.files)


@then('the list has "{name}" alone')
def list_has_alone(context: Context, name: str) -> None:
    listed = ids(context.world.files.listed)
    context.world.expect(listed == [context.world.files.stored[name].id], f"the list has {listed}")


@when("the team tries to list the files of {provider:Provider} for {purpose:Word}")
async def tries_to_list_for(context: Context, provider: Provider, purpose: str) -> None:
    await context.world.tries(context.world.gateway(provider).files.list_page(purpose=purpose))


@when("the team tries to list the files of {provider:Provider}, {limit:d} a page")
async def tries_to_list_by(context: Context, provider: Provider, limit: int) -> None:
    await context.world.tries(context.world.gateway(provider).files.list_page(limit=limit))
