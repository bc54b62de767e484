"""The commands beside behave: `python -m support forecast | sweep | audit | report | matrix`."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from support.errors import SetupError, TouchstoneError

app = typer.Typer(
    name="python -m support",
    help="What belongs to the suite beside running it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
StateOption = Annotated[str | None, typer.Option(help="Where ledger and journal lie; as the suite's setting `state`.")]


@app.command()
def report(
    run: Annotated[str | None, typer.Option(help="The run's id; without one, the latest.")] = None,
    html: Annotated[bool, typer.Option("--html", help="Draw the Allure report of the last results too.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Do not print what the run itself has printed.")] = False,
    state: StateOption = None,
) -> None:
    """Make a run's cost report again from the ledger, and reports/tracker.html from the last results: which row holds."""
    from support.ledger import History, Ledger
    from support.reporting import traceability_pages
    from support.reporting.costs import build, render_console, write
    from support.settings import Settings

    settings = Settings.read({"state": state} if state else {})
    with Ledger.open(settings.state) as ledger:
        wanted = run or History(ledger).latest_run()
        if wanted is None:
            raise SetupError("The ledger knows no run yet; run behave first.")
        made = build(ledger, wanted)
        write(made, settings.reports)
        if not quiet:
            render_console(made, Console())
        tracked = traceability_pages.make(settings.reports, History(ledger))
    if tracked.run != wanted:
        print(f"The last results are those of run {tracked.run}, and so is the tracker's report.")
    if not quiet:
        print(traceability_pages.told(tracked, settings.reports))
    if html:
        from support.reporting.render import render

        print(
            f"Report: {render(settings.reports / 'allure-results', settings.reports / 'allure-report' / 'index.html')}"
        )


@app.command()
def forecast(
    run: Annotated[str | None, typer.Option(help="The simulated run to go by; without one, the latest.")] = None,
    state: StateOption = None,
) -> None:
    """Say what the same calls would cost live, from the tokens of a simulated run at today's prices."""
    from support.ledger import History, Ledger
    from support.reporting.costs import dollars
    from support.reporting.forecast import forecast_of
    from support.settings import Settings

    settings = Settings.read({"state": state} if state else {})
    with Ledger.open(settings.state) as ledger:
        wanted = run or History(ledger).latest_run()
        if wanted is None:
            raise SetupError("The ledger knows no run to go by; run behave on the simulator first.")
        said = forecast_of(ledger, wanted)
    table = Table(title=f"The calls of run {wanted}, at live prices", title_justify="left")
    for column in ("area", "provider", "calls", "expected", "at most"):
        table.add_column(column, justify="left" if column in ("area", "provider") else "right")
    for line in said.lines:
        table.add_row(line.area, line.provider, str(line.calls), dollars(line.expected_usd), dollars(line.highest_usd))
    table.add_row("total", "", "", dollars(said.expected_usd), dollars(said.highest_usd), style="bold")
    console = Console()
    console.print(table)
    for model in said.unpriced:
        console.print(f"Unpriced, not counted: {model}", markup=False)


@app.command()
def matrix() -> None:
    """Print which provider has which capability, from the code that implements them.

    Writes reports/matrix.md and .json, and docs/matrix.md where something of it has changed.
    """
    from support.gateway.several import matrix as capabilities
    from support.settings import Settings

    Console().print(capabilities.console())
    docs = Path(__file__).resolve().parents[1] / "docs"
    written = capabilities.write(Settings.read().reports, docs)
    print(f"Written: {', '.join(str(path) for path in written)}")


@app.command()
def audit(
    tags: Annotated[
        list[str] | None, typer.Option(help="Only scenarios with these tags, as behave takes them.")
    ] = None,
    row: Annotated[str | None, typer.Option(help="Only this row, such as FM-04.")] = None,
    switch: Annotated[str | None, typer.Option(help="Only this switch, such as files.delete.ghost_listed.")] = None,
    every: Annotated[
        bool, typer.Option("--every", help="Look at every scenario by itself as well: some switch must turn it red.")
    ] = False,
) -> None:
    """Show that the suite can fail: throw every switch of the tracker at the scenarios of its row.

    Writes reports/audit.html, .md and .json, and reports/tracker.html again where there are results of a run.
    """
    from support.audit.auditing import audit as run_audit
    from support.audit.matrix import console_table, write
    from support.ledger import History, Ledger
    from support.reporting import traceability_pages
    from support.reporting.traceability import has_results
    from support.settings import Settings

    settings = Settings.read()
    chosen = [f"--tags={one}" for one in [*(tags or []), *([f"@{row}"] if row else [])]]
    made = run_audit(settings, chosen, switch, lambda line: print(line, flush=True), every=every)
    console_table(made, Console())
    print(f"Written: {', '.join(str(path) for path in write(made, settings.reports))}")
    if has_results(settings.reports):
        with Ledger.open(settings.state) as ledger:
            tracked = traceability_pages.make(settings.reports, History(ledger))
        print(traceability_pages.told(tracked, settings.reports))
    if not made.is_good:
        raise typer.Exit(1)


@app.command()
def sweep(
    run: Annotated[
        str | None, typer.Option(help="One run's leftovers only; without it, those of all that have ended.")
    ] = None,
    state: StateOption = None,
) -> None:
    """Remove what killed runs left behind, by journal and by marker; touches no run that is alive."""
    from support.run.sweeping import sweep_everything
    from support.settings import Settings

    said = asyncio.run(sweep_everything(Settings.read({"state": state} if state else {}), run))
    for line in said.lines():
        print(line)
    if said.problems:
        raise typer.Exit(1)


def main(command: Callable[[], object] = app) -> int:
    """Runs a command; a mistake of the user's is one sentence and exit code 2."""
    try:
        command()
    except (SetupError, TouchstoneError) as mistake:
        print(mistake, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    sys.exit(main())
