"""Gemini's API: files, caches, File Search stores, models, generateContent, batches, counting, embeddings, on v1 and v1beta."""

from __future__ import annotations

from datetime import datetime

from support.simulator.gemini import (
    batch_results,
    batch_routes,
    cache_routes,
    chat,
    embedding_routes,
    errors,
    file_routes,
    file_search_routes,
    file_uploads,
    models,
    uploads,
)
from support.simulator.gemini.state import GeminiState, inventory
from support.simulator.wire import Answer, Call, ProviderApi

VERSIONS = ("v1", "v1beta")
RESOURCES = (models, chat, embedding_routes, file_uploads, file_routes, cache_routes, file_search_routes, batch_routes)


def _finish(call: Call, answer: Answer) -> None:
    uploads.finish(call, answer)
    chat.finish(call, answer)
    answer.headers.setdefault("server-timing", f"gfet4t7; dur={round(answer.seconds * 1000) or 9}")


def _inventory(state: GeminiState, now: datetime) -> dict[str, list[str]]:
    batch_results.settle(state, now)  # before the files: a batch that has ended may have left one
    return inventory(state, now)


API = ProviderApi(
    name="Gemini",
    routes=[route for version in VERSIONS for resource in RESOURCES for route in resource.routes(version)],
    new_state=lambda seed: GeminiState(),
    inventory=_inventory,
    key_of=uploads.key_of,
    refuse_no_key=errors.refuse_no_key,
    refuse_bad_key=errors.refuse_bad_key,
    unknown_path=errors.unknown_path,
    bad_method=errors.unknown_path,
    malformed_body=errors.malformed_body,
    too_large=errors.too_large,
    internal=errors.internal,
    failure=errors.failure,
    finish=_finish,
    content_type="application/json; charset=UTF-8",
)
