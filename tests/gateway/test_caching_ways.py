"""A question that is cached, in each provider's own way: what is sent of it, what it can cost at most, and whose way is refused."""

from typing import Any

import pytest

from support.errors import BudgetExceeded, InvalidRequest, Unsupported
from support.gateway.capabilities import ProviderGateway
from support.gateway.open import open_gateway
from support.values import CacheKey, CacheMarks, CacheReference, CacheUse, Message, Provider
from tests.gateway.conftest import Bench

pytestmark = pytest.mark.anyio

OWN: dict[Provider, CacheUse] = {
    Provider.GEMINI: CacheReference(cache_id="cachedContents/some"),
    Provider.ANTHROPIC: CacheMarks(),
    Provider.OPENAI: CacheKey(key="k"),
}
MODELS = {
    Provider.GEMINI: "gemini-3.5-flash-lite",
    Provider.ANTHROPIC: "claude-haiku-5-5",
    Provider.OPENAI: "gpt-6-luna",
}
OTHERS = [(provider, cache) for provider in Provider for owner, cache in OWN.items() if owner is not provider]
GEMINIS_WINDOW = 1_048_576
HELLO = (Message(role="user", text="Hello"),)
MANUAL = " ".join(["word"] * 1200)


def gateway_to(bench: Bench, provider: Provider) -> ProviderGateway:
    return open_gateway(bench.endpoint(provider), bench.http, bench.choke)


async def ask(bench: Bench, provider: Provider, **asked: Any) -> dict[str, Any]:
    """Asks; answers what was sent."""
    usual = {"messages": HELLO, "model": MODELS[provider], "max_output_tokens": 64}
    await gateway_to(bench, provider).chat.ask(**{**usual, **asked})
    sent: dict[str, Any] = bench.wire.exchanges[-1].request.json()
    return sent


def most_input(bench: Bench) -> int:
    """Tokens that were reserved for the last call."""
    bound = bench.purse.reserved[-1].bound
    assert bound is not None
    return bound.input_tokens


# Whose way --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("provider", "cache"), OTHERS)
async def test_another_providers_way_is_unsupported_and_nothing_is_sent(
    bench: Bench, provider: Provider, cache: CacheUse
) -> None:
    chat = gateway_to(bench, provider).chat
    with pytest.raises(Unsupported) as asked:
        await chat.ask(HELLO, model=MODELS[provider], max_output_tokens=64, cache=cache)
    with pytest.raises(Unsupported) as streamed:
        _ = [piece async for piece in chat.stream(HELLO, model=MODELS[provider], max_output_tokens=64, cache=cache)]
    for refused in (asked.value, streamed.value):
        assert (refused.provider, refused.param, refused.status) == (provider, "cache", None)
        assert str(provider) in refused.message
    assert (bench.wire.exchanges, bench.purse.reserved, bench.events) == ([], [], [])


@pytest.mark.parametrize("provider", [Provider.OPENAI, Provider.ANTHROPIC])
async def test_who_keeps_no_objects_has_no_caches(bench: Bench, provider: Provider) -> None:
    with pytest.raises(Unsupported, match=f"{provider} has no caches"):
        _ = gateway_to(bench, provider).caches
    assert bench.wire.exchanges == []


async def test_without_a_cache_nothing_is_said_of_one(bench: Bench) -> None:
    for provider in Provider:
        sent = str(await ask(bench, provider, system="Be brief."))
        assert "cache" not in sent.lower()


# Anthropic's marks ------------------------------------------------------------------------------------------------------


async def test_marks_reach_anthropic(bench: Bench) -> None:
    sent = await ask(bench, Provider.ANTHROPIC, system=MANUAL, cache=CacheMarks())
    control = {"type": "ephemeral", "ttl": "5m"}
    assert sent["system"] == [{"type": "text", "text": MANUAL, "cache_control": control}]
    assert sent["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "Hello", "cache_control": control}]}
    ]


async def test_a_streamed_question_is_marked_too(bench: Bench) -> None:
    chat = gateway_to(bench, Provider.ANTHROPIC).chat
    stream = chat.stream(HELLO, model=MODELS[Provider.ANTHROPIC], max_output_tokens=64, cache=CacheMarks())
    assert [piece async for piece in stream] != []
    block = bench.wire.exchanges[-1].request.json()["messages"][0]["content"][0]
    assert block["cache_control"] == {"type": "ephemeral", "ttl": "5m"}


async def test_too_many_marks_are_not_sent(bench: Bench) -> None:
    messages = tuple(Message(role="assistant" if number % 2 else "user", text="a") for number in range(5))
    with pytest.raises(InvalidRequest):
        await ask(bench, Provider.ANTHROPIC, messages=messages, cache=CacheMarks(messages=tuple(range(5))))
    assert bench.wire.exchanges == []


# OpenAI's keys ----------------------------------------------------------------------------------------------------------


async def test_a_key_reaches_openai_with_a_mark_after_the_system_prompt(bench: Bench) -> None:
    sent = await ask(bench, Provider.OPENAI, system=MANUAL, cache=CacheKey(key="press-manual"))
    assert sent["prompt_cache_key"] == "press-manual"
    assert sent["messages"] == [
        {
            "role": "system",
            "content": [{"type": "text", "text": MANUAL, "prompt_cache_breakpoint": {"mode": "explicit"}}],
        },
        {"role": "user", "content": "Hello"},
    ]


async def test_a_model_without_marks_gets_the_key_alone(bench: Bench) -> None:
    sent = await ask(bench, Provider.OPENAI, model="gpt-4.1", system=MANUAL, cache=CacheKey(key="press-manual"))
    assert sent["prompt_cache_key"] == "press-manual"
    assert sent["messages"][0] == {"role": "system", "content": MANUAL}


# What it can cost -------------------------------------------------------------------------------------------------------


async def test_the_bound_counts_the_tokens_of_the_cache(bench: Bench) -> None:
    gateway = gateway_to(bench, Provider.GEMINI)
    cache = await gateway.caches.create(model=MODELS[Provider.GEMINI], messages=(Message(role="user", text=MANUAL),))
    await ask(bench, Provider.GEMINI)
    without = most_input(bench)
    await ask(bench, Provider.GEMINI, cache=CacheReference(cache_id=cache.id))
    assert most_input(bench) == without + cache.tokens + len(f',"cached_content":"{cache.id}"')


async def test_a_cache_that_was_only_read_about_is_known_too(bench: Bench) -> None:
    gateway = gateway_to(bench, Provider.GEMINI)
    cache = await gateway.caches.create(model=MODELS[Provider.GEMINI], messages=(Message(role="user", text=MANUAL),))
    bench.choke.cache_tokens.clear()
    await ask(bench, Provider.GEMINI, cache=CacheReference(cache_id=cache.id))
    assert most_input(bench) > GEMINIS_WINDOW
    await gateway.caches.get(cache.id)
    await ask(bench, Provider.GEMINI, cache=CacheReference(cache_id=cache.id))
    assert cache.tokens < most_input(bench) < 2 * cache.tokens


@pytest.mark.parametrize(
    ("model", "window"),
    [(MODELS[Provider.GEMINI], GEMINIS_WINDOW), ("gemini-2.5-flash", 2_000_000)],  # the second is not in the catalogue
)
async def test_an_unknown_cache_may_be_as_large_as_a_window(bench: Bench, model: str, window: int) -> None:
    bench.purse.cap_input_tokens = window
    with pytest.raises(BudgetExceeded):
        await ask(bench, Provider.GEMINI, model=model, cache=OWN[Provider.GEMINI])
    assert bench.purse.counted == [window + 1]  # "Hello" is one token


async def test_near_a_cap_the_providers_count_and_the_cache_are_taken_together(bench: Bench) -> None:
    gateway = gateway_to(bench, Provider.GEMINI)
    cache = await gateway.caches.create(model=MODELS[Provider.GEMINI], messages=(Message(role="user", text=MANUAL),))
    bench.purse.cap_input_tokens = cache.tokens + 1
    await ask(bench, Provider.GEMINI, cache=CacheReference(cache_id=cache.id))
    assert bench.purse.counted == [cache.tokens + 1]  # "Hello" is one token
    bench.purse.cap_input_tokens = cache.tokens
    with pytest.raises(BudgetExceeded):
        await ask(bench, Provider.GEMINI, cache=CacheReference(cache_id=cache.id))
