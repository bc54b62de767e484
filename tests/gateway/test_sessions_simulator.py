"""Sessions over each provider's gateway, against the running simulator: what is on the wire, remembered, counted and paid."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from support.errors import ContextOverflow, RateLimited
from support.gateway.call import ChokePoint
from support.gateway.capabilities import ProviderGateway
from support.gateway.events import Account
from support.gateway.open import open_gateway
from support.gateway.purse import LedgerPurse
from support.gateway.sessions import Session, SessionSettings, SessionStore, transfer
from support.ledger import Caps, History, Ledger
from support.values import Money, Provider, ToolOutput
from tests.gateway.conftest import Bench
from tests.gateway.session_bench import MODELS, WEATHER

pytestmark = pytest.mark.anyio

EVERY = pytest.mark.parametrize("provider", list(Provider))
ROUTES = pytest.mark.parametrize(
    ("source", "target"),
    [
        (Provider.OPENAI, Provider.ANTHROPIC),
        (Provider.ANTHROPIC, Provider.GEMINI),
        (Provider.GEMINI, Provider.OPENAI),
    ],
)


def gateway_of(bench: Bench, provider: Provider) -> ProviderGateway:
    return open_gateway(bench.endpoint(provider), bench.http, bench.choke)


async def begun(bench: Bench, provider: Provider, **settings: Any) -> Session:
    made = SessionSettings(max_output_tokens=500, **settings)
    return await Session.begin(provider, MODELS[provider], clock=bench.clock, system="Be brief.", settings=made)


def served(bench: Bench, provider: Provider, operation: str = "chat.create") -> int:
    return int(bench.tenant.state()["requests"]["by_operation"].get(f"{provider} {operation}", 0))


def last_request(bench: Bench) -> Any:
    return json.loads(bytes(bench.wire.exchanges[-1].request.kept))


def turns_on_the_wire(provider: Provider, body: Any) -> list[Any]:
    turns = body["contents" if provider is Provider.GEMINI else "messages"]
    return [one for one in turns if one["role"] not in ("system", "developer")]


@EVERY
async def test_a_loaded_session_remembers(bench: Bench, provider: Provider, tmp_path: Path) -> None:
    gateway = gateway_of(bench, provider)
    kept = await begun(bench, provider)
    await kept.say("My name is Alice.", gateway=gateway)
    await kept.say("What is 2 + 2?", gateway=gateway, stream=True)
    SessionStore(tmp_path, clock=bench.clock).save(kept)
    loaded = SessionStore(tmp_path, clock=bench.clock).load(kept.id)
    answer = await loaded.say("What is my name?", gateway=gateway)
    assert "Alice" in answer.text
    assert len(turns_on_the_wire(provider, last_request(bench))) == 5
    control = await begun(bench, provider)
    assert "Alice" not in (await control.say("What is my name?", gateway=gateway)).text
    assert bench.tenant.keys[provider] not in (tmp_path / f"{kept.id}.jsonl").read_text()


@EVERY
async def test_the_session_and_the_ledger_agree(bench: Bench, provider: Provider, tmp_path: Path) -> None:
    account = Account(run_id="tests", scenario="sessions", area="sessions", row="SS-04", money=Money.SIMULATED)
    ledger = Ledger.open(tmp_path / "ledger.db")
    purse = LedgerPurse(ledger, account, Caps(scenario=Decimal(9), run=Decimal(9), total=Decimal(9)))
    choke = ChokePoint(
        account=account,
        clock=bench.clock,
        purse=purse,
        register=bench.register,
        wire=bench.wire,
        listeners=[],
        attempts=2,
    )
    gateway = open_gateway(bench.endpoint(provider), bench.http, choke)
    kept = await begun(bench, provider)
    await kept.say("Say one.", gateway=gateway)
    bench.tenant.faults({"provider": provider, "operation": "chat.create", "do": {"status": 429, "retry_after": 2}})
    await kept.say("Say two.", gateway=gateway)
    await kept.say("Say three.", gateway=gateway, stream=True)
    refusal = {"status": 429, "retry_after": 2}
    bench.tenant.faults({"provider": provider, "operation": "chat.create", "times": 2, "do": refusal})
    with pytest.raises(RateLimited):
        await kept.say("Say four.", gateway=gateway)
    assert [turn.attempts for turn in kept.turns] == [1, 2, 1]
    assert len(kept.messages) == 6
    rows = [row for row in History(ledger).calls("tests") if row.operation == "chat.create" and row.usage]
    assert [row.usage for row in rows if row.usage and row.usage.output_tokens] == [turn.usage for turn in kept.turns]
    assert kept.cost_usd == sum(row.cost_usd or Decimal(0) for row in rows) > 0


@EVERY
async def test_a_small_window(bench: Bench, provider: Provider) -> None:
    gateway = gateway_of(bench, provider)
    kept = await begun(bench, provider, window_tokens=1000, reserve_tokens=100)
    filler = "This sentence is here to fill the window. " * 12
    await kept.say(f"My name is Alice. {filler}", gateway=gateway)
    for number in range(8):
        await kept.say(f"{filler} What is {number} + 1?", gateway=gateway)
    await kept.say("My dog is called Rex.", gateway=gateway)
    assert "Rex" in (await kept.say("What is my dog called?", gateway=gateway)).text
    assert "Alice" not in (await kept.say("What is my name?", gateway=gateway)).text
    assert len(kept.messages) == 24
    assert all(turn.usage.input_tokens <= 900 for turn in kept.turns)
    assert len(turns_on_the_wire(provider, last_request(bench))) < 23
    assert served(bench, provider, "tokens.count") <= 5 * len(kept.turns)
    before = served(bench, provider)
    kept.settings = kept.settings.model_copy(update={"strategy": "error"})
    with pytest.raises(ContextOverflow):
        await kept.say("Hello?", gateway=gateway)
    assert served(bench, provider) == before


@ROUTES
async def test_a_session_goes_on_elsewhere(bench: Bench, source: Provider, target: Provider) -> None:
    there = gateway_of(bench, source)
    kept = await begun(bench, source)
    await kept.say("My favourite colour is blue.", gateway=there)
    answer = await kept.say("What is the weather in New York?", gateway=there, tools=[WEATHER])
    outputs = [ToolOutput(call_id=one.id, output="sunny, 21 degrees") for one in answer.calls]
    assert outputs
    await kept.answer_calls(outputs, gateway=there, tools=[WEATHER])
    moved = transfer(kept, target, MODELS[target])
    answer = await moved.say("What is my favourite colour?", gateway=gateway_of(bench, target), tools=[WEATHER])
    assert "blue" in answer.text
    sent = json.dumps(last_request(bench))
    assert kept.messages[3].message.calls[0].id in sent or kept.messages[3].message.calls[0].id.startswith("touchstone")
    assert "get_weather" in sent
    assert "sunny" in sent
    assert "Be brief." in sent
    assert "ignature" not in sent
    assert len(kept.messages) == 6
    assert set(moved.usage_by_provider) == {source, target}
    assert sum(moved.cost_by_provider.values()) == moved.cost_usd


@EVERY
async def test_branches_on_the_wire(bench: Bench, provider: Provider) -> None:
    gateway = gateway_of(bench, provider)
    parent = await begun(bench, provider, max_messages=10)
    await parent.say("My name is Alice.", gateway=gateway)
    parent.checkpoint("fork")
    for name in ("LEFT", "RIGHT"):
        branch = parent.branch("fork")
        await branch.say(f"I go {name}.", gateway=gateway)
        await branch.say("What is my name?", gateway=gateway)
        sent = json.dumps(last_request(bench))
        assert [one in sent for one in ("LEFT", "RIGHT")] == [name == "LEFT", name == "RIGHT"]
    for number in range(6):
        await parent.say(f"What is {number} + 1?", gateway=gateway)
    assert len(parent.messages) == 10
    assert len(turns_on_the_wire(provider, last_request(bench))) <= 10
