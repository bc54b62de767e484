"""What one scenario makes at its account, entered in the journal before it exists."""

from typing import TYPE_CHECKING

from support.journal.records import Resource
from support.values import Provider

if TYPE_CHECKING:
    from support.journal.journal import Journal
    from support.journal.runs import Run


class ScenarioRegister:
    """The choke point's view of the journal, for one scenario; every method is committed when it returns.

    All raise JournalUnavailable where the journal cannot be written.
    """

    def __init__(self, journal: "Journal", run: "Run", scope: int, scenario: str, tenant: str) -> None:
        self.journal = journal
        self.run = run
        self.scenario = scenario
        self.tenant = tenant
        self._scope = scope

    def intend(self, provider: Provider, kind: str, marker: str) -> int:
        """Notes that a resource is about to be made; answers the number of the entry."""
        return self.journal.intend(self._scope, provider, kind, marker)

    def confirm(self, entry: int, remote_id: str) -> None:
        """The provider made it, under this id."""
        self.journal.confirm(entry, remote_id)

    def refused(self, entry: int) -> None:
        """The provider certainly made nothing."""
        self.journal.refused(entry)

    def removed(self, provider: Provider, kind: str, remote_id: str) -> None:
        """The provider says that it is gone; what this scenario did not make is not in its register, and nothing happens."""
        self.journal.removed(self._scope, provider, kind, remote_id)

    def open_resources(self) -> list[Resource]:
        """What this scenario made or may have made, and nobody removed: newest first."""
        return self.journal.resources_of(self._scope)

    def close(self) -> None:
        """Nothing can be left at the account, because it was found empty or is no more: no sweep needs to look there.

        For an account of the scenario's own, which the simulator gives; an account that others use too is closed by a sweep.
        """
        self.journal.close_scopes([self._scope])
