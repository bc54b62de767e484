"""What the tracker's report says in words, the same on the page, in Markdown and in the console."""

from collections.abc import Iterable
from datetime import UTC, datetime

from support.ledger.history import Line
from support.reporting.costs import dollars
from support.reporting.traceability import ROW_STATES, Cell, RowReport, State, SwitchReport, Traceability, counts
from support.reporting.traceability_history import Remembered
from support.reporting.traceability_results import End
from support.values import Money, Provider

TITLE = "What is promised, and what holds"
SYMBOLS = {
    State.HOLDS: "✓",
    State.PARTLY: "◐",
    State.BROKEN: "✗",
    State.NOT_RUN: "–",
    State.ABSENT: "○",
    State.UNSHOWN: "∅",
    State.BY_TESTS: "⚙",
    State.UNPROMISED: "",
}
MEANINGS = {
    State.HOLDS: "every scenario of it ran and passed, on every provider that promises it",
    State.PARTLY: "what ran passed; something of it did not run, and the reason stands beside it",
    State.BROKEN: "at least one scenario of it is red",
    State.NOT_RUN: "it was to run and could not, for the reason beside it",
    State.ABSENT: "nobody chose it for this run: what an earlier run found stands beside it",
    State.UNSHOWN: "no feature file shows it yet",
}
_COUNTED = {
    State.HOLDS: "{} of {} rows hold",
    State.PARTLY: "{} in part",
    State.BROKEN: "{} broken",
    State.NOT_RUN: "{} not run",
    State.ABSENT: "{} not in this run",
    State.UNSHOWN: "{} without a scenario",
}
_ENDS = {End.PASSED: "passed", End.RED: "red", End.NOT_RUN: "not run", End.ABSENT: "not in this run"}


def day(moment: datetime) -> str:
    """`24 November 2026`."""
    return f"{moment.astimezone(UTC):%-d %B %Y}"


def to_the_minute(moment: datetime) -> str:
    """`24 November 2026, 10:40 UTC`."""
    return f"{day(moment)}, {moment.astimezone(UTC):%H:%M} UTC"


def in_one_line(made: Traceability) -> str:
    """The counts, without those that are zero, but for what holds and what is broken."""
    counted = counts(made.rows)
    said = [
        _COUNTED[state].format(counted[state], len(made.rows))
        for state in ROW_STATES
        if counted[state] or state in (State.HOLDS, State.BROKEN)
    ]
    return ", ".join(said)


def about(made: Traceability) -> list[str]:
    """The run, its scenarios, and what the report could not find out: a sentence each."""
    said = [_about_run(made), *_about_choice(made), _about_scenarios(made), *_about_money(made), *about_audit(made)]
    if made.untracked:
        red = sum(one.end is End.RED for one in made.untracked)
        said.append(f"{len(made.untracked)} scenarios of the run name no row of the tracker; {red} of them are red.")
    said += [f"{name} could not be read: what it tells is missing here." for name in made.unreadable]
    return said


def _about_run(made: Traceability) -> str:
    if made.facts is None:
        return f"Run {made.run}, of which the ledger that is at hand knows nothing: its cost is not known here."
    where = f"on {'the simulator' if made.target == 'simulator' else made.target}"
    shared = f" in {made.processes} processes" if made.processes > 1 else ""
    ended = " It was interrupted." if made.facts.interrupted else ""
    return f"Run {made.run} {where}{shared}, begun {to_the_minute(made.began_at)}.{ended}"


def _about_choice(made: Traceability) -> list[str]:
    chosen = sum(any(one.end is not End.ABSENT for one in row.scenarios) for row in made.rows)
    if chosen == sum(bool(row.scenarios) for row in made.rows):
        return []
    return [f"Scenarios of {chosen} rows were chosen for this run; of the other rows it says nothing."]


def _about_scenarios(made: Traceability) -> str:
    ends = made.ends()
    said = ", ".join(f"{ends[end]:,} {word}" for end, word in _ENDS.items() if ends[end] or end is End.RED)
    return f"Scenarios of the rows: {sum(ends.values()):,}; {said}."


def _about_money(made: Traceability) -> list[str]:
    if made.facts is None:
        return []
    said = []
    for money in moneys(made):
        lines = [line for row in made.rows for line in row.cost if line.money is money]
        total = _amount(lines)
        note = "; no real money, and nothing was asked of a provider" if money is Money.SIMULATED else ""
        said.append(f"Cost of the rows in {money} dollars: {total}{note}.")
    return said


def about_audit(made: Traceability) -> list[str]:
    """When it was made, what it found, and whether it still speaks of what is there."""
    audit = made.audit
    if audit.unreadable:
        return [
            "The last audit cannot be read, so no row counts as audited: make it again with python -m support audit."
        ]
    if audit.began_at is None:
        return ["No audit is at hand, so no row counts as audited: python -m support audit makes one."]
    switches = [switch for row in made.rows for switch in row.switches]
    noticed = sum(switch.is_noticed for switch in switches)
    audited = sum(row.is_audited for row in made.rows)
    said = [
        f"Audit of {to_the_minute(audit.began_at)}: {noticed} of {len(switches)} switches were noticed, "
        f"in {audited} of {len(made.rows)} rows."
    ]
    if audit.is_stale:
        said.append(f"The audit is stale: {audit.changed} was changed after it began.")
    untried = sum(not switch.tried for switch in switches)
    if untried:
        said.append(f"The audit is partial: {untried} switches were not thrown in it.")
    if audit.red:
        said.append(f"The audit is not sound: {audit.red} scenarios were red in it without any switch.")
    return said


def moneys(made: Traceability) -> tuple[Money, ...]:
    """The kinds of money that the run used, each to be shown by itself."""
    used = {line.money for row in made.rows for line in row.cost}
    if made.facts is not None:
        used.add(made.facts.money)
    return tuple(money for money in Money if money in used)


def cost_in(money: Money, lines: Iterable[Line]) -> str:
    """What was spent of one kind of money; a dash where no call was made."""
    return _amount([line for line in lines if line.money is money]) or "–"


def _amount(lines: list[Line]) -> str:
    if not lines:
        return ""
    said = dollars(sum((line.cost_usd for line in lines), lines[0].cost_usd * 0))
    if any(line.unpriced_calls for line in lines):
        said += " + unpriced"
    held = sum((line.unsettled_usd for line in lines), lines[0].unsettled_usd * 0)
    return said + (f" + at most {dollars(held)} not settled" if held else "")


def in_ranges(ids: Iterable[str]) -> str:
    """`FM-01, FM-03 to FM-05`: ids that follow on each other, told together."""
    runs: list[list[str]] = []
    for one in ids:
        area, _, number = one.partition("-")
        if runs and runs[-1][-1] == f"{area}-{int(number) - 1:02}":
            runs[-1].append(one)
        else:
            runs.append([one])
    return ", ".join(run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)


def scenarios_of(row: RowReport) -> str:
    """`5`, or `5, 2 of them not run`."""
    idle = sum(one.end is End.NOT_RUN for one in row.scenarios)
    return f"{len(row.scenarios)}" + (f", {idle} of them not run" if idle else "")


def switches_of(row: RowReport) -> tuple[str, str]:
    """How many switches were noticed of how many, and how good that is: `good`, `part`, `bad` or `off`."""
    if not row.is_audited:
        return ("not audited", "off") if row.switches else ("has none", "off")
    noticed = sum(switch.is_noticed for switch in row.switches)
    excluded = sum(switch.is_excluded for switch in row.switches)
    untried = sum(not switch.tried for switch in row.switches)
    missed = len(row.switches) - noticed - excluded - untried
    more = [(excluded, "excluded by design"), (untried, "not thrown"), (missed, "not noticed")]
    said = ", ".join([f"{noticed} of {len(row.switches)}", *(f"{number} {word}" for number, word in more if number)])
    return said, "bad" if missed else "part" if untried else "good"


def verdict_of(switch: SwitchReport, provider: Provider) -> str:
    """What became of a switch on a provider; a dash where it does not apply, or was not thrown."""
    tried = switch.tried.get(provider)
    if tried is None:
        return "–"
    return "noticed by a scenario that is gone" if provider in switch.gone else tried.verdict


def since(made: Traceability, cell: Cell, known: Remembered | None) -> str:
    """From when it stands so; where this run tells too little, how it stood last. Empty where only this run is known."""
    if known is None or cell.state is State.UNPROMISED:
        return ""
    if cell.tells and known.since.run == made.run:
        return f"since this run, before: {known.changes[-2].state}" if len(known.changes) > 1 else ""
    if cell.tells:
        return f"since {known.since.at:%-d %b %Y}"
    return f"last: {known.since.state}, {known.at:%-d %b %Y}"


def remembered(made: Traceability, known: Iterable[Remembered]) -> list[str]:
    """What is remembered of a row, on every target, a sentence each; the run's own target first."""
    ordered = sorted(known, key=lambda one: (one.target != made.target, one.target, list(Provider).index(one.provider)))
    said = []
    for one in ordered:
        where = "" if one.target == made.target else f" on {one.target}"
        before = "".join(f", before: {change.state}" for change in one.changes[:-1])
        last = "" if one.run == made.run else f"; last looked at in run {one.run}, {day(one.at)}"
        stands = f"{one.since.state} since run {one.since.run}, {day(one.since.at)}"
        said.append(f"{one.provider}{where}: {stands}{before}{last}.")
    return said
