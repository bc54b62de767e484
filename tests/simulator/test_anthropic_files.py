"""Anthropic's files, with the official SDK and over plain HTTP (provider-facts 2.2; recordings: anthropic files)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import anthropic
import httpx
import pytest

from tests.simulator.account import Account

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
FORMER = {"anthropic-version": "2023-06-01"}


@pytest.fixture
def sdk(tenant: Account) -> Iterator[anthropic.Anthropic]:
    key = tenant.keys["Anthropic"]
    with anthropic.Anthropic(api_key=key, base_url=tenant.url, max_retries=0) as client:
        yield client


@pytest.fixture
def wire(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("Anthropic") as client:
        yield client


def upload(wire: httpx.Client, name: str = "notes.txt", data: bytes = b"hello", **fields: str) -> httpx.Response:
    return wire.post("/v1/files", files={"file": (name, data, "text/plain")}, data=fields)


def refusal(response: httpx.Response) -> tuple[int, str, str]:
    """Status, type and message of a refusal, whose envelope is checked on the way."""
    body = response.json()
    assert set(body) == {"type", "error", "request_id"}
    assert body["type"] == "error"
    assert body["request_id"] == response.headers["request-id"]
    return response.status_code, body["error"]["type"], body["error"]["message"]


def test_the_sdk_stores_reads_and_removes_a_file(sdk: anthropic.Anthropic) -> None:
    stored = sdk.files.upload(file=("sample.csv", b"a,b\n1,2\n"))
    assert stored.id.startswith("file_011C")
    assert len(stored.id) == len("file_011CdeLUpakHYCG43qGLsdXo")
    assert (stored.filename, stored.mime_type, stored.size_bytes) == ("sample.csv", "text/csv", 8)
    assert (stored.created_at, stored.expires_at, stored.downloadable) == (NOW, None, False)
    assert sdk.files.retrieve_metadata(stored.id) == stored
    gone = sdk.files.delete(stored.id)
    assert (gone.id, gone.type) == (stored.id, "file_deleted")
    with pytest.raises(anthropic.NotFoundError) as missing:
        sdk.files.retrieve_metadata(stored.id)
    assert missing.value.api_message == f"File not found: {stored.id}"
    assert list(sdk.files.list()) == []


def test_a_record_has_the_fields_of_its_version(wire: httpx.Client) -> None:
    current = upload(wire).json()
    former = wire.get(f"/v1/files/{current['id']}", headers=FORMER).json()
    assert current == {**former, "expires_at": None}
    assert former == {
        "type": "file",
        "id": current["id"],
        "size_bytes": 5,
        "created_at": "2026-11-22T10:00:00.000000Z",
        "filename": "notes.txt",
        "mime_type": "text/plain",
        "downloadable": False,
    }


def test_uploads_cannot_be_read_back(sdk: anthropic.Anthropic, wire: httpx.Client) -> None:
    stored = sdk.files.upload(file=("a.txt", b"secret"))
    with pytest.raises(anthropic.BadRequestError) as refused:
        sdk.files.download(stored.id)
    assert refused.value.error_code == "file_not_downloadable"
    former = wire.get(f"/v1/files/{stored.id}/content", headers=FORMER)
    assert refusal(former) == (400, "invalid_request_error", f"File '{stored.id}' is not downloadable")
    assert "details" not in former.json()["error"]
    assert former.headers["x-should-retry"] == "false"


def test_the_pages_of_a_list_hold_every_file_once_newest_first(sdk: anthropic.Anthropic) -> None:
    made = [sdk.files.upload(file=(f"{number}.txt", b"x")).id for number in range(5)]
    first = sdk.files.list(limit=2)
    assert first.next_page is not None
    assert first.next_page.startswith("page_")
    assert [file.id for file in sdk.files.list(limit=2)] == made[::-1]
    sdk.files.delete(first.data[-1].id)
    rest = sdk.files.list(limit=2, page=first.next_page)
    assert [file.id for file in rest.data] == [made[2], made[1]]


def test_a_list_by_ids_leaves_out_what_is_gone(sdk: anthropic.Anthropic, wire: httpx.Client) -> None:
    kept, gone, other = (sdk.files.upload(file=("x.txt", b"x")).id for _ in range(3))
    sdk.files.delete(gone)
    page = sdk.files.list(ids=[kept, gone])
    assert [file.id for file in page.data] == [kept]
    assert page.next_page is None
    assert refusal(wire.get("/v1/files", params={"ids[]": other, "limit": "2"}))[0] == 400
    assert refusal(wire.get("/v1/files", params={"ids[]": [str(number) for number in range(101)]}))[0] == 400


def test_the_former_version_goes_around_ids(wire: httpx.Client) -> None:
    oldest, middle, newest = (upload(wire).json()["id"] for _ in range(3))
    wire.headers.update(FORMER)
    first = wire.get("/v1/files", params={"limit": "2", "beta": "true"}).json()
    assert [file["id"] for file in first["data"]] == [newest, middle]
    assert {name: first[name] for name in first if name != "data"} == {
        "has_more": True,
        "first_id": newest,
        "last_id": middle,
    }
    after = wire.get("/v1/files", params={"limit": "2", "after_id": middle}).json()
    assert (after["has_more"], [file["id"] for file in after["data"]]) == (False, [oldest])
    before = wire.get("/v1/files", params={"limit": "1", "before_id": oldest}).json()
    assert (before["has_more"], [file["id"] for file in before["data"]]) == (True, [middle])
    assert refusal(wire.get("/v1/files", params={"after_id": "file_nobody"}))[0] == 400
    empty = wire.get("/v1/files", params={"after_id": oldest}).json()
    assert empty == {"data": [], "has_more": False, "first_id": None, "last_id": None}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"limit": "0"}, "limit: Input should be greater than or equal to 1"),
        ({"limit": "1001"}, "limit: Input should be less than or equal to 1000"),
        ({"limit": "x"}, "limit: Input should be a valid integer, unable to parse string as an integer"),
        ({"page": "page_nonsense"}, "page: Invalid page token"),
        ({"purpose": "batch"}, "purpose: Extra inputs are not permitted"),
        ({"after_id": "file_a"}, "after_id: Extra inputs are not permitted"),
    ],
)
def test_a_list_refuses_what_it_does_not_know(wire: httpx.Client, query: dict[str, str], message: str) -> None:
    assert refusal(wire.get("/v1/files", params=query)) == (400, "invalid_request_error", message)


def test_an_expiry_is_kept_and_then_takes_the_file_away(tenant: Account, sdk: anthropic.Anthropic) -> None:
    stored = sdk.files.upload(file=("a.txt", b"x"), expires_in_seconds=3600)
    assert stored.expires_at == NOW + timedelta(seconds=3600)
    tenant.advance(3599)
    assert sdk.files.retrieve_metadata(stored.id).expires_at == stored.expires_at
    tenant.advance(1)
    with pytest.raises(anthropic.NotFoundError):
        sdk.files.retrieve_metadata(stored.id)
    with pytest.raises(anthropic.NotFoundError) as expired:
        sdk.files.download(stored.id)
    assert expired.value.error_code == "file_expired"
    assert sdk.files.list().data == []
    assert tenant.inventory() == {}


@pytest.mark.parametrize(
    ("seconds", "message"),
    [
        ("3599", "expires_in_seconds: Input should be greater than or equal to 3600"),
        ("7776001", "expires_in_seconds: Input should be less than or equal to 7776000"),
        ("soon", "expires_in_seconds: Input should be a valid integer, unable to parse string as an integer"),
    ],
)
def test_an_expiry_out_of_range_is_refused_and_nothing_is_stored(
    tenant: Account, wire: httpx.Client, seconds: str, message: str
) -> None:
    assert refusal(upload(wire, expires_in_seconds=seconds)) == (400, "invalid_request_error", message)
    assert tenant.inventory() == {}


@pytest.mark.parametrize("name", ["a:b.txt", "what?.txt", "x" * 256])
def test_a_name_with_forbidden_characters_is_refused(wire: httpx.Client, name: str) -> None:
    status, kind, message = refusal(upload(wire, name))
    assert (status, kind) == (400, "invalid_request_error")
    assert message.startswith("file: Invalid filename")


def test_only_the_last_component_of_a_name_is_kept(wire: httpx.Client) -> None:
    assert upload(wire, "folder/inner/notes.txt").json()["filename"] == "notes.txt"
    nameless = wire.post("/v1/files", files={"file": (None, b"hello")})
    assert nameless.json()["filename"] == "unnamed.txt"


def test_an_upload_without_a_file_or_with_too_much_is_refused(wire: httpx.Client) -> None:
    assert refusal(wire.post("/v1/files", files={"other": ("a", b"x")}))[2] == "other: Extra inputs are not permitted"
    without = wire.post("/v1/files", files={"expires_in_seconds": (None, b"3600")})
    assert refusal(without)[2] == "file: Field required"
    assert refusal(upload(wire, data=b""))[2] == "file: File is empty"
    assert refusal(wire.post("/v1/files", json={"file": "x"}))[:2] == (400, "invalid_request_error")


def test_another_tenant_sees_nothing(tenant: Account, open_tenant: Callable[..., Account]) -> None:
    with tenant.client("Anthropic") as mine, open_tenant().client("Anthropic") as other:
        file_id = upload(mine).json()["id"]
        assert refusal(other.get(f"/v1/files/{file_id}")) == (404, "not_found_error", f"File not found: {file_id}")
        assert other.get("/v1/files").json() == {"data": [], "next_page": None}
        assert refusal(other.delete(f"/v1/files/{file_id}"))[0] == 404
        assert tenant.inventory() == {"Anthropic": {"files": [file_id]}}
