"""The routes of the files in OpenAI's vector stores (provider-facts 5.1; recordings: vector store files; openai.yaml).

Unverified, for want of a recording: all refusals, the content of a file that is not completed (here: none), and that a file
of an unsupported kind is refused when it is attached alone, while one among others is taken and fails.
"""

from __future__ import annotations

from typing import Any

from support.simulator.openai import checks, pages, vector_store_documents, vector_store_requests
from support.simulator.openai.checks import Rule
from support.simulator.openai.errors import refusal
from support.simulator.openai.state import OpenAIState
from support.simulator.openai.vector_store_routes import existing, stored_files, usable
from support.simulator.openai.vector_stores import StoreFile, VectorStore
from support.simulator.wire import Answer, Call, Refusal, Route

STATUSES = ("in_progress", "completed", "failed", "cancelled")
FILE_RULES = {"file_id": Rule("string"), "attributes": Rule("any"), "chunking_strategy": Rule("any")}

_HELP = "https://platform.openai.com/docs/assistants/tools/file-search/supported-files"


def create(state: OpenAIState, call: Call) -> Answer:
    store = usable(state, call)
    body: dict[str, Any] = call.body
    checks.check(body, FILE_RULES)
    if body.get("file_id") is None:
        raise checks.missing("file_id")
    chunking = vector_store_requests.chunking(body.get("chunking_strategy"))
    attributes = vector_store_requests.attributes(body.get("attributes"))
    (file,) = stored_files(state, call, [body["file_id"]])
    ending = vector_store_documents.extension(file.name)
    if ending not in vector_store_documents.EXTENSIONS:
        named = "none" if ending == "none" else f".{ending}"
        message = f"Files with extensions [{named}] are not supported for retrieval. See {_HELP}"
        raise refusal(400, message, code="unsupported_file")
    now = call.now.timestamp()
    attached = store.attach(file, now, chunking, attributes, call.durations)
    return Answer(200, shown(attached, store, now))


def list_files(state: OpenAIState, call: Call) -> Answer:
    store = existing(state, call)
    return Answer(200, page(call, store, store.files))


def get(state: OpenAIState, call: Call) -> Answer:
    store, file = _found(state, call)
    return Answer(200, shown(file, store, call.now.timestamp()))


def update(state: OpenAIState, call: Call) -> Answer:
    usable(state, call)
    store, file = _found(state, call)
    body: dict[str, Any] = call.body
    checks.check(body, {"attributes": Rule("any")})
    if "attributes" not in body:
        raise checks.missing("attributes")
    file.attributes = vector_store_requests.attributes(body["attributes"])
    return Answer(200, shown(file, store, call.now.timestamp()))


def delete(state: OpenAIState, call: Call) -> Answer:
    store, file = _found(state, call)
    store.detach(file.id)
    return Answer(200, {"id": file.id, "object": "vector_store.file.deleted", "deleted": True})


def content(state: OpenAIState, call: Call) -> Answer:
    _, file = _found(state, call)
    done = file.status(call.now.timestamp()) == "completed"
    shown = {
        "object": "vector_store.file_content.page",
        "data": [{"type": "text", "text": file.text}] if done else [],
        "has_more": False,
        "next_page": None,
    }
    return Answer(200, shown)


def page(call: Call, store: VectorStore, files: dict[str, StoreFile]) -> dict[str, Any]:
    """The page of files that a call asks for, also of one status alone."""
    now = call.now.timestamp()
    status = call.one("filter")
    if status is not None and status not in STATUSES:
        raise checks.invalid_value(status, STATUSES, "filter")
    takes = None if status is None else lambda file: file.status(now) == status
    return pages.page(call, files, lambda file: shown(file, store, now), takes)


def shown(file: StoreFile, store: VectorStore, now: float) -> dict[str, Any]:
    """The file as the store has it, with every key of a live answer, in its order."""
    status = file.status(now)
    failure = file.failure if status == "failed" else None
    return {
        "id": file.id,
        "object": "vector_store.file",
        "usage_bytes": file.usage_bytes(now),
        "created_at": file.created_at,
        "vector_store_id": store.id,
        "status": status,
        "last_error": None if failure is None else {"code": failure.code, "message": failure.message},
        "chunking_strategy": {
            "type": "static",
            "static": {
                "max_chunk_size_tokens": file.chunking.size,
                "chunk_overlap_tokens": file.chunking.overlap,
            },
        },
        "attributes": file.attributes,
    }


def _found(state: OpenAIState, call: Call) -> tuple[VectorStore, StoreFile]:
    store = existing(state, call)
    file = store.files.get(call.params["file_id"])
    if file is None:
        raise _not_found(call.params["file_id"], store)
    return store, file


def _not_found(file_id: str, store: VectorStore) -> Refusal:
    return refusal(404, f"No file found with id '{file_id}' in vector store '{store.id}'.")


_FILES = "/v1/vector_stores/{vector_store_id}/files"
ROUTES = (
    Route("POST", _FILES, "vector_stores.files.create", create, "json"),
    Route("GET", _FILES, "vector_stores.files.list", list_files),
    Route("GET", f"{_FILES}/{{file_id}}", "vector_stores.files.get", get),
    Route("POST", f"{_FILES}/{{file_id}}", "vector_stores.files.update", update, "json"),
    Route("DELETE", f"{_FILES}/{{file_id}}", "vector_stores.files.delete", delete),
    Route("GET", f"{_FILES}/{{file_id}}/content", "vector_stores.files.content", content),
)
