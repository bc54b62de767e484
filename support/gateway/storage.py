"""What keeping a context costs while it is kept: each stretch of its life is one call's bill, settled when the stretch ends."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from support.gateway.call import Bill
from support.ledger.prices import storage_price
from support.values import CachedContext, Storage


@dataclass(slots=True)
class _Stretch:
    """A life between two decisions: from its creation or an update to the next update, its deletion or its expiry."""

    cache: CachedContext
    since: datetime
    until: datetime
    """When it expires, unless somebody decides otherwise."""
    bill: Bill
    ended: bool = False

    def storage(self, now: datetime) -> Storage:
        """What it has come to at `now`."""
        time = max(timedelta(), min(now, self.until) - self.since)
        cache = self.cache
        cost = storage_price(cache.provider, cache.model, cache.tokens, time, on=self.since.date())
        return Storage(tokens=cache.tokens, time=time, cost_usd=cost)


@dataclass(slots=True)
class StorageMeter:
    """The stretches of every context that one scenario keeps, by its id."""

    _stretches: dict[str, list[_Stretch]] = field(default_factory=dict)

    def begin(self, cache: CachedContext, since: datetime, bill: Bill) -> None:
        """A stretch begins: with the cache itself, or with a new end of its life; an earlier one ends here."""
        self.end(cache.id, since)
        stretch = _Stretch(cache, since, cache.expires_at, bill)
        self._stretches.setdefault(cache.id, []).append(stretch)

    def end(self, cache_id: str, now: datetime) -> None:
        """The cache is gone, or lives on under another bill: its storage costs no more from `now` on, and is settled."""
        stretches = self._stretches.get(cache_id)
        if stretches and not stretches[-1].ended:
            last = stretches[-1]
            last.ended = True
            last.until = min(now, last.until)
            last.bill.settle(last.storage(now))

    def cache(self, cache_id: str) -> CachedContext | None:
        """The context as it was when its latest stretch began; None for one that this scenario did not make."""
        stretches = self._stretches.get(cache_id)
        return stretches[-1].cache if stretches else None

    def storage(self, cache_id: str, now: datetime) -> Storage:
        """All stretches together; raises LookupError for a cache that this scenario did not make."""
        parts = [stretch.storage(now) for stretch in self._stretches[cache_id]]
        costs = [part.cost_usd for part in parts if part.cost_usd is not None]
        return Storage(
            tokens=parts[-1].tokens,
            time=sum((part.time for part in parts), timedelta()),
            cost_usd=sum(costs, Decimal(0)) if len(costs) == len(parts) else None,
        )
