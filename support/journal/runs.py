"""One process of a run: its lease, which a heartbeat renews in real time while the process lives."""

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from support.journal.database import JournalUnavailable
from support.journal.records import Target
from support.journal.register import ScenarioRegister

if TYPE_CHECKING:
    from support.journal.journal import Journal

DEFAULT_LEASE = timedelta(seconds=30)
"""Real time after which a process that says nothing more counts as dead."""


class Run:
    """A process that may make remote resources under its run's id; `Journal.begin_run` makes it.

    Only the lease tells whether it lives: a killed process's runs out, and then its resources may be swept.
    """

    def __init__(
        self, journal: "Journal", id: str, worker: str, target: Target, process: int, lease: timedelta
    ) -> None:
        self.id = id
        self.worker = worker
        self.target = target
        self._journal = journal
        self._process = process
        self._lease = lease
        self._ending = threading.Event()
        self._heart = threading.Thread(target=self._beat, name=f"lease of run {id}", daemon=True)
        self._heart.start()

    def scenario(self, scenario: str, tenant: str) -> ScenarioRegister:
        """The register of one scenario at one account. `tenant` names the account, it is never a key."""
        return ScenarioRegister(
            self._journal, self, self._journal.open_scope(self._process, scenario, tenant), scenario, tenant
        )

    def end(self) -> None:
        """Gives the lease back: from now on, what this process has left may be swept."""
        self._ending.set()
        self._heart.join()
        self._journal.end_process(self._process)

    def _beat(self) -> None:
        while not self._ending.wait(self._lease.total_seconds() / 3):
            try:
                self._journal.renew(self._process, self._lease)
            except JournalUnavailable:
                # There are two more beats in the lease; if it is for good, the next create says so and is not made.
                continue
