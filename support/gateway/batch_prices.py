"""What a batch costs: prices of its requests, their sum, and the dearest of several models."""

from collections.abc import Iterable
from decimal import Decimal
from typing import cast

from support.gateway.call import Bound
from support.ledger.budget import Tier
from support.ledger.prices import price, upper_bound
from support.values import BatchItem, ItemStatus, Provider, Usage


class Tally:
    """Sums of the results that were read."""

    def __init__(self) -> None:
        self._tokens = dict.fromkeys(Usage.model_fields, 0)
        self.cost_usd: Decimal | None = Decimal(0)

    def add(self, item: BatchItem) -> None:
        if item.usage is not None:
            for name in self._tokens:
                self._tokens[name] += getattr(item.usage, name)
        known = self.cost_usd is not None and item.cost_usd is not None
        self.cost_usd = cast(Decimal, self.cost_usd) + cast(Decimal, item.cost_usd) if known else None

    @property
    def usage(self) -> Usage:
        return Usage(**self._tokens)


def price_tier() -> Tier:
    """Batches have prices of their own: half of the others (provider-facts 7)."""
    return "batch"


def cost_of(provider: Provider, model: str | None, status: ItemStatus, usage: Usage | None) -> Decimal | None:
    """What one request of a batch costs: nothing, if it did not succeed; None where no price, or no usage, is known."""
    if status != "succeeded":
        return Decimal(0)
    return None if model is None or usage is None else price(provider, model, usage, price_tier())


def dearest(provider: Provider, models: Iterable[str], bound: Bound, tier: Tier) -> str:
    """The model whose price for all requests is the highest; one without a price before all."""

    def highest(model: str) -> Decimal:
        cost = upper_bound(provider, model, bound.input_tokens, bound.output_tokens, tier)
        return Decimal("Infinity") if cost is None else cost

    return max(models, key=highest)
