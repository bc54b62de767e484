"""Sentences about stored files: storing them, what is not taken, and what the provider has then."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from behave import given, then, when

from steps.common import Context
from support.values import Provider, StoredFile
from support.world import World

TOGETHER = (
    "concurrent-101.txt",
    "concurrent-102.txt",
    "concurrent-103.txt",
    "concurrent-104.txt",
    "concurrent-105.txt",
)
SPREAD = ("notes-1k.txt", "handbook.txt", "batch-requests.jsonl")
PAUSE_SECONDS = 3


async def store(
    world: World,
    name: str,
    provider: Provider,
    *,
    purpose: str | None = None,
    lifetime: timedelta | None = None,
) -> None:
    """Stores a fixture and remembers what the upload answered."""
    world.files.asked_at = await world.clock.now()
    files = world.gateway(provider).files
    file = await world.does(files.upload(world.fixture(name), purpose=purpose, expires_after=lifetime))
    world.files.remember(name, file)


async def read_back(world: World, file: StoredFile) -> StoredFile:
    """What the provider says of the file now."""
    return await world.sees(world.gateway(file.provider).files.get(file.id))


async def everything(world: World, provider: Provider, page_size: int | None = None) -> list[StoredFile]:
    """All files that the provider lists, page after page."""

    async def walk() -> list[StoredFile]:
        return [file async for file in world.gateway(provider).files.list(page_size=page_size)]

    return await world.sees(walk())


def ids(files: Sequence[StoredFile]) -> list[str]:
    return [file.id for file in files]


def original(world: World) -> Path:
    """What "the file" was stored from: by the name that the team gave, never by the one that the provider tells."""
    names = {file.id: name for name, file in world.files.stored.items()}
    return world.fixture(names[world.files.file.id])


# Storing -------------------------------------------------------------------------------------------------------------


@given('the team has stored "{name}" with {provider:Provider}')
@given('the team has stored "{name}" with {provider:Provider} without asking')
@when('the team stores "{name}" with {provider:Provider}')
@when('the team stores "{name}" with {provider:Provider} without asking')
async def stores(context: Context, name: str, provider: Provider) -> None:
    await store(context.world, name, provider)


@given('the team has stored "{name}" with {provider:Provider} for {purpose:Word}')
@given('the team has stored "{name}" with {provider:Provider} for {purpose:Word} without asking')
@when('the team stores "{name}" with {provider:Provider} for {purpose:Word}')
@when('the team stores "{name}" with {provider:Provider} for {purpose:Word} without asking')
async def stores_for(context: Context, name: str, provider: Provider, purpose: str) -> None:
    await store(context.world, name, provider, purpose=purpose)


@given('the team has stored "{name}" with {provider:Provider} to be kept for {lifetime:Duration}')
@when('the team stores "{name}" with {provider:Provider} to be kept for {lifetime:Duration}')
async def stores_to_be_kept(context: Context, name: str, provider: Provider, lifetime: timedelta) -> None:
    await store(context.world, name, provider, lifetime=lifetime)


@when('the team stores "{name}" once more')
async def stores_once_more(context: Context, name: str) -> None:
    await store(context.world, name, context.world.files.file.provider)


@when("the team stores these files with {provider:Provider}")
async def stores_these(context: Context, provider: Provider) -> None:
    for row in context.table:
        await store(context.world, row["file"], provider)


@given("the team has stored 3 files with {provider:Provider}, a few seconds apart")
async def has_stored_three(context: Context, provider: Provider) -> None:
    purposes = (None, None, "batch") if context.world.has_purposes(provider) else (None, None, None)
    for name, purpose in zip(SPREAD, purposes, strict=True):
        await store(context.world, name, provider, purpose=purpose)
        await context.world.clock.sleep(PAUSE_SECONDS)


@when("the team stores five files of 101 to 105 bytes with {provider:Provider}, all at once")
async def stores_together(context: Context, provider: Provider) -> None:
    world = context.world
    world.files.paths = [world.fixture(name) for name in TOGETHER]
    world.files.outcomes = await world.does(world.gateway(provider).files.upload_many(world.files.paths))
    for path, outcome in zip(world.files.paths, world.files.outcomes, strict=False):
        if outcome.file is not None:
            world.files.remember(path.name, outcome.file)


@given("{provider:Provider} holds its answers until 5 uploads are open")
async def holds_answers(context: Context, provider: Provider) -> None:
    await context.world.simulator.script(
        {"provider": provider, "operation": "files.upload", "times": 5, "do": {"hold_until": 5, "at_most_ms": 300}}
    )


@given("{provider:Provider} will refuse one upload")
async def will_refuse_one(context: Context, provider: Provider) -> None:
    await context.world.simulator.script(
        {"provider": provider, "operation": "files.upload", "skip": 2, "times": 1, "do": {"status": 400}}
    )


# Trying to store -----------------------------------------------------------------------------------------------------


@when('the team tries to store "{name}" with {provider:Provider}')
async def tries_to_store(context: Context, name: str, provider: Provider) -> None:
    world = context.world
    await world.tries(world.gateway(provider).files.upload(world.fixture(name)))


@when('the team tries to store "{name}" with {provider:Provider} for {purpose:Word}')
async def tries_to_store_for(context: Context, name: str, provider: Provider, purpose: str) -> None:
    world = context.world
    await world.tries(world.gateway(provider).files.upload(world.fixture(name), purpose=purpose))


@when('the team leaves the check to {provider:Provider} and tries to store "{name}" for {purpose:Word}')
async def tries_unchecked(context: Context, provider: Provider, name: str, purpose: str) -> None:
    world = context.world
    await world.tries(world.gateway(provider).files.upload(world.fixture(name), purpose=purpose, preflight=False))


@when('the team leaves the check to {provider:Provider} and tries to store "{name}" to be kept for {lifetime:Duration}')
async def tries_a_lifetime_unchecked(context: Context, provider: Provider, name: str, lifetime: timedelta) -> None:
    world = context.world
    files = world.gateway(provider).files
    await world.tries(files.upload(world.fixture(name), expires_after=lifetime, preflight=False))


@when("the team tries to store a folder with {provider:Provider}")
async def tries_to_store_a_folder(context: Context, provider: Provider) -> None:
    world = context.world
    with tempfile.TemporaryDirectory() as folder:
        world.files.path = Path(folder)
        await world.tries(world.gateway(provider).files.upload(world.files.path))


@when("the team tries to store a file that does not exist with {provider:Provider}")
async def tries_to_store_nothing(context: Context, provider: Provider) -> None:
    world = context.world
    with tempfile.TemporaryDirectory() as folder:
        world.files.path = Path(folder) / "no-such-file.txt"
        await world.tries(world.gateway(provider).files.upload(world.files.path))


@then("the file is reported missing, naming its path")
def reported_missing(context: Context) -> None:
    refusal = context.world.refusal("local_file_missing")
    context.world.expect(str(context.world.files.path) in refusal.message, f"the path is not named: {refusal}")


# What was stored -----------------------------------------------------------------------------------------------------


@then("{provider:Provider} reports {size:d} bytes for the file")
async def reports_bytes(context: Context, provider: Provider, size: int) -> None:
    file = await read_back(context.world, context.world.files.file)
    context.world.expect(file.size_bytes == size, f"{provider} reports {file.size_bytes} bytes")


@then("{provider:Provider} reports as many bytes as the file on disk has")
async def reports_as_many_bytes(context: Context, provider: Provider) -> None:
    file = await read_back(context.world, context.world.files.file)
    on_disk = original(context.world).stat().st_size
    context.world.expect(
        file.size_bytes == on_disk, f"{provider} reports {file.size_bytes} bytes, on disk are {on_disk}"
    )


@then('{provider:Provider} keeps it under the name that was sent, and the team reads it as "{name}"')
async def keeps_the_name(context: Context, provider: Provider, name: str) -> None:
    world = context.world
    sent = world.uploads_sent()
    file = await read_back(world, world.files.file)
    world.expect(len(sent) == 1, f"{len(sent)} uploads were sent")
    world.expect(file.sent_name == sent[0].name, f"sent was {sent[0].name!r}, {provider} keeps {file.sent_name!r}")
    world.expect(f"ts-{world.run_id}-" in file.sent_name, f"the run's mark is missing in {file.sent_name!r}")
    world.expect(file.name == name, f"the team reads {file.name!r}")


@then("the file's bytes reached {provider:Provider} unchanged, in one upload")
def bytes_unchanged(context: Context, provider: Provider) -> None:
    world = context.world
    file = world.files.file
    sent = world.uploads_sent()
    world.expect(len(sent) == 1, f"{len(sent)} uploads were sent to {provider}")
    same = sent[0].content == original(world).read_bytes()
    world.expect(same, f"what was sent to {provider} is not the file's content")
    if file.purpose is not None:
        world.expect(sent[0].fields.get("purpose") == file.purpose, f"the form's fields are {sent[0].fields}")


@then("the team's record has everything that {provider:Provider} told about the file")
def record_has_everything(context: Context, provider: Provider) -> None:
    world = context.world
    file = world.files.file
    told = world.sent()[-1].response.json()
    told = told.get("file", told)
    world.expect(file.raw == told, f"the record has {dict(file.raw)}, {provider} told {told}")
    world.expect(bool(file.id) and file.provider is provider, "the record lacks the provider or the id")
    moment = world.files.asked_at
    assert moment is not None
    off = abs((file.created_at - moment).total_seconds())
    world.expect(
        off <= world.clock_tolerance_seconds, f"the record says stored at {file.created_at}, asked at {moment}"
    )


@then("{provider:Provider} reports the type {mime_type}")
async def reports_type(context: Context, provider: Provider, mime_type: str) -> None:
    file = await read_back(context.world, context.world.files.file)
    wanted = None if mime_type == "nothing" else mime_type
    context.world.expect(file.mime_type == wanted, f"{provider} reports {file.mime_type}")


@then("the two files have different ids")
@then("the {count:d} files have different ids")
def different_ids(context: Context, count: int = 2) -> None:
    stored = ids(list(context.world.files.stored.values()))
    context.world.expect(all(stored), "a file has no id")
    context.world.expect(len(set(stored)) == len(stored) == count, f"the ids are {stored}")


@then("both can be read")
async def both_can_be_read(context: Context) -> None:
    for file in context.world.files.stored.values():
        same = await read_back(context.world, file)
        context.world.expect(same.id == file.id, f"asked for {file.id}, got {same.id}")


@then("each can be read and has the size and name of its own file")
async def each_is_its_own(context: Context) -> None:
    world = context.world
    for name, file in world.files.stored.items():
        found = await read_back(world, file)
        size = world.fixture(name).stat().st_size
        world.expect(found.name == name, f"the file stored from {name} is called {found.name}")
        world.expect(found.size_bytes == size, f"{name} has {size} bytes, the provider reports {found.size_bytes}")


@then("the results come in the order of the files")
def in_order(context: Context) -> None:
    world = context.world
    paths = [outcome.path for outcome in world.files.outcomes]
    world.expect(paths == [str(path) for path in world.files.paths], f"the results are for {paths}")
    for outcome in world.files.outcomes:
        if outcome.file is not None:
            world.expect(outcome.file.name == Path(outcome.path).name, f"{outcome.path} became {outcome.file.name}")


@then("{provider:Provider} saw 5 uploads open at one moment")
async def saw_five_open(context: Context, provider: Provider) -> None:
    peaks = (await context.world.state())["requests"]["peak_by_operation"]
    peak = peaks.get(f"{provider} files.upload", 0)
    context.world.expect(peak == len(TOGETHER), f"{provider} saw at most {peak} uploads open at one moment")


@then("{stored:d} files are stored and {refused:d} is refused")
async def some_are_refused(context: Context, stored: int, refused: int) -> None:
    outcomes = context.world.files.outcomes
    good = [outcome for outcome in outcomes if outcome.file is not None]
    bad = [outcome for outcome in outcomes if outcome.error is not None]
    context.world.expect(
        (len(good), len(bad)) == (stored, refused),
        f"{len(good)} were stored and {len(bad)} refused, of {len(outcomes)}",
    )


@then("the refusal names its own file")
async def refusal_names_its_file(context: Context) -> None:
    world = context.world
    refused = [outcome for outcome in world.files.outcomes if outcome.error is not None]
    world.expect(len(refused) == 1, f"{len(refused)} were refused")
    provider = next(iter(world.files.stored.values())).provider
    kept = {file.name for file in await everything(world, provider)}
    world.expect(Path(refused[0].path).name not in kept, f"{refused[0].path} is said to be refused, and is stored")
    world.expect(len(kept) == len(TOGETHER) - 1, f"{provider} has {sorted(kept)}")
