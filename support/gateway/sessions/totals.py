"""What the turns of a session took: every turn once, its sums nothing but the sums of its rows."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from support.gateway.sessions.values import Turn
from support.ledger.prices import price
from support.values import ChatAnswer, Provider, Usage

NOTHING = Decimal(0)


def turn_of(answer: ChatAnswer, model: str, *, attempts: int, streamed: bool, at: datetime) -> Turn:
    """The row of an answered question, at the price that the ledger settles it with."""
    usage = usage_of_turn(answer.usage, attempts, streamed)
    return Turn(
        provider=answer.provider,
        model=model,
        usage=usage,
        cost_usd=price(answer.provider, model, usage),
        attempts=attempts,
        streamed=streamed,
        at=at,
    )


def usage_of_turn(usage: Usage, attempts: int, streamed: bool) -> Usage:
    """What a turn is counted with: the answer's own figures, however often it was asked and however it came."""
    del attempts, streamed
    return usage


def usage_of(turns: Sequence[Turn]) -> Usage:
    """All tokens of all turns."""
    sums = {name: sum(getattr(turn.usage, name) for turn in turns) for name in Usage.model_fields}
    return Usage(**sums)


def cost_of(turns: Sequence[Turn]) -> Decimal:
    """The sum of the prices that are known."""
    return sum((turn.cost_usd for turn in turns if turn.cost_usd is not None), NOTHING)


def by_provider(turns: Sequence[Turn]) -> dict[Provider, tuple[Turn, ...]]:
    """The turns of each provider that was asked."""
    rows: dict[Provider, list[Turn]] = {}
    for turn in turns:
        rows.setdefault(turn.provider, []).append(turn)
    return {provider: tuple(own) for provider, own in rows.items()}
