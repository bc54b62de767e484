"""What the suite spends: reservations under caps, one row a call, prices, and what a run cost afterwards.

`Ledger.open(folder or URL)` is the way in; `History(ledger)` reads back; `price` and `upper_bound` say what tokens cost.
"""

from support.ledger.budget import Caps, Entry, Refusal, Tier
from support.ledger.database import LedgerUnavailable
from support.ledger.history import Call, History, Line, RunFacts, UnpricedModel, total
from support.ledger.ledger import Ledger, Reservation, Standing
from support.ledger.prices import OwnPrice, own_price, price, storage_price, upper_bound

__all__ = [
    "Call",
    "Caps",
    "Entry",
    "History",
    "Ledger",
    "LedgerUnavailable",
    "Line",
    "OwnPrice",
    "Refusal",
    "Reservation",
    "RunFacts",
    "Standing",
    "Tier",
    "UnpricedModel",
    "own_price",
    "price",
    "storage_price",
    "total",
    "upper_bound",
]
