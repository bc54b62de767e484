"""The routes of OpenAI's vector stores and of their search (provider-facts 5.1; recordings: vector stores; openai.yaml).

Unverified, for want of a recording: search altogether, all refusals, and what an expired store still does (here: it is shown,
listed and deleted, and refuses everything else). One hit is one passage. `rewrite_query` and the ranker change nothing.
"""

from __future__ import annotations

from typing import Any

from support.simulator.openai import checks, pages, vector_store_requests
from support.simulator.openai import vector_store_filters as filters
from support.simulator.openai.checks import Rule
from support.simulator.openai.errors import refusal
from support.simulator.openai.files import StoredFile
from support.simulator.openai.state import OpenAIState
from support.simulator.openai.vector_stores import VectorStore, counts
from support.simulator.wire import Answer, Call, Refusal, Route

MOST_FILES = 500
CREATE_RULES = {
    "name": Rule("string"),
    "description": Rule("string"),
    "file_ids": Rule("array"),
    "expires_after": Rule("any"),
    "chunking_strategy": Rule("any"),
    "metadata": Rule("any"),
}
UPDATE_RULES = {"name": Rule("string"), "expires_after": Rule("any"), "metadata": Rule("any")}
SEARCH_RULES = {
    "query": Rule("any"),
    "filters": Rule("any"),
    "max_num_results": Rule("integer", 1, 50),
    "ranking_options": Rule("object"),
    "rewrite_query": Rule("boolean"),
}
RANKING_RULES = {
    "ranker": Rule("string", values=("none", "auto", "default-2024-11-15")),
    "score_threshold": Rule("number", 0, 1),
}


def create(state: OpenAIState, call: Call) -> Answer:
    body: dict[str, Any] = call.body
    checks.check(body, CREATE_RULES)
    days = vector_store_requests.expiry_days(body.get("expires_after"))
    chunking = vector_store_requests.chunking(body.get("chunking_strategy"))
    metadata = vector_store_requests.metadata(body.get("metadata"))
    file_ids = vector_store_requests.file_ids(body.get("file_ids") or [], "file_ids", MOST_FILES)
    files = stored_files(state, call, file_ids)
    now = call.now.timestamp()
    store = state.vector_stores.add(
        now,
        name=body.get("name"),
        description=body.get("description"),
        expires_after_days=days,
        metadata=metadata,
    )
    for file in files:
        store.attach(file, now, chunking, {}, call.durations)
    return Answer(200, shown(store, now))


def list_stores(state: OpenAIState, call: Call) -> Answer:
    now = call.now.timestamp()

    def item(store: VectorStore) -> dict[str, Any]:
        store.forget_deleted(state.files, now)
        return shown(store, now)

    return Answer(200, pages.page(call, state.vector_stores.stores, item))


def get(state: OpenAIState, call: Call) -> Answer:
    return Answer(200, shown(existing(state, call), call.now.timestamp()))


def update(state: OpenAIState, call: Call) -> Answer:
    store = usable(state, call)
    body: dict[str, Any] = call.body
    checks.check(body, UPDATE_RULES)
    days = vector_store_requests.expiry_days(body.get("expires_after"))
    metadata = vector_store_requests.metadata(body.get("metadata"))
    if "name" in body:
        store.name = body["name"]
    if "expires_after" in body:
        store.expires_after_days = days
    if "metadata" in body:
        store.metadata = metadata
    return Answer(200, shown(store, call.now.timestamp()))


def delete(state: OpenAIState, call: Call) -> Answer:
    store = existing(state, call)
    del state.vector_stores.stores[store.id]
    return Answer(200, {"id": store.id, "object": "vector_store.deleted", "deleted": True})


def search(state: OpenAIState, call: Call) -> Answer:
    store = usable(state, call)
    body: dict[str, Any] = call.body
    checks.check(body, SEARCH_RULES)
    queries = _queries(body.get("query"))
    takes = None if body.get("filters") is None else filters.read(body["filters"])
    ranking = body.get("ranking_options") or {}
    checks.check(ranking, RANKING_RULES, "ranking_options.")
    threshold = ranking.get("score_threshold") or 0.0
    store.forget_deleted(state.files, call.now.timestamp())
    hits = store.search(queries, call.now.timestamp(), body.get("max_num_results") or 10, takes)
    page = {
        "object": "vector_store.search_results.page",
        "search_query": queries,
        "data": [
            {
                "file_id": hit.owner_id,
                "filename": store.files[hit.owner_id].name,
                "score": hit.score,
                "attributes": store.files[hit.owner_id].attributes,
                "content": [{"type": "text", "text": hit.text}],
            }
            for hit in hits
            if hit.score >= threshold
        ],
        "has_more": False,
        "next_page": None,
    }
    return Answer(200, page)


def _queries(given: Any) -> list[str]:
    if given is None:
        raise checks.missing("query")
    if isinstance(given, list):
        if not given:
            raise checks.empty_array("query")
    else:
        given = [given]
    for query in given:
        checks.expect(query, "string", "query")
        if not query.strip():
            raise checks.too_short("query")
    return list(given)


def shown(store: VectorStore, now: float) -> dict[str, Any]:
    """The store object, with every key of a live answer, in its order."""
    days = store.expires_after_days
    return {
        "id": store.id,
        "object": "vector_store",
        "created_at": store.created_at,
        "name": store.name,
        "description": store.description,
        "usage_bytes": store.usage_bytes(now),
        "file_counts": counts(store.files.values(), now),
        "status": store.status(now),
        "expires_after": None if days is None else {"anchor": "last_active_at", "days": days},
        "expires_at": store.expires_at,
        "last_active_at": store.last_active_at,
        "metadata": store.metadata,
    }


def existing(state: OpenAIState, call: Call) -> VectorStore:
    """The store that the path names, without the files that the account has no more."""
    store = _named(state, call)
    store.forget_deleted(state.files, call.now.timestamp())
    return store


def _named(state: OpenAIState, call: Call) -> VectorStore:
    store_id = call.params["vector_store_id"]
    store = state.vector_stores.stores.get(store_id)
    if store is None:
        raise refusal(404, f"Vector store with id '{store_id}' not found.")
    return store


def usable(state: OpenAIState, call: Call) -> VectorStore:
    """The store that the path names, unless it has expired. Whether its files are still there is not looked at."""
    store = _named(state, call)
    if store.expired(call.now.timestamp()):
        raise refusal(400, f"Vector store {store.id} is expired.")
    return store


def stored_files(state: OpenAIState, call: Call, file_ids: list[str]) -> list[StoredFile]:
    """The account's files of these ids."""
    now = int(call.now.timestamp())
    found = {file_id: state.files.get(file_id, now) for file_id in file_ids}
    missing = [file_id for file_id, file in found.items() if file is None]
    if missing:
        raise no_such_files(missing)
    return [file for file in found.values() if file is not None]


def no_such_files(file_ids: list[str]) -> Refusal:
    return refusal(404, f"Files [{', '.join(map(repr, file_ids))}] were not found")


ROUTES = (
    Route("POST", "/v1/vector_stores", "vector_stores.create", create, "json"),
    Route("GET", "/v1/vector_stores", "vector_stores.list", list_stores),
    Route("GET", "/v1/vector_stores/{vector_store_id}", "vector_stores.get", get),
    Route("POST", "/v1/vector_stores/{vector_store_id}", "vector_stores.update", update, "json"),
    Route("DELETE", "/v1/vector_stores/{vector_store_id}", "vector_stores.delete", delete),
    Route("POST", "/v1/vector_stores/{vector_store_id}/search", "vector_stores.search", search, "json"),
)
