"""The table of sabotages, by name: an area adds a module with its own, and its tuple here."""

from support.audit.sabotages.assistants import ASSISTANTS
from support.audit.sabotages.caching import CACHING
from support.audit.sabotages.failures import FAILURES
from support.audit.sabotages.files import FILES
from support.audit.sabotages.knowledge import KNOWLEDGE
from support.audit.sabotaging import Sabotage

SABOTAGES: dict[str, Sabotage] = {
    sabotage.name: sabotage for sabotage in (*FILES, *CACHING, *KNOWLEDGE, *ASSISTANTS, *FAILURES)
}

EXCLUDED: dict[str, str] = {}
"""Switches that the code's shape makes impossible, with the reason."""
