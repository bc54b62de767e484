"""OpenAI's answers held against its published description: the kinds that the recordings have, and those that they do not."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.fidelity import streams
from tests.fidelity.account import Account, opened
from tests.fidelity.description import DESCRIPTION, Description
from tests.fidelity.recordings import ABSENT
from tests.fidelity.requests import Request, form_of
from tests.fidelity.standing import store

pytestmark = pytest.mark.skipif(not DESCRIPTION.is_file(), reason=ABSENT)

MODEL = "gpt-4.1-mini"
TOOL = {
    "type": "function",
    "function": {"name": "look_up", "parameters": {"type": "object", "properties": {"word": {"type": "string"}}}},
}
SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "answer",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"word": {"type": "string"}},
            "required": ["word"],
            "additionalProperties": False,
        },
    },
}
CHATS: dict[str, dict[str, Any]] = {
    "plain": {},
    "two choices": {"n": 2},
    "cut short": {"max_completion_tokens": 1},
    "logprobs": {"logprobs": True, "top_logprobs": 2},
    "a tool": {"tools": [TOOL], "tool_choice": "required"},
    "a schema": {"response_format": SCHEMA},
}


@pytest.fixture(scope="module")
def description() -> Description:
    return Description()


@pytest.fixture
def account(plane: httpx.Client) -> Any:
    with opened(plane, "description") as account:
        yield account


def send(account: Account, method: str, path: str, body: Any = None, query: str = "") -> httpx.Response:
    content = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"} if content else {}
    return account.send("OpenAI", Request(method, path, query, headers, content))


def chat(account: Account, **wanted: Any) -> httpx.Response:
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Tell me about lighthouses."}], **wanted}
    answer = send(account, "POST", "/v1/chat/completions", body)
    assert answer.is_success, answer.text
    return answer


def check(description: Description, answer: httpx.Response) -> None:
    assert answer.is_success, answer.text
    request, kind = answer.request, answer.headers["content-type"]
    if kind.startswith("text/event-stream"):
        for event in streams.read(answer.text).events:
            assert description.faults(request.method, request.url.path, kind, event.data) == []
    else:
        assert description.faults(request.method, request.url.path, kind, answer.json()) == []


@pytest.mark.parametrize("purpose", ["assistants", "batch", "fine-tune", "vision", "user_data"])
def test_a_file_is_as_described(account: Account, description: Description, purpose: str) -> None:
    form = [*form_of("OpenAI", {"purpose": purpose, "filename": "lines.jsonl"})]
    form += [("expires_after[anchor]", (None, b"created_at")), ("expires_after[seconds]", (None, b"3600"))]
    made = account.send("OpenAI", Request("POST", "/v1/files", "", form=form))
    check(description, made)
    check(description, send(account, "GET", f"/v1/files/{made.json()['id']}"))
    check(description, send(account, "DELETE", f"/v1/files/{made.json()['id']}"))


@pytest.mark.parametrize("query", ["", "limit=1", "order=asc", "purpose=batch", "purpose=vision"])
def test_a_list_of_files_is_as_described(account: Account, description: Description, query: str) -> None:
    for purpose in ("user_data", "batch"):
        store(account, "OpenAI", {"purpose": purpose, "filename": "lines.jsonl"})
    check(description, send(account, "GET", "/v1/files", query=query))


@pytest.mark.parametrize("path", ["/v1/models", f"/v1/models/{MODEL}"])
def test_a_model_is_as_described(account: Account, description: Description, path: str) -> None:
    check(description, send(account, "GET", path))


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", CHATS)
def test_a_chat_is_as_described(account: Account, description: Description, name: str, stream: bool) -> None:
    options = {"stream": True, "stream_options": {"include_usage": True}} if stream else {}
    check(description, chat(account, **CHATS[name], **options))


RESPONSES: dict[str, dict[str, Any]] = {
    "plain": {},
    "cut short": {"max_output_tokens": 16, "input": "Write 200 words about the sea."},
    "reasoning": {"model": "gpt-5", "reasoning": {"summary": "auto"}},
    "a tool": {"tools": [{"type": "function", **TOOL["function"]}], "tool_choice": "required"},
    "a program": {
        "input": "What is 10!?",
        "tools": [{"type": "code_interpreter", "container": {"type": "auto"}}],
        "include": ["code_interpreter_call.outputs"],
    },
    "a schema": {"text": {"format": {"type": "json_schema", **SCHEMA["json_schema"]}}},
}


@pytest.mark.parametrize("name", RESPONSES)
def test_a_response_is_as_described(account: Account, description: Description, name: str) -> None:
    body = {"model": MODEL, "input": "Tell me about lighthouses.", **RESPONSES[name]}
    made = send(account, "POST", "/v1/responses", body)
    check(description, made)
    path = f"/v1/responses/{made.json()['id']}"
    check(description, send(account, "GET", path))
    check(description, send(account, "GET", f"{path}/input_items"))


@pytest.mark.parametrize("name", RESPONSES)
def test_the_events_of_a_response_are_as_described(account: Account, description: Description, name: str) -> None:
    """All but two kinds. In the first two events `usage` is null in every recording, and arguments that are done have no name there."""
    body = {"model": MODEL, "input": "Tell me about lighthouses.", **RESPONSES[name], "stream": True}
    answer = send(account, "POST", "/v1/responses", body)
    kind = answer.headers["content-type"]
    found = streams.read(answer.text).events
    assert [event.label for event in found[:2]] == ["response.created", "response.in_progress"]
    for event in found[2:]:
        if event.label != "response.function_call_arguments.done":
            assert description.faults("POST", "/v1/responses", kind, event.data) == []


def test_a_conversation_is_as_described(account: Account, description: Description) -> None:
    said = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good morning"}]
    made = send(account, "POST", "/v1/conversations", {"items": said, "metadata": {"topic": "trees"}})
    check(description, made)
    path = f"/v1/conversations/{made.json()['id']}"
    check(description, send(account, "GET", path))
    check(description, send(account, "POST", path, {"metadata": {}}))
    check(description, send(account, "POST", f"{path}/items", {"items": said}))
    listed = send(account, "GET", f"{path}/items", query="limit=1")
    check(description, listed)
    item = f"{path}/items/{listed.json()['last_id']}"
    check(description, send(account, "GET", item))
    check(description, send(account, "DELETE", item))
    check(description, send(account, "DELETE", path))


def test_a_container_is_as_described(account: Account, description: Description) -> None:
    made = send(account, "POST", "/v1/containers", {"name": "workshop"})
    check(description, made)
    path = f"/v1/containers/{made.json()['id']}"
    check(description, send(account, "GET", path))
    check(description, send(account, "GET", "/v1/containers"))
    check(description, send(account, "GET", f"{path}/files"))


def test_a_count_is_as_described(account: Account, description: Description) -> None:
    body = {"model": MODEL, "input": [{"role": "user", "content": "How long is this?"}], "instructions": "Be brief."}
    check(description, send(account, "POST", "/v1/responses/input_tokens", body))


@pytest.mark.parametrize(
    "wanted", [{}, {"encoding_format": "float", "dimensions": 8}, {"input": ["a", "b"]}, {"input": [[7, 8]]}]
)
def test_embeddings_are_as_described(account: Account, description: Description, wanted: dict[str, Any]) -> None:
    body = {"model": "text-embedding-3-small", "input": "How long is this?", "encoding_format": "float", **wanted}
    check(description, send(account, "POST", "/v1/embeddings", body))


def test_a_vector_store_is_as_described(account: Account, description: Description) -> None:
    check(description, send(account, "GET", "/v1/vector_stores"))
    expiry = {"anchor": "last_active_at", "days": 7}
    for body in ({}, {"name": "a", "description": "b", "metadata": {"k": "v"}, "expires_after": expiry}):
        made = send(account, "POST", "/v1/vector_stores", body)
        check(description, made)
    path = f"/v1/vector_stores/{made.json()['id']}"
    check(description, send(account, "GET", path))
    check(description, send(account, "POST", path, {"name": "c"}))
    check(description, send(account, "GET", "/v1/vector_stores", query="limit=1&order=asc"))
    check(description, send(account, "DELETE", path))


def test_files_in_a_vector_store_and_their_search_are_as_described(account: Account, description: Description) -> None:
    names = ("a.txt", "b.xyz", "c.md")
    files = [store(account, "OpenAI", {"purpose": "assistants", "filename": name}) for name in names]
    path = f"/v1/vector_stores/{send(account, 'POST', '/v1/vector_stores', {}).json()['id']}"
    check(description, send(account, "GET", f"{path}/files"))
    attributes = {"word": "a", "number": 1.5, "yes": True}
    check(description, send(account, "POST", f"{path}/files", {"file_id": files[0], "attributes": attributes}))
    batch = send(account, "POST", f"{path}/file_batches", {"file_ids": files[1:]})
    check(description, batch)
    account.http.post(f"/_simulator/tenants/{account.id}/clock", json={"advance": 60}).raise_for_status()
    listed = send(account, "GET", f"{path}/files")
    assert {item["status"] for item in listed.json()["data"]} == {"completed", "failed"}
    check(description, listed)
    check(description, send(account, "GET", f"{path}/files/{files[1]}"))
    check(description, send(account, "GET", f"{path}/files/{files[0]}/content"))
    check(description, send(account, "POST", f"{path}/files/{files[0]}", {"attributes": {"word": "b"}}))
    for tail in ("", "/files"):
        check(description, send(account, "GET", f"{path}/file_batches/{batch.json()['id']}{tail}"))
    check(description, send(account, "POST", f"{path}/file_batches/{batch.json()['id']}/cancel"))
    for query in ("a line of text", ["a line", "of text"]):
        found = send(account, "POST", f"{path}/search", {"query": query})
        assert len(found.json()["data"]) == 2
        check(description, found)
    check(description, send(account, "DELETE", f"{path}/files/{files[0]}"))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/models/nobody", None),
        ("POST", "/v1/chat/completions", {"model": MODEL}),
        ("POST", "/v1/chat/completions", {"model": "nobody", "messages": []}),
        ("POST", "/v1/responses/input_tokens", {"model": MODEL, "input": "x", "colour": "red"}),
        ("POST", "/v1/responses", {"model": "nobody", "input": "x"}),
        ("GET", "/v1/responses/resp_none", None),
        ("GET", "/v1/conversations/conv_none", None),
        ("POST", "/v1/embeddings", {"model": MODEL, "input": "x"}),
        ("POST", "/v1/vector_stores", {"expires_after": {"anchor": "last_active_at", "days": 0}}),
        ("POST", "/v1/vector_stores/vs_none/search", {"query": "x"}),
        ("GET", "/v1/nowhere", None),
    ],
)
def test_a_refusal_is_as_described(
    account: Account, description: Description, method: str, path: str, body: Any
) -> None:
    answer = send(account, method, path, body)
    assert answer.is_client_error
    assert description.refusal_faults(answer.json()) == []


def test_the_check_notices(description: Description) -> None:
    """A wrong type, an undescribed key and a missing one are each told."""
    good = {"id": "file-a", "deleted": True, "object": "file"}
    kind = "application/json"
    assert description.faults("DELETE", "/v1/files/file-a", kind, good) == []
    for bad in ({**good, "deleted": "yes"}, {**good, "colour": "red"}, {"id": "file-a", "object": "file"}):
        assert len(description.faults("DELETE", "/v1/files/file-a", kind, bad)) == 1
