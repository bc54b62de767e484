"""Sentences about stored files that are read back or deleted, and about files that nobody stored."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from behave import given, then, when

from steps.common import Context
from steps.files import everything, ids, read_back
from support.values import Provider, StoredFile
from support.world import World


async def delete(world: World, file: StoredFile) -> None:
    world.files.deletion = await world.does(world.gateway(file.provider).files.delete(file.id))


# Reading back --------------------------------------------------------------------------------------------------------


@when('the team reads what {provider:Provider} knows of "{name}"')
async def reads_what_is_known(context: Context, provider: Provider, name: str) -> None:
    context.world.files.latest = context.world.files.stored[name]
    context.world.files.read = await read_back(context.world, context.world.files.stored[name])


@then("it is the same as when the file was stored")
def same_as_stored(context: Context) -> None:
    world = context.world
    stored, read = world.files.file, world.files.read
    assert read is not None
    for name in ("id", "name", "sent_name", "size_bytes", "created_at", "purpose"):
        then_, now = getattr(stored, name), getattr(read, name)
        world.expect(then_ == now, f"{name} was {then_} and is {now}")


@then("{provider:Provider} says that the file was stored just now")
async def stored_just_now(context: Context, provider: Provider) -> None:
    world = context.world
    world.files.read = await read_back(world, world.files.file)
    moment = world.files.asked_at
    assert moment is not None
    off = abs((world.files.read.created_at - moment).total_seconds())
    world.expect(
        off <= world.clock_tolerance_seconds, f"{provider} says {world.files.read.created_at}, it was {moment}"
    )


@then("{provider:Provider} still says the same time")
async def still_the_same_time(context: Context, provider: Provider) -> None:
    world = context.world
    assert world.files.read is not None
    now = await read_back(world, world.files.file)
    before = world.files.read.created_at
    world.expect(now.created_at == before, f"{provider} said {before} and now says {now.created_at}")


@then("{provider:Provider} says that the file will expire {lifetime:Duration} after it was stored")
async def will_expire(context: Context, provider: Provider, lifetime: timedelta) -> None:
    file = await read_back(context.world, context.world.files.file)
    context.world.expect(file.expires_at is not None, f"{provider} says that the file never expires")
    assert file.expires_at is not None
    kept = file.expires_at - file.created_at
    off = abs((kept - lifetime).total_seconds())
    context.world.expect(off <= context.world.expiry_tolerance_seconds, f"{provider} keeps the file for {kept}")


@when("the team reads the content of the file back")
async def reads_content(context: Context) -> None:
    file = context.world.files.file
    context.world.files.content = await context.world.does(context.world.gateway(file.provider).files.content(file.id))


@when("the team tries to read the content of the file back")
async def tries_to_read_content(context: Context) -> None:
    file = context.world.files.file
    await context.world.tries(context.world.gateway(file.provider).files.content(file.id))


@then('the content is byte for byte the one of "{name}"')
def byte_for_byte(context: Context, name: str) -> None:
    content = context.world.files.content or b""
    stored = context.world.fixture(name).read_bytes()
    context.world.expect(
        hashlib.sha256(content).digest() == hashlib.sha256(stored).digest(),
        f"{len(content)} bytes came back, {len(stored)} were stored, and they differ",
    )


# What does not exist -------------------------------------------------------------------------------------------------


async def never_stored(world: World, provider: Provider) -> str:
    """The id of a file that the provider gave out and that is gone: of the right form, and certainly nobody's."""
    if world.files.unknown_id is None:
        files = world.gateway(provider).files
        file = await world.does(files.upload(world.fixture("notes-1k.txt")))
        await world.does(files.delete(file.id))
        world.files.unknown_id = altered(file.id)
    return world.files.unknown_id


def altered(file_id: str) -> str:
    """The id with its last six characters turned round and shifted: the same form, another file."""
    tail = file_id[-6:].translate(str.maketrans("abcdefghijkmnopqrstuvwxyz", "bcdefghijkmnopqrstuvwxyza"))
    return file_id[:-6] + tail[::-1]


@when("the team asks {provider:Provider} for a file that was never stored")
async def asks_for_unknown(context: Context, provider: Provider) -> None:
    unknown = await never_stored(context.world, provider)
    await context.world.tries(context.world.gateway(provider).files.get(unknown))


@when("the team asks {provider:Provider} for the same file with a wrong key")
async def asks_with_wrong_key(context: Context, provider: Provider) -> None:
    unknown = await never_stored(context.world, provider)
    wrong = context.world.gateway(provider, key="wrong-key-for-acceptance-0000")
    await context.world.tries(wrong.files.get(unknown))


@when("the team tries to delete a file from {provider:Provider} that was never stored")
async def tries_to_delete_unknown(context: Context, provider: Provider) -> None:
    unknown = await never_stored(context.world, provider)
    await context.world.tries(context.world.gateway(provider).files.delete(unknown))


@then("the request is refused because {provider:Provider} has no such file")
def no_such_file(context: Context, provider: Provider) -> None:
    refusal = context.world.refusal("not_found")
    context.world.expect(refusal.provider is provider, f"the refusal is of {refusal.provider}: {refusal}")


@then("the refusal names the file's id")
def refusal_names_id(context: Context) -> None:
    refusal = context.world.refusal()
    unknown = context.world.files.unknown_id
    assert unknown is not None, "the scenario has asked for no file that was never stored"
    context.world.expect(unknown.split("/")[-1] in refusal.message, f"the id {unknown} is not named: {refusal}")


# Taking back ---------------------------------------------------------------------------------------------------------


@when("the team deletes the file")
async def deletes(context: Context) -> None:
    await delete(context.world, context.world.files.file)


@given('the team has deleted "{name}"')
@when('the team deletes "{name}"')
async def deletes_named(context: Context, name: str) -> None:
    context.world.files.latest = context.world.files.stored[name]
    await delete(context.world, context.world.files.file)


@when("the team tries to delete the file again")
async def tries_to_delete_again(context: Context) -> None:
    file = context.world.files.file
    await context.world.tries(context.world.gateway(file.provider).files.delete(file.id))


@then("{provider:Provider} confirms the deletion")
def confirms(context: Context, provider: Provider) -> None:
    deletion = context.world.files.deletion
    context.world.expect(deletion is not None, "nothing was deleted")
    assert deletion is not None
    context.world.expect(
        (deletion.provider, deletion.id) == (provider, context.world.files.file.id), f"{provider} confirms {deletion}"
    )


@then("the file can no longer be read")
async def no_longer_read(context: Context) -> None:
    file = context.world.files.file
    files = context.world.gateway(file.provider).files
    context.world.expect(await context.world.gone(lambda: files.get(file.id)), "the file can still be read")


@then("the file is missing from the list of stored files")
async def missing_from_list(context: Context) -> None:
    file = context.world.files.file

    async def listed() -> bool:
        return file.id in ids(await everything(context.world, file.provider))

    context.world.expect(await context.world.becomes(listed, False), f"the list still has {file.id}")


@then('"{name}" can still be read')
async def still_read(context: Context, name: str) -> None:
    file = context.world.files.stored[name]
    found = await read_back(context.world, file)
    context.world.expect(found.id == file.id, f"asked for {file.id}, got {found.id}")


@then('"{name}" is in the list of stored files')
async def in_list(context: Context, name: str) -> None:
    file = context.world.files.stored[name]
    listed = ids(await everything(context.world, file.provider))
    context.world.expect(file.id in listed, f"the list lacks {name}")
