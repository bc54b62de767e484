"""Sentences about caches: keeping a context, reading about it, and listing what is kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from behave import given, then, when

from steps.cached_questions import A_LINE, INSTRUCTIONS, said_of_manual
from steps.common import Context
from support.values import CachedContext, Message, Provider
from support.world import World

NAME = "the press manual"
LIVE_SECONDS = 5.0
"""How far live times may be apart: the request's own way, and the provider's clock."""
EXPIRY_SECONDS = 2.0
"""By how much the provider's own times may miss the lifetime (provider-facts 3.1: a second in recordings)."""
MOST_PAGES = 10


def tolerance(world: World, seconds: float) -> float:
    """None on the simulator, whose times are exact."""
    return 0.0 if world.simulated else seconds


Time = TypeVar("Time", datetime, timedelta)


def apart(one: Time, other: Time) -> float:
    """Seconds between two times, or two spans of time."""
    difference: timedelta = one - other
    return abs(difference.total_seconds())


async def keep(
    world: World,
    provider: Provider,
    *,
    lifetime: timedelta | None = None,
    edition: int = 1,
    name: str = NAME,
    messages: Sequence[Message] | None = None,
) -> None:
    """Keeps the manual, or other messages, and remembers what creating the cache answered."""
    caches = world.gateway(provider).caches
    world.caching.made.append(
        await world.does(
            caches.create(
                model=world.caching_model(provider).id,
                messages=said_of_manual(world, edition) if messages is None else messages,
                system=INSTRUCTIONS if messages is None else None,
                name=name,
                ttl=lifetime,
            )
        )
    )


async def described(world: World, cache: CachedContext) -> CachedContext:
    """What the provider says of the cache now."""
    return await world.sees(world.gateway(cache.provider).caches.get(cache.id))


async def all_caches(world: World, provider: Provider, page_size: int | None = None) -> list[CachedContext]:
    """All caches that the provider lists, page after page."""

    async def walk() -> list[CachedContext]:
        return [cache async for cache in world.gateway(provider).caches.list(page_size=page_size)]

    return await world.sees(walk())


def ids(caches: Sequence[CachedContext]) -> list[str]:
    return [cache.id for cache in caches]


def ours(world: World, caches: Sequence[CachedContext]) -> list[CachedContext]:
    """Those that this scenario made: a live account may hold others."""
    made = ids(world.caching.made)
    return [cache for cache in caches if cache.id in made]


def least_of(world: World, provider: Provider) -> int:
    """The fewest tokens that the provider keeps for the suite's model."""
    least = world.caching_model(provider).cache_minimum_tokens
    assert least is not None, f"the catalogue has no least number of tokens for {provider}"
    return least


# Keeping -------------------------------------------------------------------------------------------------------------


@given("the team keeps the manual in a cache at {provider:Provider} for {lifetime:Duration}")
@when("the team keeps the manual in a cache at {provider:Provider} for {lifetime:Duration}")
async def keeps_for(context: Context, provider: Provider, lifetime: timedelta) -> None:
    await keep(context.world, provider, lifetime=lifetime)


@when("the team keeps the manual in a cache at {provider:Provider} without saying for how long")
async def keeps(context: Context, provider: Provider) -> None:
    await keep(context.world, provider)


@given("the team keeps {count:d} manuals in caches at {provider:Provider} for {lifetime:Duration}")
async def keeps_several(context: Context, count: int, provider: Provider, lifetime: timedelta) -> None:
    for edition in range(1, count + 1):
        await keep(context.world, provider, lifetime=lifetime, edition=edition, name=f"{NAME}, edition {edition}")
    context.world.caching.chosen = context.world.caching.made[0]


@given("the team keeps another manual in a cache at {provider:Provider} for {lifetime:Duration}")
async def keeps_another(context: Context, provider: Provider, lifetime: timedelta) -> None:
    """Beside "the cache", which stays the one that was made first."""
    context.world.caching.chosen = context.world.caching.cache
    await keep(context.world, provider, lifetime=lifetime, edition=2, name=f"{NAME}, edition 2")


@then("the cache expires {lifetime:Duration} after it was made")
async def expires_after(context: Context, lifetime: timedelta) -> None:
    world = context.world
    cache = await described(world, world.caching.cache)
    lives = cache.expires_at - cache.created_at
    far = apart(lives, lifetime)
    world.expect(far <= tolerance(world, EXPIRY_SECONDS), f"it expires {lives} after it was made, not {lifetime}")


@then("{provider:Provider} has the cache under the name that the team gave it, for the model that the team asked for")
async def has_name_and_model(context: Context, provider: Provider) -> None:
    world = context.world
    cache = await described(world, world.caching.cache)
    world.expect(cache.name == NAME, f"the cache is called {cache.name!r}")
    model = world.caching_model(provider).id
    world.expect(cache.model == model, f"the cache is for {cache.model}, asked for was {model}")


@then("the cache has as many tokens as {provider:Provider} counts in the manual and its instructions")
async def has_counted_tokens(context: Context, provider: Provider) -> None:
    world = context.world
    counting = world.gateway(provider).tokens
    model = world.caching_model(provider).id
    counted = await world.sees(counting.count(said_of_manual(world), model=model, system=INSTRUCTIONS))
    kept = (await described(world, world.caching.cache)).tokens
    far = abs(kept - counted) / counted
    world.expect(far <= tolerance(world, 0.01), f"the cache has {kept} tokens, counted are {counted}")


@then("the cache has no fewer tokens than the least that {provider:Provider} keeps")
async def has_the_least_tokens(context: Context, provider: Provider) -> None:
    world = context.world
    kept, least = (await described(world, world.caching.cache)).tokens, least_of(world, provider)
    world.expect(kept >= least, f"the cache has {kept} tokens, the least is {least}")


# Reading and listing -------------------------------------------------------------------------------------------------


@when("the team reads about the cache")
@when("the team reads about the first cache")
async def reads(context: Context) -> None:
    context.world.caching.read = await described(context.world, context.world.caching.cache)


@then("it is described as it was when it was made")
def described_as_made(context: Context) -> None:
    made, read = context.world.caching.cache, context.world.caching.read
    context.world.expect(read is not None and told(read) == told(made), f"made was {made}, described is {read}")


def told(cache: CachedContext) -> tuple[object, ...]:
    return cache.id, cache.name, cache.model, cache.created_at, cache.expires_at, cache.tokens


@then("nothing of the manual and its instructions is in the description")
def no_contents(context: Context) -> None:
    read = context.world.caching.read
    assert read is not None
    text = context.world.wire.exchanges[-1].response.kept.decode()
    context.world.expect(A_LINE not in text, "the description has the manual's text")
    context.world.expect(INSTRUCTIONS not in text, "the description has the instructions")
    for field in ("contents", "systemInstruction"):
        context.world.expect(field not in read.raw, f"the description has {field}")


@when("the team turns the pages of its caches at {provider:Provider}, {size:d} a page")
async def turns_pages(context: Context, provider: Provider, size: int) -> None:
    world = context.world
    caches = world.gateway(provider).caches
    cursor: str | None = None
    while len(world.caching.pages) < MOST_PAGES:
        page = await world.does(caches.list_page(limit=size, cursor=cursor))
        world.caching.pages.append(page)
        world.caching.listed += page.caches
        cursor = page.next_cursor
        if cursor is None:
            return
    raise AssertionError(f"after {MOST_PAGES} pages there are still more")


@then("the pages have 2, 2 and 1 caches")
def pages_have(context: Context) -> None:
    sizes = [len(page.caches) for page in context.world.caching.pages]
    context.world.expect(sizes == [2, 2, 1], f"the pages have {sizes} caches")
    exchanges = context.world.wire.exchanges
    asked = [sent for sent in exchanges if sent.method == "GET" and sent.path.split("?")[0].endswith("/cachedContents")]
    context.world.expect(len(asked) == 3, f"{len(asked)} requests were sent for the pages")


@when("the team lists all its caches at {provider:Provider}, {size:d} a page")
async def lists_all(context: Context, provider: Provider, size: int) -> None:
    world = context.world

    async def walk() -> list[CachedContext]:
        return [cache async for cache in world.gateway(provider).caches.list(page_size=size)]

    world.caching.listed = await world.does(walk())


@then("every page was fetched once")
def pages_fetched(context: Context) -> None:
    world = context.world
    # live, the account may hold caches of others, whose pages are fetched too
    needed = math.ceil(len(world.caching.made if world.simulated else world.caching.listed) / 2)
    world.expect(len(world.sent()) == needed, f"{len(world.sent())} pages were fetched, {needed} are needed")


@then("each of the {count:d} caches is listed once, as it is described by itself")
async def listed_once(context: Context, count: int) -> None:
    world = context.world
    found = world.caching.listed if world.simulated else ours(world, world.caching.listed)
    world.expect(sorted(ids(found)) == sorted(ids(world.caching.made)), f"listed are {ids(found)}")
    world.expect(len(found) == count, f"{len(found)} of the team's caches are listed")
    for cache in found:
        alone = await described(world, cache)
        world.expect(cache == alone, f"listed is {cache.raw}, described {alone.raw}")


@when("the team tries to turn to a page of caches that {provider:Provider} never announced")
async def tries_unknown_page(context: Context, provider: Provider) -> None:
    caches = context.world.gateway(provider).caches
    await context.world.tries(caches.list_page(limit=2, cursor="garbage"))
