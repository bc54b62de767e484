"""Comparisons of calls with and without a cache, made up."""

from decimal import Decimal

from support.values import Arm, CachingFigures, CachingReport, Provider

KEY = "sim-gemini-7d1f0c2b9a44"
MODEL = "gemini-3.5-flash-lite"


def arm(p50: float, p95: float, cached: int, cost: str) -> Arm:
    """One side of twenty calls."""
    return Arm(
        seconds=(p50,) * 18 + (p95,) * 2,
        p50_seconds=p50,
        p95_seconds=p95,
        input_tokens=123_456,
        cached_tokens=cached,
        first_call_usd=Decimal(cost) / 10,
        later_call_usd=Decimal(cost) / 20,
        cost_usd=Decimal(cost),
    )


def compared(
    *, saving: str = "0.0271", storage: str = "0.0002", pays: int | None = 2, model: str = MODEL
) -> CachingReport:
    """A comparison with figures."""
    figures = CachingFigures(
        uncached=arm(0.764, 0.912, 0, "0.037"),
        cached=arm(0.214, 0.333, 119_000, "0.0097"),
        storage_usd=Decimal(storage),
        saving_usd=Decimal(saving),
        break_even_calls=pays,
    )
    return CachingReport(provider=Provider.GEMINI, model=model, failures=(), figures=figures)


def failed() -> CachingReport:
    """A comparison in which calls failed, one of them with a key in its words."""
    failures = (f"authentication: OpenAI chat.create: Incorrect API key: {KEY}.", "server_error: OpenAI: it broke")
    return CachingReport(provider=Provider.OPENAI, model="gpt-6-luna", failures=failures, figures=None)
