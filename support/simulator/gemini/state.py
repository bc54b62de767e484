"""What one tenant has at Gemini."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from support.simulator.gemini.caches import Caches
from support.simulator.gemini.files import Files
from support.simulator.gemini.uploads import Upload


@dataclass(slots=True)
class GeminiState:
    """Stored files, caches, and uploads by the id in their url."""

    files: Files = field(default_factory=Files)
    caches: Caches = field(default_factory=Caches)
    uploads: dict[str, Upload] = field(default_factory=dict)


def inventory(state: GeminiState, now: datetime) -> dict[str, list[str]]:
    """Names of what exists: an upload that never ended is nothing yet."""
    return {
        "files": [file.name for file in state.files.all(now)],
        "cachedContents": [cache.name for cache in state.caches.all(now)],
    }
