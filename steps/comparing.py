"""Sentences about the same question, or the same texts, at several providers: one shape, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from behave import given, then, when

from steps.common import Context
from steps.failover import CAPITAL
from support.values import Message, Provider, Usage
from support.world import World

MOST_TOKENS = 256
LONG = (Message(role="user", text="Count from 1 to 200, with a comma after each number."),)
RULED = (Message(role="user", text="What is your favourite flower?"),)
TOWN = (Message(role="user", text="My town is Lisbon."), Message(role="assistant", text="Lisbon it is."))
TEXTS = {
    "text": "The cat sleeps on the warm windowsill in the sun.",
    "related": "On the sunny windowsill the cat is sleeping.",
    "unrelated": "Interest rates rose again in the last quarter.",
}
APART = 0.05
ITSELF = 1e-3
"""How far from 1 the nearness of a text to itself may be."""


async def compare(world: World, providers: Sequence[Provider], messages: Sequence[Message], **said: Any) -> None:
    """Asks them side by side; what was answered is what the scenario's sentences speak of."""
    made = await world.compares(providers, messages, max_output_tokens=said.pop("most", MOST_TOKENS), **said)
    for record in made.answered:
        world.said.append(record.text or "")


def told(world: World) -> Usage:
    """The tokens that the provider told in its last answer, as they went over the wire."""
    usages = world.told_usages()
    world.expect(bool(usages), "no tokens were told")
    return usages[-1]


# Asking --------------------------------------------------------------------------------------------------------------


@when("the team asks {provider:Provider} for the capital of France, in one word")
async def asks_capital(context: Context, provider: Provider) -> None:
    await compare(context.world, [provider], CAPITAL)


@when("the team asks {provider:Provider} for the capital of France, in pieces")
async def asks_in_pieces(context: Context, provider: Provider) -> None:
    await compare(context.world, [provider], CAPITAL, stream=True)


@when("the team asks {first:Provider}, {second:Provider} and {third:Provider} side by side for the capital of France")
async def asks_three(context: Context, first: Provider, second: Provider, third: Provider) -> None:
    await compare(context.world, [first, second, third], CAPITAL)


@given("the team has no key for {provider:Provider}")
def has_no_key(context: Context, provider: Provider) -> None:
    context.world.gives_back_key(provider)


@when('the team asks {provider:Provider} something, with the rule to answer "{word}"')
async def asks_with_rule(context: Context, provider: Provider, word: str) -> None:
    await compare(context.world, [provider], RULED, system=f"Answer exactly: {word}")


@given("the team has told {provider:Provider} that its town is Lisbon, and was answered")
def has_told(context: Context, provider: Provider) -> None:
    context.world.several.conversation = TOWN


@when("the team asks {provider:Provider} what its town is")
async def asks_town(context: Context, provider: Provider) -> None:
    world = context.world
    question = Message(role="user", text="What is my town?")
    await compare(world, [provider], [*world.several.conversation, question])


@when("the team asks {provider:Provider} to count to 200, in {most:d} tokens at most")
async def asks_long(context: Context, provider: Provider, most: int) -> None:
    await compare(context.world, [provider], LONG, most=most)


# Answers -------------------------------------------------------------------------------------------------------------


@then("the answer is Paris, in any spelling")
def is_paris(context: Context) -> None:
    said = context.world.said[-1]
    context.world.expect(said.strip().rstrip(".").lower() == "paris", f"the answer is {said!r}")


@then('the answer is exactly "{word}"')
def is_word(context: Context, word: str) -> None:
    said = context.world.said[-1]
    context.world.expect(said.strip() == word, f"the answer is {said!r}")


@then("the record tells {provider:Provider}, its model, that the answer came to its end, and {same:Provider}'s own id")
def record_tells(context: Context, provider: Provider, same: Provider) -> None:
    world = context.world
    (record,) = world.several.compared.records
    world.expect(record.provider is provider is same, f"the record is of {record.provider}")
    world.expect(record.model == world.chat_model(provider), f"the record tells the model {record.model}")
    world.expect(record.stop_reason == "end", f"the record tells that the answer ended by {record.stop_reason!r}")
    sent = bytes(world.sent()[-1].response.kept).decode()
    known = record.id is not None and len(record.id) > 5 and f'"{record.id}"' in sent
    world.expect(known, f"the record tells the id {record.id!r}, which {provider} did not give")


@then("the record tells the tokens that {provider:Provider} told, and what they cost")
def record_tells_tokens(context: Context, provider: Provider) -> None:
    world = context.world
    (record,) = world.several.compared.records
    usage = told(world)
    figures = (record.input_tokens, record.output_tokens, record.total_tokens)
    expected = (usage.input_tokens, usage.output_tokens, usage.input_tokens + usage.output_tokens)
    world.expect(usage.input_tokens > 0 and usage.output_tokens > 0, f"{provider} told {usage}")
    world.expect(figures == expected, f"the record tells {figures}, {provider} told {expected}")
    price = world.chat_price(provider, usage)
    world.expect(price > 0 and record.cost_usd == price, f"the record tells {record.cost_usd}, not {price}")
    spent = world.spent()
    world.expect(spent == price, f"the ledger has charged {spent}, not {price}")


@then("the record keeps what {provider:Provider} answered, with nothing changed")
def record_keeps(context: Context, provider: Provider) -> None:
    world = context.world
    (record,) = world.several.compared.records
    answered = world.sent()[-1].response.json()
    world.expect(record.raw == answered, f"the record keeps {record.raw}, {provider} answered {answered}")


@then("each of the {count:d} has answered Paris")
def all_paris(context: Context, count: int) -> None:
    world = context.world
    records = world.several.compared.records
    said = {record.provider: (record.text or "").strip().rstrip(".").lower() for record in records}
    world.expect(len(said) == count, f"{len(said)} were asked")
    world.expect(set(said.values()) == {"paris"}, f"they answered {said}")


@then("the comparison is shown as a table, with a line for each of the {count:d}")
def shown(context: Context, count: int) -> None:
    world = context.world
    lines = world.several.shown
    for record in world.several.compared.records:
        own = [line for line in lines if record.provider in line and record.model in line]
        world.expect(len(own) == 1, f"{record.provider} is shown in {own}")
        named = all(str(figure) in own[0] for figure in (record.total_tokens, record.stop_reason))
        world.expect(named, f"its line is {own[0]!r}")
    world.expect(len(world.several.compared.records) == count, f"{len(lines)} lines are shown")


@then("the rule went to {provider:Provider} as its {place}, and the question as the only message")
def rule_went(context: Context, provider: Provider, place: str) -> None:
    world = context.world
    request = world.sent()[-1].request.json()
    (question,) = world.questions_sent(world.sent())
    rule = question.system or ""
    world.expect(rule.startswith("Answer exactly: "), f"the rule that went out is {rule!r}")
    found = {
        "system message": request.get("messages", [{}])[0].get("content"),
        "system field": request.get("system"),
        "system instruction": "".join(part["text"] for part in request.get("systemInstruction", {}).get("parts", [])),
    }[place]
    world.expect(found == rule, f"its {place} is {found!r}")
    messages = [(sent.role, sent.text) for sent in question.messages]
    world.expect(messages == [("user", RULED[0].text)], f"the messages that went to {provider} are {messages}")


@then("the messages went to {provider:Provider} as those of {first}, {second} and {third}")
def roles_went(context: Context, provider: Provider, first: str, second: str, third: str) -> None:
    world = context.world
    request = world.sent()[-1].request.json()
    roles = [one["role"] for one in request.get("messages", request.get("contents", []))]
    world.expect(roles == [first, second, third], f"the roles that went to {provider} are {roles}")


@then("the record tells that the answer was cut at its length")
def cut(context: Context) -> None:
    (record,) = context.world.several.compared.records
    context.world.expect(record.stop_reason == "length", f"it ended by {record.stop_reason!r}: {record.text!r}")


@then("{provider:Provider} was asked for {most:d} tokens at most, and told no more")
def asked_for(context: Context, provider: Provider, most: int) -> None:
    world = context.world
    request = world.sent()[-1].request.json()
    limits = [
        request.get("max_completion_tokens"),
        request.get("max_tokens"),
        request.get("generationConfig", {}).get("maxOutputTokens"),
    ]
    asked = [limit for limit in limits if limit is not None]
    world.expect(asked == [most], f"{provider} was asked for {asked} tokens at most")
    (record,) = world.several.compared.records
    out = told(world).output_tokens
    world.expect(
        record.output_tokens == out == most, f"{provider} told {out} tokens, the record {record.output_tokens}"
    )


@then(
    "the comparison tells that {provider:Provider} was not run because it has no key,"
    " and nothing was sent to {same:Provider}"
)
def not_run(context: Context, provider: Provider, same: Provider) -> None:
    world = context.world
    why = dict(world.several.compared.not_run)
    told_of = set(why) == {provider} and why[provider].startswith("no key: ")
    world.expect(told_of, f"not run are {why}")
    lines = [line for line in world.several.shown if provider in line]
    own = [line for line in lines if "not run" in line and why[provider] in line]
    world.expect(len(own) == 1 and lines == own, f"shown of {provider} is {lines}")
    asked = [sent.provider for sent in world.questions_sent()]
    world.expect(same not in asked, f"questions were sent to {asked}")
    beside = len(world.wire.exchanges) - len(asked)
    world.expect(beside == 0, f"{beside} requests were sent beside the questions")


@then("{provider:Provider} has sent more than one piece")
def in_pieces(context: Context, provider: Provider) -> None:
    """As it went over the wire: lines of server-sent events, whatever was made of them."""
    world = context.world
    (exchange,) = world.sent()
    world.expect([one.provider for one in world.questions_sent()] == [provider], "another provider was asked")
    pieces = [line for line in bytes(exchange.response.kept).splitlines() if line.startswith(b"data: {")]
    world.expect(len(pieces) > 1, f"{len(pieces)} pieces came")


@then("it has {count:d} answers, and ranks {ranked:d}")
def has_answers(context: Context, count: int, ranked: int) -> None:
    world = context.world
    made = world.several.compared
    world.expect(len(made.answered) == count, f"it has {len(made.answered)} answers")
    world.expect(len(made.ranking) == ranked, f"it ranks {[one.provider for one in made.ranking]}")


# Vectors -------------------------------------------------------------------------------------------------------------


@when("the team has {provider:Provider} make vectors of a text, a related one and one that is not")
async def makes_vectors(context: Context, provider: Provider) -> None:
    await context.world.compares_vectors([provider], **TEXTS)


@when("the team has {first:Provider} and {second:Provider} make vectors of the same texts, side by side")
async def two_make_vectors(context: Context, first: Provider, second: Provider) -> None:
    await context.world.compares_vectors([first, second], **TEXTS)


@when(
    "the team has {first:Provider}, {second:Provider} and {third:Provider} make vectors of the same texts, side by side"
)
async def three_make_vectors(context: Context, first: Provider, second: Provider, third: Provider) -> None:
    await context.world.compares_vectors([first, second, third], **TEXTS)


@when("the team tries to compare the vectors of {first:Provider} with those of {second:Provider}")
async def tries_across(context: Context, first: Provider, second: Provider) -> None:
    world = context.world

    async def across() -> float:
        return world.several.embedded.across(first, second)

    await world.tries(across())


@when("the team tries to have {provider:Provider} make a vector")
async def tries_vector(context: Context, provider: Provider) -> None:
    world = context.world

    async def embedding() -> Any:
        return await world.gateway(provider).embeddings.embed([TEXTS["text"]], model=world.embedding_model(provider))

    await world.tries(embedding())


@then("each of the {count:d} vectors has {size:d} numbers, and none is empty")
def sizes(context: Context, count: int, size: int) -> None:
    world = context.world
    (record,) = world.several.embedded.records
    world.expect(record.embeddings is not None, f"no vectors were made: {record.error}")
    vectors = record.embeddings.vectors if record.embeddings else ()
    found = [len(vector) for vector in vectors]
    world.expect(found == [size] * count, f"the vectors have {found} numbers")
    world.expect(record.dimensions == size, f"the record tells {record.dimensions} numbers")
    empty = [number for number, vector in enumerate(vectors, 1) if not any(vector)]
    world.expect(not empty, f"vectors {empty} are of nothing but zeros")


@then("the text is as near to itself as can be, and nearer to the related one by {apart:f} or more")
def tells_apart(context: Context, apart: float) -> None:
    world = context.world
    (record,) = world.several.embedded.records
    itself = record.itself or 0.0
    world.expect(abs(itself - 1) <= ITSELF, f"its nearness to itself is {itself}")
    near, far = record.related or 0.0, record.unrelated or 0.0
    world.expect(near - far >= apart, f"the related one is at {near}, the other at {far}")


@then("{first:Provider} and {second:Provider} have made vectors, and {third:Provider} has refused as unsupported")
def who_made(context: Context, first: Provider, second: Provider, third: Provider) -> None:
    world = context.world
    made = world.several.embedded
    for provider in (first, second):
        record = made.record(provider)
        world.expect(record.ok, f"{provider} has refused: {record.error}")
    error = made.record(third).error
    world.expect(error is not None, f"{third} has made vectors")
    world.expect(error is not None and error.kind == "unsupported", f"{third} has refused as {error}")


@then("nothing was sent to {provider:Provider}, and the refusal names it")
def not_asked(context: Context, provider: Provider) -> None:
    world = context.world
    paths = [exchange.path.split("?")[0] for exchange in world.sent()]
    others = sorted(path.rsplit("/", 1)[-1].rsplit(":", 1)[-1] for path in paths)
    world.expect(others == ["batchEmbedContents", "countTokens", "embeddings"], f"requests went to {paths}")
    error = world.several.embedded.record(provider).error
    world.expect(error is not None and provider in str(error), f"the refusal says: {error}")
