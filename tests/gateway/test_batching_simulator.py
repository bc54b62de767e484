"""The caller's batch over each provider's gateway, against the running simulator: what was in flight, sent, and paid."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from support.errors import BudgetExceeded, InvalidRequest
from support.gateway.anthropic.gateway import AnthropicGateway
from support.gateway.batching import Ask, CallerBatch, Limiter, Limiters, asking, measure
from support.gateway.call import ChokePoint
from support.gateway.capabilities import ProviderGateway
from support.gateway.clock import JumpingClock
from support.gateway.events import Account
from support.gateway.gemini.gateway import GeminiGateway
from support.gateway.openai.gateway import OpenAIGateway
from support.gateway.purse import LedgerPurse
from support.ledger import Caps, History, Ledger
from support.values import BatchRequest, Message, Money, Provider
from tests.gateway.conftest import Bench, Tenant

pytestmark = pytest.mark.anyio

GATEWAYS: dict[Provider, type[ProviderGateway]] = {
    Provider.OPENAI: OpenAIGateway,
    Provider.ANTHROPIC: AnthropicGateway,
    Provider.GEMINI: GeminiGateway,
}
MODELS = {
    Provider.OPENAI: "gpt-4.1-mini",
    Provider.ANTHROPIC: "claude-haiku-5-5",
    Provider.GEMINI: "gemini-3.1-flash-lite",
}
EVERY = pytest.mark.parametrize("provider", list(Provider))


def requests(provider: Provider, count: int) -> list[BatchRequest]:
    return [
        BatchRequest(
            id=f"r{number}",
            messages=(Message(role="user", text=f'Say the word "number{number}".'),),
            model=MODELS[provider],
            max_output_tokens=20,
        )
        for number in range(count)
    ]


@dataclass
class TenantHand:
    """Moves the tenant's clock for a clock that jumps."""

    tenant: Tenant

    async def now(self) -> datetime:
        return self.tenant.now()

    async def move_to(self, moment: datetime) -> datetime:
        self.tenant.advance(max(0.0, (moment - self.tenant.now()).total_seconds()))
        return self.tenant.now()


def clock_of(bench: Bench) -> JumpingClock:
    return JumpingClock(TenantHand(bench.tenant), lambda: bench.wire.in_flight)


def gateway_of(
    bench: Bench, provider: Provider, clock: JumpingClock, purse: LedgerPurse | None = None
) -> ProviderGateway:
    """As a scenario has it: on a clock that jumps, and told of to the bench's events."""
    choke = ChokePoint(
        account=bench.choke.account,
        clock=clock,
        purse=purse or bench.purse,
        register=bench.register,
        wire=bench.wire,
        listeners=[bench.events.append],
        attempts=3,
    )
    return GATEWAYS[provider](bench.endpoint(provider), bench.http, choke)


def peak(bench: Bench, provider: Provider) -> int:
    return int(bench.tenant.state()["requests"]["peak_by_operation"].get(f"{provider} chat.create", 0))


def served(bench: Bench, provider: Provider, operation: str = "chat.create") -> int:
    return int(bench.tenant.state()["requests"]["by_operation"].get(f"{provider} {operation}", 0))


@pytest.fixture
def ask_of(bench: Bench) -> Callable[[Provider], tuple[Ask, JumpingClock]]:
    def made(provider: Provider) -> tuple[Ask, JumpingClock]:
        clock = clock_of(bench)
        return asking(gateway_of(bench, provider, clock)), clock

    return made


Asks = Callable[[Provider], tuple[Ask, JumpingClock]]


@EVERY
async def test_one_after_the_other(bench: Bench, ask_of: Asks, provider: Provider) -> None:
    ask, clock = ask_of(provider)
    bench.tenant.faults({"provider": provider, "operation": "chat.create", "skip": 2, "do": {"status": 400}})
    outcome = await CallerBatch(ask, requests(provider, 5), clock=clock).outcome()
    assert peak(bench, provider) == 1
    assert [item.status for item in outcome.items] == ["succeeded", "succeeded", "failed", "succeeded", "succeeded"]
    assert [item.id for item in outcome.items] == [f"r{number}" for number in range(5)]
    assert outcome.by_kind == {"invalid_request": 1}
    assert all(item.usage and item.cost_usd and item.answer and item.answer.text for item in outcome.succeeded)
    sent = [bytes(one.request.kept).decode() for one in bench.wire.exchanges]
    assert [f"number{number}" in text for number, text in enumerate(sent)] == [True] * 5


@EVERY
async def test_four_at_once_and_never_five(bench: Bench, ask_of: Asks, provider: Provider) -> None:
    ask, clock = ask_of(provider)
    hold = {"hold_until": 4, "at_most_ms": 3000}
    bench.tenant.faults({"provider": provider, "operation": "chat.create", "times": 2, "do": hold})
    outcome = await CallerBatch(ask, requests(provider, 8), clock=clock, concurrency=4).outcome()
    assert peak(bench, provider) == 4
    assert served(bench, provider) == 8
    texts = [item.answer.text for item in outcome.items if item.answer]
    assert len(texts) == len(set(texts)) == 8
    assert all(f"number{number}" in text for number, text in enumerate(texts))


@EVERY
async def test_a_rate_limit_pauses_the_provider_and_no_other(bench: Bench, provider: Provider) -> None:
    clock = clock_of(bench)
    limiters = Limiters(clock)
    other = next(one for one in Provider if one is not provider)
    began: dict[Provider, list[datetime]] = {provider: [], other: []}

    def noting(of: Provider) -> Ask:
        ask = asking(gateway_of(bench, of, clock))

        def noted(asked: BatchRequest) -> object:
            began[of].append(bench.tenant.now())
            return ask(asked)

        return noted  # type: ignore[return-value]

    start = bench.tenant.now()
    refusal = {"status": 429, "retry_after": 300}
    bench.tenant.faults({"provider": provider, "operation": "chat.create", "do": refusal})
    runs = [
        CallerBatch(noting(of), requests(of, 6), clock=clock, concurrency=2, limiter=limiters.of(of)).outcome()
        for of in (provider, other)
    ]
    outcomes = await asyncio.gather(*runs)
    assert all(len(outcome.succeeded) == 6 for outcome in outcomes)
    assert sum(item.attempts for item in outcomes[0].items) == served(bench, provider) == 7
    late = [moment for moment in began[provider] if moment - start >= timedelta(seconds=300)]
    assert len(late) >= 3  # at most what was in flight, and what was begun before the refusal came, was not held
    assert all(moment - start < timedelta(seconds=300) for moment in began[other])


@EVERY
async def test_given_up_after_the_last_attempt(bench: Bench, ask_of: Asks, provider: Provider) -> None:
    ask, clock = ask_of(provider)
    refusal = {"status": 429, "retry_after": 3}
    bench.tenant.faults({"provider": provider, "operation": "chat.create", "times": 3, "do": refusal})
    outcome = await CallerBatch(ask, requests(provider, 2), clock=clock).outcome()
    (error,) = outcome.errors
    assert (error.kind, error.attempts, outcome.by_kind) == ("rate_limited", 3, {"rate_limited": 1})
    assert getattr(outcome.items[0].error, "retry_after", None) == 3
    assert outcome.items[1].attempts == 1


@EVERY
async def test_the_next_virtual_minute(bench: Bench, ask_of: Asks, provider: Provider) -> None:
    ask, clock = ask_of(provider)
    start = bench.tenant.now()
    limiter = Limiter(clock, per_minute=3)
    outcome = await CallerBatch(ask, requests(provider, 4), clock=clock, limiter=limiter).outcome()
    assert len(outcome.succeeded) == 4
    assert timedelta(seconds=60) <= bench.tenant.now() - start < timedelta(seconds=120)
    assert not outcome.errors


@EVERY
async def test_one_that_stalls_times_out_alone(bench: Bench, ask_of: Asks, provider: Provider) -> None:
    ask, clock = ask_of(provider)
    bench.tenant.faults({"provider": provider, "operation": "chat.create", "skip": 1, "do": {"delay_ms": 4000}})
    began = time.monotonic()
    run = CallerBatch(ask, requests(provider, 5), clock=clock, item_timeout=timedelta(seconds=0.5))
    outcome = await run.outcome()
    assert 0.5 <= time.monotonic() - began < 3
    assert [item.status for item in outcome.items] == ["succeeded", "timeout", "succeeded", "succeeded", "succeeded"]
    assert bench.wire.in_flight == 0


async def test_a_stall_does_not_outlast_the_deadline(bench: Bench, ask_of: Asks) -> None:
    ask, clock = ask_of(Provider.OPENAI)
    bench.tenant.faults({"operation": "chat.create", "skip": 2, "do": {"delay_ms": 8000}})
    began = time.monotonic()
    outcome = await CallerBatch(
        ask, requests(Provider.OPENAI, 4), clock=clock, concurrency=1, deadline=timedelta(seconds=2)
    ).outcome()
    assert time.monotonic() - began < 5
    assert [item.status for item in outcome.items] == ["succeeded", "succeeded", "timeout", "timeout"]


async def test_a_deadline_in_a_back_off(bench: Bench, ask_of: Asks) -> None:
    ask, clock = ask_of(Provider.OPENAI)
    bench.tenant.faults({"operation": "chat.create", "skip": 2, "do": {"status": 429, "retry_after": 1000}})
    began = time.monotonic()
    run = CallerBatch(ask, requests(Provider.OPENAI, 4), clock=clock, deadline=timedelta(seconds=100))
    outcome = await run.outcome()
    assert time.monotonic() - began < 5
    assert [item.status for item in outcome.items] == ["succeeded", "succeeded", "timeout", "timeout"]
    assert [item.attempts for item in outcome.items] == [1, 1, 1, 0]


@pytest.mark.parametrize("provider", [Provider.OPENAI, Provider.GEMINI])
async def test_an_empty_text_fails_alone(bench: Bench, ask_of: Asks, provider: Provider) -> None:
    ask, clock = ask_of(provider)
    model = {Provider.OPENAI: "text-embedding-3-small", Provider.GEMINI: "gemini-embedding-001"}[provider]
    asked = [BatchRequest(id=f"t{n}", text=text, model=model) for n, text in enumerate(["one", "", "two", "three"])]
    outcome = await CallerBatch(ask, asked, clock=clock, concurrency=2).outcome()
    assert [item.status for item in outcome.items] == ["succeeded", "failed", "succeeded", "succeeded"]
    assert isinstance(outcome.items[1].error, InvalidRequest)
    assert outcome.items[1].attempts == 0
    assert len({item.vector for item in outcome.succeeded}) == 3
    assert served(bench, provider, "embeddings.create") == 3


async def test_a_request_without_a_question_is_refused(ask_of: Asks) -> None:
    ask, clock = ask_of(Provider.OPENAI)
    outcome = await CallerBatch(ask, [BatchRequest(id="a", model="gpt-4.1-mini")], clock=clock).outcome()
    assert (outcome.by_kind, outcome.items[0].attempts) == ({"invalid_request": 1}, 0)
    assert "'a' has neither messages nor a text" in outcome.errors[0].message


@EVERY
async def test_the_cost_is_the_ledgers(bench: Bench, tmp_path: Path, provider: Provider) -> None:
    clock = clock_of(bench)
    account = Account(run_id="paid", scenario="a test", area="batch", row="BP-01", money=Money.SIMULATED)
    with Ledger.open(tmp_path) as ledger:
        gateway = gateway_of(bench, provider, clock, LedgerPurse(ledger, account, Caps()))
        outcome = await CallerBatch(asking(gateway), requests(provider, 5), clock=clock, concurrency=3).outcome()
        paid = [call.cost_usd for call in History(ledger).calls("paid")]
    known = [cost for cost in paid if cost is not None]
    assert len(known) == 5
    assert outcome.cost_usd is not None
    assert abs(outcome.cost_usd - sum(known, Decimal(0))) < Decimal("1e-9")
    assert sum((item.cost_usd or 0 for item in outcome.items), Decimal(0)) == outcome.cost_usd


@EVERY
async def test_a_budget_that_is_used_up(bench: Bench, tmp_path: Path, provider: Provider) -> None:
    clock = clock_of(bench)
    account = Account(run_id="paid", scenario="a test", area="batch", row="BP-15", money=Money.SIMULATED)
    with Ledger.open(tmp_path) as ledger:
        first = await CallerBatch(
            asking(gateway_of(bench, provider, clock, LedgerPurse(ledger, account, Caps()))),
            requests(provider, 1),
            clock=clock,
        ).outcome()
        spent = first.cost_usd
        assert spent is not None
        poor = LedgerPurse(ledger, account, Caps(run=spent * 9))
        before = served(bench, provider)
        run = CallerBatch(asking(gateway_of(bench, provider, clock, poor)), requests(provider, 10), clock=clock)
        outcome = await run.outcome()
    assert outcome.ending == "budget"
    assert isinstance(outcome.reason, BudgetExceeded)
    done = len(outcome.succeeded)
    assert 0 < done < 10
    assert [(item.status, item.attempts) for item in outcome.items[done:]] == [("not_started", 0)] * (10 - done)
    assert served(bench, provider) == before + done


async def test_several_at_once_are_faster(bench: Bench, ask_of: Asks) -> None:
    ask, clock = ask_of(Provider.OPENAI)
    bench.tenant.faults({"operation": "chat.create", "times": 24, "do": {"delay_ms": 100}})
    told = await measure(ask, requests(Provider.OPENAI, 12), clock=clock, concurrency=4)
    assert told.speedup is not None
    assert told.speedup >= 2.5
    one, many = told.sequential.figures, told.concurrent.figures
    assert one is not None
    assert many is not None
    assert (one.cost_usd, one.input_tokens, one.output_tokens) == (
        many.cost_usd,
        many.input_tokens,
        many.output_tokens,
    )
    measured = [event.seconds for event in bench.events[:12]]
    assert max(measured) <= one.p95_seconds + 0.1
    assert sum(measured) <= told.sequential.wall_seconds
