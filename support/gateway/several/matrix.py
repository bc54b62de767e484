"""The capability matrix as people and programs read it: a table in the console, Markdown, JSON."""

import json
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from support.errors import SetupError
from support.gateway.chat import WAYS
from support.gateway.open import gateway_class
from support.gateway.several.judging import FEATURES, MODEL_NAMES, NAMES, Cell, cells, model_cells, today
from support.values import Provider

if TYPE_CHECKING:
    from rich.table import Table

HEADING = "# What each provider can do"
BELOW = "Made by `python -m support matrix` from the gateways' own lists and the catalogue; do not edit."
_DAY = re.compile(r" As of \d{4}-\d\d-\d\d\.")


def console(on: date | None = None) -> "Table":
    """The matrix for a terminal, to be printed by rich."""
    from rich.table import Table

    table = Table(title="Capabilities", title_justify="left")
    table.add_column("capability", no_wrap=True)
    for provider in Provider:
        table.add_column(provider)
    found = _by_name(cells(on))
    for name in NAMES:
        if name == next(iter(FEATURES)):
            table.add_section()
        table.add_row(name, *(short(found[name][provider]) for provider in Provider))
    table.add_section()
    table.add_row("questions cached by", *(WAYS[gateway_class(provider).cached_by] for provider in Provider))
    return table


def short(cell: Cell) -> str:
    """A cell in a few words."""
    if cell.answer == "retired":
        return f"retired {cell.since}{f', now {cell.successor}' if cell.successor else ''}"
    return f"yes, until {cell.since}" if cell.since is not None else cell.answer


def markdown(on: date | None = None) -> str:
    """The matrix, the models, and a sentence for everything that is not there."""
    day = on or today()
    found = _by_name(cells(day))
    lines = [HEADING, "", f"{BELOW} As of {day}.", "", *_table("capability", list(Provider))]
    for name in NAMES:
        lines.append(_row(name, [short(found[name][provider]) for provider in Provider]))
    lines.append(_row("questions cached by", [WAYS[gateway_class(one).cached_by] for one in Provider]))
    lines += ["", "## Models", "", *_table("model", [name.replace("_", " ") for name in MODEL_NAMES])]
    by_model: dict[tuple[Provider, str], list[Cell]] = {}
    for cell in model_cells(day):
        by_model.setdefault((cell.provider, cell.model or ""), []).append(cell)
    for (provider, model), row in by_model.items():
        lines.append(_row(f"{provider} {model}", [short(cell) for cell in row]))
    lines += ["", "## Why not", ""]
    for name in NAMES:
        missing = [cell for cell in found[name].values() if cell.answer != "yes"]
        lines += [f"- {_sentence(cell)}" for cell in missing]
    return "\n".join(lines) + "\n"


def as_json(on: date | None = None) -> str:
    """Every cell as an object, those of the models too."""
    day = on or today()
    shown = {
        "as_of": day.isoformat(),
        "cells": [cell.model_dump(mode="json") for cell in cells(day)],
        "models": [cell.model_dump(mode="json") for cell in model_cells(day)],
    }
    return json.dumps(shown, indent=2) + "\n"


def write(reports: Path, docs: Path, on: date | None = None) -> list[Path]:
    """Writes matrix.md and matrix.json into the reports, and matrix.md into the documentation where more than its day differs.

    Answers what it wrote. Raises SetupError where that cannot be.
    """
    text = markdown(on)
    written = {reports / "matrix.md": text, reports / "matrix.json": as_json(on)}
    kept = docs / "matrix.md"
    if not kept.exists() or undated(kept.read_text(encoding="utf-8")) != undated(text):
        written[kept] = text
    for path, content in written.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        except OSError as error:
            raise SetupError(f"{path} cannot be written ({error.strerror}); make its folder writable.") from None
    return list(written)


def undated(text: str) -> str:
    """The matrix without the day that it is of."""
    return _DAY.sub("", text)


def _by_name(found: Sequence[Cell]) -> dict[str, dict[Provider, Cell]]:
    sorted_: dict[str, dict[Provider, Cell]] = {}
    for cell in found:
        sorted_.setdefault(cell.name, {})[cell.provider] = cell
    return sorted_


def _sentence(cell: Cell) -> str:
    """Why a cell is no yes."""
    if cell.answer == "retired":
        ended = f"{cell.provider} {cell.words}: retired since {cell.since}"
        return f"{ended}{f', succeeded by {cell.successor}' if cell.successor else ''}. {cell.why}"
    return f"{cell.why}."


def _table(first: str, columns: Sequence[str]) -> list[str]:
    return [_row(first, list(columns)), f"|{' --- |' * (len(columns) + 1)}"]


def _row(first: str, rest: Sequence[str]) -> str:
    return f"| {' | '.join([first, *rest])} |"
