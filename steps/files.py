"""Sentences about stored files: storing, finding, using and taking them back."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from behave import given, then, when

from steps.common import Context
from support.values import FileReference, Message, Provider, StoredFile
from support.world import World

TOGETHER = (
    "concurrent-101.txt",
    "concurrent-102.txt",
    "concurrent-103.txt",
    "concurrent-104.txt",
    "concurrent-105.txt",
)
MAX_OUTPUT_TOKENS = 1024
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


async def files_for(world: World, purpose: str) -> list[StoredFile]:
    """All files that the provider lists for the purpose."""

    async def walk() -> list[StoredFile]:
        return [file async for file in world.gateway(world.files.file.provider).files.list(purpose=purpose)]

    return await world.sees(walk())


async def delete(world: World, file: StoredFile) -> None:
    world.files.deletion = await world.does(world.gateway(file.provider).files.delete(file.id))


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
    unknown = context.world.files.unknown_id or ""
    context.world.expect(unknown.split("/")[-1] in refusal.message, f"the id {unknown} is not named: {refusal}")


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


# Using ---------------------------------------------------------------------------------------------------------------


def question(world: World, text: str, file: StoredFile | None) -> tuple[Message, ...]:
    references = (
        () if file is None else (FileReference(file_id=file.id, mime_type=file.mime_type or "application/pdf"),)
    )
    return (Message(role="user", text=text, files=references),)


async def ask(world: World, provider: Provider, text: str, file: StoredFile | None) -> None:
    chat = world.gateway(provider).chat
    model = world.chat_model(provider)
    answer = await world.does(chat.ask(question(world, text, file), model=model, max_output_tokens=MAX_OUTPUT_TOKENS))
    world.answers.append(answer)
    world.said.append(answer.text)


@when('the team asks {provider:Provider} "{text}" about the file')
async def asks_about_file(context: Context, provider: Provider, text: str) -> None:
    await ask(context.world, provider, text, context.world.files.file)


@when('the team asks {provider:Provider} "{text}" without the file')
async def asks_without_file(context: Context, provider: Provider, text: str) -> None:
    await ask(context.world, provider, text, None)


@when('the team tries to ask {provider:Provider} "{text}" about the file')
async def tries_to_ask(context: Context, provider: Provider, text: str) -> None:
    world = context.world
    messages = question(world, text, world.files.file)
    model = world.chat_model(provider)
    answer = await world.tries(
        world.gateway(provider).chat.ask(messages, model=model, max_output_tokens=MAX_OUTPUT_TOKENS)
    )
    if answer is not None:
        world.answers.append(answer)
        world.said.append(answer.text)


@then('the answer contains "{text}"')
def answer_contains(context: Context, text: str) -> None:
    context.world.expect(text in context.world.said[-1], f"the answer is {context.world.said[-1]!r}")


@then('the answer does not contain "{text}"')
def answer_lacks(context: Context, text: str) -> None:
    answer = context.world.said[-1]
    context.world.expect(bool(answer), "there is no answer")
    context.world.expect(text not in answer, f"the answer is {answer!r}")


@then("only the file's id went along, not its content")
def only_the_id(context: Context) -> None:
    world = context.world
    sent = bytes(world.sent()[-1].request.kept)
    file = world.files.file
    world.expect(file.id.encode() in sent, "the question does not refer to the file's id")
    size = original(world).stat().st_size
    world.expect(len(sent) < size, f"the question has {len(sent)} bytes, the file {size}: its content went along")


@then("the second question took more input tokens than the first")
def more_tokens(context: Context) -> None:
    first, second = (answer.usage.input_tokens for answer in context.world.answers[-2:])
    context.world.expect(second > first, f"the first took {first} input tokens, the second {second}")


@then("the question is refused, naming the file, and there is no answer")
def question_refused(context: Context) -> None:
    refusal = context.world.refusal()
    named = context.world.files.file.id.split("/")[-1]
    context.world.expect(refusal.status is not None and 400 <= refusal.status < 500, f"the refusal is {refusal!r}")
    context.world.expect(named in refusal.message, f"the file {named} is not named: {refusal}")
    context.world.expect(not context.world.answers, "there is an answer")


REFUSALS = {"invalid": "invalid_request", "an unknown file": "not_found"}


@then("the question is refused as {refusal}, and there is no answer")
def question_refused_as(context: Context, refusal: str) -> None:
    context.world.refusal(REFUSALS[refusal])
    context.world.expect(not context.world.answers, "there is an answer")


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
