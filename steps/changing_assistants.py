"""Sentences about lists of assistants, and about assistants that are changed or deleted."""

from __future__ import annotations

from typing import Any

from behave import then, when

from steps.assistants import UNKNOWN_ASSISTANT, answering, messages_of, read, same_in_all
from steps.common import Context
from support.world import World


async def listed(world: World, **asked: Any) -> list[str]:
    """Ids of this scenario's assistants, in the order of the list: an account may have others."""
    mine = {made.id for made in world.assistants.made}

    async def walk() -> list[str]:
        return [one.id async for one in world.desk.list(**asked) if one.id in mine]

    return await world.sees(walk())


# Listing -------------------------------------------------------------------------------------------------------------


async def expect_listed(world: World, wanted: list[str], **asked: Any) -> None:
    seen = await listed(world, **asked)
    numbers = {made.id: number for number, made in enumerate(world.assistants.made, 1)}
    world.expect(seen == wanted, f"the list has numbers {[numbers[one] for one in seen]}")


@then("the list has the three newest first, each once")
async def three_newest_first(context: Context) -> None:
    await expect_listed(context.world, [made.id for made in reversed(context.world.assistants.made)])


@then("asked from the oldest on, the list has them the other way round")
async def oldest_first(context: Context) -> None:
    await expect_listed(context.world, [made.id for made in context.world.assistants.made], order="asc")


@then("the list has the other two newest first, each once")
async def other_two(context: Context) -> None:
    first, _, third = context.world.assistants.made
    await expect_listed(context.world, [third.id, first.id])


@when("the team deletes the second one")
async def deletes_the_second(context: Context) -> None:
    await context.world.does(context.world.desk.delete(context.world.assistants.made[1].id))


@when("the team asks for a list of 2")
async def asks_for_two(context: Context) -> None:
    context.world.assistants.pages.append(await context.world.does(context.world.desk.list_page(limit=2)))


@when("the team asks for what follows them")
async def asks_for_more(context: Context) -> None:
    pages = context.world.assistants.pages
    last = pages[-1].assistants[-1].id
    pages.append(await context.world.does(context.world.desk.list_page(limit=2, cursor=last)))


@then("it has the two newest, and there is more")
def two_newest(context: Context) -> None:
    memory = context.world.assistants
    seen = [one.id for one in memory.pages[-1].assistants]
    context.world.expect(
        seen == [made.id for made in memory.made[:0:-1]], f"the page has {len(seen)} assistants: {seen}"
    )
    context.world.expect(memory.pages[-1].next_cursor is not None, "it says that there is nothing more")


@then("it has the oldest, and nothing more of theirs")
def the_oldest(context: Context) -> None:
    memory = context.world.assistants
    mine = {made.id for made in memory.made}
    seen = [one.id for one in memory.pages[-1].assistants if one.id in mine]
    context.world.expect(seen == [memory.made[0].id], f"the page has {seen}")
    if context.world.simulated:
        context.world.expect(memory.pages[-1].next_cursor is None, "it says that there is more")


@when("the team tries to list {limit:d} assistants at OpenAI, on {backend:Backend}")
async def tries_to_list(context: Context, limit: int, backend: str) -> None:
    await context.world.tries(context.world.assistants_on(backend).list_page(limit=limit))


# Changing and deleting -----------------------------------------------------------------------------------------------


@when('the team has it answer "{word}" from now on')
async def changes(context: Context, word: str) -> None:
    world = context.world
    world.assistants.before = await read(world)
    changed = world.desk.update(world.assistants.assistant.id, instructions=answering(word))
    world.assistants.given = {"instructions": answering(word)}
    await world.does(changed)


@when("the team tries to give it {length:d} characters of instructions")
async def tries_to_change(context: Context, length: int) -> None:
    world = context.world
    world.assistants.before = await read(world)
    await world.tries(world.desk.update(world.assistants.assistant.id, instructions="x" * length))


@when("the team tries to change an assistant at OpenAI, on {backend:Backend}, that nobody made")
async def tries_to_change_nobodys(context: Context, backend: str) -> None:
    context.world.assistants.unknown_id = UNKNOWN_ASSISTANT
    await context.world.tries(context.world.assistants_on(backend).update(UNKNOWN_ASSISTANT, instructions="Be kind."))


@then("reading it gives the new instructions, and all else as it was")
async def new_instructions(context: Context) -> None:
    world, memory = context.world, context.world.assistants
    assert memory.before is not None, "nothing was changed"
    seen = await read(world)
    wanted = memory.given["instructions"]
    world.expect(seen.instructions == wanted, f"its instructions are {seen.instructions!r}, not {wanted!r}")
    same_in_all(world, seen, memory.before, "instructions")


@then("reading it gives the instructions as they were")
async def old_instructions(context: Context) -> None:
    world = context.world
    same_in_all(world, await read(world), world.assistants.before or world.assistants.assistant)


@then('the new answer is "{word}"')
def new_answer(context: Context, word: str) -> None:
    context.world.expect(context.world.said[-1] == word, f"the answer is {context.world.said[-1]!r}")


@then('the run before still has the instructions to answer "{word}"')
async def old_run(context: Context, word: str) -> None:
    world = context.world
    old = world.assistants.runs[0]
    seen = (await world.sees(world.desk.runs.get(old.thread_id, old.id))).instructions
    world.expect(seen == answering(word), f"its instructions are {seen!r}")


@when("the team deletes the assistant")
async def deletes(context: Context) -> None:
    world = context.world
    world.assistants.deletion = await world.does(world.desk.delete(world.assistants.assistant.id))


@when("the team tries to delete it again")
async def tries_to_delete(context: Context) -> None:
    await context.world.tries(context.world.desk.delete(context.world.assistants.assistant.id))


@when("the team tries to delete an assistant at OpenAI, on {backend:Backend}, that nobody made")
async def tries_to_delete_nobodys(context: Context, backend: str) -> None:
    context.world.assistants.unknown_id = UNKNOWN_ASSISTANT
    await context.world.tries(context.world.assistants_on(backend).delete(UNKNOWN_ASSISTANT))


@when("the team tries to have it answer in the thread")
async def tries_to_answer(context: Context) -> None:
    memory = context.world.assistants
    await context.world.tries(context.world.desk.runs.create(memory.thread.id, memory.assistant.id))


@then("the deletion names the assistant")
def deletion_names(context: Context) -> None:
    memory = context.world.assistants
    assert memory.deletion is not None, "nothing was deleted"
    context.world.expect(memory.deletion.id == memory.assistant.id, f"it names {memory.deletion.id}")


@then("the assistant is gone, and not in the list")
async def is_gone(context: Context) -> None:
    world = context.world
    assistant = world.assistants.assistant
    world.expect(await world.gone(lambda: world.desk.get(assistant.id)), "the assistant can still be read")
    world.expect(assistant.id not in await listed(world), "the assistant is still listed")


@then("the thread still has its question and its answer")
async def thread_stays(context: Context) -> None:
    roles = [message.role for message in await messages_of(context.world)]
    context.world.expect(roles == ["user", "assistant"], f"the thread has {roles}")
