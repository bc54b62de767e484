"""Sentences about searching documents, and about answers that are built on them."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import pairwise
from typing import Any

from behave import given, then, when

from steps.common import Context
from steps.knowledge_base import filed
from support.values import AllOf, AnyOf, Comparison, Filter, GroundedAnswer, Hit, Provider, Usage
from support.world import World

MAX_OUTPUT_TOKENS = 512
LEAST_SCORES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def category(name: str) -> Filter:
    return Comparison(attribute="category", operator="eq", value=name)


def year(operator: str, number: int) -> Filter:
    return Comparison(attribute="year", operator=operator, value=number)


CONDITIONS: dict[str, tuple[Filter, str]] = {
    "of 2022 or later": (year("gte", 2022), "What makes sourdough bread rise?"),
    "on nature before 2020": (
        AllOf(filters=(category("nature"), year("lt", 2020))),
        "How do honey bees tell each other where nectar is?",
    ),
    "on games or music": (
        AnyOf(filters=(category("games"), category("music"))),
        "When may a pawn be captured en passant?",
    ),
    "of one publisher": (
        Comparison(attribute="publisher", operator="eq", value="Touchstone"),
        "How do honey bees tell each other where nectar is?",
    ),
    "of 2022 or later, but not on ai": (
        AllOf(filters=(year("gte", 2022), Comparison(attribute="category", operator="ne", value="ai"))),
        "What makes sourdough bread rise?",
    ),
}
"""What is searched, and a question that one of the documents answers: the others are found all the same."""


async def find(world: World, query: str, **options: Any) -> tuple[Hit, ...]:
    made = world.knowledge.store
    stores = world.gateway(made.provider).vector_stores
    return await stores.search(made.id, query, **options)


async def search(world: World, query: str, **options: Any) -> None:
    """Searches the store and remembers what was found."""
    world.knowledge.hits = await world.does(find(world, query, **options))


async def search_under(world: World, condition: str) -> None:
    where, question = CONDITIONS[condition]
    await search(world, question, where=where, limit=10)


def names(hits: tuple[Hit, ...]) -> list[str]:
    """The documents that the passages are from, each once, in the order of the passages."""
    return list(dict.fromkeys(hit.name for hit in hits))


# Searching -----------------------------------------------------------------------------------------------------------


@when('the team searches the store for "{query}"')
async def searches(context: Context, query: str) -> None:
    await search(context.world, query)


@when('the team searches the store for "{query}", {most:d} passages at most')
async def searches_at_most(context: Context, query: str, most: int) -> None:
    await search(context.world, query, limit=most)


@when('the team searches the store for "{query}", with a score of {least:g} at the least')
async def searches_with_score(context: Context, query: str, least: float) -> None:
    await search(context.world, query, least_score=least)


@when('the team searches the documents on {topic:Word} for "{query}"')
async def searches_topic(context: Context, topic: str, query: str) -> None:
    await search(context.world, query, where=category(topic))


@when('the team searches the documents on {topic:Word} for "{query}", {most:d} passages at most')
async def searches_topic_at_most(context: Context, topic: str, query: str, most: int) -> None:
    await search(context.world, query, where=category(topic), limit=most)


@when("the team searches the documents of 2022 or later")
async def searches_late(context: Context) -> None:
    await search_under(context.world, "of 2022 or later")


@when("the team searches the documents on nature before 2020")
async def searches_nature(context: Context) -> None:
    await search_under(context.world, "on nature before 2020")


@when("the team searches the documents on games or music")
async def searches_either(context: Context) -> None:
    await search_under(context.world, "on games or music")


@when("the team searches the documents of 2022 or later, but not on ai")
async def searches_late_but(context: Context) -> None:
    await search_under(context.world, "of 2022 or later, but not on ai")


@when("the team searches the documents of one publisher")
async def searches_publisher(context: Context) -> None:
    await search_under(context.world, "of one publisher")


@when('the team searches the store for "{query}" with rising least scores')
async def searches_rising(context: Context, query: str) -> None:
    world = context.world
    for least in LEAST_SCORES:
        world.knowledge.searches.append((least, await world.does(find(world, query, least_score=least, limit=10))))


@when("the team tries to search the store for nothing")
async def tries_nothing(context: Context) -> None:
    await context.world.tries(find(context.world, ""))


@when("the team tries to search the store for blanks")
async def tries_blanks(context: Context) -> None:
    await context.world.tries(find(context.world, "  "))


@when('the team tries to search the store for "{query}", with a score of {least:g} at the least')
async def tries_score(context: Context, query: str, least: float) -> None:
    await context.world.tries(find(context.world, query, least_score=least))


@when('the team tries to search the store for "{query}", {most:d} at most')
async def tries_limit(context: Context, query: str, most: int) -> None:
    await context.world.tries(find(context.world, query, limit=most))


@when('the team tries to search the store for "{query}"')
async def tries_to_search(context: Context, query: str) -> None:
    await context.world.tries(find(context.world, query))


@when('the team tries to search documents whose category is like "{value}"')
async def tries_like(context: Context, value: str) -> None:
    like = Comparison(attribute="category", operator="like", value=value)
    await context.world.tries(find(context.world, "How is a program made?", where=like))


@when("the team tries to search documents by a list of conditions with nothing in it")
async def tries_empty_group(context: Context) -> None:
    await context.world.tries(find(context.world, "How is a program made?", where=AllOf(filters=())))


@given("{provider:Provider} answers no search from now on")
async def answers_no_search(context: Context, provider: Provider) -> None:
    operation = {Provider.OPENAI: "vector_stores.search", Provider.GEMINI: "chat.create"}[provider]
    await context.world.simulator.script(
        {"provider": provider.value, "operation": operation, "times": 100, "do": {"status": 500}}
    )


@then("the request is refused because of a failure at {provider:Provider}")
def failed_there(context: Context, provider: Provider) -> None:
    refusal = context.world.refusal("server_error")
    context.world.expect(refusal.provider is provider, f"the refusal is of {refusal.provider}: {refusal}")


# What was found ------------------------------------------------------------------------------------------------------


@then('the first passage is from "{name}" and has the words "{words}"')
def first_is(context: Context, name: str, words: str) -> None:
    world = context.world
    hits = world.knowledge.hits
    world.expect(bool(hits), "nothing was found")
    world.expect(hits[0].name == name, f"the first passage is from {hits[0].name!r}, the others from {names(hits[1:])}")
    text = " ".join(hits[0].text.split())
    world.expect(words in text, f"the first passage is {text!r}")
    known, own = hits[0].document_id, world.knowledge.added[name].id
    if world.knowledge.store.provider is Provider.GEMINI:  # which tells the name, and may tell the document
        world.expect(known in (None, own), f"the passage says that it is from {known}")
    else:
        world.expect(known == own, f"the passage says that it is from {known}")


@then("the passage comes with what is known of its document")
def comes_with_attributes(context: Context) -> None:
    world = context.world
    first = world.knowledge.hits[0]
    world.expect(first.attributes == filed(first.name), f"the passage says {first.attributes}")


@then('no passage has the words "{words}"')
def none_has(context: Context, words: str) -> None:
    found = [hit.name for hit in context.world.knowledge.hits if words in " ".join(hit.text.split())]
    context.world.expect(not found, f"passages of {found} have the words")


@then("there are no passages")
def none_found(context: Context) -> None:
    hits = context.world.knowledge.hits
    context.world.expect(hits == (), f"found are passages of {names(hits)}")


@then("there are passages, and each scores below {score:g}")
def all_below(context: Context, score: float) -> None:
    scores = [hit.score for hit in context.world.knowledge.hits]
    context.world.expect(bool(scores), "there are no passages")
    wrong = [one for one in scores if one is None or one >= score]
    context.world.expect(not wrong, f"these do not score below {score}: {wrong}")


@then("there are 1 or 2 passages")
def one_or_two(context: Context) -> None:
    count = len(context.world.knowledge.hits)
    context.world.expect(1 <= count <= 2, f"there are {count} passages")


@then("the passages are from {found:Names} and no other")
def from_exactly(context: Context, found: tuple[str, ...]) -> None:
    hits = context.world.knowledge.hits
    context.world.expect(sorted(names(hits)) == sorted(found), f"the passages are from {names(hits)}")


@then('there are {count:d} passages, none from "{one}" or "{other}"')
def none_from(context: Context, count: int, one: str, other: str) -> None:
    hits = context.world.knowledge.hits
    context.world.expect(len(hits) == count, f"there are {len(hits)} passages")
    context.world.expect(not {one, other} & set(names(hits)), f"the passages are from {names(hits)}")


@then('a search for "{query}" finds nothing of "{name}"')
async def finds_nothing_of(context: Context, query: str, name: str) -> None:
    world = context.world

    async def is_found() -> bool:
        return name in names(await world.sees(find(world, query)))

    world.expect(await world.becomes(is_found, False), f"{name} is still found")


@then('a search for "{query}" still finds "{name}"')
async def still_finds(context: Context, query: str, name: str) -> None:
    hits = await context.world.sees(find(context.world, query))
    context.world.expect(name in names(hits), f"found are {names(hits)}")


@then('it is found under "{new}" and no longer under "{old}"')
async def found_under(context: Context, new: str, old: str) -> None:
    world = context.world
    (name,) = world.knowledge.added

    async def under(topic: str) -> bool:
        return name in names(await world.sees(find(world, "honey bees", where=category(topic))))

    world.expect(await world.becomes(lambda: under(new), True), f"it is not found under {new}")
    world.expect(await world.becomes(lambda: under(old), False), f"it is still found under {old}")


PHRASES = {"bees.txt": "waggle dance", "chess.txt": "captured en passant", "bread.txt": "wild yeast"}


@then("each of the documents is found at once")
async def each_found(context: Context) -> None:
    world = context.world
    for name in world.knowledge.added:
        hits = await world.sees(find(world, f"What is said of {PHRASES[name]}?"))
        world.expect(names(hits)[:1] == [name], f"a search for {PHRASES[name]} finds {names(hits)}")


@then("every score is from 0 to 1, and none is higher than the one before")
def scores_fall(context: Context) -> None:
    scores = [hit.score for hit in context.world.knowledge.hits]
    context.world.expect(len(scores) > 2, f"only {len(scores)} passages were found")
    known = [score for score in scores if score is not None]
    context.world.expect(len(known) == len(scores) and all(0 <= score <= 1 for score in known), f"they are {scores}")
    context.world.expect(known == sorted(known, reverse=True), f"the scores are {scores}")


@then("not all scores are the same")
def scores_differ(context: Context) -> None:
    scores = {hit.score for hit in context.world.knowledge.hits}
    context.world.expect(len(scores) > 1, f"every score is {scores}")


@then("each search has the passages of the one before, without those below its least score")
def only_fewer(context: Context) -> None:
    world = context.world
    searches = world.knowledge.searches
    world.expect(len(searches[0][1]) > len(searches[-1][1]), "the highest least score changes nothing")
    _, before = searches[0]
    for least, hits in searches:
        expected = [hit for hit in before if hit.score is not None and hit.score >= least]
        world.expect(list(hits) == expected, f"with {least} at the least there are {[hit.score for hit in hits]}")
        before = hits


# Pieces --------------------------------------------------------------------------------------------------------------


async def pieces(world: World) -> list[str]:
    """All pieces of the one document, in the order in which they stand in it."""
    (name,) = world.knowledge.added
    text = world.fixture(name).read_text(encoding="ascii")
    query = f"What follows {text.split()[500]}?"
    hits = await world.sees(find(world, query, limit=50))
    found = {hit.text for hit in hits}
    for piece in found:
        world.expect(
            bool(piece.strip()) and piece.strip() in text, f"a piece does not stand in the document: {piece[:60]!r}…"
        )
    return sorted(found, key=lambda piece: text.index(piece.strip()))


@then("every passage that is found stands in the document, and is no longer than a piece")
async def passages_stand_there(context: Context) -> None:
    world = context.world
    (name,) = world.knowledge.added
    text = world.fixture(name).read_text(encoding="ascii")
    hits = await world.sees(find(world, f"What follows {text.split()[500]}?"))
    world.expect(bool(hits), "nothing was found")
    for hit in hits:
        world.expect(
            bool(hit.text.strip()) and hit.text.strip() in text,
            f"a passage does not stand in the document: {hit.text[:60]!r}…",
        )
        # a token is a word here, or less than one
        world.expect(len(hit.text.split()) <= 200, f"a passage has {len(hit.text.split())} words")


@then("the document was cut into {count:d} pieces, none above {size:d} tokens")
async def cut_into(context: Context, count: int, size: int) -> None:
    world = context.world
    world.knowledge.pieces = await pieces(world)
    world.expect(len(world.knowledge.pieces) == count, f"there are {len(world.knowledge.pieces)} pieces")
    longest = max(len(piece.split()) for piece in world.knowledge.pieces)
    world.expect(longest <= size, f"a piece has {longest} tokens")


@then("neighbouring pieces share {shared:d} tokens")
def share(context: Context, shared: int) -> None:
    cut = [piece.split() for piece in context.world.knowledge.pieces]
    for before, after in pairwise(cut):
        context.world.expect(
            before[-shared:] == after[:shared], f"{after[:3]} does not begin with the end of its neighbour"
        )
        context.world.expect(before[-shared - 1] not in after, "they share more")


@then("put together the pieces are the whole document")
def put_together(context: Context) -> None:
    world = context.world
    (name,) = world.knowledge.added
    words = world.fixture(name).read_text(encoding="ascii").split()
    together = list(dict.fromkeys(word for piece in world.knowledge.pieces for word in piece.split()))
    world.expect(together == words, f"together they have {len(together)} words, the document has {len(words)}")


# Cost and answers ----------------------------------------------------------------------------------------------------


@then("the ledger has charged the search what its tokens cost")
def search_charged(context: Context) -> None:
    world = context.world
    made = world.knowledge.store
    calls = [call for call in world.charges() if call.operation in ("vector_stores.search", "chat.create")]
    world.expect(len(calls) == 1, f"the ledger has {[call.operation for call in calls]}")
    usage, spent = calls[0].usage, calls[0].cost_usd
    if made.provider is Provider.OPENAI:
        # OpenAI charges for storage and for the model's own use of it (provider-facts 5.1)
        world.expect(usage == Usage() and spent == 0, f"the ledger has charged {spent} for {usage}")
        return
    told = world.sent()[-1].response.json()["usageMetadata"]
    read = told["promptTokenCount"] + told.get("toolUsePromptTokenCount", 0)
    written = told.get("candidatesTokenCount", 0) + told.get("thoughtsTokenCount", 0)
    world.expect(read > 0, "the question took no tokens")
    counted = (usage.input_tokens, usage.output_tokens)
    world.expect(counted == (read, written), f"the ledger has {counted} tokens, told were {told}")
    expected = world.chat_price(made.provider, usage)
    exact = spent is not None and abs(spent - expected) < Decimal("1e-9")
    world.expect(exact, f"the ledger has charged {spent}, not {expected}")


async def answer(world: World, question: str, where: Filter | None = None) -> None:
    made = world.knowledge.store
    stores = world.gateway(made.provider).vector_stores
    model = world.chat_model(made.provider)
    asked = stores.answer(made.id, question, model=model, max_output_tokens=MAX_OUTPUT_TOKENS, where=where)
    world.knowledge.answer = await world.does(asked)


def last_answer(world: World) -> GroundedAnswer:
    assert world.knowledge.answer is not None, "nothing was asked"
    return world.knowledge.answer


@when('the team asks the store "{question}"')
async def asks(context: Context, question: str) -> None:
    await answer(context.world, question)


@when('the team asks the documents on {topic:Word} "{question}"')
async def asks_topic(context: Context, topic: str, question: str) -> None:
    await answer(context.world, question, category(topic))


@then('the answer is grounded, and cites "{name}" first, with the words "{words}"')
def is_grounded(context: Context, name: str, words: str) -> None:
    given_ = last_answer(context.world)
    context.world.expect(given_.grounded, "the answer counts as not grounded")
    context.world.expect(names(given_.citations)[:1] == [name], f"it cites {names(given_.citations)}")
    text = " ".join(given_.citations[0].text.split())
    context.world.expect(words in text, f"the first passage that it cites is {text!r}")


@then('the answer speaks of the "{words}"')
def speaks(context: Context, words: str) -> None:
    text = re.sub(r"\s+", " ", last_answer(context.world).answer.text)
    context.world.expect(words in text, f"the answer is {text!r}")


@then("the answer is not grounded, and cites nothing")
def not_grounded(context: Context) -> None:
    given_ = last_answer(context.world)
    context.world.expect(given_.citations == (), f"it cites {names(given_.citations)}")
    context.world.expect(not given_.grounded, "the answer counts as grounded")
