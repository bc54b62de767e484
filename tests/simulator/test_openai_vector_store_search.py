"""Search in OpenAI's simulated vector stores: order, scores, limits, filters (provider-facts 5.1; openai.yaml)."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from openai.types import VectorStoreSearchResponse

from tests.simulator.account import Account
from tests.simulator.openai_stores import INDEXING, NEXT, TOPICS, Stores, error, sdk, stores

__all__ = ["sdk", "stores"]

LABELS: dict[str, dict[str, Any]] = {
    "leave.txt": {"topic": "work", "year": 2024, "public": True},
    "volcano.txt": {"topic": "nature", "year": 2025.5, "public": False},
    "bread.txt": {"topic": "food", "year": 2026},
}


def comparison(kind: str, key: str, value: Any) -> dict[str, Any]:
    return {"type": kind, "key": key, "value": value}


def both(kind: str, *filters: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "filters": list(filters)}


@pytest.mark.parametrize(
    ("query", "first", "phrase"),
    [
        ("How many days of paid leave do employees get?", "leave.txt", "25 days"),
        ("When does a volcano erupt?", "volcano.txt", "magma rises"),
        ("How long do I bake the bread?", "bread.txt", "forty minutes"),
    ],
)
def test_the_document_that_answers_comes_first(stores: Stores, query: str, first: str, phrase: str) -> None:
    store, files = stores.filled(LABELS)
    hits = stores.search(store, query)
    assert (hits[0]["file_id"], hits[0]["filename"], hits[0]["attributes"]) == (files[first], first, LABELS[first])
    assert phrase in hits[0]["content"][0]["text"]
    scores = [hit["score"] for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert scores[0] > 0.2 > 0.15 > scores[1]


def test_the_sdk_reads_the_page(sdk: openai.OpenAI, stores: Stores) -> None:
    store, files = stores.filled(LABELS)
    found = list(sdk.vector_stores.search(store, query="paid leave", max_num_results=1, rewrite_query=True))
    assert [(hit.file_id, hit.filename) for hit in found] == [(files["leave.txt"], "leave.txt")]
    page = stores.http.post(f"/v1/vector_stores/{store}/search", json={"query": "paid leave"}).json()
    assert {key: page[key] for key in page if key != "data"} == {
        "object": "vector_store.search_results.page",
        "search_query": ["paid leave"],
        "has_more": False,
        "next_page": None,
    }
    for hit in page["data"]:
        VectorStoreSearchResponse.model_validate(hit)
        assert set(hit) == {"file_id", "filename", "score", "attributes", "content"}


def test_several_queries_find_what_each_finds(stores: Stores) -> None:
    store, files = stores.filled()
    alone = [stores.search(store, query)[0] for query in ("bake bread", "volcano erupts")]
    together = stores.search(store, ["bake bread", "volcano erupts"])
    assert {hit["file_id"] for hit in together[:2]} == {files["bread.txt"], files["volcano.txt"]}
    assert [hit["score"] for hit in together[:2]] == sorted((hit["score"] for hit in alone), reverse=True)
    assert len({hit["file_id"] for hit in together}) == len(together) == 3


@pytest.mark.parametrize(("most", "found"), [(None, 10), (1, 1), (2, 2), (50, 12)])
def test_no_more_are_found_than_asked_for(tenant: Account, stores: Stores, most: int | None, found: int) -> None:
    files = [stores.upload(f"{number}.txt", f"Lighthouse number {number}.") for number in range(12)]
    store = stores.create(file_ids=files)["id"]
    tenant.advance(INDEXING + 12 * NEXT)
    body = {} if most is None else {"max_num_results": most}
    assert len(stores.search(store, "lighthouse", **body)) == found


def test_a_higher_threshold_never_adds_a_hit(stores: Stores) -> None:
    store, files = stores.filled()
    before = None
    for threshold in (0, 0.05, 0.2, 0.5, 0.9, 1):
        hits = stores.search(
            store, "paid annual leave", ranking_options={"score_threshold": threshold, "ranker": "auto"}
        )
        assert all(hit["score"] >= threshold for hit in hits)
        found = [hit["file_id"] for hit in hits]
        assert before is None or found == before[: len(found)]
        before = found
    assert before == []
    exact = stores.search(store, TOPICS["leave.txt"], ranking_options={"score_threshold": 0.99})
    assert [hit["file_id"] for hit in exact] == [files["leave.txt"]]


def test_an_off_topic_question_and_an_empty_store_find_nothing_above_a_threshold(stores: Stores) -> None:
    store, _ = stores.filled()
    off = "Which quarterback won the championship?"
    assert stores.search(store, off, ranking_options={"score_threshold": 0.3}) == []
    assert len(stores.search(store, off)) == 3
    assert stores.search(stores.create()["id"], "anything") == []


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (comparison("eq", "topic", "work"), "leave"),
        (comparison("ne", "topic", "work"), "volcano bread"),
        (comparison("in", "topic", ["food", "work"]), "leave bread"),
        (comparison("nin", "topic", ["food", "work"]), "volcano"),
        (comparison("gt", "year", 2024), "volcano bread"),
        (comparison("gte", "year", 2024), "leave volcano bread"),
        (comparison("lt", "year", 2025.5), "leave"),
        (comparison("lte", "year", 2025.5), "leave volcano"),
        (comparison("eq", "year", 2024.0), "leave"),
        (comparison("eq", "year", "2024"), ""),
        (comparison("gt", "topic", "food"), "leave volcano"),
        (comparison("gt", "topic", 7), ""),
        (comparison("eq", "public", True), "leave"),
        (comparison("eq", "public", 1), ""),
        (comparison("ne", "public", True), "volcano bread"),
        (comparison("eq", "nowhere", "x"), ""),
        (comparison("ne", "nowhere", "x"), "leave volcano bread"),
        (comparison("gte", "nowhere", 0), ""),
        (comparison("in", "topic", []), ""),
        (both("and", comparison("gt", "year", 2024), comparison("ne", "topic", "food")), "volcano"),
        (both("or", comparison("eq", "topic", "food"), comparison("eq", "topic", "work")), "leave bread"),
        (both("and", comparison("eq", "topic", "food"), comparison("eq", "topic", "work")), ""),
        (
            both("or", both("and", comparison("eq", "topic", "food"), comparison("gt", "year", 2025)), comparison("eq", "public", True)),
            "leave bread",
        ),
    ],
)  # fmt: skip
def test_a_filter_returns_exactly_what_meets_it(stores: Stores, where: dict[str, Any], expected: str) -> None:
    store, _ = stores.filled(LABELS)
    found = {hit["filename"].removesuffix(".txt") for hit in stores.search(store, "volcano magma", filters=where)}
    assert found == set(expected.split())


def test_the_filter_comes_before_the_limit(tenant: Account, stores: Stores) -> None:
    store = stores.create()["id"]
    near = [stores.upload(f"near{number}.txt", f"Lighthouse by the sea, number {number}.") for number in range(8)]
    far = [stores.upload(f"far{number}.txt", f"Bread and flour, number {number}.") for number in range(2)]
    for file in (*near, *far):
        stores.attach(store, file, attributes={"far": file in far})
    tenant.advance(INDEXING + 10 * NEXT)
    ranks = [hit["file_id"] for hit in stores.search(store, "lighthouse by the sea")]
    assert set(ranks[8:]) == set(far)
    found = stores.search(store, "lighthouse by the sea", max_num_results=2, filters=comparison("eq", "far", True))
    assert {hit["file_id"] for hit in found} == set(far)


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"query": ""}, "query", "empty_string"),
        ({"query": "  "}, "query", "empty_string"),
        ({"query": []}, "query", "empty_array"),
        ({"query": ["a", ""]}, "query", "empty_string"),
        ({"query": 7}, "query", "invalid_type"),
        ({}, "query", "missing_required_parameter"),
        ({"query": "a", "max_num_results": 0}, "max_num_results", "integer_below_min_value"),
        ({"query": "a", "max_num_results": 51}, "max_num_results", "integer_above_max_value"),
        ({"query": "a", "ranking_options": {"score_threshold": 1.5}}, "ranking_options.score_threshold", "decimal_above_max_value"),
        ({"query": "a", "ranking_options": {"ranker": "best"}}, "ranking_options.ranker", "invalid_value"),
        ({"query": "a", "filters": comparison("like", "topic", "w")}, "filters.type", "invalid_value"),
        ({"query": "a", "filters": {"key": "topic", "value": "w"}}, "filters.type", "missing_required_parameter"),
        ({"query": "a", "filters": {"type": "eq", "value": "w"}}, "filters.key", "missing_required_parameter"),
        ({"query": "a", "filters": {"type": "eq", "key": "topic"}}, "filters.value", "missing_required_parameter"),
        ({"query": "a", "filters": comparison("eq", "topic", ["w"])}, "filters.value", "invalid_type"),
        ({"query": "a", "filters": comparison("in", "topic", "w")}, "filters.value", "invalid_type"),
        ({"query": "a", "filters": comparison("gt", "public", True)}, "filters.value", "invalid_type"),
        ({"query": "a", "filters": both("and")}, "filters.filters", "empty_array"),
        ({"query": "a", "filters": both("or", comparison("like", "a", "b"))}, "filters.filters[0].type", "invalid_value"),
        ({"query": "a", "filters": "topic = w"}, "filters", "invalid_type"),
        ({"query": "a", "limit": 3}, "limit", "unknown_parameter"),
    ],
)  # fmt: skip
def test_a_search_out_of_bounds_is_refused(stores: Stores, body: dict[str, Any], param: str, code: str) -> None:
    store = stores.create()["id"]
    refused = error(stores.http.post(f"/v1/vector_stores/{store}/search", json=body), 400)
    assert (refused["param"], refused["code"]) == (param, code)
