"""LL-12, LL-17, LL-20: what the gateway answers is the same typed record for every provider, and nothing raw but `raw`."""

import inspect
import sys
import typing
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from pkgutil import walk_packages
from typing import Any, get_args, get_origin

import pytest

import support.gateway
import support.values
from support.gateway.batching import CallerBatch, asking
from support.gateway.capabilities import ProviderGateway
from support.gateway.open import gateway_class, open_gateway
from support.ledger.prices import price
from support.values import (
    BatchItem,
    BatchRequest,
    CacheReference,
    Embeddings,
    FunctionTool,
    Message,
    Provider,
    TuningOptions,
    Value,
)
from tests.gateway.conftest import ROOT, Bench

FIXTURES = ROOT / "fixtures"
MODELS = {
    Provider.OPENAI: "gpt-4o-mini",
    Provider.ANTHROPIC: "claude-haiku-4-5",
    Provider.GEMINI: "gemini-3.5-flash-lite",
}
EMBEDDERS = {Provider.OPENAI: "text-embedding-3-small", Provider.GEMINI: "gemini-embedding-001"}
OPEN = {
    "metadata": "the team's own labels",
    "attributes": "the team's own marks of a document",
    "parameters": "the JSON Schema of a function of the team's",
    "arguments": "what a model fills such a schema with",
    "grader": "the team's own rule of marking answers",
    "data": "numbers of a step of training, by their names",
    "metrics": "numbers of a checkpoint, by their names",
}
"""Fields whose names are not the gateway's to know; they hold no part of a provider's answer beyond that."""
QUESTION = (Message(role="user", text='Answer exactly "ALPHA".'),)
WEATHER = FunctionTool(
    name="get_weather",
    description="Tells the weather in a city",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)


def raw_in(annotation: Any) -> bool:
    """Whether something of no fixed shape fits a field of this type."""
    if annotation in (Any, object, dict, list, tuple, Mapping) or get_origin(annotation) in (dict, Mapping):
        return True
    return any(raw_in(argument) for argument in get_args(annotation) if argument is not Ellipsis)


def records() -> list[type[Value]]:
    """Every value of the gateway's vocabulary, and every one that a module of the gateway's adds."""
    for package in (support.values, support.gateway):
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)

    def below(kind: type[Value]) -> Iterator[type[Value]]:
        for one in kind.__subclasses__():
            yield one
            yield from below(one)

    own = ("support.values.", "support.gateway.")
    return sorted({one for one in below(Value) if one.__module__.startswith(own)}, key=lambda one: one.__name__)


def test_no_record_has_a_raw_field_but_raw() -> None:
    assert len(records()) > 60
    found = {
        f"{one.__name__}.{name}"
        for one in records()
        for name, field in one.model_fields.items()
        if raw_in(field.annotation) and name != "raw" and name not in OPEN
    }
    assert found == set()


def test_every_exception_is_one_of_a_record() -> None:
    assert set(OPEN) <= {
        name for one in records() for name, field in one.model_fields.items() if raw_in(field.annotation)
    }


@pytest.mark.parametrize(
    ("annotation", "raw"),
    [
        (Mapping[str, Any], True),
        (dict[str, int] | None, True),
        (tuple[dict[str, Any], ...], True),
        (list[Any], True),
        (Any, True),
        (tuple[tuple[float, ...], ...], False),
        (str | None, False),
        (tuple[Message, ...], False),
    ],
)
def test_what_has_no_fixed_shape_is_known(annotation: Any, raw: bool) -> None:
    assert raw_in(annotation) is raw


def test_every_verb_promises_a_record_and_never_a_raw_answer() -> None:
    """What the Protocols of the capabilities say that they answer."""
    promised: dict[str, Any] = {}
    for name, attribute in vars(ProviderGateway).items():
        if not isinstance(attribute, property) or attribute.fget is None:
            continue
        capability = typing.get_type_hints(attribute.fget)["return"]
        if getattr(capability, "_is_protocol", False):
            for verb, function in inspect.getmembers(capability, inspect.isfunction):
                if not verb.startswith("_"):
                    hints = typing.get_type_hints(function, vars(sys.modules[capability.__module__]))
                    promised[f"{name}.{verb}"] = hints["return"]
    assert len(promised) > 40
    assert {verb for verb, answer in promised.items() if raw_in(answer)} == set()


# What really comes --------------------------------------------------------------------------------------------------------


def gateway_of(bench: Bench, provider: Provider) -> ProviderGateway:
    return open_gateway(bench.endpoint(provider), bench.http, bench.choke)


def raw_parts(answer: Any, path: str) -> Iterator[str]:
    """Where a plain dictionary or list stands in an answer."""
    if isinstance(answer, Value):
        for name in type(answer).model_fields:
            if name != "raw" and name not in OPEN:
                yield from raw_parts(getattr(answer, name), f"{path}.{name}")
    elif isinstance(answer, tuple):
        for number, one in enumerate(answer):
            yield from raw_parts(one, f"{path}[{number}]")
    elif isinstance(answer, dict | list):
        yield path


async def listed(found: AsyncIterator[Any]) -> tuple[Any, ...]:
    return tuple([one async for one in found])


async def answers(gateway: ProviderGateway, provider: Provider) -> dict[str, Any]:
    """One answer of each verb that all three providers have."""
    model = MODELS[provider]
    file = await gateway.files.upload(FIXTURES / "notes-1k.txt")
    stream = gateway.chat.stream(QUESTION, model=model, max_output_tokens=16)
    assert [text async for text in stream]
    request = BatchRequest(id="one", messages=QUESTION, model=model, max_output_tokens=16)
    batch = await gateway.batches.submit([request])
    return {
        "files.upload": file,
        "files.upload_many": (await gateway.files.upload_many([FIXTURES / "notes-1k.txt"]))[0],
        "files.get": await gateway.files.get(file.id),
        "files.list_page": await gateway.files.list_page(),
        "files.list": (await listed(gateway.files.list()))[0],
        "files.delete": await gateway.files.delete(file.id),
        "chat.ask": await gateway.chat.ask(QUESTION, model=model, max_output_tokens=16),
        "chat.stream": stream.answer,
        "chat.ask with a function": await gateway.chat.ask(
            (Message(role="user", text="What is the weather in Rome?"),),
            model=model,
            max_output_tokens=64,
            tools=(WEATHER,),
            tool_choice="required",
        ),
        "models.get": await gateway.models.get(model),
        "models.list": (await listed(gateway.models.list()))[0],
        "batches.submit": batch,
        "batches.get": await gateway.batches.get(batch.id),
        "batches.list_page": await gateway.batches.list_page(),
        "batches.wait": await gateway.batches.wait(batch.id),
        "batches.results": (await listed(gateway.batches.results(batch.id)))[0],
    }


@pytest.mark.anyio
async def test_every_answer_is_the_same_record_with_the_same_names_for_every_provider(bench: Bench) -> None:
    told = {provider: await answers(gateway_of(bench, provider), provider) for provider in Provider}
    kinds = {provider: {verb: type(one) for verb, one in found.items()} for provider, found in told.items()}
    assert kinds[Provider.OPENAI] == kinds[Provider.ANTHROPIC] == kinds[Provider.GEMINI]
    assert all(issubclass(kind, Value) for kind in kinds[Provider.OPENAI].values())
    raw = [part for found in told.values() for verb, one in found.items() for part in raw_parts(one, verb)]
    assert raw == []
    for provider, found in told.items():
        assert (found["chat.ask"].provider, found["chat.ask"].text) == (provider, "ALPHA")
        assert found["chat.stream"].text == "ALPHA"
        assert [call.name for call in found["chat.ask with a function"].calls] == ["get_weather"]


@pytest.mark.anyio
async def test_what_only_some_providers_have_comes_as_records_too(bench: Bench) -> None:
    openai, gemini = gateway_of(bench, Provider.OPENAI), gateway_of(bench, Provider.GEMINI)
    manual = (Message(role="user", text="The lamp of the harbour turns once in twelve seconds. " * 1000),)
    cache = await gemini.caches.create(model=MODELS[Provider.GEMINI], messages=manual, ttl=timedelta(minutes=10))
    told: dict[str, Any] = {
        "caches.create": cache,
        "caches.get": await gemini.caches.get(cache.id),
        "caches.list_page": await gemini.caches.list_page(),
        "a cached question": await gemini.chat.ask(
            QUESTION, model=MODELS[Provider.GEMINI], max_output_tokens=16, cache=CacheReference(cache_id=cache.id)
        ),
        "caches.delete": await gemini.caches.delete(cache.id),
    }
    job = await openai.fine_tuning.create(
        FIXTURES / "training-12.jsonl", model="gpt-4o-mini-2024-07-18", options=TuningOptions(n_epochs=1)
    )
    told["fine_tuning.create"] = job
    told["fine_tuning.wait"] = await openai.fine_tuning.wait(job.id)
    told["fine_tuning.events_page"] = await openai.fine_tuning.events_page(job.id)
    told["fine_tuning.checkpoints"] = await openai.fine_tuning.checkpoints(job.id)
    for provider, gateway in ((Provider.OPENAI, openai), (Provider.GEMINI, gemini)):
        store = await gateway.vector_stores.create("handbook")
        told[f"{provider} add"] = await gateway.vector_stores.add(store.id, FIXTURES / "bees.txt")
        told[f"{provider} wait"] = await gateway.vector_stores.wait(store.id)
        told[f"{provider} documents"] = await gateway.vector_stores.documents_page(store.id)
        told[f"{provider} answer"] = await gateway.vector_stores.answer(
            store.id, "What do bees dance?", model=MODELS[provider], max_output_tokens=64
        )
        told[f"{provider} delete"] = await gateway.vector_stores.delete(store.id, force=provider is Provider.GEMINI)
    for verb, one in told.items():
        for answer in one if isinstance(one, tuple) else (one,):
            assert isinstance(answer, Value), verb
    assert [part for verb, one in told.items() for part in raw_parts(one, verb)] == []


# Embeddings ---------------------------------------------------------------------------------------------------------------


@pytest.mark.anyio
@pytest.mark.parametrize("provider", EMBEDDERS)
@pytest.mark.parametrize("texts", [("The tide comes in.",), ("The tide comes in.", "A dog barks.", "Bread is baked.")])
async def test_vectors_come_with_the_same_names_for_one_text_and_for_many(
    bench: Bench, provider: Provider, texts: tuple[str, ...]
) -> None:
    made = await gateway_of(bench, provider).embeddings.embed(texts, model=EMBEDDERS[provider])
    assert type(made) is Embeddings
    assert {"vectors", "model", "usage", "cost_usd"} <= set(Embeddings.model_fields)
    assert (made.provider, made.model, len(made.vectors)) == (provider, EMBEDDERS[provider], len(texts))
    assert {type(number) for number in made.vectors[0]} == {float}
    settled = bench.purse.settled[-1]
    assert settled is not None
    assert settled.input_tokens > 0
    told = None if provider is Provider.GEMINI else settled  # Gemini tells none, but counts the texts when asked
    assert made.usage == told
    assert made.cost_usd == price(provider, EMBEDDERS[provider], settled)
    assert made.cost_usd is not None
    assert made.cost_usd > Decimal(0)


# Many questions -----------------------------------------------------------------------------------------------------------


@pytest.mark.anyio
@pytest.mark.parametrize("provider", list(Provider))
async def test_many_questions_give_the_same_record_asked_or_handed_over_and_neither_becomes_the_other(
    bench: Bench, provider: Provider
) -> None:
    gateway = gateway_of(bench, provider)
    requests = [
        BatchRequest(
            id=f"question-{number}",
            messages=(Message(role="user", text=f'Answer exactly "WORD{number}".'),),
            model=MODELS[provider],
            max_output_tokens=16,
        )
        for number in (1, 2, 3)
    ]

    async def asked(concurrency: int) -> tuple[dict[str, BatchItem], set[str]]:
        begun = len(bench.events)
        batch = CallerBatch(asking(gateway), requests, clock=bench.clock, concurrency=concurrency)
        items = {one.id: one async for one in batch}
        return items, {event.operation for event in bench.events[begun:]}

    async def handed_over() -> tuple[dict[str, BatchItem], set[str]]:
        begun = len(bench.events)
        batch = await gateway.batches.submit(requests)
        await gateway.batches.wait(batch.id)
        items = {one.id: one async for one in gateway.batches.results(batch.id)}
        return items, {event.operation for event in bench.events[begun:]}

    one_by_one, together, batch = await asked(1), await asked(3), await handed_over()
    for items, _ in (one_by_one, together, batch):
        assert set(items) == {"question-1", "question-2", "question-3"}
        assert {type(one) for one in items.values()} == {BatchItem}
        told = {one.id: (one.status, one.answer and one.answer.text, one.error) for one in items.values()}
        assert told == {f"question-{number}": ("succeeded", f"WORD{number}", None) for number in (1, 2, 3)}
        for one in items.values():
            assert one.usage is not None
            assert one.usage.output_tokens > 0
            assert one.cost_usd is not None
            assert one.cost_usd > 0
    assert {one.kind for one in one_by_one[0].values()} == {one.kind for one in together[0].values()} == {"caller"}
    assert {one.kind for one in batch[0].values()} == {"provider"}
    assert one_by_one[1] == together[1] == {"chat.create"}
    assert batch[1].isdisjoint({"chat.create"})
    assert "batches.create" in batch[1]
    half = {one.id: 2 * one.cost_usd for one in batch[0].values() if one.cost_usd is not None}
    assert half == {one.id: one.cost_usd for one in one_by_one[0].values()}


def test_what_is_said_here_of_all_providers_is_of_all_there_are() -> None:
    assert set(MODELS) == set(Provider)
    have = {provider for provider in Provider if "embeddings" in gateway_class(provider).offers}
    assert set(EMBEDDERS) == have
