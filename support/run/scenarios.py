"""What the run reads off a behave scenario: its row, its providers, its budget, and why it may have to be skipped."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from support.catalogue.tracker import row as tracked
from support.errors import SetupError
from support.reporting.labels import providers_of
from support.settings import Settings
from support.targets import SimulatorTarget, Target
from support.values import Provider


@dataclass(frozen=True, slots=True)
class ScenarioFacts:
    """One scenario, as its feature file says it."""

    name: str
    feature: str
    area: str
    row: str
    providers: tuple[Provider, ...]
    budget: Decimal | None
    simulator_only: bool
    slow: bool
    capability: str | None = None
    """What the gateway must offer for it (`@capability:assistants_v2`), where the area is not that itself."""
    begins: datetime | None = None
    """What a simulated clock shows at the start (`@on:2026-08-20`); None: the usual day."""

    @property
    def id(self) -> str:
        """Unique across features: names are, and an outline's examples carry theirs."""
        return self.name


def facts_of(scenario: Any) -> ScenarioFacts:
    """Reads a behave scenario; raises SetupError for a tag that says nothing readable."""
    tags = [str(tag) for tag in scenario.effective_tags]
    row = next((found for tag in tags if (found := tracked(tag))), None)
    example = getattr(scenario, "_row", None)  # behave has no public name for it
    return ScenarioFacts(
        name=scenario.name,
        feature=scenario.feature.name,
        area=row.area if row else next(iter(tags), ""),
        row=row.id if row else "",
        providers=providers_of(tags, dict(example.items()) if example else {}),
        budget=_budget(tags, scenario.name),
        simulator_only="simulator_only" in tags,
        slow="slow" in tags,
        capability=next((tag.removeprefix("capability:") for tag in tags if tag.startswith("capability:")), None),
        begins=_begins(tags, scenario.name),
    )


def _budget(tags: Iterable[str], name: str) -> Decimal | None:
    said = [tag.removeprefix("budget:") for tag in tags if tag.startswith("budget:")]
    if not said:
        return None
    try:
        budget = Decimal(said[-1])
    except InvalidOperation:
        budget = Decimal("NaN")
    if not budget.is_finite() or budget < 0:
        raise SetupError(
            f"The tag @budget:{said[-1]} of {name!r} is not an amount in dollars; write, say, @budget:0.05."
        )
    return budget


def _begins(tags: Iterable[str], name: str) -> datetime | None:
    said = [tag.removeprefix("on:") for tag in tags if tag.startswith("on:")]
    if not said:
        return None
    try:
        return datetime.combine(date.fromisoformat(said[-1]), time(9), UTC)
    except ValueError:
        raise SetupError(f"The tag @on:{said[-1]} of {name!r} is not a day; write, say, @on:2026-08-20.") from None


def reason_to_skip(
    facts: ScenarioFacts, settings: Settings, target: Target, retired: Callable[[ScenarioFacts], str | None]
) -> str | None:
    """Why the scenario cannot run on this target, in a form that a machine can group by, or None."""
    if facts.simulator_only and not isinstance(target, SimulatorTarget):
        return "simulator only"
    if facts.slow and isinstance(target, SimulatorTarget):
        return "slow: live only"
    if facts.slow and not settings.slow:
        return "slow: not selected (-D slow=1)"
    for provider in facts.providers:
        missing = missing_provider(target, provider)
        if missing is not None:
            return missing
    return None if isinstance(target, SimulatorTarget) else retired(facts)


def missing_provider(target: Target, provider: Provider) -> str | None:
    """Why the target lacks the provider; a missing key is never a pass."""
    return target.missing(provider)
