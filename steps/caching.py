"""Sentences about caches: keeping a context, how long it lives, and what refuses to be cached."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

import parse
from behave import given, register_type, then, when

from steps.cached_questions import A_LINE, INSTRUCTIONS, said_of_manual
from steps.common import Context
from support.values import CachedContext, CacheReference, Message, Provider
from support.world import World

NAME = "the press manual"
LIVE_SECONDS = 5.0
"""How far live times may be apart: the request's own way, and the provider's clock."""
EXPIRY_SECONDS = 2.0
"""By how much the provider's own times may miss the lifetime (provider-facts 3.1: a second in recordings)."""
MOST_PAGES = 10


@parse.with_pattern(r"model|contents")
def a_fixed_field(text: str) -> str:
    return text


register_type(FixedField=a_fixed_field)


def tolerance(world: World, seconds: float) -> float:
    """None on the simulator, whose times are exact."""
    return 0.0 if world.simulated else seconds


def apart(one: datetime | timedelta, other: datetime | timedelta) -> float:
    """Seconds between two times, or two spans of time."""
    return abs((one - other).total_seconds())  # type: ignore[operator]


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
    other: dict[str, object] = {"model": f"{cache.model}-other", "contents": said_of_manual(world, 2)}
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


# Refusing ------------------------------------------------------------------------------------------------------------


def least_of(world: World, provider: Provider) -> int:
    """The fewest tokens that the provider keeps for the suite's model."""
    least = world.caching_model(provider).cache_minimum_tokens
    assert least is not None, f"the catalogue has no least number of tokens for {provider}"
    return least


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


def words(count: int) -> Message:
    """A text of so many short words."""
    return Message(role="user", text=" ".join(["yes"] * count))


@when("the team tries to keep a note of 50 words in a cache at {provider:Provider}")
async def tries_note(context: Context, provider: Provider) -> None:
    await tries_to_keep(context.world, provider, (words(50),))


@then("the refusal tells the text's tokens and the least that {provider:Provider} keeps")
async def tells_the_least(context: Context, provider: Provider) -> None:
    world = context.world
    tokens, least = await sizes_told(world, provider, "min_total_token_count")
    if world.simulated:
        wanted = least_of(world, provider)
        world.expect(least == wanted, f"the least is {wanted}, the refusal says {least}")
    else:
        world.expect(least > tokens, f"the least that is told is {least}")


@then("the refusal tells the text's tokens and the most that {provider:Provider} reads")
async def tells_the_most(context: Context, provider: Provider) -> None:
    world = context.world
    tokens, most = await sizes_told(world, provider, "max_total_token_count")
    wanted = world.caching_model(provider).context_window_tokens
    world.expect(most == wanted, f"the most is {wanted}, the refusal says {most}")
    world.expect(tokens == most + 1, f"the text has {tokens} tokens, the most is {most}")


async def sizes_told(world: World, provider: Provider, limit: str) -> tuple[int, int]:
    """The size that the refusal tells, which is what the provider counts in the text, and the limit beside it."""
    refusal = world.refusal("invalid_request")
    found = parse.compile(f"total_token_count={{:d}}, {limit}={{:d}}").search(refusal.message)
    world.expect(found is not None, f"the refusal does not tell two numbers: {refusal}")
    assert found is not None
    told, told_limit = int(found[0]), int(found[1])
    model = world.caching_model(provider).id
    tokens = await world.sees(world.gateway(provider).tokens.count(world.caching.tried, model=model))
    world.expect(told == tokens, f"the text has {tokens} tokens, the refusal says {told}")
    return told, told_limit


async def text_of(world: World, provider: Provider, tokens: int) -> Message:
    """A text that the provider counts exactly so many tokens in."""
    model = world.caching_model(provider).id
    text = words(tokens)
    over = await world.sees(world.gateway(provider).tokens.count((text,), model=model)) - tokens
    return words(tokens - over)


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
