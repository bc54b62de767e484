"""The program that the toy model writes for a question about a column of a table: sum, mean, median, largest, smallest, count."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping

_STATISTICS = (
    (re.compile(r"\b(?:sum|total|add up)\b", re.IGNORECASE), "sum(numbers)"),
    (re.compile(r"\b(?:mean|average)\b", re.IGNORECASE), "statistics.mean(numbers)"),
    (re.compile(r"\bmedian\b", re.IGNORECASE), "statistics.median(numbers)"),
    (re.compile(r"\b(?:standard deviation|spread)\b", re.IGNORECASE), "statistics.stdev(numbers)"),
    (re.compile(r"\b(?:maximum|highest|largest|biggest|greatest)\b", re.IGNORECASE), "max(numbers)"),
    (re.compile(r"\b(?:minimum|lowest|smallest|least)\b", re.IGNORECASE), "min(numbers)"),
)
_START = 65_536
"""Bytes of a file in which its first lines are looked for."""
_LONGEST = 20_000
"""Characters of a question that are looked at."""


def written_for(question: str, files: Mapping[str, bytes]) -> str | None:
    """The program; None where the question asks for no figure, or names no column of numbers. `files`: contents by name."""
    question = question[:_LONGEST]
    figure = next((figure for pattern, figure in _STATISTICS if pattern.search(question)), None)
    if figure is None:
        return None
    named = {name: data for name, data in files.items() if name in question} or files
    said = _plain(question)
    for name, data in named.items():
        columns = [column for column in _numeric_columns(name, data) if f" {_plain(column).strip()} " in said]
        if columns:
            return _program(name, max(columns, key=len), figure)
    return None


def _plain(text: str) -> str:
    """Words in small letters, with a space on either side."""
    words = re.findall(r"[^\W_]+", text.lower())
    return f" {' '.join(words)} "


def _numeric_columns(name: str, data: bytes) -> list[str]:
    """Columns of a table whose first value is a number."""
    if not name.lower().endswith((".csv", ".tsv", ".txt")):
        return []
    lines = data[:_START].decode("utf-8-sig", "replace").splitlines()[:2]
    try:
        rows = list(csv.reader(lines, delimiter=_delimiter(name)))
    except csv.Error:
        return []
    if len(rows) < 2:
        return []
    return [
        column for column, value in zip(rows[0], rows[1], strict=False) if _plain(column).strip() and _is_number(value)
    ]


def _delimiter(name: str) -> str:
    return "\t" if name.lower().endswith(".tsv") else ","


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _program(name: str, column: str, figure: str) -> str:
    separated = ", delimiter='\\t'" if _delimiter(name) == "\t" else ""
    return (
        f"import csv\nimport statistics\n\nwith open({'/mnt/data/' + name!r}) as file:\n"
        f"    rows = list(csv.DictReader(file{separated}))\n"
        f"numbers = [float(row[{column!r}]) for row in rows if row[{column!r}]]\n"
        f"print(f'{{{figure}:.12g}}')"
    )
