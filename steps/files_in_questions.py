"""Sentences about questions on a stored file."""

from __future__ import annotations

from behave import then, when

from steps.common import Context
from steps.files import original
from support.values import FileReference, Message, Provider, StoredFile
from support.world import World

MAX_OUTPUT_TOKENS = 1024


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
    refusal = context.world.refusal("not_found")
    named = context.world.files.file.id.split("/")[-1]
    context.world.expect(refusal.status is not None, f"nothing was asked of the provider: {refusal!r}")
    context.world.expect(named in refusal.message, f"the file {named} is not named: {refusal}")
    context.world.expect(not context.world.answers, "there is an answer")


REFUSALS = {"invalid": "invalid_request", "an unknown file": "not_found"}


@then("the question is refused as {refusal}, and there is no answer")
def question_refused_as(context: Context, refusal: str) -> None:
    context.world.refusal(REFUSALS[refusal])
    context.world.expect(not context.world.answers, "there is an answer")
