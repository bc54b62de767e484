"""The table of sabotages, by name: an area adds a module with its own, and its tuple here."""

from support.audit.sabotages.asking_many import ASKING_MANY
from support.audit.sabotages.assistants import ASSISTANTS
from support.audit.sabotages.batches import BATCHES
from support.audit.sabotages.caching import CACHING
from support.audit.sabotages.capabilities import CAPABILITIES
from support.audit.sabotages.failover import FAILOVER
from support.audit.sabotages.failures import FAILURES
from support.audit.sabotages.files import FILES
from support.audit.sabotages.fine_tuning import FINE_TUNING
from support.audit.sabotages.general import GENERAL
from support.audit.sabotages.kept import KEPT
from support.audit.sabotages.knowledge import KNOWLEDGE
from support.audit.sabotages.outcomes import OUTCOMES
from support.audit.sabotages.session_trees import SESSION_TREES
from support.audit.sabotages.sessions import SESSIONS
from support.audit.sabotages.several import SEVERAL
from support.audit.sabotages.workflows import WORKFLOWS
from support.audit.sabotaging import Sabotage

_ALL: tuple[Sabotage, ...] = (
    *FILES,
    *CACHING,
    *KNOWLEDGE,
    *ASSISTANTS,
    *KEPT,
    *ASKING_MANY,
    *OUTCOMES,
    *BATCHES,
    *FINE_TUNING,
    *SESSIONS,
    *SESSION_TREES,
    *SEVERAL,
    *FAILOVER,
    *CAPABILITIES,
    *WORKFLOWS,
    *FAILURES,
    *GENERAL,
)
SABOTAGES: dict[str, Sabotage] = {sabotage.name: sabotage for sabotage in _ALL}

assert len(SABOTAGES) == len(_ALL), "two sabotages have one name, and one of them would never be thrown"

EXCLUDED: dict[str, str] = {}
"""Switches that the code's shape makes impossible, with the reason."""
