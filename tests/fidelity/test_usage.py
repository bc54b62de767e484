"""Three ways to count tokens become one: what the adapters read from recorded figures adds up to the providers' own totals.

OpenAI and Gemini count what came from a cache among the input, Anthropic beside it (provider-facts 3.1 to 3.3).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import anthropic
import httpx2
import pytest
from google.genai import types as gemini

from support.gateway.anthropic.chat import GrowingMessage, answered
from support.gateway.anthropic.chat import usage as anthropics
from support.gateway.gemini.caches import cached
from support.gateway.gemini.chat import usage_of as geminis
from support.gateway.openai.chat import usage_of as openais
from support.values import Usage
from tests.fidelity import streams
from tests.fidelity.recordings import ABSENT, RECORDINGS, Recorded, recorded

pytestmark = pytest.mark.skipif(not RECORDINGS.is_dir(), reason=ABSENT)

FAMILIES = {
    "OpenAI": ("chat-completions-unary", "chat-completions-streaming"),
    "Anthropic": ("messages-unary", "messages-streaming"),
    "Gemini": ("generatecontent", "streamgeneratecontent-sse", "streamgeneratecontent-json-array"),
}
NAMES = {"OpenAI": "usage", "Anthropic": "usage", "Gemini": "usageMetadata"}


def bodies(one: Recorded) -> Iterator[dict[str, Any]]:
    """The answer, or each piece of it."""
    if isinstance(one.body, str) and "data:" in one.body:
        yield from (event.data for event in streams.read(streams.whole_events(one.body)).events if event.data)
    elif isinstance(one.body, list):
        yield from one.body
    elif isinstance(one.body, dict):
        yield one.body


def figures(one: Recorded) -> Iterator[dict[str, Any]]:
    """All that the answer says of tokens."""
    name = NAMES[one.provider]
    for body in bodies(one):
        told = body.get(name) if isinstance(body, dict) else None
        if isinstance(told, dict):
            yield told


def with_figures(provider: str, *families: str) -> list[Recorded]:
    return [one for family in families or FAMILIES[provider] for one in recorded(provider, family) if any(figures(one))]


def geminis_of(told: dict[str, Any]) -> Usage:
    """The SDK's type takes the numbers alone: of the rest a few recordings have values that it does not know."""
    numbers = {name: value for name, value in told.items() if name.endswith("TokenCount")}
    return geminis(gemini.GenerateContentResponseUsageMetadata.model_validate(numbers))


def each(provider: str, *families: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("one", with_figures(provider, *families), ids=lambda one: one.name)


# The totals -------------------------------------------------------------------------------------------------------------


@each("OpenAI")
def test_openais_total_is_what_went_in_and_what_came_out(one: Recorded) -> None:
    for told in figures(one):
        usage = openais(told)
        assert usage.input_tokens == told["prompt_tokens"]
        assert usage.input_tokens + usage.output_tokens == told["total_tokens"]


@each("Gemini")
def test_geminis_total_is_what_went_in_and_what_came_out(one: Recorded) -> None:
    for told in figures(one):
        usage = geminis_of(told)
        assert usage.input_tokens + usage.output_tokens == told["totalTokenCount"]


@each("Anthropic", "messages-unary")
def test_anthropics_parts_are_all_there_and_none_is_counted_twice(one: Recorded) -> None:
    for told in figures(one):
        usage = anthropics(told)
        written = told.get("cache_creation_input_tokens") or 0
        read = told.get("cache_read_input_tokens") or 0
        assert (usage.cache_write_tokens, usage.cache_read_tokens) == (written, read)
        assert usage.input_tokens == told["input_tokens"] + written + read
        assert usage.output_tokens == told["output_tokens"]


def whole_streams() -> list[Recorded]:
    """Recorded streams that came to their end."""
    return [
        one
        for one in recorded("Anthropic", "messages-streaming")
        if isinstance(one.body, str) and not one.body_is_cut and "event: message_stop" in one.body
    ]


async def read_by_the_sdk(stream: str) -> Usage:
    """The usage of a recorded stream, played to the SDK and put together as the gateway does."""

    def play(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=stream.encode())

    message = GrowingMessage()
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(play)) as http:
        client = anthropic.AsyncAnthropic(api_key="none", http_client=http, max_retries=0)
        asked: Any = [{"role": "user", "content": "Hello"}]
        async with await client.messages.create(model="any", max_tokens=9, messages=asked, stream=True) as events:
            async for event in events:
                message.add(event)
    return answered(message.whole()).usage


@pytest.mark.parametrize("one", whole_streams(), ids=lambda one: one.name)
def test_anthropics_stream_ends_in_the_figures_of_its_last_word(one: Recorded) -> None:
    (first,) = [body["message"]["usage"] for body in bodies(one) if body.get("type") == "message_start"]
    last = [body["usage"] for body in bodies(one) if body.get("type") == "message_delta"][-1]
    told = {**first, **{name: value for name, value in last.items() if value is not None}}
    usage = asyncio.run(read_by_the_sdk(str(one.body)))
    parts = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    assert usage.input_tokens == sum(told.get(part) or 0 for part in parts)
    assert usage.cache_read_tokens == (told.get("cache_read_input_tokens") or 0)
    assert usage.cache_write_tokens == (told.get("cache_creation_input_tokens") or 0)
    assert usage.output_tokens == last["output_tokens"]


def test_every_way_to_count_is_among_the_recordings() -> None:
    """Else the tests above would hold of nothing."""
    for provider in FAMILIES:
        assert len(with_figures(provider)) > 20
    assert len(whole_streams()) > 20


# The split of those that were cached ------------------------------------------------------------------------------------


def told_by(provider: str, family: str, index: int) -> dict[str, Any]:
    return list(figures(recorded(provider, family)[index]))[-1]


@pytest.mark.parametrize(
    ("index", "usage"),
    [
        (41, Usage(uncached_input_tokens=120, cache_read_tokens=1024, output_tokens=2)),
        (60, Usage(uncached_input_tokens=120, cache_read_tokens=1024, output_tokens=3)),
    ],
)
def test_openais_cached_tokens_are_taken_out_of_the_prompts(index: int, usage: Usage) -> None:
    assert openais(told_by("OpenAI", "chat-completions-streaming", index)) == usage


def test_geminis_cached_tokens_are_taken_out_of_the_prompts_and_thoughts_are_output() -> None:
    usage = Usage(uncached_input_tokens=17713 - 17379, cache_read_tokens=17379, output_tokens=68 + 821)
    assert geminis_of(told_by("Gemini", "generatecontent", 19)) == usage


@pytest.mark.parametrize(
    ("index", "usage"),
    [
        (23, Usage(uncached_input_tokens=15, cache_read_tokens=844, output_tokens=94)),
        (35, Usage(uncached_input_tokens=12, cache_write_5m_tokens=1365, output_tokens=5)),
        (
            52,
            Usage(
                uncached_input_tokens=12,
                cache_write_5m_tokens=3710,
                cache_write_1h_tokens=3715,
                output_tokens=10,
            ),
        ),
        # Figures that do not say for how long: those are the short-lived ones.
        (13, Usage(uncached_input_tokens=100, cache_read_tokens=2, cache_write_5m_tokens=5, output_tokens=21)),
    ],
)
def test_anthropics_writes_are_told_apart_by_their_lifetime(index: int, usage: Usage) -> None:
    assert anthropics(told_by("Anthropic", "messages-unary", index)) == usage


# Gemini's caches --------------------------------------------------------------------------------------------------------


def recorded_caches() -> list[Recorded]:
    families = ("cachedcontents-create", "cachedcontents-get", "cachedcontents-update")
    return [one for family in families for one in recorded("Gemini", family) if not one.refused]


@pytest.mark.parametrize("one", recorded_caches(), ids=lambda one: one.name)
def test_a_recorded_cache_is_read_as_it_is_told(one: Recorded) -> None:
    cache = cached(one.body)
    assert (cache.id, f"models/{cache.model}") == (one.body["name"], one.body["model"])
    assert cache.tokens == one.body["usageMetadata"]["totalTokenCount"] >= 1024
    assert cache.created_at <= cache.updated_at < cache.expires_at
    assert cache.expires_at.utcoffset() == timedelta()
    assert (cache.name, cache.sent_name) == (one.body.get("displayName", ""),) * 2
