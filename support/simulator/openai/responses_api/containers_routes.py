"""The routes of containers and of their files, as far as the code interpreter needs them (openai 3.54.0, resources/containers).

Unverified altogether: no recording shows a container; keys are those of the SDK's types and of the interface description.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from support.simulator.openai import checks, pages
from support.simulator.openai.checks import Rule
from support.simulator.openai.errors import refusal
from support.simulator.openai.files import StoredFile
from support.simulator.openai.responses_api import server_tools
from support.simulator.openai.responses_api.containers import FOLDER, USUAL_MINUTES, Container, ContainerFile
from support.simulator.openai.state import OpenAIState
from support.simulator.wire import MEBIBYTE, Answer, Call, Form, Refusal, Route

LARGEST_FILE = 512 * MEBIBYTE
CREATE_RULES = {
    "name": Rule("string"),
    "file_ids": Rule("array"),
    "expires_after": Rule("object"),
    "memory_limit": Rule("string", values=("1g", "4g", "16g", "64g")),
    "network_policy": Rule("object"),
    "skills": Rule("array"),
}
_EXPIRY_RULES = {"anchor": Rule("string", values=("last_active_at",)), "minutes": Rule("integer", 1, USUAL_MINUTES)}
FILE_RULES = {"file_id": Rule("string")}


def create(state: OpenAIState, call: Call) -> Answer:
    body: dict[str, Any] = call.body
    checks.check(body, CREATE_RULES)
    if body.get("name") is None:
        raise checks.missing("name")
    expiry = body.get("expires_after") or {}
    checks.check(expiry, _EXPIRY_RULES, "expires_after.")
    for number, file_id in enumerate(body.get("file_ids") or ()):
        checks.expect(file_id, "string", f"file_ids[{number}]")
    files = [_stored(state, call, file_id) for file_id in body.get("file_ids") or ()]
    container = state.containers.add(
        body["name"],
        files,
        call.now.timestamp(),
        minutes=expiry.get("minutes") or USUAL_MINUTES,
        memory_limit=body.get("memory_limit") or "1g",
    )
    return Answer(200, shown(container))


def list_containers(state: OpenAIState, call: Call) -> Answer:
    name = call.one("name")
    living = state.containers.living(call.now.timestamp())
    return Answer(200, pages.page(call, living, shown, None if name is None else lambda one: one.name == name))


def get(state: OpenAIState, call: Call) -> Answer:
    return Answer(200, shown(_existing(state, call)))


def delete(state: OpenAIState, call: Call) -> Answer:
    container = _existing(state, call)
    del state.containers.containers[container.id]
    return Answer(200, {"id": container.id, "object": "container.deleted", "deleted": True})


def copy_file(state: OpenAIState, call: Call) -> Answer:
    """A file of the account's put into the container."""
    container = _existing(state, call)
    body: dict[str, Any] = call.body
    checks.check(body, FILE_RULES)
    if body.get("file_id") is None:
        raise checks.missing("file_id")
    file = _stored(state, call, body["file_id"])
    return Answer(200, _file_shown(container, container.put(file.name, file.data, "user", call.now.timestamp())))


def upload_file(state: OpenAIState, call: Call) -> Answer:
    """A file put into the container from outside."""
    container = _existing(state, call)
    form = cast(Form, call.body)
    sent = form.files.get("file")
    if sent is not None:
        made = container.put(sent.filename, sent.data, "user", call.now.timestamp())
    elif (file_id := form.one("file_id")) is not None:
        file = _stored(state, call, file_id)
        made = container.put(file.name, file.data, "user", call.now.timestamp())
    else:
        raise checks.missing("file")
    return Answer(200, _file_shown(container, made))


def list_files(state: OpenAIState, call: Call) -> Answer:
    container = _existing(state, call)
    return Answer(200, pages.page(call, container.files, lambda file: _file_shown(container, file)))


def get_file(state: OpenAIState, call: Call) -> Answer:
    container = _existing(state, call)
    return Answer(200, _file_shown(container, _file(container, call)))


def file_content(state: OpenAIState, call: Call) -> Answer:
    return Answer(200, _file(_existing(state, call), call).data, {"content-type": "application/octet-stream"})


def delete_file(state: OpenAIState, call: Call) -> Answer:
    container = _existing(state, call)
    file = _file(container, call)
    del container.files[file.id]
    return Answer(200, {"id": file.id, "object": "container.file.deleted", "deleted": True})


def shown(container: Container) -> dict[str, Any]:
    return {
        "id": container.id,
        "object": "container",
        "created_at": container.created_at,
        "status": "running",
        "expires_after": {"anchor": "last_active_at", "minutes": container.minutes},
        "last_active_at": int(container.last_active_at),
        "memory_limit": container.memory_limit,
        "name": container.name,
    }


def _file_shown(container: Container, file: ContainerFile) -> dict[str, Any]:
    return {
        "id": file.id,
        "object": "container.file",
        "created_at": file.created_at,
        "bytes": len(file.data),
        "container_id": container.id,
        "path": f"{FOLDER}{file.name}",
        "source": file.source,
    }


def _existing(state: OpenAIState, call: Call) -> Container:
    container = state.containers.get(call.params["container_id"], call.now.timestamp())
    if container is None:
        raise server_tools.no_such_container(call.params["container_id"])
    return container


def _file(container: Container, call: Call) -> ContainerFile:
    file = container.files.get(call.params["file_id"])
    if file is None:
        raise _no_such_file(call.params["file_id"], container)
    return file


def _no_such_file(file_id: str, container: Container) -> Refusal:
    return refusal(404, f"No file found with id '{file_id}' in container '{container.id}'.")


def _stored(state: OpenAIState, call: Call, file_id: str) -> StoredFile:
    file = state.files.get(file_id, int(call.now.timestamp()))
    if file is None:
        raise refusal(404, f"No such File object: {file_id}", param="file_id")
    return file


def _is_form(headers: Mapping[str, str], query: Mapping[str, list[str]]) -> bool:
    del query
    return headers.get("content-type", "").lower().startswith("multipart/")


_ONE = "/v1/containers/{container_id}"
_FILE = f"{_ONE}/files/{{file_id}}"
ROUTES = (
    Route("POST", "/v1/containers", "containers.create", create, "json"),
    Route("GET", "/v1/containers", "containers.list", list_containers),
    Route("GET", _ONE, "containers.get", get),
    Route("DELETE", _ONE, "containers.delete", delete),
    Route(
        "POST",
        f"{_ONE}/files",
        "containers.files.create",
        upload_file,
        "form",
        max_bytes=LARGEST_FILE + MEBIBYTE,
        accepts=_is_form,
    ),
    Route("POST", f"{_ONE}/files", "containers.files.create", copy_file, "json"),
    Route("GET", f"{_ONE}/files", "containers.files.list", list_files),
    Route("GET", _FILE, "containers.files.get", get_file),
    Route("GET", f"{_FILE}/content", "containers.files.content", file_content),
    Route("DELETE", _FILE, "containers.files.delete", delete_file),
)
