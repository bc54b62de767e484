"""OpenAI, simulated: files, batches, models, chat, counting, embeddings, vector stores, fine-tuning.

A new resource brings its state and its ROUTES.
"""

from __future__ import annotations

from datetime import datetime

from support.simulator.openai import (
    batch_results,
    batches_routes,
    chat_routes,
    embeddings_routes,
    errors,
    files_routes,
    fine_tuning_permissions_routes,
    fine_tuning_routes,
    models_routes,
    tokens_routes,
    vector_store_batches_routes,
    vector_store_files_routes,
    vector_store_routes,
)
from support.simulator.openai.assistants_v2 import assistants_routes, running, runs_routes, threads_routes
from support.simulator.openai.responses_api import (
    compaction_routes,
    containers_routes,
    conversations_routes,
)
from support.simulator.openai.responses_api import (
    routes as responses_routes,
)
from support.simulator.openai.state import OpenAIState, inventory, new_state
from support.simulator.wire import ProviderApi


def _inventory(state: OpenAIState, now: datetime) -> dict[str, list[str]]:
    batch_results.settle(state, now.timestamp())  # before the files: a batch that has ended leaves some
    running.settle_all(state, now.timestamp())  # before the files too: a program that a run has run may leave some
    return inventory(state, now)


API = ProviderApi(
    name="OpenAI",
    routes=(
        *files_routes.ROUTES,
        *models_routes.ROUTES,
        *chat_routes.ROUTES,
        *tokens_routes.ROUTES,
        *responses_routes.ROUTES,
        *compaction_routes.ROUTES,
        *conversations_routes.ROUTES,
        *containers_routes.ROUTES,
        *assistants_routes.ROUTES,
        *threads_routes.ROUTES,
        *runs_routes.ROUTES,
        *batches_routes.ROUTES,
        *embeddings_routes.ROUTES,
        *vector_store_routes.ROUTES,
        *vector_store_files_routes.ROUTES,
        *vector_store_batches_routes.ROUTES,
        *fine_tuning_routes.ROUTES,
        *fine_tuning_permissions_routes.ROUTES,
    ),
    new_state=new_state,
    inventory=_inventory,
    key_of=errors.key_of,
    refuse_no_key=errors.refuse_no_key,
    refuse_bad_key=errors.refuse_bad_key,
    unknown_path=errors.unknown_path,
    bad_method=errors.bad_method,
    malformed_body=errors.malformed_body,
    too_large=errors.too_large,
    internal=errors.internal,
    failure=errors.failure,
    finish=errors.finish,
)
