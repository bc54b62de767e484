"""Several providers together against the running simulator: the wire, the faults of the control plane, and the ledger."""

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from support.errors import AllProvidersFailed, AuthenticationFailed, InvalidRequest
from support.gateway.call import ChokePoint
from support.gateway.capabilities import ProviderGateway
from support.gateway.endpoint import Endpoint
from support.gateway.purse import LedgerPurse
from support.gateway.several import Failover, embeddings_side_by_side, side_by_side, topic_workflow
from support.ledger import Caps, History, Ledger, total
from support.values import Message, Provider
from tests.gateway.batch_bench import EMBEDDERS, GATEWAYS, MODELS, gateway_of
from tests.gateway.conftest import Bench

pytestmark = pytest.mark.anyio
OPENAI, ANTHROPIC, GEMINI = Provider.OPENAI, Provider.ANTHROPIC, Provider.GEMINI
CAPITAL = (Message(role="user", text="Answer exactly: Paris"),)


def routes(bench: Bench, *providers: Provider) -> list[tuple[ProviderGateway, str]]:
    return [(gateway_of(bench, provider), MODELS[provider]) for provider in providers]


def failing(
    bench: Bench, provider: Provider, do: dict[str, Any], times: int = 1, operation: str = "chat.create"
) -> None:
    bench.tenant.faults({"provider": provider, "operation": operation, "times": times, "do": do})


def sent(bench: Bench, since: int = 0) -> list[str]:
    """What the requests said, in their order."""
    return [bytes(exchange.request.kept).decode() for exchange in bench.wire.exchanges[since:]]


def served(bench: Bench, provider: Provider) -> int:
    return int(bench.tenant.state()["requests"]["by_operation"].get(f"{provider} chat.create", 0))


def paying(bench: Bench, ledger: Ledger) -> ChokePoint:
    """The bench's choke point over a ledger."""
    return ChokePoint(
        account=bench.choke.account,
        clock=bench.clock,
        purse=LedgerPurse(ledger, bench.choke.account, Caps()),
        register=bench.register,
        wire=bench.wire,
        listeners=[bench.events.append],
        attempts=4,
    )


# Side by side ---------------------------------------------------------------------------------------------------------


async def test_all_three_answer_in_one_shape(bench: Bench) -> None:
    found = await side_by_side(routes(bench, *Provider), CAPITAL, max_output_tokens=50, system="You know capitals.")
    assert len(found.answered) == 3
    for record in found.records:
        assert record.text == "Paris"
        assert record.stop_reason == "end"
        assert record.id
        assert record.raw
        assert record.cost_usd
        assert record.total_tokens == (record.input_tokens or 0) + (record.output_tokens or 0)
    assert len(bench.wire.exchanges) == 3


async def test_five_tokens_are_a_cut_answer_everywhere(bench: Bench) -> None:
    long = (Message(role="user", text="Write 100 words about the sea."),)
    found = await side_by_side(routes(bench, *Provider), long, max_output_tokens=5)
    assert [record.stop_reason for record in found.records] == ["length"] * 3


async def test_an_answer_in_pieces_is_the_same_record(bench: Bench) -> None:
    whole = await side_by_side(routes(bench, *Provider), CAPITAL, max_output_tokens=50)
    pieces = await side_by_side(routes(bench, *Provider), CAPITAL, max_output_tokens=50, stream=True)
    for one, other in zip(whole.records, pieces.records, strict=True):
        told = ("provider", "model", "text", "stop_reason", "input_tokens", "output_tokens", "total_tokens", "cost_usd")
        assert [getattr(one, name) for name in told] == [getattr(other, name) for name in told]
        assert other.id
        assert other.id != one.id
    failing(bench, GEMINI, {"cut": True})
    cut = await side_by_side(routes(bench, *Provider), CAPITAL, max_output_tokens=50, stream=True)
    assert [record.provider for record in cut.failed] == [GEMINI]


async def test_vectors_of_each(bench: Bench) -> None:
    asked = [(gateway_of(bench, provider), EMBEDDERS.get(provider, "none")) for provider in Provider]
    found = await embeddings_side_by_side(
        asked,
        text="How long do bees live in a hive?",
        related="The life of bees in their hive",
        unrelated="The committee passed a motion on parking fees",
    )
    for provider, dimensions in ((OPENAI, 1536), (GEMINI, 3072)):
        record = found.record(provider)
        assert record.dimensions == dimensions
        assert record.tells_apart(0.05), record
    with pytest.raises(InvalidRequest, match="text-embedding-3-small and of gemini-embedding-001"):
        found.across(OPENAI, GEMINI)
    error = found.record(ANTHROPIC).error
    assert error is not None
    assert error.kind == "unsupported"
    assert not [exchange for exchange in bench.wire.exchanges if "messages" in exchange.path]


# Failover -------------------------------------------------------------------------------------------------------------

PAIRS = [(OPENAI, ANTHROPIC), (ANTHROPIC, GEMINI), (GEMINI, OPENAI)]


@pytest.mark.parametrize(("primary", "backup"), PAIRS)
@pytest.mark.parametrize(
    ("do", "kind"),
    [({"status": 500}, "server_error"), ({"status": 429}, "rate_limited"), ({"cut": True}, "server_error")],
    ids=["500", "429", "cut"],
)
async def test_an_outage_of_the_primary(
    bench: Bench, primary: Provider, backup: Provider, do: dict[str, Any], kind: str
) -> None:
    failing(bench, primary, do, times=2)
    routed = await Failover(routes(bench, primary, backup), bench.clock).ask(CAPITAL, max_output_tokens=50)
    assert [(each.provider, each.outcome) for each in routed.attempts] == [
        (primary, kind),
        (primary, kind),
        (backup, "ok"),
    ]
    assert (routed.provider, routed.answer.provider, routed.answer.text) == (backup, backup, "Paris")
    assert len(bench.wire.exchanges) == 3
    assert [usage for usage in bench.purse.settled if usage is not None] == [routed.answer.usage]


@pytest.mark.parametrize("do", [{"status": 500}, {"status": 429}], ids=["500", "429"])
async def test_only_the_answer_costs_in_the_ledger_too(bench: Bench, tmp_path: Path, do: dict[str, Any]) -> None:
    failing(bench, ANTHROPIC, do, times=2)
    with Ledger.open(str(tmp_path)) as ledger:
        choke = paying(bench, ledger)
        asked = [
            (GATEWAYS[provider](bench.endpoint(provider), bench.http, choke), MODELS[provider])
            for provider in (ANTHROPIC, GEMINI)
        ]
        routed = await Failover(asked, bench.clock).ask(CAPITAL, max_output_tokens=50)
        calls = History(ledger).calls(bench.choke.account.run_id)
    assert len(calls) == 3
    assert total(calls) == routed.cost_usd
    assert {call.state for call in calls if call.provider is ANTHROPIC} == {
        "reserved" if do["status"] == 500 else "released"
    }


@pytest.mark.parametrize(("primary", "backup"), PAIRS)
async def test_a_primary_that_is_not_there(bench: Bench, primary: Provider, backup: Provider) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    nobody = Endpoint(primary, f"http://127.0.0.1:{port}", bench.tenant.keys[primary])
    dead = GATEWAYS[primary](nobody, bench.http, bench.choke)
    asks = Failover([(dead, MODELS[primary]), *routes(bench, backup)], bench.clock)
    routed = await asks.ask(CAPITAL, max_output_tokens=50)
    assert [(each.provider, each.outcome) for each in routed.attempts] == [
        (primary, "server_error"),
        (primary, "server_error"),
        (backup, "ok"),
    ]
    assert routed.attempts[0].error is not None
    assert routed.attempts[0].error.code == "connection_refused"
    assert bench.purse.released == 2


@pytest.mark.parametrize(("primary", "backup"), PAIRS)
async def test_a_primary_that_is_too_slow(bench: Bench, primary: Provider, backup: Provider) -> None:
    failing(bench, primary, {"delay_ms": 2000}, times=2)
    slow = GATEWAYS[primary](bench.endpoint(primary, request_timeout=0.2), bench.http, bench.choke)
    asks = Failover([(slow, MODELS[primary]), *routes(bench, backup)], bench.clock)
    routed = await asks.ask(CAPITAL, max_output_tokens=50)
    assert [each.outcome for each in routed.attempts] == ["timeout", "timeout", "ok"]


@pytest.mark.parametrize(("primary", "backup"), PAIRS)
async def test_a_wrong_request_and_a_wrong_key_go_nowhere(bench: Bench, primary: Provider, backup: Provider) -> None:
    failing(bench, primary, {"status": 400})
    with pytest.raises(InvalidRequest):
        await Failover(routes(bench, primary, backup), bench.clock).ask(CAPITAL, max_output_tokens=50)
    stranger = GATEWAYS[primary](bench.endpoint(primary, key="wrong"), bench.http, bench.choke)
    asks = Failover([(stranger, MODELS[primary]), *routes(bench, backup)], bench.clock)
    with pytest.raises(AuthenticationFailed):
        await asks.ask(CAPITAL, max_output_tokens=50)
    assert (served(bench, backup), len(bench.wire.exchanges)) == (0, 2)


async def test_all_down(bench: Bench) -> None:
    for provider in Provider:
        failing(bench, provider, {"status": 503}, times=2)
    with pytest.raises(AllProvidersFailed) as failed:
        await Failover(routes(bench, *Provider), bench.clock).ask(CAPITAL, max_output_tokens=50)
    assert [(cause.provider, cause.kind) for cause in failed.value.causes] == [
        (provider, "server_error") for provider in Provider
    ]
    assert (failed.value.sent, len(bench.wire.exchanges)) == (3, 6)


@pytest.mark.parametrize(("primary", "backup"), PAIRS)
async def test_the_circuit(bench: Bench, primary: Provider, backup: Provider) -> None:
    failing(bench, primary, {"status": 500}, times=6)
    asks = Failover(routes(bench, primary, backup), bench.clock, attempts=1)
    for _ in range(5):
        assert (await asks.ask(CAPITAL, max_output_tokens=50)).provider is backup
    assert served(bench, primary) == 5
    assert (await asks.ask(CAPITAL, max_output_tokens=50)).skipped == (primary,)
    assert served(bench, primary) == 5
    bench.tenant.advance(30)
    assert (await asks.ask(CAPITAL, max_output_tokens=50)).provider is backup  # the probe failed
    assert served(bench, primary) == 6
    bench.tenant.advance(30)
    answers = await asyncio.gather(*(asks.ask(CAPITAL, max_output_tokens=50) for _ in range(6)))
    assert sorted(routed.provider for routed in answers) == sorted([primary, *[backup] * 5])
    assert served(bench, primary) == 7
    assert (await asks.ask(CAPITAL, max_output_tokens=50)).provider is primary


# Workflow -------------------------------------------------------------------------------------------------------------


def topic(bench: Bench, choke: ChokePoint | None = None) -> Any:
    made = {
        provider: (GATEWAYS[provider](bench.endpoint(provider), bench.http, choke or bench.choke), MODELS[provider])
        for provider in Provider
    }
    return topic_workflow(
        made[OPENAI],
        made[GEMINI],
        made[ANTHROPIC],
        embedder=EMBEDDERS[GEMINI],
        clock=bench.clock,
        ask_for_topic="Answer exactly: glaciology",
    )


async def test_the_workflow_goes_from_step_to_step_and_its_cost_is_the_ledgers(bench: Bench, tmp_path: Path) -> None:
    with Ledger.open(str(tmp_path)) as ledger:
        result = await topic(bench, paying(bench, ledger)).run()
        assert result.ending == "complete", result.summary()
        assert result.cost_usd == total(History(ledger).calls(bench.choke.account.run_id))
    assert [step.provider for step in result.trace] == [OPENAI, GEMINI, ANTHROPIC, GEMINI, GEMINI]
    assert all(
        step.tokens > 0 and step.cost_usd and step.requests and step.ended_at >= step.started_at
        for step in result.trace
    )
    assert sum(step.requests for step in result.trace) == len(bench.wire.exchanges)
    texts = sent(bench)
    place = 0
    by_step: dict[str, list[str]] = {}
    for step in result.trace:
        by_step[step.name] = texts[place : place + step.requests]
        place += step.requests
    assert all("glaciology" in text for text in (*by_step["topic vector"], *by_step["sentence by Anthropic"]))
    assert "glaciology" in by_step["sentence by Gemini"][0]
    ranking = result.outputs["ranking"]
    assert len(ranking) == 2
    assert ranking[0].similarity > ranking[1].similarity
    for each in ranking:
        assert "glaciology" in each.sentence
        assert json.dumps(each.sentence, ensure_ascii=False)[1:-1] in by_step["ranking"][-1]


async def test_no_topic_no_later_request(bench: Bench) -> None:
    failing(bench, OPENAI, {"status": 400})
    result = await topic(bench).run()
    assert (result.failed_at, len(result.trace), len(bench.wire.exchanges)) == ("topic", 1, 1)


@pytest.mark.parametrize("writer", [ANTHROPIC, GEMINI])
async def test_one_writer_fails(bench: Bench, writer: Provider) -> None:
    failing(bench, writer, {"status": 500})
    result = await topic(bench).run()
    assert (result.ending, result.missing) == ("partial", (f"sentence by {writer}",))
    assert len(result.outputs["ranking"]) == 1
    assert result.step(f"sentence by {writer}").requests == 1
