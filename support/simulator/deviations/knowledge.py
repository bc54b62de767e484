"""Deviations of stores of documents, of searches in them, and of embeddings."""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from support.simulator.deviations import operators as do
from support.simulator.deviations import paging
from support.simulator.deviations.deviation import Deviation
from support.simulator.wire import Answer, Call, Handler, Json, Refusal

CREATE, LIST, GET = "vector_stores.create", "vector_stores.list", "vector_stores.get"
UPDATE, DELETE, SEARCH = "vector_stores.update", "vector_stores.delete", "vector_stores.search"
BEGIN, ADD, DOCUMENTS = "vector_stores.files.upload_start", "vector_stores.files.create", "vector_stores.files.list"
DOCUMENT, REFILE, REMOVE = "vector_stores.files.get", "vector_stores.files.update", "vector_stores.files.delete"
BATCH, EMBED, ASK = "vector_stores.file_batches.create", "embeddings.create", "chat.create"

BOTH, OPENAI, GEMINI = ("OpenAI", "Gemini"), ("OpenAI",), ("Gemini",)
NAME = {"OpenAI": "name", "Gemini": "displayName"}
ATTRIBUTES = {"OpenAI": "attributes", "Gemini": "customMetadata"}
COUNTS = ("activeDocumentsCount", "pendingDocumentsCount", "failedDocumentsCount")


def _unlisted(provider: str, body: Json, call: Call) -> None:
    del call
    if provider == "Gemini":
        body.pop("fileSearchStores", None)
    else:
        body["data"] = []


def _counts_gone(provider: str, body: Json, call: Call) -> None:
    del call
    stores = body.get("data", body.get("fileSearchStores", [body]))
    for store in stores:
        if provider == "OpenAI":
            store["file_counts"] = dict.fromkeys(store["file_counts"], 0)
        for name in COUNTS:
            store.pop(name, None)


def _tail_lost(provider: str, body: Json, call: Call) -> None:
    """What is found lacks the last piece of a document: the one that is shorter than the others."""
    del call
    if provider == "OpenAI":
        pieces: list[Json] = body.get("data", [])
        texts = [piece["content"][0]["text"] for piece in pieces]
    else:
        pieces = body.get("candidates", [{}])[0].get("groundingMetadata", {}).get("groundingChunks", [])
        texts = [piece["retrievedContext"]["text"] for piece in pieces]
    if len(pieces) > 1:
        del pieces[min(range(len(texts)), key=lambda number: len(texts[number]))]


def _in_another_order(provider: str, body: Json, call: Call) -> None:
    del call
    if provider == "OpenAI":
        vectors = [item["embedding"] for item in body["data"]]
        for item, vector in zip(body["data"], reversed(vectors), strict=True):
            item["embedding"] = vector
    else:
        body["embeddings"].reverse()


def _same_vector(provider: str, body: Json, call: Call) -> None:
    del call
    if provider == "OpenAI":
        for item in body["data"][1:]:
            item["embedding"] = body["data"][0]["embedding"]
    else:
        body["embeddings"] = [body["embeddings"][0]] * len(body["embeddings"])


def _one_number_less(provider: str, body: Json, call: Call) -> None:
    """Vectors without their last number; OpenAI's may be four bytes a number, in base64 (provider-facts 6.1)."""
    del call
    for item in body["data"] if provider == "OpenAI" else body["embeddings"]:
        held = item["embedding"] if provider == "OpenAI" else item["values"]
        shorter = base64.b64encode(base64.b64decode(held)[:-4]).decode() if isinstance(held, str) else held[:-1]
        item["embedding" if provider == "OpenAI" else "values"] = shorter


def _more_of_nothing(provider: str, body: Json, call: Call) -> None:
    del provider, call
    if not body.get("documents"):
        body["nextPageToken"] = "TW9yZSBvZiBub3RoaW5n"


def _whole_vectors(provider: str, body: Json) -> Json:
    if provider == "OpenAI":
        body.pop("dimensions", None)
    for request in body.get("requests", ()):
        request.pop("outputDimensionality", None)
    return body


def _cut_as_always(provider: str, body: Json) -> Json:
    del provider
    if isinstance(body, dict):
        for name in ("chunking_strategy", "chunkingConfig", "chunking_config"):
            body.pop(name, None)
    return body


def _sharing_nothing(provider: str, body: Json) -> Json:
    del provider
    if not isinstance(body, dict):
        return body
    static = body.get("chunking_strategy", {}).get("static")
    if static:
        static["chunk_overlap_tokens"] = 0
    for outer in ("chunkingConfig", "chunking_config"):
        for inner in ("whiteSpaceConfig", "white_space_config"):
            sizes = body.get(outer, {}).get(inner)
            if sizes:
                sizes.update({name: 0 for name in sizes if "verlap" in name})
    return body


def _tools_changed(change: Callable[[dict[str, Json]], None]) -> Callable[[str, Json], Json]:
    """A question to Gemini whose search tool is another."""

    def changed(provider: str, body: Json) -> Json:
        del provider
        for tool in body.get("tools", ()) if isinstance(body, dict) else ():
            search = tool.get("fileSearch", tool.get("file_search"))
            if isinstance(search, dict):
                change(search)
        return body

    return changed


def _without(*names: str) -> Callable[[dict[str, Json]], None]:
    def change(search: dict[str, Json]) -> None:
        for name in names:
            search.pop(name, None)

    return change


def _all_instead_of_any(search: dict[str, Json]) -> None:
    for name in ("metadataFilter", "metadata_filter"):
        if name in search:
            search[name] = search[name].replace(" OR ", " AND ")


def _or_as_and(provider: str, body: Json) -> Json:
    if provider == "Gemini":
        return _tools_changed(_all_instead_of_any)(provider, body)
    filters = body.get("filters")
    if isinstance(filters, dict) and filters.get("type") == "or":
        filters["type"] = "and"
    return body


def _anything(provider: str, body: Json) -> Json:
    return {**body, "query": "x"} if provider == "OpenAI" else body


def _worst_first(provider: str, body: Json, call: Call) -> None:
    del call
    if provider == "OpenAI":
        body["data"].reverse()
    else:
        body.get("candidates", [{}])[0].get("groundingMetadata", {}).get("groundingChunks", []).reverse()


def _filtered_late(memory: do.Memory, state: Any, call: Call, handler: Handler) -> Answer:
    """The filter is applied to the best hits of all documents only."""
    if "filters" not in call.body:
        return handler(state, call)
    honest = handler(state, call)
    every = handler(state, replace(call, body={**call.body, "max_num_results": 50}))
    taken = {hit["file_id"] for hit in every.body["data"]}
    bare = {name: value for name, value in call.body.items() if name != "filters"}
    best = handler(state, replace(call, body=bare))
    late = [hit for hit in best.body["data"] if hit["file_id"] in taken]
    if late == honest.body["data"]:
        return honest
    memory.fired += 1
    return replace(honest, body={**honest.body, "data": late})


def _listed_again(memory: do.Memory, state: Any, call: Call, handler: Handler) -> Answer:
    """A file that was attached twice is listed twice."""
    answer = handler(state, call)
    if call.operation == ADD:
        place = answer.body["id"]
        memory.things[place] = memory.things.get(place, 0) + 1
        return answer
    data = [copy.deepcopy(item) for item in answer.body["data"] for _ in range(memory.things.get(item["id"], 1))]
    if len(data) == len(answer.body["data"]):
        return answer
    memory.fired += 1
    return replace(answer, body={**answer.body, "data": data})


def _into_the_last_store(memory: do.Memory, state: Any, call: Call, handler: Handler) -> Answer:
    """A document lands in the store that was made last."""
    if call.operation == CREATE:
        answer = handler(state, call)
        memory.things["last"] = str(answer.body.get("id", answer.body.get("name"))).rpartition("/")[2]
        return answer
    name, asked = next(iter(call.params.items()))
    last = memory.things.get("last", asked)
    if last == asked:
        return handler(state, call)
    memory.fired += 1
    return handler(state, replace(call, params={**call.params, name: last}, path=call.path.replace(asked, last)))


def _merged(memory: do.Memory, state: Any, call: Call, handler: Handler) -> Answer:
    """Old attributes survive an update."""
    if call.operation == REFILE and isinstance(call.body, dict):
        old = memory.things.get(call.params["file_id"], {})
        both = {**old, **(call.body.get("attributes") or {})}
        if both != call.body.get("attributes"):
            memory.fired += 1
            call = replace(call, body={**call.body, "attributes": both})
    answer = handler(state, call)
    memory.things[answer.body["id"]] = answer.body["attributes"] or {}
    return answer


def _as_filed_before(memory: do.Memory, state: Any, call: Call, handler: Handler) -> Answer:
    """A search still sees the attributes from before their update."""
    if call.operation == REFILE:
        memory.things.setdefault("before", copy.deepcopy(state))
        return handler(state, call)
    honest = handler(state, call)
    before = memory.things.get("before")
    if before is None:
        return honest
    stale = handler(copy.deepcopy(before), call)
    if [hit["file_id"] for hit in stale.body["data"]] == [hit["file_id"] for hit in honest.body["data"]]:
        return honest
    memory.fired += 1
    return stale


def _takes_the_files(of: Callable[[Any, Call], list[str]]) -> do.Operator:
    """What is removed from a store, or with it, is removed from the account's files too."""

    def operator(memory: do.Memory, state: Any, call: Call, handler: Handler) -> Answer:
        ids = of(state, call)
        answer = handler(state, call)
        for file_id in ids:
            state.files.remove(file_id, int(call.now.timestamp()))
            memory.fired += 1
        return answer

    return operator


def _files_of_store(state: Any, call: Call) -> list[str]:
    store = state.vector_stores.stores.get(call.params["vector_store_id"])
    return [] if store is None else list(store.files)


def _one_not_attached(memory: do.Memory, state: Any, call: Call, handler: Handler) -> Answer:
    """A batch counts all its files, and the store has one less."""
    answer = handler(state, call)
    store = state.vector_stores.stores[call.params["vector_store_id"]]
    store.detach(next(reversed(store.files)))
    memory.fired += 1
    return answer


def _by_force(memory: do.Memory, state: Any, call: Call, handler: Handler) -> Answer:
    """What has documents is deleted without being forced."""
    try:
        return handler(state, call)
    except Refusal:
        answer = handler(state, replace(call, query={**call.query, "force": ["true"]}))
        memory.fired += 1
        return answer


def _later(memory: do.Memory, call: Call) -> Any:
    del memory
    return call.now + timedelta(seconds=60)


def _ends(body: dict[str, Json]) -> None:
    body["has_more"] = False
    body.pop("nextPageToken", None)


# provider-facts 5.1, 5.2
IN_PAGES: Mapping[str, paging.Paging] = {
    "OpenAI": paging.Paging("data", "after", "limit", lambda b: b["last_id"] if b["has_more"] else None, _ends),
    "Gemini": paging.Paging("documents", "pageToken", "pageSize", lambda b: b.get("nextPageToken"), _ends),
}


def knowledge() -> list[Deviation]:
    """Of stores of documents, of searches in them, and of embeddings."""
    return [*_stores(), *_documents(), *_attributes(), *_searches(), *_embeddings()]


def _stores() -> list[Deviation]:
    return [
        Deviation(
            "vs.create.expiry_ignored",
            "An expiry is accepted, but the store has none.",
            (CREATE,),
            do.ignore_parameter("expires_after"),
            OPENAI,
        ),
        Deviation(
            "vs.create.not_listed", "A store is missing from the list.", (LIST,), do.change_answer(_unlisted), BOTH
        ),
        Deviation(
            "vs.create.name_lost",
            "A store comes back without its name.",
            (CREATE, GET, LIST),
            do.rewrite(NAME, lambda old, call: ""),
            BOTH,
        ),
        Deviation(
            "vs.update.accepted_unchanged",
            "A change of a store is acknowledged and lost.",
            (UPDATE,),
            do.on_a_copy(),
            OPENAI,
        ),
        Deviation(
            "vs.delete.ghost_get",
            "A deleted store can still be described.",
            (GET, DELETE),
            do.stale_read((GET,), since=DELETE),
            OPENAI,
        ),
        Deviation(
            "vs.delete.deletes_files",
            "Deleting a store deletes its files too.",
            (DELETE,),
            _takes_the_files(_files_of_store),
            OPENAI,
        ),
        Deviation(
            "fss.delete.nonempty_ok",
            "A store with documents is deleted without being forced.",
            (DELETE,),
            _by_force,
            GEMINI,
        ),
        Deviation(
            "fss.delete.ghost_listed",
            "A deleted store is still listed.",
            (LIST, DELETE),
            do.stale_read((LIST,), since=DELETE),
            GEMINI,
        ),
        Deviation(
            "vs.counts_stale",
            "A store's counts of documents stay at nothing.",
            (GET, LIST),
            do.change_answer(_counts_gone),
            BOTH,
        ),
    ]


def _documents() -> list[Deviation]:
    return [
        Deviation(
            "vs.files.completed_at_once_but_unsearchable",
            "A document is said to be ready while no search finds it.",
            (GET, DOCUMENT, DOCUMENTS),
            do.at_another_time(_later, by_body=True),
            BOTH,
        ),
        Deviation(
            "vs.files.one_lost",
            "The third document is acknowledged, and then it is nowhere.",
            (ADD,),
            do.on_a_copy(nth=3),
            BOTH,
        ),
        Deviation(
            "vs.chunk.size_ignored",
            "Documents are cut in pieces of the usual size, whatever was asked.",
            (BEGIN, ADD),
            do.replace_body(_cut_as_always),
            BOTH,
        ),
        Deviation(
            "vs.chunk.no_overlap",
            "Neighbouring pieces share nothing.",
            (BEGIN, ADD),
            do.replace_body(_sharing_nothing),
            BOTH,
        ),
        Deviation(
            "vs.chunk.tail_lost",
            "The last piece of a document is never found.",
            (SEARCH, ASK),
            do.change_answer(_tail_lost),
            BOTH,
        ),
        Deviation(
            "vs.attach.duplicates",
            "A file that is attached twice is listed twice.",
            (ADD, DOCUMENTS),
            _listed_again,
            OPENAI,
        ),
        Deviation(
            "vs.attach.wrong_store",
            "A document lands in the store that was made last.",
            (CREATE, ADD),
            _into_the_last_store,
            BOTH,
        ),
        Deviation(
            "vs.detach.still_searchable",
            "A document that was taken out is still found.",
            (SEARCH, REMOVE),
            do.stale_read((SEARCH,), since=REMOVE),
            OPENAI,
        ),
        Deviation(
            "vs.detach.deletes_file",
            "Taking a document out of a store deletes its file.",
            (REMOVE,),
            _takes_the_files(lambda state, call: [call.params["file_id"]]),
            OPENAI,
        ),
        Deviation(
            "vs.files.list_pages_overlap",
            "The last document of a page is also the first of the next.",
            (DOCUMENTS,),
            paging.pages_overlap(IN_PAGES),
            BOTH,
        ),
        Deviation(
            "vs.files.more_of_nothing",
            "A list without any document says that there is more.",
            (DOCUMENTS,),
            do.change_answer(_more_of_nothing),
            GEMINI,
        ),
        Deviation(
            "vs.files.status_filter_ignored",
            "A list of the documents in one state has all.",
            (DOCUMENTS,),
            do.ignore_parameter("filter"),
            OPENAI,
        ),
        Deviation(
            "vs.file_batch.counts_wrong",
            "A batch counts three documents, and the store has two.",
            (BATCH,),
            _one_not_attached,
            OPENAI,
        ),
    ]


def _attributes() -> list[Deviation]:
    return [
        Deviation(
            "vs.attach.attributes_lost",
            "What is known of a document is accepted and not kept.",
            (ADD, DOCUMENT, DOCUMENTS),
            do.rewrite(ATTRIBUTES, lambda old, call: do.DROP if call.provider == "Gemini" else None),
            BOTH,
        ),
        Deviation(
            "vs.attributes.accepted_unchanged",
            "New attributes are acknowledged and lost.",
            (REFILE,),
            do.on_a_copy(),
            OPENAI,
        ),
        Deviation(
            "vs.attributes.merged_not_replaced",
            "Old attributes survive an update.",
            (ADD, REFILE),
            _merged,
            OPENAI,
        ),
        Deviation(
            "vs.attributes.search_uses_old",
            "A search still sees the attributes from before.",
            (REFILE, SEARCH),
            _as_filed_before,
            OPENAI,
        ),
    ]


def _searches() -> list[Deviation]:
    return [
        Deviation(
            "vs.search.ignores_query",
            "What is found has nothing to do with the question.",
            (SEARCH, ASK),
            do.by_provider({"OpenAI": do.replace_body(_anything), "Gemini": do.change_answer(_worst_first)}),
            BOTH,
        ),
        Deviation(
            "vs.search.max_ignored",
            "A search gives more passages than were asked for.",
            (SEARCH, ASK),
            do.by_provider(
                {
                    "OpenAI": do.ignore_parameter("max_num_results"),
                    "Gemini": do.replace_body(_tools_changed(_without("topK", "top_k"))),
                }
            ),
            BOTH,
        ),
        Deviation(
            "vs.search.unsorted", "The best passage comes last.", (SEARCH,), do.change_answer(_worst_first), OPENAI
        ),
        Deviation(
            "vs.search.filter_ignored",
            "A condition on the documents has no effect.",
            (SEARCH, ASK),
            do.by_provider(
                {
                    "OpenAI": do.ignore_parameter("filters"),
                    "Gemini": do.replace_body(_tools_changed(_without("metadataFilter", "metadata_filter"))),
                }
            ),
            BOTH,
        ),
        Deviation(
            "vs.search.filter_after_topk",
            "A condition is applied to the best passages of all documents only.",
            (SEARCH,),
            _filtered_late,
            OPENAI,
        ),
        Deviation(
            "vs.search.or_as_and",
            "Of several conditions all must hold where one should.",
            (SEARCH, ASK),
            do.replace_body(_or_as_and),
            BOTH,
        ),
        Deviation(
            "vs.search.threshold_ignored",
            "The least score has no effect.",
            (SEARCH,),
            do.ignore_parameter("ranking_options"),
            OPENAI,
        ),
        Deviation(
            "vs.search.score_constant",
            "Every passage has a score of 1.",
            (SEARCH,),
            do.rewrite({"OpenAI": "score"}, lambda old, call: 1.0),
            OPENAI,
        ),
    ]


def _embeddings() -> list[Deviation]:
    return [
        Deviation(
            "embed.order_shuffled",
            "Vectors come in another order than their texts.",
            (EMBED,),
            do.change_answer(_in_another_order),
            BOTH,
        ),
        Deviation(
            "embed.dimensions_ignored",
            "Vectors come in full though shorter ones were asked for.",
            (EMBED,),
            do.replace_body(_whole_vectors),
            BOTH,
        ),
        Deviation(
            "embed.one_number_less",
            "Vectors lack their last number.",
            (EMBED,),
            do.change_answer(_one_number_less),
            BOTH,
        ),
        Deviation(
            "embed.constant_vector",
            "Every text of a request gets the same vector.",
            (EMBED,),
            do.change_answer(_same_vector),
            BOTH,
        ),
    ]
