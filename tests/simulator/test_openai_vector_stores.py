"""OpenAI's simulated vector stores: what they are, how they change, when they expire (provider-facts 5.1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import openai
import pytest
from openai.types import VectorStore

from tests.simulator.account import Account
from tests.simulator.openai_stores import DAY, INDEXING, NEXT, TOPICS, Stores, error, sdk, stores

__all__ = ["sdk", "stores"]

WEEK = {"anchor": "last_active_at", "days": 7}


def test_an_empty_store_has_every_key_of_a_live_answer(tenant: Account, stores: Stores) -> None:
    store = stores.create()
    now = int(datetime.fromisoformat(tenant.now()).timestamp())
    assert store == {
        "id": store["id"],
        "object": "vector_store",
        "created_at": now,
        "name": None,
        "description": None,
        "usage_bytes": 0,
        "file_counts": {"in_progress": 0, "completed": 0, "failed": 0, "cancelled": 0, "total": 0},
        "status": "completed",
        "expires_after": None,
        "expires_at": None,
        "last_active_at": now,
        "metadata": {},
    }
    assert store["id"].startswith("vs_")
    assert len(store["id"]) == 35
    VectorStore.model_validate({**store, "name": "as the type wants it"}, strict=True)


def test_the_sdk_makes_changes_lists_and_deletes_a_store(sdk: openai.OpenAI) -> None:
    made = sdk.vector_stores.create(name="handbook", description="d", metadata={"team": "a"}, expires_after=WEEK)  # type: ignore[arg-type]
    assert (made.name, made.metadata, made.status) == ("handbook", {"team": "a"}, "completed")
    assert sdk.vector_stores.retrieve(made.id) == made
    assert [item.id for item in sdk.vector_stores.list()] == [made.id]
    changed = sdk.vector_stores.update(made.id, name="manual", metadata={"team": "b"})
    assert (changed.name, changed.metadata, changed.expires_at) == ("manual", {"team": "b"}, made.expires_at)
    assert sdk.vector_stores.retrieve(made.id) == changed
    deleted = sdk.vector_stores.delete(made.id)
    assert (deleted.id, deleted.deleted, deleted.object) == (made.id, True, "vector_store.deleted")
    assert list(sdk.vector_stores.list()) == []
    for gone in (sdk.vector_stores.retrieve, sdk.vector_stores.delete):
        with pytest.raises(openai.NotFoundError):
            gone(made.id)
    with pytest.raises(openai.NotFoundError):
        sdk.vector_stores.search(made.id, query="anything")


def test_the_days_of_the_expiry_are_counted_from_the_last_use(tenant: Account, stores: Stores) -> None:
    store = stores.create(name="a", expires_after=WEEK)
    assert store["expires_after"] == WEEK
    assert store["expires_at"] == store["last_active_at"] + 7 * DAY
    path = f"/v1/vector_stores/{store['id']}"
    longer = stores.http.post(path, json={"expires_after": {"anchor": "last_active_at", "days": 14}}).json()
    assert longer["expires_at"] - store["expires_at"] == 7 * DAY
    tenant.advance(3 * DAY)
    assert stores.get(store["id"]) == longer
    stores.search(store["id"], "anything")
    used = stores.get(store["id"])
    assert used["last_active_at"] == store["last_active_at"] + 3 * DAY
    assert used["expires_at"] == longer["expires_at"] + 3 * DAY
    assert stores.http.post(path, json={"expires_after": None}).json()["expires_at"] is None


def test_an_expired_store_is_shown_and_deleted_but_not_used(tenant: Account, stores: Stores) -> None:
    store = stores.create(name="a", expires_after=WEEK)["id"]
    file = stores.upload("a.txt", "text")
    tenant.advance(7 * DAY - 1)
    assert stores.get(store)["status"] == "completed"
    tenant.advance(1)
    assert stores.get(store)["status"] == "expired"
    path = f"/v1/vector_stores/{store}"
    for tail, body in (
        ("/search", {"query": "anything"}),
        ("/files", {"file_id": file}),
        ("/file_batches", {"file_ids": [file]}),
        ("", {"name": "b"}),
    ):
        assert error(stores.http.post(path + tail, json=body), 400)["message"] == f"Vector store {store} is expired."
    assert stores.listed(store) == []
    assert tenant.inventory()["OpenAI"]["vector_stores"] == [store]
    assert stores.http.delete(path).json()["deleted"] is True
    assert "vector_stores" not in tenant.inventory()["OpenAI"]


@pytest.mark.parametrize("name", ["null", "changed"])
def test_what_an_update_does_not_name_stays(stores: Stores, name: str) -> None:
    store = stores.create(name="a", metadata={"k": "v"}, expires_after=WEEK)
    body = {"name": None if name == "null" else name}
    changed = stores.http.post(f"/v1/vector_stores/{store['id']}", json=body).json()
    assert changed == {**store, **body}


def test_a_store_is_in_progress_until_its_last_file_is_done(tenant: Account, stores: Stores) -> None:
    files = [stores.upload(name, text) for name, text in TOPICS.items()]
    store = stores.create(file_ids=files)
    assert (store["status"], store["file_counts"]["in_progress"], store["usage_bytes"]) == ("in_progress", 3, 0)
    tenant.advance(INDEXING)
    halfway = stores.get(store["id"])
    assert (halfway["status"], halfway["file_counts"]) == (
        "in_progress",
        {"in_progress": 2, "completed": 1, "failed": 0, "cancelled": 0, "total": 3},
    )
    tenant.advance(2 * NEXT)
    done = stores.get(store["id"])
    assert (done["status"], done["file_counts"]["completed"]) == ("completed", 3)
    sizes = [stores.file(store["id"], file)["usage_bytes"] for file in files]
    assert done["usage_bytes"] == sum(sizes) == sum(len(text) + 1024 for text in TOPICS.values())


def test_a_tenant_sets_how_long_a_document_takes(open_tenant: Callable[..., Account]) -> None:
    tenant = open_tenant(durations={"vector_stores.indexing": 60, "vector_stores.next_document": 10})
    with tenant.client("OpenAI") as http:
        stores = Stores(tenant, http)
        store = stores.create(file_ids=[stores.upload("a.txt", "one"), stores.upload("b.txt", "two")])["id"]
        tenant.advance(60)
        assert stores.get(store)["file_counts"]["completed"] == 1
        tenant.advance(10)
        assert stores.get(store)["file_counts"]["completed"] == 2


def test_deleting_a_store_leaves_its_files(tenant: Account, stores: Stores) -> None:
    store, files = stores.filled()
    stores.http.delete(f"/v1/vector_stores/{store}")
    assert tenant.inventory() == {"OpenAI": {"files": list(files.values())}}


def test_pages_meet_but_do_not_overlap(stores: Stores) -> None:
    made = [stores.create(name=str(number))["id"] for number in range(5)]

    def page(**query: Any) -> tuple[list[str], bool]:
        body = stores.http.get("/v1/vector_stores", params=query).raise_for_status().json()
        found = [item["id"] for item in body["data"]]
        assert (body["first_id"], body["last_id"]) == (found[0], found[-1])
        return found, body["has_more"]

    assert page() == (made[::-1], False)
    assert page(limit=2, order="asc") == (made[:2], True)
    assert page(limit=2, order="asc", after=made[1]) == (made[2:4], True)
    assert page(limit=2, order="asc", after=made[3]) == (made[4:], False)
    assert page(limit=2, after=made[3]) == ([made[2], made[1]], True)
    assert page(order="asc", before=made[2]) == (made[:2], False)
    assert page(order="asc", before=made[4], limit=2) == (made[2:4], True)


def test_an_account_without_stores_lists_none(stores: Stores) -> None:
    empty = {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}
    assert stores.http.get("/v1/vector_stores").json() == empty


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"expires_after": {"anchor": "last_active_at", "days": 0}}, "expires_after.days", "integer_below_min_value"),
        ({"expires_after": {"anchor": "last_active_at", "days": -1}}, "expires_after.days", "integer_below_min_value"),
        ({"expires_after": {"anchor": "last_active_at", "days": 366}}, "expires_after.days", "integer_above_max_value"),
        ({"expires_after": {"anchor": "created_at", "days": 7}}, "expires_after.anchor", "invalid_value"),
        ({"expires_after": {"days": 7}}, "expires_after.anchor", "missing_required_parameter"),
        ({"expires_after": {"anchor": "last_active_at"}}, "expires_after.days", "missing_required_parameter"),
        ({"expires_after": "soon"}, "expires_after", "invalid_type"),
        ({"name": 7}, "name", "invalid_type"),
        ({"metadata": {"k": 7}}, "metadata.k", "invalid_type"),
        ({"metadata": {"k": "v" * 513}}, "metadata.k", "string_above_max_length"),
        ({"metadata": {"k" * 65: "v"}}, "metadata", "property_name_above_max_length"),
        ({"metadata": {str(number): "v" for number in range(17)}}, "metadata", "object_above_max_properties"),
        ({"colour": "red"}, "colour", "unknown_parameter"),
        ({"file_ids": "file-a"}, "file_ids", "invalid_type"),
        ({"file_ids": [7]}, "file_ids[0]", "invalid_type"),
        ({"file_ids": ["file-a"] * 501}, "file_ids", "array_above_max_length"),
    ],
)
def test_a_store_out_of_bounds_is_not_made(stores: Stores, body: dict[str, Any], param: str, code: str) -> None:
    refused = error(stores.http.post("/v1/vector_stores", json=body), 400)
    assert (refused["param"], refused["code"]) == (param, code)
    assert stores.http.get("/v1/vector_stores").json()["data"] == []


def test_an_unknown_store_or_file_is_not_found(stores: Stores) -> None:
    refused = error(stores.http.get("/v1/vector_stores/vs_nothing"), 404)
    assert refused["message"] == "Vector store with id 'vs_nothing' not found."
    refused = error(stores.http.post("/v1/vector_stores", json={"file_ids": ["file-none"]}), 404)
    assert refused["message"] == "Files ['file-none'] were not found"
    assert error(stores.http.get("/v1/vector_stores", params={"after": "vs_nothing"}), 404)["param"] == "after"
    assert error(stores.http.get("/v1/vector_stores", params={"limit": 101}), 400)["code"] == "integer_above_max_value"
