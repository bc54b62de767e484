"""The run in a terminal: a line that keeps count at the bottom, finished features and failures above it."""

import atexit
from collections import Counter
from typing import TextIO

from behave.model import Feature, Scenario
from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from support.reporting import console as shown
from support.reporting.outcome import Outcome


class LiveView:
    """Redraws its line four times a second, and when something ends."""

    def __init__(self, stream: TextIO, progress: "shown.Progress") -> None:
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False)
        self._progress = progress
        self._spinner = Spinner("dots")
        self._live = Live(get_renderable=self._line, console=self._console, refresh_per_second=4, transient=True)

    def _line(self) -> Table:
        progress = self._progress
        counts = Text()
        counts.append(f"{progress.done} done")
        counts.append(f"  {progress.went_wrong} failed", style="bold red" if progress.went_wrong else "dim")
        counts.append(
            f"  {progress.counts['skipped']} skipped", style="yellow" if progress.counts["skipped"] else "dim"
        )
        counts.append(f"  {progress.tally.cost}", style="cyan")
        line = Table.grid(padding=(0, 1))
        line.add_column(no_wrap=True)
        line.add_column(no_wrap=True)
        line.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        line.add_row(self._spinner, counts, Text(progress.current, style="dim", overflow="ellipsis", no_wrap=True))
        return line

    def feature(self, feature: Feature) -> None:
        if not self._live.is_started:
            self._live.start()
            atexit.register(self._live.stop)  # a run that crashes closes no formatter, and would leave no cursor

    def scenario(self, scenario: Scenario) -> None:
        self._live.refresh()

    def ended(self, scenario: Scenario, told: str, ended: Outcome | None) -> None:
        if ended is not None and ended.status in ("failed", "broken"):
            self._console.print(Text(told, style="bold red"), soft_wrap=True)
            full = Text(shown.in_full(scenario, ended))
            self._console.print(
                Text("       ").join([Text(), *full.split("\n", include_separator=True)]), soft_wrap=True
            )
        self._live.refresh()

    def feature_ended(self, feature: Feature, counts: Counter[str]) -> None:
        wrong = counts["failed"] + counts["broken"]
        line = Text("FAIL " if wrong else "ok   ", style="bold red" if wrong else "green")
        line.append(str(feature.name), style="default")
        told = [f"{number} {word}" for word, number in sorted(counts.items())]
        line.append(f"  {', '.join(told)}", style="dim")
        self._console.print(line, soft_wrap=True)

    def spent(self) -> None:
        """The next redraw shows it."""

    def close(self) -> None:
        self._live.stop()
        atexit.unregister(self._live.stop)

    def line(self, text: str) -> None:
        self._console.print(Text(text), soft_wrap=True)
