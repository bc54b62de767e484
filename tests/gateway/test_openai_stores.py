"""OpenAI's vector stores against the running simulator: their life, documents, searches, refusals, unclear ends."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from support.errors import BadResponse, InvalidRequest, NotFound, ServerError, TouchstoneError, Unsupported, WaitTimeout
from support.gateway.call import ChokePoint, Register
from support.gateway.events import Account
from support.gateway.openai.gateway import OpenAIGateway
from support.housekeeping.sweep import Reached, sweep
from support.journal import Journal, Target
from support.values import (
    AllOf,
    AnyOf,
    Attribute,
    Chunking,
    Comparison,
    DocumentCounts,
    Filter,
    Hit,
    Money,
    Provider,
    StoredDocument,
    VectorStore,
)
from tests.gateway.conftest import ATTEMPTS, ROOT, Bench, FakeRegister

pytestmark = pytest.mark.anyio

MODEL = "gpt-6-luna"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
FIXTURES = ROOT / "fixtures"
BEES, BREAD, VOLCANOES = FIXTURES / "bees.txt", FIXTURES / "bread.txt", FIXTURES / "volcanoes.txt"
WORDS = FIXTURES / "thousand-words.txt"
SIMULATOR = Target(name="simulator")
UNKNOWN = "vs_none_of_these"
QUESTION = "What do foragers follow the dancing bee with?"
LABELS: dict[Path, dict[str, Attribute]] = {
    BEES: {"topic": "animals", "year": 2021, "checked": True},
    BREAD: {"topic": "food", "year": 2024, "checked": False},
    VOLCANOES: {"topic": "rocks", "year": 2025, "checked": True},
}


@pytest.fixture
def gateway(bench: Bench) -> OpenAIGateway:
    return OpenAIGateway(bench.endpoint(Provider.OPENAI), bench.http, bench.choke)


async def filled(gateway: OpenAIGateway) -> str:
    """A store with three labelled documents, all completed; its id."""
    store = await gateway.vector_stores.create("topics")
    for path, attributes in LABELS.items():
        await gateway.vector_stores.add(store.id, path, attributes=attributes)
    await gateway.vector_stores.wait(store.id)
    return store.id


async def listed(gateway: OpenAIGateway, page_size: int | None = None) -> list[VectorStore]:
    return [store async for store in gateway.vector_stores.list(page_size=page_size)]


async def documents(gateway: OpenAIGateway, store_id: str, **asked: Any) -> list[StoredDocument]:
    return [document async for document in gateway.vector_stores.documents(store_id, **asked)]


def names(hits: tuple[Hit, ...]) -> list[str]:
    return [hit.name for hit in hits]


def served(bench: Bench, operation: str) -> int:
    return int(bench.tenant.state()["requests"]["by_operation"].get(f"OpenAI {operation}", 0))


# Creating and reading -------------------------------------------------------------------------------------------------


async def test_a_store_is_reported_as_it_was_asked_for(bench: Bench, gateway: OpenAIGateway) -> None:
    store = await gateway.vector_stores.create("the shelf ~ß", metadata={"team": "harbour"})
    assert (store.name, store.provider, store.metadata) == ("the shelf ~ß", Provider.OPENAI, {"team": "harbour"})
    assert (store.status, store.counts, store.size_bytes) == ("completed", DocumentCounts(), 0)
    assert (store.created_at, store.last_active_at, store.expires_at) == (NOW, NOW, None)
    [(provider, kind, marker)] = bench.register.intended
    assert (provider, kind, store.marked) == (Provider.OPENAI, "vector_store", marker)
    assert store.raw["metadata"] == {"team": "harbour", "touchstone": marker}
    assert bench.register.confirmed == {0: store.id}
    assert bench.tenant.state()["inventory"] == {"OpenAI": {"vector_stores": [store.id]}}
    assert await gateway.vector_stores.get(store.id) == store
    assert await listed(gateway) == [store]


async def test_what_is_sent_is_name_marker_and_expiry(bench: Bench, gateway: OpenAIGateway) -> None:
    store = await gateway.vector_stores.create("shelf", expires_after=7 * DAY)
    [exchange] = bench.wire.exchanges
    assert (exchange.method, exchange.path) == ("POST", "/v1/vector_stores")
    assert exchange.request.json() == {
        "name": "shelf",
        "metadata": {"touchstone": bench.register.intended[0][2]},
        "expires_after": {"anchor": "last_active_at", "days": 7},
    }
    assert store.expires_at == NOW + 7 * DAY


async def test_pages_follow_each_other_and_each_is_fetched_once(bench: Bench, gateway: OpenAIGateway) -> None:
    made = [await gateway.vector_stores.create(f"shelf {number}") for number in range(5)]
    assert sorted(store.id for store in await listed(gateway, page_size=2)) == sorted(store.id for store in made)
    assert served(bench, "vector_stores.list") == 3
    page = await gateway.vector_stores.list_page(limit=3)
    assert (len(page.stores), page.next_cursor) == (3, page.stores[2].id)
    last = await gateway.vector_stores.list_page(limit=3, cursor=page.next_cursor)
    assert (len(last.stores), last.next_cursor) == (2, None)
    assert {store.id for store in (*page.stores, *last.stores)} == {store.id for store in made}


async def test_a_list_that_comes_back_to_the_same_page_is_a_bad_response(bench: Bench, gateway: OpenAIGateway) -> None:
    page: dict[str, Any] = {"object": "list", "data": [], "first_id": None, "last_id": "vs_1", "has_more": True}
    bench.tenant.faults({"operation": "vector_stores.list", "times": 9, "do": {"status": 200, "body": page}})
    with pytest.raises(BadResponse) as caught:
        await listed(gateway)
    assert "vs_1" in caught.value.message
    assert len(bench.wire.exchanges) == 2


async def test_a_store_that_never_was_is_not_found_by_its_name(bench: Bench, gateway: OpenAIGateway) -> None:
    calls = (
        gateway.vector_stores.get(UNKNOWN),
        gateway.vector_stores.update(UNKNOWN, name="other"),
        gateway.vector_stores.delete(UNKNOWN),
        gateway.vector_stores.documents_page(UNKNOWN),
        gateway.vector_stores.search(UNKNOWN, "bees"),
        gateway.vector_stores.wait(UNKNOWN),
    )
    for call in calls:
        with pytest.raises(NotFound) as missing:
            await call
        assert UNKNOWN in missing.value.message
        assert (missing.value.status, missing.value.sent) == (404, 1)
    assert len(bench.wire.exchanges) == len(calls)


# Expiring -------------------------------------------------------------------------------------------------------------


async def test_a_store_expires_at_its_end_and_not_before(bench: Bench, gateway: OpenAIGateway) -> None:
    store = await gateway.vector_stores.create("short", expires_after=DAY)
    bench.tenant.advance(86_399)
    assert (await gateway.vector_stores.get(store.id)).status == "completed"
    bench.tenant.advance(1)
    assert (await gateway.vector_stores.get(store.id)).status == "expired"
    assert [one.status for one in await listed(gateway)] == ["expired"]
    for call in (gateway.vector_stores.search(store.id, "bees"), gateway.vector_stores.update(store.id, name="n")):
        with pytest.raises(InvalidRequest) as refused:
            await call
        assert "is expired" in refused.value.message
        assert store.id in refused.value.message
    assert (await gateway.vector_stores.delete(store.id)).id == store.id
    assert await listed(gateway) == []


async def test_each_search_puts_the_end_off(bench: Bench, gateway: OpenAIGateway) -> None:
    store = await gateway.vector_stores.create("used", expires_after=2 * DAY)
    bench.tenant.advance(86_400)
    await gateway.vector_stores.search(store.id, "bees")
    used = await gateway.vector_stores.get(store.id)
    assert (used.last_active_at, used.expires_at, used.created_at) == (NOW + DAY, NOW + 3 * DAY, NOW)


# Changing and deleting ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "changed"),
    [
        ({"name": "other"}, {"name": "other"}),
        ({"expires_after": 3 * DAY}, {"expires_at": NOW + 3 * DAY}),
        ({"metadata": {"shelf": "two"}}, {"metadata": {"shelf": "two"}}),
        ({"metadata": {}}, {"metadata": {}}),
    ],
)
async def test_an_update_changes_what_is_given_and_nothing_else(
    bench: Bench, gateway: OpenAIGateway, asked: dict[str, Any], changed: dict[str, Any]
) -> None:
    store = await gateway.vector_stores.create("shelf", metadata={"team": "harbour"})
    updated = await gateway.vector_stores.update(store.id, **asked)
    assert updated == store.model_copy(update={**changed, "raw": updated.raw})
    assert updated.marked == bench.register.intended[0][2]
    assert await gateway.vector_stores.get(store.id) == updated


async def test_a_deleted_store_is_gone_and_its_file_is_not(bench: Bench, gateway: OpenAIGateway) -> None:
    gone, left = await gateway.vector_stores.create("gone"), await gateway.vector_stores.create("left")
    document = await gateway.vector_stores.add(gone.id, BEES)
    deletion = await gateway.vector_stores.delete(gone.id)
    assert (deletion.provider, deletion.id) == (Provider.OPENAI, gone.id)
    assert bench.register.removals == [(Provider.OPENAI, "vector_store", gone.id)]
    with pytest.raises(NotFound):
        await gateway.vector_stores.delete(gone.id)
    assert await listed(gateway) == [left]
    assert (await gateway.files.get(document.id)).id == document.id


# Documents ------------------------------------------------------------------------------------------------------------


async def test_a_document_is_attached_with_its_attributes_and_its_cut(bench: Bench, gateway: OpenAIGateway) -> None:
    store = await gateway.vector_stores.create("shelf")
    file = await gateway.files.upload(BEES, purpose="assistants")
    chunking = Chunking(max_tokens=100, overlap_tokens=50)
    document = await gateway.vector_stores.attach(store.id, file.id, attributes=LABELS[BEES], chunking=chunking)
    assert (document.id, document.store_id, document.provider) == (file.id, store.id, Provider.OPENAI)
    assert (document.status, document.size_bytes, document.failure) == ("in_progress", 0, None)
    assert (document.attributes, document.chunking, document.created_at) == (LABELS[BEES], chunking, NOW)
    assert document.attributes["checked"] is True
    exchange = bench.wire.exchanges[-1]
    assert (exchange.method, exchange.path) == ("POST", f"/v1/vector_stores/{store.id}/files")
    assert exchange.request.json() == {
        "file_id": file.id,
        "attributes": LABELS[BEES],
        "chunking_strategy": {
            "type": "static",
            "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 50},
        },
    }
    assert await gateway.vector_stores.document(store.id, file.id) == document
    assert await documents(gateway, store.id) == [document]


async def test_nothing_is_sent_of_what_was_not_said(bench: Bench, gateway: OpenAIGateway) -> None:
    store = await gateway.vector_stores.create("shelf")
    file = await gateway.files.upload(BEES, purpose="assistants")
    document = await gateway.vector_stores.attach(store.id, file.id)
    assert bench.wire.exchanges[-1].request.json() == {"file_id": file.id}
    assert (document.attributes, document.chunking) == ({}, Chunking(max_tokens=800, overlap_tokens=400))


async def test_a_local_file_is_stored_and_attached(bench: Bench, gateway: OpenAIGateway) -> None:
    store = await gateway.vector_stores.create("shelf")
    document = await gateway.vector_stores.add(store.id, BEES, attributes={"topic": "animals"})
    file = await gateway.files.get(document.id)
    assert (file.name, file.purpose, document.attributes) == ("bees.txt", "assistants", {"topic": "animals"})
    assert [kind for _, kind, _ in bench.register.intended] == ["vector_store", "file"]


async def test_a_document_is_waited_for_on_the_clock(bench: Bench, gateway: OpenAIGateway) -> None:
    store = await gateway.vector_stores.create("shelf")
    added = await gateway.vector_stores.add(store.id, BEES)
    working = await gateway.vector_stores.get(store.id)
    assert (working.status, working.counts) == ("in_progress", DocumentCounts(in_progress=1))
    assert await gateway.vector_stores.search(store.id, QUESTION) == ()
    [document] = await gateway.vector_stores.wait(store.id)
    assert (document.id, document.status, document.size_bytes) == (added.id, "completed", 352 + 1024)
    assert (bench.clock.sleeps, bench.tenant.now()) == ([1.0] * 5, NOW + 5 * SECOND)
    done = await gateway.vector_stores.get(store.id)
    assert (done.status, done.counts, done.size_bytes) == ("completed", DocumentCounts(completed=1), 352 + 1024)


async def test_a_wait_that_is_too_short_says_so_and_the_indexing_goes_on(bench: Bench, gateway: OpenAIGateway) -> None:
    store = await gateway.vector_stores.create("shelf")
    await gateway.vector_stores.add(store.id, BEES)
    with pytest.raises(WaitTimeout) as late:
        await gateway.vector_stores.wait(store.id, timeout=3 * SECOND)
    assert late.value.message == f"the indexing of {store.id} was not done within 0:00:03; it goes on there"
    assert bench.clock.sleeps == [1.0] * 3
    bench.tenant.advance(2)
    [document] = await gateway.vector_stores.wait(store.id, timeout=timedelta())
    assert document.status == "completed"


async def test_an_empty_store_is_not_waited_for(bench: Bench, gateway: OpenAIGateway) -> None:
    store = await gateway.vector_stores.create("shelf")
    assert await gateway.vector_stores.wait(store.id) == ()
    assert bench.clock.sleeps == []


async def test_of_a_batch_some_documents_can_fail(bench: Bench, gateway: OpenAIGateway) -> None:
    store = await gateway.vector_stores.create("shelf")
    paths = (BEES, FIXTURES / "sample.png", BREAD, FIXTURES / "blank.txt")
    files = [(await gateway.files.upload(path, purpose="assistants")).id for path in paths]
    batch = await gateway.vector_stores.attach_together(store.id, files)
    assert (batch.store_id, batch.status, batch.counts) == (store.id, "in_progress", DocumentCounts(in_progress=4))
    assert bench.wire.exchanges[-1].request.json() == {"file_ids": files}
    states = {
        document.id: (document.status, document.failure) for document in await gateway.vector_stores.wait(store.id)
    }
    assert states == {
        files[0]: ("completed", None),
        files[1]: ("failed", "unsupported_file"),
        files[2]: ("completed", None),
        files[3]: ("failed", "invalid_file"),
    }
    done = await gateway.vector_stores.batch(store.id, batch.id)
    assert (done.id, done.status, done.counts) == (batch.id, "completed", DocumentCounts(completed=2, failed=2))
    assert done.counts.total == 4
    failed = await documents(gateway, store.id, status="failed")
    assert {document.id for document in failed} == {files[1], files[3]}


async def test_a_batch_that_never_was_is_not_found_by_its_name(gateway: OpenAIGateway) -> None:
    store = await gateway.vector_stores.create("shelf")
    with pytest.raises(NotFound) as missing:
        await gateway.vector_stores.batch(store.id, "vsfb_none_of_these")
    assert "vsfb_none_of_these" in missing.value.message


async def test_pages_of_documents_follow_each_other(bench: Bench, gateway: OpenAIGateway) -> None:
    store_id = await filled(gateway)
    before = served(bench, "vector_stores.files.list")
    assert len({document.id for document in await documents(gateway, store_id, page_size=2)}) == 3
    assert served(bench, "vector_stores.files.list") == before + 2
    page = await gateway.vector_stores.documents_page(store_id, limit=1)
    assert (len(page.documents), page.next_cursor) == (1, page.documents[0].id)
    assert await documents(gateway, store_id, status="in_progress") == []
    assert len(await documents(gateway, store_id, status="completed")) == 3


@pytest.mark.parametrize("path", [FIXTURES / "sample.png", FIXTURES / "sample.csv"])
async def test_a_file_of_another_kind_is_the_providers_to_refuse(gateway: OpenAIGateway, path: Path) -> None:
    store = await gateway.vector_stores.create("shelf")
    file = await gateway.files.upload(path, purpose="assistants")
    with pytest.raises(TouchstoneError) as refused:
        await gateway.vector_stores.attach(store.id, file.id)
    assert (refused.value.status, refused.value.code, refused.value.sent) == (400, "unsupported_file", 1)
    assert file.id in refused.value.message
    assert await documents(gateway, store.id) == []


async def test_a_file_that_never_was_is_not_found_by_its_name(gateway: OpenAIGateway) -> None:
    store = await gateway.vector_stores.create("shelf")
    calls = (
        gateway.vector_stores.attach(store.id, "file-none"),
        gateway.vector_stores.document(store.id, "file-none"),
        gateway.vector_stores.update_attributes(store.id, "file-none", {}),
        gateway.vector_stores.remove(store.id, "file-none"),
    )
    for call in calls:
        with pytest.raises(NotFound) as missing:
            await call
        assert "file-none" in missing.value.message


async def test_new_attributes_take_the_place_of_all_there_were(bench: Bench, gateway: OpenAIGateway) -> None:
    store_id = await filled(gateway)
    [bees] = [document for document in await documents(gateway, store_id) if document.attributes["topic"] == "animals"]
    updated = await gateway.vector_stores.update_attributes(store_id, bees.id, {"topic": "insects"})
    assert updated == bees.model_copy(update={"attributes": {"topic": "insects"}, "raw": updated.raw})
    assert bench.wire.exchanges[-1].request.json() == {"attributes": {"topic": "insects"}}
    assert await gateway.vector_stores.document(store_id, bees.id) == updated
    for topic, found in (("animals", []), ("insects", ["bees.txt"])):
        where = Comparison(attribute="topic", operator="eq", value=topic)
        assert names(await gateway.vector_stores.search(store_id, QUESTION, where=where)) == found


async def test_a_detached_document_is_found_no_more_and_its_file_stays(gateway: OpenAIGateway) -> None:
    store_id = await filled(gateway)
    bees = (await gateway.vector_stores.search(store_id, QUESTION))[0].document_id
    assert bees is not None
    deletion = await gateway.vector_stores.remove(store_id, bees)
    assert (deletion.provider, deletion.id) == (Provider.OPENAI, bees)
    assert set(names(await gateway.vector_stores.search(store_id, QUESTION))) == {"bread.txt", "volcanoes.txt"}
    assert bees not in [document.id for document in await documents(gateway, store_id)]
    assert (await gateway.files.get(bees)).name == "bees.txt"
    with pytest.raises(NotFound) as missing:
        await gateway.vector_stores.remove(store_id, bees)
    assert bees in missing.value.message


# Finding --------------------------------------------------------------------------------------------------------------


async def test_the_best_passage_comes_first_with_all_that_is_known_of_it(bench: Bench, gateway: OpenAIGateway) -> None:
    store_id = await filled(gateway)
    hits = await gateway.vector_stores.search(store_id, QUESTION)
    assert (hits[0].name, hits[0].text, hits[0].attributes) == ("bees.txt", BEES.read_text(), LABELS[BEES])
    assert (await gateway.files.get(str(hits[0].document_id))).name == "bees.txt"
    scores = [hit.score for hit in hits if hit.score is not None]
    assert len(scores) == 3
    assert 1 > scores[0] > scores[1] >= scores[2] > 0
    asked = [exchange for exchange in bench.wire.exchanges if exchange.path.endswith("/search")]
    assert [exchange.request.json() for exchange in asked] == [{"query": QUESTION}]


async def test_no_more_passages_than_were_asked_for(bench: Bench, gateway: OpenAIGateway) -> None:
    store_id = await filled(gateway)
    every = await gateway.vector_stores.search(store_id, QUESTION)
    assert await gateway.vector_stores.search(store_id, QUESTION, limit=2) == every[:2]
    assert bench.wire.exchanges[-1].request.json() == {"query": QUESTION, "max_num_results": 2}


async def test_no_passage_below_the_least_score(bench: Bench, gateway: OpenAIGateway) -> None:
    store_id = await filled(gateway)
    every = await gateway.vector_stores.search(store_id, QUESTION)
    assert await gateway.vector_stores.search(store_id, QUESTION, least_score=every[1].score) == every[:2]
    sent = bench.wire.exchanges[-1].request.json()
    assert sent == {"query": QUESTION, "ranking_options": {"score_threshold": every[1].score}}
    assert await gateway.vector_stores.search(store_id, QUESTION, least_score=0.99) == ()


def compared(attribute: str, operator: str, value: Attribute) -> Comparison:
    return Comparison(attribute=attribute, operator=operator, value=value)


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (compared("topic", "eq", "food"), {"bread.txt"}),
        (compared("topic", "ne", "food"), {"bees.txt", "volcanoes.txt"}),
        (compared("year", "gt", 2024), {"volcanoes.txt"}),
        (compared("year", "gte", 2024), {"bread.txt", "volcanoes.txt"}),
        (compared("year", "lt", 2024), {"bees.txt"}),
        (compared("year", "lte", 2024), {"bees.txt", "bread.txt"}),
        (compared("checked", "eq", True), {"bees.txt", "volcanoes.txt"}),
        (compared("checked", "eq", False), {"bread.txt"}),
        (compared("topic", "eq", "weather"), set()),
        (AllOf(filters=(compared("checked", "eq", True), compared("year", "gt", 2021))), {"volcanoes.txt"}),
        (AnyOf(filters=(compared("topic", "eq", "food"), compared("year", "lt", 2022))), {"bees.txt", "bread.txt"}),
        (
            AllOf(
                filters=(
                    compared("checked", "eq", True),
                    AnyOf(filters=(compared("topic", "eq", "food"), compared("topic", "eq", "rocks"))),
                )
            ),
            {"volcanoes.txt"},
        ),
    ],
)
async def test_a_filter_narrows_what_is_found(gateway: OpenAIGateway, where: Filter, found: set[str]) -> None:
    store_id = await filled(gateway)
    assert set(names(await gateway.vector_stores.search(store_id, QUESTION, where=where))) == found


async def test_a_filter_is_sent_in_the_providers_words(bench: Bench, gateway: OpenAIGateway) -> None:
    store_id = await filled(gateway)
    where = AllOf(filters=(compared("topic", "eq", "Zürich"), AnyOf(filters=(compared("year", "gte", 2020),))))
    assert await gateway.vector_stores.search(store_id, QUESTION, where=where) == ()
    assert bench.wire.exchanges[-1].request.json()["filters"] == {
        "type": "and",
        "filters": [
            {"type": "eq", "key": "topic", "value": "Zürich"},
            {"type": "or", "filters": [{"type": "gte", "key": "year", "value": 2020}]},
        ],
    }


async def test_a_document_is_found_in_the_pieces_that_it_was_cut_in(gateway: OpenAIGateway) -> None:
    text = WORDS.read_text()
    pieces: dict[int, list[str]] = {}
    for overlap in (0, 50):
        store = await gateway.vector_stores.create(f"overlap {overlap}")
        chunking = Chunking(max_tokens=100, overlap_tokens=overlap)
        await gateway.vector_stores.add(store.id, WORDS, chunking=chunking)
        [document] = await gateway.vector_stores.wait(store.id)
        hits = await gateway.vector_stores.search(store.id, "word", limit=50)
        assert document.size_bytes == len(text.encode()) + 1024 * len(hits)
        pieces[overlap] = sorted((hit.text for hit in hits), key=text.index)
    assert "".join(pieces[0]) == text
    assert pieces[50][::2] == pieces[0]
    assert len(pieces[50]) == 2 * len(pieces[0]) - 1


async def test_an_answer_cites_the_passages_that_it_was_given(bench: Bench, gateway: OpenAIGateway) -> None:
    store_id = await filled(gateway)
    hits = await gateway.vector_stores.search(store_id, QUESTION, limit=1)
    grounded = await gateway.vector_stores.answer(store_id, QUESTION, model=MODEL, max_output_tokens=60, limit=1)
    assert grounded.answer.text == "Other foragers follow her with their feelers and fly out."
    assert (grounded.citations, grounded.grounded) == (hits, True)
    system, asked = bench.wire.exchanges[-1].request.json()["messages"]
    assert system["content"].endswith(f"[1] bees.txt\n{BEES.read_text()}")
    assert asked["content"] == QUESTION
    assert bench.purse.settled[-1] == grounded.answer.usage


async def test_an_answer_takes_the_filter_and_the_least_score_along(bench: Bench, gateway: OpenAIGateway) -> None:
    store_id = await filled(gateway)
    for narrowed in ({"where": compared("topic", "eq", "weather")}, {"least_score": 0.99}):
        grounded = await gateway.vector_stores.answer(store_id, QUESTION, model=MODEL, max_output_tokens=60, **narrowed)
        assert (grounded.answer.text, grounded.citations, grounded.grounded) == ("I do not know.", (), False)
    system = bench.wire.exchanges[-1].request.json()["messages"][0]["content"]
    assert system.endswith("There are no passages.")


async def test_a_search_that_fails_is_no_empty_result(bench: Bench, gateway: OpenAIGateway) -> None:
    store = await gateway.vector_stores.create("shelf")
    bench.tenant.faults({"operation": "vector_stores.search", "times": 99, "do": {"status": 500}})
    with pytest.raises(ServerError):
        await gateway.vector_stores.search(store.id, QUESTION)
    assert served(bench, "vector_stores.search") == ATTEMPTS


# Refusals -------------------------------------------------------------------------------------------------------------


SEVENTEEN: dict[str, Attribute] = {f"key {number}": number for number in range(17)}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"name": "n" * 257}, "name: has 257 characters; 256 are allowed"),
        ({"expires_after": timedelta()}, "expires_after: must be 1 to 365 whole days, not 0:00:00"),
        ({"expires_after": 36 * timedelta(hours=1)}, "expires_after: must be 1 to 365 whole days, not 1 day, 12:00:00"),
        ({"expires_after": 366 * DAY}, "expires_after: must be 1 to 365 whole days, not 366 days, 0:00:00"),
        (
            {"metadata": {str(number): "x" for number in range(16)}},
            "metadata: has 16 entries; 15 are allowed beside our own",
        ),
    ],
)
async def test_a_store_that_cannot_be_right_is_refused_and_not_sent(
    bench: Bench, gateway: OpenAIGateway, asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await gateway.vector_stores.create(**{"name": "shelf", **asked})
    assert (refused.value.message, refused.value.status, refused.value.sent) == (said, None, 0)
    assert refused.value.param == next(iter(asked))
    assert (bench.wire.exchanges, bench.register.intended, bench.purse.reserved) == ([], [], [])


@pytest.mark.parametrize("asked", [{"name": "n" * 257}, {"metadata": {str(number): "x" for number in range(16)}}])
async def test_an_update_that_cannot_be_right_is_refused_and_not_sent(
    bench: Bench, gateway: OpenAIGateway, asked: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await gateway.vector_stores.update(UNKNOWN, **asked)
    assert refused.value.param == next(iter(asked))
    assert (bench.wire.exchanges, bench.purse.reserved) == ([], [])


async def test_a_document_that_cannot_be_right_is_not_even_stored(bench: Bench, gateway: OpenAIGateway) -> None:
    for asked in ({"attributes": SEVENTEEN}, {"chunking": Chunking(max_tokens=99, overlap_tokens=0)}):
        with pytest.raises(InvalidRequest):
            await gateway.vector_stores.add(UNKNOWN, BEES, **asked)
    assert (bench.wire.exchanges, bench.purse.reserved) == ([], [])


async def test_the_most_that_is_allowed_is_taken(gateway: OpenAIGateway) -> None:
    metadata = {str(number): "x" for number in range(15)}
    store = await gateway.vector_stores.create("n" * 256, expires_after=365 * DAY, metadata=metadata)
    assert (store.name, store.expires_at, store.metadata) == ("n" * 256, NOW + 365 * DAY, metadata)
    file = await gateway.files.upload(BEES, purpose="assistants")
    most: dict[str, Attribute] = {**dict(list(SEVENTEEN.items())[:15]), "k" * 64: "v" * 512}
    for chunking in (Chunking(max_tokens=100, overlap_tokens=0), Chunking(max_tokens=4096, overlap_tokens=2048)):
        document = await gateway.vector_stores.attach(store.id, file.id, attributes=most, chunking=chunking)
        assert (document.attributes, document.chunking) == (most, chunking)


async def test_without_preflight_the_provider_refuses(bench: Bench, gateway: OpenAIGateway) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await gateway.vector_stores.create("shelf", expires_after=366 * DAY, preflight=False)
    assert (refused.value.status, refused.value.param, refused.value.sent) == (400, "expires_after.days", 1)
    assert (bench.register.refusals, bench.purse.released) == ([0], 1)
    assert bench.tenant.state()["inventory"] == {}


@pytest.mark.parametrize(
    ("asked", "field", "said"),
    [
        ({"attributes": SEVENTEEN}, "attributes", "are 17; 16 are allowed"),
        ({"attributes": {"k" * 65: 1}}, "attributes", f"the key {'k' * 20!r}… has 65 characters"),
        ({"attributes": {"topic": "v" * 513}}, "attributes", "the value of 'topic' has 513 characters"),
        (
            {"chunking": Chunking(max_tokens=99, overlap_tokens=0)},
            "max_chunk_size_tokens",
            "must be 100 to 4096, not 99",
        ),
        (
            {"chunking": Chunking(max_tokens=4097, overlap_tokens=0)},
            "max_chunk_size_tokens",
            "must be 100 to 4096, not 4097",
        ),
        (
            {"chunking": Chunking(max_tokens=101, overlap_tokens=51)},
            "chunk_overlap_tokens",
            "must be 0 to 50, not 51",
        ),
        (
            {"chunking": Chunking(max_tokens=100, overlap_tokens=-1)},
            "chunk_overlap_tokens",
            "must be 0 to 50, not -1",
        ),
    ],
)
async def test_a_document_that_cannot_be_right_is_refused_and_not_sent(
    bench: Bench, gateway: OpenAIGateway, asked: dict[str, Any], field: str, said: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await gateway.vector_stores.attach(UNKNOWN, "file-none", **asked)
    assert (refused.value.message, refused.value.param) == (f"{field}: {said}", field)
    assert (refused.value.status, bench.wire.exchanges, bench.purse.reserved) == (None, [], [])


async def test_a_seventeenth_attribute_is_no_update_either(bench: Bench, gateway: OpenAIGateway) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await gateway.vector_stores.update_attributes(UNKNOWN, "file-none", SEVENTEEN)
    assert refused.value.message == "attributes: are 17; 16 are allowed"
    assert bench.wire.exchanges == []


@pytest.mark.parametrize(
    ("asked", "field", "said"),
    [
        ({"query": ""}, "query", "is empty; say what to look for"),
        ({"query": " \n"}, "query", "is empty; say what to look for"),
        ({"limit": 0}, "limit", "must be 1 to 50, not 0"),
        ({"limit": 51}, "limit", "must be 1 to 50, not 51"),
        (
            {"where": compared("topic", "like", "food")},
            "filters",
            "the operator 'like' is not one of eq, ne, gt, gte, lt, lte",
        ),
        ({"where": AllOf(filters=())}, "filters", "an empty group of filters means nothing"),
        (
            {"where": AllOf(filters=(compared("topic", "eq", "food"), AnyOf(filters=())))},
            "filters",
            "an empty group of filters means nothing",
        ),
    ],
)
async def test_a_search_that_cannot_be_right_is_refused_and_not_sent(
    bench: Bench, gateway: OpenAIGateway, asked: dict[str, Any], field: str, said: str
) -> None:
    query = asked.get("query", QUESTION)
    options = {name: value for name, value in asked.items() if name != "query"}
    calls = (
        gateway.vector_stores.search(UNKNOWN, query, **options),
        gateway.vector_stores.answer(UNKNOWN, query, model=MODEL, max_output_tokens=9, **options),
    )
    for call in calls:
        with pytest.raises(InvalidRequest) as refused:
            await call
        assert (refused.value.message, refused.value.param, refused.value.status) == (f"{field}: {said}", field, None)
    assert (bench.wire.exchanges, bench.purse.reserved) == ([], [])


@pytest.mark.parametrize("limit", [0, 101])
async def test_a_page_of_an_impossible_size_is_not_asked_for(bench: Bench, gateway: OpenAIGateway, limit: int) -> None:
    calls = (
        gateway.vector_stores.list_page(limit=limit),
        gateway.vector_stores.documents_page(UNKNOWN, limit=limit),
    )
    for call in calls:
        with pytest.raises(InvalidRequest) as refused:
            await call
        assert refused.value.message == f"limit: must be 1 to 100, not {limit}"
    assert bench.wire.exchanges == []


async def test_there_are_no_corpora(bench: Bench, gateway: OpenAIGateway) -> None:
    with pytest.raises(Unsupported) as lacking:
        _ = gateway.corpora
    said = "OpenAI has no corpora: only Gemini ever had them; use vector_stores"
    assert (lacking.value.message, lacking.value.provider) == (said, Provider.OPENAI)
    assert bench.wire.exchanges == []


# Unclear ends ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [{"cut": True}, {"status": 500}])
async def test_a_creation_whose_answer_was_lost_leaves_no_second_store(
    bench: Bench, gateway: OpenAIGateway, trouble: dict[str, Any]
) -> None:
    earlier = await gateway.vector_stores.create("shelf")
    bench.tenant.faults({"operation": "vector_stores.create", "when": "after", "do": trouble})
    store = await gateway.vector_stores.create("shelf")
    assert store.id != earlier.id
    assert (store.marked, bench.register.confirmed) == (bench.register.intended[1][2], {0: earlier.id, 1: store.id})
    assert {one.id for one in await listed(gateway)} == {earlier.id, store.id}
    assert served(bench, "vector_stores.create") == 2


async def test_a_creation_that_was_cut_before_it_took_effect_is_made_once(bench: Bench, gateway: OpenAIGateway) -> None:
    bench.tenant.faults({"operation": "vector_stores.create", "do": {"cut": True}})
    store = await gateway.vector_stores.create("shelf")
    assert bench.tenant.state()["inventory"] == {"OpenAI": {"vector_stores": [store.id]}}
    assert (served(bench, "vector_stores.create"), served(bench, "vector_stores.list")) == (2, 1)


async def test_a_deletion_that_worked_unseen_is_confirmed(bench: Bench, gateway: OpenAIGateway) -> None:
    store_id = await filled(gateway)
    bees = str((await gateway.vector_stores.search(store_id, QUESTION))[0].document_id)
    bench.tenant.faults({"operation": "vector_stores.files.delete", "when": "after", "do": {"cut": True}})
    assert (await gateway.vector_stores.remove(store_id, bees)).id == bees
    bench.tenant.faults({"operation": "vector_stores.delete", "when": "after", "do": {"cut": True}})
    assert (await gateway.vector_stores.delete(store_id)).id == store_id
    assert bench.register.removals == [(Provider.OPENAI, "vector_store", store_id)]
    assert await listed(gateway) == []


async def test_an_attachment_is_repeated_only_where_it_was_refused(bench: Bench, gateway: OpenAIGateway) -> None:
    store = await gateway.vector_stores.create("shelf")
    file = await gateway.files.upload(BEES, purpose="assistants")
    bench.tenant.faults({"operation": "vector_stores.files.create", "do": {"cut": True}})
    with pytest.raises(ServerError):
        await gateway.vector_stores.attach(store.id, file.id)
    assert served(bench, "vector_stores.files.create") == 1
    bench.tenant.faults({"operation": "vector_stores.files.create", "do": {"status": 429, "retry_after": 7}})
    assert (await gateway.vector_stores.attach(store.id, file.id)).id == file.id
    assert (served(bench, "vector_stores.files.create"), bench.clock.sleeps) == (3, [7.0])


# What a killed run left -----------------------------------------------------------------------------------------------


def gateway_of(bench: Bench, run: str, register: Register) -> OpenAIGateway:
    choke = ChokePoint(
        account=Account(run, "one", "knowledge", "KB-01", Money.SIMULATED),
        clock=bench.clock,
        purse=bench.purse,
        register=register,
        wire=bench.wire,
        listeners=(),
        attempts=1,
    )
    return OpenAIGateway(bench.endpoint(Provider.OPENAI), bench.http, choke)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path) as opened:
        yield opened


async def test_stores_that_a_killed_run_left_are_found_by_journal_and_by_marker(bench: Bench, journal: Journal) -> None:
    tenant = bench.tenant.id
    run = journal.begin_run("aaaa", SIMULATOR, worker="w1")
    gateway = gateway_of(bench, "aaaa", run.scenario("one", tenant))
    known = await gateway.vector_stores.create("known")
    bench.tenant.faults({"operation": "vector_stores.create", "when": "after", "do": {"garbage": True}})
    with pytest.raises(BadResponse):
        await gateway.vector_stores.create("unclear")
    lost = await gateway_of(bench, "aaaa", FakeRegister()).vector_stores.create("the journal never heard of it")
    strangers = await gateway_of(bench, "zzzz", FakeRegister()).vector_stores.create("a stranger's")
    [unclear] = {store.id for store in await listed(gateway)} - {known.id, lost.id, strangers.id}
    run.end()

    async def reach(target: Target, asked: str) -> Reached:
        assert asked == tenant
        return {Provider.OPENAI: gateway_of(bench, "sweeper", FakeRegister())}

    report = await sweep(journal, reach)
    assert {(one.kind, one.id, one.already_gone) for one in report.removed} == {
        ("vector_store", known.id, False),
        ("vector_store", unclear, False),
        ("vector_store", lost.id, False),
    }
    assert report.problems == ()
    assert bench.tenant.state()["inventory"] == {"OpenAI": {"vector_stores": [strangers.id]}}
    assert journal.open_resources("aaaa") == []
