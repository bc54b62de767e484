"""Of every scenario by itself: one switch that turns it red. The audit of the rows asks for less: that one scenario notices."""

from collections.abc import Callable, Iterator, Sequence

from support.audit.switches import Known, switched_on
from support.audit.verdicts import Shown
from support.audit.warm import Case, WarmRunner
from support.catalogue.tracker import rows
from support.run.suite import Suite

Say = Callable[[str], None]


def every_scenario(
    suite: Suite, runner: WarmRunner, cases: Sequence[Case], known: Sequence[Known], say: Say
) -> tuple[Shown, ...]:
    """Throws the switches of a scenario's row at it, then the general ones, those of its area, and all others, until it turns red."""
    left = list(cases)
    red: dict[str, Shown] = {}
    crashed: dict[str, str] = {}
    for nearness, near in _nearness():
        for switch in known:
            tried = [case for case in left if near(case, switch) and set(case.facts.providers) & set(switch.providers)]
            for shown in _turned_red(suite, runner, tried, switch, crashed):
                red[shown.scenario] = shown
            left = [case for case in left if case.facts.name not in red]
        say(f"{nearness}: {len(left)} scenarios are left that nothing has turned red")
    return tuple(
        red.get(
            case.facts.name,
            Shown(row=case.facts.row, scenario=case.facts.name, sentence=crashed.get(case.facts.name, "")),
        )
        for case in cases
    )


def _nearness() -> list[tuple[str, Callable[[Case, Known], bool]]]:
    """From what a scenario must notice to what it might; what was near enough before is not thrown again."""
    of_rows = {row.id: {(switch.layer, switch.name) for switch in row.switches} for row in rows()}
    of_areas: dict[str, set[tuple[str, str]]] = {}
    areas = {row.id: row.area for row in rows()}
    for row in rows():
        of_areas.setdefault(row.area, set()).update(of_rows[row.id])
    of_any_row = {switch for switches in of_rows.values() for switch in switches}

    def own(case: Case, switch: Known) -> bool:
        return (switch.layer, switch.name) in of_rows.get(case.facts.row, ())

    def general(case: Case, switch: Known) -> bool:
        return (switch.layer, switch.name) not in of_any_row

    def neighbours(case: Case, switch: Known) -> bool:
        there = (switch.layer, switch.name) in of_areas.get(areas.get(case.facts.row, ""), ())
        return there and not own(case, switch)

    def others(case: Case, switch: Known) -> bool:
        return not (own(case, switch) or general(case, switch) or neighbours(case, switch))

    return [
        ("the switches of its own row", own),
        ("the general switches", general),
        ("the other switches of its area", neighbours),
        ("all other switches", others),
    ]


def _turned_red(
    suite: Suite, runner: WarmRunner, cases: Sequence[Case], switch: Known, crashed: dict[str, str]
) -> Iterator[Shown]:
    if not cases:
        return
    with switched_on(suite, switch) as fired:
        for case in cases:
            before = fired()
            outcome = runner.outcome_of(case)
            if fired() == before:
                continue
            if outcome.noticed:
                yield Shown(
                    row=case.facts.row,
                    scenario=case.facts.name,
                    layer=switch.layer,
                    switch=switch.name,
                    sentence=outcome.noticed,
                )
            elif not outcome.passed:
                crashed.setdefault(case.facts.name, f"under {switch.name}: {outcome.broken}")
