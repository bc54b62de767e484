"""The routes of batches of files in OpenAI's vector stores (provider-facts 5.1; recordings: vector store file batches).

Unverified, for want of a recording: all refusals, and that a cancelled batch is so at once.
"""

from __future__ import annotations

from typing import Any

from support.simulator.openai import checks, vector_store_requests
from support.simulator.openai import vector_store_files_routes as files_routes
from support.simulator.openai.checks import Rule
from support.simulator.openai.errors import refusal
from support.simulator.openai.state import OpenAIState
from support.simulator.openai.vector_store_routes import existing, stored_files, usable
from support.simulator.openai.vector_stores import Chunking, FileBatch, VectorStore, counts
from support.simulator.wire import Answer, Call, Route

MOST_FILES = 2_000
RULES = {
    "file_ids": Rule("array"),
    "files": Rule("array"),
    "attributes": Rule("any"),
    "chunking_strategy": Rule("any"),
}


def create(state: OpenAIState, call: Call) -> Answer:
    store = usable(state, call)
    body: dict[str, Any] = call.body
    checks.check(body, RULES)
    wanted = _wanted(body)
    files = stored_files(state, call, list(wanted))
    now = call.now.timestamp()
    attached = [store.attach(file, now, *wanted[file.id], call.durations) for file in files]
    return Answer(200, _shown(store.batch(attached, now), store, now))


def get(state: OpenAIState, call: Call) -> Answer:
    store, batch = _found(state, call)
    return Answer(200, _shown(batch, store, call.now.timestamp()))


def cancel(state: OpenAIState, call: Call) -> Answer:
    store, batch = _found(state, call)
    now = call.now.timestamp()
    batch.cancel(now)
    return Answer(200, _shown(batch, store, now))


def list_files(state: OpenAIState, call: Call) -> Answer:
    store, batch = _found(state, call)
    attached = {file_id: store.files[file_id] for file_id in batch.files if file_id in store.files}
    return Answer(200, files_routes.page(call, store, attached))


def _wanted(body: dict[str, Any]) -> dict[str, tuple[Chunking, dict[str, Any]]]:
    """How each file is to be cut and labelled, by its id."""
    one_by_one, file_ids = body.get("files"), body.get("file_ids")
    if one_by_one is not None and file_ids is not None:
        raise refusal(400, "Only one of 'file_ids' and 'files' can be specified.", param="files")
    if one_by_one is None:
        if file_ids is None:
            raise checks.missing("file_ids")
        if not file_ids:
            raise checks.empty_array("file_ids")
        chunking = vector_store_requests.chunking(body.get("chunking_strategy"))
        attributes = vector_store_requests.attributes(body.get("attributes"))
        ids = vector_store_requests.file_ids(file_ids, "file_ids", MOST_FILES)
        return dict.fromkeys(ids, (chunking, attributes))
    if not one_by_one:
        raise checks.empty_array("files")
    if len(one_by_one) > MOST_FILES:
        raise checks.too_long_array("files", len(one_by_one), MOST_FILES)
    wanted: dict[str, tuple[Chunking, dict[str, Any]]] = {}
    for number, one in enumerate(one_by_one):
        where = f"files[{number}]"
        checks.expect(one, "object", where)
        checks.check(one, files_routes.FILE_RULES, f"{where}.")
        if one.get("file_id") is None:
            raise checks.missing(f"{where}.file_id")
        wanted[one["file_id"]] = (
            vector_store_requests.chunking(one.get("chunking_strategy"), f"{where}.chunking_strategy"),
            vector_store_requests.attributes(one.get("attributes"), f"{where}.attributes"),
        )
    return wanted


def _shown(batch: FileBatch, store: VectorStore, now: float) -> dict[str, Any]:
    """The batch object; its kind is as recorded, not as described (`vector_store.files_batch`)."""
    return {
        "id": batch.id,
        "object": "vector_store.file_batch",
        "created_at": batch.created_at,
        "status": batch.status(now),
        "vector_store_id": store.id,
        "file_counts": counts(batch.files.values(), now),
    }


def _found(state: OpenAIState, call: Call) -> tuple[VectorStore, FileBatch]:
    store = existing(state, call)
    batch_id = call.params["batch_id"]
    batch = store.batches.get(batch_id)
    if batch is None:
        raise refusal(404, f"No file batch found with id '{batch_id}' in vector store '{store.id}'.")
    return store, batch


_BATCHES = "/v1/vector_stores/{vector_store_id}/file_batches"
ROUTES = (
    Route("POST", _BATCHES, "vector_stores.file_batches.create", create, "json"),
    Route("GET", f"{_BATCHES}/{{batch_id}}", "vector_stores.file_batches.get", get),
    Route("POST", f"{_BATCHES}/{{batch_id}}/cancel", "vector_stores.file_batches.cancel", cancel),
    Route("GET", f"{_BATCHES}/{{batch_id}}/files", "vector_stores.file_batches.files", list_files),
)
