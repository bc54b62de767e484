"""Gemini's simulated files: what the SDK gets, and what stands on the wire (provider-facts 2.3; recordings: gemini files)."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from google import genai
from google.genai import types
from google.genai.errors import ClientError

from tests.simulator.account import Account

TWO_DAYS = 48 * 3600


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


def begin(http: httpx.Client, body: Any = None, **headers: str) -> httpx.Response:
    """The first request of a resumable upload."""
    sent = {"x-goog-upload-protocol": "resumable", "x-goog-upload-command": "start"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return http.post("/upload/v1beta/files", json=body, headers=sent | named)


def go_on(url: str, command: str, offset: int = 0, data: bytes = b"", method: str = "POST") -> httpx.Response:
    """A later request, as clients send it: without a key."""
    headers = {"x-goog-upload-command": command, "x-goog-upload-offset": str(offset)}
    return httpx.request(method, url, content=data, headers=headers, trust_env=False)


def stored(
    http: httpx.Client, data: bytes = b"hello", mime_type: str = "text/plain", **described: Any
) -> dict[str, Any]:
    url = begin(http, {"file": {"mimeType": mime_type, **described}}).raise_for_status().headers["x-goog-upload-url"]
    made: dict[str, Any] = go_on(url, "upload, finalize", 0, data).raise_for_status().json()["file"]
    return made


def error(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    refused: dict[str, Any] = response.json()["error"]
    assert refused["code"] == status
    return refused


def not_accessible(response: httpx.Response, file_id: str) -> None:
    assert error(response, 403) == {
        "code": 403,
        "message": f"You do not have permission to access the File {file_id} or it may not exist.",
        "status": "PERMISSION_DENIED",
    }


def test_the_sdk_stores_lists_reads_and_deletes_a_file(sdk: genai.Client) -> None:
    config = types.UploadFileConfig(display_name="grüße.txt", mime_type="text/plain")
    file = sdk.files.upload(file=io.BytesIO("héllo".encode()), config=config)
    assert (file.display_name, file.size_bytes, file.mime_type) == ("grüße.txt", 6, "text/plain")
    assert (file.state, file.source) == (types.FileState.ACTIVE, types.FileSource.UPLOADED)
    assert file.name is not None
    assert file.uri is not None
    assert sdk.files.get(name=file.name) == sdk.files.get(name=file.uri) == file
    assert [item.name for item in sdk.files.list()] == [file.name]
    with pytest.raises(ValueError, match="Only generated files can be downloaded"):
        sdk.files.download(file=file)
    sdk.files.delete(name=file.name)
    with pytest.raises(ClientError) as caught:
        sdk.files.get(name=file.name)
    assert (caught.value.code, caught.value.status) == (403, "PERMISSION_DENIED")
    assert list(sdk.files.list()) == []


def test_a_file_object_is_that_of_a_live_answer(tenant: Account, http: httpx.Client) -> None:
    file = stored(http, b"hello", displayName="a.txt")
    assert re.fullmatch(r"files/[a-z0-9]{12}", file["name"])
    digest = base64.b64encode(hashlib.sha256(b"hello").hexdigest().encode()).decode()
    assert file == {
        "name": file["name"],
        "displayName": "a.txt",
        "mimeType": "text/plain",
        "sizeBytes": "5",
        "createTime": "2026-11-22T10:00:00Z",
        "updateTime": "2026-11-22T10:00:00Z",
        "expirationTime": "2026-11-24T10:00:00Z",
        "sha256Hash": digest,
        "uri": f"https://generativelanguage.googleapis.com/v1beta/{file['name']}",
        "state": "ACTIVE",
        "source": "UPLOADED",
    }
    tenant.advance(0.5)
    assert stored(http)["createTime"] == "2026-11-22T10:00:00.500000Z"
    assert http.get(f"/v1/{file['name']}").json() == file
    assert "displayName" not in stored(http)


def test_two_uploads_of_the_same_bytes_are_two_files(http: httpx.Client) -> None:
    assert stored(http)["name"] != stored(http)["name"]


def test_an_upload_begins_as_live(tenant: Account, http: httpx.Client) -> None:
    begun = begin(http, {"file": {"display_name": "a.txt", "mime_type": "text/plain", "size_bytes": 5}})
    assert (begun.status_code, begun.content) == (200, b"")
    assert begun.headers["content-type"] == "text/plain; charset=utf-8"
    assert begun.headers["x-goog-upload-status"] == "active"
    assert begun.headers["x-goog-upload-chunk-granularity"] == "8388608"
    assert begun.headers["x-goog-upload-control-url"] == begun.headers["x-goog-upload-url"]
    assert begun.headers["x-goog-upload-url"].startswith(f"{tenant.url}/upload/v1beta/files?upload_id=")
    assert tenant.inventory() == {}
    ended = go_on(begun.headers["x-goog-upload-url"], "upload, finalize", 0, b"hello")
    assert ended.headers["x-goog-upload-status"] == "final"
    assert ended.headers["content-type"] == "application/json; charset=UTF-8"
    assert tenant.inventory() == {"Gemini": {"files": [ended.json()["file"]["name"]]}}


def test_a_file_comes_in_chunks_and_the_client_may_ask_how_far_it_is(http: httpx.Client) -> None:
    url = begin(http, {"file": {"displayName": "a.txt"}}, x_goog_upload_header_content_type="text/markdown").headers[
        "x-goog-upload-url"
    ]
    first = go_on(url, "upload", 0, b"hel")
    assert (first.status_code, first.headers["x-goog-upload-status"], first.content) == (200, "active", b"")
    asked = go_on(url, "query")
    assert asked.headers["x-goog-upload-size-received"] == "3"
    wrong = go_on(url, "upload", 2, b"lo")
    assert (wrong.status_code, wrong.headers["x-goog-upload-size-received"]) == (400, "3")
    go_on(url, "upload", 3, b"l", method="PUT").raise_for_status()
    ended = go_on(url, "upload, finalize", 4, b"o", method="PUT").json()["file"]
    assert (ended["sizeBytes"], ended["mimeType"]) == ("5", "text/markdown")
    assert go_on(url, "query").headers["x-goog-upload-status"] == "final"
    assert go_on(url, "finalize").json()["file"] == ended


def test_a_cancelled_upload_makes_no_file(tenant: Account, http: httpx.Client) -> None:
    url = begin(http, {}).headers["x-goog-upload-url"]
    go_on(url, "upload", 0, b"abc").raise_for_status()
    assert go_on(url, "cancel").headers["x-goog-upload-status"] == "cancelled"
    assert error(go_on(url, "upload, finalize", 3, b"d"), 400)["status"] == "INVALID_ARGUMENT"
    assert tenant.inventory() == {}


def test_an_upload_belongs_to_the_key_that_began_it(tenant: Account, open_tenant: Callable[..., Account]) -> None:
    other = open_tenant()
    with tenant.client("Gemini") as mine, other.client("Gemini") as theirs:
        url = begin(mine, {}).headers["x-goog-upload-url"]
        headers = {"x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0"}
        assert theirs.post(url, content=b"x", headers=headers).status_code == 404
        unknown = url.replace("upload_id=", "upload_id=x")
        assert error(go_on(unknown, "upload, finalize", 0, b"x"), 403)["status"] == "PERMISSION_DENIED"
        go_on(url, "upload, finalize", 0, b"x").raise_for_status()
    assert len(tenant.inventory()["Gemini"]["files"]) == 1
    assert other.inventory() == {}


def test_a_name_may_be_chosen_once(http: httpx.Client) -> None:
    assert stored(http, name="files/my-file-1")["name"] == "files/my-file-1"
    assert error(begin(http, {"file": {"name": "files/my-file-1"}}), 409)["status"] == "ALREADY_EXISTS"
    http.delete("/v1beta/files/my-file-1").raise_for_status()
    assert stored(http, name="my-file-1")["name"] == "files/my-file-1"


@pytest.mark.parametrize(
    "name", ["files/-a", "files/a-", "files/A", "files/a_b", "files/" + "a" * 41, "other/a", "files/"]
)
def test_a_name_of_another_form_is_refused(http: httpx.Client, name: str) -> None:
    refused = error(begin(http, {"file": {"name": name}}), 400)
    assert refused["message"].startswith("* CreateFileRequest.file.name: ")


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({"file": {"displayName": "a" * 513}}, {}),
        ({"file": {}}, {"x_goog_upload_header_content_length": str(2 * 1024**3 + 1)}),
        ({"file": {"colour": "red"}}, {}),
        ({"file": []}, {}),
        ({"files": {}}, {}),
    ],
)
def test_a_description_that_cannot_be_is_refused(http: httpx.Client, body: Any, headers: dict[str, str]) -> None:
    assert error(begin(http, body, **headers), 400)["status"] == "INVALID_ARGUMENT"


def test_a_deleted_file_is_gone_and_its_neighbour_stays(tenant: Account, http: httpx.Client) -> None:
    gone, left = stored(http)["name"], stored(http)["name"]
    deleted = http.delete(f"/v1beta/{gone}")
    assert (deleted.status_code, deleted.json()) == (200, {})
    for method in ("GET", "DELETE"):
        not_accessible(http.request(method, f"/v1beta/{gone}"), gone.removeprefix("files/"))
    assert [file["name"] for file in http.get("/v1beta/files").json()["files"]] == [left]
    assert tenant.inventory() == {"Gemini": {"files": [left]}}


def test_what_never_was_and_what_is_anothers_is_refused_alike(
    tenant: Account, http: httpx.Client, open_tenant: Callable[..., Account]
) -> None:
    with open_tenant().client("Gemini") as other:
        theirs = stored(other)["name"].removeprefix("files/")
    for file_id in ("nothing", theirs, "file-AbC123"):
        not_accessible(http.get(f"/v1/files/{file_id}"), file_id)
    assert tenant.inventory() == {}


def test_every_file_ends_after_two_days(tenant: Account, http: httpx.Client) -> None:
    name = stored(http)["name"]
    tenant.advance(TWO_DAYS - 1)
    later = stored(http)["name"]
    assert http.get(f"/v1/{name}").status_code == 200
    tenant.advance(1)
    not_accessible(http.get(f"/v1/{name}"), name.removeprefix("files/"))
    assert [file["name"] for file in http.get("/v1/files").json()["files"]] == [later]
    assert tenant.inventory() == {"Gemini": {"files": [later]}}


def test_a_tenant_can_have_files_of_a_shorter_life(open_tenant: Callable[..., Account]) -> None:
    tenant = open_tenant(durations={"files.time_to_live": 60, "files.processing": 2})
    with tenant.client("Gemini") as http:
        assert stored(http)["expirationTime"] == "2026-11-22T10:01:00Z"
        film = stored(http, mime_type="video/mp4")
        tenant.advance(2)
        assert http.get(f"/v1/{film['name']}").json()["state"] == "ACTIVE"


def test_a_film_is_processed_first(tenant: Account, http: httpx.Client) -> None:
    film = stored(http, mime_type="video/mp4")
    assert film["state"] == "PROCESSING"
    assert "videoMetadata" not in film
    part = {"fileData": {"fileUri": film["uri"], "mimeType": "video/mp4"}}
    asked = {"contents": [{"parts": [part, {"text": "What is shown?"}]}]}
    refused = error(http.post("/v1beta/models/gemini-3.5-flash:generateContent", json=asked), 400)
    assert refused["status"] == "FAILED_PRECONDITION"
    tenant.advance(5)
    ready = http.get(f"/v1beta/{film['name']}").json()
    assert (ready["state"], ready["updateTime"]) == ("ACTIVE", "2026-11-22T10:00:05Z")
    assert ready["videoMetadata"] == {"videoDuration": "10s"}
    answered = http.post("/v1beta/models/gemini-3.5-flash:generateContent", json=asked).raise_for_status().json()
    assert {"modality": "VIDEO", "tokenCount": 2580} in answered["usageMetadata"]["promptTokensDetails"]


def test_pages_follow_each_other_whatever_happens_between(http: httpx.Client) -> None:
    made = [stored(http)["name"] for _ in range(12)][::-1]
    first = http.get("/v1beta/files").json()
    assert [file["name"] for file in first["files"]] == made[:10]
    stored(http)
    http.delete(f"/v1beta/{made[10]}").raise_for_status()
    second = http.get("/v1beta/files", params={"pageToken": first["nextPageToken"]}).json()
    assert ([file["name"] for file in second["files"]], "nextPageToken" in second) == (made[11:], False)
    small = http.get("/v1beta/files", params={"page_size": 2}).json()
    assert len(small["files"]) == 2
    assert len(http.get("/v1beta/files", params={"pageSize": 1000}).json()["files"]) == 12


def test_the_sdk_walks_all_pages(sdk: genai.Client) -> None:
    config = types.UploadFileConfig(mime_type="text/plain")
    made = {sdk.files.upload(file=io.BytesIO(b"x"), config=config).name for _ in range(5)}
    listed = [file.name for file in sdk.files.list(config={"page_size": 2})]
    assert len(listed) == 5
    assert set(listed) == made


def test_an_empty_list_is_an_empty_object(http: httpx.Client) -> None:
    assert http.get("/v1beta/files").json() == {}


@pytest.mark.parametrize(
    "query",
    [{"pageSize": "x"}, {"pageSize": "-1"}, {"pageToken": "nonsense"}, {"pageToken": "é"}, {"purpose": "batch"}],
)
def test_a_list_refuses_what_it_does_not_know(http: httpx.Client, query: dict[str, str]) -> None:
    stored(http)
    assert error(http.get("/v1beta/files", params=query), 400)["status"] == "INVALID_ARGUMENT"


def test_an_upload_cannot_be_downloaded(http: httpx.Client) -> None:
    name = stored(http)["name"]
    for path in (f"/v1beta/{name}:download", f"/download/v1beta/{name}:download"):
        assert error(http.get(path, params={"alt": "media"}), 400)["status"] == "INVALID_ARGUMENT"
    not_accessible(http.get("/v1beta/files/nothing:download"), "nothing")


def test_files_of_cloud_storage_take_no_api_key(http: httpx.Client) -> None:
    refused = error(http.post("/v1beta/files:register", json={"uris": ["gs://a/b"]}), 401)
    assert refused["status"] == "UNAUTHENTICATED"
    assert refused["details"][0]["reason"] == "CREDENTIALS_MISSING"


def test_a_refused_upload_has_ended_and_a_failed_one_may_be_asked_about(tenant: Account, http: httpx.Client) -> None:
    """The SDK sends the bytes again where no state is told."""
    url = begin(http, {}).headers["x-goog-upload-url"]
    tenant.script(
        {"operation": "files.upload", "do": {"status": 429}}, {"operation": "files.upload", "do": {"status": 503}}
    )
    assert go_on(url, "upload, finalize", 0, b"x").headers["x-goog-upload-status"] == "final"
    failed = go_on(url, "upload, finalize", 0, b"x")
    assert (failed.status_code, failed.headers.get("x-goog-upload-status")) == (503, None)
    assert go_on(url, "query").headers["x-goog-upload-status"] == "active"
    go_on(url, "upload, finalize", 0, b"x").raise_for_status()
