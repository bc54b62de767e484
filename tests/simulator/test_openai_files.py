"""OpenAI's simulated files: what the SDK gets, and what stands on the wire (provider-facts 2.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import httpx
import openai
import pytest
from openai.types import FileObject

from tests.simulator.account import Account

DAY = 86_400


@pytest.fixture
def http(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("OpenAI") as client:
        yield client


@pytest.fixture
def sdk(tenant: Account) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key=tenant.keys["OpenAI"], base_url=f"{tenant.url}/v1", max_retries=0) as client:
        yield client


def sent(http: httpx.Client, name: str = "a.txt", data: bytes = b"hello", **fields: str) -> httpx.Response:
    return http.post("/v1/files", files={"file": (name, data)}, data={"purpose": "user_data", **fields})


def stored(http: httpx.Client, name: str = "a.txt", data: bytes = b"hello", **fields: str) -> dict[str, Any]:
    made: dict[str, Any] = sent(http, name, data, **fields).raise_for_status().json()
    return made


def error(response: httpx.Response, status: int) -> dict[str, Any]:
    """The error of a refusal; errors of files say it twice (recordings: files)."""
    assert response.status_code == status, response.text
    body = response.json()
    assert body["detail"] == {"message": body["error"]["message"], "code": body["error"]["code"]}
    refused: dict[str, Any] = body["error"]
    assert set(refused) == {"message", "type", "param", "code"}
    return refused


def test_the_sdk_stores_lists_reads_and_deletes_a_file(sdk: openai.OpenAI) -> None:
    lines = b'{"custom_id": "1"}\n'
    file = sdk.files.create(file=("requests.jsonl", lines), purpose="batch")
    assert (file.filename, file.bytes, file.purpose, file.status) == (
        "requests.jsonl",
        len(lines),
        "batch",
        "processed",
    )
    assert sdk.files.retrieve(file.id) == file
    assert [item.id for item in sdk.files.list()] == [file.id]
    assert sdk.files.content(file.id).content == lines
    deleted = sdk.files.delete(file.id)
    assert (deleted.id, deleted.deleted, deleted.object) == (file.id, True, "file")
    with pytest.raises(openai.NotFoundError):
        sdk.files.retrieve(file.id)
    assert list(sdk.files.list()) == []


def test_a_file_object_has_every_key_of_a_live_answer(tenant: Account, http: httpx.Client) -> None:
    response = sent(http, "你好.txt", "héllo".encode())
    file = response.json()
    assert file == {
        "object": "file",
        "id": file["id"],
        "purpose": "user_data",
        "filename": "你好.txt",
        "bytes": 6,
        "created_at": int(datetime.fromisoformat(tenant.now()).timestamp()),
        "expires_at": None,
        "status": "processed",
        "status_details": None,
    }
    FileObject.model_validate(file, strict=True)
    assert file["id"].startswith("file-")
    assert len(file["id"]) == 27
    assert response.headers["content-type"] == "application/json"
    assert response.headers["openai-version"] == "2020-10-01"
    assert response.headers["x-request-id"].startswith("req_")
    assert not [name for name in response.headers if name.startswith("x-ratelimit")]


def test_the_same_bytes_twice_are_two_files(http: httpx.Client) -> None:
    assert stored(http)["id"] != stored(http)["id"]


@pytest.mark.parametrize(
    ("purpose", "name", "lifetime"),
    [
        ("assistants", "a.md", None),
        ("batch", "a.jsonl", 30 * DAY),
        ("batch", "a", 30 * DAY),
        ("fine-tune", "a.jsonl", None),
        ("user_data", "a.pdf", None),
        ("vision", "a.png", None),
        ("evals", "a.jsonl", None),
    ],
)
def test_each_purpose_is_kept(http: httpx.Client, purpose: str, name: str, lifetime: int | None) -> None:
    file = stored(http, name, purpose=purpose)
    assert file["purpose"] == purpose
    assert file["expires_at"] == (None if lifetime is None else file["created_at"] + lifetime)
    assert [item["id"] for item in http.get("/v1/files", params={"purpose": purpose}).json()["data"]] == [file["id"]]
    others = http.get("/v1/files", params={"purpose": "batch_output"}).json()
    assert others == {"object": "list", "data": [], "has_more": False, "first_id": None, "last_id": None}


@pytest.mark.parametrize("purpose", ["invalid-purpose", "batch_output", "assistants_output", "fine-tune-results", ""])
def test_no_other_purpose_is_taken(http: httpx.Client, purpose: str) -> None:
    refused = error(sent(http, "a.jsonl", purpose=purpose), 400)
    allowed = "['fine-tune', 'assistants', 'batch', 'user_data', 'vision', 'evals']"
    assert refused == {
        "message": f"'{purpose}' is not one of {allowed} - 'purpose'",
        "type": "invalid_request_error",
        "param": "purpose",
        "code": None,
    }
    assert http.get("/v1/files").json()["data"] == []


@pytest.mark.parametrize(
    ("given", "param", "code"),
    [
        ({"files": {"file": ("a.txt", b"x")}}, "purpose", "missing_required_parameter"),
        ({"files": {"other": ("a.txt", b"x")}, "data": {"purpose": "user_data"}}, "file", "missing_required_parameter"),
        ({"files": {"file": ("a.txt", b"")}, "data": {"purpose": "user_data"}}, "file", None),
        ({"files": {"file": ("a.txt", b"x")}, "data": {"purpose": "fine-tune"}}, None, None),
        ({"files": {"file": ("a.csv", b"x")}, "data": {"purpose": "batch"}}, None, None),
    ],
)
def test_an_upload_that_lacks_something_is_refused(
    http: httpx.Client, given: dict[str, Any], param: str | None, code: str | None
) -> None:
    refused = error(http.post("/v1/files", **given), 400)
    assert (refused["param"], refused["code"]) == (param, code)


@pytest.mark.parametrize(
    ("anchor", "seconds", "code"),
    [
        ("created_at", "3599", "integer_below_min_value"),
        ("created_at", "2592001", "integer_above_max_value"),
        ("created_at", "soon", "invalid_type"),
        ("last_active_at", "3600", "invalid_value"),
    ],
)
def test_an_expiry_out_of_range_is_refused(http: httpx.Client, anchor: str, seconds: str, code: str) -> None:
    fields = {"expires_after[anchor]": anchor, "expires_after[seconds]": seconds}
    assert error(sent(http, **fields), 400)["code"] == code


def test_a_file_past_its_expiry_is_nowhere(tenant: Account, http: httpx.Client) -> None:
    file = stored(http, **{"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"})
    lasting = stored(http, "b.txt")
    assert file["expires_at"] == file["created_at"] + 3600
    tenant.advance(3599)
    assert http.get(f"/v1/files/{file['id']}").json() == file
    tenant.advance(1)
    assert error(http.get(f"/v1/files/{file['id']}"), 404)["message"] == f"No such File object: {file['id']}"
    assert [item["id"] for item in http.get("/v1/files").json()["data"]] == [lasting["id"]]
    assert tenant.inventory() == {"OpenAI": {"files": [lasting["id"]]}}


def test_a_batch_file_lives_thirty_days_unless_it_was_told_otherwise(tenant: Account, http: httpx.Client) -> None:
    asked = {"expires_after[anchor]": "created_at", "expires_after[seconds]": str(40 * 3600)}
    short = stored(http, "a.jsonl", purpose="batch", **asked)
    usual = stored(http, "a.jsonl", purpose="batch")
    tenant.advance(41 * 3600)
    assert tenant.inventory() == {"OpenAI": {"files": [usual["id"]]}}
    assert http.get(f"/v1/files/{short['id']}").status_code == 404
    tenant.advance(30 * DAY)
    assert tenant.inventory() == {}


def test_pages_meet_but_do_not_overlap(http: httpx.Client) -> None:
    made = [stored(http, f"{number}.txt")["id"] for number in range(5)]
    first = http.get("/v1/files", params={"limit": 2, "order": "asc"}).json()
    assert ([item["id"] for item in first["data"]], first["has_more"]) == (made[:2], True)
    assert (first["first_id"], first["last_id"]) == (made[0], made[1])
    last = http.get("/v1/files", params={"limit": 3, "order": "asc", "after": made[1]}).json()
    assert ([item["id"] for item in last["data"]], last["has_more"]) == (made[2:], False)
    newest = http.get("/v1/files", params={"limit": 2, "after": made[3]}).json()
    assert ([item["id"] for item in newest["data"]], newest["has_more"]) == ([made[2], made[1]], True)


def test_pages_of_a_purpose_end_where_its_files_end(http: httpx.Client) -> None:
    for number in range(3):
        stored(http, f"{number}.jsonl", purpose="batch")
        stored(http, f"{number}.txt")
    page = http.get("/v1/files", params={"limit": 3, "purpose": "batch"}).json()
    assert [item["purpose"] for item in page["data"]] == ["batch"] * 3
    assert page["has_more"] is False


@pytest.mark.parametrize(
    ("query", "param", "code"),
    [
        ({"limit": "0"}, "limit", "integer_below_min_value"),
        ({"limit": "10001"}, "limit", "integer_above_max_value"),
        ({"limit": "many"}, "limit", "invalid_type"),
        ({"order": "size"}, "order", "invalid_value"),
    ],
)
def test_a_list_out_of_range_is_refused(http: httpx.Client, query: dict[str, str], param: str, code: str) -> None:
    response = http.get("/v1/files", params=query)
    assert response.status_code == 400
    assert (response.json()["error"]["param"], response.json()["error"]["code"]) == (param, code)


@pytest.mark.parametrize("purpose", ["assistants", "user_data", "vision"])
def test_some_files_are_given_back_to_nobody(http: httpx.Client, purpose: str) -> None:
    file = stored(http, purpose=purpose)
    refused = error(http.get(f"/v1/files/{file['id']}/content"), 400)
    assert refused["message"] == f"Not allowed to download files of purpose: {purpose}"
    assert (refused["type"], refused["param"], refused["code"]) == ("invalid_request_error", None, None)


@pytest.mark.parametrize("purpose", ["batch", "fine-tune", "evals"])
def test_others_come_back_byte_for_byte(http: httpx.Client, purpose: str) -> None:
    data = bytes(range(256)) * 9
    file = stored(http, "a.jsonl", data, purpose=purpose)
    response = http.get(f"/v1/files/{file['id']}/content")
    assert response.content == data
    assert response.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(("method", "tail"), [("GET", ""), ("GET", "/content"), ("DELETE", "")])
def test_a_file_that_never_was_is_not_found(http: httpx.Client, method: str, tail: str) -> None:
    refused = error(http.request(method, f"/v1/files/fake_id{tail}"), 404)
    assert refused == {
        "message": "No such File object: fake_id",
        "type": "invalid_request_error",
        "param": "id",
        "code": None,
    }


def test_a_second_delete_is_not_found_and_the_neighbour_stays(http: httpx.Client) -> None:
    gone, stays = stored(http), stored(http)
    assert http.delete(f"/v1/files/{gone['id']}").json() == {"object": "file", "id": gone["id"], "deleted": True}
    error(http.delete(f"/v1/files/{gone['id']}"), 404)
    assert http.get(f"/v1/files/{stays['id']}").json() == stays


def test_accounts_do_not_see_each_others_files(http: httpx.Client, open_tenant: Callable[..., Account]) -> None:
    file = stored(http)
    with open_tenant().client("OpenAI") as other:
        assert other.get("/v1/files").json()["data"] == []
        error(other.get(f"/v1/files/{file['id']}"), 404)
        error(other.delete(f"/v1/files/{file['id']}"), 404)
