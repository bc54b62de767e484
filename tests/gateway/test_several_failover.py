"""Failover and its circuits: who is asked when, what is told of it, and what it costs; with gateways that are functions."""

import asyncio
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from support.errors import (
    AllProvidersFailed,
    AuthenticationFailed,
    BudgetExceeded,
    ContextOverflow,
    InvalidRequest,
    PermissionDenied,
    TouchstoneError,
    Unsupported,
)
from support.gateway.retry import own_attempts
from support.gateway.several import Circuit, Failover
from support.gateway.several.circuit import Permit
from support.ledger import price
from support.values import Provider, Usage
from tests.gateway.several_bench import (
    QUESTION,
    START,
    FakeClock,
    FakeGateway,
    fake,
    late,
    limited,
    outage,
    refused_connection,
    route,
)

pytestmark = pytest.mark.anyio
OPENAI, ANTHROPIC, GEMINI = Provider.OPENAI, Provider.ANTHROPIC, Provider.GEMINI
BROKE = BudgetExceeded("too much", cap="run", limit=Decimal(1), committed=Decimal(1), asked=Decimal(1))


def failover(clock: FakeClock, *gateways: FakeGateway, **options: Any) -> Failover:
    return Failover([route(gateway) for gateway in gateways], clock, **options)


def kinds(attempts: Any) -> list[tuple[Provider, str]]:
    return [(attempt.provider, attempt.outcome) for attempt in attempts]


# Whom it asks ---------------------------------------------------------------------------------------------------------


async def test_a_healthy_primary_is_asked_alone_and_the_clock_is_not() -> None:
    clock, primary, backup = FakeClock(), fake(OPENAI), fake(GEMINI)
    routed = await failover(clock, primary, backup).ask(QUESTION, max_output_tokens=20, system="Be short.")
    assert (routed.provider, routed.answer.text, kinds(routed.attempts)) == (OPENAI, "Paris", [(OPENAI, "ok")])
    assert primary.asked == [
        {"text": QUESTION[0].text, "model": "gpt-6-luna", "max_output_tokens": 20, "system": "Be short."}
    ]
    assert (backup.asked, clock.looks, clock.sleeps) == ([], 0, [])


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (outage(500), "server_error"),
        (outage(503), "server_error"),
        (limited(), "rate_limited"),
        (late(), "timeout"),
        (refused_connection(), "server_error"),
    ],
    ids=["500", "503", "429", "timeout", "refused"],
)
async def test_an_outage_goes_on_after_two_attempts(failure: TouchstoneError, kind: str) -> None:
    clock, primary, backup = FakeClock(), fake(ANTHROPIC, then=failure), fake(GEMINI)
    routed = await failover(clock, primary, backup).ask(QUESTION, max_output_tokens=20)
    assert routed.provider is GEMINI
    assert kinds(routed.attempts) == [(ANTHROPIC, kind), (ANTHROPIC, kind), (GEMINI, "ok")]
    assert (len(primary.asked), len(backup.asked), clock.sleeps) == (2, 1, [0.5])
    assert routed.text().startswith(f"answered by Gemini (gemini-3.5-flash-lite): Anthropic {kind}")


async def test_a_second_attempt_that_holds_stays_with_the_primary() -> None:
    primary, backup = fake(OPENAI, outage()), fake(GEMINI)
    routed = await failover(FakeClock(), primary, backup).ask(QUESTION, max_output_tokens=20)
    assert kinds(routed.attempts) == [(OPENAI, "server_error"), (OPENAI, "ok")]
    assert backup.asked == []


@pytest.mark.parametrize(
    "failure",
    [
        InvalidRequest("no", status=400),
        InvalidRequest("no"),
        AuthenticationFailed("no", status=401),
        PermissionDenied("no", status=403),
        ContextOverflow("no", status=400),
        Unsupported("no"),
        BROKE,
    ],
    ids=lambda failure: f"{failure.kind} {failure.status}",
)
async def test_what_is_no_outage_goes_nowhere(failure: TouchstoneError) -> None:
    primary, backup = fake(OPENAI, then=failure), fake(GEMINI)
    with pytest.raises(type(failure)):
        await failover(FakeClock(), primary, backup).ask(QUESTION, max_output_tokens=20)
    assert (len(primary.asked), len(backup.asked)) == (1, 0)


async def test_it_waits_what_is_asked_but_not_for_long() -> None:
    clock, primary, backup = FakeClock(), fake(OPENAI, then=limited(3.0)), fake(GEMINI)
    await failover(clock, primary, backup).ask(QUESTION, max_output_tokens=20)
    assert clock.sleeps == [3.0]
    clock, primary, backup = FakeClock(), fake(OPENAI, then=limited(60.0)), fake(GEMINI)
    routed = await failover(clock, primary, backup).ask(QUESTION, max_output_tokens=20)
    assert (clock.sleeps, kinds(routed.attempts)) == ([], [(OPENAI, "rate_limited"), (GEMINI, "ok")])


async def test_all_down_lists_each_cause() -> None:
    gateways = fake(OPENAI, then=outage()), fake(ANTHROPIC, then=limited()), fake(GEMINI, then=late())
    with pytest.raises(AllProvidersFailed) as failed:
        await failover(FakeClock(), *gateways).ask(QUESTION, max_output_tokens=20)
    assert [cause.kind for cause in failed.value.causes] == ["server_error", "rate_limited", "timeout"]
    assert failed.value.kind == "all_providers_failed"
    assert all(f"{gateway.provider}:" in failed.value.message for gateway in gateways)


@pytest.mark.parametrize("routes", [[], [fake(OPENAI), fake(GEMINI), fake(OPENAI)]], ids=["none", "twice"])
def test_routes_that_are_none(routes: list[FakeGateway]) -> None:
    with pytest.raises(InvalidRequest, match=r"^routes: ") as refusal:
        failover(FakeClock(), *routes)
    assert refusal.value.param == "routes"
    assert not any(gateway.asked for gateway in routes)


@pytest.mark.parametrize("field", ["attempts", "failures"])
def test_numbers_that_are_none(field: str) -> None:
    with pytest.raises(InvalidRequest, match=rf"^{field}: "):
        failover(FakeClock(), fake(OPENAI), **{field: 0})


def test_a_model_for_vectors_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(Unsupported, match="text-embedding-3-small"):
        Failover([route(fake(OPENAI), "text-embedding-3-small")], FakeClock())


async def test_the_choke_point_is_told_to_repeat_nothing() -> None:
    seen: list[int | None] = []

    async def look() -> None:
        seen.append(own_attempts.get())

    await failover(FakeClock(), fake(OPENAI, during=look)).ask(QUESTION, max_output_tokens=20)
    assert (seen, own_attempts.get()) == ([1], None)


async def test_only_the_answer_costs() -> None:
    routed = await failover(FakeClock(), fake(ANTHROPIC, then=outage()), fake(GEMINI)).ask(
        QUESTION, max_output_tokens=20
    )
    expected = price(GEMINI, "gemini-3.5-flash-lite", Usage(uncached_input_tokens=1000, output_tokens=500))
    assert routed.cost_usd == expected
    assert expected is not None
    assert expected > 0


# The circuit ----------------------------------------------------------------------------------------------------------


async def test_five_failures_in_a_row_open_it() -> None:
    clock, primary, backup = FakeClock(), fake(OPENAI, then=outage()), fake(GEMINI)
    asks = failover(clock, primary, backup)
    for _ in range(3):
        await asks.ask(QUESTION, max_output_tokens=20)
    assert len(primary.asked) == 5
    routed = await asks.ask(QUESTION, max_output_tokens=20)
    assert (len(primary.asked), routed.skipped, kinds(routed.attempts)) == (5, (OPENAI,), [(GEMINI, "ok")])
    assert "left alone: OpenAI" in routed.text()


async def test_one_success_between_begins_to_count_anew() -> None:
    clock, primary = FakeClock(), fake(OPENAI, *[outage()] * 4, "Paris", *[outage()] * 4, "Paris")
    asks = failover(clock, primary, attempts=5)
    for _ in range(2):
        assert (await asks.ask(QUESTION, max_output_tokens=20)).provider is OPENAI
    assert asks.circuits[OPENAI].state == "closed"


async def test_a_refusal_of_the_provider_shows_that_it_works() -> None:
    primary = fake(OPENAI, *[outage()] * 4, InvalidRequest("no", status=400), outage(), "Paris")
    asks = failover(FakeClock(), primary, attempts=1)
    for _ in range(4):
        with pytest.raises(AllProvidersFailed):
            await asks.ask(QUESTION, max_output_tokens=20)
    with pytest.raises(InvalidRequest):
        await asks.ask(QUESTION, max_output_tokens=20)
    assert asks.circuits[OPENAI].failures == 0


async def opened(clock: FakeClock, primary: FakeGateway, backup: FakeGateway) -> Failover:
    asks = failover(clock, primary, backup, attempts=1)
    for _ in range(5):
        await asks.ask(QUESTION, max_output_tokens=20)
    assert asks.circuits[OPENAI].state == "open"
    return asks


async def test_a_probe_that_holds_closes_it() -> None:
    clock, primary, backup = FakeClock(), fake(OPENAI, *[outage()] * 5), fake(GEMINI)
    asks = await opened(clock, primary, backup)
    clock.advance(29.9)
    assert (await asks.ask(QUESTION, max_output_tokens=20)).provider is GEMINI
    clock.advance(0.1)
    assert (await asks.ask(QUESTION, max_output_tokens=20)).provider is OPENAI
    assert asks.circuits[OPENAI].state == "closed"
    assert (await asks.ask(QUESTION, max_output_tokens=20)).provider is OPENAI
    assert len(primary.asked) == 7


async def test_a_probe_that_fails_opens_it_for_as_long_again() -> None:
    clock, primary, backup = FakeClock(), fake(OPENAI, *[outage()] * 6), fake(GEMINI)
    asks = await opened(clock, primary, backup)
    clock.advance(30)
    routed = await asks.ask(QUESTION, max_output_tokens=20)
    assert kinds(routed.attempts) == [(OPENAI, "server_error"), (GEMINI, "ok")]
    clock.advance(29)
    assert (await asks.ask(QUESTION, max_output_tokens=20)).skipped == (OPENAI,)
    clock.advance(1)
    assert (await asks.ask(QUESTION, max_output_tokens=20)).provider is OPENAI


async def test_of_many_callers_one_probes() -> None:
    clock, primary, backup = FakeClock(), fake(OPENAI, *[outage()] * 5), fake(GEMINI)
    asks = await opened(clock, primary, backup)
    clock.advance(30)
    primary.during = lambda: asyncio.sleep(0.02)
    answers = await asyncio.gather(*(asks.ask(QUESTION, max_output_tokens=20) for _ in range(8)))
    assert sorted(routed.provider for routed in answers) == [GEMINI] * 7 + [OPENAI]
    assert len(primary.asked) == 6


@pytest.mark.parametrize("interrupted", [True, False], ids=["interrupted", "not sent"])
async def test_a_probe_that_shows_nothing_leaves_the_next_one_to_another(interrupted: bool) -> None:
    clock, primary, backup = FakeClock(), fake(OPENAI, *[outage()] * 5, BROKE), fake(GEMINI)
    asks = await opened(clock, primary, backup)
    clock.advance(30)
    if interrupted:
        primary.during = lambda: asyncio.sleep(60)
        probing = asyncio.ensure_future(asks.ask(QUESTION, max_output_tokens=20))
        await asyncio.sleep(0.01)
        probing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await probing
        primary.during = None
    with pytest.raises(BudgetExceeded):
        await asks.ask(QUESTION, max_output_tokens=20)
    assert (await asks.ask(QUESTION, max_output_tokens=20)).provider is OPENAI


async def test_alone_and_open_is_all_providers_failed_without_a_request() -> None:
    clock, primary = FakeClock(), fake(OPENAI, then=outage())
    asks = failover(clock, primary, attempts=5)
    with pytest.raises(AllProvidersFailed):
        await asks.ask(QUESTION, max_output_tokens=20)
    with pytest.raises(AllProvidersFailed) as failed:
        await asks.ask(QUESTION, max_output_tokens=20)
    assert len(primary.asked) == 5
    assert [(cause.kind, cause.code, cause.provider) for cause in failed.value.causes] == [
        ("server_error", "circuit_open", OPENAI)
    ]
    assert "until 2026-11-22 09:00:37 UTC" in failed.value.message


async def test_circuits_are_one_a_provider() -> None:
    asks = failover(FakeClock(), fake(OPENAI, then=outage()), fake(GEMINI))
    for _ in range(3):
        await asks.ask(QUESTION, max_output_tokens=20)
    assert {provider: circuit.state for provider, circuit in asks.circuits.items()} == {
        OPENAI: "open",
        GEMINI: "closed",
    }


class CircuitMachine(RuleBasedStateMachine):
    """Permits taken and told of in any order: never two probes, and nothing passes while it is open."""

    def __init__(self) -> None:
        super().__init__()
        self.circuit = Circuit()
        self.clock = FakeClock()
        self.out: list[Permit] = []
        self.in_a_row = 0

    @rule()
    def enter(self) -> None:
        before = self.circuit.state
        due = before == "open" and (self.circuit.opens_again_at or START) <= self.clock.time
        permit = self.circuit.enter(self.clock.time)
        assert (permit is not None) is (before == "closed" or due)
        if permit is not None:
            assert permit.probe is due
            self.out.append(permit)

    @rule(seconds=st.integers(1, 40))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(place=st.integers(0, 20), how=st.sampled_from(["succeeded", "failed", "left"]))
    def told(self, place: int, how: str) -> None:
        if not self.out:
            return
        permit = self.out.pop(place % len(self.out))
        before = self.circuit.state
        if how == "failed":
            self.circuit.failed(permit, self.clock.time)
        else:
            getattr(self.circuit, how)(permit)
        if permit.probe:
            assert self.circuit.state == ("closed" if how == "succeeded" else "open")
        elif before != "closed":
            assert self.circuit.state == before
        else:
            self.in_a_row = {"succeeded": 0, "failed": self.in_a_row + 1, "left": self.in_a_row}[how]
            assert (self.circuit.state == "open") is (self.in_a_row >= 5)
        if self.circuit.state != "closed" or (permit.probe and how == "succeeded"):
            self.in_a_row = 0

    @invariant()
    def one_probe(self) -> None:
        assert sum(permit.probe for permit in self.out) == (self.circuit.state == "probing")


TestCircuit = CircuitMachine.TestCase
TestCircuit.settings = settings(deadline=None, max_examples=80)


async def test_a_healthy_primary_costs_hardly_any_time() -> None:
    """Some 5 µs are usual; an answer takes 1 ms on the simulator, and hundreds from a provider."""
    primary, rounds = fake(OPENAI), 500
    asks = failover(FakeClock(), primary, fake(GEMINI))
    took: dict[str, list[float]] = {"alone": [], "through": []}
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(rounds):
            await primary.ask(QUESTION, model="gpt-6-luna", max_output_tokens=20)
        took["alone"].append(time.perf_counter() - began)
        began = time.perf_counter()
        for _ in range(rounds):
            await asks.ask(QUESTION, max_output_tokens=20)
        took["through"].append(time.perf_counter() - began)
    assert (min(took["through"]) - min(took["alone"])) / rounds < 50e-6
