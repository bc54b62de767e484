"""Sentences about what refuses to be cached: wrong requests, sizes, and caches that there are not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import parse
from behave import given, then, when

from steps.cached_questions import said_of_manual
from steps.caching import NAME, all_caches, described, keep, least_of
from steps.common import Context
from support.values import CacheReference, Message, Provider
from support.world import World

# Wrong requests ------------------------------------------------------------------------------------------------------


async def tries_to_keep(
    world: World,
    provider: Provider,
    messages: Sequence[Message],
    *,
    model: str | None = None,
    ttl: timedelta | str | None = timedelta(minutes=1),
    expires_at: datetime | None = None,
) -> None:
    world.caching.tried = tuple(messages)
    made = await world.tries(
        world.gateway(provider).caches.create(
            model=model or world.caching_model(provider).id,
            messages=messages,
            name=NAME,
            ttl=ttl,
            expires_at=expires_at,
        )
    )
    if made is not None:
        world.caching.made.append(made)


@when('the team tries to keep the manual in a cache at {provider:Provider} for "{ttl}"')
async def tries_lifetime(context: Context, provider: Provider, ttl: str) -> None:
    await tries_to_keep(context.world, provider, said_of_manual(context.world), ttl=ttl)


@when("the team tries to keep the manual in a cache at {provider:Provider} for 10 minutes and until tomorrow")
async def tries_two_lifetimes(context: Context, provider: Provider) -> None:
    tomorrow = await context.world.clock.now() + timedelta(days=1)
    messages = said_of_manual(context.world)
    await tries_to_keep(context.world, provider, messages, ttl=timedelta(minutes=10), expires_at=tomorrow)


@when("the team tries to keep the manual in a cache at {provider:Provider} with nothing in it")
@when("the team tries to keep the manual in a cache at {provider:Provider} with nothing but a name")
async def tries_nothing(context: Context, provider: Provider) -> None:
    await tries_to_keep(context.world, provider, ())


@when("the team tries to keep the manual in a cache at {provider:Provider} for an unknown model")
async def tries_unknown_model(context: Context, provider: Provider) -> None:
    world = context.world
    world.caching.unknown_id = f"no-such-model-{world.nonce}"
    await tries_to_keep(world, provider, said_of_manual(world), model=world.caching.unknown_id)


@then("the request is refused because {provider:Provider} has no such model, naming it")
def no_such_model(context: Context, provider: Provider) -> None:
    refusal = context.world.refusal("not_found")
    context.world.expect(refusal.provider is provider, f"the refusal is of {refusal.provider}: {refusal}")
    context.world.expect(str(context.world.caching.unknown_id) in refusal.message, f"the refusal is {refusal}")


@then("{provider:Provider} has no cache of the team")
async def has_none(context: Context, provider: Provider) -> None:
    world = context.world
    listed = [cache.id for cache in await all_caches(world, provider) if world.run_id in cache.sent_name]
    world.expect(not listed, f"{provider} lists {listed}")


# Sizes ---------------------------------------------------------------------------------------------------------------


def words(count: int) -> Message:
    """A text of so many short words."""
    return Message(role="user", text=" ".join(["yes"] * count))


@when("the team tries to keep a note of 50 words in a cache at {provider:Provider}")
async def tries_note(context: Context, provider: Provider) -> None:
    await tries_to_keep(context.world, provider, (words(50),))


@then("the refusal tells the text's tokens and the least that {provider:Provider} keeps")
async def tells_the_least(context: Context, provider: Provider) -> None:
    world = context.world
    told, least = sizes_told(world, "min_total_token_count")
    model = world.caching_model(provider).id
    tokens = await world.sees(world.gateway(provider).tokens.count(world.caching.tried, model=model))
    world.expect(told == tokens, f"the text has {tokens} tokens, the refusal says {told}")
    if world.simulated:
        wanted = least_of(world, provider)
        world.expect(least == wanted, f"the least is {wanted}, the refusal says {least}")
    else:
        world.expect(least > tokens, f"the least that is told is {least}")


@then("the refusal tells the text's tokens and the most that {provider:Provider} reads")
def tells_the_most(context: Context, provider: Provider) -> None:
    """The provider counts nothing that is too long to be read: the text was made to be one token too long."""
    world = context.world
    most = world.caching_model(provider).context_window_tokens
    told = sizes_told(world, "max_total_token_count")
    world.expect(told == (most + 1, most), f"the refusal says {told}, the most is {most}")


def sizes_told(world: World, limit: str) -> tuple[int, int]:
    """The size of the text that the refusal tells, and the limit beside it."""
    refusal = world.refusal("invalid_request")
    found = parse.compile(f"total_token_count={{:d}}, {limit}={{:d}}").search(refusal.message)
    world.expect(found is not None, f"the refusal does not tell two numbers: {refusal}")
    assert found is not None
    return int(found[0]), int(found[1])


async def text_of(world: World, provider: Provider, tokens: int) -> Message:
    """A text that the provider counts exactly so many tokens in: each word is one, and some stand around them."""
    model = world.caching_model(provider).id
    around = await world.sees(world.gateway(provider).tokens.count((words(100),), model=model)) - 100
    return words(tokens - around)


@when("the team tries to keep a text of one token less than the least in a cache at {provider:Provider}")
async def tries_less_than_least(context: Context, provider: Provider) -> None:
    world = context.world
    await tries_to_keep(world, provider, (await text_of(world, provider, least_of(world, provider) - 1),))


@when("the team keeps a text of exactly the least tokens in a cache at {provider:Provider}")
async def keeps_least(context: Context, provider: Provider) -> None:
    world = context.world
    text = await text_of(world, provider, least_of(world, provider))
    await keep(world, provider, lifetime=timedelta(minutes=1), messages=(text,))


@then("the cache has exactly the least tokens")
async def has_exactly_least(context: Context) -> None:
    world = context.world
    cache = await described(world, world.caching.cache)
    least = least_of(world, cache.provider)
    world.expect(cache.tokens == least, f"the cache has {cache.tokens} tokens, the least is {least}")


@when("the team tries to keep a text of more tokens than the model reads in a cache at {provider:Provider}")
async def tries_too_much(context: Context, provider: Provider) -> None:
    world = context.world
    window = world.caching_model(provider).context_window_tokens
    await tries_to_keep(world, provider, (await text_of(world, provider, window + 1),))


# Caches that there are not, and keys that may not --------------------------------------------------------------------


def never_had(world: World) -> str:
    world.caching.unknown_id = f"cachedContents/none-{world.nonce}"
    return world.caching.unknown_id


@when("the team tries to read about a cache that {provider:Provider} never had")
async def tries_to_read_unknown(context: Context, provider: Provider) -> None:
    await context.world.tries(context.world.gateway(provider).caches.get(never_had(context.world)))


@when("the team tries to change the life of a cache that {provider:Provider} never had")
async def tries_to_change_unknown(context: Context, provider: Provider) -> None:
    caches = context.world.gateway(provider).caches
    await context.world.tries(caches.update(never_had(context.world), ttl=timedelta(minutes=5)))


@when("the team tries to delete a cache that {provider:Provider} never had")
async def tries_to_delete_unknown(context: Context, provider: Provider) -> None:
    await context.world.tries(context.world.gateway(provider).caches.delete(never_had(context.world)))


@when("the team tries to ask a question with a cache that {provider:Provider} never had")
async def tries_to_ask_unknown(context: Context, provider: Provider) -> None:
    world = context.world
    await world.tries(
        world.gateway(provider).chat.ask(
            (Message(role="user", text="What is known?"),),
            model=world.caching_model(provider).id,
            max_output_tokens=256,
            cache=CacheReference(cache_id=never_had(world)),
        )
    )


@when("the team tries to read about the cache")
async def tries_to_read(context: Context) -> None:
    cache = context.world.caching.cache
    await context.world.tries(context.world.gateway(cache.provider).caches.get(cache.id))


@when("the team tries to read about the same cache with a wrong key")
async def tries_with_wrong_key(context: Context) -> None:
    world = context.world
    caches = world.gateway(Provider.GEMINI, key=f"wrong-key-{world.nonce}").caches
    await world.tries(caches.get(str(world.caching.unknown_id)))


@given("{provider:Provider} lets the key do nothing more for one request")
async def lacks_permission(context: Context, provider: Provider) -> None:
    await context.world.simulator.script({"provider": provider.value, "do": {"status": 403}})


@then("the request is refused because {provider:Provider} has no such cache, naming it")
def no_such_cache(context: Context, provider: Provider) -> None:
    refusal = context.world.refusal("not_found")
    named = context.world.caching.unknown_id or context.world.caching.cache.id
    context.world.expect(refusal.provider is provider, f"the refusal is of {refusal.provider}: {refusal}")
    context.world.expect(named in str(refusal), f"the refusal does not name {named}: {refusal}")


@then("the refusal keeps what {provider:Provider} itself answered")
def keeps_status(context: Context, provider: Provider) -> None:
    world = context.world
    refusal = world.refusal()
    answered = world.sent()[-1]
    world.expect(refusal.status == answered.status, f"{provider} answered {answered.status}, kept is {refusal.status}")
    said = answered.response.json()["error"]["message"]
    world.expect(refusal.provider_message == said, f"{provider} said {said!r}, kept is {refusal.provider_message!r}")


@then("the request is refused because the key lacks the permission")
def lacks(context: Context) -> None:
    context.world.refusal("permission_denied")
