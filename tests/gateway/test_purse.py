"""The purse: with a limit of one cent and calls of 0.4 cents exactly two go out, and the third is refused unsent."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from support.errors import BudgetExceeded, UnknownPrice
from support.gateway import purse as purses
from support.gateway.call import Bound, Operation
from support.gateway.events import Account
from support.gateway.purse import LedgerPurse
from support.gateway.retry import Repeat
from support.ledger import Caps, History, Ledger
from support.values import Money, Provider, Usage

CENT = Decimal("0.01")
CALL = Decimal("0.004")
USAGE = Usage(uncached_input_tokens=10, output_tokens=5)


def account(money: Money = Money.LIVE, run: str = "run1") -> Account:
    return Account(run, "a scenario", "files", "FM-08", money)


def chat(count: int | None = None, model: str = "gpt-6-luna") -> Operation:
    async def counted() -> int:
        return count or 0

    bound = Bound(1000, 100, None if count is None else counted)
    return Operation(Provider.OPENAI, "chat.create", Repeat.IF_REFUSED, model=model, bound=bound)


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    monkeypatch.setattr(
        purses, "upper_bound", lambda provider, model, tokens, out, tier: CALL if tokens == 1000 else CENT / 100
    )
    monkeypatch.setattr(purses, "price", lambda provider, model, usage, tier: CALL)
    return Ledger.open(tmp_path)


def test_two_calls_go_out_and_the_third_is_refused(ledger: Ledger) -> None:
    with ledger:
        purse = LedgerPurse(ledger, account(), Caps(run=CENT))
        for _ in range(2):
            purse.settle(asyncio.run(purse.reserve(chat())), USAGE, 1)
        with pytest.raises(BudgetExceeded) as refused:
            asyncio.run(purse.reserve(chat()))
        assert (refused.value.cap, refused.value.committed) == ("run", 2 * CALL)
        assert sum(call.cost_usd or 0 for call in History(ledger).calls("run1")) == 2 * CALL


def test_near_a_cap_the_providers_count_decides(ledger: Ledger) -> None:
    with ledger:
        purse = LedgerPurse(ledger, account(), Caps(run=CALL / 2))
        with pytest.raises(BudgetExceeded):
            asyncio.run(purse.reserve(chat()))
        asyncio.run(purse.reserve(chat(count=7)))


def test_the_total_survives_runs_and_simulated_money_never_touches_it(ledger: Ledger, tmp_path: Path) -> None:
    caps = Caps(total=CENT)
    with ledger:
        for run in ("run1", "run2"):
            purse = LedgerPurse(ledger, account(run=run), caps)
            purse.settle(asyncio.run(purse.reserve(chat())), USAGE, 1)
    with Ledger.open(tmp_path) as again:
        for _ in range(5):
            LedgerPurse(again, account(Money.SIMULATED, "run3"), caps)
            simulated = LedgerPurse(again, account(Money.SIMULATED, "run3"), caps)
            simulated.settle(asyncio.run(simulated.reserve(chat())), USAGE, 1)
        with pytest.raises(BudgetExceeded):
            asyncio.run(LedgerPurse(again, account(run="run4"), caps).reserve(chat()))


def test_a_model_without_a_price_is_refused_live_unless_it_is_named(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purses, "upper_bound", lambda *_: None)
    monkeypatch.setattr(purses, "price", lambda *_: None)
    with ledger:
        with pytest.raises(UnknownPrice):
            asyncio.run(LedgerPurse(ledger, account(), Caps()).reserve(chat(model="new")))
        for purse in (
            LedgerPurse(ledger, account(), Caps(), may_be_unpriced=["new"]),
            LedgerPurse(ledger, account(Money.SIMULATED), Caps()),
        ):
            cost, unpriced = purse.settle(asyncio.run(purse.reserve(chat(model="new"))), USAGE, 1)
            assert (cost, unpriced) == (None, True)
        assert {model.model for model in History(ledger).unpriced("run1")} == {"new"}
