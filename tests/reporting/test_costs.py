"""The cost report: the ledger's own figures, from all processes of a run, whatever became of it."""

import io
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal as D
from pathlib import Path

import pytest
from rich.console import Console

from support.errors import SetupError
from support.ledger import Caps, Entry, History, Ledger, Reservation
from support.reporting import costs
from support.values import Money, Provider, Usage

ROOT = Path(__file__).parents[2]
CAPS = Caps(D("0.50"), D("5.00"), D("50.00"))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "state") as opened:
        yield opened


def call(
    ledger: Ledger,
    scenario: str,
    cost: str | None,
    *,
    provider: Provider = Provider.OPENAI,
    area: str = "files",
    money: Money = Money.LIVE,
    model: str = "gpt-6-luna",
    usage: Usage | None = None,
    run: str = "run-1",
) -> None:
    """One settled call."""
    entry = Entry(run, scenario, area, "FM-08", provider, model, "chat.create", money)
    reservation = ledger.reserve(entry, D(cost or 0), Caps())
    assert isinstance(reservation, Reservation)
    ledger.settle(
        reservation, usage or Usage(uncached_input_tokens=10, output_tokens=5), None if cost is None else D(cost)
    )


def printed(report: costs.CostReport, width: int = 120) -> str:
    out = io.StringIO()
    costs.render_console(report, Console(file=out, width=width))
    return out.getvalue()


def begin(ledger: Ledger, run: str = "run-1", money: Money = Money.LIVE) -> History:
    history = History(ledger)
    history.begin_run(run, target="live" if money is Money.LIVE else "simulator", money=money, caps=CAPS)
    return history


def test_it_has_sums_by_provider_and_area(ledger: Ledger) -> None:
    begin(ledger)
    usage = Usage(
        uncached_input_tokens=100,
        cache_read_tokens=20,
        cache_write_5m_tokens=3,
        cache_write_1h_tokens=4,
        output_tokens=7,
    )
    call(ledger, "a", "0.25", usage=usage)
    call(ledger, "b", "0.50", provider=Provider.ANTHROPIC, usage=usage)
    call(ledger, "c", "1.00", provider=Provider.ANTHROPIC, area="caching", usage=usage)

    (account,) = costs.build(ledger, "run-1").accounts
    providers = [
        (line.name, line.calls, line.input_tokens, line.cached_tokens, line.output_tokens, line.cost_usd)
        for line in account.providers
    ]
    assert providers == [("Anthropic", 2, 254, 40, 14, D("1.50")), ("OpenAI", 1, 127, 20, 7, D("0.25"))]
    assert [(line.name, line.cost_usd) for line in account.areas] == [("caching", D("1.00")), ("files", D("0.75"))]
    assert (account.total.calls, account.total.input_tokens, account.total.cost_usd) == (3, 381, D("1.75"))


def test_its_total_is_the_ledgers_in_every_form(ledger: Ledger, tmp_path: Path) -> None:
    begin(ledger)
    for number in range(30):
        call(ledger, f"scenario {number % 7}", f"0.0{number:02}7")
    report = costs.build(ledger, "run-1")
    costs.write(report, tmp_path / "reports")

    with sqlite3.connect(tmp_path / "state" / "ledger.db") as connection:
        ((units,),) = connection.execute("SELECT sum(cost) FROM ledger_calls").fetchall()
    connection.close()
    total = D(units).scaleb(-12)
    (account,) = report.accounts
    assert account.total.cost_usd == total == D("0.4560")
    assert sum(line.cost_usd for line in account.providers) == total
    assert sum(line.cost_usd for line in account.areas) == total
    written = json.loads((tmp_path / "reports" / "cost-report.json").read_text())
    assert D(written["accounts"][0]["total"]["cost_usd"]) == total
    assert costs.CostReport.model_validate(written) == report
    for text in (printed(report), (tmp_path / "reports" / "cost-report.md").read_text()):
        assert any("total" in line and "$0.456" in line for line in text.splitlines())


def test_the_five_dearest_scenarios_come_first(ledger: Ledger) -> None:
    begin(ledger)
    for name, cost in (("a", "0.01"), ("b", "0.06"), ("c", "0.03"), ("d", "0.05"), ("e", "0.02"), ("f", "0.04")):
        call(ledger, name, cost)
    call(ledger, "e", "0.10")
    call(ledger, "free", "0")
    (account,) = costs.build(ledger, "run-1").accounts
    assert [(line.name, line.cost_usd) for line in account.dearest_scenarios] == [
        ("e", D("0.12")),
        ("b", D("0.06")),
        ("d", D("0.05")),
        ("f", D("0.04")),
        ("c", D("0.03")),
    ]


def test_simulated_money_is_labelled_and_never_added(ledger: Ledger) -> None:
    begin(ledger, money=Money.SIMULATED)
    call(ledger, "a", "0.25", money=Money.SIMULATED)
    call(ledger, "a", "0.50", money=Money.LIVE)

    report = costs.build(ledger, "run-1")
    assert [(account.money, account.total.cost_usd) for account in report.accounts] == [
        (Money.LIVE, D("0.50")),
        (Money.SIMULATED, D("0.25")),
    ]
    assert [budget.cap for budget in report.accounts[0].budgets] == ["dearest scenario", "run", "total"]
    assert [budget.cap for budget in report.accounts[1].budgets] == ["dearest scenario", "run"]
    for text in (printed(report), costs.to_markdown(report)):
        assert "Cost of run run-1 on simulator: US dollars" in text
        assert "Cost of run run-1 on simulator: simulated dollars, no real money" in text
        assert "Budget of the run (simulated): $0.25 of $5.00 used, $4.75 left." in text
        assert "0.75" not in text


def test_a_run_that_cost_nothing_has_its_table(ledger: Ledger) -> None:
    begin(ledger, money=Money.SIMULATED)
    report = costs.build(ledger, "run-1")
    for text in (printed(report), costs.to_markdown(report)):
        (total,) = [line for line in text.splitlines() if "total" in line]
        assert "$0.00" in total
        assert "Not run: nothing." in text


def test_budgets_count_what_is_still_reserved(ledger: Ledger) -> None:
    begin(ledger, "run-0")
    call(ledger, "earlier", "1.00", run="run-0")
    begin(ledger)
    call(ledger, "a", "0.30")
    entry = Entry("run-1", "a", "files", "FM-08", Provider.OPENAI, "gpt-6-luna", "chat.create", Money.LIVE)
    lost = ledger.reserve(entry, D("0.15"), CAPS)
    assert isinstance(lost, Reservation)
    ledger.leave_reserved(lost)

    report = costs.build(ledger, "run-1")
    (account,) = report.accounts
    assert (account.total.cost_usd, account.total.unsettled_usd) == (D("0.30"), D("0.15"))
    assert [(budget.cap, budget.used_usd, budget.left_usd) for budget in account.budgets] == [
        ("dearest scenario", D("0.45"), D("0.05")),
        ("run", D("0.45"), D("4.55")),
        ("total", D("1.45"), D("48.55")),
    ]
    assert "$0.15 is reserved for 1 call whose cost is not known" in costs.to_markdown(report)


def test_it_says_what_was_unpriced(ledger: Ledger) -> None:
    begin(ledger)
    call(ledger, "a", None, model="gpt-6.2-sol")
    call(ledger, "a", None, model="gpt-6.2-sol")
    report = costs.build(ledger, "run-1")
    (model,) = report.accounts[0].unpriced
    assert (model.provider, model.model, model.calls) == (Provider.OPENAI, "gpt-6.2-sol", 2)
    for text in (printed(report), costs.to_markdown(report)):
        assert "Unpriced: OpenAI gpt-6.2-sol, 2 calls" in text
        assert "$0.00 + unpriced" in text


def test_it_says_what_was_not_run_and_why(ledger: Ledger) -> None:
    history = begin(ledger)
    history.add_not_run("run-1", "Vectors [on] Anthropic", "no key for Anthropic")
    history.add_not_run("run-1", "Files on Anthropic", "no key for Anthropic")
    history.add_not_run("run-1", "A slow one", "slow")
    history.add_not_run("run-1", "A slow one", "told twice")
    history.add_not_run("run-2", "of another run", "slow")

    report = costs.build(ledger, "run-1")
    assert [(group.reason, group.scenarios) for group in report.not_run] == [
        ("no key for Anthropic", ("Files on Anthropic", "Vectors [on] Anthropic")),
        ("slow", ("A slow one",)),
    ]
    assert report.not_run_count == 3
    for text in (printed(report), costs.to_markdown(report)):
        assert "Not run, no key for Anthropic: 2 (Files on Anthropic; Vectors [on] Anthropic)." in text


def test_the_console_names_a_few_of_many_that_were_not_run(ledger: Ledger) -> None:
    history = begin(ledger)
    for number in range(12):
        history.add_not_run("run-1", f"Scenario {number:02}", "slow")
    report = costs.build(ledger, "run-1")
    assert "Not run, slow: 12 (" in printed(report)
    assert "Scenario 04; and 7 more)." in printed(report, width=300)
    assert "Scenario 11)." in costs.to_markdown(report)


def test_an_interrupted_run_says_so_and_stays_so(ledger: Ledger) -> None:
    history = begin(ledger)
    history.end_run("run-1", interrupted=True)
    history.end_run("run-1")
    report = costs.build(ledger, "run-1")
    assert (report.interrupted, report.finished_at is not None) == (True, True)
    assert "The run was interrupted" in printed(report)


def test_processes_that_share_a_run_make_one_report(ledger: Ledger, tmp_path: Path) -> None:
    script = """
import sys
from support.ledger import Ledger
from tests.reporting.test_costs import begin, call
with Ledger.open(sys.argv[1]) as ledger:
    begin(ledger).add_not_run("run-1", "theirs", "slow")
    call(ledger, "theirs", "0.02")
"""
    begin(ledger).add_not_run("run-1", "ours", "slow")
    call(ledger, "ours", "0.01")
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "state")], cwd=ROOT, check=True)

    report = costs.build(ledger, "run-1")
    assert len(report.workers) == 2
    assert (report.accounts[0].total.calls, report.accounts[0].total.cost_usd) == (2, D("0.03"))
    assert report.not_run[0].scenarios == ("ours", "theirs")
    assert ", 2 processes" in printed(report)


def test_it_is_made_again_from_the_ledger_alone(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        begin(ledger)
        call(ledger, "a", "0.01")
        first = costs.build(ledger, "run-1")
    with Ledger.open(tmp_path) as ledger:
        assert costs.build(ledger, "run-1") == first


def test_a_run_that_nobody_knows_gets_one_sentence(ledger: Ledger) -> None:
    with pytest.raises(SetupError, match=r"knows no run run-9 \(it knows none at all\)"):
        costs.build(ledger, "run-9")
    begin(ledger)
    with pytest.raises(SetupError, match=r"knows no run run-9 \(the latest is run-1\)"):
        costs.build(ledger, "run-9")


def test_it_is_appended_to_the_job_summary(ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(ledger)
    report = costs.build(ledger, "run-1")
    summary = tmp_path / "summary.md"
    summary.write_text("# Before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    costs.write(report, tmp_path / "reports")
    assert summary.read_text() == "# Before\n" + costs.to_markdown(report)


def test_a_place_that_cannot_be_written_gets_one_sentence(ledger: Ledger, tmp_path: Path) -> None:
    begin(ledger)
    (tmp_path / "reports").write_text("a file")
    with pytest.raises(SetupError, match=r"cannot be written to .*reports"):
        costs.write(costs.build(ledger, "run-1"), tmp_path / "reports")


def test_names_do_not_break_the_tables(ledger: Ledger) -> None:
    begin(ledger)
    call(ledger, "[bold]a|b[/] <b>", "0.01")
    report = costs.build(ledger, "run-1")
    assert "[bold]a|b[/] <b>" in printed(report)
    assert "| [bold]a\\|b[/] &lt;b> | 1 | $0.01 |" in costs.to_markdown(report)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0.00"),
        ("0.000000000000", "$0.00"),
        ("0.0000001", "under $0.000001"),
        ("0.0000015", "$0.000002"),
        ("0.004", "$0.004"),
        ("0.1", "$0.10"),
        ("1.005", "$1.01"),
        ("1234.5", "$1234.50"),
        ("-0.02", "-$0.02"),
        ("0.9999999", "$1.00"),
    ],
)
def test_money_for_people(amount: str, text: str) -> None:
    assert costs.dollars(D(amount)) == text
