"""What several providers did, as a table: CSV for Allure, aligned lines for the console."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

from support.errors import ServerError
from support.gateway.several import Answered, Comparison, Traced, WorkflowResult
from support.reporting.exhibits import EXTENSIONS, Exhibit
from support.reporting.tables import comparison_exhibit, table, workflow_exhibit
from support.values import Provider, Usage

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
PARIS = Answered(
    Provider.OPENAI,
    "gpt-6-luna",
    0.5,
    text="Paris,\nthe capital | of France",
    stop_reason="end",
    input_tokens=10,
    output_tokens=2,
    total_tokens=12,
    cost_usd=Decimal("0.0000020"),
    id="chatcmpl-1",
)
DOWN = Answered(Provider.ANTHROPIC, "claude-haiku-5-5", 0.1, error=ServerError("it is down"))


def rows_of(exhibit: Exhibit) -> list[list[str]]:
    return list(csv.reader(io.StringIO(exhibit.content)))


def test_a_comparison_has_a_line_for_each_provider_and_for_who_was_not_run() -> None:
    shown = comparison_exhibit(Comparison((PARIS, DOWN), {Provider.GEMINI: "no key"}))
    head, paris, down, not_run = rows_of(shown)
    assert EXTENSIONS[shown.media_type] == "csv"
    assert {len(row) for row in (head, paris, down, not_run)} == {len(head)}
    assert dict(zip(head, paris, strict=True)) == {
        "provider": "OpenAI",
        "model": "gpt-6-luna",
        "ended": "end",
        "in": "10",
        "out": "2",
        "total": "12",
        "USD": "0.000002",
        "seconds": "0.500",
        "id": "chatcmpl-1",
        "text": "Paris, the capital | of France",
    }
    assert (down[0], down[2]) == ("Anthropic", "server_error")
    assert (not_run[0], not_run[2], not_run[-1]) == ("Gemini", "not run", "no key")
    assert shown.lines[-1] == "Cheapest to dearest: OpenAI (0.000002)."


def test_a_workflow_has_a_line_for_each_step() -> None:
    usage = Usage(uncached_input_tokens=10, output_tokens=2)
    steps = (
        Traced("topic", Provider.OPENAI, "gpt-6-luna", {}, "Optics", usage, Decimal("0.000002"), AT, AT, 1),
        Traced(
            "sentence", Provider.GEMINI, "gemini", {}, None, Usage(), Decimal(0), AT, AT, 1, ServerError("it is down")
        ),
    )
    shown = workflow_exhibit(WorkflowResult(steps, {"topic": "Optics"}, ("sentence",)))
    _, first, second = rows_of(shown)
    assert first[:5] == ["topic", "OpenAI", "gpt-6-luna", "12", "0.000002"]
    assert second[-1] == "server_error"
    assert shown.lines[-1] == "Partial, without sentence. Total: 0.000002 USD."


def test_the_console_aligns_columns_and_shortens_what_is_long() -> None:
    shown = table("Title", ("a", "long name"), [["x" * 100, "1"], ["y", "2"]], "below")
    title, head, first, second, below = shown.lines
    assert (title, below) == ("Title:", "below")
    assert head.index("long name") == first.index("1") == second.index("2")
    assert "…" in first
    assert "x" * 100 in shown.content
