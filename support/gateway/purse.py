"""The choke point's purse: reserves in the ledger what a call can cost, and settles what the provider's figures say it did."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from support.errors import UnknownPrice
from support.gateway.call import Bound, Held, Operation
from support.gateway.events import Account
from support.ledger.budget import Caps, Entry, Refusal
from support.ledger.ledger import Ledger, Reservation
from support.ledger.prices import price, storage_price, upper_bound
from support.values import Money, Storage, Usage

FREE = Decimal(0)


@dataclass(slots=True)
class HeldMoney:
    """A reservation, with what is needed to settle it."""

    reservation: Reservation
    operation: Operation


class LedgerPurse:
    """One scenario's hand on the ledger: one row for each call, billable or free."""

    def __init__(self, ledger: Ledger, account: Account, caps: Caps, *, may_be_unpriced: Collection[str] = ()) -> None:
        self._ledger = ledger
        self._account = account
        self._caps = caps
        self._may_be_unpriced = frozenset(may_be_unpriced)

    async def reserve(self, operation: Operation) -> Held:
        entry = self._entry(operation)
        if operation.bound is None:
            return HeldMoney(self._reserved(self._ledger.reserve(entry, FREE, self._caps)), operation)
        highest = self._highest(operation, operation.bound, operation.bound.input_tokens)
        outcome = self._ledger.reserve(entry, highest, self._caps)
        if isinstance(outcome, Refusal):
            outcome = await self._tightened(entry, operation, operation.bound, highest)
        return HeldMoney(self._reserved(outcome), operation)

    async def _tightened(
        self, entry: Entry, operation: Operation, bound: Bound, highest: Decimal
    ) -> Reservation | Refusal:
        """Near a cap the provider's own count replaces the local bound; what still would cross waits, or is refused."""
        if bound.count is not None:
            highest = min(highest, self._highest(operation, bound, await bound.count()))
        return await self._ledger.reserve_or_wait(entry, highest, self._caps)

    def settle(self, held: Held, usage: Usage | None, attempts: int) -> tuple[Decimal | None, bool]:
        money = _own(held)
        operation = money.operation
        if operation.bound is None:
            self._ledger.settle(money.reservation, usage, FREE, attempts)
            return None, False
        if usage is None or operation.model is None:
            self._ledger.leave_reserved(money.reservation, attempts)
            return None, False
        cost = price(operation.provider, operation.model, usage, operation.tier)
        self._ledger.settle(money.reservation, usage, cost, attempts)
        return cost, cost is None

    def settle_late(
        self, held: Held, usage: Usage, fees_usd: Decimal | None, attempts: int
    ) -> tuple[Decimal | None, bool]:
        money = _own(held)
        operation = money.operation
        tokens = price(operation.provider, operation.model or "", usage, operation.tier)
        cost = None if tokens is None or fees_usd is None else tokens + fees_usd
        self._ledger.settle(money.reservation, usage, cost, attempts)
        return cost, cost is None

    def settle_sum(
        self, held: Held, usage: Usage, cost_usd: Decimal | None, attempts: int
    ) -> tuple[Decimal | None, bool]:
        self._ledger.settle(_own(held).reservation, usage, cost_usd, attempts)
        return cost_usd, cost_usd is None

    def settle_kept(self, held: Held, usage: Usage, kept: Storage, attempts: int) -> tuple[Decimal | None, bool]:
        money = _own(held)
        operation = money.operation
        read = price(operation.provider, operation.model or "", usage, operation.tier)
        cost = None if read is None or kept.cost_usd is None else read + kept.cost_usd
        self._ledger.settle(money.reservation, usage, cost, attempts)
        return cost, cost is None

    def release(self, held: Held, attempts: int) -> None:
        self._ledger.release(_own(held).reservation, attempts)

    def keep(self, held: Held, attempts: int) -> None:
        self._ledger.leave_reserved(_own(held).reservation, attempts)

    def _highest(self, operation: Operation, bound: Bound, input_tokens: int) -> Decimal:
        model = operation.model or ""
        highest = upper_bound(operation.provider, model, input_tokens, bound.output_tokens, operation.tier)
        if highest is not None and bound.kept_for is not None:
            kept = input_tokens if bound.kept_tokens is None else bound.kept_tokens
            storage = storage_price(operation.provider, model, kept, bound.kept_for)
            highest = None if storage is None else highest + storage
        if highest is not None:
            highest = None if bound.fees_usd is None else highest + bound.fees_usd
        if highest is not None:
            return highest
        if self._account.money is Money.LIVE and model not in self._may_be_unpriced:
            raise UnknownPrice(
                f"no price is known for the model {model}; name it in allow_unpriced to use it all the same",
                provider=operation.provider,
                operation=operation.name,
            )
        return FREE

    @staticmethod
    def _reserved(outcome: Reservation | Refusal) -> Reservation:
        if isinstance(outcome, Refusal):
            raise outcome.error()
        return outcome

    def _entry(self, operation: Operation) -> Entry:
        account = self._account
        return Entry(
            run=account.run_id,
            scenario=account.scenario,
            area=account.area,
            row=account.row,
            provider=operation.provider,
            model=operation.model,
            operation=operation.name,
            money=account.money,
            tier=operation.tier,
        )


def _own(held: Held) -> HeldMoney:
    assert isinstance(held, HeldMoney)
    return held
