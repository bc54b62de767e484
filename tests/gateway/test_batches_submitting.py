"""Handing batches over: what is refused before anything is sent, what goes out, under which marker, and what is repeated."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from support.catalogue.limits import batch_limits
from support.errors import InvalidRequest, LimitExceeded, NotFound, ServerError, Unsupported
from support.gateway import batch_checks, batch_input
from support.gateway.gemini import batches as gemini
from support.gateway.markers import unmark
from support.ledger.prices import price
from support.values import BatchRequest, Message, Provider
from tests.gateway.batch_bench import MODELS, PROVIDERS, ask, batches_of, collected, several
from tests.gateway.conftest import Bench

pytestmark = pytest.mark.anyio

each_provider = pytest.mark.parametrize("provider", PROVIDERS)


def sent(bench: Bench, method: str = "POST") -> list[str]:
    return [one.path for one in bench.wire.exchanges if one.method == method]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines of two bytes, for batches whose number alone matters."""
    monkeypatch.setattr(batch_input, "line_of", lambda request: b"{}")


# Checks ----------------------------------------------------------------------------------------------------------------


@each_provider
async def test_no_request_at_all_is_refused(bench: Bench, provider: Provider) -> None:
    with pytest.raises(InvalidRequest, match="requests: are none"):
        await batches_of(bench, provider).submit([])
    assert not bench.wire.exchanges


@each_provider
async def test_an_id_that_comes_twice_is_refused(bench: Bench, provider: Provider) -> None:
    with pytest.raises(InvalidRequest, match="'a' is the id of two requests") as error:
        await batches_of(bench, provider).submit([ask(provider, "a"), ask(provider, "b"), ask(provider, "a")])
    assert (error.value.param, error.value.status) == ("id", None)
    assert not bench.wire.exchanges


@each_provider
async def test_another_window_is_refused(bench: Bench, provider: Provider) -> None:
    with pytest.raises(InvalidRequest, match="completion_window: must be 24h, not 48h"):
        await batches_of(bench, provider).submit([ask(provider, "a")], completion_window="48h")
    assert not bench.wire.exchanges


@pytest.mark.parametrize("id", ["a b", "x" * 65, "", "ä"])
async def test_anthropic_takes_ids_of_one_form(bench: Bench, id: str) -> None:
    with pytest.raises(InvalidRequest) as error:
        await batches_of(bench, Provider.ANTHROPIC).submit([ask(Provider.ANTHROPIC, id)])
    assert error.value.param == "id"
    assert not bench.wire.exchanges


@pytest.mark.parametrize("provider", [Provider.OPENAI, Provider.GEMINI])
async def test_two_models_in_one_batch_are_refused(bench: Bench, provider: Provider) -> None:
    with pytest.raises(InvalidRequest, match="one batch takes one model, not"):
        await batches_of(bench, provider).submit([ask(provider, "a"), ask(provider, "b", model="another")])
    assert not bench.wire.exchanges


async def test_gemini_cannot_even_be_asked_for_two_models(bench: Bench) -> None:
    two = [ask(Provider.GEMINI, "a"), ask(Provider.GEMINI, "b", model="another")]
    with pytest.raises(InvalidRequest, match="one model"):
        await batches_of(bench, Provider.GEMINI).submit(two, preflight=False)
    assert not bench.wire.exchanges


async def test_anthropic_takes_several_models_at_their_own_prices(bench: Bench) -> None:
    batches = batches_of(bench, Provider.ANTHROPIC)
    dearer = "claude-opus-4-8"
    made = await batches.submit([ask(Provider.ANTHROPIC, "a"), ask(Provider.ANTHROPIC, "b", model=dearer)])
    assert bench.purse.reserved[-1].model == dearer
    await batches.wait(made.id)
    found = await collected(batches.results(made.id))
    costs = [
        price(Provider.ANTHROPIC, item.answer.model, item.answer.usage, "batch")
        for item in found.values()
        if item.answer is not None
    ]
    assert len(costs) == 2
    assert None not in costs
    assert costs[0] != costs[1]
    assert bench.purse.settled_sums[0][1] == sum(cost for cost in costs if cost is not None)


@pytest.mark.parametrize(
    ("provider", "endpoint"),
    [(Provider.ANTHROPIC, "responses"), (Provider.ANTHROPIC, "embeddings"), (Provider.GEMINI, "responses")],
)
async def test_an_endpoint_without_batches_is_unsupported(bench: Bench, provider: Provider, endpoint: Any) -> None:
    with pytest.raises(Unsupported, match=f"{provider} has no batches for {endpoint}"):
        await batches_of(bench, provider).submit([ask(provider, "a")], endpoint=endpoint)
    assert not bench.wire.exchanges


@pytest.mark.parametrize("provider", [Provider.OPENAI, Provider.GEMINI])
async def test_a_vector_needs_a_text(bench: Bench, provider: Provider) -> None:
    with pytest.raises(InvalidRequest, match="text: a has none"):
        await batches_of(bench, provider).submit([ask(provider, "a")], endpoint="embeddings")
    assert not bench.wire.exchanges


async def test_the_limits_are_the_documented_ones() -> None:
    openai, anthropic, google = (batch_limits(provider) for provider in PROVIDERS)
    mebibyte = 1 << 20
    assert (openai.max_requests, openai.max_bytes, openai.one_model) == (50_000, 200 * mebibyte, True)
    assert (anthropic.max_requests, anthropic.max_bytes, anthropic.one_model) == (100_000, 256 * mebibyte, False)
    assert (anthropic.max_id_characters, anthropic.id_pattern, anthropic.result_days) == (64, "[a-zA-Z0-9_-]+", 29)
    assert (google.inline_bytes, google.max_bytes) == (20 * mebibyte, 2048 * mebibyte)
    assert {batch_limits(provider).window_hours for provider in PROVIDERS} == {24}


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("provider", "most"), [(Provider.OPENAI, 50_000), (Provider.ANTHROPIC, 100_000)])
async def test_one_request_too_many_is_refused_before_anything_is_sent(
    bench: Bench, provider: Provider, most: int
) -> None:
    with pytest.raises(LimitExceeded) as error:
        await batches_of(bench, provider).submit(several(provider, most + 1))
    assert f"{most:,}" in error.value.message
    assert f"{most + 1:,}" in error.value.message
    assert not bench.wire.exchanges
    assert not bench.purse.reserved
    assert not bench.register.intended


@pytest.mark.parametrize("provider", [Provider.OPENAI, Provider.ANTHROPIC])
def test_exactly_the_limit_is_allowed(provider: Provider) -> None:
    limits = batch_limits(provider)
    assert limits.max_requests is not None
    batch_checks.check_number(provider, limits.max_requests)
    batch_checks.check_size(provider, limits.max_bytes)
    with pytest.raises(LimitExceeded, match=f"{limits.max_bytes:,}"):
        batch_checks.check_size(provider, limits.max_bytes + 1)


@each_provider
async def test_too_many_bytes_are_refused_before_anything_is_sent(
    bench: Bench, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    smaller = batch_limits(provider).model_copy(update={"max_bytes": 10_000})
    monkeypatch.setattr(batch_checks, "batch_limits", lambda asked: smaller)
    with pytest.raises(LimitExceeded, match="10,000"):
        await batches_of(bench, provider).submit(several(provider, 200))
    assert not bench.wire.exchanges


async def test_requests_are_read_once_and_not_before_they_are_needed(bench: Bench) -> None:
    read: list[str] = []

    def requests() -> Iterator[BatchRequest]:
        for id in "aba":
            read.append(id)
            yield ask(Provider.OPENAI, id)
        raise AssertionError("the third is refused")

    with pytest.raises(InvalidRequest):
        await batches_of(bench, Provider.OPENAI).submit(requests())
    assert read == ["a", "b", "a"]


# What goes out ---------------------------------------------------------------------------------------------------------


async def test_openai_gets_a_file_and_a_batch(bench: Bench) -> None:
    batches = batches_of(bench, Provider.OPENAI)
    made = await batches.submit([ask(Provider.OPENAI, "a", system="Be brief."), ask(Provider.OPENAI, "b")])
    upload, create = bench.wire.exchanges
    assert (upload.path, create.path) == ("/v1/files", "/v1/batches")
    form = bytes(upload.request.kept)
    assert b'name="purpose"\r\n\r\nbatch\r\n' in form
    assert form.count(b'"custom_id"') == 2
    assert b'"url":"/v1/chat/completions"' in form
    asked = create.request.json()
    assert asked["endpoint"] == "/v1/chat/completions"
    assert asked["completion_window"] == "24h"
    assert asked["input_file_id"] == made.input_file_id
    marker, _ = unmark(made.marked)
    assert marker is not None
    assert marker.run_id == "tests"
    assert (made.status, made.endpoint, made.model) == ("validating", "chat", None)
    assert made.expires_at is not None
    assert made.expires_at - made.created_at == timedelta(days=1)
    assert [kind for _, kind, _ in bench.register.intended] == ["openai_batch", "file"]
    assert bench.register.confirmed == {1: made.input_file_id, 0: made.id}


async def test_anthropic_gets_the_requests_in_pieces(bench: Bench) -> None:
    batches = batches_of(bench, Provider.ANTHROPIC)
    made = await batches.submit([ask(Provider.ANTHROPIC, "a"), ask(Provider.ANTHROPIC, "b", system="Be brief.")])
    (create,) = bench.wire.exchanges
    asked = create.request.json()
    assert [one["custom_id"] for one in asked["requests"]] == ["a", "b"]
    assert asked["requests"][1]["params"]["system"] == "Be brief."
    assert asked["requests"][0]["params"]["output_config"] == {"effort": "low"}
    assert int(create.request_headers["content-length"]) == create.request.size
    assert (made.marked, made.status, made.counts.total, made.counts.processing) == ("", "in_progress", 2, 2)
    assert [kind for _, kind, _ in bench.register.intended] == ["message_batch"]
    assert bench.register.confirmed == {0: made.id}


async def test_gemini_gets_few_requests_in_the_request(bench: Bench) -> None:
    batches = batches_of(bench, Provider.GEMINI)
    made = await batches.submit([ask(Provider.GEMINI, "a", system="Be brief."), ask(Provider.GEMINI, "b")])
    (create,) = bench.wire.exchanges
    batch = create.request.json()["batch"]
    first, second = batch["inputConfig"]["requests"]["requests"]
    assert [first["metadata"], second["metadata"]] == [{"key": "a"}, {"key": "b"}]
    assert first["request"]["system_instruction"] == {"parts": [{"text": "Be brief."}]}
    assert first["request"]["generation_config"]["thinking_config"] == {"thinking_level": "MINIMAL"}
    assert first["request"]["generation_config"]["max_output_tokens"] == 256
    assert batch["displayName"] == made.marked
    assert [kind for _, kind, _ in bench.register.intended] == ["gemini_batch"]
    assert (made.status, made.model, made.counts.total) == ("validating", MODELS[Provider.GEMINI], 2)


@pytest.mark.parametrize("endpoint", ["chat", "embeddings"])
async def test_gemini_gets_many_requests_in_a_file(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, endpoint: Any
) -> None:
    smaller = batch_limits(Provider.GEMINI).model_copy(update={"inline_bytes": 4096})
    monkeypatch.setattr(gemini, "batch_limits", lambda asked: smaller)
    batches = batches_of(bench, Provider.GEMINI)
    if endpoint == "chat":
        made = await batches.submit(several(Provider.GEMINI, 3))
    else:
        texts = (BatchRequest(id=f"request-{n}", text=f"text {n}", model="gemini-embedding-001") for n in range(3))
        made = await batches.submit(texts, endpoint="embeddings")
    assert [kind for _, kind, _ in bench.register.intended] == ["gemini_batch", "file"]
    ended = await batches.wait(made.id)
    assert ended.output_file_id is not None
    assert bench.register.intended[2][:2] == (Provider.GEMINI, "file")
    assert bench.register.confirmed[2] == ended.output_file_id
    found = await collected(batches.results(made.id))
    assert sorted(found) == ["request-0", "request-1", "request-2"]
    assert {item.status for item in found.values()} == {"succeeded"}
    if endpoint == "chat":
        assert [found[f"request-{n}"].answer.text for n in range(3)] == [  # type: ignore[union-attr]
            f"this is request-{n}" for n in range(3)
        ]
    else:
        assert {len(item.vector or ()) for item in found.values()} == {3072}


# The bound -------------------------------------------------------------------------------------------------------------


@each_provider
async def test_the_bound_covers_all_requests_at_the_price_of_batches(bench: Bench, provider: Provider) -> None:
    await batches_of(bench, provider).submit(ask(provider, id, max_output_tokens=100) for id in "abc")
    operation = bench.purse.reserved[0]
    assert (operation.name, operation.tier, operation.model) == ("batches.create", "batch", MODELS[provider])
    assert operation.bound is not None
    assert operation.bound.output_tokens == 300
    assert operation.bound.input_tokens > 3 * len("Answer exactly: this is a")
    assert bench.purse.kept == 1  # until the results say what it cost


async def test_a_wrong_output_limit_is_sent_and_bounds_nothing(bench: Bench) -> None:
    await batches_of(bench, Provider.OPENAI).submit([ask(Provider.OPENAI, "a", max_output_tokens=-1)])
    operation = bench.purse.reserved[0]
    assert operation.bound is not None
    assert operation.bound.output_tokens == 0


# Without the checks ----------------------------------------------------------------------------------------------------


async def test_openai_itself_refuses_another_window(bench: Bench) -> None:
    with pytest.raises(InvalidRequest) as error:
        await batches_of(bench, Provider.OPENAI).submit(
            [ask(Provider.OPENAI, "a")], completion_window="48h", preflight=False
        )
    assert error.value.status == 400
    assert bench.purse.released == 1


async def test_openai_fails_a_batch_with_an_id_twice(bench: Bench) -> None:
    batches = batches_of(bench, Provider.OPENAI)
    twice = [ask(Provider.OPENAI, "a"), ask(Provider.OPENAI, "b"), ask(Provider.OPENAI, "a")]
    made = await batches.submit(twice, preflight=False)
    ended = await batches.wait(made.id)
    assert ended.status == "failed"
    assert [(fault.code, fault.line) for fault in ended.faults] == [("duplicate_custom_id", 3)]
    assert [cost for _, cost in bench.purse.settled_sums] == [Decimal(0)]


@pytest.mark.parametrize("id", ["a b", "x" * 65])
async def test_anthropic_itself_refuses_an_id(bench: Bench, id: str) -> None:
    with pytest.raises(InvalidRequest, match="custom_id") as error:
        await batches_of(bench, Provider.ANTHROPIC).submit([ask(Provider.ANTHROPIC, id)], preflight=False)
    assert error.value.status == 400
    assert bench.register.refusals == [0]


async def test_an_unknown_model_is_the_providers_to_refuse(bench: Bench) -> None:
    with pytest.raises(NotFound):
        await batches_of(bench, Provider.GEMINI).submit([ask(Provider.GEMINI, "a", model="gemini-0")])


# Unclear ends ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", [Provider.OPENAI, Provider.GEMINI])
async def test_a_batch_whose_answer_was_lost_is_found_by_its_marker(bench: Bench, provider: Provider) -> None:
    bench.tenant.faults(
        {"provider": provider, "operation": "batches.create", "when": "after", "do": {"cut": True}},
    )
    batches = batches_of(bench, provider)
    made = await batches.submit([ask(provider, "a")])
    assert [batch.id async for batch in batches.list()] == [made.id]


async def test_anthropics_lost_answer_stays_an_error(bench: Bench) -> None:
    bench.tenant.faults({"provider": "Anthropic", "operation": "batches.create", "when": "after", "do": {"cut": True}})
    batches = batches_of(bench, Provider.ANTHROPIC)
    with pytest.raises(ServerError) as error:
        await batches.submit([ask(Provider.ANTHROPIC, "a")])
    assert error.value.code == "connection_cut"
    assert len(bench.register.intended) == 1
    assert not bench.register.refusals
    assert not bench.register.confirmed
    assert bench.purse.kept == 1
    assert len([batch async for batch in batches.list()]) == 1  # not sent a second time


@each_provider
async def test_what_was_refused_for_the_moment_is_sent_again_whole(bench: Bench, provider: Provider) -> None:
    bench.tenant.faults(
        {"provider": provider, "operation": "batches.create", "do": {"status": 503}},
    )
    batches = batches_of(bench, provider)
    made = await batches.submit(ask(provider, id) for id in "abc")
    await batches.wait(made.id)
    assert sorted(await collected(batches.results(made.id))) == ["a", "b", "c"]


async def test_a_question_may_refer_to_files_and_to_turns_before(bench: Bench) -> None:
    turns = (
        Message(role="user", text="My name is Ada."),
        Message(role="assistant", text="Hello Ada."),
        Message(role="user", text="Answer exactly: Ada"),
    )
    for provider in PROVIDERS:
        batches = batches_of(bench, provider)
        made = await batches.submit([ask(provider, "a", messages=turns)])
        await batches.wait(made.id)
        found = await collected(batches.results(made.id))
        assert found["a"].answer is not None
        assert found["a"].answer.text == "Ada"
