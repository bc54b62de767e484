"""The routes of File Search stores, their documents and operations (provider-facts 5.2; recordings: fileSearchStores, operations).

The corpora that came before them take no API key.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from support.simulator.gemini import file_search_requests as requests
from support.simulator.gemini import queries, uploads
from support.simulator.gemini.errors import wants_oauth
from support.simulator.gemini.file_search import INDEXING, in_order
from support.simulator.gemini.file_search_records import (
    document_record,
    operation_name,
    operation_record,
    store_record,
    uploaded,
)
from support.simulator.wire import Answer, Call, Route

if TYPE_CHECKING:
    from support.simulator.gemini.state import GeminiState

PAGE, LARGEST_PAGE = 10, 20


def _create(state: GeminiState, call: Call, version: str) -> Answer:
    queries.known(call)
    display_name, model = requests.new_store(call.body, version)
    return Answer(200, store_record(state.stores.add(display_name, model, call.now), call.now))


def _list(state: GeminiState, call: Call) -> Answer:
    stores, answer = queries.page(
        call,
        "ListFileSearchStoresRequest",
        in_order(state.stores.by_id.values()),
        "fileSearchStores",
        lambda store: -store.number,
        default=PAGE,
        most=LARGEST_PAGE,
    )
    if stores:
        answer = {"fileSearchStores": [store_record(store, call.now) for store in stores], **answer}
    return Answer(200, answer)


def _get(state: GeminiState, call: Call) -> Answer:
    queries.known(call)
    return Answer(200, store_record(state.stores.get(call.params["store"]), call.now))


def _delete(state: GeminiState, call: Call) -> Answer:
    queries.known(call, ("force",))
    store = state.stores.get(call.params["store"])
    state.stores.delete(store, force=queries.truth(call, "force"))
    return Answer(200, {})


def _import(state: GeminiState, call: Call, version: str) -> Answer:
    queries.known(call)
    store = state.stores.get(call.params["store"])
    wanted, source = requests.new_import(call.body, version, state.files, call.now)
    operation = store.add(wanted, source, call.now, _indexing(call), imported=True)
    return Answer(200, {"name": operation_name(store, operation)})


def _start_upload(state: GeminiState, call: Call, version: str) -> Answer:
    queries.known(call)
    wanted = requests.new_upload(call.body, call.headers.get("x-goog-upload-header-content-type"), version)
    uploads.check_announced(call, requests.LARGEST)
    state.stores.get(call.params["store"])
    return uploads.begin(state, call, wanted, requests.LARGEST)


def _keep_upload(state: GeminiState, call: Call, wanted: requests.NewDocument, data: bytes) -> dict[str, Any]:
    store = state.stores.get(call.params["store"])
    return uploaded(store, store.add(wanted, requests.source_of(wanted, data), call.now, _indexing(call)))


def _indexing(call: Call) -> float:
    return call.durations.get("vector_stores.indexing", INDEXING)


def _list_documents(state: GeminiState, call: Call) -> Answer:
    store = state.stores.get(call.params["store"])
    documents, answer = queries.page(
        call,
        "ListDocumentsRequest",
        in_order(store.documents.values()),
        "documents",
        lambda document: -document.number,
        default=PAGE,
        most=LARGEST_PAGE,
    )
    if documents:
        answer = {"documents": [document_record(store, document, call.now) for document in documents], **answer}
    return Answer(200, answer)


def _get_document(state: GeminiState, call: Call) -> Answer:
    queries.known(call)
    store = state.stores.get(call.params["store"])
    return Answer(200, document_record(store, store.document(call.params["document"]), call.now))


def _delete_document(state: GeminiState, call: Call) -> Answer:
    queries.known(call, ("force",))
    store = state.stores.get(call.params["store"])
    store.delete(store.document(call.params["document"]), call.now, force=queries.truth(call, "force"))
    return Answer(200, {})


def _get_operation(state: GeminiState, call: Call, *, imported: bool) -> Answer:
    queries.known(call)
    store = state.stores.get(call.params["store"])
    operation = store.operation(call.params["operation"], imported=imported)
    return Answer(200, operation_record(store, operation, call.now))


def _refuse_key(state: GeminiState, call: Call) -> NoReturn:
    raise wants_oauth()


def _corpora(version: str) -> list[Route]:
    """All that there ever was below `/VERSION/corpora`."""
    corpus = f"/{version}/corpora/{{corpus}}"
    document = f"{corpus}/documents/{{document}}"
    lists = [f"/{version}/corpora", f"{corpus}/documents", f"{document}/chunks", f"{corpus}/permissions"]
    found = [Route(method, path, "corpora", _refuse_key) for path in lists for method in ("GET", "POST")]
    ones = [corpus, document, f"{document}/chunks/{{chunk}}", f"{corpus}/permissions/{{permission}}"]
    found += [Route(method, path, "corpora", _refuse_key) for path in ones for method in ("GET", "PATCH", "DELETE")]
    return [*found, *(Route("POST", f"{path}:query", "corpora", _refuse_key) for path in (corpus, document))]


def routes(version: str) -> list[Route]:
    """`/VERSION/fileSearchStores`, uploads to a store, and `/VERSION/corpora`."""
    every, one = f"/{version}/fileSearchStores", f"/{version}/fileSearchStores/{{store}}"
    document = f"{one}/documents/{{document}}"

    def of_version(handler: Callable[[GeminiState, Call, str], Answer]) -> Callable[[Any, Call], Answer]:
        return lambda state, call: handler(state, call, version)

    def operation(path: str, *, imported: bool) -> Route:
        return Route("GET", path, "operations.get", lambda state, call: _get_operation(state, call, imported=imported))

    return [
        Route("POST", every, "vector_stores.create", of_version(_create), "json"),
        Route("GET", every, "vector_stores.list", _list),
        Route("GET", one, "vector_stores.get", _get),
        Route("DELETE", one, "vector_stores.delete", _delete),
        Route("POST", f"{one}:importFile", "vector_stores.files.create", of_version(_import), "json"),
        *uploads.routes(
            f"/upload{one}:uploadToFileSearchStore",
            of_version(_start_upload),
            _keep_upload,
            requests.LARGEST,
            "vector_stores.files",
            "vector_stores.files.create",
        ),
        Route("GET", f"{one}/documents", "vector_stores.files.list", _list_documents),
        Route("GET", document, "vector_stores.files.get", _get_document),
        Route("DELETE", document, "vector_stores.files.delete", _delete_document),
        operation(f"{one}/operations/{{operation}}", imported=True),
        operation(f"{one}/upload/operations/{{operation}}", imported=False),
        *_corpora(version),
    ]
