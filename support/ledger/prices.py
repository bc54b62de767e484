"""What a call costs: token prices from genai-prices, and from our own data file what it does not know (storage, training, tools).

genai-prices takes a third of a second to load and 150 µs a calculation: it is loaded with the first price that is asked
for, and its rates are looked up once for each model and day.
"""

import tomllib
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from support.ledger.budget import Tier
from support.values import Provider, Usage, Value

if TYPE_CHECKING:
    from genai_prices.types import ModelPrice, TieredPrices

_PROVIDER_IDS = {Provider.OPENAI: "openai", Provider.ANTHROPIC: "anthropic", Provider.GEMINI: "google"}
_OWN_PRICES = Path(__file__).parent.parent / "catalogue" / "prices.toml"


class _Rates(NamedTuple):
    """US dollars for a million tokens, for prompts of more than `above` tokens (then for all of their tokens)."""

    above: int
    uncached_input: Decimal
    cache_read: Decimal
    cache_write_5m: Decimal
    cache_write_1h: Decimal
    output: Decimal


class OwnPrice(Value):
    """A price that genai-prices does not know: `dollars` for one `unit`, after `free` units."""

    provider: Provider
    item: str
    models: tuple[str, ...] = ("*",)
    unit: str
    dollars: Decimal
    free: Decimal = Decimal(0)
    until: date | None = None
    source: str
    confidence: Literal["high", "low"]


def price(
    provider: Provider, model: str, usage: Usage, tier: Tier = "standard", at: datetime | None = None
) -> Decimal | None:
    """What the tokens of a call cost in US dollars, at the prices of the (aware) moment `at`, now if not said.

    The same as genai-prices' `calc_price` (a test compares them); None where it knows no token price for the model, or none
    for batches where that is asked for.
    """
    rates = _rates(provider, model, tier, _day(at))
    if rates is None:
        return None
    total = usage.input_tokens
    level = next(level for level in rates if total > level.above)
    return (
        level.uncached_input * usage.uncached_input_tokens
        + level.cache_read * usage.cache_read_tokens
        + level.cache_write_5m * usage.cache_write_5m_tokens
        + level.cache_write_1h * usage.cache_write_1h_tokens
        + level.output * usage.output_tokens
    ).scaleb(-6)


def upper_bound(
    provider: Provider,
    model: str,
    max_input_tokens: int,
    max_output_tokens: int,
    tier: Tier = "standard",
    at: datetime | None = None,
) -> Decimal | None:
    """The most that a call with at most so many tokens can cost in US dollars; None where no price is known.

    Takes every input token at the dearest rate (a write to a cache costs up to twice the input rate, provider-facts 3.3),
    and of the rates for short and long prompts the dearest that the call can reach.
    """
    rates = _rates(provider, model, tier, _day(at))
    if rates is None:
        return None
    reachable = [level for level in rates if level.above < max_input_tokens]
    return max(
        max(level.uncached_input, level.cache_read, level.cache_write_5m, level.cache_write_1h) * max_input_tokens
        + level.output * max_output_tokens
        for level in reachable
    ).scaleb(-6)


def storage_price(
    provider: Provider, model: str, tokens: int, kept_for: timedelta, on: date | None = None
) -> Decimal | None:
    """What keeping so many tokens in a cache for so long costs in US dollars; None where no price is known (provider-facts 11)."""
    known = own_price(provider, "cache_storage", model, on)
    if known is None:
        return None
    hours = Decimal(kept_for // timedelta(microseconds=1)) / 3_600_000_000
    return known.dollars * tokens * hours / 1_000_000


def own_price(provider: Provider, item: str, model: str = "", on: date | None = None) -> OwnPrice | None:
    """The price of what is not a token (`vector_store_storage`, `training`, `cache_storage`, …) on a day (UTC); None if unknown."""
    day = on or datetime.now(UTC).date()
    for entry in own_prices():
        if (
            entry.provider == provider
            and entry.item == item
            and (entry.until is None or day <= entry.until)
            and any(fnmatchcase(model, pattern) for pattern in entry.models)
        ):
            return entry
    return None


@cache
def own_prices() -> tuple[OwnPrice, ...]:
    """All that the data file says, in its order."""
    with _OWN_PRICES.open("rb") as file:
        return tuple(OwnPrice.model_validate(entry) for entry in tomllib.load(file)["price"])


def _day(at: datetime | None) -> date:
    """No price of the three providers changes within a day (a test says so)."""
    return (at or datetime.now(UTC)).astimezone(UTC).date()


@lru_cache(maxsize=4096)
def _rates(provider: Provider, model: str, tier: Tier, day: date) -> tuple[_Rates, ...] | None:
    """The rates of a model, those for the longest prompts first; None where genai-prices knows no token price."""
    from genai_prices.data_snapshot import get_snapshot

    try:
        seller, known = get_snapshot().find_provider_model(
            model.removeprefix("models/"), None, _PROVIDER_IDS[provider], None
        )
    except LookupError:
        return None
    # As genai-prices does: a model that was found at another provider has that one's standard price alone.
    own = any(known is offered for offered in seller.models)
    context = {"processing": "batch"} if tier == "batch" and own else None
    prices = known.get_prices(datetime.combine(day, time(12), UTC), context)
    named = {name: value for name, value in vars(prices).items() if value is not None}
    if named and "input_mtok" not in named:
        return None  # sold by the hour or the character
    if context is not None:
        standard = known.get_prices(datetime.combine(day, time(12), UTC), None)
        if named.get("input_mtok") == standard.input_mtok:
            return None  # sold in batches at a price that it does not know: every batch price that it has is lower
    starts = {step.start for value in named.values() if not isinstance(value, Decimal) for step in value.tiers}
    return tuple(_level(prices, above) for above in sorted(starts | {-1}, reverse=True))


def _level(prices: "ModelPrice", above: int) -> _Rates:
    """The rates above a threshold. What has no price of its own is sold as the wider kind: a cached token as input."""

    def rate(*names: str) -> Decimal:
        for name in names:
            value: Decimal | TieredPrices | None = getattr(prices, name)
            if isinstance(value, Decimal):
                return value
            if value is not None:
                reached = [step.price for step in value.tiers if step.start <= above]
                return reached[-1] if reached else value.base
        return Decimal(0)

    return _Rates(
        above,
        rate("input_mtok"),
        rate("cache_read_mtok", "input_mtok"),
        rate("cache_write_mtok", "input_mtok"),
        rate("cache_write_1h_mtok", "cache_write_mtok", "input_mtok"),
        rate("output_mtok"),
    )
