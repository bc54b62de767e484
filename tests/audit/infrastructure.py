"""The switches of the infrastructure rows, and for each the existing check that must notice it."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from support.audit.sabotaging import Fired, Patch, Sabotage, sabotaged
from tests.audit import switches

INVARIANTS = "tests/run/test_invariants.py"
LAST_WORD = "tests/run/test_last_word.py"
BAD_INPUT = "tests/test_bad_input.py"
FIXTURES = "tests/test_fixtures.py"
COSTS = "tests/reporting/test_costs.py"
CALLS = "tests/ledger/test_ledger_calls.py"


@dataclass(frozen=True, slots=True)
class Kill:
    """One switch, and the check that fails when it is on."""

    switch: str
    does: str
    check: str
    """The test's id."""
    says: str
    """What stands in the check's failure: it fails for this reason and no other."""
    patches: Callable[[], Sequence[Patch]]


_on = ExitStack()
"""Sabotages stay on until the process ends."""


class FiredFile(Fired):
    """Says across processes that a sabotage changed something: by a file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def __call__(self) -> None:
        super().__call__()
        self._path.touch()


def put_on(switch: str, fired: Path) -> None:
    """Puts the sabotage on in this process, for good."""
    kill = next(kill for kill in KILLS if kill.switch == switch)
    sabotage = Sabotage(kill.switch, kill.does, (), kill.patches)
    _on.enter_context(sabotaged(sabotage, FiredFile(fired)))


KILLS = (
    Kill(
        "ledger.call_not_recorded",
        "Uploads leave no row in the ledger.",
        f"{LAST_WORD}::test_a_run_that_cost_nothing_ends_with_its_cost_report",
        "The books are wrong",
        switches.call_not_recorded,
    ),
    Kill(
        "ledger.float_rounding",
        "Money goes through binary fractions.",
        "tests/ledger/test_ledger_money.py::test_dollars_come_back_as_they_went_in",
        "== Decimal(",
        switches.float_rounding,
    ),
    Kill(
        "ledger.lost_on_crash",
        "Rows are written when the process ends in order.",
        f"{CALLS}::test_a_killed_process_loses_no_row",
        "assert [] == ['settled'",
        switches.lost_on_crash,
    ),
    Kill(
        "cost.unknown_price_zero",
        "A model without a price is free.",
        "tests/ledger/test_ledger_prices.py::test_what_has_no_token_price_is_unpriced",
        "is None",
        switches.unknown_price_zero,
    ),
    Kill(
        "fixtures.size_wrong",
        "The file of 1 KB has a byte less.",
        f"{FIXTURES}::test_the_stated_property_holds[notes-1k.txt]",
        "assert 1023 == 1024",
        switches.rewritten("notes-1k.txt", lambda content: content[:-1]),
    ),
    Kill(
        "base.leaks_resources",
        "Nothing is cleaned up after a scenario.",
        f"{INVARIANTS}::test_a_failed_scenario_is_cleaned_up_too",
        "Left behind",
        switches.leaks_resources,
    ),
    Kill(
        "base.missing_key_passes",
        "A scenario without its key passes.",
        f"{BAD_INPUT}::test_live_without_keys_runs_nothing_and_says_so",
        "assert 'no key: set OPENAI_API_KEY' in",
        switches.missing_key_passes,
    ),
    Kill(
        "base.noop_passes",
        "A scenario that does nothing passes.",
        f"{INVARIANTS}::test_a_scenario_that_does_and_looks_at_nothing_fails",
        "assert 0 == 1",
        switches.noop_passes,
    ),
    Kill(
        "report.missing_on_failure",
        "A run that failed ends without its cost report.",
        f"{LAST_WORD}::test_a_failed_run_ends_with_its_cost_report",
        "there is no cost report",
        switches.missing_on_failure,
    ),
    Kill(
        "report.hidden_when_zero",
        "A run that cost nothing ends without its cost report.",
        f"{LAST_WORD}::test_a_run_that_cost_nothing_ends_with_its_cost_report",
        "there is no cost report",
        switches.hidden_when_zero,
    ),
    Kill(
        "report.total_differs",
        "The report's total is rounded to the cent.",
        f"{COSTS}::test_its_total_is_the_ledgers_in_every_form",
        "0.46",
        switches.total_differs,
    ),
    Kill(
        "report.only_one_worker",
        "The report has the calls of one process only.",
        f"{COSTS}::test_processes_that_share_a_run_make_one_report",
        "assert 1 == 2",
        switches.only_one_worker,
    ),
    Kill(
        "fixtures.unused",
        "A fixture is sent by nobody.",
        f"{FIXTURES}::test_every_fixture_is_used_by_a_scenario_or_a_step",
        "['forgotten.txt'] == []",
        lambda: switches.other_fixtures(switches.one_more),
    ),
    Kill(
        "fixtures.training_set_short",
        "The training set of ten examples has two.",
        f"{FIXTURES}::test_the_stated_property_holds[training-10.jsonl]",
        "assert 2 == 10",
        switches.rewritten("training-10.jsonl", lambda content: b"".join(content.splitlines(keepends=True)[:2])),
    ),
    Kill(
        "fixtures.cache_text_below_minimum",
        "The text for a cache is three lines, which no provider caches.",
        f"{FIXTURES}::test_the_stated_property_holds[manual.txt]",
        "> 5000",
        switches.rewritten("manual.txt", lambda content: b"".join(content.splitlines(keepends=True)[:3])),
    ),
    Kill(
        "budget.checked_after_spending",
        "A limit is looked at when the money is spent.",
        "tests/gateway/test_purse.py::test_two_calls_go_out_and_the_third_is_refused",
        "DID NOT RAISE",
        switches.checked_after_spending,
    ),
    Kill(
        "budget.reset_each_run",
        "The total begins anew with each run.",
        f"{CALLS}::test_the_total_survives_runs",
        "Standing(",
        switches.reset_each_run,
    ),
    Kill(
        "budget.race_two_runs",
        "Each run looks at the total as if it were alone.",
        f"{CALLS}::test_two_at_once_cannot_both_spend_the_last_dollar",
        "Reservation(",
        switches.race_two_runs,
    ),
    Kill(
        "budget.simulated_counts",
        "Simulated money counts as real.",
        f"{CALLS}::test_simulated_money_never_touches_the_live_budget",
        "Refusal(",
        switches.simulated_counts,
    ),
)
