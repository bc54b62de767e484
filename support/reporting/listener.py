"""Turns scenarios and steps into Allure results: allure-behave's listener, with the ends that it loses."""

import hashlib
import time
from uuid import uuid4

import allure_commons
from allure_behave.listener import AllureListener
from allure_commons.model2 import Attachment, StatusDetails, TestAfterResult, TestBeforeResult, TestResult
from allure_commons.types import AttachmentType
from behave.configuration import Configuration
from behave.model import Scenario, Step

from support.gateway.events import CallEvent
from support.gateway.exchanges import Exchange
from support.reporting import attachments, labels, outcome
from support.reporting.exhibits import EXTENSIONS, Exhibit
from support.reporting.outcome import Outcome
from support.reporting.recorder import Tally

MOST_ATTACHMENTS = 40
"""Of exchanges to one step: the first half and the last half are kept, as a poll may have hundreds."""


class ScenarioListener(AllureListener):  # type: ignore[misc]
    """Keeps the result of the scenario under way, and the calls made since the last step began or ended."""

    current_scenario_uuid: str | None
    current_step_uuid: str | None

    def __init__(self, config: Configuration) -> None:
        super().__init__(config)
        self.target: str | None = None
        self._calls: list[CallEvent] = []
        self._tally = Tally()
        self._result: TestResult | None = None
        self._first_step_at: int | None = None
        self._last_step_at: int | None = None

    def on_call(self, event: CallEvent) -> None:
        """One call of the gateway; outside of scenarios there is no result that could show it."""
        if self._result is not None:
            if not event.late:
                self._calls.append(event)
            self._tally.add(event)

    def on_exhibit(self, exhibit: Exhibit) -> None:
        """Something that the step under way shows."""
        step = self.logger.get_item(self.current_step_uuid)
        if step is not None:
            step.attachments.append(
                _attached(exhibit.title, exhibit.content, exhibit.media_type, EXTENSIONS[exhibit.media_type])
            )

    def begin(self, scenario: Scenario) -> None:
        """The scenario starts, before its hooks."""
        self._calls, self._tally = [], Tally()
        self._first_step_at = self._last_step_at = None
        self.steps.clear()
        self.start_scenario(scenario)
        result = self.logger.get_test(self.current_scenario_uuid)
        result.name = outcome.display_name(scenario)
        result.description = "\n\n".join(
            filter(None, map("\n".join, (scenario.feature.description, scenario.description)))
        )
        result.labels = labels.labels(scenario)
        result.parameters = labels.parameters(scenario, self.target)
        result.historyId = hashlib.md5(
            f"{result.historyId} {self.target or ''}".encode(), usedforsecurity=False
        ).hexdigest()
        self._result = result

    def end(self, scenario: Scenario, ended: Outcome | None) -> None:
        """The scenario has ended, its hooks too; without an outcome it leaves no result."""
        result, self._result = self._result, None
        if result is None:
            return
        if ended is None:
            self.logger.drop_test(self.current_scenario_uuid)
        else:
            _put(result, ended)
            result.stop = _now()
            result.parameters = [*(result.parameters or []), *labels.expenses(self._tally)]
            self._add_hooks(scenario, result, ended)
            self.flush_steps()
            if ended.status in ("failed", "broken") and scenario.captured.has_output():
                text = scenario.captured.make_report()
                result.attachments.append(_attached("Captured output", text))
            self.logger.close_test(self.current_scenario_uuid)
            self.group_context.append_test(self.current_scenario_uuid)
        self.group_context.exit()
        self.current_scenario_uuid = self.current_step_uuid = None

    def never_started(self, scenario: Scenario, ended: Outcome) -> None:
        """A result for a scenario that its feature's hook kept from starting."""
        self.begin(scenario)
        for step in scenario.all_steps:
            self.schedule_step(step)
        self.end(scenario, ended)

    def start_behave_step(self, step: Step) -> None:
        super().start_behave_step(step)
        self._first_step_at = self._first_step_at or _now()

    def match_step(self, match: object) -> None:
        """The next step begins. What was called since the last one ended belongs to hooks of steps: it goes to the result."""
        if self._result is not None and self._first_step_at is not None:
            self._result.attachments += self._attached_calls()
        elif self._result is not None:
            self._add_set_up(self._result.start, "passed")
        super().match_step(match)

    def stop_behave_step(self, result: Step) -> None:
        ended = outcome.of_step(result)
        step = self.logger.get_item(self.current_step_uuid)
        if step is not None:
            _put(step, ended)
            step.attachments += self._attached_calls()
        self.logger.stop_step(self.current_step_uuid, stop=_now())
        self._last_step_at = _now()

    def _add_set_up(self, start: int, status: str, details: StatusDetails | None = None) -> None:
        if not self._calls and details is None:
            return
        fixture = TestBeforeResult(name="Before the scenario", start=start, stop=_now(), status=status)
        fixture.statusDetails = details
        fixture.attachments = self._attached_calls()
        self.group_context.current_group().befores.append(fixture)

    def _add_hooks(self, scenario: Scenario, result: TestResult, ended: Outcome) -> None:
        """What the hooks called or raised becomes the result's set-up or tear-down."""
        in_hook = bool(scenario.hook_failed) and ended.step is None
        details = result.statusDetails if in_hook else None
        status = ended.status if in_hook else "passed"
        if not any(step.status.is_passed() or step.status.has_failed() for step in scenario.all_steps):
            self._add_set_up(result.start, status, details)
        elif self._calls or details is not None:
            fixture = TestAfterResult(name="After the scenario", start=self._last_step_at, stop=_now(), status=status)
            fixture.statusDetails = details
            fixture.attachments = self._attached_calls()
            self.group_context.current_group().afters.append(fixture)

    def _attached_calls(self) -> list[Attachment]:
        """The calls since the last time, written as attachments: one for each exchange, one for a call without any."""
        calls, self._calls = self._calls, []
        told = [(event, exchange) for event in calls for exchange in (event.exchanges or (None,))]
        cut = len(told) - MOST_ATTACHMENTS
        if cut <= 0:
            return [_call(event, exchange) for event, exchange in told]
        half = MOST_ATTACHMENTS // 2
        note = f"{cut} requests between the first {half} and the last {half} are left out.\n"
        return [
            *(_call(event, exchange) for event, exchange in told[:half]),
            _attached(f"… {cut} more requests", note),
            *(_call(event, exchange) for event, exchange in told[-half:]),
        ]


def _call(event: CallEvent, exchange: Exchange | None) -> Attachment:
    if exchange is None:
        return _attached(attachments.unsent_name(event), attachments.unsent_text(event))
    return _attached(attachments.name_of(event, exchange), attachments.text_of(event, exchange))


def _attached(
    name: str,
    text: str,
    media_type: str = AttachmentType.TEXT.mime_type,
    extension: str = AttachmentType.TEXT.extension,
) -> Attachment:
    file_name = f"{uuid4()}-attachment.{extension}"
    allure_commons.plugin_manager.hook.report_attached_data(body=text, file_name=file_name)
    return Attachment(name=name, source=file_name, type=media_type)


def _now() -> int:
    """Allure's time: milliseconds since 1970."""
    return round(time.time() * 1000)


def _put(item: TestResult, ended: Outcome) -> None:
    item.status = ended.status
    if ended.message or ended.trace:
        item.statusDetails = StatusDetails(message=ended.message or None, trace=ended.trace or None)
