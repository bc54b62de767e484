"""Runs the audit: everything green without a switch, then every switch on every row and provider that it applies to."""

import asyncio
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from support.audit.every_scenario import every_scenario
from support.audit.sabotages import EXCLUDED
from support.audit.switches import Known, deviations, sabotages, switched_on
from support.audit.verdicts import Audit, CleanPass, Unit, Verdict
from support.audit.warm import Case, WarmRunner
from support.catalogue.tracker import Row, Switch
from support.catalogue.tracker import row as tracked
from support.errors import SetupError
from support.run.suite import Suite
from support.settings import Settings
from support.targets import SimulatorTarget
from support.values import Provider

SEEDS = (1, 2)
"""Of the two shuffled clean passes."""
REQUEST_SECONDS = 10.0
"""How long one request may take: an answer that a switch holds back for good must not hold up the audit."""
Say = Callable[[str], None]


@contextmanager
def opened(settings: Settings) -> Iterator[Suite]:
    """A suite on a simulator of its own, with books that nobody else sees."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    with tempfile.TemporaryDirectory(prefix="touchstone-audit-") as state:
        own = {"state": state, "target": "simulator", "simulator_url": None, "deviation": None}
        private = settings.model_copy(update={**own, "request_timeout": REQUEST_SECONDS})
        target = SimulatorTarget(private)
        target.start()
        suite = Suite.open(private, loop, target, "audit")
        try:
            yield suite
        finally:
            suite.close()
            loop.close()


def audit(settings: Settings, arguments: Sequence[str], switch: str | None, say: Say, *, every: bool = False) -> Audit:
    """Audits the scenarios that behave's `arguments` select, with all switches of their rows or with one.

    With `every`, each scenario is looked at by itself as well: one switch at least must turn it red.
    Raises SetupError where nothing is selected, or the switch is not one of theirs.
    """
    if every and switch is not None:
        raise SetupError("Looking at every scenario takes all switches: leave out --switch, or --every.")
    began, began_at = time.monotonic(), datetime.now(UTC)
    with opened(settings) as suite:
        runner = WarmRunner(suite, list(arguments))
        selected = runner.cases()
        cases = [case for case in selected if not case.facts.slow]  # the slow ones are for live targets
        rows = [found for name in dict.fromkeys(case.facts.row for case in selected) if (found := tracked(name))]
        if not rows:
            raise SetupError("Nothing was selected: no scenario of a tracked row matches.")
        if switch is not None and not any(one.name == switch for row in rows for one in row.switches):
            raise SetupError(f"No row that was selected has a switch called {switch!r}.")
        passes = tuple(clean_passes(runner, cases, say))
        known = {(one.layer, one.name): one for one in (*deviations(suite), *sabotages())}
        units: list[Unit] = []
        unknown: list[str] = []
        for row in sorted(rows, key=lambda one: one.id):
            chosen = [one for one in row.switches if switch in (None, one.name)]
            for one in chosen:
                throw = known.get((one.layer, one.name))
                tried = units_of(suite, runner, cases, row, one, throw)
                units += tried
                if not tried:
                    unknown.append(f"{row.id} {one.layer} {one.name}")
            say(_progress(row, [unit for unit in units if unit.row == row.id]))
        shown = every_scenario(suite, runner, cases, list(known.values()), say) if every else None
        seconds = time.monotonic() - began
        return Audit(
            passes=passes,
            units=tuple(units),
            unknown=tuple(unknown),
            every=shown,
            seconds=seconds,
            began_at=began_at,
        )


def clean_passes(runner: WarmRunner, cases: list[Case], say: Say) -> Iterator[CleanPass]:
    """Without any switch: in order, and shuffled with two seeds."""
    orders = {"in order": cases}
    for seed in SEEDS:
        orders[f"shuffled with seed {seed}"] = random.Random(seed).sample(cases, len(cases))
    for order, sequence in orders.items():
        red = [
            f"{case.facts.name}: {outcome.noticed or outcome.broken}"
            for case in sequence
            if not (outcome := runner.outcome_of(case)).passed
        ]
        done = CleanPass(order=order, scenarios=len(sequence), red=tuple(red))
        say(f"no switch, {order}: {len(sequence) - len(red)} of {len(sequence)} passed")
        yield done


def units_of(
    suite: Suite, runner: WarmRunner, cases: list[Case], row: Row, switch: Switch, known: Known | None
) -> list[Unit]:
    """One unit for each provider that the row names and the switch applies to; none for a switch that nothing throws."""
    if switch.name in EXCLUDED:
        reason = EXCLUDED[switch.name]
        return [_unit(row, switch, "", provider, Verdict.EXCLUDED, sentence=reason) for provider in row.providers]
    if known is None:
        return []
    units = []
    for provider in row.providers:
        if provider in known.providers:
            own = [case for case in cases if case.facts.row == row.id and provider in case.facts.providers]
            # a scenario with two providers could notice for the other one: those come last; of the others the quick ones first
            own.sort(key=lambda case: (len(case.facts.providers), runner.seconds.get(case.facts.name, 0.0)))
            units.append(_tried(suite, runner, own, row, switch, known, provider))
    return units


def _tried(
    suite: Suite,
    runner: WarmRunner,
    cases: Sequence[Case],
    row: Row,
    switch: Switch,
    known: Known,
    provider: Provider,
) -> Unit:
    """Runs the row's scenarios with the provider until one notices."""
    broken: list[tuple[str, str]] = []
    with switched_on(suite, switch) as fired:
        for case in cases:
            outcome = runner.outcome_of(case)
            if outcome.noticed and fired() > 0:
                unit = _unit(row, switch, known.does, provider, Verdict.NOTICED, case.facts.name, outcome.noticed)
                return unit.model_copy(update={"crashed": tuple(f"{name}: {what}" for name, what in broken)})
            if not outcome.passed:
                early = f"red before the switch changed anything: {outcome.noticed}"
                broken.append((case.facts.name, outcome.broken or early))
        if broken:
            return _unit(row, switch, known.does, provider, Verdict.BROKEN, *broken[0])
        verdict = Verdict.UNNOTICED if fired() else Verdict.NOT_REACHED
    return _unit(row, switch, known.does, provider, verdict)


def _unit(
    row: Row, switch: Switch, does: str, provider: Provider, verdict: Verdict, scenario: str = "", sentence: str = ""
) -> Unit:
    return Unit(
        row=row.id,
        layer=switch.layer,
        switch=switch.name,
        does=does,
        provider=provider,
        verdict=verdict,
        scenario=scenario,
        sentence=sentence,
    )


def _progress(row: Row, units: Sequence[Unit]) -> str:
    bad = [f"{unit.switch} on {unit.provider}: {unit.verdict}" for unit in units if not unit.verdict.is_good]
    return f"{row.id}: {len(units) - len(bad)} of {len(units)} noticed" + (f"; {'; '.join(bad)}" if bad else "")
