"""File Search stores, documents and operations as Google writes them (provider-facts 5.2; recordings: fileSearchStores, operations)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from support.simulator.gemini.file_search import Document, Operation, Store
from support.simulator.gemini.times import rfc3339

_RESPONSES = "type.googleapis.com/google.ai.generativelanguage.v1main."
_NO_TEXT = "The file has no text that could be indexed."  # words unverified


def store_record(store: Store, now: datetime) -> dict[str, Any]:
    """The FileSearchStore object (recordings: fileSearchStores); counts that are zero are left out."""
    states = [document.state(now) for document in store.documents.values()]
    wire: dict[str, Any] = {
        "name": store.name,
        "displayName": store.display_name,
        "createTime": rfc3339(store.created),
        "updateTime": rfc3339(store.created),
        "activeDocumentsCount": str(states.count("STATE_ACTIVE")),
        "pendingDocumentsCount": str(states.count("STATE_PENDING")),
        "failedDocumentsCount": str(states.count("STATE_FAILED")),
        "sizeBytes": str(sum(document.size for document in store.documents.values())),
        "embeddingModel": f"models/{store.embedding_model}",
    }
    return {name: value for name, value in wire.items() if value not in (None, "0")}


def document_record(store: Store, document: Document, now: datetime) -> dict[str, Any]:
    """The Document object (recordings: documents)."""
    state = document.state(now)
    wire: dict[str, Any] = {"name": f"{store.name}/documents/{document.id}"}
    if document.display_name is not None:
        wire["displayName"] = document.display_name
    if document.metadata:
        wire["customMetadata"] = document.metadata
    wire["updateTime"] = rfc3339(document.created if state == "STATE_PENDING" else document.ready)
    wire["createTime"] = rfc3339(document.created)
    return {**wire, "state": state, "sizeBytes": str(document.size), "mimeType": document.mime_type}


def uploaded(store: Store, operation: Operation) -> dict[str, Any]:
    """What an upload answers: an operation that has its response and no `done` (recordings: upload)."""
    return {"name": operation_name(store, operation), "response": _response(store, operation)}


def operation_name(store: Store, operation: Operation) -> str:
    return f"{store.name}/{'' if operation.imported else 'upload/'}operations/{operation.id}"


def operation_record(store: Store, operation: Operation, now: datetime) -> dict[str, Any]:
    """The operation when it is asked for: a name alone until it is done, then its response or its error.

    `done` is absent while it runs (recordings: operations). The error of a document that failed is unverified.
    """
    wire: dict[str, Any] = {"name": operation_name(store, operation)}
    if now < operation.ready:
        return wire
    if operation.failed:
        return {**wire, "done": True, "error": {"code": 3, "message": _NO_TEXT}}
    return {**wire, "done": True, "response": _response(store, operation)}


def _response(store: Store, operation: Operation) -> dict[str, Any]:
    """An import tells bare ids, as live answers do."""
    if operation.imported:
        return {"@type": f"{_RESPONSES}ImportFileResponse", "parent": store.id, "documentName": operation.id}
    return {
        "@type": f"{_RESPONSES}UploadToFileSearchStoreResponse",
        "parent": store.name,
        "documentName": f"{store.name}/documents/{operation.id}",
        "mimeType": operation.mime_type,
        "sizeBytes": str(operation.size),
    }
