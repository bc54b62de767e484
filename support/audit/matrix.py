"""The audit as people read it: a table in the console, Markdown, a page, and JSON."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from support.audit.verdicts import Audit, Unit, Verdict
from support.catalogue.tracker import row as tracked
from support.errors import SetupError
from support.reporting.markdown import cell
from support.reporting.pages import render
from support.values import Provider

PAGE = Path(__file__).with_name("page.html")
STYLES = {
    Verdict.NOTICED: "green",
    Verdict.EXCLUDED: "cyan",
    Verdict.UNNOTICED: "bold red",
    Verdict.NOT_REACHED: "bold red",
    Verdict.BROKEN: "bold red",
}


def summary(audit: Audit) -> list[str]:
    """The result in sentences."""
    counts = ", ".join(f"{audit.count(verdict)} {verdict}" for verdict in Verdict if audit.count(verdict))
    said = [f"{len(audit.units)} units of row, switch and provider in {audit.seconds:.0f} s: {counts or 'none'}."]
    for one in audit.passes:
        state = f"{len(one.red)} red" if one.red else "all green"
        said.append(f"Without a switch, {one.order}: {one.scenarios} scenarios, {state}.")
        said += [f"  {red}" for red in one.red]
    said += [
        f"Nothing can throw this switch of the tracker for a provider of its row: {name}." for name in audit.unknown
    ]
    said += [
        f"{unit.row} {unit.switch} on {unit.provider} was noticed, but not before this crashed: {what}"
        for unit in audit.units
        for what in unit.crashed
    ]
    if audit.every is not None:
        said.append(
            f"{len(audit.every) - len(audit.unshown)} of {len(audit.every)} scenarios were turned red by a switch."
        )
        said += [f"No switch turned this red: {one.row} {one.scenario}" for one in audit.unshown]
    said.append("Every switch is noticed." if audit.is_good else "The suite has holes.")
    return said


def lines_of(audit: Audit) -> list[tuple[str, str, str, str, dict[Provider, Unit]]]:
    """One line for each row and switch: row, layer, switch, what it does, and a unit for each provider."""

    def key(unit: Unit) -> tuple[str, str, str]:
        return unit.row, unit.layer, unit.switch

    grouped = groupby(sorted(audit.units, key=key), key=key)
    lines = []
    for (row, layer, switch), units in grouped:
        by_provider = {unit.provider: unit for unit in units}
        lines.append((row, layer, switch, next(iter(by_provider.values())).does, by_provider))
    return lines


def console_table(audit: Audit, console: Console) -> None:
    """Prints the matrix, and in full what was not noticed."""
    table = Table(title="Which switch is noticed", title_justify="left")
    for column in ("row", "switch", *Provider):
        table.add_column(column, no_wrap=column == "switch")
    last = ""
    for row, _, switch, _, units in lines_of(audit):
        if last and row != last:
            table.add_section()
        cells = [_cell(units.get(provider)) for provider in Provider]
        table.add_row("" if row == last else row, switch, *cells)
        last = row
    console.print(table)
    for unit in audit.units:
        if not unit.verdict.is_good:
            said = f" ({unit.scenario}: {unit.sentence})" if unit.sentence else ""
            console.print(Text(f"{unit.row} {unit.switch} on {unit.provider}: {unit.verdict}{said}", style="red"))
    for sentence in summary(audit):
        console.print(sentence, markup=False, highlight=False)


def _cell(unit: Unit | None) -> Text:
    return Text("–", style="dim") if unit is None else Text(str(unit.verdict), style=STYLES[unit.verdict])


def to_markdown(audit: Audit) -> str:
    """The matrix for a job summary, and who noticed what."""
    out = ["# Audit: every scenario can fail", "", *(f"- {sentence.strip()}" for sentence in summary(audit)), ""]
    for row, group in groupby(lines_of(audit), key=lambda line: line[0]):
        found = tracked(row)
        out += [f"## {row}", "", found.line if found else "", ""]
        out += ["| switch | what it does | " + " | ".join(Provider) + " |", "| --- | --- | --- | --- | --- |"]
        for _, layer, switch, does, units in group:
            cells = [_told(units.get(provider)) for provider in Provider]
            out.append(f"| `{switch}` ({layer}) | {cell(does)} | " + " | ".join(cells) + " |")
        out.append("")
    if audit.every is not None:
        out += ["## Every scenario by itself", "", "| scenario | the first switch that turned it red | what it said |"]
        out.append("| --- | --- | --- |")
        out += [
            f"| {one.row} {cell(one.scenario)} | {f'`{one.switch}`' if one.switch else 'none'} | {cell(one.sentence)} |"
            for one in audit.every
        ]
        out.append("")
    return "\n".join(out)


def _told(unit: Unit | None) -> str:
    if unit is None:
        return "–"
    told = ". ".join(cell(part) for part in (unit.scenario, unit.sentence) if part)
    return f"{unit.verdict}: {told}" if told else str(unit.verdict)


def to_html(audit: Audit) -> str:
    """A page of its own, without anything from elsewhere."""
    rows = []
    for row, group in groupby(lines_of(audit), key=lambda line: line[0]):
        found = tracked(row)
        switches = [
            (layer, switch, does, [units.get(provider) for provider in Provider])
            for _, layer, switch, does, units in group
        ]
        rows.append((row, found.line if found else row, switches))
    return render(PAGE, summary=summary(audit), rows=rows, providers=list(Provider), every=audit.every)


def write(audit: Audit, folder: Path) -> Sequence[Path]:
    """Writes audit.md, audit.html and audit.json. Raises SetupError where that cannot be."""
    contents = {
        folder / "audit.md": to_markdown(audit),
        folder / "audit.html": to_html(audit),
        folder / "audit.json": audit.model_dump_json(indent=2) + "\n",
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in contents.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SetupError(f"The audit cannot be written to {folder} ({error.strerror}); make it writable.") from None
    return list(contents)
