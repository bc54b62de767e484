"""Prices are those of genai-prices, unknown ones are unknown, and a bound is never below the price."""

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import genai_prices
import pytest
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import StartDateConstraint
from hypothesis import given, settings
from hypothesis import strategies as st

from support.ledger import Tier, own_price, price, storage_price, upper_bound
from support.ledger.money import UNITS_PER_DOLLAR
from support.ledger.prices import own_prices
from support.values import Provider, Usage

ROOT = Path(__file__).parents[2]
SELLERS = {Provider.OPENAI: "openai", Provider.ANTHROPIC: "anthropic", Provider.GEMINI: "google"}
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def models() -> list[tuple[Provider, Any]]:
    """All models that genai-prices knows of our providers."""
    return [
        (provider, model)
        for provider, seller in SELLERS.items()
        for known in get_snapshot().providers
        if known.id == seller
        for model in known.models
    ]


def sold_by_token() -> list[tuple[Provider, str]]:
    """The names under which a model is found that has a price for input tokens."""
    names = []
    for provider, model in models():
        try:
            _, found = get_snapshot().find_provider_model(model.id, None, SELLERS[provider], None)
        except LookupError:
            continue  # the id of a family, such as ft:gpt-4o
        if vars(found.get_prices(NOW)).get("input_mtok") is not None:
            names.append((provider, model.id))
    return names


tokens = st.one_of(st.integers(0, 2_000), st.integers(90_000, 310_000))
usages = st.builds(
    Usage,
    uncached_input_tokens=tokens,
    cache_read_tokens=tokens,
    cache_write_5m_tokens=tokens,
    cache_write_1h_tokens=tokens,
    output_tokens=tokens,
)
moments = st.datetimes(datetime(2026, 7, 1), datetime(2027, 2, 1), timezones=st.just(UTC))
tiers: st.SearchStrategy[Tier] = st.sampled_from(["standard", "batch"])


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sold_by_token()), usages, tiers, moments)
def test_a_price_is_what_genai_prices_says(which: tuple[Provider, str], usage: Usage, tier: Tier, at: datetime) -> None:
    provider, model = which
    expected = genai_prices.calc_price(
        genai_prices.Usage(
            input_tokens=usage.input_tokens,
            cache_read_tokens=usage.cache_read_tokens,
            cache_write_tokens=usage.cache_write_5m_tokens + usage.cache_write_1h_tokens,
            cache_write_1h_tokens=usage.cache_write_1h_tokens,
            output_tokens=usage.output_tokens,
        ),
        model,
        provider_id=SELLERS[provider],
        genai_request_timestamp=at,
        price_context={"processing": "batch"} if tier == "batch" else None,
    )
    told = price(provider, model, usage, tier, at)
    assert told == expected.total_price or (told is None and has_no_batch_price(provider, model, at, tier))


def has_no_batch_price(provider: Provider, model: str, at: datetime, tier: Tier) -> bool:
    """Whether genai-prices, asked for the price of a batch, falls back to that of a single call."""
    asked = genai_prices.Usage(input_tokens=1000)
    named = {"provider_id": SELLERS[provider], "genai_request_timestamp": at}
    single = genai_prices.calc_price(asked, model, **named)
    batch = genai_prices.calc_price(asked, model, **named, price_context={"processing": "batch"})
    return tier == "batch" and batch.total_price == single.total_price


def test_a_model_without_a_price_for_batches_has_none() -> None:
    tokens = Usage(uncached_input_tokens=1000)
    assert price(Provider.OPENAI, "text-embedding-3-small", tokens, "batch", NOW) is None
    assert upper_bound(Provider.OPENAI, "text-embedding-3-small", 1000, 0, "batch", NOW) is None
    assert price(Provider.OPENAI, "text-embedding-3-small", tokens, "standard", NOW) == D("0.00002")


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sold_by_token()), usages, tiers, moments, st.integers(0, 1000), st.integers(0, 1000))
def test_a_bound_is_never_below_the_price(
    which: tuple[Provider, str], usage: Usage, tier: Tier, at: datetime, more_in: int, more_out: int
) -> None:
    provider, model = which
    bound = upper_bound(provider, model, usage.input_tokens + more_in, usage.output_tokens + more_out, tier, at)
    cost = price(provider, model, usage, tier, at)
    if bound is None or cost is None:
        assert (bound, cost) == (None, None)
        assert has_no_batch_price(provider, model, at, tier)
        return
    assert bound >= cost


def test_no_price_of_ours_changes_within_a_day_or_needs_rounding() -> None:
    """What `support.ledger.prices` and `support.ledger.money` count on."""
    finest = D(1_000_000) / UNITS_PER_DOLLAR
    for provider, model in models():
        conditions = model.prices if isinstance(model.prices, list) else []
        offers = [*conditions, *(model.price_variants or [])]
        for offer in offers:
            assert offer.constraint is None or isinstance(offer.constraint, StartDateConstraint), model.id
        for prices in [*(offer.prices for offer in offers), *([] if conditions else [model.prices])]:
            for name, value in vars(prices).items():
                if name.endswith("_mtok") and value is not None:
                    rates = [value] if isinstance(value, D) else [value.base, *(step.price for step in value.tiers)]
                    assert all(rate % finest == 0 for rate in rates), (provider, model.id, name)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        (Provider.OPENAI, "gpt-6.2-sol"),
        (Provider.OPENAI, "ft:gpt-4.1-mini-2025-04-14:touchstone::abc"),
        (Provider.OPENAI, "whisper-1"),  # by the hour
        (Provider.OPENAI, "tts-1"),  # by the character
        (Provider.ANTHROPIC, "gpt-6-luna"),
        (Provider.GEMINI, "no-such-model"),
        (Provider.GEMINI, ""),
    ],
)
def test_what_has_no_token_price_is_unpriced(provider: Provider, model: str) -> None:
    assert price(provider, model, Usage(uncached_input_tokens=1)) is None
    assert upper_bound(provider, model, 1, 1) is None


@pytest.mark.parametrize(
    ("provider", "model", "usage", "dollars"),
    [
        (Provider.OPENAI, "gpt-6-luna", Usage(uncached_input_tokens=1_000, output_tokens=100), "0.00015"),
        (Provider.OPENAI, "gpt-6-luna", Usage(uncached_input_tokens=272_001, output_tokens=100), "0.0544752"),
        (Provider.ANTHROPIC, "claude-haiku-5-5", Usage(cache_write_1h_tokens=1_000), "0.0002"),
        (Provider.ANTHROPIC, "claude-haiku-5-5", Usage(uncached_input_tokens=100_000), "0.01"),
        (
            Provider.ANTHROPIC,
            "claude-haiku-5-5",
            Usage(uncached_input_tokens=50_000, cache_read_tokens=50_001),
            "0.02750005",
        ),
        (
            Provider.GEMINI,
            "models/gemini-2.5-flash-lite",
            Usage(uncached_input_tokens=10, output_tokens=10),
            "0.000005",
        ),
        (
            Provider.GEMINI,
            "gemini-2.5-flash-lite",
            Usage(cache_read_tokens=1_000, cache_write_5m_tokens=1_000),
            "0.00011",
        ),
        (Provider.OPENAI, "text-embedding-3-small", Usage(uncached_input_tokens=1_000), "0.00002"),
    ],
)
def test_prices_of_the_fact_sheet(provider: Provider, model: str, usage: Usage, dollars: str) -> None:
    """provider-facts 11."""
    assert price(provider, model, usage, at=NOW) == D(dollars)


def test_batches_cost_half_and_promotions_end() -> None:
    usage = Usage(uncached_input_tokens=1_000_000, output_tokens=1_000_000)
    assert price(Provider.GEMINI, "gemini-3.8-flash", usage, at=NOW) == D("4.5")
    assert price(Provider.GEMINI, "gemini-3.8-flash", usage, "batch", NOW) == D("2.25")
    assert price(Provider.GEMINI, "gemini-3.8-flash", usage, at=NOW + timedelta(days=60)) == D("9")


def test_a_bound_takes_the_dearest_way_in() -> None:
    assert upper_bound(Provider.ANTHROPIC, "claude-haiku-5-5", 1_000, 100, at=NOW) == D("0.0002") + D("0.00005")
    assert upper_bound(Provider.ANTHROPIC, "claude-haiku-5-5", 100_001, 0, at=NOW) == D("0.100001")
    assert upper_bound(Provider.OPENAI, "gpt-6-luna", 0, 100, at=NOW) == D("0.00005")


def test_what_is_not_a_token_has_a_price_with_its_source() -> None:
    storage = own_price(Provider.OPENAI, "vector_store_storage")
    assert storage is not None
    assert (storage.dollars, storage.free, storage.unit, storage.confidence) == (D("0.10"), D(1), "GB-day", "low")

    def dollars(item: str, model: str, on: date) -> D | None:
        found = own_price(Provider.GEMINI if item == "cache_storage" else Provider.OPENAI, item, model, on)
        return None if found is None else found.dollars

    today, next_year = date(2026, 12, 31), date(2027, 1, 1)
    assert dollars("cache_storage", "gemini-3.8-flash", today) == D("0.50")
    assert dollars("cache_storage", "gemini-3.8-flash", next_year) == D("1.00")
    assert dollars("cache_storage", "gemini-2.5-pro", today) == D("4.50")
    assert dollars("training", "gpt-4.1-mini-2025-04-14", today) == D("5.00")
    assert dollars("training", "gpt-4.1-2025-04-14", today) == D("25.00")
    assert dollars("training", "gpt-6-luna", today) is None
    assert all(entry.source.startswith("provider-facts ") for entry in own_prices())


@pytest.mark.parametrize(
    ("model", "tokens", "kept_for", "dollars"),
    [
        ("gemini-3.5-flash-lite", 1_000_000, timedelta(hours=1), "1"),
        ("gemini-3.5-flash-lite", 1_000_000, timedelta(minutes=6), "0.1"),
        ("gemini-3.5-flash-lite", 500_000, timedelta(days=1), "12"),
        ("gemini-3.5-flash-lite", 3_600, timedelta(seconds=1), "0.000001"),
        ("gemini-2.5-pro", 2_000_000, timedelta(minutes=30), "4.5"),
        ("gemini-3.5-flash-lite", 0, timedelta(days=1), "0"),
        ("gemini-3.5-flash-lite", 1_000_000, timedelta(), "0"),
    ],
)
def test_storage_costs_by_the_token_and_the_hour(model: str, tokens: int, kept_for: timedelta, dollars: str) -> None:
    """provider-facts 11."""
    assert storage_price(Provider.GEMINI, model, tokens, kept_for) == D(dollars)


def test_the_price_of_storage_is_that_of_its_day() -> None:
    kept = (Provider.GEMINI, "gemini-3.8-flash", 1_000_000, timedelta(hours=1))
    assert storage_price(*kept, on=date(2026, 12, 31)) == D("0.50")
    assert storage_price(*kept, on=date(2027, 1, 1)) == D("1.00")


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        (Provider.OPENAI, "gpt-6-luna"),
        (Provider.ANTHROPIC, "claude-haiku-5-5"),
        (Provider.GEMINI, "gemini-embedding-001"),
        (Provider.GEMINI, ""),
    ],
)
def test_storage_that_nobody_sells_has_no_price_and_is_not_free(provider: Provider, model: str) -> None:
    assert storage_price(provider, model, 0, timedelta()) is None


@given(
    st.integers(0, 2_000_000),
    st.timedeltas(timedelta(), timedelta(days=30)),
    st.timedeltas(timedelta(), timedelta(days=30)),
)
def test_two_stretches_cost_what_one_costs(tokens_kept: int, one: timedelta, other: timedelta) -> None:
    def cost(time: timedelta) -> D:
        known = storage_price(Provider.GEMINI, "gemini-3.5-flash-lite", tokens_kept, time)
        assert known is not None
        return known

    assert abs(cost(one) + cost(other) - cost(one + other)) < D("1e-15")


def test_genai_prices_is_loaded_with_the_first_price_only() -> None:
    script = """
import sys, support.ledger
from support.values import *
assert "genai_prices" not in sys.modules
support.ledger.price(Provider.OPENAI, "gpt-6-luna", Usage())
assert "genai_prices" in sys.modules
"""
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
