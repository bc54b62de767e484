"""Sentences about how long a cache lives: changing its life, deleting it, and what keeping it costs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import parse
from behave import given, register_type, then, when

from steps.cached_questions import said_of_manual
from steps.caching import LIVE_SECONDS, all_caches, apart, described, ids, told, tolerance
from steps.common import Context
from support.values import Provider


@parse.with_pattern(r"model|contents")
def a_fixed_field(text: str) -> str:
    return text


register_type(FixedField=a_fixed_field)


# Changing ------------------------------------------------------------------------------------------------------------


@when("the team lets the cache live for {time:Duration} from now")
async def lets_live(context: Context, time: timedelta) -> None:
    world = context.world
    cache = world.caching.cache
    world.caching.updated_at = await world.clock.now()
    world.caching.read = await world.does(world.gateway(cache.provider).caches.update(cache.id, ttl=time))


@then("{provider:Provider} says that the cache expires {time:Duration} after that")
async def says_it_expires(context: Context, provider: Provider, time: timedelta) -> None:
    world = context.world
    assert world.caching.updated_at is not None
    expected = world.caching.updated_at + time
    expires = (await described(world, world.caching.cache)).expires_at
    world.expect(
        apart(expires, expected) <= tolerance(world, LIVE_SECONDS),
        f"{provider} says that it expires at {expires}, not at {expected}",
    )


@then("it was changed at that time, and nothing else about it")
async def changed_then(context: Context) -> None:
    world = context.world
    made, now = world.caching.cache, await described(world, world.caching.cache)
    assert world.caching.updated_at is not None
    world.expect(
        apart(now.updated_at, world.caching.updated_at) <= tolerance(world, LIVE_SECONDS),
        f"it was changed at {now.updated_at}, asked for at {world.caching.updated_at}",
    )
    world.expect(now.updated_at > made.updated_at, "the time of its last change has not moved")
    same = (now.name, now.model, now.tokens, now.created_at) == (made.name, made.model, made.tokens, made.created_at)
    world.expect(same, f"made was {made}, now it is {now}")


@then("it is described as the change itself was answered, by its end and not by its lifetime")
async def described_as_answered(context: Context) -> None:
    world = context.world
    answered, now = world.caching.read, await described(world, world.caching.cache)
    assert answered is not None
    world.expect(now == answered, f"the change was answered with {answered.raw}, described is {now.raw}")
    world.expect("ttl" not in now.raw, f"the description has a lifetime: {now.raw}")


@then("the team is told that it has {time:Duration} left")
async def time_left(context: Context, time: timedelta) -> None:
    world = context.world
    cache = await described(world, world.caching.cache)
    left = cache.remaining(await world.clock.now())
    world.expect(apart(left, time) <= tolerance(world, LIVE_SECONDS), f"it has {left} left")


@when("the team tries to change the {field:FixedField} of the cache")
async def tries_to_change(context: Context, field: str) -> None:
    world = context.world
    cache = world.caching.cache
    other: dict[str, Any] = {"model": f"{cache.model}-other", "contents": said_of_manual(world, 2)}
    await world.tries(world.gateway(cache.provider).caches.update(cache.id, **{field: other[field]}))


@when('the team tries to let the cache live for "{ttl}" from now')
async def tries_to_let_live(context: Context, ttl: str) -> None:
    cache = context.world.caching.cache
    await context.world.tries(context.world.gateway(cache.provider).caches.update(cache.id, ttl=ttl))


# Deleting ------------------------------------------------------------------------------------------------------------


@given("the team has deleted the cache")
@when("the team deletes the cache")
@when("the team deletes the first cache")
async def deletes(context: Context) -> None:
    cache = context.world.caching.cache
    deletion = await context.world.does(context.world.gateway(cache.provider).caches.delete(cache.id))
    context.world.expect(deletion.id == cache.id, f"confirmed was the deletion of {deletion.id}")


@then("the cache can no longer be read about")
async def no_longer_read(context: Context) -> None:
    cache = context.world.caching.cache
    caches = context.world.gateway(cache.provider).caches
    context.world.expect(await context.world.gone(lambda: caches.get(cache.id)), "the cache can still be read about")


@then("the cache can still be read about")
async def still_read(context: Context) -> None:
    cache = context.world.caching.cache
    found = await described(context.world, cache)
    context.world.expect(found.id == cache.id, f"asked for {cache.id}, got {found.id}")


@then("the other cache can still be read about")
async def other_still_read(context: Context) -> None:
    other = context.world.caching.made[1]
    found = await described(context.world, other)
    context.world.expect(told(found) == told(other), f"made was {other}, described is {found}")


@then("the cache is missing from the list of caches")
async def missing_from_list(context: Context) -> None:
    cache = context.world.caching.cache

    async def listed() -> bool:
        return cache.id in ids(await all_caches(context.world, cache.provider))

    context.world.expect(await context.world.becomes(listed, False), f"the list still has {cache.id}")
    others = {made.id for made in context.world.caching.made} - {cache.id}
    assert others, "the scenario has no other cache: an empty list would do"
    there = set(ids(await all_caches(context.world, cache.provider)))
    context.world.expect(others <= there, f"the list has lost {others - there}")


@then("the cache is gone within 2 minutes")
async def gone_in_time(context: Context) -> None:
    cache = context.world.caching.cache
    caches = context.world.gateway(cache.provider).caches
    for _ in range(12):
        if await context.world.gone(lambda: caches.get(cache.id)):
            return
    raise AssertionError("the cache is still there")


@when("the team tries to delete the cache again")
async def tries_to_delete_again(context: Context) -> None:
    cache = context.world.caching.cache
    await context.world.tries(context.world.gateway(cache.provider).caches.delete(cache.id))


@when("the team tries to delete a cache at {provider:Provider}")
async def tries_to_delete_at(context: Context, provider: Provider) -> None:
    async def deleting() -> object:
        return await context.world.gateway(provider).caches.delete("a-cache-of-the-team")

    await context.world.tries(deleting())


# What storage costs --------------------------------------------------------------------------------------------------


@then("keeping the manual has cost what its tokens cost for {time:Duration}")
async def storage_cost(context: Context, time: timedelta) -> None:
    world = context.world
    cache = world.caching.cache
    storage = await world.sees(world.gateway(cache.provider).caches.storage(cache.id))
    far = apart(storage.time, time)
    world.expect(far <= tolerance(world, LIVE_SECONDS), f"it was kept for {storage.time}, not for {time}")
    microseconds = storage.time // timedelta(microseconds=1)
    expected = world.storage_rate(cache.provider) * cache.tokens * microseconds / 3_600_000_000 / 1_000_000
    world.expect(storage.cost_usd is not None, "no price is known for keeping it")
    assert storage.cost_usd is not None
    world.expect(abs(storage.cost_usd - expected) < 1e-9, f"it has cost {storage.cost_usd}, not {expected}")


@then("the ledger has charged the making and the keeping of the cache, and no more")
async def ledger_has_storage(context: Context) -> None:
    world = context.world
    cache = world.caching.cache
    storage = await world.sees(world.gateway(cache.provider).caches.storage(cache.id))
    assert storage.cost_usd is not None
    expected = storage.cost_usd + world.input_price(cache.provider, cache.tokens)
    charged = [call.cost_usd for call in world.charges() if call.cost_usd]
    world.expect(len(charged) == 1, f"the ledger has charged {charged}")
    world.expect(abs(charged[0] - expected) < 1e-9, f"the ledger has charged {charged[0]}, not {expected}")
