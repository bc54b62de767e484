"""LL-15: however a content is written down, the same request leaves; a malformed part is refused by its place.

The gateway's own words are frozen messages. A plain dictionary with a message's fields is one too, for every provider; Gemini also
takes contents in its own spelling, as dictionaries or as the SDK's types, and reads messages from them.
"""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from google.genai import types

from support.errors import InvalidRequest, NotFound
from support.gateway.capabilities import ProviderGateway
from support.gateway.exchanges import Body
from support.gateway.open import open_gateway
from support.values import FileReference, Message, Provider
from tests.gateway.conftest import Bench

pytestmark = pytest.mark.anyio

GEMINI = "gemini-3.5-flash-lite"
MODELS = {Provider.OPENAI: "gpt-4o-mini", Provider.ANTHROPIC: "claude-haiku-4-5", Provider.GEMINI: GEMINI}
URI = "https://generativelanguage.googleapis.com/v1beta/files/abc-123"
MANUAL = "The lamp of the harbour turns once in twelve seconds. " * 1000
SPELT: Mapping[str, Any] = {
    "as values": [
        Message(role="user", text=MANUAL, files=(FileReference(file_id="files/abc-123", mime_type="text/plain"),)),
        Message(role="assistant", text="I have read it."),
    ],
    "as dictionaries": [
        {"role": "user", "text": MANUAL, "files": [{"file_id": "files/abc-123", "mime_type": "text/plain"}]},
        {"role": "assistant", "text": "I have read it."},
    ],
    "as Gemini's dictionaries": [
        {
            "role": "user",
            "parts": [{"file_data": {"file_uri": URI, "mime_type": "text/plain"}}, {"text": MANUAL}],
        },
        {"role": "model", "parts": [{"text": "I have read it."}]},
    ],
    "as Gemini's dictionaries of the wire": [
        {"parts": [{"fileData": {"fileUri": URI, "mimeType": "text/plain"}}, {"text": MANUAL}]},
        {"role": "model", "parts": [{"text": "I have read it."}]},
    ],
    "as the SDK's types": [
        types.Content(
            role="user",
            parts=[
                types.Part(file_data=types.FileData(file_uri=URI, mime_type="text/plain")),
                types.Part(text=MANUAL),
            ],
        ),
        types.Content(role="model", parts=[types.Part(text="I have read it.")]),
    ],
}
NEUTRAL = ("as values", "as dictionaries")


def gateway_of(bench: Bench, provider: Provider = Provider.GEMINI) -> ProviderGateway:
    return open_gateway(bench.endpoint(provider), bench.http, bench.choke)


def of_text_alone(spelt: list[Any]) -> list[Any]:
    """The same without the stored file, of which there is none at the simulator."""
    if isinstance(spelt[0], Message):
        return [spelt[0].model_copy(update={"files": ()}), *spelt[1:]]
    if isinstance(spelt[0], types.Content):
        return [types.Content(role="user", parts=[types.Part(text=MANUAL)]), *spelt[1:]]
    first = {"role": "user", "text": MANUAL} if "text" in spelt[0] else {"parts": [{"text": MANUAL}]}
    return [first, *spelt[1:]]


def unnamed(body: Body) -> str:
    """All that a new cache's request says but its name, which has a marker of its own."""
    return json.dumps({name: value for name, value in body.json().items() if name != "displayName"}, sort_keys=True)


async def test_the_same_request_leaves_for_an_answer_and_for_a_count(bench: Bench) -> None:
    gateway = gateway_of(bench)
    asked: Any = gateway.chat
    for spelt in SPELT.values():
        question = [*of_text_alone(spelt), Message(role="user", text="How often does it turn?")]
        await asked.ask(question, model=GEMINI, max_output_tokens=32)
        counted: Any = gateway.tokens
        await counted.count(question, model=GEMINI)
    bodies = [one.request.sha256 for one in bench.wire.exchanges]
    assert len(bodies) == 2 * len(SPELT)
    assert len(set(bodies[::2])) == 1, "questions differ"
    assert len(set(bodies[1::2])) == 1, "counts differ"


async def test_a_stored_file_is_the_same_file_however_it_is_named(bench: Bench) -> None:
    """The simulator has no such file and refuses it: what left is looked at."""
    asked: Any = gateway_of(bench).chat
    for spelt in SPELT.values():
        question = [*spelt, Message(role="user", text="How often does it turn?")]
        with pytest.raises(NotFound, match="abc-123"):
            await asked.ask(question, model=GEMINI, max_output_tokens=32)
    sent = [one for one in bench.wire.exchanges if one.path.endswith(":generateContent")]
    assert len(sent) == len(SPELT)
    assert len({one.request.sha256 for one in sent}) == 1
    assert b"abc-123" in sent[0].request.kept


async def test_the_same_request_leaves_for_a_cache_and_the_same_is_kept(bench: Bench) -> None:
    gateway = gateway_of(bench)
    caches: Any = gateway.caches
    kept = [await caches.create(model=GEMINI, messages=of_text_alone(spelt), ttl="600s") for spelt in SPELT.values()]
    sent = [one for one in bench.wire.exchanges if one.method == "POST" and one.path.endswith("/cachedContents")]
    assert len(sent) == len(SPELT)
    assert len({unnamed(one.request) for one in sent}) == 1
    counted = await gateway.tokens.count(of_text_alone(SPELT["as values"]), model=GEMINI)
    assert {cache.tokens for cache in kept} == {counted}


@pytest.mark.parametrize("provider", list(Provider))
async def test_values_and_dictionaries_are_the_same_for_every_provider(bench: Bench, provider: Provider) -> None:
    gateway = gateway_of(bench, provider)
    chat, tokens = untyped(gateway.chat), untyped(gateway.tokens)
    for name in NEUTRAL:
        question = [*of_text_alone(SPELT[name]), Message(role="user", text="How often does it turn?")]
        await chat.ask(question, model=MODELS[provider], max_output_tokens=32)
        await tokens.count(question, model=MODELS[provider])
    asked, counted, asked_again, counted_again = (one.request.sha256 for one in bench.wire.exchanges)
    assert (asked, counted) == (asked_again, counted_again)


GOOD = Message(role="user", text="Hello?")
TEXT = {"text": "Hello?"}


@pytest.mark.parametrize(
    ("bad", "place"),
    [
        ({"parts": [TEXT, {"txt": "?"}]}, "messages[1].parts[1].txt"),
        ({"parts": [{"file_data": {"mime_type": "text/plain"}}, TEXT]}, "messages[1].parts[0]"),
        ({"parts": [{"file_data": {"file_uri": URI}}, TEXT]}, "messages[1].parts[0]"),
        ({"parts": [{"file_data": {"file_uri": "gs://b/x", "mime_type": "text/plain"}}, TEXT]}, "messages[1].parts[0]"),
        ({"parts": [{"file_data": {"file_uri": URI, "mime_type": "text/plain"}}, {}]}, "messages[1].parts[1]"),
        ({"parts": [TEXT, TEXT]}, "messages[1].parts[1]"),
        ({"parts": [{"text": "?", "thought": True}]}, "messages[1].parts[0]"),
        ({"parts": [{"inline_data": {"data": b"?", "mime_type": "image/png"}}, TEXT]}, "messages[1].parts[0]"),
        ({"parts": [{"text": 7}]}, "messages[1].parts[0].text"),
        ({"parts": []}, "messages[1].parts"),
        ({"parts": [TEXT], "role": "system"}, "messages[1].role"),
        ({"parts": "Hello?"}, "messages[1].parts"),
        (types.Content(role="user", parts=[types.Part(text="?"), types.Part()]), "messages[1].parts[1]"),
        (types.Content(role="user"), "messages[1].parts"),
    ],
)
async def test_a_malformed_part_is_refused_by_its_place_and_nothing_is_sent(bench: Bench, bad: Any, place: str) -> None:
    gateway = gateway_of(bench)
    chat, tokens, caches = (untyped(one) for one in (gateway.chat, gateway.tokens, gateway.caches))
    for call in (
        lambda: chat.ask([GOOD, bad], model=GEMINI, max_output_tokens=8),
        lambda: tokens.count([GOOD, bad], model=GEMINI),
        lambda: caches.create(model=GEMINI, messages=[GOOD, bad]),
    ):
        with pytest.raises(InvalidRequest) as refused:
            await call()
        assert refused.value.param == place
        assert refused.value.message.startswith(f"{place}: ")
    with pytest.raises(InvalidRequest, match="messages"):
        chat.stream([GOOD, bad], model=GEMINI, max_output_tokens=8)
    assert (bench.wire.exchanges, bench.purse.reserved, bench.register.intended) == ([], [], [])


@pytest.mark.parametrize("provider", list(Provider))
@pytest.mark.parametrize(
    ("bad", "place"),
    [
        ({"role": "user", "txt": "?"}, "messages[1].text"),
        ({"role": "robot", "text": "?"}, "messages[1].role"),
        ({"role": "user", "text": "?", "files": [{"id": "f-1"}]}, "messages[1].files[0].file_id"),
        ("Hello?", "messages[1]"),
        (None, "messages[1]"),
    ],
)
async def test_a_malformed_message_is_refused_by_its_place(
    bench: Bench, provider: Provider, bad: Any, place: str
) -> None:
    gateway = gateway_of(bench, provider)
    chat, tokens = untyped(gateway.chat), untyped(gateway.tokens)
    with pytest.raises(InvalidRequest) as refused:
        await chat.ask([GOOD, bad], model=MODELS[provider], max_output_tokens=8)
    assert (refused.value.param, refused.value.provider) == (place, provider)
    with pytest.raises(InvalidRequest, match="messages"):
        await tokens.count([GOOD, bad], model=MODELS[provider])
    assert (bench.wire.exchanges, bench.purse.reserved) == ([], [])


def untyped(taker: object) -> Any:
    """A type checker would refuse what is tried here."""
    return taker
