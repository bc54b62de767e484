"""The Allure formatter: one complete result for each scenario in each folder that was asked for.

`install` puts it beside the formatters that the user chose. behave checks the formatters of `behave.ini` before the
project's folder can be imported, so it cannot be named there; and formatters of allure-behave itself, which `-f` adds, would
each listen to the other's scenarios: `install` takes their place and writes to their folders.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import allure_commons
from allure_behave.formatter import AllureFormatter
from allure_behave.utils import is_planned_scenario
from allure_commons.utils import get_testplan
from behave.configuration import Configuration
from behave.exception import ConfigError
from behave.formatter.base import Formatter, StreamOpener
from behave.model import Feature, Scenario
from behave.runner import Context, ModelRunner

from support.errors import SetupError
from support.reporting import gate, outcome
from support.reporting.categories import CATEGORIES
from support.reporting.console import TouchstoneConsole
from support.reporting.listener import ScenarioListener
from support.reporting.recorder import recorder
from support.reporting.results import ResultsFolder
from support.reporting.surroundings import About, environment, executor


class _Session:
    """What the Allure formatters of one run share: the first one leads, every one adds its folder."""

    def __init__(self, config: Configuration) -> None:
        self.config = config
        self.run_id: str | None = config.userdata.get("run")
        self.led = False
        self.folders: dict[Path, ResultsFolder] = {}
        self.started: dict[str, bool] = {}
        """By full name, the scenarios that began, and whether the run was stopped in the middle of them."""
        self.listener = ScenarioListener(config)
        allure_commons.plugin_manager.register(self.listener)
        recorder.subscribe(self.listener.on_call)
        recorder.add_viewer(self.listener.on_exhibit)

    def add(self, path: Path) -> None:
        """One more folder; the same one twice is one. Raises SetupError where it cannot be written."""
        path = path.resolve()
        if path not in self.folders:
            folder = ResultsFolder(path, self.run_id)
            folder.write_json("categories.json", [category.as_json() for category in CATEGORIES])
            self.folders[path] = folder
            allure_commons.plugin_manager.register(folder)

    def close(self) -> None:
        recorder.unsubscribe(self.listener.on_call)
        recorder.remove_viewer(self.listener.on_exhibit)
        for plugin in (self.listener, *self.folders.values()):
            if allure_commons.plugin_manager.is_registered(plugin):
                allure_commons.plugin_manager.unregister(plugin)
        for folder in self.folders.values():
            folder.close()


_session: _Session | None = None


def _session_of(config: Configuration) -> _Session:
    """The run's own session; one that a crashed run in this process left behind is closed."""
    global _session
    if _session is None or _session.config is not config:
        if _session is not None:
            _session.close()
        _session = _Session(config)
    return _session


class TouchstoneAllure(AllureFormatter):  # type: ignore[misc]
    """allure-behave's formatter, with the results that it loses or gets wrong."""

    name = "touchstone.allure"
    description = "Allure results of every scenario, hooks included"

    def __init__(self, stream_opener: StreamOpener, config: Configuration) -> None:
        """Raises behave's ConfigError, which behave prints as one sentence, where there is no folder to write to."""
        Formatter.__init__(self, stream_opener, config)
        if not stream_opener.name:
            raise ConfigError(
                "The Allure formatter writes to a folder: name it with -o, as in `-f … -o allure-results`."
            )
        self._session = _session_of(config)
        self.listener = self._session.listener
        self._leads = not self._session.led
        self._session.led = True
        self.testplan = get_testplan()  # type: ignore[no-untyped-call]
        self._feature: Feature | None = None
        try:
            self._session.add(Path(stream_opener.name))
        except SetupError as error:
            raise ConfigError(str(error)) from error

    def uri(self, uri: str) -> None:
        self._feature = None

    def feature(self, feature: Feature) -> None:
        if not self._leads:
            return
        self._feature = feature
        for scenario in feature.walk_scenarios():
            is_planned_scenario(scenario, self.testplan)
            scenario.run = self._reported(scenario, scenario.run)

    def _reported(self, scenario: Scenario, run: Callable[[ModelRunner], bool]) -> Callable[[ModelRunner], bool]:
        def reported(runner: ModelRunner) -> bool:
            listener = self._session.listener
            listener.begin(scenario)
            if outcome.is_selected(scenario, self.config):
                self._session.started[gate.full_name(scenario)] = False
            try:
                failed = run(runner)
            except BaseException:
                self._session.started[gate.full_name(scenario)] = True
                listener.end(scenario, outcome.of_scenario(scenario, interrupted=True))
                raise
            listener.end(scenario, self._ended(scenario))
            return failed

        return reported

    def _ended(self, scenario: Scenario) -> outcome.Outcome | None:
        if self.config.dry_run or not outcome.is_selected(scenario, self.config):
            return None
        ended = outcome.of_scenario(scenario)
        return None if ended.status == "skipped" and not self.config.show_skipped else ended

    def step(self, step: Any) -> None:
        if self._leads:
            super().step(step)

    def match(self, match: Any) -> None:
        if self._leads:
            super().match(match)

    def result(self, result: Any) -> None:
        if self._leads:
            super().result(result)

    def eof(self) -> None:
        feature, self._feature = self._feature, None
        blocked = outcome.of_feature_hook(feature) if feature is not None and self._leads else None
        if feature is None or blocked is None:
            return
        unstarted = [scenario for scenario in feature.walk_scenarios() if self._was_blocked(scenario)]
        for scenario in unstarted:
            self._session.listener.never_started(scenario, blocked)
        if not unstarted:
            _global_error(f"{feature.name}: {blocked.message}", blocked.trace)

    def _was_blocked(self, scenario: Scenario) -> bool:
        selected = outcome.is_selected(scenario, self.config) and not scenario.should_skip
        return selected and gate.full_name(scenario) not in self._session.started

    def close(self) -> None:
        global _session
        if _session is self._session:
            _session = None
        self._session.close()


def install(context: Context, folder: Path, about: About) -> None:
    """Makes the run write Allure results to `folder`, and to every folder for which the user gave an Allure formatter.

    To be called first thing in `before_all`. Raises SetupError where a folder cannot be written. If the user chose no
    formatter but Allure's, the console shows the run as well.
    """
    runner = context._runner  # the only way from a hook to the formatters of the run
    folders = [folder]
    others: list[Formatter] = []
    for formatter in runner.formatters:
        if isinstance(formatter, AllureFormatter):
            folders.append(Path(formatter.stream_opener.name))
            formatter.close()
        else:
            others.append(formatter)
    session = _session_of(runner.config)
    session.run_id = about.run_id
    try:
        ours = [TouchstoneAllure(StreamOpener(str(path)), runner.config) for path in folders]
    except ConfigError as error:
        raise SetupError(str(error)) from error
    console = [] if others else [TouchstoneConsole(StreamOpener(stream=sys.stdout), runner.config)]
    runner.formatters[:] = [*others, *console, *ours]
    session.listener.target = about.target
    for written in session.folders.values():
        written.write("environment.properties", environment(about))
        if (build := executor(os.environ)) is not None:
            written.write_json("executor.json", build)


def differences(context: Context) -> list[str]:
    """Where the results on disk do not tell what behave tells, one sentence each. To be called in `after_all`."""
    runner = context._runner
    session = _session_of(runner.config)
    told = gate.expected(runner.features, runner.config, session.started)
    found: list[str] = []
    for folder in session.folders.values():
        folder.flush()
        found += [*folder.failures, *gate.compare(folder.path, told, folder.written)]
    return found


def publish(context: Context, key: str, title: str, markdown: str) -> None:
    """Shows Markdown beside the results (a global attachment).

    Processes that share a run publish the same key, such as `cost-report`: the last one's text stays.
    """
    source = f"{key}-attachment.md"
    shown = {"attachments": [{"name": title, "source": source, "type": "text/markdown"}]}
    for folder in _session_of(context._runner.config).folders.values():
        folder.write(source, markdown)
        folder.write_json(f"{key}-globals.json", shown)


def show_error(error: BaseException | str) -> None:
    """Shows what went wrong outside of all scenarios (before_all, after_all) as an error of the whole report."""
    if isinstance(error, str):
        _global_error(error, None)
    else:
        ended = outcome.describe(error)
        _global_error(ended.message, ended.trace if ended.suite_error else None)


def _global_error(message: str, trace: str | None) -> None:
    allure_commons.plugin_manager.hook.global_error(message=message, trace=trace)
