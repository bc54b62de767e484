"""behave's runner with a run of ours around it: settings are read first, and the report comes last, whatever happens between."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from behave.model_core import Status
from behave.runner import Runner
from rich.console import Console

from support.errors import SetupError
from support.journal import JournalUnavailable
from support.ledger import LedgerUnavailable
from support.reporting.costs import render_console, write
from support.run.suite import Suite
from support.settings import Settings

USER_MISTAKES = (SetupError, LedgerUnavailable, JournalUnavailable)
"""What one sentence says, without a traceback."""


class TouchstoneRunner(Runner):  # type: ignore[misc]  # behave has no types
    """Named in behave.ini, so that plain `behave` starts the simulator, keeps the books and reports."""

    def run(self) -> bool:
        """Runs what was selected; True when anything failed."""
        if self.config.dry_run:
            return bool(super().run())
        try:
            settings = Settings.read(self.config.userdata)
            writable(settings.reports)
            loop = asyncio.new_event_loop()
            asyncio.set_event_loop(loop)
            self.suite = Suite.open(settings, loop)
        except USER_MISTAKES as mistake:
            print(mistake)
            return True
        try:
            with terminated_as_interrupted():
                failed = bool(super().run())
        except USER_MISTAKES as mistake:
            print(mistake)
            failed = True
        except KeyboardInterrupt:
            self.aborted = True
            failed = True
        finally:
            failed = self._settle() or failed
        return failed

    def run_model(self, features: Any = None) -> bool:
        self.context.suite = self.suite
        return bool(super().run_model(features))

    def _settle(self) -> bool:
        """Closes the run and prints what it cost; True when the run itself shows a fault."""
        faults = []
        if not self.aborted and not selected(self):
            faults.append("Nothing was selected: no scenario matches these tags, names or files.")
        elif not self.aborted and len(self.suite.not_run) == selected(self):
            faults.append("Nothing ran: every scenario that was selected was skipped, for the reasons above.")
        interrupted = unreached(self)
        missing = self.suite.rows_missing()
        if missing is not None:
            faults.append(f"The books are wrong: {missing}.")
        try:
            report = self.suite.settle(interrupted)
            write(report, self.suite.settings.reports)
            render_console(report, Console())
        except USER_MISTAKES as mistake:
            faults.append(str(mistake))
        finally:
            self.suite.close()
        for fault in faults:
            print(fault)
        return bool(faults)


def unreached(runner: Runner) -> list[str] | None:
    """The scenarios that an interrupted run did not come to; None for a run that went to its end."""
    if not runner.aborted:
        return None
    return [
        scenario.name
        for feature in runner.features
        for scenario in feature.walk_scenarios()
        if scenario.status is Status.untested and scenario.should_run(runner.config)
    ]


def selected(runner: Runner) -> int:
    """How many scenarios the tags, names and files selected."""
    return sum(
        bool(scenario.should_run(runner.config) or getattr(scenario, "skip_reason", None))
        for feature in runner.features
        for scenario in feature.walk_scenarios()
    )


@contextlib.contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """SIGTERM ends the run as Ctrl-C does: clean-up and report included."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def writable(folder: Path) -> None:
    """Raises SetupError when nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".touchstone-{os.getpid()}"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        raise SetupError(
            f"Reports cannot be written to {folder} ({error.strerror}); make it writable, or name another with -D reports=FOLDER."
        ) from None
