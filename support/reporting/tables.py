"""What several providers did, as a table: for Allure as CSV, which it draws as a table, and as lines for the console."""

import csv
import io
from collections.abc import Sequence

from support.gateway.several import Comparison, WorkflowResult
from support.reporting.exhibits import Exhibit

_SPACE = "  "
_WIDEST = 48
"""Characters of a cell in the console; the file has all of them."""


def comparison_exhibit(comparison: Comparison) -> Exhibit:
    """A line for each provider, who was not run among them, and who is the cheapest."""
    return table("The same question, side by side", comparison.columns, comparison.rows(), comparison.ranked())


def workflow_exhibit(result: WorkflowResult) -> Exhibit:
    """A line for each step, and what came of the work."""
    return table("Work over several providers", result.columns, result.rows(), result.told())


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], below: str) -> Exhibit:
    """The rows under their columns."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows([columns, *rows])
    shown = [[_shortened(cell) for cell in row] for row in (columns, *rows)]
    widths = [max(len(row[place]) for row in shown) for place in range(len(columns))]
    lines = [_SPACE.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in shown]
    return Exhibit(title, "text/csv", written.getvalue(), (f"{title}:", *(f"{_SPACE}{line}" for line in lines), below))


def _shortened(cell: str) -> str:
    one_line = " ".join(cell.split())
    return one_line if len(one_line) <= _WIDEST else f"{one_line[: _WIDEST - 1]}…"
