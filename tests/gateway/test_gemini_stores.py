"""Gemini's File Search stores against the running simulator: their life, documents, answers, refusals, unclear ends."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from support.errors import (
    BadResponse,
    Conflict,
    InvalidRequest,
    JobFailed,
    LocalFileMissing,
    NotFound,
    RateLimited,
    ServerError,
    Unsupported,
    WaitTimeout,
)
from support.gateway.call import ChokePoint, Register
from support.gateway.events import Account
from support.gateway.gemini.gateway import GeminiGateway
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

MODEL = "gemini-3.5-flash-lite"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FIXTURES = ROOT / "fixtures"
BEES, BREAD, VOLCANOES = FIXTURES / "bees.txt", FIXTURES / "bread.txt", FIXTURES / "volcanoes.txt"
BLANK = FIXTURES / "blank.txt"
SIMULATOR = Target(name="simulator")
UNKNOWN = "fileSearchStores/none-of-these"
QUESTION = "What do foragers follow the dancing bee with?"
ANSWER = "Other foragers follow her with their feelers and fly out."
LABELS: dict[Path, dict[str, Attribute]] = {
    BEES: {"topic": "animals", "year": 2021, "checked": True},
    BREAD: {"topic": "food", "year": 2024, "checked": False},
    VOLCANOES: {"topic": "rocks", "year": 2025, "checked": True},
}


@pytest.fixture
def gateway(bench: Bench) -> GeminiGateway:
    return GeminiGateway(bench.endpoint(Provider.GEMINI), bench.http, bench.choke)


async def filled(gateway: GeminiGateway) -> str:
    """A store with three labelled documents, all completed; its id."""
    store = await gateway.vector_stores.create("topics")
    for path, attributes in LABELS.items():
        await gateway.vector_stores.add(store.id, path, attributes=attributes)
    await gateway.vector_stores.wait(store.id)
    return store.id


async def listed(gateway: GeminiGateway, page_size: int | None = None) -> list[VectorStore]:
    return [store async for store in gateway.vector_stores.list(page_size=page_size)]


async def documents(gateway: GeminiGateway, store_id: str, page_size: int | None = None) -> list[StoredDocument]:
    return [document async for document in gateway.vector_stores.documents(store_id, page_size=page_size)]


def names(hits: tuple[Hit, ...]) -> list[str]:
    return [hit.name for hit in hits]


def served(bench: Bench, operation: str) -> int:
    return int(bench.tenant.state()["requests"]["by_operation"].get(f"Gemini {operation}", 0))


# Creating and reading -------------------------------------------------------------------------------------------------


async def test_a_store_is_reported_as_it_was_asked_for(bench: Bench, gateway: GeminiGateway) -> None:
    store = await gateway.vector_stores.create("the shelf ~ß")
    assert (store.name, store.provider, store.status) == ("the shelf ~ß", Provider.GEMINI, "completed")
    assert (store.counts, store.size_bytes, store.metadata) == (DocumentCounts(), 0, {})
    assert (store.created_at, store.expires_at, store.last_active_at) == (NOW, None, None)
    [(provider, kind, marker)] = bench.register.intended
    assert (provider, kind, store.marked) == (Provider.GEMINI, "vector_store", f"{marker}the shelf ~ß")
    assert bench.register.confirmed == {0: store.id}
    [exchange] = bench.wire.exchanges
    assert (exchange.method, exchange.path) == ("POST", "/v1beta/fileSearchStores")
    assert exchange.request.json() == {"displayName": store.marked}
    assert bench.tenant.state()["inventory"] == {"Gemini": {"fileSearchStores": [store.id]}}
    assert await gateway.vector_stores.get(store.id) == store
    assert await listed(gateway) == [store]


async def test_pages_follow_each_other_and_each_is_fetched_once(bench: Bench, gateway: GeminiGateway) -> None:
    made = [await gateway.vector_stores.create(f"shelf {number}") for number in range(5)]
    assert await listed(gateway, page_size=2) == made
    assert served(bench, "vector_stores.list") == 3
    page = await gateway.vector_stores.list_page(limit=3)
    assert (page.stores, page.next_cursor is None) == (tuple(made[:3]), False)
    last = await gateway.vector_stores.list_page(limit=3, cursor=page.next_cursor)
    assert (last.stores, last.next_cursor) == (tuple(made[3:]), None)


async def test_a_page_that_was_never_announced_is_refused(gateway: GeminiGateway) -> None:
    with pytest.raises(InvalidRequest):
        await gateway.vector_stores.list_page(cursor="garbage")


async def test_a_store_that_never_was_is_not_found_by_its_name(bench: Bench, gateway: GeminiGateway) -> None:
    calls = (
        gateway.vector_stores.get(UNKNOWN),
        gateway.vector_stores.delete(UNKNOWN),
        gateway.vector_stores.documents_page(UNKNOWN),
        gateway.vector_stores.wait(UNKNOWN),
        gateway.vector_stores.add(UNKNOWN, BEES),
        gateway.vector_stores.answer(UNKNOWN, QUESTION, model=MODEL, max_output_tokens=9),
    )
    for call in calls:
        with pytest.raises(NotFound) as missing:
            await call
        assert UNKNOWN in missing.value.message
        assert (missing.value.status, missing.value.sent) == (403, 1)
    assert len(bench.wire.exchanges) == len(calls)


# Deleting -------------------------------------------------------------------------------------------------------------


async def test_an_empty_store_is_deleted_unforced(bench: Bench, gateway: GeminiGateway) -> None:
    gone, left = await gateway.vector_stores.create("gone"), await gateway.vector_stores.create("left")
    deletion = await gateway.vector_stores.delete(gone.id)
    assert (deletion.provider, deletion.id) == (Provider.GEMINI, gone.id)
    assert bench.register.removals == [(Provider.GEMINI, "vector_store", gone.id)]
    with pytest.raises(NotFound):
        await gateway.vector_stores.delete(gone.id)
    assert await listed(gateway) == [left]


async def test_a_store_with_documents_is_deleted_by_force_alone(bench: Bench, gateway: GeminiGateway) -> None:
    store_id = await filled(gateway)
    with pytest.raises(Conflict) as refused:
        await gateway.vector_stores.delete(store_id)
    assert store_id in refused.value.message
    assert bench.wire.exchanges[-1].path == f"/v1beta/{store_id}"
    assert (bench.register.removals, len(await documents(gateway, store_id))) == ([], 3)
    assert (await gateway.vector_stores.delete(store_id, force=True)).id == store_id
    assert bench.register.removals == [(Provider.GEMINI, "vector_store", store_id)]
    assert await listed(gateway) == []


# Documents ------------------------------------------------------------------------------------------------------------


async def test_a_local_file_is_taken_in_with_its_attributes_and_its_cut(bench: Bench, gateway: GeminiGateway) -> None:
    store = await gateway.vector_stores.create("shelf")
    chunking = Chunking(max_tokens=100, overlap_tokens=60)
    document = await gateway.vector_stores.add(store.id, BEES, attributes=LABELS[BEES], chunking=chunking)
    assert (document.name, document.store_id, document.provider) == ("bees.txt", store.id, Provider.GEMINI)
    assert document.id.startswith(f"{store.id}/documents/")
    assert (document.status, document.size_bytes, document.created_at) == ("in_progress", 352, NOW)
    assert (document.attributes["topic"], document.attributes["year"]) == ("animals", 2021)
    started = bench.wire.exchanges[1]
    assert (started.method, started.path) == ("POST", f"/upload/v1beta/{store.id}:uploadToFileSearchStore")
    sent = started.request.json()
    assert sent.pop("displayName").startswith("ts-tests-")
    assert sent == {
        "mimeType": "text/plain",
        "customMetadata": [
            {"key": "topic", "string_value": "animals"},
            {"key": "year", "numeric_value": 2021},
            {"key": "checked", "string_value": "true"},
        ],
        "chunkingConfig": {"white_space_config": {"max_tokens_per_chunk": 100, "max_overlap_tokens": 60}},
    }
    assert await gateway.vector_stores.document(store.id, document.id) == document
    assert await documents(gateway, store.id) == [document]


async def test_a_stored_file_is_imported_once_its_operation_has_ended(bench: Bench, gateway: GeminiGateway) -> None:
    store = await gateway.vector_stores.create("shelf")
    file = await gateway.files.upload(BEES)
    document = await gateway.vector_stores.attach(
        store.id, file.id, attributes={"topic": "animals"}, chunking=Chunking(max_tokens=21, overlap_tokens=20)
    )
    assert (document.name, document.status, document.attributes) == ("bees.txt", "completed", {"topic": "animals"})
    assert document.id.startswith(f"{store.id}/documents/")
    assert bench.clock.sleeps == [1.0] * 5
    [asked] = [exchange for exchange in bench.wire.exchanges if exchange.path.endswith(":importFile")]
    assert asked.request.json() == {
        "fileName": file.id,
        "customMetadata": [{"key": "topic", "string_value": "animals"}],
        "chunkingConfig": {"white_space_config": {"max_tokens_per_chunk": 21, "max_overlap_tokens": 20}},
    }
    assert await documents(gateway, store.id) == [document]


async def test_an_import_that_fails_says_why(bench: Bench, gateway: GeminiGateway) -> None:
    store = await gateway.vector_stores.create("shelf")
    file = await gateway.files.upload(BLANK)
    with pytest.raises(JobFailed) as failed:
        await gateway.vector_stores.attach(store.id, file.id)
    assert failed.value.message == "The file has no text that could be indexed."
    assert served(bench, "vector_stores.files.create") == 1


async def test_an_import_that_does_not_end_is_waited_for_no_longer_than_it_may_take(
    bench: Bench, gateway: GeminiGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("support.gateway.gemini.file_search.LONGEST_WAIT", 4 * SECOND)
    store = await gateway.vector_stores.create("shelf")
    file = await gateway.files.upload(BEES)
    with pytest.raises(WaitTimeout) as late:
        await gateway.vector_stores.attach(store.id, file.id)
    assert late.value.message.startswith(f"the operation {store.id}/operations/")
    assert late.value.message.endswith(" was not done within 0:00:04; it goes on there")
    assert (bench.clock.sleeps, served(bench, "vector_stores.files.create")) == ([1.0] * 4, 1)


async def test_a_document_is_waited_for_on_the_clock(bench: Bench, gateway: GeminiGateway) -> None:
    store = await gateway.vector_stores.create("shelf")
    added = await gateway.vector_stores.add(store.id, BEES)
    working = await gateway.vector_stores.get(store.id)
    assert (working.status, working.counts) == ("in_progress", DocumentCounts(in_progress=1))
    [document] = await gateway.vector_stores.wait(store.id)
    assert document == added.model_copy(update={"status": "completed", "raw": document.raw})
    assert (bench.clock.sleeps, bench.tenant.now()) == ([1.0] * 5, NOW + 5 * SECOND)
    done = await gateway.vector_stores.get(store.id)
    assert (done.status, done.counts, done.size_bytes) == ("completed", DocumentCounts(completed=1), 352)


async def test_of_several_documents_one_can_fail(gateway: GeminiGateway) -> None:
    store = await gateway.vector_stores.create("shelf")
    for path in (BEES, BLANK):
        await gateway.vector_stores.add(store.id, path)
    states = {document.name: document.status for document in await gateway.vector_stores.wait(store.id)}
    assert states == {"bees.txt": "completed", "blank.txt": "failed"}
    assert (await gateway.vector_stores.get(store.id)).counts == DocumentCounts(completed=1, failed=1)


async def test_a_wait_that_is_too_short_says_so_and_the_indexing_goes_on(bench: Bench, gateway: GeminiGateway) -> None:
    store = await gateway.vector_stores.create("shelf")
    await gateway.vector_stores.add(store.id, BEES)
    with pytest.raises(WaitTimeout) as late:
        await gateway.vector_stores.wait(store.id, timeout=3 * SECOND)
    assert late.value.message == f"the indexing of {store.id} was not done within 0:00:03; it goes on there"
    assert bench.clock.sleeps == [1.0] * 3
    bench.tenant.advance(2)
    [document] = await gateway.vector_stores.wait(store.id, timeout=timedelta())
    assert document.status == "completed"


async def test_pages_of_documents_follow_each_other(bench: Bench, gateway: GeminiGateway) -> None:
    store_id = await filled(gateway)
    before = served(bench, "vector_stores.files.list")
    found = await documents(gateway, store_id, page_size=2)
    assert [document.name for document in found] == ["bees.txt", "bread.txt", "volcanoes.txt"]
    assert served(bench, "vector_stores.files.list") == before + 2
    page = await gateway.vector_stores.documents_page(store_id, limit=1)
    assert (page.documents, page.next_cursor is None) == ((found[0],), False)


async def test_a_document_is_taken_out_by_force_alone(bench: Bench, gateway: GeminiGateway) -> None:
    store_id = await filled(gateway)
    bees = (await documents(gateway, store_id))[0]
    with pytest.raises(Conflict) as refused:
        await gateway.vector_stores.remove(store_id, bees.id)
    assert bees.id in refused.value.message
    assert names(await gateway.vector_stores.search(store_id, QUESTION))[0] == "bees.txt"
    deletion = await gateway.vector_stores.remove(store_id, bees.id, force=True)
    assert (deletion.provider, deletion.id) == (Provider.GEMINI, bees.id)
    assert [document.name for document in await documents(gateway, store_id)] == ["bread.txt", "volcanoes.txt"]
    assert await gateway.vector_stores.search(store_id, QUESTION) == ()
    for call in (gateway.vector_stores.document, gateway.vector_stores.remove):
        with pytest.raises(NotFound) as missing:
            await call(store_id, bees.id)
        assert bees.id in missing.value.message


async def test_a_file_that_never_was_is_not_taken_in(bench: Bench, gateway: GeminiGateway) -> None:
    store = await gateway.vector_stores.create("shelf")
    with pytest.raises(NotFound) as missing:
        await gateway.vector_stores.attach(store.id, "files/none-of-these")
    assert "files/none-of-these" in missing.value.message
    before = len(bench.wire.exchanges)
    with pytest.raises(LocalFileMissing):
        await gateway.vector_stores.add(store.id, FIXTURES / "none-of-these.txt")
    assert len(bench.wire.exchanges) == before


# Finding --------------------------------------------------------------------------------------------------------------


async def test_an_answer_cites_the_passages_that_it_was_built_on(bench: Bench, gateway: GeminiGateway) -> None:
    store_id = await filled(gateway)
    grounded = await gateway.vector_stores.answer(store_id, QUESTION, model=MODEL, max_output_tokens=60)
    assert (grounded.answer.text, grounded.grounded) == (ANSWER, True)
    best = grounded.citations[0]
    assert (best.name, best.text, best.score) == ("bees.txt", BEES.read_text(), None)
    assert (best.attributes["topic"], best.attributes["year"]) == ("animals", 2021)
    assert set(names(grounded.citations)) == {"bees.txt", "bread.txt", "volcanoes.txt"}
    exchange = bench.wire.exchanges[-1]
    assert exchange.path == f"/v1beta/models/{MODEL}:generateContent"
    sent = exchange.request.json()
    assert sent["tools"] == [{"fileSearch": {"file_search_store_names": [store_id]}}]
    assert sent["generationConfig"]["maxOutputTokens"] == 60
    told = grounded.answer.raw["usageMetadata"]
    assert grounded.answer.usage.input_tokens == told["promptTokenCount"] + told["toolUsePromptTokenCount"]
    assert bench.purse.settled[-1] == grounded.answer.usage


async def test_what_a_search_costs_at_most_is_set_aside(bench: Bench, gateway: GeminiGateway) -> None:
    store_id = await filled(gateway)
    await gateway.vector_stores.answer(store_id, QUESTION, model=MODEL, max_output_tokens=60)
    operation = bench.purse.reserved[-1]
    assert (operation.name, operation.model) == ("chat.create", MODEL)
    assert operation.bound is not None
    assert (operation.bound.input_tokens, operation.bound.output_tokens) == (100_000 + len(QUESTION), 60)


async def test_a_search_is_what_a_question_cites(bench: Bench, gateway: GeminiGateway) -> None:
    store_id = await filled(gateway)
    grounded = await gateway.vector_stores.answer(store_id, QUESTION, model=MODEL, max_output_tokens=60)
    assert await gateway.vector_stores.search(store_id, QUESTION) == grounded.citations
    assert bench.purse.reserved[-1].model == MODEL


async def test_no_more_passages_than_were_asked_for(bench: Bench, gateway: GeminiGateway) -> None:
    store_id = await filled(gateway)
    every = await gateway.vector_stores.search(store_id, QUESTION)
    assert await gateway.vector_stores.search(store_id, QUESTION, limit=2) == every[:2]
    assert len(every) == 3
    sent = bench.wire.exchanges[-1].request.json()["tools"]
    assert sent == [{"fileSearch": {"file_search_store_names": [store_id], "top_k": 2}}]


async def test_what_no_document_answers_is_not_grounded(gateway: GeminiGateway) -> None:
    store_id, empty = await filled(gateway), (await gateway.vector_stores.create("empty")).id
    asked: dict[str, Any] = {"model": MODEL, "max_output_tokens": 60}
    for answer in (
        await gateway.vector_stores.answer(store_id, "What is the melting point of tungsten?", **asked),
        await gateway.vector_stores.answer(empty, QUESTION, **asked),
        await gateway.vector_stores.answer(store_id, QUESTION, where=compared("topic", "eq", "weather"), **asked),
    ):
        assert (answer.answer.text, answer.citations, answer.grounded) == ("I do not know.", (), False)
    assert await gateway.vector_stores.search(empty, QUESTION) == ()


def compared(attribute: str, operator: str, value: Attribute) -> Comparison:
    return Comparison(attribute=attribute, operator=operator, value=value)


@pytest.mark.parametrize(
    ("where", "sent", "is_met"),
    [
        (compared("topic", "eq", "animals"), 'topic = "animals"', True),
        (compared("topic", "ne", "animals"), 'topic != "animals"', False),
        (compared("year", "gt", 2021), "year > 2021.0", False),
        (compared("year", "gte", 2021), "year >= 2021.0", True),
        (compared("year", "lt", 2021), "year < 2021.0", False),
        (compared("year", "lte", 2021), "year <= 2021.0", True),
        (compared("checked", "eq", True), "checked = true", True),
        (compared("checked", "eq", False), "checked = false", False),
        (compared("topic", "eq", 'an "animal"'), 'topic = "an \\"animal\\""', False),
        (
            AllOf(filters=(compared("topic", "eq", "animals"), compared("year", "gt", 2021))),
            '(topic = "animals" AND year > 2021.0)',
            False,
        ),
        (
            AnyOf(filters=(compared("topic", "eq", "animals"), compared("year", "gt", 2025))),
            '(topic = "animals" OR year > 2025.0)',
            True,
        ),
        (
            AllOf(
                filters=(
                    compared("checked", "eq", True),
                    AnyOf(filters=(compared("topic", "eq", "food"), compared("topic", "eq", "animals"))),
                )
            ),
            '(checked = true AND (topic = "food" OR topic = "animals"))',
            True,
        ),
    ],
)
async def test_a_filter_narrows_what_is_found(
    bench: Bench, gateway: GeminiGateway, where: Filter, sent: str, is_met: bool
) -> None:
    store_id = await filled(gateway)
    hits = await gateway.vector_stores.search(store_id, QUESTION, where=where)
    assert ("bees.txt" in names(hits)) is is_met
    assert bench.wire.exchanges[-1].request.json()["tools"] == [
        {"fileSearch": {"file_search_store_names": [store_id], "metadata_filter": sent}}
    ]


async def test_a_document_is_found_in_the_pieces_that_it_was_cut_in(gateway: GeminiGateway) -> None:
    store = await gateway.vector_stores.create("shelf")
    await gateway.vector_stores.add(store.id, BEES, chunking=Chunking(max_tokens=21, overlap_tokens=0))
    await gateway.vector_stores.wait(store.id)
    hits = await gateway.vector_stores.search(store.id, "What does the colony form in winter?", limit=50)
    text = BEES.read_text()
    assert "".join(sorted((hit.text for hit in hits), key=text.index)) == text
    assert len(hits) > 3


# What this provider does not have -------------------------------------------------------------------------------------


async def test_what_it_lacks_is_said_with_what_to_do_instead_and_nothing_is_sent(
    bench: Bench, gateway: GeminiGateway
) -> None:
    document = f"{UNKNOWN}/documents/one"
    calls = {
        "Gemini cannot change a store; make another": gateway.vector_stores.update(UNKNOWN, name="other"),
        "Gemini takes files in one by one": gateway.vector_stores.attach_together(UNKNOWN, ["files/one"]),
        "Gemini cannot change a document's attributes; delete it and upload it again": (
            gateway.vector_stores.update_attributes(UNKNOWN, document, {"topic": "animals"})
        ),
        "Gemini keeps stores until somebody deletes them": gateway.vector_stores.create(
            "shelf", expires_after=timedelta(days=1)
        ),
        "Gemini keeps no metadata of a store": gateway.vector_stores.create("shelf", metadata={"team": "harbour"}),
        "Gemini cannot list the documents of one state": gateway.vector_stores.documents_page(
            UNKNOWN, status="completed"
        ),
        "Gemini tells no scores": gateway.vector_stores.search(UNKNOWN, QUESTION, least_score=0.5),
    }
    for said, call in calls.items():
        with pytest.raises(Unsupported) as lacking:
            await call
        assert (lacking.value.message, lacking.value.provider) == (said, Provider.GEMINI)
        assert (lacking.value.status, lacking.value.sent) == (None, 0)
    with pytest.raises(Unsupported):
        await gateway.vector_stores.batch(UNKNOWN, "one")
    assert (bench.wire.exchanges, bench.register.intended, bench.purse.settled) == ([], [], [])
    assert bench.tenant.state()["requests"]["served"] == 0


async def test_corpora_are_refused_with_the_name_of_their_successor(bench: Bench, gateway: GeminiGateway) -> None:
    with pytest.raises(Unsupported) as lacking:
        _ = gateway.corpora
    assert lacking.value.message == (
        "Gemini has no corpora: they needed OAuth2 instead of a key; "
        "use vector_stores, which are File Search stores here"
    )
    assert bench.wire.exchanges == []
    assert bench.tenant.state()["requests"]["served"] == 0


# Refusals -------------------------------------------------------------------------------------------------------------


TWENTY_ONE: dict[str, Attribute] = {f"key {number}": number for number in range(21)}


async def test_a_name_that_is_too_long_is_refused_and_not_sent(bench: Bench, gateway: GeminiGateway) -> None:
    """The run's marker stands in front, and the provider counts it."""
    store = await gateway.vector_stores.create("n")
    most = 512 - (len(store.raw["displayName"]) - 1)
    bench.wire.exchanges.clear()
    with pytest.raises(InvalidRequest) as refused:
        await gateway.vector_stores.create("n" * (most + 1))
    said = f"name: has {most + 1} characters; {most} are allowed"
    assert (refused.value.message, refused.value.param, bench.wire.exchanges) == (said, "name", [])
    longest = await gateway.vector_stores.create("n" * most)
    assert (longest.name, len(longest.raw["displayName"])) == ("n" * most, 512)


@pytest.mark.parametrize(
    ("asked", "field", "said"),
    [
        ({"attributes": TWENTY_ONE}, "attributes", "are 21; 20 are allowed"),
        ({"attributes": {"k" * 65: 1}}, "attributes", f"the key {'k' * 20!r}… has 65 characters"),
        ({"attributes": {"topic": "v" * 513}}, "attributes", "the value of 'topic' has 513 characters"),
        ({"chunking": Chunking(max_tokens=20, overlap_tokens=0)}, "max_chunk_size_tokens", "must be 21 to 512, not 20"),
        (
            {"chunking": Chunking(max_tokens=513, overlap_tokens=0)},
            "max_chunk_size_tokens",
            "must be 21 to 512, not 513",
        ),
        (
            {"chunking": Chunking(max_tokens=100, overlap_tokens=100)},
            "chunk_overlap_tokens",
            "must be 0 to 99, not 100",
        ),
        ({"chunking": Chunking(max_tokens=100, overlap_tokens=-1)}, "chunk_overlap_tokens", "must be 0 to 99, not -1"),
    ],
)
async def test_a_document_that_cannot_be_right_is_refused_and_not_sent(
    bench: Bench, gateway: GeminiGateway, asked: dict[str, Any], field: str, said: str
) -> None:
    calls = (
        gateway.vector_stores.attach(UNKNOWN, "files/one", **asked),
        gateway.vector_stores.add(UNKNOWN, BEES, **asked),
    )
    for call in calls:
        with pytest.raises(InvalidRequest) as refused:
            await call
        assert (refused.value.message, refused.value.param, refused.value.status) == (f"{field}: {said}", field, None)
    assert (bench.wire.exchanges, bench.purse.reserved) == ([], [])


async def test_the_most_that_is_allowed_is_taken(gateway: GeminiGateway) -> None:
    store = await gateway.vector_stores.create("shelf")
    most: dict[str, Attribute] = {**dict(list(TWENTY_ONE.items())[:19]), "k" * 64: "v" * 512}
    for chunking in (Chunking(max_tokens=21, overlap_tokens=20), Chunking(max_tokens=512, overlap_tokens=511)):
        document = await gateway.vector_stores.add(store.id, BEES, attributes=most, chunking=chunking)
        assert document.attributes == most


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
        ({"where": AnyOf(filters=())}, "filters", "an empty group of filters means nothing"),
        (
            {"where": AnyOf(filters=(compared("topic", "eq", "food"), AllOf(filters=())))},
            "filters",
            "an empty group of filters means nothing",
        ),
    ],
)
async def test_a_search_that_cannot_be_right_is_refused_and_not_sent(
    bench: Bench, gateway: GeminiGateway, asked: dict[str, Any], field: str, said: str
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


@pytest.mark.parametrize("limit", [0, 21])
async def test_a_page_of_an_impossible_size_is_not_asked_for(bench: Bench, gateway: GeminiGateway, limit: int) -> None:
    calls = (gateway.vector_stores.list_page(limit=limit), gateway.vector_stores.documents_page(UNKNOWN, limit=limit))
    for call in calls:
        with pytest.raises(InvalidRequest) as refused:
            await call
        assert refused.value.message == f"limit: must be 1 to 20, not {limit}"
    assert bench.wire.exchanges == []


# Unclear ends ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [{"cut": True}, {"status": 500}])
async def test_a_creation_whose_answer_was_lost_leaves_no_second_store(
    bench: Bench, gateway: GeminiGateway, trouble: dict[str, Any]
) -> None:
    earlier = await gateway.vector_stores.create("shelf")
    bench.tenant.faults({"operation": "vector_stores.create", "when": "after", "do": trouble})
    store = await gateway.vector_stores.create("shelf")
    assert store.id != earlier.id
    assert bench.register.confirmed == {0: earlier.id, 1: store.id}
    assert store.marked == f"{bench.register.intended[1][2]}shelf"
    assert await listed(gateway) == [earlier, store]
    assert served(bench, "vector_stores.create") == 2


async def test_a_creation_that_was_cut_before_it_took_effect_is_made_once(bench: Bench, gateway: GeminiGateway) -> None:
    bench.tenant.faults({"operation": "vector_stores.create", "do": {"cut": True}})
    store = await gateway.vector_stores.create("shelf")
    assert bench.tenant.state()["inventory"] == {"Gemini": {"fileSearchStores": [store.id]}}
    assert (served(bench, "vector_stores.create"), served(bench, "vector_stores.list")) == (2, 1)


async def test_a_deletion_that_worked_unseen_is_confirmed(bench: Bench, gateway: GeminiGateway) -> None:
    store_id = await filled(gateway)
    bees = (await documents(gateway, store_id))[0]
    bench.tenant.faults({"operation": "vector_stores.files.delete", "when": "after", "do": {"cut": True}})
    assert (await gateway.vector_stores.remove(store_id, bees.id, force=True)).id == bees.id
    bench.tenant.faults({"operation": "vector_stores.delete", "when": "after", "do": {"cut": True}})
    assert (await gateway.vector_stores.delete(store_id, force=True)).id == store_id
    assert bench.register.removals == [(Provider.GEMINI, "vector_store", store_id)]
    assert await listed(gateway) == []


async def test_a_document_whose_answer_was_lost_is_not_sent_again(bench: Bench, gateway: GeminiGateway) -> None:
    store = await gateway.vector_stores.create("shelf")
    bench.tenant.faults({"operation": "vector_stores.files.create", "when": "after", "do": {"cut": True}})
    with pytest.raises(ServerError) as lost:
        await gateway.vector_stores.add(store.id, BEES)
    assert store.id in lost.value.message
    assert [document.name for document in await documents(gateway, store.id)] == ["bees.txt"]


async def test_an_import_is_sent_once_however_often_its_end_is_asked_for(bench: Bench, gateway: GeminiGateway) -> None:
    store = await gateway.vector_stores.create("shelf")
    file = await gateway.files.upload(BEES)
    bench.tenant.faults({"operation": "operations.get", "times": ATTEMPTS, "do": {"status": 429}})
    with pytest.raises(RateLimited):
        await gateway.vector_stores.attach(store.id, file.id)
    assert served(bench, "vector_stores.files.create") == 1
    assert [document.name for document in await documents(gateway, store.id)] == ["bees.txt"]


async def test_a_filter_compares_text_beyond_ascii(bench: Bench, gateway: GeminiGateway) -> None:
    store = await gateway.vector_stores.create("places")
    await gateway.vector_stores.add(store.id, BEES, attributes={"city": "Zürich"})
    await gateway.vector_stores.wait(store.id)
    where = Comparison(attribute="city", operator="eq", value="Zürich")
    assert names(await gateway.vector_stores.search(store.id, QUESTION, where=where)) == ["bees.txt"]


async def test_a_search_that_fails_is_no_empty_result(bench: Bench, gateway: GeminiGateway) -> None:
    store_id = await filled(gateway)
    bench.tenant.faults({"operation": "chat.create", "times": 99, "do": {"status": 503}})
    with pytest.raises(ServerError) as failed:
        await gateway.vector_stores.search(store_id, QUESTION)
    assert store_id in failed.value.message
    assert served(bench, "chat.create") == ATTEMPTS


# What a killed run left -----------------------------------------------------------------------------------------------


def gateway_of(bench: Bench, run: str, register: Register) -> GeminiGateway:
    choke = ChokePoint(
        account=Account(run, "one", "knowledge", "KB-01", Money.SIMULATED),
        clock=bench.clock,
        purse=bench.purse,
        register=register,
        wire=bench.wire,
        listeners=(),
        attempts=1,
    )
    return GeminiGateway(bench.endpoint(Provider.GEMINI), bench.http, choke)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path) as opened:
        yield opened


async def test_stores_that_a_killed_run_left_are_found_by_journal_and_by_marker(bench: Bench, journal: Journal) -> None:
    tenant = bench.tenant.id
    run = journal.begin_run("aaaa", SIMULATOR, worker="w1")
    gateway = gateway_of(bench, "aaaa", run.scenario("one", tenant))
    known = await gateway.vector_stores.create("known")
    await gateway.vector_stores.add(known.id, BEES)
    bench.tenant.faults({"operation": "vector_stores.create", "when": "after", "do": {"garbage": True}})
    with pytest.raises(BadResponse):
        await gateway.vector_stores.create("unclear")
    lost = await gateway_of(bench, "aaaa", FakeRegister()).vector_stores.create("the journal never heard of it")
    strangers = await gateway_of(bench, "zzzz", FakeRegister()).vector_stores.create("a stranger's")
    [unclear] = {store.id for store in await listed(gateway)} - {known.id, lost.id, strangers.id}
    run.end()

    async def reach(target: Target, asked: str) -> Reached:
        assert asked == tenant
        return {Provider.GEMINI: gateway_of(bench, "sweeper", FakeRegister())}

    report = await sweep(journal, reach)
    assert {(one.kind, one.id, one.already_gone) for one in report.removed} == {
        ("vector_store", known.id, False),
        ("vector_store", unclear, False),
        ("vector_store", lost.id, False),
    }
    assert report.problems == ()
    assert bench.tenant.state()["inventory"] == {"Gemini": {"fileSearchStores": [strangers.id]}}
    assert journal.open_resources("aaaa") == []
