"""OpenAI's simulated containers: made, listed, filled, expired after twenty idle minutes (openai 3.54.0, resources/containers)."""

from __future__ import annotations

import re

import pytest
from openai import NotFoundError
from openai.types import ContainerCreateResponse
from openai.types.containers import FileCreateResponse

from tests.simulator.openai_responses import CODE, Responses, responses, text_of

__all__ = ["responses"]

MINUTE = 60


def test_a_container_is_made_listed_and_deleted(responses: Responses) -> None:
    made = responses.http.post("/v1/containers", json={"name": "workshop"}).raise_for_status().json()
    ContainerCreateResponse.model_validate(made)
    assert re.fullmatch(r"cntr_[0-9a-f]{48}", made["id"])
    assert (made["name"], made["expires_after"]) == ("workshop", {"anchor": "last_active_at", "minutes": 20})
    other = responses.sdk.containers.create(name="other")
    assert [one.id for one in responses.sdk.containers.list()] == [other.id, made["id"]]
    assert [one.id for one in responses.sdk.containers.list(name="workshop")] == [made["id"]]
    responses.sdk.containers.delete(made["id"])
    assert responses.tenant.inventory() == {"OpenAI": {"containers": [other.id]}}
    with pytest.raises(NotFoundError, match=f"Container with id '{made['id']}' not found"):
        responses.sdk.containers.retrieve(made["id"])


def test_a_container_nobody_uses_expires(responses: Responses) -> None:
    made = responses.sdk.containers.create(name="workshop", expires_after={"anchor": "last_active_at", "minutes": 5})
    usual = responses.sdk.containers.create(name="usual")
    responses.tenant.advance(5 * MINUTE)
    assert [one.id for one in responses.sdk.containers.list()] == [usual.id]
    with pytest.raises(NotFoundError):
        responses.sdk.containers.retrieve(made.id)
    responses.tenant.advance(10 * MINUTE)
    tool = {"type": "code_interpreter", "container": usual.id}
    assert text_of(responses.create("What is 10!?", tools=[tool])) == "The result is 3628800."
    responses.tenant.advance(19 * MINUTE)
    assert responses.sdk.containers.retrieve(usual.id).id == usual.id
    responses.tenant.advance(1 * MINUTE)
    assert "containers" not in responses.tenant.inventory()["OpenAI"]


def test_an_expired_container_is_replaced_by_a_new_one(responses: Responses) -> None:
    first = responses.create("What is 10!?", tools=[CODE])
    responses.tenant.advance(20 * MINUTE)
    second = responses.create("What is 11!?", tools=[CODE], previous_response_id=first["id"])
    assert second["output"][0]["container_id"] != first["output"][0]["container_id"]


def test_files_are_put_in_and_taken_out(responses: Responses) -> None:
    container = responses.sdk.containers.create(name="workshop").id
    made = responses.sdk.containers.files.create(container, file=("note.txt", b"teal"))
    assert (made.path, made.bytes, made.source, made.container_id) == ("/mnt/data/note.txt", 4, "user", container)
    FileCreateResponse.model_validate(made.to_dict())
    kept = responses.http.post(
        "/v1/files", files={"file": ("sums.csv", b"a\n1\n")}, data={"purpose": "user_data"}
    ).json()
    copied = responses.sdk.containers.files.create(container, file_id=kept["id"])
    assert re.fullmatch(r"cfile_[0-9a-f]{32}", copied.id)
    assert [file.path for file in responses.sdk.containers.files.list(container, order="asc")] == [
        "/mnt/data/note.txt",
        "/mnt/data/sums.csv",
    ]
    assert responses.sdk.containers.files.content.retrieve(copied.id, container_id=container).read() == b"a\n1\n"
    responses.sdk.containers.files.delete(made.id, container_id=container)
    with pytest.raises(NotFoundError, match="No file found with id"):
        responses.sdk.containers.files.retrieve(made.id, container_id=container)


def test_what_a_program_wrote_can_be_taken_out(responses: Responses) -> None:
    made = responses.create('Run this code: open("out.txt", "w").write("teal")', tools=[CODE])
    cited = made["output"][-1]["content"][0]["annotations"][0]
    content = responses.http.get(f"/v1/containers/{cited['container_id']}/files/{cited['file_id']}/content")
    assert (content.content, content.headers["content-type"]) == (b"teal", "application/octet-stream")
    shown = responses.sdk.containers.files.retrieve(cited["file_id"], container_id=cited["container_id"])
    assert (shown.source, shown.path) == ("assistant", "/mnt/data/out.txt")


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "name"),
        ({"name": "a", "memory_limit": "3g"}, "memory_limit"),
        ({"name": "a", "expires_after": {"anchor": "last_active_at", "minutes": 21}}, "expires_after.minutes"),
        ({"name": "a", "file_ids": ["file-none"]}, "file_id"),
    ],
)
def test_what_is_wrong_is_told(responses: Responses, body: dict[str, object], param: str) -> None:
    assert responses.refused(body, "/v1/containers")[1]["param"] == param
    assert responses.tenant.inventory() == {}
