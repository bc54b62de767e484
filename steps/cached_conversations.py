"""Sentences about conversations over a cached manual."""

from __future__ import annotations

from itertools import pairwise

from behave import given, then, when

from steps.cached_questions import A_LINE, LEAST_HIT, asked_of, begin, last
from steps.common import Context
from support.values import Message, Provider
from support.world import World


@given("a conversation at {provider:Provider} over the manual, which is kept in the cache")
async def conversation(context: Context, provider: Provider) -> None:
    await begin(context.world, provider)


@when('the team says "{text}"')
async def says(context: Context, text: str) -> None:
    await say(context.world, text)


async def say(world: World, text: str) -> None:
    caching = world.caching
    assert caching.provider is not None
    caching.conversation.append(Message(role="user", text=text))
    chat = world.gateway(caching.provider).chat
    answer = await world.does(chat.ask(**asked_of(world, caching.provider, caching.conversation, caching.use)))
    caching.conversation.append(Message(role="assistant", text=answer.text))
    caching.answers.append(answer)
    world.answers.append(answer)
    world.said.append(answer.text)


@when('the team changes its first words to "{text}" and asks again')
async def changes_first(context: Context, text: str) -> None:
    world = context.world
    said = world.caching.conversation
    *_, question = (message for message in said if message.role == "user")
    world.caching.conversation = [Message(role="user", text=text), *said[1:-2]]
    await say(world, question.text)


@then("no turn but the first pays in full for the manual")
def pays_once(context: Context) -> None:
    world = context.world
    turns = world.caching.answers[1:]
    world.expect(len(turns) > 1, "there were no further turns")
    for answer in turns:
        paid = answer.usage.input_tokens - answer.usage.cache_read_tokens
        world.expect(answer.usage.cache_read_tokens >= LEAST_HIT, f"a turn took {answer.usage}")
        world.expect(
            paid * 10 < answer.usage.input_tokens, f"a turn paid for {paid} of {answer.usage.input_tokens} tokens"
        )


@then("every turn has read the whole cache")
def read_whole(context: Context) -> None:
    read = [answer.usage.cache_read_tokens for answer in context.world.caching.answers]
    tokens = context.world.caching.cache.tokens
    context.world.expect(set(read) == {tokens}, f"the cache has {tokens} tokens, read were {read}")


@then("nothing of the manual was sent with the questions")
def manual_not_sent(context: Context) -> None:
    world = context.world
    sent = [exchange for exchange in world.wire.exchanges if "enerateContent" in exchange.path]
    again = [exchange.path for exchange in sent if A_LINE.encode() in exchange.request.kept]
    world.expect(bool(sent), "no question was sent")
    world.expect(not again, f"{len(again)} questions have the manual's text")


@then("each turn has read what the turn before it read and wrote, and written what was new")
def moves_along(context: Context) -> None:
    turns = [answer.usage for answer in context.world.caching.answers]
    context.world.expect(turns[0].cache_write_tokens > 0, f"the first turn took {turns[0]}")
    for before, after in pairwise(turns):
        had = before.cache_read_tokens + before.cache_write_tokens
        read = after.cache_read_tokens
        # live, what is new may have come into the cache by another way
        context.world.expect(
            read == had or (not context.world.simulated and read > had), f"a turn read {read} of {had}"
        )
        context.world.expect(after.cache_write_tokens > 0, f"a turn wrote nothing of what was new: {after}")


@then("something is read from the cache, and no more than the manual")
async def no_more_than_manual(context: Context) -> None:
    world = context.world
    provider = world.caching.provider
    assert provider is not None
    asked = asked_of(world, provider, (Message(role="user", text="."),), None)
    counting = world.gateway(provider).tokens
    most = await world.sees(counting.count(asked["messages"], model=asked["model"], system=asked["system"]))
    read = last(world).cache_read_tokens
    world.expect(0 < read <= most, f"{read} tokens were read, the manual has {most}")


@then("less is read than in the turn before")
def less_than_before(context: Context) -> None:
    world = context.world
    read, before = last(world).cache_read_tokens, world.caching.answers[-2].usage.cache_read_tokens
    world.expect(read < before, f"{read} tokens were read, the turn before {before}")
