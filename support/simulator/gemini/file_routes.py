"""The routes of stored files: list, get, delete, download (provider-facts 2.3; recordings: gemini files)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.simulator.batching import unhurried
from support.simulator.gemini import batch_results, queries
from support.simulator.gemini.errors import file_not_accessible, invalid, status, wants_oauth
from support.simulator.gemini.files import StoredFile, record
from support.simulator.wire import Answer, Call, Route

if TYPE_CHECKING:
    from support.simulator.gemini.state import GeminiState


def _list(state: GeminiState, call: Call) -> Answer:
    batch_results.settle(state, call.now)
    files, answer = queries.page(
        call, "ListFilesRequest", state.files.all(call.now), "files", lambda file: file.number, default=10, most=100
    )
    if files:
        answer = {"files": [record(file, call.now, call.base_url) for file in files], **answer}
    return Answer(200, answer)


def _get(state: GeminiState, call: Call) -> Answer:
    queries.known(call)
    return Answer(200, record(_file(state, call), call.now, call.base_url))


def _delete(state: GeminiState, call: Call) -> Answer:
    queries.known(call)
    state.files.delete(_file(state, call))
    return Answer(200, {})


def _download(state: GeminiState, call: Call) -> Answer:
    """Where the bytes of a generated file are; an upload's are nowhere (words of the refusal unverified)."""
    queries.known(call)
    file = _generated(state, call)
    answer = status(302, "Unknown Error.")
    answer.headers["location"] = f"{call.base_url}/download/v1beta/{file.name}:download?alt=media"
    return answer


def _media(state: GeminiState, call: Call) -> Answer:
    file = _generated(state, call)
    headers = {"content-type": file.mime_type}
    if file.made is not None:
        return Answer(200, None, headers, events=unhurried(file.made.lines()))
    return Answer(200, file.data, headers)


def _register(state: GeminiState, call: Call) -> Answer:
    """Files of Google Cloud Storage take OAuth (unverified)."""
    raise wants_oauth()


def _file(state: GeminiState, call: Call) -> StoredFile:
    file_id = call.params["file"]
    batch_results.settle(state, call.now)  # a batch that has ended may have left it
    file = state.files.find(file_id, call.now)
    if file is None:
        raise file_not_accessible(file_id)
    return file


def _generated(state: GeminiState, call: Call) -> StoredFile:
    file = _file(state, call)
    if file.source != "GENERATED":
        raise invalid(f"Only generated files can be downloaded; {file.name} was uploaded.")
    return file


def routes(version: str) -> list[Route]:
    """`/VERSION/files` and, for the bytes, `/download/VERSION/files`."""
    one = f"/{version}/files/{{file}}"
    return [
        Route("GET", f"/{version}/files", "files.list", _list),
        Route("POST", f"/{version}/files:register", "files.register", _register, "json"),
        Route("GET", one, "files.get", _get),
        Route("DELETE", one, "files.delete", _delete),
        Route("GET", f"{one}:download", "files.content", _download),
        Route("GET", f"/download/{version}/files/{{file}}:download", "files.media", _media),
    ]
