"""behave's hooks: the run is opened before all scenarios, and settled and reported after them, whatever happens between."""

import asyncio
import gc
import os
import signal
from pathlib import Path
from typing import Any

from behave.model import Scenario
from behave.model_core import Status
from behave.runner import Context
from rich.console import Console

from support.errors import SetupError
from support.gateway.markers import random_token
from support.reporting import allure, traceability_pages, traceability_words
from support.reporting.costs import CostReport, render_console, to_markdown, write
from support.reporting.recorder import recorder
from support.reporting.surroundings import About
from support.reporting.traceability import has_results
from support.reporting.verdicts import fail_run, fail_scenario, selects_nothing, stop_run
from support.run.interruptions import interruptions_held
from support.run.scenarios import facts_of
from support.run.suite import Suite
from support.settings import Settings
from support.targets import choose


def before_all(context: Context) -> None:
    """Reads the settings and opens the run; a mistake of the user's is one sentence, and no scenario runs."""
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # ends the run as Ctrl-C does: clean-up and report included
    gc.freeze()  # what is loaded stays: no later collection needs to look at it
    gc.set_threshold(20_000, 20, 20)  # the scenarios' own garbage is little, and looking for it cost a tenth of the run
    context.suite = None
    if selects_nothing(context):
        stop_run(context, "Nothing was selected: no scenario matches these tags, names or files.")
        return
    try:
        settings = Settings.read(context.config.userdata)
        writable(settings.reports)
        run_id = settings.run or random_token(8)
        target = choose(settings)
        about = About(run_id, target.name, target.money)
        allure.install(context, settings.reports / "allure-results", about)
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        context.suite = Suite.open(settings, loop, target, run_id)
    except SetupError as mistake:
        stop_run(context, str(mistake))
        return
    context.suite.listeners.append(recorder.on_call)


def before_scenario(context: Context, scenario: Scenario) -> None:
    """Gives the scenario its world, or skips it with the reason."""
    facts = facts_of(scenario)
    reason = context.suite.reason_to_skip(facts)
    if reason is not None:
        scenario.skip(reason)
        return
    with interruptions_held():
        context.opened = context.suite.begin(facts)
        context.world = context.opened.world


def after_scenario(context: Context, scenario: Scenario) -> None:
    """Cleans up, and looks at what must hold after every scenario."""
    opened = getattr(context, "opened", None)
    if opened is None:
        return
    try:
        context.suite.end(opened, passed=scenario.status == Status.passed)
    except Exception as broken:
        fail_scenario(scenario, broken)


def after_all(context: Context) -> None:
    """Settles the run: books against calls, report against results, and the cost, which is printed last of all."""
    suite: Suite | None = context.suite
    if suite is None:
        return
    runner = context._runner
    try:
        clean_up_after_interruption(context, suite)
        ran = [one for feature in runner.features for one in feature.walk_scenarios() if one.status != Status.untested]
        if ran and not runner.aborted and len(suite.not_run) == sum(not left_out(one) for one in ran):
            fail_run(context, "Nothing ran: every scenario that was selected was skipped, for the reasons above.")
        for fault in [*suite.faults(), *allure.differences(context)]:
            fail_run(context, fault)
        report = suite.settle(unreached(runner, suite))
        write(report, suite.settings.reports)
        allure.publish(context, "cost-report", "Cost of the run", to_markdown(report))
        last = LastWord(report, suite.warnings())
        context.config.reporters.append(last)
        last.tracked = held_against_tracker(context, suite)
    except SetupError as mistake:
        fail_run(context, str(mistake))
    finally:
        suite.close()


def held_against_tracker(context: Context, suite: Suite) -> str:
    """Writes and shows which rows of the tracker hold; answers what the console says of it. The results are on disk by now."""
    reports = suite.settings.reports
    if not has_results(reports):  # nothing had begun when the run was stopped
        return ""
    made = traceability_pages.make(reports, suite.history, context._runner.features)
    allure.publish(context, "tracker", traceability_words.TITLE, traceability_pages.to_markdown(made))
    return traceability_pages.told(made, reports)


def clean_up_after_interruption(context: Context, suite: Suite) -> None:
    """behave calls no `after_scenario` where it was interrupted outside of a step: between two, or in another hook."""
    left = suite.under_way
    if left is not None:
        try:
            suite.end(left, passed=False)
        except Exception as broken:
            fail_run(context, f"The clean-up after {left.facts.name!r} did not end well: {broken}")


def left_out(scenario: Scenario) -> bool:
    """Whether the user's tags or names left the scenario out: behave calls it skipped too, but gives no reason."""
    return bool(scenario.status == Status.skipped and not scenario.skip_reason)


def unreached(runner: Any, suite: Suite) -> list[str] | None:
    """The scenarios that an interrupted run did not come to; None for a run that went to its end.

    One that was interrupted outside of its steps is untested for behave, but it was begun.
    """
    if not runner.aborted:
        return None
    return [
        scenario.name
        for feature in runner.features
        for scenario in feature.walk_scenarios()
        if scenario.status == Status.untested
        and scenario.name not in suite.begun
        and scenario.should_run(runner.config)
    ]


class LastWord:
    """A reporter of behave's whose only word is the last one: what will soon be switched off, which rows hold, what the run cost."""

    def __init__(self, report: CostReport, warnings: list[str]) -> None:
        self._report = report
        self._warnings = warnings
        self.tracked = ""
        """Which rows of the tracker hold; empty where nobody could say."""

    def feature(self, feature: Any) -> None:
        """Every feature was told of by the others."""

    def end(self) -> None:
        console = Console()
        for warning in self._warnings:
            console.print(warning, style="yellow", markup=False, highlight=False)
        if self.tracked:
            console.print(self.tracked, markup=False, highlight=False, soft_wrap=True)
        render_console(self._report, console)


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
