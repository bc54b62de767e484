"""What may be spent: caps, what each is compared with, and the refusal that says which one stands in the way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, NamedTuple

from support.errors import BudgetExceeded
from support.ledger.money import to_dollars, to_units
from support.values import Money, Provider

CapName = Literal["scenario", "run", "total"]
Tier = Literal["standard", "batch"]


@dataclass(frozen=True, slots=True)
class Entry:
    """Who makes which call, as known before it leaves. `scenario` is '' for a call outside of scenarios."""

    run: str
    scenario: str
    area: str
    row: str
    provider: Provider
    model: str | None
    """None for a call that names no model."""
    operation: str
    money: Money
    tier: Tier = "standard"


@dataclass(frozen=True, slots=True)
class Caps:
    """Upper limits in US dollars; None is no limit. `total` holds across runs, and for live money alone."""

    scenario: Decimal | None = None
    run: Decimal | None = None
    total: Decimal | None = None

    limits: dict[CapName, int] = field(init=False, repr=False, compare=False)
    """Those that there are, in units."""

    def __post_init__(self) -> None:
        given: dict[CapName, Decimal | None] = {"scenario": self.scenario, "run": self.run, "total": self.total}
        limits = {cap: to_units(dollars) for cap, dollars in given.items() if dollars is not None}
        object.__setattr__(self, "limits", limits)


class Scope(NamedTuple):
    """A line of the running totals."""

    money: str
    run: str
    scenario: str


class Figures(NamedTuple):
    """A line's money in units: held for calls under way (or lost), and settled."""

    reserved: int
    settled: int

    @property
    def committed(self) -> int:
        return self.reserved + self.settled


def scopes_of(entry: Entry) -> dict[Scope, CapName]:
    """The lines that a call counts in, each with the cap on it. Simulated money has no total: it is not money.

    In the order in which every process locks them, so that two never wait for each other.
    """
    money = str(entry.money)
    scopes: dict[Scope, CapName] = {}
    if entry.money is Money.LIVE:
        scopes[Scope(money, "", "")] = "total"
    scopes[Scope(money, entry.run, "")] = "run"
    if entry.scenario:
        scopes[Scope(money, entry.run, entry.scenario)] = "scenario"
    return scopes


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call may not leave: the cap, and US dollars."""

    cap: CapName
    limit: Decimal
    committed: Decimal
    """Settled, or reserved by calls under way or lost."""
    unsettled: Decimal
    """The reserved part of it."""
    asked: Decimal
    worth_waiting: bool
    """Whether living processes hold reservations here that could, when settled, leave enough for this call."""
    figures: Mapping[Scope, Figures]
    """What it was decided on."""

    @property
    def sentence(self) -> str:
        held = f", {_text(self.unsettled)} of it held by calls without an answer" if self.unsettled else ""
        whose = {"scenario": "this scenario", "run": "this run", "total": "all live runs together"}[self.cap]
        return (
            f"The call could cost up to {_text(self.asked)}, but the budget of {_text(self.limit)} for {whose} "
            f"has only {_text(max(Decimal(0), self.limit - self.committed))} left ({_text(self.committed)} is spent{held}): "
            f"raise that limit or ask for less; nothing was sent."
        )

    def error(self, provider: Provider | None = None) -> BudgetExceeded:
        """The error of the gateway's vocabulary that says the same."""
        return BudgetExceeded(
            self.sentence,
            cap=self.cap,
            limit=self.limit,
            committed=self.committed,
            asked=self.asked,
            provider=provider,
        )


def crossed(
    scopes: Mapping[Scope, CapName], figures: Mapping[Scope, Figures], asked: int, caps: Caps
) -> list[tuple[Scope, CapName, int]]:
    """The caps that `asked` more units would cross, narrowest first, each with its limit in units.

    A call that costs nothing crosses none: cleaning up must stay possible when the money is gone.
    """
    if not asked:
        return []
    found = []
    for scope, cap in reversed(list(scopes.items())):
        limit = caps.limits.get(cap)
        if limit is not None and sum(figures[scope]) + asked > limit:
            found.append((scope, cap, limit))
    return found


def refuse(
    over: list[tuple[Scope, CapName, int]], figures: Mapping[Scope, Figures], alive: Mapping[Scope, int], asked: int
) -> Refusal:
    """The refusal for caps that are `crossed`; `alive` is what living processes hold in each, in units.

    Waiting is worth while if every one of them could come free; else the one that cannot is named.
    """
    hopeless = [item for item in over if figures[item[0]].committed - alive[item[0]] + asked > item[2]]
    scope, cap, limit = (hopeless or over)[0]
    return Refusal(
        cap=cap,
        limit=to_dollars(limit),
        committed=to_dollars(figures[scope].committed),
        unsettled=to_dollars(figures[scope].reserved),
        asked=to_dollars(asked),
        worth_waiting=not hopeless,
        figures=dict(figures),
    )


def _text(dollars: Decimal) -> str:
    return f"${dollars}"
