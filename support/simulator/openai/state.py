"""What one account has at OpenAI: one shelf a resource. No HTTP here, so that it can be copied as it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from support.simulator.openai.files import FileShelf
from support.simulator.openai.prompt_cache import PromptCache
from support.simulator.wire import TenantSeed


@dataclass(slots=True)
class OpenAIState:
    """A new resource is one more field here and one more line in `inventory`."""

    files: FileShelf = field(default_factory=FileShelf)
    prompt_cache: PromptCache = field(default_factory=PromptCache)
    """No resource: nobody can list or delete what is in it."""


def new_state(seed: TenantSeed) -> OpenAIState:
    return OpenAIState()


def inventory(state: OpenAIState, now: datetime) -> dict[str, list[str]]:
    """Ids of what exists at that time, by kind."""
    return {"files": state.files.ids(int(now.timestamp()))}
