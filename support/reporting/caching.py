"""The comparison of calls with and without a cache: as JSON, as a picture, and as lines for the console."""

from decimal import Decimal
from html import escape

from support.reporting.exhibits import Exhibit
from support.reporting.recorder import in_dollars
from support.values import Arm, CachingFigures, CachingReport

_WIDTH, _LEFT, _BAR = 640, 150, 18
_COLOURS = {"without": "#9aa7b8", "with": "#2b7a78"}


def exhibits(report: CachingReport) -> list[Exhibit]:
    """What is shown of a report; the picture only where there are figures."""
    title = f"Caching on {report.provider}"
    told = Exhibit(f"{title}: figures", "application/json", report.model_dump_json(indent=2), lines(report))
    if report.figures is None:
        return [told]
    return [told, Exhibit(f"{title}: picture", "image/svg+xml", picture(report, report.figures))]


def lines(report: CachingReport) -> tuple[str, ...]:
    """The report in a few lines."""
    figures = report.figures
    head = f"Caching on {report.provider} ({report.model})"
    if figures is None:
        return (f"{head}: no figures, {len(report.failures)} calls failed; the first: {report.failures[0]}",)
    return (
        f"{head}:",
        _side("without", figures.uncached),
        _side("with", figures.cached),
        f"  saving {_signed(figures.saving_usd)} after {in_dollars(figures.storage_usd)} for storage; it {_pays(figures)}",
    )


def _side(name: str, side: Arm) -> str:
    return (
        f"  {name:7} n {side.calls}, p50 {side.p50_seconds:.3f} s, p95 {side.p95_seconds:.3f} s, "
        f"{side.input_tokens:,} tokens in ({side.cached_tokens:,} cached), {in_dollars(side.cost_usd)}"
    )


def _signed(amount: Decimal) -> str:
    return f"-{in_dollars(-amount)}" if amount < 0 else in_dollars(amount)


def _pays(figures: CachingFigures) -> str:
    calls = figures.break_even_calls
    return "never pays" if calls is None else f"pays from call {calls} on"


def picture(report: CachingReport, figures: CachingFigures) -> str:
    """Bars of time and of cost, without and with the cache, as SVG."""
    sides = {"without": figures.uncached, "with": figures.cached}
    groups = [
        ("median (s)", {name: side.p50_seconds for name, side in sides.items()}, "{:.3f} s"),
        ("95th percentile (s)", {name: side.p95_seconds for name, side in sides.items()}, "{:.3f} s"),
        (
            "cost, storage included ($)",
            {
                "without": float(figures.uncached.cost_usd),
                "with": float(figures.cached.cost_usd + figures.storage_usd),
            },
            "${:.6f}",
        ),
    ]
    drawn: list[str] = []
    y = 58
    for title, values, form in groups:
        drawn.append(f'<text x="16" y="{y + 24}" class="t">{escape(title)}</text>')
        longest = max(values.values()) or 1.0
        for name, value in values.items():
            length = max(1.0, (_WIDTH - _LEFT - 190) * value / longest)
            label = form.format(value)
            drawn.append(
                f'<rect x="{_LEFT + 30}" y="{y}" width="{length:.1f}" height="{_BAR}" rx="2" fill="{_COLOURS[name]}"/>'
                f'<text x="{_LEFT + 36 + length:.1f}" y="{y + 13}" class="v">{label} {name}</text>'
            )
            y += _BAR + 4
        y += 16
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y + 20}" width="{_WIDTH}" role="img">'
        "<style>text{font-family:system-ui,sans-serif;fill:#26323f}.h{font-size:16px;font-weight:600}"
        ".t{font-size:12px;fill:#5b6777}.v{font-size:12px}</style>"
        f'<rect width="100%" height="100%" fill="#fff"/><text x="16" y="28" class="h">{report.provider}: '
        f"{figures.uncached.calls} questions without and {figures.cached.calls} with a cache</text>"
        f'<text x="16" y="46" class="t">{escape(report.model)}</text>{"".join(drawn)}'
        f'<text x="16" y="{y + 4}" class="v">Saving {_signed(figures.saving_usd)}; the cache {_pays(figures)}.</text></svg>\n'
    )
