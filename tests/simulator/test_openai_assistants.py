"""OpenAI's assistants over HTTP: what is kept and shown, lists, limits, the beta header, the day of the switch-off."""

from __future__ import annotations

from typing import Any

import httpx
import openai
import pytest
from openai.types.beta import Assistant

from tests.simulator.openai_assistants import WEATHER, Desk, desk, refused

__all__ = ["desk"]


def test_only_a_model_is_enough(desk: Desk) -> None:
    one, other = desk.assistant(), desk.assistant()
    assert one.id.startswith("asst_")
    assert one.id != other.id
    assert (one.name, one.description, one.instructions, one.tools, one.metadata) == (None, None, None, [], {})
    assert (one.temperature, one.top_p, one.response_format, one.model) == (1.0, 1.0, "auto", "gpt-4o")
    assert one.created_at == 1787220000
    assert desk.tenant.inventory()["OpenAI"] == {"assistants": [one.id, other.id]}


def test_everything_comes_back(desk: Desk) -> None:
    told: dict[str, Any] = {
        "name": "Ümlaut",
        "description": "short",
        "instructions": "\n  first\nline 日本 ",
        "tools": [WEATHER, {"type": "code_interpreter"}],
        "temperature": 0.2,
        "top_p": 0.5,
        "metadata": {"run": "x"},
        "response_format": {"type": "json_object"},
    }
    other = desk.assistant(name="another")
    made = desk.assistant(**told)
    seen = desk.beta.assistants.retrieve(made.id).to_dict()
    assert seen == made.to_dict()
    assert {name: seen[name] for name in told if name != "tools"} == {k: v for k, v in told.items() if k != "tools"}
    assert seen["tools"][0]["function"] == {**WEATHER["function"], "strict": False}  # type: ignore[dict-item]
    assert seen["tool_resources"] == {"code_interpreter": {"file_ids": []}}
    assert desk.beta.assistants.retrieve(other.id).name == "another"
    Assistant.model_validate(seen)


def test_a_change_changes_what_it_names(desk: Desk) -> None:
    made = desk.assistant(name="kept", instructions="old", tools=[{"type": "code_interpreter"}])
    changed = desk.beta.assistants.update(made.id, instructions="new")
    again = desk.beta.assistants.update(made.id, instructions="newer", metadata={"a": "b"})
    assert changed.instructions == "new"
    seen = desk.beta.assistants.retrieve(made.id)
    assert seen.to_dict() == again.to_dict()
    assert (seen.name, seen.instructions, seen.model, len(seen.tools)) == ("kept", "newer", "gpt-4o", 1)


def test_a_refused_change_changes_nothing(desk: Desk) -> None:
    made = desk.assistant(name="kept", instructions="old")
    with pytest.raises(openai.BadRequestError):
        desk.beta.assistants.update(made.id, name="lost", instructions="i" * 256_001)
    assert desk.beta.assistants.retrieve(made.id).to_dict() == made.to_dict()


def test_deleting_is_for_good_and_leaves_threads(desk: Desk) -> None:
    made, thread = desk.assistant(), desk.thread("kept")
    gone = desk.beta.assistants.delete(made.id)
    assert (gone.id, gone.object, gone.deleted) == (made.id, "assistant.deleted", True)
    words = f"No assistant found with id '{made.id}'."
    refused(lambda: desk.beta.assistants.retrieve(made.id), 404, words)
    refused(lambda: desk.beta.assistants.delete(made.id), 404, words)
    refused(lambda: desk.beta.assistants.update(made.id, name="x"), 404, words)
    refused(lambda: desk.runs.create(thread.id, assistant_id=made.id), 404, words)
    assert list(desk.beta.assistants.list()) == []
    assert desk.texts(thread.id) == ["kept"]


def test_a_list_goes_both_ways_page_by_page(desk: Desk) -> None:
    made = []
    for number in range(3):
        made.append(desk.assistant(name=str(number)).id)
        desk.tenant.advance(1)
    gone = desk.assistant()
    desk.beta.assistants.delete(gone.id)
    assert [one.id for one in desk.beta.assistants.list()] == made[::-1]
    assert [one.id for one in desk.beta.assistants.list(order="asc")] == made
    first = desk.beta.assistants.list(limit=2)
    assert ([one.id for one in first.data], first.has_more) == (made[:0:-1], True)
    rest = desk.beta.assistants.list(limit=2, after=first.data[-1].id)
    assert ([one.id for one in rest.data], rest.has_more) == ([made[0]], False)
    before = desk.beta.assistants.list(before=made[1])
    assert [one.id for one in before.data] == [made[2]]


@pytest.mark.parametrize("limit", [0, 101])
def test_a_page_has_a_size(desk: Desk, limit: int) -> None:
    with pytest.raises(openai.BadRequestError, match="Invalid 'limit': integer"):
        desk.beta.assistants.list(limit=limit)


PAIRS = {str(number): "v" for number in range(17)}
TOO_MUCH: dict[str, tuple[dict[str, Any], str, str | None]] = {
    "instructions": (
        {"instructions": "i" * 256_001},
        "Invalid 'instructions': string too long. Expected a string with maximum length 256000, but got a string with length "
        "256001 instead.",
        "string_above_max_length",
    ),
    "tools": (
        {"tools": [{"type": "function", "function": {"name": f"f{number}"}} for number in range(129)]},
        "Invalid 'tools': array too long. Expected an array with maximum length 128, but got an array with length 129 instead.",
        "array_above_max_length",
    ),
    "metadata": (
        {"metadata": PAIRS},
        "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, but got an object with 17 "
        "properties instead.",
        "object_above_max_properties",
    ),
    "a value that is no text": (
        {"metadata": {"modified": True}},
        "Invalid type for 'metadata.modified': expected a string, but got a boolean instead.",
        "invalid_type",
    ),
    "a schema": (
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": 5}}}]},
        "Invalid schema for function 'f': In context=('properties',), 5 is not of type 'object'.",
        "invalid_function_parameters",
    ),
    "a model": ({"model": "gpt-9-x"}, "The requested model 'gpt-9-x' does not exist.", "model_not_found"),
    "no chat model": (
        {"model": "text-embedding-3-small"},
        "The requested model 'text-embedding-3-small' cannot be used with the Assistants API.",
        "unsupported_model",
    ),
    "a tool": (
        {"tools": [{"type": "retrieval"}]},
        "Invalid value: 'retrieval'. Supported values are: 'code_interpreter', 'file_search', and 'function'.",
        "invalid_value",
    ),
    "a file": (
        {"tool_resources": {"code_interpreter": {"file_ids": ["file-none"]}}},
        "No file found with id 'file-none'.",
        None,
    ),
    "a store": (
        {"tool_resources": {"file_search": {"vector_store_ids": ["vs_none"]}}},
        "Vector store with id 'vs_none' not found.",
        None,
    ),
}


@pytest.mark.parametrize(("body", "message", "code"), TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_too_much_is_refused_in_words(desk: Desk, body: dict[str, Any], message: str, code: str | None) -> None:
    refused(lambda: desk.assistant(**body), 404 if "found" in message else 400, message, code)
    assert "OpenAI" not in desk.tenant.inventory()


def test_just_enough_is_taken(desk: Desk) -> None:
    tools = [{"type": "function", "function": {"name": f"f{number}"}} for number in range(128)]
    pairs = {f"{number:064}": "v" * 512 for number in range(16)}
    made = desk.assistant(instructions="i" * 256_000, tools=tools, metadata=pairs, name="n" * 256)
    assert (len(made.tools), made.metadata) == (128, pairs)


def test_a_store_is_made_with_its_files(desk: Desk) -> None:
    file_id = desk.upload("notes.txt", "Notes.")
    made = desk.assistant(
        tools=[{"type": "file_search"}], tool_resources={"file_search": {"vector_stores": [{"file_ids": [file_id]}]}}
    )
    (store_id,) = made.tool_resources.file_search.vector_store_ids  # type: ignore[union-attr, misc]
    assert [file.id for file in desk.sdk.vector_stores.files.list(store_id)] == [file_id]
    assert desk.sdk.vector_stores.retrieve(store_id).expires_after is None
    told = made.to_dict()["tools"][0]["file_search"]["ranking_options"]  # type: ignore[index]
    assert told == {"ranker": "default_2024_08_21", "score_threshold": 0.0, "hybrid_search": None}


PATHS = (
    ("GET", "/v1/assistants"), ("POST", "/v1/assistants"), ("GET", "/v1/assistants/asst_1"), ("POST", "/v1/threads"),
    ("GET", "/v1/threads/thread_1"), ("GET", "/v1/threads/thread_1/messages"), ("POST", "/v1/threads/thread_1/messages"),
    ("POST", "/v1/threads/runs"), ("GET", "/v1/threads/thread_1/runs/run_1/steps"),
    ("POST", "/v1/threads/thread_1/runs/run_1/submit_tool_outputs"),
)  # fmt: skip


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_the_beta_header_is_asked_for(desk: Desk, method: str, path: str) -> None:
    with desk.tenant.client("OpenAI") as http:
        for headers in ({}, {"OpenAI-Beta": "assistants=v1"}):
            answer = http.request(method, path, headers=headers, json={"model": "gpt-4o"} if method == "POST" else None)
            error = answer.json()["error"]
            assert (answer.status_code, error["code"]) == (400, "invalid_beta")
            assert error["message"].startswith(
                "You must provide the 'OpenAI-Beta' header to access the Assistants API."
            )


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_nothing_answers_after_the_switch_off(desk: Desk, method: str, path: str) -> None:
    made = desk.assistant()
    desk.tenant.advance(6 * 86_400 - 36_000 - 1)
    assert desk.beta.assistants.retrieve(made.id).id == made.id
    desk.tenant.advance(1)  # 2026-08-26
    with desk.tenant.client("OpenAI") as http:
        body = {"model": "gpt-4o"} if method == "POST" else None
        answer = http.request(method, path, headers={"OpenAI-Beta": "assistants=v2"}, json=body)
        assert answer.status_code == 404
        assert answer.json()["error"]["message"] == f"Invalid URL ({method} {path})"
        assert http.get("/v1/vector_stores", headers={"OpenAI-Beta": "assistants=v2"}).status_code == 200
        assert http.get("/v1/files").status_code == 200
    assert "OpenAI" not in desk.tenant.inventory()


def test_the_keys_stand_as_recorded(desk: Desk) -> None:
    with desk.tenant.client("OpenAI") as http:
        answer: httpx.Response = http.post(
            "/v1/assistants", headers={"OpenAI-Beta": "assistants=v2"}, json={"model": "gpt-4o"}
        )
    assert list(answer.json()) == [
        "id", "object", "created_at", "name", "description", "model", "instructions", "tools", "top_p", "temperature",
        "reasoning_effort", "tool_resources", "metadata", "response_format",
    ]  # fmt: skip
    assert answer.headers["openai-version"] == "2020-10-01"
