"""The run: opens target, ledger and journal once, gives every scenario a world of its own, and settles what is left."""

import asyncio
import re
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from support.catalogue.lifecycle import retirement, retiring_within
from support.gateway.call import ChokePoint
from support.gateway.capabilities import ProviderGateway
from support.gateway.endpoint import shared_client
from support.gateway.events import Account, CallEvent, Listener
from support.gateway.exchanges import Wire
from support.gateway.open import gateway_class, open_gateway
from support.gateway.purse import LedgerPurse
from support.gateway.several import Comparison, WorkflowResult
from support.housekeeping.cleanup import cleanup
from support.journal import Journal, Run, ScenarioRegister
from support.journal import Target as JournalledTarget
from support.ledger import Caps, History, Ledger
from support.reporting.caching import exhibits
from support.reporting.costs import CostReport, build, line_of
from support.reporting.recorder import recorder
from support.reporting.redaction import redactor
from support.reporting.tables import comparison_exhibit, workflow_exhibit
from support.run.interruptions import interruptions_held
from support.run.invariants import check_not_a_no_op, check_nothing_left, check_unread
from support.run.scenarios import ScenarioFacts, reason_to_skip
from support.settings import Settings
from support.targets import START_OF_TIME, Remains, Target, Tenancy
from support.values import CachingReport, Money, Provider
from support.world import RunSums, World

T = TypeVar("T")

MOST_READS = 20
"""How often the sums of a run are read while other processes go on writing."""

WARN_DAYS = 90
"""How far ahead a run warns of what its providers will switch off."""


@dataclass
class OpenScenario:
    """A scenario under way, with everything to be settled at its end."""

    facts: ScenarioFacts
    world: World
    tenancy: Tenancy
    register: ScenarioRegister


@dataclass
class Suite:
    """One process's part of a run."""

    settings: Settings
    loop: asyncio.AbstractEventLoop
    target: Target
    ledger: Ledger
    journal: Journal
    run_id: str
    listeners: list[Listener] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    """Calls made, by scenario."""
    not_run: list[tuple[str, str]] = field(default_factory=list)
    begun: set[str] = field(default_factory=set)
    """The scenarios that were given a tenancy, whatever became of them."""
    under_way: OpenScenario | None = None
    """The scenario that has begun and has not been cleaned up: one that an interruption left so, at the end of the run."""
    notes: list[str] = field(default_factory=list)
    """What clean-up left to a provider, by scenario after scenario."""
    deviation: str | None = None
    deviation_fired: int = 0
    """How often the deviation changed something, in the scenarios that have ended."""
    _lease: Run | None = None
    _http: httpx2.AsyncClient | None = None

    @classmethod
    def open(cls, settings: Settings, loop: asyncio.AbstractEventLoop, target: Target, run_id: str) -> "Suite":
        """Opens ledger and journal for a run on `target`. Raises SetupError; then nothing stays open, the target neither."""
        opened: list[Ledger] = []
        try:
            opened.append(Ledger.open(settings.state))
            journal = Journal.open(settings.state)
        except BaseException:
            for ledger in opened:
                ledger.close()
            loop.run_until_complete(target.close())
            raise
        suite = cls(settings, loop, target, opened[0], journal, run_id, deviation=settings.deviation)
        suite.history.begin_run(run_id, target=target.name, money=target.money, caps=suite.caps())
        return suite

    # One scenario ----------------------------------------------------------------------------------------------------

    def reason_to_skip(self, facts: ScenarioFacts) -> str | None:
        """Why the scenario does not run here, or None; a skip is noted for the report."""
        reason = reason_to_skip(facts, self.settings, self.target, self._retired)
        if reason is not None:
            self.not_run.append((facts.id, reason))
        return reason

    def begin(self, facts: ScenarioFacts) -> OpenScenario:
        """Opens a tenancy, and the scenario's world on it."""
        for provider in facts.providers:
            gateway_class(provider)  # loads its SDK, at first while the simulator comes up
        self.begun.add(facts.name)
        self.under_way = self.await_(self._begin(facts))
        return self.under_way

    async def _begin(self, facts: ScenarioFacts) -> OpenScenario:
        wire = Wire()
        tenancy = await self.target.open(
            facts.id, lambda: wire.in_flight, self.deviation, facts.begins or START_OF_TIME
        )
        for endpoint in tenancy.endpoints.values():
            for secret in endpoint.secrets:
                redactor.add(secret)
        account = Account(self.run_id, facts.id, facts.area, facts.row, self.target.money)
        register = self.lease().scenario(facts.id, tenancy.tenant)
        choke = ChokePoint(
            account=account,
            clock=tenancy.clock,
            purse=LedgerPurse(self.ledger, account, self.caps(facts), may_be_unpriced=self._allowed()),
            register=register,
            wire=wire,
            listeners=[self._count, *self.listeners],
            attempts=self.settings.attempts,
        )

        def gateway(provider: Provider, key: str | None, **other: Any) -> ProviderGateway:
            if key is not None:
                redactor.add(key)
                other["key"] = key
            return open_gateway(replace(tenancy.endpoints[provider], **other), self.http, choke)

        world = World(
            gateway,
            tenancy.clock,
            wire,
            tenancy.control,
            self.run_id,
            charges=lambda: self.history.calls(account.run_id, facts.id),
            reported=lambda: line_of(self.ledger, account.run_id, facts.id),
            show=lambda report: self._show(facts, report),
            show_table=self._show_table,
            sums=self._sums,
            lacks=self.target.missing,
            keys={provider: endpoint.key for provider, endpoint in tenancy.endpoints.items()},
        )
        return OpenScenario(facts, world, tenancy, register)

    def end(self, scenario: OpenScenario, passed: bool) -> None:
        """Cleans up, always; then raises an InvariantBroken for what the scenario left behind or never did.

        Where the clean-up is interrupted, the scenario stays under way, and this can be called again.
        """
        self.await_(_cancelled())
        try:
            report = self.await_(cleanup(lambda provider: scenario.world.gateway(provider), scenario.register))
        except Exception:
            self._left(scenario)
            raise
        remains = self._left(scenario)
        if scenario.tenancy.control is None:  # a simulated account ends with its scenario, and takes all along
            self.notes += report.notes
        if passed:
            check_unread(scenario.world.unread_refusal)
            check_not_a_no_op(len(scenario.world.wire.exchanges), scenario.world.checks)
        check_nothing_left(remains.inventory, report.problems)

    def _left(self, scenario: OpenScenario) -> Remains:
        with interruptions_held():
            try:
                return self.await_(self._leave(scenario))
            finally:
                self.under_way = None

    async def _leave(self, scenario: OpenScenario) -> Remains:
        remains = await scenario.tenancy.close()
        self.deviation_fired += remains.deviation_fired
        if scenario.tenancy.control is not None:
            scenario.register.close()
        return remains

    # The run as a whole ----------------------------------------------------------------------------------------------

    def warnings(self) -> list[str]:
        """What clean-up left to the providers, and what they will switch off within 90 days."""
        today = date.today()
        return self.notes + [
            f"{gone.provider} switches off {gone.names[0]} on {gone.retired_on}"
            + (f"; its successor is {gone.successor}" if gone.successor else "")
            for gone in retiring_within(WARN_DAYS, today)
        ]

    def settle(self, unreached: Sequence[str] | None) -> CostReport:
        """Notes how the run ended, and what it did not come to (None: it went to its end); answers what it cost."""
        for scenario, reason in self.not_run:
            self.history.add_not_run(self.run_id, scenario, reason)
        for scenario in unreached or ():
            self.history.add_not_run(self.run_id, scenario, "interrupted")
        self.history.end_run(self.run_id, interrupted=unreached is not None)
        return build(self.ledger, self.run_id)

    def faults(self) -> list[str]:
        """What the run's own books say against it, a sentence each: one row in the ledger for each call that was made."""
        self.ledger.flush()
        made, kept = sum(self.calls.values()), self.history.number_of_calls(self.run_id, self.ledger.worker)
        return [] if made == kept else [f"The books are wrong: {made} calls were made, and the ledger has {kept} rows."]

    def close(self) -> None:
        """Ends the run; every step of it is tried."""
        closers: Sequence[Any] = (
            self._end_lease,
            self._close_connections,
            self.journal.close,
            self.ledger.close,
        )
        first: BaseException | None = None
        for closer in closers:
            try:
                closer()
            except Exception as error:
                first = first or error
        if first is not None:
            raise first

    def _close_connections(self) -> None:
        async def closing() -> None:
            if self._http is not None:
                await self._http.aclose()
            await self.target.close()

        self.await_(closing())

    def lease(self) -> Run:
        """This process in the journal, from its first scenario on: by then the target knows how it can be reached again."""
        if self._lease is None:
            where = JournalledTarget(name=self.target.name, facts=self.target.facts)
            span = timedelta(seconds=self.settings.lease)
            self._lease = self.journal.begin_run(self.run_id, where, worker=self.ledger.worker, lease=span)
        return self._lease

    def _end_lease(self) -> None:
        if self._lease is not None:
            self._lease.end()

    @property
    def http(self) -> httpx2.AsyncClient:
        """The client under all SDKs; made when the first scenario needs it."""
        if self._http is None:
            self._http = shared_client()
        return self._http

    def await_(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs on the suite's loop: behave never awaits a hook."""
        return self.loop.run_until_complete(work)

    @property
    def history(self) -> History:
        """The ledger, read back."""
        return History(self.ledger)

    def caps(self, facts: ScenarioFacts | None = None) -> Caps:
        """What may be spent: by a scenario with a budget of its own, or by any."""
        budget = self.settings.budget_scenario if facts is None or facts.budget is None else facts.budget
        total = self.settings.budget_total if self.target.money is Money.LIVE else None
        return Caps(scenario=budget, run=self.settings.budget_run, total=total)

    def _retired(self, facts: ScenarioFacts) -> str | None:
        """A capability that its provider has switched off is not run live: `retired on …`; a server may go on speaking it."""
        needed = facts.capability or facts.area
        if needed in self.target.speaks:
            return None
        today = date.today()
        for provider in facts.providers:
            gone = retirement(provider, needed)
            if gone is not None and gone.has_happened(today):
                return f"retired on {gone.retired_on}"
        return None

    def _allowed(self) -> list[str]:
        return [name.strip() for name in self.settings.allow_unpriced.split(",") if name.strip()]

    def _show_table(self, made: Comparison | WorkflowResult) -> Sequence[str]:
        """Puts what several providers did before the reader; answers its lines, which the console says of more than one row."""
        shown = comparison_exhibit(made) if isinstance(made, Comparison) else workflow_exhibit(made)
        recorder.show(shown if len(made.rows()) > 1 else replace(shown, lines=()))
        return shown.lines

    def _sums(self) -> RunSums:
        """What the report of the run has so far: its total, and its lines by provider and by scenario.

        The three belong together: they are read again while other processes of the run write between them.
        """
        history, money = self.history, self.target.money

        def read() -> RunSums:
            (total,) = [line for line in history.totals(self.run_id) if line.money is money]
            return RunSums(total, history.by("provider", self.run_id), history.by("scenario", self.run_id))

        sums = read()
        for _ in range(MOST_READS):
            before, sums = sums, read()
            if before == sums:
                break
        return sums

    def _show(self, facts: ScenarioFacts, report: CachingReport) -> Path:
        """Puts a comparison before the reader, and as JSON among the reports, in a file of the scenario's own."""
        shown = exhibits(report)
        for exhibit in shown:
            recorder.show(exhibit)
        path = self.settings.reports / f"caching-{re.sub(r'[^a-z0-9]+', '-', facts.name.lower())}.json"
        path.write_text(redactor.clean(shown[0].content), encoding="utf-8")
        return path

    def _count(self, event: CallEvent) -> None:
        self.calls[event.account.scenario] += not event.late


async def _cancelled() -> None:
    """Ends what an interrupted step left running: its calls must not go on during the clean-up."""
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
