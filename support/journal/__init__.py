"""The journal of remote resources: an entry before each exists, and a lease for each run that lives."""

from support.journal.database import JournalUnavailable
from support.journal.journal import Journal
from support.journal.records import Place, Resource, State, Target
from support.journal.register import ScenarioRegister
from support.journal.runs import DEFAULT_LEASE, Run

__all__ = [
    "DEFAULT_LEASE",
    "Journal",
    "JournalUnavailable",
    "Place",
    "Resource",
    "Run",
    "ScenarioRegister",
    "State",
    "Target",
]
