"""Sentences about training data: writing, splitting, checking and storing it."""

from __future__ import annotations

import json
from typing import Any

from behave import given, then, when

from steps.assistants import FOUR_SCRIPTS
from steps.common import Context
from support.values import Message, Provider, TrainingExample
from support.world import World


def examples(count: int, without_answer: int | None = None) -> list[TrainingExample]:
    """Examples that differ, with text in four scripts; one of them may have no answer."""
    made = []
    for number in range(1, count + 1):
        asked = Message(role="user", text=f"Question {number}: {FOUR_SCRIPTS}")
        said = Message(role="assistant", text=f"Answer {number}:\n{FOUR_SCRIPTS}")
        messages = (asked,) if number == without_answer else (asked, said)
        made.append(TrainingExample(messages=messages, system="Answer briefly – überall."))
    return made


@given("{count:d} examples with text in four scripts")
def has_examples(context: Context, count: int) -> None:
    context.world.tuning.examples = examples(count)


@given("the team has written {count:d} examples as training data")
def has_written(context: Context, count: int) -> None:
    context.world.tuning.examples = examples(count)
    write(context.world)


@given("{count:d} examples of which number {number:d} has no answer")
def has_a_bad_example(context: Context, count: int, number: int) -> None:
    context.world.tuning.examples = examples(count, without_answer=number)


def write(world: World) -> None:
    memory = world.tuning
    memory.path = world.scratch() / "training.jsonl"
    memory.data = world.training.write_examples(memory.examples, memory.path)


@when("the team writes them as training data")
def writes(context: Context) -> None:
    write(context.world)


@when("the team tries to write them as training data")
async def tries_to_write(context: Context) -> None:
    async def written() -> None:
        write(context.world)

    await context.world.tries(written())


@when("the team splits them 75 to 25, twice with the same seed")
def splits(context: Context) -> None:
    memory = context.world.tuning
    for _ in range(2):
        first, second = context.world.training.split(memory.examples, 0.75, seed=7)
        memory.parts.append((list(first), list(second)))


@when('the team checks "{name}"')
def checks(context: Context, name: str) -> None:
    context.world.tuning.data = context.world.training.check(context.world.fixture(name))


@when('the team checks "{name}" as preferences')
def checks_preferences(context: Context, name: str) -> None:
    world = context.world
    world.tuning.data = world.training.check(world.fixture(name), method="preference")


@when('the team stores "{name}" at OpenAI to train on')
async def stores(context: Context, name: str) -> None:
    world = context.world
    world.tuning.path = world.fixture(name)
    upload = world.gateway(Provider.OPENAI).files.upload(world.tuning.path, purpose="fine-tune")
    world.tuning.stored = await world.does(upload)


@when('the team tries to store "{name}" at OpenAI to train on')
async def tries_to_store(context: Context, name: str) -> None:
    world = context.world
    await world.tries(world.gateway(Provider.OPENAI).files.upload(world.fixture(name), purpose="fine-tune"))


# Looking -------------------------------------------------------------------------------------------------------------


@then("the file has {count:d} lines, each a conversation that ends with the assistant, and ends with the last of them")
def lines_of_the_file(context: Context, count: int) -> None:
    world = context.world
    assert world.tuning.path is not None, "nothing was written"
    text = world.tuning.path.read_bytes()
    world.expect(text.endswith(b"}\n") and not text.endswith(b"\n\n"), f"it ends with {text[-20:]!r}")
    lines = text.split(b"\n")[:-1]
    world.expect(len(lines) == count, f"it has {len(lines)} lines")
    for number, line in enumerate(lines, 1):
        told: dict[str, Any] = json.loads(line)
        world.expect(set(told) == {"messages"}, f"line {number} has {set(told)}")
        example = world.tuning.examples[number - 1]
        wanted = [("system", example.system), *((one.role, one.text) for one in example.messages)]
        said = [(message["role"], message["content"]) for message in told["messages"]]
        world.expect(said == wanted and said[-1][0] == "assistant", f"line {number} has {said}")


@then("reading the file gives the examples as they were")
def reads_as_they_were(context: Context) -> None:
    memory = context.world.tuning
    assert memory.path is not None, "nothing was written"
    read = list(context.world.training.read_examples(memory.path))
    context.world.expect(len(read) == len(memory.examples), f"there are {len(read)}")
    for number, (now, then_) in enumerate(zip(read, memory.examples, strict=True), 1):
        context.world.expect(now == then_, f"example {number} is {now}")


@then("the parts have {first:d} and {second:d} examples, none in both and none lost")
def parts_have(context: Context, first: int, second: int) -> None:
    memory = context.world.tuning
    one, other = memory.parts[0]
    context.world.expect((len(one), len(other)) == (first, second), f"the parts have {len(one)} and {len(other)}")
    shared = [example for example in one if example in other]
    context.world.expect(not shared, f"{len(shared)} are in both")
    lost = [example for example in memory.examples if example not in [*one, *other]]
    context.world.expect(not lost, f"{len(lost)} are lost")


@then("the second split is the same as the first")
def same_split(context: Context) -> None:
    one, other = context.world.tuning.parts
    context.world.expect(one == other, "the second split is another")


@then("the request is refused because example {number:d} is wrong")
def names_the_example(context: Context, number: int) -> None:
    """Examples in memory are counted from 0, as the team's own code counts them."""
    said = context.world.refusal("invalid_request").message
    context.world.expect(f"[{number - 1}]" in said, f"the refusal does not name {number}: {said}")


def faults(world: World) -> list[tuple[int | None, str]]:
    assert world.tuning.data is not None, "nothing was checked"
    return [(fault.line, fault.message) for fault in world.tuning.data.faults]


@then('line {line:d} is told to be wrong, and no other, with a reason that speaks of "{word}"')
def one_is_wrong(context: Context, line: int, word: str) -> None:
    told = faults(context.world)
    context.world.expect([one for one, _ in told] == [line], f"told to be wrong are {told}")
    context.world.expect(word.lower() in told[0][1].lower(), f"the reason is {told[0][1]!r}")


@then("lines {first:d} and {second:d} are told to be wrong, and no other")
def two_are_wrong(context: Context, first: int, second: int) -> None:
    told = faults(context.world)
    context.world.expect([one for one, _ in told] == [first, second], f"told to be wrong are {told}")


@then("nothing is told to be wrong")
def nothing_wrong(context: Context) -> None:
    told = faults(context.world)
    context.world.expect(not told, f"told to be wrong are {told}")


@then("OpenAI has the file under its name, to train on, with its size and no fault")
async def has_the_file(context: Context) -> None:
    world, memory = context.world, context.world.tuning
    assert memory.stored is not None, "nothing was stored"
    assert memory.path is not None, "nothing was stored"
    seen = await world.sees(world.gateway(Provider.OPENAI).files.get(memory.stored.id))
    world.expect(seen.name == memory.path.name, f"its name is {seen.name}")
    world.expect(seen.purpose == "fine-tune", f"its purpose is {seen.purpose}")
    size = memory.path.stat().st_size
    world.expect(seen.size_bytes == size == memory.stored.size_bytes, f"it has {seen.size_bytes} bytes, not {size}")
    state = seen.raw.get("status")
    world.expect(state is not None and state != "error", f"its state is {state}")
    same = seen.model_dump(exclude={"raw"}) == memory.stored.model_dump(exclude={"raw"})
    world.expect(same, f"stored was {memory.stored}, described is {seen}")


@then("it is in the list of files to train on")
async def is_listed(context: Context) -> None:
    world, memory = context.world, context.world.tuning
    assert memory.stored is not None, "nothing was stored"

    async def walk() -> list[str]:
        return [file.id async for file in world.gateway(Provider.OPENAI).files.list(purpose="fine-tune")]

    world.expect(memory.stored.id in await world.sees(walk()), "it is not in the list")


@then("its bytes come back unchanged")
async def bytes_unchanged(context: Context) -> None:
    world, memory = context.world, context.world.tuning
    assert memory.stored is not None, "nothing was stored"
    assert memory.path is not None, "nothing was stored"
    content = await world.sees(world.gateway(Provider.OPENAI).files.content(memory.stored.id))
    world.expect(content == memory.path.read_bytes(), f"{len(content)} bytes came back, and others")
