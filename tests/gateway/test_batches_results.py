"""Results of batches: matched by id, errors in the kinds of calls, read as they arrive in little memory, and what they cost."""

import asyncio
import json
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from support.errors import BadResponse, BudgetExceeded, Conflict, Expired, NotFound, RateLimited, ServerError
from support.gateway import batch_prices, batch_results
from support.gateway.anthropic import batches as anthropic
from support.gateway.anthropic.gateway import AnthropicGateway
from support.gateway.call import ChokePoint
from support.gateway.endpoint import Endpoint, shared_client
from support.gateway.events import Account
from support.gateway.gemini import batches as gemini
from support.gateway.openai import batches as openai
from support.gateway.openai.gateway import OpenAIGateway
from support.gateway.purse import LedgerPurse
from support.ledger import Caps, History, Ledger
from support.ledger.prices import price
from support.values import BatchItem, BatchRequest, Message, Money, Provider, Usage
from tests.gateway.batch_bench import (
    EMBEDDERS,
    MODELS,
    PROVIDERS,
    ask,
    batches_of,
    collected,
    gateway_of,
    several,
)
from tests.gateway.conftest import ATTEMPTS, Bench

pytestmark = pytest.mark.anyio

each_provider = pytest.mark.parametrize("provider", PROVIDERS)
MEBIBYTE = 1 << 20
MANY = 20_000


def mixed(provider: Provider) -> list[BatchRequest]:
    return [*(ask(provider, id) for id in "ab"), ask(provider, "wrong", max_output_tokens=-1), ask(provider, "c")]


# Success and failure side by side --------------------------------------------------------------------------------------


@each_provider
async def test_one_wrong_request_fails_alone(bench: Bench, provider: Provider) -> None:
    batches = batches_of(bench, provider)
    made = await batches.submit(mixed(provider))
    ended = await batches.wait(made.id)
    assert (ended.status, ended.counts.total, ended.counts.succeeded, ended.counts.failed) == ("completed", 4, 3, 1)
    found = await collected(batches.results(made.id))
    assert sorted(found) == ["a", "b", "c", "wrong"]
    for id in "abc":
        item = found[id]
        assert item.answer is not None
        assert (item.status, item.answer.text, item.error, item.kind) == (
            "succeeded",
            f"this is {id}",
            None,
            "provider",
        )
        assert (item.usage, item.attempts) == (item.answer.usage, 1)
        assert item.answer.stop_reason == "end"
    error = found["wrong"].error
    assert found["wrong"].status == "failed"
    assert getattr(error, "kind", None) == "invalid_request"
    assert getattr(error, "status", None) == 400
    assert getattr(error, "provider", None) is provider
    assert "max_" in str(getattr(error, "provider_message", ""))
    assert (found["wrong"].cost_usd, found["wrong"].usage) == (Decimal(0), None)
    if provider is Provider.OPENAI:
        assert ended.output_file_id is not None
        assert ended.error_file_id is not None


@each_provider
async def test_a_server_error_is_one_requests_own(bench: Bench, provider: Provider) -> None:
    bench.tenant.faults({"provider": provider, "operation": "batches.create", "do": {"outcome": "500"}})
    batches = batches_of(bench, provider)
    made = await batches.submit(ask(provider, id) for id in "abc")
    await batches.wait(made.id)
    found = await collected(batches.results(made.id))
    assert {id: item.status for id, item in found.items()} == {"a": "succeeded", "b": "succeeded", "c": "failed"}
    assert isinstance(found["c"].error, ServerError)


async def test_if_all_fail_there_is_a_file_of_errors_alone(bench: Bench) -> None:
    batches = batches_of(bench, Provider.OPENAI)
    made = await batches.submit(ask(Provider.OPENAI, id, max_output_tokens=-1) for id in "ab")
    ended = await batches.wait(made.id)
    assert (ended.status, ended.output_file_id) == ("completed", None)
    found = await collected(batches.results(made.id))
    assert {item.status for item in found.values()} == {"failed"}
    assert bench.purse.settled_sums == [(Usage(), Decimal(0))]


@pytest.mark.parametrize("provider", list(EMBEDDERS))
async def test_vectors(bench: Bench, provider: Provider) -> None:
    batches, model = batches_of(bench, provider), EMBEDDERS[provider]
    texts = {"cat": "a cat", "none": "", "dog": "a dog", "ship": "a ship"}
    made = await batches.submit(
        (BatchRequest(id=id, text=text, model=model) for id, text in texts.items()), endpoint="embeddings"
    )
    ended = await batches.wait(made.id)
    assert (made.endpoint, ended.endpoint, ended.status) == ("embeddings", "embeddings", "completed")
    found = await collected(batches.results(made.id))
    alone = await gateway_of(bench, provider).embeddings.embed(["a cat"], model=model)
    assert found["cat"].vector == pytest.approx(alone.vectors[0], abs=1e-6)
    assert [id for id, item in found.items() if item.status == "failed"] == ["none"]
    assert getattr(found["none"].error, "kind", None) == "invalid_request"
    # OpenAI's model has no known price in batches, and Gemini's tells no usage: nobody can know the cost
    assert bench.purse.settled_sums[0][1] is None
    assert all(bool(item.usage) is (provider is Provider.OPENAI) for id, item in found.items() if id != "none")


async def test_responses(bench: Bench) -> None:
    batches = batches_of(bench, Provider.OPENAI)
    requests = [
        ask(Provider.OPENAI, "a", system="Be brief."),
        ask(Provider.OPENAI, "short", max_output_tokens=16, messages=(Message(role="user", text="Tell me a story."),)),
        ask(Provider.OPENAI, "wrong", max_output_tokens=-1),
    ]
    made = await batches.submit(requests, endpoint="responses")
    await batches.wait(made.id)
    found = await collected(batches.results(made.id))
    assert found["a"].answer is not None
    assert (found["a"].answer.text, found["a"].answer.stop_reason) == ("this is a", "end")
    assert found["a"].cost_usd == price(Provider.OPENAI, MODELS[Provider.OPENAI], found["a"].answer.usage, "batch")
    assert found["wrong"].status == "failed"
    assert found["short"].answer is not None
    assert "responses" not in bench.tenant.state()["inventory"].get("OpenAI", {})


@each_provider
async def test_results_are_there_once_a_batch_has_ended(bench: Bench, provider: Provider) -> None:
    batches = batches_of(bench, provider)
    made = await batches.submit([ask(provider, "a")])
    with pytest.raises(Conflict, match="its results are there once it has ended"):
        await collected(batches.results(made.id))


async def test_anthropic_keeps_results_29_days(bench: Bench) -> None:
    batches = batches_of(bench, Provider.ANTHROPIC)
    made = await batches.submit([ask(Provider.ANTHROPIC, "a")])
    bench.tenant.advance(29 * 86_400 - 10)
    assert await collected(batches.results(made.id))
    bench.tenant.advance(20)
    with pytest.raises(NotFound, match="29 days"):
        await collected(batches.results(made.id))


# What a line says ------------------------------------------------------------------------------------------------------


def test_openais_lines_of_what_never_ran() -> None:
    def outcome(code: str) -> batch_results.Outcome:
        return openai.outcome_of({"response": None, "error": {"code": code, "message": "words"}}, "chat")

    assert isinstance(outcome("batch_expired").error, Expired)
    assert (outcome("batch_cancelled").status, outcome("batch_cancelled").error) == ("cancelled", None)
    assert isinstance(outcome("something_else").error, ServerError)


def test_errors_of_single_requests_have_the_kinds_of_calls() -> None:
    assert isinstance(openai.error_of(429, {"message": "m", "code": "rate_limit_exceeded"}, None), RateLimited)
    overloaded = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "r"}
    error = anthropic.outcome_of({"result": {"type": "errored", "error": overloaded}}).error
    assert isinstance(error, RateLimited)
    assert (error.request_id, error.status, error.provider_message) == ("r", 529, "Overloaded")
    assert isinstance(gemini.error_of({"code": 8, "message": "m"}), RateLimited)
    assert isinstance(gemini.error_of({"code": 13, "message": "m"}), ServerError)


async def test_a_second_result_of_an_id_is_refused(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    batches = batches_of(bench, Provider.ANTHROPIC)
    made = await batches.submit(ask(Provider.ANTHROPIC, id) for id in "ab")
    await batches.wait(made.id)
    monkeypatch.setattr(anthropic, "id_of", lambda line, number: "a")
    with pytest.raises(BadResponse, match=f"line 2 of the results of {made.id} cannot be read: a second result of 'a'"):
        await collected(batches.results(made.id))


# Lines as they arrive --------------------------------------------------------------------------------------------------


async def chunks(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def test_lines_are_put_together_from_pieces() -> None:
    pieces = (b'{"a"', b': 1}\n{"a": 2}', b"\n\n", b'{"a": 3}')
    found = [(number, line["a"]) async for number, line in batch_results.parsed(Provider.OPENAI, "f", chunks(*pieces))]
    assert found == [(1, 1), (2, 2), (4, 3)]


@pytest.mark.parametrize("broken", [b'{"a": ', b"[1]", b"\xff"])
async def test_a_line_that_cannot_be_read_is_named_and_what_came_before_was_given(broken: bytes) -> None:
    lines = aiter(batch_results.parsed(Provider.OPENAI, "file x", chunks(b'{"a":1}\n{"a":2}\n', broken)))
    assert [await anext(lines), await anext(lines)] == [(1, {"a": 1}), (2, {"a": 2})]
    with pytest.raises(BadResponse, match="line 3 of file x cannot be read"):
        await anext(lines)


async def test_a_truncated_file_is_a_bad_response_and_settles_nothing(bench: Bench) -> None:
    batches = batches_of(bench, Provider.OPENAI)
    made = await batches.submit([ask(Provider.OPENAI, "a")])
    ended = await batches.wait(made.id)
    bench.tenant.faults({"operation": "files.content", "do": {"garbage": True}})
    with pytest.raises(BadResponse, match=f"line 1 of file {ended.output_file_id} cannot be read"):
        await collected(batches.results(made.id))
    assert not bench.purse.settled_sums
    assert await collected(batches.results(made.id))
    assert len(bench.purse.settled_sums) == 1


@pytest.mark.parametrize(
    ("provider", "operation"), [(Provider.OPENAI, "files.content"), (Provider.ANTHROPIC, "batches.results")]
)
async def test_the_first_result_is_there_before_the_last_byte(bench: Bench, provider: Provider, operation: str) -> None:
    batches = batches_of(bench, provider)
    made = await batches.submit(several(provider, 4))
    await batches.wait(made.id)
    bench.tenant.faults({"operation": operation, "do": {"hold_tail_ms": 1500}})
    began = time.monotonic()
    when = [time.monotonic() - began async for _ in batches.results(made.id)]
    assert when[0] < 1.0
    assert when[-1] > 1.4


@each_provider
async def test_a_reader_may_leave(bench: Bench, provider: Provider) -> None:
    batches = batches_of(bench, provider)
    made = await batches.submit(several(provider, 20))
    await batches.wait(made.id)
    results = batches.results(made.id)
    await anext(results)
    await results.aclose()  # type: ignore[attr-defined]
    assert not bench.purse.settled_sums
    assert len(await collected(batches.results(made.id))) == 20
    assert bench.wire.in_flight == 0


# Memory ----------------------------------------------------------------------------------------------------------------


def completion(number: int) -> bytes:
    message = {"role": "assistant", "content": "x" * 1500, "refusal": None}
    body = {
        "id": f"chatcmpl-{number}",
        "model": "gpt-6-luna",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5},
    }
    response = {"status_code": 200, "request_id": "r", "body": body}
    told = {"id": f"batch_req_{number}", "custom_id": f"request-{number}", "response": response, "error": None}
    return json.dumps(told).encode()


def message(number: int) -> bytes:
    told = {
        "id": f"msg_{number}",
        "model": "claude-haiku-5-5",
        "content": [{"type": "text", "text": "x" * 1800}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 10, "output_tokens": 5},
    }
    result = {"type": "succeeded", "message": told}
    return json.dumps({"custom_id": f"request-{number}", "result": result}).encode()


RECORDS: dict[bool, dict[str, Any]] = {
    False: {
        "id": "b",
        "endpoint": "/v1/chat/completions",
        "status": "completed",
        "input_file_id": "i",
        "output_file_id": "o",
        "created_at": 0,
    },
    True: {
        "id": "b",
        "type": "message_batch",
        "processing_status": "ended",
        "request_counts": {"expired": 0, "processing": 0, "succeeded": MANY, "errored": 0, "canceled": 0},
        "created_at": "2026-11-23T09:00:00+00:00",
        "ended_at": None,
        "cancel_initiated_at": None,
        "expires_at": None,
    },
}
"""A batch that has ended: OpenAI's, Anthropic's."""


@asynccontextmanager
async def large_results(line: Any) -> AsyncIterator[str]:
    """A server with one batch that has ended, and twenty thousand results of it; the last line has no end."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1]
        head = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\n\r\n"
        writer.write(head)
        if path.endswith((b"/content", b"/results")):
            for number in range(MANY):
                writer.write((b"\n" if number else b"") + line(number))
                await writer.drain()
        else:
            address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/messages/batches/b/results"
            record = {**RECORDS[b"messages" in path], "results_url": address}
            writer.write(json.dumps(record).encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(
    ("make", "provider", "line"),
    [(OpenAIGateway, Provider.OPENAI, completion), (AnthropicGateway, Provider.ANTHROPIC, message)],
)
async def test_twenty_thousand_results_take_little_memory(
    bench: Bench, make: type[OpenAIGateway], provider: Provider, line: Any
) -> None:
    async with large_results(line) as url, shared_client() as http:
        batches = make(Endpoint(provider=provider, base_url=url, key="k"), http, bench.choke).batches
        await batches.get("b")  # what is loaded once is no growth
        ids: set[int] = set()
        tracemalloc.start()
        try:
            async for item in batches.results("b"):
                ids.add(int(item.id.removeprefix("request-")))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert len(ids) == MANY
    assert peak < 16 * MEBIBYTE, f"{peak / MEBIBYTE:.1f} MiB"


@pytest.mark.parametrize("provider", [Provider.OPENAI, Provider.ANTHROPIC])
async def test_twenty_thousand_requests_take_little_memory(bench: Bench, provider: Provider) -> None:
    batches = batches_of(bench, provider)
    await batches.submit([ask(provider, "a")])

    def requests() -> Iterator[BatchRequest]:
        text = "Answer exactly: yes. " * 20
        for number in range(MANY):
            yield ask(provider, f"request-{number}", messages=(Message(role="user", text=text),))

    tracemalloc.start()
    try:
        made = await batches.submit(requests())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert made.id
    assert bench.wire.exchanges[1 if provider is Provider.ANTHROPIC else 2].request.size > 8 * MEBIBYTE
    assert peak < 16 * MEBIBYTE, f"{peak / MEBIBYTE:.1f} MiB"


# Money -----------------------------------------------------------------------------------------------------------------


@each_provider
async def test_a_batch_costs_half_of_what_its_requests_would(bench: Bench, provider: Provider) -> None:
    gateway, model = gateway_of(bench, provider), MODELS[provider]
    made = await gateway.batches.submit(several(provider, 10))
    ended = await gateway.batches.wait(made.id)
    found = await collected(gateway.batches.results(made.id))
    alone = [
        await gateway.chat.ask(request.messages, model=model, max_output_tokens=256)
        for request in several(provider, 10)
    ]
    assert [found[f"request-{n}"].usage for n in range(10)] == [answer.usage for answer in alone]
    whole = sum(price(provider, model, answer.usage) or 0 for answer in alone)
    ((usage, cost),) = bench.purse.settled_sums
    assert cost is not None
    assert cost == sum(item.cost_usd or 0 for item in found.values())
    assert abs(cost - Decimal(whole) / 2) < Decimal("1e-9")
    assert usage.output_tokens == sum(answer.usage.output_tokens for answer in alone)
    if provider is Provider.OPENAI:
        assert ended.usage == usage
    (late,) = [event for event in bench.events if event.late]
    assert (late.operation, late.cost_usd) == ("batches.create", cost)
    await collected(gateway.batches.results(made.id))
    assert len(bench.purse.settled_sums) == 1  # one bill, however often somebody reads


@each_provider
async def test_the_ledgers_row_says_that_it_was_a_batch(bench: Bench, tmp_path: Path, provider: Provider) -> None:
    account = Account(run_id="run1", scenario="a test", area="batch", row="BP-06", money=Money.SIMULATED)
    with Ledger.open(tmp_path) as ledger:
        choke = ChokePoint(
            account=account,
            clock=bench.clock,
            purse=LedgerPurse(ledger, account, Caps(run=Decimal(1))),
            register=bench.register,
            wire=bench.wire,
            listeners=[],
            attempts=ATTEMPTS,
        )
        bench.choke = choke
        batches = batches_of(bench, provider)
        made = await batches.submit(mixed(provider))
        (before,) = [call for call in History(ledger).calls("run1") if call.operation == "batches.create"]
        await batches.wait(made.id)
        found = await collected(batches.results(made.id))
        calls = History(ledger).calls("run1")
        (row,) = [call for call in calls if call.operation == "batches.create"]
        assert (before.tier, before.model, before.cost_usd) == ("batch", MODELS[provider], None)
        assert (row.tier, row.state, row.cost_usd) == (
            "batch",
            "settled",
            sum(item.cost_usd or 0 for item in found.values()),
        )
        assert row.cost_usd is not None
        assert row.cost_usd > 0
        assert {call.tier for call in calls if call.operation != "batches.create"} == {"standard"}


async def test_the_reservation_is_made_at_the_price_of_batches(bench: Bench, tmp_path: Path) -> None:
    account = Account(run_id="run1", scenario="a test", area="batch", row="BP-06", money=Money.SIMULATED)
    asked = [ask(Provider.ANTHROPIC, "a", max_output_tokens=10_000)]  # half of $0.05 and a little
    with Ledger.open(tmp_path) as ledger:

        def batches(cap: str) -> Any:
            purse = LedgerPurse(ledger, account, Caps(run=Decimal(cap)))
            bench.choke = ChokePoint(
                account=account,
                clock=bench.clock,
                purse=purse,
                register=bench.register,
                wire=bench.wire,
                listeners=[],
                attempts=ATTEMPTS,
            )
            return batches_of(bench, Provider.ANTHROPIC)

        whole = price(Provider.ANTHROPIC, MODELS[Provider.ANTHROPIC], Usage(output_tokens=10_000))
        assert whole is not None
        with pytest.raises(BudgetExceeded):
            await batches(str(whole / 2)).submit(asked)
        await batches(str(whole * Decimal("0.6"))).submit(asked)


def test_failures_cost_nothing_and_what_has_no_price_has_no_cost() -> None:
    usage = Usage(uncached_input_tokens=1000)
    assert batch_prices.cost_of(Provider.OPENAI, "gpt-6-luna", "failed", usage) == Decimal(0)
    assert batch_prices.cost_of(Provider.OPENAI, "gpt-0", "succeeded", usage) is None
    tally = batch_prices.Tally()
    for id, cost in (("a", Decimal(1)), ("b", None), ("c", Decimal(1))):
        tally.add(BatchItem(id=id, status="succeeded", usage=usage, cost_usd=cost, kind="provider"))
    assert (tally.cost_usd, tally.usage.uncached_input_tokens) == (None, 3000)
