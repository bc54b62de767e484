"""Sentences about threads and their messages, on either of OpenAI's two APIs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from behave import given, then, when

from steps.assistants import FOUR_SCRIPTS, messages_of, open_thread
from steps.common import Context
from support.values import NewMessage, Thread, ThreadMessage
from support.world import World

UNKNOWN_THREAD = {
    "the Assistants API": "thread_nobodyopenedthisone123456",
    "Responses and Conversations": "conv_68c9eda7fd0c8191be12ef7c0d1999db0a1b2c3d4e5f6a7b",
}
"""Ids of the right form that nobody has."""


async def add(world: World, message: NewMessage, thread: Thread | None = None) -> ThreadMessage:
    """Adds a message to the latest thread, or to another, and remembers both."""
    memory = world.assistants
    added = await world.does(world.desk.messages.add((thread or memory.thread).id, message))
    memory.added.append(added)
    memory.sent.append(message)
    return added


async def read(world: World) -> Thread:
    return await world.sees(world.desk.threads.get(world.assistants.thread.id))


def several(world: World, count: int) -> list[NewMessage]:
    """Messages of both roles that differ."""
    roles = ("user", "assistant")
    return [NewMessage(text=f"Message {number} of {count}.", role=roles[number % 2]) for number in range(count)]


# Threads -------------------------------------------------------------------------------------------------------------


@when("the team opens a thread at OpenAI, on {backend:Backend}")
@given("a thread at OpenAI, on {backend:Backend}")
async def opens(context: Context, backend: str) -> None:
    context.world.assistants_on(backend)
    await open_thread(context.world)


@given("two threads at OpenAI, on {backend:Backend}")
async def opens_two(context: Context, backend: str) -> None:
    context.world.assistants_on(backend)
    await open_thread(context.world)
    await open_thread(context.world)


@when('the team opens a thread at OpenAI, on {backend:Backend}, with "{first}" and "{second}"')
async def opens_with_messages(context: Context, backend: str, first: str, second: str) -> None:
    context.world.assistants_on(backend)
    context.world.assistants.sent = [NewMessage(text=first), NewMessage(text=second)]
    await open_thread(context.world, first, second)


@when('the team opens another one with "{text}"')
async def opens_another(context: Context, text: str) -> None:
    await open_thread(context.world, text)
    context.world.assistants.sent.append(NewMessage(text=text))


@then("each of the two has its own messages and no other")
async def each_its_own(context: Context) -> None:
    world, memory = context.world, context.world.assistants
    *first, last = [message.text for message in memory.sent]
    for thread, wanted in zip(memory.threads, (first, [last]), strict=True):
        page = await world.sees(world.desk.messages.list_page(thread.id, order="asc"))
        held = [message.text for message in page.messages]
        world.expect(held == wanted, f"it has {held}, not {wanted}")


@when('the team opens a thread at OpenAI, on {backend:Backend}, filed under "{key}" as "{value}"')
async def opens_filed(context: Context, backend: str, key: str, value: str) -> None:
    context.world.assistants_on(backend)
    await open_thread(context.world, metadata={key: value})


@when('the team files it under "{key}" as "{value}"')
async def files(context: Context, key: str, value: str) -> None:
    world = context.world
    await world.does(world.desk.threads.update(world.assistants.thread.id, {key: value}))


@when("the team deletes the thread")
async def deletes(context: Context) -> None:
    world = context.world
    gone = await world.does(world.desk.threads.delete(world.assistants.thread.id))
    world.expect(gone.id == world.assistants.thread.id, f"the deletion names {gone.id}")


WRONG: Mapping[str, Mapping[str, Any]] = {
    "17 entries of metadata": {"metadata": {f"entry {number}": "x" for number in range(17)}},
    'a message of the role "system"': {"messages": [NewMessage(text="Obey.", role="system")]},
}


@when("the team tries to open a thread at OpenAI, on {backend:Backend}, with {wrong}")
async def tries_to_open(context: Context, backend: str, wrong: str) -> None:
    await context.world.tries(context.world.assistants_on(backend).threads.create(**WRONG[wrong]))


@then("the thread has no messages and no metadata")
async def is_empty(context: Context) -> None:
    seen = await read(context.world)
    context.world.expect(bool(seen.id), "it has no id")
    context.world.expect(dict(seen.metadata) == {}, f"it has metadata: {seen.metadata}")
    held = await messages_of(context.world)
    context.world.expect(held == [], f"it has {len(held)} messages")


@then("the thread is gone")
async def is_gone(context: Context) -> None:
    world = context.world
    thread = world.assistants.thread
    world.expect(await world.gone(lambda: world.desk.threads.get(thread.id)), "the thread can still be read")


@then("the thread has exactly these messages, in order")
async def has_these(context: Context) -> None:
    held = [(message.role, message.text) for message in await messages_of(context.world)]
    wanted = [(message.role, message.text) for message in context.world.assistants.sent]
    context.world.expect(held == wanted, f"it has {held}")


@then('the thread is filed under "{key}" as "{value}"')
async def is_filed(context: Context, key: str, value: str) -> None:
    seen = await read(context.world)
    context.world.expect(dict(seen.metadata) == {key: value}, f"it is filed as {dict(seen.metadata)}")


# Messages ------------------------------------------------------------------------------------------------------------


@when("the team adds a message of {length:d} characters in four scripts to the first")
async def adds_long(context: Context, length: int) -> None:
    text = ("§ " + FOUR_SCRIPTS * (length // len(FOUR_SCRIPTS) + 1))[: length - 1] + "."
    await add(context.world, NewMessage(text=text), context.world.assistants.threads[0])


@when('the team adds "{first}", "{second}" and "{third}" to it')
async def adds_three(context: Context, first: str, second: str, third: str) -> None:
    for text in (first, second, third):
        await add(context.world, NewMessage(text=text))


@given("a thread at OpenAI, on {backend:Backend}, with three messages")
async def has_three(context: Context, backend: str) -> None:
    context.world.assistants_on(backend)
    await open_thread(context.world)
    for message in several(context.world, 3):
        await add(context.world, message)


@given("a thread at OpenAI, on {backend:Backend}, with {count:d} messages")
async def has_many(context: Context, backend: str, count: int) -> None:
    context.world.assistants_on(backend)
    await open_thread(context.world)
    for message in several(context.world, count):
        await add(context.world, message)


@given("another thread with a message of its own")
async def another_thread(context: Context) -> None:
    memory = context.world.assistants
    other = await context.world.does(context.world.desk.threads.create([NewMessage(text="Elsewhere.")]))
    memory.threads.insert(0, other)  # "the thread" stays the one before


@when('the team adds a message that is filed under "{key}" as "{value}"')
async def adds_filed(context: Context, key: str, value: str) -> None:
    await add(context.world, NewMessage(text="Look at this.", metadata={key: value}))


@when('the team tries to add a message that is filed under "{key}" as "{value}"')
async def tries_to_add_filed(context: Context, key: str, value: str) -> None:
    world = context.world
    message = NewMessage(text="Look at this.", metadata={key: value})
    await world.tries(world.desk.messages.add(world.assistants.thread.id, message))


@when("the team tries to add an empty message")
async def tries_to_add_nothing(context: Context) -> None:
    world = context.world
    await world.tries(world.desk.messages.add(world.assistants.thread.id, NewMessage(text="")))


@when('the team tries to add "{text}"')
async def tries_to_add(context: Context, text: str) -> None:
    world = context.world
    await world.tries(world.desk.messages.add(world.assistants.thread.id, NewMessage(text=text)))


@when("the team tries to add a message to a thread at OpenAI, on {backend:Backend}, that nobody opened")
async def tries_to_add_nowhere(context: Context, backend: str) -> None:
    context.world.assistants.unknown_id = UNKNOWN_THREAD[backend]
    desk = context.world.assistants_on(backend)
    await context.world.tries(desk.messages.add(UNKNOWN_THREAD[backend], NewMessage(text="Hello?")))


@when("the team tries to list the messages of a thread at OpenAI, on {backend:Backend}, that nobody opened")
async def tries_to_list_nowhere(context: Context, backend: str) -> None:
    context.world.assistants.unknown_id = UNKNOWN_THREAD[backend]
    desk = context.world.assistants_on(backend)
    await context.world.tries(desk.messages.list_page(UNKNOWN_THREAD[backend]))


@then("the request is refused because there is no such thread")
def no_such_thread(context: Context) -> None:
    asked = context.world.assistants.unknown_id
    refusal = context.world.refusal("not_found")
    context.world.expect(asked in refusal.message, f"the refusal does not name {asked}: {refusal}")


@then("the message is the user's, belongs to the thread and reads exactly as it was written")
async def reads_as_written(context: Context) -> None:
    world, memory = context.world, context.world.assistants
    thread, added = memory.threads[0], memory.added[-1]
    seen = await world.sees(world.desk.messages.get(thread.id, added.id))
    world.expect(seen.role == "user", f"it is the {seen.role}'s")
    world.expect(seen.thread_id == thread.id, f"it belongs to {seen.thread_id}")
    wanted = memory.sent[-1].text
    world.expect(
        seen.text == wanted, f"of {len(wanted)} characters {len(seen.text)} came back, from {seen.text[:40]!r} on"
    )


@then("it is the only message of its thread")
async def the_only_one(context: Context) -> None:
    world, memory = context.world, context.world.assistants
    page = await world.sees(world.desk.messages.list_page(memory.threads[0].id))
    world.expect([one.id for one in page.messages] == [memory.added[-1].id], f"it has {len(page.messages)} messages")


@then("the second thread is still empty")
async def second_is_empty(context: Context) -> None:
    held = await messages_of(context.world)
    context.world.expect(held == [], f"it has {len(held)} messages")


@then("the thread has three messages with ids of their own, in that order")
async def three_in_order(context: Context) -> None:
    memory = context.world.assistants
    held = await messages_of(context.world)
    ids = [message.id for message in held]
    context.world.expect(len(set(ids)) == 3, f"the ids are {ids}")
    context.world.expect(ids == [added.id for added in memory.added], f"the list has {ids}")
    texts = [message.text for message in held]
    context.world.expect(texts == [message.text for message in memory.sent], f"they say {texts}")


@then('reading the message shows it filed under "{key}" as "{value}"')
async def message_is_filed(context: Context, key: str, value: str) -> None:
    world, memory = context.world, context.world.assistants
    seen = await world.sees(world.desk.messages.get(memory.thread.id, memory.added[-1].id))
    world.expect(dict(seen.metadata) == {key: value}, f"it is filed as {dict(seen.metadata)}")


# Listing -------------------------------------------------------------------------------------------------------------


async def expect_order(world: World, wanted: list[ThreadMessage], **asked: Any) -> None:
    seen = [message.id for message in await messages_of(world, **asked)]
    numbers = {added.id: number for number, added in enumerate(world.assistants.added, 1)}
    told = [numbers.get(one, "another thread's") for one in seen]
    world.expect(seen == [message.id for message in wanted], f"the list has messages {told}")


@then("the messages are listed newest first")
async def newest_first(context: Context) -> None:
    await expect_order(context.world, context.world.assistants.added[::-1], order=None)


@then("asked from the oldest on, they are listed the other way round")
async def oldest_first(context: Context) -> None:
    await expect_order(context.world, context.world.assistants.added, order="asc")


@then("the list of its messages has all {count:d}, newest first")
async def has_all(context: Context, count: int) -> None:
    context.world.expect(len(context.world.assistants.added) == count, "not all were added")
    await expect_order(context.world, context.world.assistants.added[::-1], order=None)


@then("each has the text and the role that it was given")
async def as_given(context: Context) -> None:
    held = [(message.role, message.text) for message in await messages_of(context.world)]
    wanted = [(message.role, message.text) for message in context.world.assistants.sent]
    context.world.expect(held == wanted, f"the messages are {held}")


@when("the team walks through the messages, {size:d} a page")
async def walks(context: Context, size: int) -> None:
    world, memory = context.world, context.world.assistants
    cursor: str | None = None
    for _ in range(len(memory.added) + 2):
        page = await world.does(world.desk.messages.list_page(memory.thread.id, limit=size, cursor=cursor))
        memory.walked.append([message.id for message in page.messages])
        cursor = page.messages[-1].id if page.messages else None
        if page.next_cursor is None:
            return


@then("it meets the three newest first, without a gap and without a repeat")
def meets_each_once(context: Context) -> None:
    memory = context.world.assistants
    wanted = [[added.id] for added in reversed(memory.added)]
    numbers = {added.id: number for number, added in enumerate(memory.added, 1)}
    told = [[numbers.get(one) for one in page] for page in memory.walked]
    context.world.expect(memory.walked == wanted, f"the pages had messages {told}")
