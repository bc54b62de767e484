"""Sentences about questions whose beginning is cached: what is written, what is read, and what is not cached."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from behave import given, then, when

from steps.common import Context
from support.values import CacheKey, CacheMarks, CacheReference, CacheUse, ChatAnswer, Message, Provider, Usage
from support.world import World

INSTRUCTIONS = "Answer in one short sentence, from the manual alone."
QUESTION = "What is the service code of the press?"
MAX_OUTPUT_TOKENS = 512
A_LINE = "hangs behind the clock in room 204"
"""What stands in the manual once, and in no question and no answer."""
LEAST_HIT = 1024
"""The shortest beginning that OpenAI reads from its cache (provider-facts 3.2)."""


def manual(world: World, edition: int = 1) -> str:
    """The manual as no provider has seen it: its first line is the scenario's own."""
    text = world.fixture("manual.txt").read_text(encoding="ascii")
    return f"Copy {world.nonce}, edition {edition}.\n\n{text}"


def said_of_manual(world: World, edition: int = 1) -> tuple[Message, ...]:
    """The manual as a message."""
    return (Message(role="user", text=manual(world, edition)),)


async def in_the_cache(world: World, provider: Provider, lifetime: timedelta | None = None) -> CacheUse:
    """The provider's own way to keep the manual for questions; where that is an object, it is made here."""
    match provider:
        case Provider.GEMINI:
            caches = world.gateway(provider).caches
            model = world.caching_model(provider).id
            cache = await world.does(
                caches.create(
                    model=model,
                    messages=said_of_manual(world),
                    system=INSTRUCTIONS,
                    name="the press manual",
                    ttl=lifetime or timedelta(minutes=10),
                )
            )
            world.caching.made.append(cache)
            return CacheReference(cache_id=cache.id)
        case Provider.ANTHROPIC:
            return CacheMarks() if lifetime is None else CacheMarks(lifetime=lifetime)
        case Provider.OPENAI:
            return CacheKey(key=world.nonce)


def asked_of(
    world: World, provider: Provider, conversation: Sequence[Message], cache: CacheUse | None
) -> dict[str, Any]:
    """A question over the manual: in front of it, unless a cache that is an object has it."""
    asked: dict[str, Any] = {
        "model": world.caching_model(provider).id,
        "max_output_tokens": MAX_OUTPUT_TOKENS,
        "cache": cache,
    }
    if isinstance(cache, CacheReference):
        return {**asked, "messages": tuple(conversation)}
    if world.gateway(provider).provider is Provider.GEMINI:
        return {**asked, "messages": (*said_of_manual(world), *conversation), "system": INSTRUCTIONS}
    return {**asked, "messages": tuple(conversation), "system": f"{INSTRUCTIONS}\n\n{manual(world)}"}


async def ask(world: World, provider: Provider, text: str, cache: CacheUse | None) -> ChatAnswer:
    """One question over the manual; a refusal is the caller's to deal with."""
    return await world.gateway(provider).chat.ask(
        **asked_of(world, provider, (Message(role="user", text=text),), cache)
    )


async def ask_and_remember(world: World, text: str = QUESTION) -> None:
    """The scenario's question, in the scenario's way of caching."""
    caching = world.caching
    assert caching.provider is not None
    caching.question = text
    caching.answers.append(await world.does(ask(world, caching.provider, text, caching.use)))


async def begin(world: World, provider: Provider, lifetime: timedelta | None = None) -> None:
    world.caching.provider = provider
    world.caching.use = await in_the_cache(world, provider, lifetime)


def last(world: World) -> Usage:
    """What the last answer took."""
    return world.caching.answers[-1].usage


# Writing and reading -------------------------------------------------------------------------------------------------


@given("the team has asked {provider:Provider} about the manual, to be kept in the cache")
@when("the team asks {provider:Provider} about the manual, to be kept in the cache")
async def asks_to_keep(context: Context, provider: Provider) -> None:
    await begin(context.world, provider)
    await ask_and_remember(context.world)


@when("the team asks {provider:Provider} about the manual, to be kept in the cache for {lifetime:Duration}")
async def asks_to_keep_for(context: Context, provider: Provider, lifetime: timedelta) -> None:
    await begin(context.world, provider, lifetime)
    await ask_and_remember(context.world)


@when("the team asks the same question again")
async def asks_again(context: Context) -> None:
    await ask_and_remember(context.world)


@when("the team asks the same question again, up to {times:d} times")
async def asks_until_read(context: Context, times: int) -> None:
    for _ in range(times):
        await ask_and_remember(context.world)
        if last(context.world).cache_read_tokens:
            return


@when("the team asks the same question {later:Duration} later")
async def asks_later(context: Context, later: timedelta) -> None:
    await context.world.clock.sleep(later.total_seconds())
    await ask_and_remember(context.world)


@when("the team asks the same question {later:Duration} later, and again {after:Duration} after that")
async def asks_twice_later(context: Context, later: timedelta, after: timedelta) -> None:
    for pause in (later, after):
        await context.world.clock.sleep(pause.total_seconds())
        await ask_and_remember(context.world)


@when("the team asks a question with the cache")
async def asks_with_cache(context: Context) -> None:
    world = context.world
    cache = world.caching.cache
    world.caching.provider, world.caching.use = cache.provider, CacheReference(cache_id=cache.id)
    await ask_and_remember(world)


@when("the team tries to ask a question with the cache")
async def tries_with_cache(context: Context) -> None:
    world = context.world
    cache = world.caching.cache
    answer = await world.tries(ask(world, cache.provider, QUESTION, CacheReference(cache_id=cache.id)))
    if answer is not None:
        world.caching.answers.append(answer)


@then("the question is refused because {provider:Provider} has no such cache, and there is no answer")
def question_refused(context: Context, provider: Provider) -> None:
    refusal = context.world.refusal("not_found")
    context.world.expect(refusal.provider is provider, f"the refusal is of {refusal.provider}: {refusal}")
    context.world.expect(not context.world.caching.answers, "there is an answer")


@then("the manual is written to the cache, and nothing is read from it")
def written(context: Context) -> None:
    usage = last(context.world)
    context.world.expect(usage.cache_write_tokens > LEAST_HIT, f"written were {usage.cache_write_tokens} tokens")
    context.world.expect(usage.cache_read_tokens == 0, f"{usage.cache_read_tokens} tokens were read")


@then("the manual is written to the cache for {lifetime:Duration}, and nothing is written for 5 minutes")
def written_for(context: Context, lifetime: timedelta) -> None:
    usage = last(context.world)
    context.world.expect(
        usage.cache_write_1h_tokens > LEAST_HIT, f"{usage.cache_write_1h_tokens} were written for {lifetime}"
    )
    context.world.expect(usage.cache_write_5m_tokens == 0, f"{usage.cache_write_5m_tokens} were written for 5 minutes")


@then("nothing is read from the cache")
def nothing_read(context: Context) -> None:
    usage = last(context.world)
    context.world.expect(usage.cache_read_tokens == 0, f"{usage.cache_read_tokens} tokens were read")


@then("the manual is read from the cache")
def manual_read(context: Context) -> None:
    world = context.world
    read = last(world).cache_read_tokens
    world.expect(
        read == world.caching.cache.tokens, f"{read} tokens were read, the cache has {world.caching.cache.tokens}"
    )


@then("each time the manual is read from the cache")
def read_each_time(context: Context) -> None:
    first, *others = context.world.caching.answers
    for answer in others:
        usage = answer.usage
        same = (usage.cache_read_tokens, usage.cache_write_tokens) == (first.usage.cache_write_tokens, 0)
        context.world.expect(same, f"the first question wrote {first.usage}, a later one took {usage}")


@then("all that was written is read from the cache, and nothing is written again")
def all_read(context: Context) -> None:
    first, second = (answer.usage for answer in context.world.caching.answers)
    context.world.expect(
        second.cache_read_tokens == first.cache_write_tokens > 0,
        f"written were {first.cache_write_tokens} tokens, read {second.cache_read_tokens}",
    )
    context.world.expect(second.cache_write_tokens == 0, f"{second.cache_write_tokens} tokens were written again")


@then("{least:d} tokens or more are read from the cache, and no more than the question has")
def at_least_read(context: Context, least: int) -> None:
    usage = last(context.world)
    read = usage.cache_read_tokens
    context.world.expect(least <= read <= usage.input_tokens, f"{read} of {usage.input_tokens} tokens were read")


# Not cached ----------------------------------------------------------------------------------------------------------


async def asks_short(world: World, provider: Provider, times: int) -> None:
    cache = CacheMarks() if provider is Provider.ANTHROPIC else CacheKey(key=world.nonce)
    model = world.caching_model(provider).id
    for _ in range(times):
        messages = (Message(role="user", text=f"Answer exactly: copy {world.nonce}"),)
        question = world.gateway(provider).chat.ask(
            messages, model=model, max_output_tokens=MAX_OUTPUT_TOKENS, system=INSTRUCTIONS, cache=cache
        )
        world.caching.answers.append(await world.does(question))


@when("the team asks {provider:Provider} a short question twice, to be kept in the cache")
async def asks_short_twice(context: Context, provider: Provider) -> None:
    await asks_short(context.world, provider, 2)


@when("the team asks {provider:Provider} a short question {times:d} times, to be kept in the cache")
async def asks_short_often(context: Context, provider: Provider, times: int) -> None:
    await asks_short(context.world, provider, times)


@then("both answers count as not cached")
def not_cached(context: Context) -> None:
    for answer in context.world.caching.answers:
        usage = answer.usage
        context.world.expect(usage.cache_read_tokens == usage.cache_write_tokens == 0, f"the answer took {usage}")
        context.world.expect(not answer.cached, "the answer counts as cached")


@then("nothing was ever read from the cache")
def never_read(context: Context) -> None:
    read = [answer.usage.cache_read_tokens for answer in context.world.caching.answers]
    context.world.expect(not any(read), f"read were {read} tokens")


@when("the team tries to ask {provider:Provider} about the manual, with 5 marks for the cache")
async def tries_five_marks(context: Context, provider: Provider) -> None:
    world = context.world
    roles = ("user", "assistant", "user", "assistant", "user")
    conversation = [Message(role=role, text=QUESTION) for role in roles]
    marks = CacheMarks(system=False, messages=tuple(range(5)))
    await world.tries(world.gateway(provider).chat.ask(**asked_of(world, provider, conversation, marks)))


@when("the team tries to ask {provider:Provider} about the manual, with a mark for {lifetime:Duration}")
async def tries_lifetime(context: Context, provider: Provider, lifetime: timedelta) -> None:
    await context.world.tries(ask(context.world, provider, QUESTION, CacheMarks(lifetime=lifetime)))


@when("the team tries to ask {provider:Provider} about the manual, cached in the way of {other:Provider}")
async def tries_other_way(context: Context, provider: Provider, other: Provider) -> None:
    way = CacheKey(key=context.world.nonce) if other is Provider.OPENAI else CacheMarks()
    await context.world.tries(ask(context.world, provider, QUESTION, way))
