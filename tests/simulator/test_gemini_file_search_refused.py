"""What Gemini's simulated File Search stores refuse (provider-facts 5.2; where nobody recorded it, words are unverified)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.simulator.account import Account
from tests.simulator.gemini_calls import FLASH, asking, refused
from tests.simulator.gemini_searched import (
    PARIS,
    PATH,
    begin,
    document_of,
    error,
    made,
    metadata,
    searching,
    upload,
)
from tests.simulator.provider_files import FilesOf


@pytest.fixture
def http(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("Gemini") as client:
        yield client


@pytest.mark.parametrize(
    ("body", "status", "part"),
    [
        ({"displayName": "x" * 513}, 400, "file_search_store.display_name"),
        ({"displayName": 7}, 400, "display_name"),
        ({"colour": "blue"}, 400, 'Unknown name "colour"'),
        ({"embeddingModel": "models/gemini-2.5-flash"}, 404, "not supported for embedContent"),
        ({"embeddingModel": "models/text-embedding-004"}, 400, "embedding_model"),
    ],
)
def test_a_store_that_cannot_be_made(
    http: httpx.Client, tenant: Account, body: dict[str, Any], status: int, part: str
) -> None:
    assert part in error(http.post(PATH, json=body), status)
    assert tenant.inventory() == {}


def test_the_longest_display_name_and_the_other_model_are_taken(http: httpx.Client) -> None:
    store = made(http, "x" * 512, embedding_model="models/gemini-embedding-2")
    told = http.get(f"/v1beta/{store}").json()
    assert (len(told["displayName"]), told["embeddingModel"]) == (512, "models/gemini-embedding-2")


@pytest.mark.parametrize("store_id", ["_bad_name", "Capital", "-dash", "dash-", "x" * 41])
def test_an_ill_formed_name_is_a_bad_request(http: httpx.Client, store_id: str) -> None:
    error(http.get(f"{PATH}/{store_id}"), 400)
    store = made(http)
    error(http.get(f"/v1beta/{store}/documents/{store_id}"), 400)


def test_a_document_or_an_operation_that_was_never_there(http: httpx.Client) -> None:
    store = made(http)
    assert "Documents does not exist" in error(http.get(f"/v1beta/{store}/documents/non-existent-document"), 404)
    error(http.get(f"/v1beta/{store}/operations/nothing"), 404)
    error(http.get(f"/v1beta/{store}/upload/operations/nothing"), 404)
    error(http.get(f"{PATH}/nowhere/upload/operations/nothing"), 403)


SPACES = "chunking_config.white_space_config"
BAD_DOCUMENTS = [
    ({"chunkingConfig": {"whiteSpaceConfig": {"maxTokensPerChunk": 20}}}, f"{SPACES}.max_tokens_per_chunk"),
    ({"chunkingConfig": {"whiteSpaceConfig": {"maxTokensPerChunk": 513}}}, f"{SPACES}.max_tokens_per_chunk"),
    ({"chunkingConfig": {"whiteSpaceConfig": {"maxTokensPerChunk": -1}}}, f"{SPACES}.max_tokens_per_chunk"),
    (
        {"chunking_config": {"white_space_config": {"max_tokens_per_chunk": 100, "max_overlap_tokens": 100}}},
        f"{SPACES}.max_overlap_tokens",
    ),
    ({"chunkingConfig": {"whiteSpaceConfig": {"maxOverlapTokens": -1}}}, f"{SPACES}.max_overlap_tokens"),
    ({"chunkingConfig": {"sentenceConfig": {}}}, 'Unknown name "sentenceConfig"'),
    ({"customMetadata": metadata(**{f"key{number}": number for number in range(21)})}, "custom_metadata"),
    ({"customMetadata": [{"stringValue": "x"}]}, "custom_metadata[0].key"),
    ({"customMetadata": [{"key": "a"}]}, "custom_metadata[0].value"),
    ({"customMetadata": [*metadata(a="x"), *metadata(a="y")]}, "custom_metadata[1].key"),
    ({"customMetadata": [{"key": "a", "stringValue": "x", "numericValue": 1}]}, "oneof"),
    ({"customMetadata": [{"key": "a", "numericValue": "many"}]}, "numeric_value"),
]


@pytest.mark.parametrize(("body", "part"), BAD_DOCUMENTS)
def test_a_document_that_cannot_be_taken(http: httpx.Client, body: dict[str, Any], part: str) -> None:
    store = made(http)
    file = FilesOf("Gemini", http).store("paris.txt", PARIS.encode())
    assert part in error(begin(http, store, body), 400)
    assert part in error(http.post(f"/v1beta/{store}:importFile", json={"fileName": file.id, **body}), 400)
    assert http.get(f"/v1beta/{store}/documents").json() == {}


@pytest.mark.parametrize("body", [{"displayName": "x" * 513}, {"size": 3}])
def test_an_upload_that_cannot_begin(http: httpx.Client, body: dict[str, Any]) -> None:
    error(begin(http, made(http), body), 400)


def test_twenty_entries_and_the_limits_of_chunks_are_taken(http: httpx.Client) -> None:
    store = made(http)
    twenty = metadata(**{f"key{number}": number for number in range(20)})
    for size, overlap in ((21, 20), (512, 0)):
        spaces = {"maxTokensPerChunk": size, "maxOverlapTokens": overlap}
        operation = upload(http, store, PARIS, customMetadata=twenty, chunkingConfig={"whiteSpaceConfig": spaces})
        assert len(http.get(f"/v1beta/{document_of(operation)}").json()["customMetadata"]) == 20


def test_a_document_over_a_hundred_megabytes_is_refused_before_it_is_sent(http: httpx.Client) -> None:
    store = made(http)
    for length, status in ((100_000_000, 200), (100_000_001, 400)):
        headers = {"x-goog-upload-command": "start", "x-goog-upload-header-content-length": str(length)}
        response = http.post(f"/upload/v1beta/{store}:uploadToFileSearchStore", json={}, headers=headers)
        assert response.status_code == status


def test_what_cannot_be_imported(http: httpx.Client, tenant: Account) -> None:
    store = made(http)
    wanted = f"/v1beta/{store}:importFile"
    for body in ({}, {"fileName": "nowhere"}, {"fileName": "files/a/b"}):
        assert "file_name" in error(http.post(wanted, json=body), 400)
    gone = error(http.post(wanted, json={"fileName": "files/nowhere"}), 403)
    assert gone == "You do not have permission to access the File nowhere or it may not exist."
    film = FilesOf("Gemini", http).store("film.mp4", b"\0film", "video/mp4")
    error(http.post(wanted, json={"fileName": film.id}), 400, "FAILED_PRECONDITION")
    assert http.get(f"/v1beta/{store}/documents").json() == {}


# Searching --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"topK": -1}, "tools[0].file_search.top_k"),
        ({"topK": "many"}, "top_k"),
        ({"ranker": "best"}, 'Unknown name "ranker"'),
    ],
)
def test_a_search_with_wrong_options(http: httpx.Client, options: dict[str, Any], part: str) -> None:
    assert part in refused(http, asking("Anything?", tools=searching(made(http), **options)), FLASH)


def test_a_search_names_one_to_five_stores_that_are_there(http: httpx.Client) -> None:
    stores = [made(http, f"store {number}") for number in range(6)]
    path = f"/v1beta/models/{FLASH}:generateContent"
    assert http.post(path, json=asking("Anything?", tools=searching(*stores[:5]))).status_code == 200
    place = "tools[0].file_search.file_search_store_names"
    assert place in refused(http, asking("Anything?", tools=searching(*stores)), FLASH)
    assert place in refused(http, asking("Anything?", tools=searching()), FLASH)
    missing = error(http.post(path, json=asking("Anything?", tools=searching(stores[0], "fileSearchStores/no"))), 403)
    assert missing == "You do not have permission to access the file search store no or it may not exist."
    stream = f"/v1beta/models/{FLASH}:streamGenerateContent?alt=sse"
    error(http.post(stream, json=asking("Anything?", tools=searching("fileSearchStores/no"))), 403)


@pytest.mark.parametrize(
    "text",
    [
        'category = "programming',
        'category "programming"',
        "category =",
        "= 3",
        "category",
        'category like "prog"',
        "category == 3",
        "(year > 3",
        "year > 3)",
        "year > 3 AND",
        "AND year > 3",
        "year > 3 OR OR year < 2",
        "NOT",
        "()",
        "year > (3)",
        "category = programming, year = 3",
        "year ! 3",
        "(" * 60 + "year > 3" + ")" * 60,
    ],
)
def test_a_malformed_filter_is_refused(http: httpx.Client, text: str) -> None:
    said = refused(http, asking("Anything?", tools=searching(made(http), metadataFilter=text)), FLASH)
    assert said.startswith("Invalid metadata filter: ")


# Corpora ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "corpora"),
        ("POST", "corpora"),
        ("GET", "corpora/my-corpus"),
        ("PATCH", "corpora/my-corpus"),
        ("DELETE", "corpora/my-corpus"),
        ("POST", "corpora/my-corpus:query"),
        ("GET", "corpora/my-corpus/documents"),
        ("POST", "corpora/my-corpus/documents/one:query"),
        ("GET", "corpora/my-corpus/documents/one/chunks"),
    ],
)
def test_corpora_take_no_api_key(http: httpx.Client, method: str, path: str) -> None:
    response = http.request(method, f"/v1beta/{path}")
    assert error(response, 401).startswith("API keys are not supported by this API. Expected OAuth2 access token")
    assert response.json()["error"]["details"][0]["reason"] == "CREDENTIALS_MISSING"
