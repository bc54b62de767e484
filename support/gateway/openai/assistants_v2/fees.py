"""What a run costs beside its tokens: each search, and one session of the interpreter (provider-facts 5.1, 11)."""

from collections.abc import Sequence
from decimal import Decimal

from support.ledger import own_price
from support.values import Provider, RunStep

_CALLS = 1000
"""For which the price of searches is given."""


def fees_of(steps: Sequence[RunStep]) -> Decimal | None:
    """US dollars for what these steps used; None where a price is not known."""
    searches = sum(step.kind == "search" for step in steps)
    sessions = int(any(step.kind == "code" for step in steps))
    used = {"file_search_call": Decimal(searches) / _CALLS, "code_interpreter_session": Decimal(sessions)}
    total = Decimal(0)
    for item, amount in used.items():
        if amount:
            known = own_price(Provider.OPENAI, item)
            if known is None:
                return None
            total += known.dollars * amount
    return total
