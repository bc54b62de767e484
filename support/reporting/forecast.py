"""What the calls of a simulated run would cost live: the same tokens at today's prices, and what was reserved for them."""

from decimal import Decimal

from support.ledger import History, Ledger, price
from support.values import Provider, Value


class ForecastLine(Value):
    """The billable calls of one area with one provider; money in US dollars."""

    area: str
    provider: Provider
    calls: int
    expected_usd: Decimal
    """The tokens that the simulator counted: a live provider counts a page of a document higher."""
    highest_usd: Decimal
    """What the gateway would set aside before the calls leave: never crossed, as long as each answer keeps its limit."""


class Forecast(Value):
    """All areas and providers of a run, and the models that have no known price."""

    lines: tuple[ForecastLine, ...]
    unpriced: tuple[str, ...]

    @property
    def expected_usd(self) -> Decimal:
        return sum((line.expected_usd for line in self.lines), Decimal(0))

    @property
    def highest_usd(self) -> Decimal:
        return sum((line.highest_usd for line in self.lines), Decimal(0))


def forecast_of(ledger: Ledger, run: str) -> Forecast:
    """The forecast from the rows of `run`: every area and provider that it called, also where nothing is billed."""
    groups: dict[tuple[str, Provider], list[Decimal]] = {}
    unpriced: set[str] = set()
    for call in History(ledger).calls(run):
        group = groups.setdefault((call.area, call.provider), [Decimal(0), Decimal(0), Decimal(0)])
        group[0] += 1
        group[2] += call.reserved_usd
        if call.usage.input_tokens + call.usage.output_tokens == 0 or call.model is None:
            continue
        cost = price(call.provider, call.model, call.usage)
        if cost is None:
            unpriced.add(f"{call.provider} {call.model}")
        else:
            group[1] += cost
    lines = tuple(
        ForecastLine(area=area, provider=provider, calls=int(calls), expected_usd=expected, highest_usd=highest)
        for (area, provider), (calls, expected, highest) in sorted(groups.items())
    )
    return Forecast(lines=lines, unpriced=tuple(sorted(unpriced)))
