"""Texts as vectors on both providers, against the running simulator, and how near vectors are, worked out by hand."""

import array
import base64
import math
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.errors import InvalidRequest, NotFound, ServerError, TouchstoneError, Unsupported
from support.gateway.anthropic.gateway import AnthropicGateway
from support.gateway.call import ChokePoint
from support.gateway.capabilities import ProviderGateway
from support.gateway.embeddings import cosine, find_similar, similarity, unit
from support.gateway.events import Account
from support.gateway.gemini.gateway import GeminiGateway
from support.gateway.openai.gateway import OpenAIGateway
from support.gateway.purse import LedgerPurse
from support.ledger import Caps, History, Ledger
from support.values import Embeddings, Message, Money, Provider, Usage
from tests.gateway.conftest import ROOT, Bench

pytestmark = pytest.mark.anyio

OPENAI, GEMINI = Provider.OPENAI, Provider.GEMINI
GATEWAYS: dict[Provider, type[ProviderGateway]] = {OPENAI: OpenAIGateway, GEMINI: GeminiGateway}
MODELS = {OPENAI: "text-embedding-3-small", GEMINI: "gemini-embedding-001"}
LENGTHS = {OPENAI: 1536, GEMINI: 3072}
MOST = {OPENAI: 2048, GEMINI: 100}
DOLLARS = {OPENAI: Decimal("0.02"), GEMINI: Decimal("0.15")}
"""For a million tokens (provider-facts 11)."""
BOTH = pytest.mark.parametrize("provider", [OPENAI, GEMINI])
TEXTS = ("The cat sleeps on the warm sofa.", "A cat is sleeping on a sofa.", "Interest rates rose by half a point.")


def gateway_of(bench: Bench, provider: Provider, choke: ChokePoint | None = None) -> ProviderGateway:
    return GATEWAYS[provider](bench.endpoint(provider), bench.http, choke or bench.choke)


async def embedded(bench: Bench, provider: Provider, *texts: str, dimensions: int | None = None) -> Embeddings:
    embedder = gateway_of(bench, provider).embeddings
    return await embedder.embed(texts, model=MODELS[provider], dimensions=dimensions)


def served(bench: Bench, provider: Provider, operation: str = "embeddings.create") -> int:
    return int(bench.tenant.state()["requests"]["by_operation"].get(f"{provider} {operation}", 0))


def decoded(text: str) -> tuple[float, ...]:
    return tuple(array.array("f", base64.b64decode(text)))


def told_in_numbers(bench: Bench) -> list[list[float]]:
    """OpenAI's vectors of the texts, asked for without the gateway and not in base64."""
    asked = httpx.post(
        f"{bench.tenant.url}/v1/embeddings",
        headers={"Authorization": f"Bearer {bench.tenant.keys[OPENAI]}"},
        json={"model": MODELS[OPENAI], "input": list(TEXTS), "encoding_format": "float"},
        trust_env=False,
    )
    return [item["embedding"] for item in asked.raise_for_status().json()["data"]]


# Vectors --------------------------------------------------------------------------------------------------------------


@BOTH
async def test_one_text_is_one_vector_of_unit_length(bench: Bench, provider: Provider) -> None:
    made = await embedded(bench, provider, TEXTS[0])
    assert (made.provider, made.model, len(made.vectors)) == (provider, MODELS[provider], 1)
    assert len(made.vectors[0]) == LENGTHS[provider]
    assert math.hypot(*made.vectors[0]) == pytest.approx(1, abs=1e-6)


@BOTH
async def test_many_texts_are_as_many_vectors_in_their_order(bench: Bench, provider: Provider) -> None:
    alone = [(await embedded(bench, provider, text)).vectors[0] for text in TEXTS]
    before = served(bench, provider)
    assert (await embedded(bench, provider, *TEXTS)).vectors == tuple(alone)
    assert (await embedded(bench, provider, *TEXTS[::-1])).vectors == tuple(alone[::-1])
    assert served(bench, provider) == before + 2
    assert len(set(alone)) == 3


@BOTH
async def test_the_same_text_twice_is_the_same_vector_twice(bench: Bench, provider: Provider) -> None:
    first, second = (await embedded(bench, provider, TEXTS[0], TEXTS[0])).vectors
    assert first == second


async def test_openais_vectors_are_put_in_the_order_of_their_numbers(bench: Bench) -> None:
    data = [{"object": "embedding", "index": index, "embedding": [float(index), 0.0]} for index in (2, 0, 1)]
    body = {"object": "list", "data": data, "model": "m", "usage": {"prompt_tokens": 3, "total_tokens": 3}}
    bench.tenant.faults({"operation": "embeddings.create", "do": {"status": 200, "body": body}})
    made = await embedded(bench, OPENAI, *TEXTS)
    assert made.vectors == ((0.0, 0.0), (1.0, 0.0), (2.0, 0.0))


async def test_openais_vectors_travel_in_base64_and_are_those_that_numbers_tell(bench: Bench) -> None:
    made = await embedded(bench, OPENAI, *TEXTS)
    [exchange] = bench.wire.exchanges
    assert exchange.request.json() == {"model": MODELS[OPENAI], "input": list(TEXTS), "encoding_format": "base64"}
    assert made.vectors == tuple(decoded(item["embedding"]) for item in made.raw["data"])
    assert made.vectors == tuple(tuple(array.array("f", vector)) for vector in told_in_numbers(bench))


async def test_gemini_is_asked_for_each_text_in_one_request(bench: Bench) -> None:
    made = await embedded(bench, GEMINI, *TEXTS[:2])
    exchange = bench.wire.exchanges[-1]
    assert exchange.path == f"/v1beta/models/{MODELS[GEMINI]}:batchEmbedContents"
    assert exchange.request.json() == {
        "requests": [
            {"model": f"models/{MODELS[GEMINI]}", "content": {"parts": [{"text": text}], "role": "user"}}
            for text in TEXTS[:2]
        ]
    }
    assert made.vectors == tuple(unit(item["values"]) for item in made.raw["embeddings"])


@BOTH
@pytest.mark.parametrize("dimensions", [256, 768])
async def test_a_shorter_vector_is_the_beginning_of_the_whole_one(
    bench: Bench, provider: Provider, dimensions: int
) -> None:
    whole = (await embedded(bench, provider, TEXTS[0])).vectors[0]
    short = (await embedded(bench, provider, TEXTS[0], dimensions=dimensions)).vectors[0]
    assert len(short) == dimensions
    assert short == pytest.approx(unit(whole[:dimensions]), abs=1e-7)
    assert math.hypot(*short) == pytest.approx(1, abs=1e-6)


async def test_geminis_shortened_vectors_come_without_unit_length_and_get_it(bench: Bench) -> None:
    made = await embedded(bench, GEMINI, TEXTS[0], dimensions=256)
    sent = bench.wire.exchanges[-1].request.json()["requests"][0]
    assert sent["outputDimensionality"] == 256
    [item] = made.raw["embeddings"]
    assert math.hypot(*item["values"]) < 0.9
    assert math.hypot(*made.vectors[0]) == pytest.approx(1, abs=1e-12)


async def test_dimensions_are_sent_to_openai_where_they_are_asked_for(bench: Bench) -> None:
    await embedded(bench, OPENAI, TEXTS[0], dimensions=256)
    assert bench.wire.exchanges[-1].request.json()["dimensions"] == 256


# Refusals -------------------------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ((), "input: is empty; give one text or more"),
        (("",), "input: text 1 is empty"),
        (("one", " \n"), "input: text 2 is empty"),
    ],
)
async def test_what_no_request_can_hold_is_refused_and_not_sent(
    bench: Bench, provider: Provider, texts: tuple[str, ...], said: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await embedded(bench, provider, *texts)
    assert (refused.value.message, refused.value.param) == (said, "input")
    assert (refused.value.provider, refused.value.status, refused.value.sent) == (provider, None, 0)
    assert (bench.wire.exchanges, bench.purse.reserved) == ([], [])


@BOTH
async def test_the_largest_batch_is_taken_and_one_more_is_not(bench: Bench, provider: Provider) -> None:
    most = MOST[provider]
    made = await embedded(bench, provider, *(f"word {number}" for number in range(most)), dimensions=8)
    assert len(made.vectors) == most
    before = bench.tenant.state()["requests"]["served"]
    with pytest.raises(InvalidRequest) as refused:
        await embedded(bench, provider, *["word"] * (most + 1))
    assert refused.value.message == f"input: has {most + 1} texts; one request takes {most}"
    assert bench.tenant.state()["requests"]["served"] == before


@BOTH
@pytest.mark.parametrize("dimensions", [0, 4000])
async def test_an_impossible_length_is_the_providers_to_refuse(
    bench: Bench, provider: Provider, dimensions: int
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await embedded(bench, provider, TEXTS[0], dimensions=dimensions)
    assert (refused.value.status, refused.value.operation, refused.value.sent) == (400, "embeddings.create", 1)
    assert bench.purse.released == 1


@pytest.mark.parametrize(
    ("provider", "model", "kind"),
    [
        (OPENAI, "text-embedding-nonexistent", NotFound),
        (GEMINI, "gemini-embedding-nonexistent", NotFound),
    ],
)
async def test_an_unknown_model_is_refused_by_the_provider(
    bench: Bench, provider: Provider, model: str, kind: type[TouchstoneError]
) -> None:
    with pytest.raises(kind):
        await gateway_of(bench, provider).embeddings.embed(TEXTS, model=model)
    assert bench.purse.released == 1


@pytest.mark.parametrize(("provider", "model"), [(OPENAI, "gpt-6-luna"), (GEMINI, "gemini-3.5-flash-lite")])
async def test_a_model_that_makes_no_vectors_is_refused_unsent(bench: Bench, provider: Provider, model: str) -> None:
    with pytest.raises(Unsupported, match=f"{provider} has no embeddings with {model}: it answers in words"):
        await gateway_of(bench, provider).embeddings.embed(TEXTS, model=model)
    assert (bench.purse.reserved, bench.wire.exchanges) == ([], [])


async def test_a_text_beyond_the_models_limit_is_openais_to_refuse(bench: Bench) -> None:
    with pytest.raises(TouchstoneError) as refused:
        await embedded(bench, OPENAI, "word " * 9000)
    assert refused.value.status == 400
    assert "maximum context length is 8192 tokens" in refused.value.message


async def test_anthropic_has_none(bench: Bench) -> None:
    gateway = AnthropicGateway(bench.endpoint(Provider.ANTHROPIC), bench.http, bench.choke)
    with pytest.raises(Unsupported) as lacking:
        _ = gateway.embeddings
    assert lacking.value.message == "Anthropic has no embeddings: make vectors at OpenAI or Gemini"
    assert bench.wire.exchanges == []


# Repeats --------------------------------------------------------------------------------------------------------------


@BOTH
async def test_a_refused_request_is_sent_once_more_and_a_lost_one_is_not(bench: Bench, provider: Provider) -> None:
    bench.tenant.faults({"operation": "embeddings.create", "do": {"status": 429}})
    assert len((await embedded(bench, provider, *TEXTS)).vectors) == 3
    assert served(bench, provider) == 2
    bench.tenant.faults({"operation": "embeddings.create", "do": {"cut": True}})
    with pytest.raises(ServerError):
        await embedded(bench, provider, *TEXTS)
    assert (served(bench, provider), bench.purse.kept) == (3, 1)


# Money ----------------------------------------------------------------------------------------------------------------


async def test_openai_tells_the_tokens(bench: Bench) -> None:
    made = await embedded(bench, OPENAI, *TEXTS)
    alone = [(await embedded(bench, OPENAI, text)).usage for text in TEXTS]
    assert made.usage == Usage(uncached_input_tokens=made.raw["usage"]["prompt_tokens"])
    assert made.usage is not None
    assert made.usage.input_tokens == sum(usage.input_tokens for usage in alone if usage is not None) > 20
    assert bench.purse.settled == [made.usage, *alone]
    assert bench.events[0].usage == made.usage


async def test_gemini_tells_none_and_what_was_counted_before_is_settled(bench: Bench) -> None:
    made = await embedded(bench, GEMINI, *TEXTS)
    assert (made.usage, "usageMetadata" in made.raw) == (None, False)
    asked = [Message(role="user", text=text) for text in TEXTS]
    counted = await gateway_of(bench, GEMINI).tokens.count(asked, model=MODELS[GEMINI])
    assert [(event.operation, event.usage) for event in bench.events[:2]] == [
        ("tokens.count", None),
        ("embeddings.create", Usage(uncached_input_tokens=counted)),
    ]
    assert counted > 20


async def test_where_gemini_tells_the_tokens_they_are_taken(bench: Bench) -> None:
    made = await gateway_of(bench, GEMINI).embeddings.embed(TEXTS[:1], model="gemini-embedding-2")
    told = made.raw["usageMetadata"]["promptTokenCount"]
    assert made.usage == Usage(uncached_input_tokens=told) == bench.purse.settled[-1]
    assert told > 5


@BOTH
async def test_no_more_than_the_bytes_of_the_texts_is_set_aside(bench: Bench, provider: Provider) -> None:
    await embedded(bench, provider, "né", "abc")
    operation = bench.purse.reserved[-1]
    assert (operation.name, operation.model) == ("embeddings.create", MODELS[provider])
    assert operation.bound is not None
    assert (operation.bound.input_tokens, operation.bound.output_tokens) == (6, 0)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "state") as opened:
        yield opened


@BOTH
async def test_the_ledger_has_what_the_tokens_cost(bench: Bench, ledger: Ledger, provider: Provider) -> None:
    account = Account("run1", "a scenario", "knowledge", "KB-01", Money.SIMULATED)
    choke = ChokePoint(
        account=account,
        clock=bench.clock,
        purse=LedgerPurse(ledger, account, Caps()),
        register=bench.register,
        wire=bench.wire,
        listeners=[bench.events.append],
        attempts=4,
    )
    await gateway_of(bench, provider, choke).embeddings.embed(TEXTS, model=MODELS[provider])
    usage = bench.events[-1].usage
    assert usage is not None
    ledger.flush()
    [row] = [call for call in History(ledger).calls("run1") if call.operation == "embeddings.create"]
    cost = DOLLARS[provider] * usage.input_tokens / 1_000_000
    assert (row.state, row.usage, row.cost_usd) == ("settled", usage, cost)
    assert row.reserved_usd == DOLLARS[provider] * sum(len(text) for text in TEXTS) / 1_000_000
    assert (bench.events[-1].cost_usd, bench.events[-1].unpriced) == (cost, False)


# Nearness -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ((3, 4), (3, 4), 1.0),
        ((3, 4), (30, 40), 1.0),
        ((3, 4), (4, 3), 0.96),
        ((3, 4), (4, -3), 0.0),
        ((3, 4), (-6, -8), -1.0),
        ((2, 3, 6), (6, 2, 3), 36 / 49),
    ],
)
def test_nearness_is_of_directions_and_not_of_lengths(
    one: Sequence[float], other: Sequence[float], near: float
) -> None:
    assert cosine(one, other) == near
    assert cosine(other, one) == near


def test_vectors_of_different_lengths_cannot_be_compared() -> None:
    with pytest.raises(InvalidRequest) as refused:
        cosine((1, 0), (1, 0, 0))
    assert refused.value.message == "vectors of 2 and of 3 numbers cannot be compared"
    with pytest.raises(InvalidRequest):
        find_similar((1, 0), [("fits", (1, 0)), ("does not", (1, 0, 0))], top=1)


def test_a_vector_of_zeros_is_near_to_nothing() -> None:
    for one, other in (((0, 0), (1, 0)), ((1, 0), (0, 0))):
        with pytest.raises(InvalidRequest) as refused:
            cosine(one, other)
        assert refused.value.message == "a vector of zeros is near to nothing"


def test_a_vector_is_brought_to_length_one_and_zeros_stay() -> None:
    assert unit((3, 4)) == (0.6, 0.8)
    assert unit((0, 0)) == (0, 0)


async def test_vectors_of_different_models_cannot_be_compared(bench: Bench) -> None:
    whole = await embedded(bench, OPENAI, TEXTS[0])
    large = await gateway_of(bench, OPENAI).embeddings.embed(
        TEXTS[:1], model="text-embedding-3-large", dimensions=LENGTHS[OPENAI]
    )
    with pytest.raises(InvalidRequest) as refused:
        similarity(whole, 0, large, 0)
    assert refused.value.param == "model"
    assert refused.value.message == (
        "vectors of text-embedding-3-small and of text-embedding-3-large cannot be compared"
    )
    short = await embedded(bench, OPENAI, TEXTS[0], dimensions=256)
    with pytest.raises(InvalidRequest) as shorter:
        similarity(whole, 0, short, 0)
    assert shorter.value.message == "vectors of 1536 and of 256 numbers cannot be compared"


@BOTH
async def test_texts_about_the_same_are_nearer_than_others(bench: Bench, provider: Provider) -> None:
    made = await embedded(bench, provider, *TEXTS)
    again = await embedded(bench, provider, TEXTS[1])
    assert similarity(made, 1, again, 0) == pytest.approx(1, abs=1e-12)
    assert similarity(made, 0, made, 1) > 0.3 > similarity(made, 0, made, 2)


NEAR_TO_3_4 = [("aside", (4, -3)), ("against", (-3, -4)), ("beside", (4, 3)), ("along", (30, 40))]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"top": 4}, [("along", 1.0), ("beside", 0.96), ("aside", 0.0), ("against", -1.0)]),
        ({"top": 9}, [("along", 1.0), ("beside", 0.96), ("aside", 0.0), ("against", -1.0)]),
        ({"top": 2}, [("along", 1.0), ("beside", 0.96)]),
        ({"top": 0}, []),
        ({"top": 4, "least": 0.0}, [("along", 1.0), ("beside", 0.96), ("aside", 0.0)]),
        ({"top": 4, "least": 0.96}, [("along", 1.0), ("beside", 0.96)]),
        ({"top": 1, "least": 0.97}, [("along", 1.0)]),
    ],
)
def test_the_nearest_come_first_and_no_more_than_were_asked_for(
    asked: dict[str, Any], found: list[tuple[str, float]]
) -> None:
    assert find_similar((3, 4), NEAR_TO_3_4, **asked) == found


def test_fewer_than_none_cannot_be_asked_for() -> None:
    with pytest.raises(InvalidRequest, match="there are no nearest -1") as refused:
        find_similar((3, 4), NEAR_TO_3_4, top=-1)
    assert refused.value.param == "top"


async def test_a_model_that_makes_one_vector_of_all_texts_is_asked_for_one_at_a_time(bench: Bench) -> None:
    with pytest.raises(InvalidRequest, match="gemini-embedding-2 makes one vector of all texts") as refused:
        await gateway_of(bench, GEMINI).embeddings.embed(TEXTS[:2], model="gemini-embedding-2")
    assert (refused.value.param, bench.wire.exchanges) == ("input", [])


def test_of_none_none_is_near() -> None:
    nothing: list[tuple[str, tuple[float, ...]]] = []
    assert find_similar((3, 4), nothing, top=3) == []


def test_what_is_equally_near_stays_in_its_order() -> None:
    items = [(name, (6, 8)) for name in "bca"]
    assert [name for name, _ in find_similar((3, 4), items, top=3)] == ["b", "c", "a"]


@BOTH
async def test_what_is_found_is_what_comparing_all_finds(bench: Bench, provider: Provider) -> None:
    fixtures = ("bees", "bread", "chess", "compilers", "databases", "glaciers", "lighthouses", "violins", "volcanoes")
    texts = [(ROOT / "fixtures" / f"{name}.txt").read_text() for name in fixtures]
    known = dict(zip(fixtures, (await embedded(bench, provider, *texts)).vectors, strict=True))
    asked = (await embedded(bench, provider, "Why do geologists measure the slope of a volcano?")).vectors[0]
    nearness = {}
    for name, vector in known.items():
        dot = sum(a * b for a, b in zip(asked, vector, strict=True))
        nearness[name] = dot / (sum(a * a for a in asked) ** 0.5 * sum(b * b for b in vector) ** 0.5)
    order = sorted(nearness, key=lambda name: -nearness[name])
    found = find_similar(asked, list(known.items()), top=4)
    assert [name for name, _ in found] == order[:4]
    assert found[0][0] == "volcanoes"
    assert [near for _, near in found] == pytest.approx([nearness[name] for name in order[:4]], abs=1e-12)
