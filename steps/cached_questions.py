"""Sentences about questions whose beginning is cached: what is written and read, what it costs, and conversations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from behave import given, then, when

from steps.common import Context
from support.values import (
    CachedContext,
    CacheKey,
    CacheMarks,
    CacheReference,
    CacheUse,
    CachingFigures,
    CachingReport,
    ChatAnswer,
    Message,
    Provider,
    Usage,
)
from support.world import World

INSTRUCTIONS = "Answer in one short sentence, from the manual alone."
QUESTION = "What is the service code of the press?"
MAX_OUTPUT_TOKENS = 512
A_LINE = "hangs behind the clock in room 204"
"""What stands in the manual once, and in no question and no answer."""
LEAST_HIT = 1024
"""The shortest beginning that OpenAI reads from its cache (provider-facts 3.2)."""
TO_SAY = (
    "one",
    "one two three four five six",
    "one two three",
    "one two three four five six seven eight nine ten",
    "two",
)
"""Answers of different lengths, in no order: so that the times differ, and no list of them is in order by chance."""


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
    conversation = [Message(role=role, text=QUESTION) for role in roles]  # type: ignore[arg-type]
    marks = CacheMarks(system=False, messages=tuple(range(5)))
    await world.tries(world.gateway(provider).chat.ask(**asked_of(world, provider, conversation, marks)))


@when("the team tries to ask {provider:Provider} about the manual, with a mark for {lifetime:Duration}")
async def tries_lifetime(context: Context, provider: Provider, lifetime: timedelta) -> None:
    await context.world.tries(ask(context.world, provider, QUESTION, CacheMarks(lifetime=lifetime)))


@when("the team tries to ask {provider:Provider} about the manual, cached in the way of {other:Provider}")
async def tries_other_way(context: Context, provider: Provider, other: Provider) -> None:
    way = CacheKey(key=context.world.nonce) if other is Provider.OPENAI else CacheMarks()
    await context.world.tries(ask(context.world, provider, QUESTION, way))


# What it costs -------------------------------------------------------------------------------------------------------


@given("the team has asked {provider:Provider} about the manual without a cache")
async def asked_without(context: Context, provider: Provider) -> None:
    world = context.world
    world.caching.provider = provider
    await ask_and_remember(world)


@given("the team has asked {provider:Provider} the same with the manual in the cache, twice")
async def asked_with(context: Context, provider: Provider) -> None:
    await begin(context.world, provider)
    for _ in range(2):
        await ask_and_remember(context.world)


@then("the question had the same number of tokens each time")
def same_tokens(context: Context) -> None:
    world = context.world
    counts = [answer.usage.input_tokens for answer in world.caching.answers]
    far = (max(counts) - min(counts)) / min(counts)
    # Live, Gemini's counts of a prompt in one piece and of one in two may differ by a few tokens of framing.
    framed = world.caching.provider is Provider.GEMINI and not world.simulated
    world.expect(far <= (0.01 if framed else 0.0), f"the question had {counts} tokens")
    uncached = world.caching.answers[0].usage
    world.expect(uncached.cache_read_tokens == 0, f"without a cache, {uncached.cache_read_tokens} tokens were read")


@then("the second time, what the cache had was read from it")
def read_what_was_there(context: Context) -> None:
    world = context.world
    first, second = (answer.usage for answer in world.caching.answers[-2:])
    kept = world.caching.cache.tokens if world.caching.made else first.cache_write_tokens + first.cache_read_tokens
    world.expect(
        second.cache_read_tokens == kept > 0, f"the cache had {kept} tokens, {second.cache_read_tokens} were read"
    )


@then(
    "the ledger has charged {written:g} times the input price for what was written and {read:g} times for what was read"
)
def charged(context: Context, written: float, read: float) -> None:
    world = context.world
    provider = world.caching.provider
    assert provider is not None
    price = world.input_price(provider)
    took = [answer.usage for answer in world.caching.answers]
    kept = sum(usage.cache_write_tokens for usage in took) + sum(cache.tokens for cache in world.caching.made)
    world.expect(kept > LEAST_HIT, f"{kept} tokens were written to the cache")
    world.expect(took[-1].cache_read_tokens > LEAST_HIT, f"{took[-1].cache_read_tokens} tokens were read from it")
    calls = [call for call in world.charges() if call.operation == "chat.create"]
    world.expect(len(calls) == len(world.caching.answers), f"the ledger has {len(calls)} questions")
    for call, answer in zip(calls, world.caching.answers, strict=True):
        usage = answer.usage
        factor = Decimal(str(written))
        expected = world.output_price(provider, usage.output_tokens) + price * (
            usage.uncached_input_tokens
            + factor * usage.cache_write_tokens
            + Decimal(str(read)) * usage.cache_read_tokens
        )
        spent = call.cost_usd or Decimal(0)
        world.expect(abs(spent - expected) < Decimal("1e-9"), f"the ledger has charged {spent}, not {expected}")


@then("the input of the last question cost less than that of the first")
def cheaper(context: Context) -> None:
    world = context.world
    provider = world.caching.provider
    assert provider is not None
    calls = [call for call in world.charges() if call.operation == "chat.create"]
    costs = [(call.cost_usd or 0) - world.output_price(provider, call.usage.output_tokens) for call in calls]
    world.expect(costs[-1] < costs[0], f"the input cost {costs}")


# Comparing -----------------------------------------------------------------------------------------------------------


@given("the simulator takes 200 milliseconds to read 1,000 tokens, and none for those in a cache")
async def takes_time(context: Context) -> None:
    context.world.caching.seconds_per_token = 0.0002
    await context.world.simulator.set_durations(chat__uncached_token=0.0002, chat__cached_token=0.0)


@given("{provider:Provider} answers no question from now on")
async def answers_nothing(context: Context, provider: Provider) -> None:
    await context.world.simulator.script(
        {"provider": provider.value, "operation": "chat.create", "times": 1000, "do": {"status": 500}}
    )


@when("the team compares questions to {provider:Provider} with and without a cache")
async def compares(context: Context, provider: Provider) -> None:
    world = context.world
    use = await in_the_cache(world, provider)
    number = {"with": 0, "without": 0}

    def question(side: str) -> str:
        """The same questions in the same order on both sides."""
        number[side] += 1
        return f"Question {number[side]:02d}. Answer exactly: {TO_SAY[number[side] % len(TO_SAY)]}"

    async def without() -> ChatAnswer:
        # A key of its own: the beginning of a question that nobody asked before is in no cache.
        own = CacheKey(key=f"{world.nonce}-{number['without']}") if isinstance(use, CacheKey) else None
        return await ask(world, provider, question("without"), own)

    async def with_cache() -> ChatAnswer:
        return await ask(world, provider, question("with"), use)

    async def storage() -> Decimal:
        return await ended(world, world.caching.cache) if world.caching.made else Decimal(0)

    filling = Usage(cache_write_5m_tokens=world.caching.cache.tokens if world.caching.made else 0)
    world.caching.provider = provider
    world.caching.report = await world.does(
        world.compare_caching(provider, uncached=without, cached=with_cache, filling=filling, storage=storage)
    )


async def ended(world: World, cache: CachedContext) -> Decimal:
    """Deletes the cache; answers what keeping it has cost."""
    caches = world.gateway(cache.provider).caches
    await world.sees(caches.delete(cache.id))
    storage = await world.sees(caches.storage(cache.id))
    assert storage.cost_usd is not None, "no price is known for keeping it"
    return storage.cost_usd


def figures(world: World) -> CachingFigures:
    """The figures of the comparison; fails the step where it has none."""
    report = world.caching.report
    assert report is not None, "nothing was compared"
    world.expect(report.figures is not None, f"there are no figures: {report.failures[:1]}")
    assert report.figures is not None
    return report.figures


@then("the comparison tells calls, times, tokens and cost of both")
def tells_all(context: Context) -> None:
    world = context.world
    compared = figures(world)
    calls = 20 if world.simulated else 3
    for side in (compared.uncached, compared.cached):
        world.expect(side.calls == calls, f"it tells of {side.calls} calls")
        world.expect(min(side.seconds) > 0, f"its times are {side.seconds}")
        world.expect(side.input_tokens > calls * LEAST_HIT and side.cost_usd > 0, f"it tells {side}")
    world.expect(
        compared.uncached.cached_tokens == 0, f"{compared.uncached.cached_tokens} tokens came from a cache without one"
    )
    world.expect(compared.cached.cached_tokens > 0, "no token came from the cache")


@then("its median and its 95th percentile are times that so many of the calls kept")
def percentiles(context: Context) -> None:
    world = context.world
    compared = figures(world)
    for side in (compared.uncached, compared.cached):
        for time, share in ((side.p50_seconds, 0.5), (side.p95_seconds, 0.95)):
            kept = sum(seconds <= time for seconds in side.seconds) / side.calls
            shorter = sum(seconds < time for seconds in side.seconds) / side.calls
            world.expect(shorter < share <= kept, f"{kept:.0%} of the calls took {time} s or less, {shorter:.0%} less")


@then("the saving is what the cached calls cost less, storage taken off")
def saving(context: Context) -> None:
    compared = figures(context.world)
    expected = compared.uncached.cost_usd - compared.cached.cost_usd - compared.storage_usd
    context.world.expect(
        abs(compared.saving_usd - expected) < Decimal("1e-9"), f"the saving is {compared.saving_usd}, not {expected}"
    )
    keeps = bool(context.world.caching.made)
    context.world.expect((compared.storage_usd > 0) == keeps, f"storage has cost {compared.storage_usd}")


@then("the cache pays from the first number of calls on that saves money")
def break_even(context: Context) -> None:
    compared = figures(context.world)
    plain = compared.uncached.cost_usd / compared.uncached.calls
    arm = compared.cached
    whole = arm.first_call_usd + (arm.calls - 1) * arm.later_call_usd
    context.world.expect(
        abs(whole - arm.cost_usd) < Decimal("1e-9"), f"the calls cost {whole}, together {arm.cost_usd}"
    )

    def saved(calls: int) -> Decimal:
        cached = compared.cached.first_call_usd + (calls - 1) * compared.cached.later_call_usd
        return calls * plain - cached - compared.storage_usd

    number = compared.break_even_calls
    context.world.expect(number is not None, "it says that the cache never pays")
    assert number is not None
    context.world.expect(saved(number) > 0, f"{number} calls save {saved(number)}")
    context.world.expect(number == 1 or saved(number - 1) <= 0, f"{number - 1} calls save {saved(number - 1)} already")


@then("the comparison is written down among the reports of the run, as it was made")
def written_down(context: Context) -> None:
    caching = context.world.caching
    context.world.expect(caching.written is not None and caching.written.is_file(), f"there is no {caching.written}")
    assert caching.written is not None
    read = CachingReport.model_validate_json(caching.written.read_text(encoding="utf-8"))
    context.world.expect(read == caching.report, f"written down is {read}")


@then("the ledger has charged what the comparison says")
def charged_as_compared(context: Context) -> None:
    world = context.world
    compared = figures(world)
    spent = sum((call.cost_usd or Decimal(0) for call in world.charges()), Decimal(0))
    said = compared.uncached.cost_usd + compared.cached.cost_usd + compared.storage_usd
    world.expect(abs(spent - said) < Decimal("1e-9"), f"the ledger has charged {spent}, the comparison says {said}")


@then("the median with the cache is shorter by the time for its cached tokens, within {percent:d} percent")
def sooner(context: Context, percent: int) -> None:
    world = context.world
    compared = figures(world)
    modelled = world.caching.seconds_per_token * compared.cached.cached_tokens / compared.cached.calls
    gained = compared.uncached.p50_seconds - compared.cached.p50_seconds
    world.expect(
        abs(gained - modelled) <= modelled * percent / 100,
        f"the median is {gained:.3f} s shorter, not {modelled:.3f} s",
    )


@then("the comparison names each call that failed, and gives no figures")
def no_figures(context: Context) -> None:
    report = context.world.caching.report
    context.world.expect(report is not None and report.figures is None, f"the comparison gives {report}")
    assert report is not None
    context.world.expect(len(report.failures) == 40, f"it names {len(report.failures)} calls")


# Conversing ----------------------------------------------------------------------------------------------------------


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
