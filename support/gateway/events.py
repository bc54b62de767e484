"""What the choke point tells whoever listens: one event a call, after it ended."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal

from support.errors import TouchstoneError
from support.gateway.exchanges import Exchange
from support.values import Money, Provider, Usage


@dataclass(frozen=True, slots=True)
class Account:
    """On whose behalf a call is made: who pays, and where it shows in the reports."""

    run_id: str
    scenario: str
    area: str
    row: str
    money: Money


@dataclass(frozen=True, slots=True)
class CallEvent:
    """One call of the gateway, ended; or the cost of one that went on costing (`late`)."""

    account: Account
    provider: Provider
    operation: str
    """`files.upload`, `chat.create`, …: the same names on every provider."""
    model: str | None
    seconds: float
    """Real time, waits on the wall clock included."""
    attempts: int
    exchanges: tuple[Exchange, ...]
    usage: Usage | None
    cost_usd: Decimal | None
    """None where the call is free of charge or its model has no known price; `unpriced` tells which."""
    unpriced: bool
    error: TouchstoneError | None
    late: bool = False
    """The call was told before, and only now is its cost known: what it paid for was kept, and is kept no longer."""


Listener = Callable[[CallEvent], None]

heard: ContextVar[list[CallEvent] | None] = ContextVar("heard", default=None)
"""Where whoever makes calls wants their events too, beside those who always listen."""
