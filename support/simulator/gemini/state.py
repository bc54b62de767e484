"""What one tenant has at Gemini."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from support.simulator.gemini.batches import Batches
from support.simulator.gemini.caches import Caches
from support.simulator.gemini.file_search import Stores
from support.simulator.gemini.files import Files
from support.simulator.gemini.uploads import Upload


@dataclass(slots=True)
class GeminiState:
    """Stored files, caches, File Search stores, batches, and uploads by the id in their url."""

    files: Files = field(default_factory=Files)
    caches: Caches = field(default_factory=Caches)
    stores: Stores = field(default_factory=Stores)
    batches: Batches = field(default_factory=Batches)
    uploads: dict[str, Upload] = field(default_factory=dict)


def inventory(state: GeminiState, now: datetime) -> dict[str, list[str]]:
    """Names of what exists: an upload that never ended is nothing yet, documents belong to their store."""
    return {
        "files": [file.name for file in state.files.all(now)],
        "cachedContents": [cache.name for cache in state.caches.all(now)],
        "fileSearchStores": [store.name for store in state.stores.by_id.values()],
        "batches": [batch.name for batch in state.batches.newest_first()],
    }
