"""Gemini's simulated File Search stores: stores, documents, uploads, imports, operations (provider-facts 5.2; recordings)."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator

import httpx
import pytest
from google import genai
from google.genai import types
from google.genai.errors import ClientError

from tests.simulator.account import Account
from tests.simulator.gemini_searched import (
    INDEXING,
    PARIS,
    PATH,
    asked,
    begin,
    cited,
    document_of,
    end,
    error,
    made,
    metadata,
    upload,
)
from tests.simulator.provider_files import FilesOf


@pytest.fixture
def http(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("Gemini") as client:
        yield client


@pytest.fixture(params=["v1", "v1beta"])
def sdk(tenant: Account, request: pytest.FixtureRequest) -> Iterator[genai.Client]:
    """The SDK on either API version."""
    options = types.HttpOptions(base_url=tenant.url, api_version=request.param)
    with genai.Client(api_key=tenant.keys["Gemini"], http_options=options) as client:
        yield client


# Stores -----------------------------------------------------------------------------------------------------------------


def test_the_sdk_makes_reads_lists_fills_asks_and_deletes_a_store(sdk: genai.Client, tenant: Account) -> None:
    config = types.CreateFileSearchStoreConfig(display_name="Travel notes")
    store = sdk.file_search_stores.create(config=config)
    assert store.name is not None
    assert (store.display_name, store.embedding_model) == ("Travel notes", "models/gemini-embedding-001")
    assert sdk.file_search_stores.get(name=store.name) == store
    assert list(sdk.file_search_stores.list()) == [store]
    operation = sdk.file_search_stores.upload_to_file_search_store(
        file_search_store_name=store.name,
        file=io.BytesIO(PARIS.encode()),
        config=types.UploadToFileSearchStoreConfig(
            mime_type="text/plain",
            display_name="paris.txt",
            custom_metadata=[
                types.CustomMetadata(key="year", numeric_value=2024),
                types.CustomMetadata(key="tags", string_list_value=types.StringList(values=["city", "tower"])),
            ],
            chunking_config=types.ChunkingConfig(
                white_space_config=types.WhiteSpaceConfig(max_tokens_per_chunk=200, max_overlap_tokens=20)
            ),
        ),
    )
    assert not operation.done
    assert not sdk.operations.get(operation).done
    assert sdk.file_search_stores.get(name=store.name).pending_documents_count == 1
    tenant.advance(INDEXING)
    done = sdk.operations.get(operation)
    assert (done.done, done.error) == (True, None)
    assert done.response is not None
    assert done.response.parent == store.name
    assert done.response.document_name is not None
    document = sdk.file_search_stores.documents.get(name=done.response.document_name)
    assert (document.display_name, document.mime_type, document.size_bytes) == ("paris.txt", "text/plain", len(PARIS))
    assert document.state == types.DocumentState.STATE_ACTIVE
    assert document.custom_metadata is not None
    assert [entry.key for entry in document.custom_metadata] == ["year", "tags"]
    assert list(sdk.file_search_stores.documents.list(parent=store.name)) == [document]
    filled = sdk.file_search_stores.get(name=store.name)
    assert (filled.active_documents_count, filled.pending_documents_count, filled.size_bytes) == (1, None, len(PARIS))
    tool = types.Tool(file_search=types.FileSearch(file_search_store_names=[store.name], metadata_filter="year>2020"))
    answer = sdk.models.generate_content(
        model="gemini-2.5-flash",
        contents="What is the capital of France?",
        config=types.GenerateContentConfig(tools=[tool]),
    )
    assert answer.text == "Paris is the capital of France."
    assert answer.candidates is not None
    grounds = answer.candidates[0].grounding_metadata
    assert grounds is not None
    assert grounds.grounding_chunks is not None
    context = grounds.grounding_chunks[0].retrieved_context
    assert context is not None
    assert (context.title, context.text, context.file_search_store) == ("paris.txt", PARIS, store.name)
    with pytest.raises(ClientError) as caught:
        sdk.file_search_stores.delete(name=store.name)
    assert (caught.value.code, caught.value.status) == (400, "FAILED_PRECONDITION")
    sdk.file_search_stores.delete(name=store.name, config=types.DeleteFileSearchStoreConfig(force=True))
    assert list(sdk.file_search_stores.list()) == []
    with pytest.raises(ClientError) as caught:
        sdk.file_search_stores.get(name=store.name)
    assert (caught.value.code, caught.value.status) == (403, "PERMISSION_DENIED")


def test_the_store_object_is_that_of_a_live_answer(http: httpx.Client, tenant: Account) -> None:
    tenant.advance(0.25)
    response = http.post(PATH, json={"displayName": "genai-test-store"})
    assert response.headers["content-type"] == "application/json; charset=UTF-8"
    store = response.json()
    assert re.fullmatch(r"fileSearchStores/genaiteststore-[a-z0-9]{12}", store["name"])
    expected = {
        "name": store["name"],
        "displayName": "genai-test-store",
        "createTime": "2026-11-22T10:00:00.250000Z",
        "updateTime": "2026-11-22T10:00:00.250000Z",
        "embeddingModel": "models/gemini-embedding-001",
    }
    assert list(store.items()) == list(expected.items())
    upload(http, store["name"], PARIS)
    tenant.advance(INDEXING)
    upload(http, store["name"], b"\x00\xff\xfe")
    tenant.advance(INDEXING)
    upload(http, store["name"], "Pending still.")
    filled = http.get(f"/v1/{store['name']}").json()
    assert list(filled) == [
        *list(expected)[:4],
        "activeDocumentsCount",
        "pendingDocumentsCount",
        "failedDocumentsCount",
        "sizeBytes",
        "embeddingModel",
    ]
    assert [filled[f"{state}DocumentsCount"] for state in ("active", "pending", "failed")] == ["1", "1", "1"]
    assert filled["sizeBytes"] == str(len(PARIS) + 3 + 14)
    assert tenant.inventory() == {"Gemini": {"fileSearchStores": [store["name"]]}}


@pytest.mark.parametrize(
    ("display_name", "start"),
    [
        ("My File Search Store", "my-file-search-store-"),
        ("test-file-search-grounding-stream", "testfilesearchgroundingstre-"),
        ("Größe", "gre-"),
        ("日本", None),
        (None, None),
    ],
)
def test_a_name_is_made_of_the_display_name_and_is_never_longer_than_forty(
    http: httpx.Client, display_name: str | None, start: str | None
) -> None:
    store_id = made(http, display_name).removeprefix("fileSearchStores/")
    assert re.fullmatch(r"[a-z0-9-]{1,27}-[a-z0-9]{12}", store_id)
    assert store_id.startswith(start) if start else re.fullmatch(r"[a-z0-9]{12}-[a-z0-9]{12}", store_id)


def test_stores_are_listed_oldest_first_and_in_pages(http: httpx.Client) -> None:
    assert http.get(PATH).json() == {}
    names = [made(http, f"store {number}") for number in range(12)]
    assert [store["name"] for store in http.get(PATH).json()["fileSearchStores"]] == names[:10]
    found, token, sizes = [], "", []
    while True:
        page = http.get(PATH, params={"pageSize": 5, "pageToken": token}).raise_for_status().json()
        found += [store["name"] for store in page["fileSearchStores"]]
        sizes.append(len(page["fileSearchStores"]))
        if not (token := page.get("nextPageToken", "")):
            break
    assert (found, sizes) == (names, [5, 5, 2])
    for number in range(10):
        made(http, f"more {number}")
    assert len(http.get(PATH, params={"pageSize": 100}).json()["fileSearchStores"]) == 20


def test_a_store_of_another_key_cannot_be_told_from_one_that_is_missing(
    http: httpx.Client, open_tenant: Callable[..., Account]
) -> None:
    store = made(http)
    said = f"You do not have permission to access the file search store {store.partition('/')[2]} or it may not exist."
    with open_tenant().client("Gemini") as stranger:
        for response in (
            stranger.get(f"/v1beta/{store}"),
            stranger.delete(f"/v1beta/{store}"),
            stranger.get(f"/v1beta/{store}/documents"),
            begin(stranger, store, {}),
            stranger.post(f"/v1beta/{store}:importFile", json={"fileName": "files/abc"}),
        ):
            assert error(response, 403) == said
    assert http.get(f"/v1beta/{store}").status_code == 200


@pytest.mark.parametrize("force", ["true", "True"])
def test_a_store_with_documents_goes_only_by_force(http: httpx.Client, tenant: Account, force: str) -> None:
    store = made(http)
    upload(http, store, PARIS)
    for query in ("", "?force=false"):
        response = http.delete(f"/v1beta/{store}{query}")
        assert error(response, 400, "FAILED_PRECONDITION") == "Cannot delete non-empty FileSearchStore"
    assert error(http.delete(f"/v1beta/{store}?force=perhaps"), 400).startswith("Invalid value at 'force'")
    assert http.get(f"/v1beta/{store}").json()["pendingDocumentsCount"] == "1"
    assert http.delete(f"/v1beta/{store}?force={force}").json() == {}
    error(http.get(f"/v1beta/{store}"), 403)
    error(http.delete(f"/v1beta/{store}?force={force}"), 403)
    assert tenant.inventory() == {}


# Documents --------------------------------------------------------------------------------------------------------------


def test_the_document_object_and_the_operation_are_those_of_live_answers(http: httpx.Client, tenant: Account) -> None:
    store = made(http)
    tenant.advance(0.5)
    begun = begin(http, store, {"displayName": "test-doc.txt", "customMetadata": metadata(a="b", n=2)})
    assert begun.content == b""
    assert begun.headers["content-type"] == "text/plain; charset=utf-8"
    assert begun.headers["x-goog-upload-status"] == "active"
    assert f"/upload/v1beta/{store}:uploadToFileSearchStore?upload_id=" in begun.headers["x-goog-upload-url"]
    ended = end(begun, PARIS.encode())
    assert ended.headers["x-goog-upload-status"] == "final"
    operation = ended.json()
    document = document_of(operation)
    assert re.fullmatch(rf"{store}/documents/testdoctxt-[a-z0-9]{{12}}", document)
    assert operation == {
        "name": f"{store}/upload/operations/{document.rpartition('/')[2]}",
        "response": {
            "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.UploadToFileSearchStoreResponse",
            "parent": store,
            "documentName": document,
            "mimeType": "text/plain",
            "sizeBytes": "79",
        },
    }
    expected = {
        "name": document,
        "displayName": "test-doc.txt",
        "customMetadata": [{"key": "a", "stringValue": "b"}, {"key": "n", "numericValue": 2}],
        "updateTime": "2026-11-22T10:00:00.500000Z",
        "createTime": "2026-11-22T10:00:00.500000Z",
        "state": "STATE_PENDING",
        "sizeBytes": "79",
        "mimeType": "text/plain",
    }
    assert list(http.get(f"/v1beta/{document}").json().items()) == list(expected.items())
    assert http.get(f"/v1beta/{operation['name']}").json() == {"name": operation["name"]}
    tenant.advance(INDEXING)
    later = {**expected, "updateTime": "2026-11-22T10:00:05.500000Z", "state": "STATE_ACTIVE"}
    assert http.get(f"/v1beta/{document}").json() == later
    assert http.get(f"/v1/{store}/documents").json() == {"documents": [later]}
    done = {"name": operation["name"], "done": True, "response": operation["response"]}
    assert http.get(f"/v1beta/{operation['name']}").json() == done


def test_the_time_that_indexing_takes_is_the_tenants_to_set(open_tenant: Callable[..., Account]) -> None:
    account = open_tenant(durations={"vector_stores.indexing": 60})
    with account.client("Gemini") as http:
        store = made(http)
        document = document_of(upload(http, store, PARIS, "paris.txt"))
        account.advance(59)
        assert http.get(f"/v1beta/{document}").json()["state"] == "STATE_PENDING"
        assert cited(asked(http, "What is the capital of France?", store)) == []
        account.advance(1)
        assert http.get(f"/v1beta/{document}").json()["state"] == "STATE_ACTIVE"
        assert cited(asked(http, "What is the capital of France?", store)) == ["paris.txt"]


@pytest.mark.parametrize("mime_type", ["text/plain", "application/octet-stream"])
@pytest.mark.parametrize("data", [b"", b" \n ", b"\x89PNG\r\n\x1a\n\x00\x00", b"%PDF-1.4 broken"])
def test_a_document_without_text_fails_and_is_named_by_its_operation(
    http: httpx.Client, tenant: Account, data: bytes, mime_type: str
) -> None:
    store = made(http)
    operation = upload(http, store, data, "broken.bin", mimeType=mime_type)
    assert http.get(f"/v1beta/{document_of(operation)}").json()["state"] == "STATE_PENDING"
    assert "done" not in http.get(f"/v1beta/{operation['name']}").json()
    tenant.advance(INDEXING)
    document = http.get(f"/v1beta/{document_of(operation)}").json()
    assert (document["displayName"], document["state"]) == ("broken.bin", "STATE_FAILED")
    assert document["sizeBytes"] == str(len(data))
    ended = http.get(f"/v1beta/{operation['name']}").json()
    assert (ended["done"], ended["error"]["code"], "response" in ended) == (True, 3, False)
    assert ended["error"]["message"]
    assert http.delete(f"/v1beta/{document['name']}").json() == {}


def test_a_document_with_passages_goes_only_by_force_and_its_neighbours_stay(
    http: httpx.Client, tenant: Account
) -> None:
    store = made(http)
    first = document_of(upload(http, store, PARIS, "paris.txt"))
    upload(http, store, "Rome is the capital of Italy.", "rome.txt")
    tenant.advance(INDEXING)
    for query in ("", "?force=false"):
        response = http.delete(f"/v1beta/{first}{query}")
        assert error(response, 400, "FAILED_PRECONDITION") == "Cannot delete non-empty Document"
    assert cited(asked(http, "What is the capital of France?", store))[0] == "paris.txt"
    assert http.delete(f"/v1beta/{first}?force=true").json() == {}
    for response in (http.get(f"/v1beta/{first}"), http.delete(f"/v1beta/{first}?force=true")):
        assert "Documents does not exist" in error(response, 404)
    left = [document["displayName"] for document in http.get(f"/v1beta/{store}/documents").json()["documents"]]
    assert left == ["rome.txt"]
    assert http.get(f"/v1beta/{store}").json()["activeDocumentsCount"] == "1"
    assert cited(asked(http, "What is the capital of Italy?", store)) == ["rome.txt"]
    assert cited(asked(http, "What is the capital of France?", store)) == ["rome.txt"]


def test_documents_are_listed_in_pages_each_once(http: httpx.Client) -> None:
    store = made(http)
    assert http.get(f"/v1beta/{store}/documents").json() == {}
    names = [document_of(upload(http, store, f"Document number {number}.")) for number in range(5)]
    pages, token = [], ""
    while True:
        page = http.get(f"/v1beta/{store}/documents", params={"pageSize": 2, "pageToken": token}).json()
        pages.append([document["name"] for document in page["documents"]])
        if not (token := page.get("nextPageToken", "")):
            break
    assert pages == [names[:2], names[2:4], names[4:]]
    for name, listed in zip(names, http.get(f"/v1beta/{store}/documents").json()["documents"], strict=True):
        assert http.get(f"/v1beta/{name}").json() == listed
    error(http.get(f"/v1beta/{store}/documents?pageToken=nonsense"), 400)


def test_a_deviation_tells_of_more_documents_where_there_are_none(http: httpx.Client, tenant: Account) -> None:
    store = made(http)
    tenant.deviate("vs.files.more_of_nothing")
    (name,) = page = http.get(f"/v1beta/{store}/documents").json()
    assert (name, tenant.fired()) == ("nextPageToken", 1)
    error(http.get(f"/v1beta/{store}/documents", params={"pageToken": page[name]}), 400)
    upload(http, store, PARIS)
    assert list(http.get(f"/v1beta/{store}/documents").json()) == ["documents"]
    assert tenant.fired() == 1


def test_a_document_can_come_in_several_chunks_of_bytes(http: httpx.Client, tenant: Account) -> None:
    store = made(http)
    url = begin(http, store, {"displayName": "parts.txt"}).headers["x-goog-upload-url"]
    for offset, command, data in ((0, "upload", b"Lyon is "), (8, "upload, finalize", b"on the river Rhone.")):
        headers = {"x-goog-upload-command": command, "x-goog-upload-offset": str(offset)}
        ended = httpx.post(url, content=data, headers=headers, trust_env=False).raise_for_status()
    again = httpx.post(url, headers={"x-goog-upload-command": "finalize"}, trust_env=False)
    assert again.json() == ended.json()
    assert ended.json()["response"]["sizeBytes"] == "27"
    tenant.advance(INDEXING)
    assert cited(asked(http, "Which river is Lyon on?", store)) == ["parts.txt"]
    assert len(http.get(f"/v1beta/{store}/documents").json()["documents"]) == 1


def test_an_upload_into_a_store_that_is_gone_by_then_is_refused(http: httpx.Client) -> None:
    store = made(http)
    begun = begin(http, store, {})
    http.delete(f"/v1beta/{store}").raise_for_status()
    ended = end(begun, b"too late")
    error(ended, 403)
    assert ended.headers["x-goog-upload-status"] == "final"


# Imports ----------------------------------------------------------------------------------------------------------------


def test_a_stored_file_is_imported_and_outlived(http: httpx.Client, tenant: Account) -> None:
    files = FilesOf("Gemini", http)
    file = files.store("lyon.txt", b"Lyon is on the river Rhone.")
    store = made(http)
    body = {"fileName": file.id, "customMetadata": metadata(kind="city")}
    operation = http.post(f"/v1beta/{store}:importFile", json=body).raise_for_status().json()
    assert list(operation) == ["name"]
    assert re.fullmatch(rf"{store}/operations/lyontxt-[a-z0-9]{{12}}", operation["name"])
    assert http.get(f"/v1beta/{operation['name']}").json() == operation
    document = http.get(f"/v1beta/{store}/documents").json()["documents"][0]
    assert (document["displayName"], document["mimeType"], document["sizeBytes"]) == ("lyon.txt", "text/plain", "27")
    files.delete(file.id).raise_for_status()
    tenant.advance(INDEXING)
    assert http.get(f"/v1beta/{operation['name']}").json() == {
        **operation,
        "done": True,
        "response": {
            "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.ImportFileResponse",
            "parent": store.partition("/")[2],
            "documentName": document["name"].rpartition("/")[2],
        },
    }
    answer = asked(http, "Which river is Lyon on?", store, metadataFilter='kind = "city"')
    assert cited(answer) == ["lyon.txt"]
    uploads = operation["name"].replace("/operations/", "/upload/operations/")
    error(http.get(f"/v1beta/{uploads}"), 404)


def test_the_sdk_imports_a_file(sdk: genai.Client, tenant: Account) -> None:
    file = sdk.files.upload(file=io.BytesIO(PARIS.encode()), config=types.UploadFileConfig(mime_type="text/plain"))
    store = sdk.file_search_stores.create()
    assert store.name is not None
    assert file.name is not None
    operation = sdk.file_search_stores.import_file(file_search_store_name=store.name, file_name=file.name)
    assert not sdk.operations.get(operation).done
    tenant.advance(INDEXING)
    assert sdk.operations.get(operation).done
    assert sdk.file_search_stores.get(name=store.name).active_documents_count == 1
