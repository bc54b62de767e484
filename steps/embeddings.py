"""Sentences about texts as vectors: making them, their order and cost, and how near they are to each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from behave import then, when

from steps.common import Context
from support.values import Embeddings, Provider
from support.world import World

THREE = (
    "The ferry leaves the island at noon.",
    "Violins are carved from spruce and maple.",
    "A budget says how much may be spent.",
)
ALIKE = (
    "The cat sleeps on the warm windowsill in the sun.",
    "On the sunny windowsill the cat is sleeping.",
    "Interest rates rose again in the last quarter.",
)
SAME = 0.999
APART = 0.9
"""Texts on different things are farther from each other than this."""


async def embed(world: World, provider: Provider, texts: Sequence[str], dimensions: int | None = None) -> Embeddings:
    embedder = world.gateway(provider).embeddings
    model = world.embedding_model(provider)
    made = await world.does(embedder.embed(texts, model=model, dimensions=dimensions))
    world.knowledge.embedded.append(made)
    return made


def last(world: World) -> Embeddings:
    return world.knowledge.embedded[-1]


@when('the team embeds "{text}" with {provider:Provider} in full')
async def embeds(context: Context, text: str, provider: Provider) -> None:
    await embed(context.world, provider, [text])


@when('the team embeds "{text}" with {provider:Provider} in {size:d} numbers')
async def embeds_short(context: Context, text: str, provider: Provider, size: int) -> None:
    await embed(context.world, provider, [text], size)


@then("there is one vector of {size:d} numbers, and its length is 1")
def one_vector(context: Context, size: int) -> None:
    vectors = last(context.world).vectors
    context.world.expect(len(vectors) == 1, f"there are {len(vectors)} vectors")
    context.world.expect(len(vectors[0]) == size, f"it has {len(vectors[0])} numbers")
    length = math.sqrt(math.fsum(number * number for number in vectors[0]))
    context.world.expect(abs(length - 1) <= 1e-3, f"its length is {length}")


@when("the team embeds three texts together with {provider:Provider}, and each by itself")
async def embeds_three(context: Context, provider: Provider) -> None:
    await embed(context.world, provider, THREE)
    for text in THREE:
        await embed(context.world, provider, [text])


@then("each vector of the three is the one of its own text")
def in_order(context: Context) -> None:
    world = context.world
    together, *alone = world.knowledge.embedded
    world.expect(len(together.vectors) == len(THREE), f"there are {len(together.vectors)} vectors")
    for number, single in enumerate(alone):
        near = world.similarity(together, number, single, 0)
        world.expect(near >= SAME, f"vector {number + 1} is as near as {near:.3f} to that of its own text")
        for other in range(len(THREE)):
            if other != number:
                far = world.similarity(together, other, single, 0)
                world.expect(far < APART, f"vector {other + 1} is as near as {far:.3f} to that of text {number + 1}")


def told_tokens(world: World) -> int:
    """How many tokens OpenAI says that it read, in its own words."""
    tokens: int = world.sent()[-1].response.json()["usage"]["prompt_tokens"]
    return tokens


@then("{provider:Provider} tells how many it read")
def tells_tokens(context: Context, provider: Provider) -> None:
    usage = last(context.world).usage
    told = told_tokens(context.world)
    context.world.expect(told > 0, f"{provider} says that it read {told} tokens")
    context.world.expect(usage is not None and usage.input_tokens == told, f"{provider} tells {told}, kept is {usage}")


@then("{provider:Provider} tells no figures")
def tells_nothing(context: Context, provider: Provider) -> None:
    usage = last(context.world).usage
    context.world.expect(usage is None, f"{provider} tells {usage}")


@then("the ledger has charged the tokens at the price of the model")
def charged(context: Context) -> None:
    world = context.world
    made = last(world)
    calls = [call for call in world.charges() if call.operation == "embeddings.create"]
    world.expect(len(calls) == 1, f"the ledger has {len(calls)} calls")
    tokens = calls[0].usage.input_tokens
    world.expect(tokens > 0, "the ledger has no tokens")
    if made.provider is Provider.OPENAI:  # Gemini tells no figures
        told = told_tokens(world)
        world.expect(tokens == told, f"the ledger has {tokens} tokens, told were {told}")
    expected = world.embedding_price(made.provider, tokens)
    spent = calls[0].cost_usd
    exact = spent is not None and spent > 0 and abs(spent - expected) < Decimal("1e-12")
    world.expect(exact, f"charged was {spent}, not {expected}")


async def tries(world: World, provider: Provider, texts: Sequence[str]) -> None:
    async def embedding() -> Embeddings:
        return await world.gateway(provider).embeddings.embed(texts, model=world.embedding_model(provider))

    await world.tries(embedding())


@when('the team tries to embed "{text}" with {provider:Provider}')
async def tries_text(context: Context, text: str, provider: Provider) -> None:
    await tries(context.world, provider, [text])


@when("the team tries to embed an empty text with {provider:Provider}")
async def tries_empty(context: Context, provider: Provider) -> None:
    await tries(context.world, provider, [""])


@when("the team tries to embed {count:d} texts with {provider:Provider}")
async def tries_many(context: Context, count: int, provider: Provider) -> None:
    await tries(context.world, provider, ["a text"] * count)


# Near and far --------------------------------------------------------------------------------------------------------


@when("the team embeds a text, one like it and one unlike it with {provider:Provider}")
async def embeds_alike(context: Context, provider: Provider) -> None:
    await embed(context.world, provider, ALIKE)


@then("the one like it is nearer by 0.05 or more")
def nearer(context: Context) -> None:
    world = context.world
    made = last(world)
    like, unlike = world.similarity(made, 0, made, 1), world.similarity(made, 0, made, 2)
    world.expect(like - unlike >= 0.05, f"like it is {like:.3f}, unlike it {unlike:.3f}")


@then("each is nearest to itself, however long its vector, and as near to the other as the other to it")
def nearest_to_itself(context: Context) -> None:
    world = context.world
    made = last(world)
    stretched = made.model_copy(update={"vectors": tuple(tuple(3 * n for n in vector) for vector in made.vectors)})
    for number in range(len(ALIKE)):
        itself = world.similarity(made, number, stretched, number)
        world.expect(SAME <= itself <= 2 - SAME, f"text {number + 1} is as near as {itself:.3f} to itself")
        for other in range(len(ALIKE)):
            one, back = world.similarity(made, number, made, other), world.similarity(made, other, made, number)
            world.expect(abs(one - back) < 1e-9, f"there it is {one}, back {back}")


@when("the team looks for the {top:d} nearest to the first text")
async def looks_for(context: Context, top: int) -> None:
    world = context.world
    made = last(world)
    # the nearest come last, and are the shortest: neither place nor length says anything of what a text means
    items = [
        (text, tuple((n + 1) * x for x in vector))
        for n, (text, vector) in enumerate(zip(ALIKE, made.vectors, strict=True))
    ][::-1]
    world.knowledge.nearest = world.find_similar(made.vectors[0], items, top=top)
    world.knowledge.nearest_close = world.find_similar(made.vectors[0], items, top=top, least=0.99)


@then("they are the text itself and the one like it, in this order")
def in_this_order(context: Context) -> None:
    nearest = context.world.knowledge.nearest
    context.world.expect([text for text, _ in nearest] == [ALIKE[0], ALIKE[1]], f"they are {nearest}")
    best = nearest[0][1]
    context.world.expect(SAME <= best <= 2 - SAME, f"the text is as near as {best:.3f} to itself")


@then("with 0.99 at the least it is the text itself alone")
def itself_alone(context: Context) -> None:
    found = [text for text, _ in context.world.knowledge.nearest_close]
    context.world.expect(found == [ALIKE[0]], f"they are {context.world.knowledge.nearest_close}")


@when("the team tries to compare vectors of different {what:Word}, made by {provider:Provider}")
async def tries_to_compare(context: Context, what: str, provider: Provider) -> None:
    world = context.world
    made = await embed(world, provider, ALIKE[:1])
    if what == "lengths":
        other = made.model_copy(update={"vectors": (made.vectors[0][:100],)})
    else:
        other = made.model_copy(update={"model": "another-model"})

    async def comparing() -> float:
        return world.similarity(made, 0, other, 0)

    await world.tries(comparing())
