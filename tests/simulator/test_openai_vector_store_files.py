"""Files in OpenAI's simulated vector stores, alone and in batches (provider-facts 5.1)."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from openai.types.vector_stores import VectorStoreFile, VectorStoreFileBatch

from tests.simulator.account import Account
from tests.simulator.openai_stores import INDEXING, NEXT, TOPICS, Stores, error, sdk, stores

__all__ = ["sdk", "stores"]

AUTO = {"type": "static", "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}}


def static(size: Any, overlap: Any) -> dict[str, Any]:
    return {"type": "static", "static": {"max_chunk_size_tokens": size, "chunk_overlap_tokens": overlap}}


def test_a_file_goes_from_in_progress_to_completed(tenant: Account, stores: Stores) -> None:
    store = stores.create()
    file = stores.upload("a.txt", "Lighthouses")
    attached = stores.attach(store["id"], file, attributes={"kind": "tower", "height": 30.5, "lit": True})
    assert attached == {
        "id": file,
        "object": "vector_store.file",
        "usage_bytes": 0,
        "created_at": store["created_at"],
        "vector_store_id": store["id"],
        "status": "in_progress",
        "last_error": None,
        "chunking_strategy": AUTO,
        "attributes": {"kind": "tower", "height": 30.5, "lit": True},
    }
    VectorStoreFile.model_validate(attached)
    tenant.advance(INDEXING - 0.001)
    assert stores.file(store["id"], file) == attached
    assert stores.search(store["id"], "Lighthouses") == []
    tenant.advance(0.001)
    assert stores.file(store["id"], file) == {**attached, "status": "completed", "usage_bytes": 11 + 1024}
    assert [hit["file_id"] for hit in stores.search(store["id"], "Lighthouses")] == [file]


def test_the_sdk_attaches_reads_and_detaches(tenant: Account, sdk: openai.OpenAI) -> None:
    store = sdk.vector_stores.create(name="a")
    file = sdk.files.create(file=("a.md", b"# Lighthouses\n\nTall."), purpose="assistants")
    made = sdk.vector_stores.files.create(store.id, file_id=file.id)
    assert (made.id, made.vector_store_id, made.status) == (file.id, store.id, "in_progress")
    assert list(sdk.vector_stores.files.content(file.id, vector_store_id=store.id)) == []
    tenant.advance(INDEXING)
    assert [item.id for item in sdk.vector_stores.files.list(store.id, filter="completed")] == [file.id]
    content = list(sdk.vector_stores.files.content(file.id, vector_store_id=store.id))
    assert [(part.type, part.text) for part in content] == [("text", "# Lighthouses\n\nTall.")]
    deleted = sdk.vector_stores.files.delete(file.id, vector_store_id=store.id)
    assert (deleted.id, deleted.deleted, deleted.object) == (file.id, True, "vector_store.file.deleted")
    assert sdk.vector_stores.retrieve(store.id).file_counts.total == 0
    assert sdk.files.retrieve(file.id).id == file.id
    with pytest.raises(openai.NotFoundError, match=f"No file found with id '{file.id}' in vector store"):
        sdk.vector_stores.files.delete(file.id, vector_store_id=store.id)


def test_a_detached_file_is_found_no_more_and_its_neighbours_are(stores: Stores) -> None:
    store, files = stores.filled()
    stores.http.delete(f"/v1/vector_stores/{store}/files/{files['leave.txt']}")
    found = {hit["file_id"] for hit in stores.search(store, "paid annual leave volcano bread")}
    assert found == {files["volcano.txt"], files["bread.txt"]}
    assert stores.get(store)["file_counts"] == {
        "in_progress": 0, "completed": 2, "failed": 0, "cancelled": 0, "total": 2,
    }  # fmt: skip


def test_a_deleted_file_is_gone_from_every_store(stores: Stores) -> None:
    store, files = stores.filled()
    stores.http.delete(f"/v1/files/{files['leave.txt']}")
    assert files["leave.txt"] not in {hit["file_id"] for hit in stores.search(store, "paid annual leave")}
    assert stores.listed(store) == [files["bread.txt"], files["volcano.txt"]]
    assert stores.get(store)["file_counts"]["total"] == 2


def test_attaching_twice_starts_over_and_lists_once(tenant: Account, stores: Stores) -> None:
    store = stores.create()["id"]
    file = stores.upload("a.txt", "Lighthouses stand by the sea.")
    stores.attach(store, file, attributes={"round": 1})
    tenant.advance(INDEXING)
    stores.search(store, "Lighthouses")
    again = stores.attach(store, file, attributes={"round": 2})
    assert (again["status"], again["attributes"]) == ("in_progress", {"round": 2})
    tenant.advance(INDEXING)
    assert stores.listed(store) == [file]
    assert [hit["attributes"] for hit in stores.search(store, "Lighthouses")] == [{"round": 2}]


def test_attributes_are_replaced_and_nothing_else_changes(stores: Stores) -> None:
    store, files = stores.filled({"leave.txt": {"category": "old", "year": 2025}})
    file = files["leave.txt"]
    before = stores.file(store, file)
    path = f"/v1/vector_stores/{store}/files/{file}"
    changed = stores.http.post(path, json={"attributes": {"category": "new"}}).raise_for_status().json()
    assert changed == {**before, "attributes": {"category": "new"}} == stores.file(store, file)

    def found(value: str) -> list[str]:
        where = {"type": "eq", "key": "category", "value": value}
        return [hit["file_id"] for hit in stores.search(store, "leave", filters=where)]

    assert (found("old"), found("new")) == ([], [file])


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({str(number): number for number in range(17)}, "object_above_max_properties"),
        ({"k": "v" * 513}, "string_above_max_length"),
        ({"k" * 65: "v"}, "property_name_above_max_length"),
        ({"k": ["v"]}, "invalid_type"),
        ({"k": None}, "invalid_type"),
        ("k", "invalid_type"),
    ],
)
def test_attributes_out_of_bounds_are_refused(stores: Stores, attributes: Any, code: str) -> None:
    store, files = stores.filled()
    file = files["leave.txt"]
    body = {"attributes": attributes}
    assert error(stores.http.post(f"/v1/vector_stores/{store}/files/{file}", json=body), 400)["code"] == code
    assert (
        error(stores.http.post(f"/v1/vector_stores/{store}/files", json={"file_id": file, **body}), 400)["code"] == code
    )
    assert stores.file(store, file)["attributes"] == {}


def test_the_largest_attributes_are_taken(stores: Stores) -> None:
    store = stores.create()["id"]
    attributes = {f"{number:064}": "v" * 512 for number in range(16)}
    assert stores.attach(store, stores.upload("a.txt", "text"), attributes=attributes)["attributes"] == attributes


@pytest.mark.parametrize(("size", "overlap"), [(100, 0), (100, 50), (200, 50), (4096, 2048)])
def test_a_static_strategy_is_echoed_and_followed(tenant: Account, stores: Stores, size: int, overlap: int) -> None:
    store = stores.create()["id"]
    text = " ".join(f"Lighthouse number {number} stands by the sea." for number in range(100))
    file = stores.upload("a.txt", text)
    assert stores.attach(store, file, chunking_strategy=static(size, overlap))["chunking_strategy"] == static(
        size, overlap
    )
    tenant.advance(INDEXING)
    hits = [hit["content"][0]["text"] for hit in stores.search(store, "Lighthouse", max_num_results=50)]
    assert all(hit in text for hit in hits)
    assert max(map(len, hits)) <= 7 * size  # no token is longer than a space and six letters
    if size < 200:
        assert len(hits) > 3


@pytest.mark.parametrize(
    ("strategy", "param", "code"),
    [
        (static(99, 0), "chunking_strategy.static.max_chunk_size_tokens", "integer_below_min_value"),
        (static(4097, 0), "chunking_strategy.static.max_chunk_size_tokens", "integer_above_max_value"),
        (static(200, 101), "chunking_strategy.static.chunk_overlap_tokens", None),
        (static(200, -1), "chunking_strategy.static.chunk_overlap_tokens", "integer_below_min_value"),
        (static("200", 1), "chunking_strategy.static.max_chunk_size_tokens", "invalid_type"),
        (static(200, None), "chunking_strategy.static.chunk_overlap_tokens", "missing_required_parameter"),
        ({"type": "static"}, "chunking_strategy.static", "missing_required_parameter"),
        ({"type": "semantic"}, "chunking_strategy.type", "invalid_value"),
        ({}, "chunking_strategy.type", "missing_required_parameter"),
    ],
)
def test_a_strategy_out_of_bounds_is_refused(stores: Stores, strategy: Any, param: str, code: str | None) -> None:
    store = stores.create()["id"]
    body = {"file_id": stores.upload("a.txt", "text"), "chunking_strategy": strategy}
    refused = error(stores.http.post(f"/v1/vector_stores/{store}/files", json=body), 400)
    assert (refused["param"], refused["code"]) == (param, code)
    assert stores.listed(store) == []


@pytest.mark.parametrize(
    ("name", "data", "code", "message"),
    [
        ("a.txt", b"\x00\x01\x02\xff", "invalid_file", "The file could not be parsed."),
        ("a.txt", b" \n ", "invalid_file", "The file could not be parsed."),
        ("a.pdf", b"%PDF-1.4 broken", "invalid_file", "The file could not be parsed."),
        ("a.png", b"\x89PNG", "unsupported_file", "The file type is not supported."),
        ("a", b"text", "unsupported_file", "The file type is not supported."),
        ("a.txt", b"a\n" * 2_500_001, "invalid_file", "The file could not be parsed because it is too large."),
    ],
)
def test_one_bad_file_among_others_fails_when_its_turn_comes(
    tenant: Account, stores: Stores, name: str, data: bytes, code: str, message: str
) -> None:
    files = [stores.upload("one.txt", "one"), stores.upload(name, data), stores.upload("two.txt", "two")]
    store = stores.create(file_ids=files)["id"]
    assert stores.file(store, files[1])["last_error"] is None
    tenant.advance(INDEXING + 2 * NEXT)
    failed = stores.file(store, files[1])
    assert (failed["status"], failed["usage_bytes"]) == ("failed", 0)
    assert failed["last_error"] == {"code": code, "message": message}
    VectorStoreFile.model_validate(failed, strict=True)
    assert stores.get(store)["file_counts"] == {
        "in_progress": 0, "completed": 2, "failed": 1, "cancelled": 0, "total": 3,
    }  # fmt: skip
    assert stores.get(store)["status"] == "completed"
    assert stores.listed(store, filter="failed") == [files[1]]
    assert stores.listed(store, filter="completed", order="asc") == [files[0], files[2]]


def test_an_unsupported_kind_is_refused_when_attached_alone(stores: Stores) -> None:
    store = stores.create()["id"]
    body = {"file_id": stores.upload("a.xyz", "text")}
    refused = error(stores.http.post(f"/v1/vector_stores/{store}/files", json=body), 400)
    assert refused["code"] == "unsupported_file"
    assert refused["message"].startswith("Files with extensions [.xyz] are not supported for retrieval.")


def test_pages_of_files_meet(stores: Stores) -> None:
    files = [stores.upload(f"{number}.txt", "text") for number in range(5)]
    store = stores.create(file_ids=files)["id"]
    assert stores.listed(store) == files[::-1]
    assert stores.listed(store, limit=2, order="asc") == files[:2]
    assert stores.listed(store, limit=2, order="asc", after=files[1]) == files[2:4]
    assert stores.listed(store, limit=2, order="asc", after=files[3]) == files[4:]
    for query in ({"limit": 101}, {"limit": 0}, {"order": "up"}, {"filter": "done"}):
        error(stores.http.get(f"/v1/vector_stores/{store}/files", params=query), 400)


def test_what_is_unknown_is_not_found(stores: Stores) -> None:
    store = stores.create()["id"]
    body = {"file_id": "file-none"}
    refused = error(stores.http.post(f"/v1/vector_stores/{store}/files", json=body), 404)
    assert refused["message"] == "Files ['file-none'] were not found"
    error(stores.http.post("/v1/vector_stores/vs_none/files", json=body), 404)
    for path in (f"{store}/files/file-none", f"{store}/files/file-none/content", f"{store}/file_batches/vsfb_none"):
        error(stores.http.get(f"/v1/vector_stores/{path}"), 404)
    assert error(stores.http.post(f"/v1/vector_stores/{store}/files", json={}), 400)["param"] == "file_id"
    error(stores.http.post(f"/v1/vector_stores/{store}/files", json="file-none"), 400)


# Batches ------------------------------------------------------------------------------------------------------------


def test_a_batch_is_done_file_by_file(tenant: Account, sdk: openai.OpenAI, stores: Stores) -> None:
    store = stores.create()["id"]
    files = [stores.upload(name, text) for name, text in TOPICS.items()]
    batch = sdk.vector_stores.file_batches.create(store, file_ids=files, attributes={"part": "all"})
    assert (batch.status, batch.vector_store_id, batch.file_counts.in_progress) == ("in_progress", store, 3)
    assert batch.id.startswith("vsfb_")
    assert batch.object == "vector_store.file_batch"  # as recorded; the SDK's type says files_batch
    tenant.advance(INDEXING + NEXT)
    assert sdk.vector_stores.file_batches.retrieve(batch.id, vector_store_id=store).file_counts.completed == 2
    tenant.advance(NEXT)
    done = sdk.vector_stores.file_batches.retrieve(batch.id, vector_store_id=store)
    assert (done.status, done.file_counts.completed, done.file_counts.total) == ("completed", 3, 3)
    listed = list(sdk.vector_stores.file_batches.list_files(batch.id, vector_store_id=store, order="asc", limit=2))
    assert [file.id for file in listed] == files
    assert {str(file.attributes) for file in listed} == {"{'part': 'all'}"}
    assert stores.get(store)["file_counts"]["completed"] == 3
    raw = stores.http.get(f"/v1/vector_stores/{store}/file_batches/{batch.id}").json()
    VectorStoreFileBatch.model_validate({**raw, "object": "vector_store.files_batch"}, strict=True)


def test_each_file_of_a_batch_may_be_cut_and_labelled_in_its_own_way(stores: Stores) -> None:
    store = stores.create()["id"]
    files = [stores.upload(name, "text") for name in ("a.txt", "b.txt")]
    wanted = [
        {"file_id": files[0], "attributes": {"n": 1}, "chunking_strategy": static(100, 50)},
        {"file_id": files[1]},
    ]
    stores.http.post(f"/v1/vector_stores/{store}/file_batches", json={"files": wanted}).raise_for_status()
    first, second = (stores.file(store, file) for file in files)
    assert (first["attributes"], first["chunking_strategy"]) == ({"n": 1}, static(100, 50))
    assert (second["attributes"], second["chunking_strategy"]) == ({}, AUTO)


def test_cancelling_gives_up_what_is_not_done(tenant: Account, stores: Stores) -> None:
    store = stores.create()["id"]
    files = [stores.upload(name, text) for name, text in TOPICS.items()]
    path = f"/v1/vector_stores/{store}/file_batches"
    batch = stores.http.post(path, json={"file_ids": files}).json()["id"]
    tenant.advance(INDEXING)
    cancelled = stores.http.post(f"{path}/{batch}/cancel").raise_for_status().json()
    counted = {"in_progress": 0, "completed": 1, "failed": 0, "cancelled": 2, "total": 3}
    assert (cancelled["status"], cancelled["file_counts"]) == ("cancelled", counted)
    tenant.advance(60)
    assert stores.http.get(f"{path}/{batch}").json() == cancelled
    assert stores.get(store)["file_counts"] == counted
    assert {hit["file_id"] for hit in stores.search(store, "leave volcano bread")} == {files[0]}
    assert stores.listed(store, filter="cancelled", order="asc") == files[1:]


def test_cancelling_a_batch_that_is_done_changes_nothing(tenant: Account, stores: Stores) -> None:
    store = stores.create()["id"]
    path = f"/v1/vector_stores/{store}/file_batches"
    batch = stores.http.post(path, json={"file_ids": [stores.upload("a.txt", "text")]}).json()["id"]
    tenant.advance(INDEXING)
    assert stores.http.post(f"{path}/{batch}/cancel").raise_for_status().json()["status"] == "completed"


def test_a_batch_of_bad_files_alone_fails(tenant: Account, stores: Stores) -> None:
    store = stores.create()["id"]
    path = f"/v1/vector_stores/{store}/file_batches"
    batch = stores.http.post(path, json={"file_ids": [stores.upload("a.txt", b"\x00")]}).json()["id"]
    tenant.advance(INDEXING)
    assert stores.http.get(f"{path}/{batch}").json()["status"] == "failed"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "file_ids"),
        ({"file_ids": []}, "file_ids"),
        ({"files": []}, "files"),
        ({"files": [{}]}, "files[0].file_id"),
        ({"files": [{"file_id": "x", "chunking_strategy": static(1, 0)}]}, "files[0].chunking_strategy.static.max_chunk_size_tokens"),
        ({"file_ids": ["x"], "files": [{"file_id": "x"}]}, "files"),
        ({"file_ids": ["x"] * 2001}, "file_ids"),
    ],
)  # fmt: skip
def test_a_batch_out_of_bounds_is_refused(stores: Stores, body: dict[str, Any], param: str) -> None:
    store = stores.create()["id"]
    assert error(stores.http.post(f"/v1/vector_stores/{store}/file_batches", json=body), 400)["param"] == param
