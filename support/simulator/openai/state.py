"""What one account has at OpenAI: one shelf a resource. No HTTP here, so that it can be copied as it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from support.simulator.openai.assistants_v2.kept import AssistantShelf
from support.simulator.openai.batches import BatchShelf
from support.simulator.openai.files import FileShelf
from support.simulator.openai.fine_tuning import FineTuningShelf
from support.simulator.openai.prompt_cache import PromptCache
from support.simulator.openai.responses_api.containers import ContainerShelf
from support.simulator.openai.responses_api.conversations import ConversationShelf
from support.simulator.openai.responses_api.stored import ResponseShelf
from support.simulator.openai.vector_stores import VectorStoreShelf
from support.simulator.wire import TenantSeed


@dataclass(slots=True)
class OpenAIState:
    """A new resource is one more field here and one more line in `inventory`."""

    files: FileShelf = field(default_factory=FileShelf)
    vector_stores: VectorStoreShelf = field(default_factory=VectorStoreShelf)
    fine_tuning: FineTuningShelf = field(default_factory=FineTuningShelf)
    responses: ResponseShelf = field(default_factory=ResponseShelf)
    conversations: ConversationShelf = field(default_factory=ConversationShelf)
    assistants: AssistantShelf = field(default_factory=AssistantShelf)
    containers: ContainerShelf = field(default_factory=ContainerShelf)
    batches: BatchShelf = field(default_factory=BatchShelf)
    prompt_cache: PromptCache = field(default_factory=PromptCache)
    """No resource: nobody can list or delete what is in it."""


def new_state(seed: TenantSeed) -> OpenAIState:
    return OpenAIState()


def inventory(state: OpenAIState, now: datetime) -> dict[str, list[str]]:
    """Ids of what exists at that time, by kind."""
    moment = now.timestamp()
    state.fine_tuning.settle(state.files, moment)  # before the files: a job that has ended leaves one
    return {
        "files": state.files.ids(int(moment)),
        "vector_stores": list(state.vector_stores.stores),
        "fine_tuning_jobs": state.fine_tuning.open_jobs(),
        "tuned_models": [name for name, model in state.fine_tuning.models.items() if not model.is_checkpoint],
        "responses": state.responses.stored_ids(moment),
        "conversations": list(state.conversations.conversations),
        **state.assistants.inventory(now),
        "batches": state.batches.open(moment),
        "containers": list(state.containers.living(moment)),
    }
