"""Requests to the Assistants API with any one value put wrong: each is taken or refused in the provider's envelope, never a 500."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.simulator.openai_assistants import WEATHER, Desk, desk

__all__ = ["desk"]

HEADERS = {"OpenAI-Beta": "assistants=v2"}
WRONG: tuple[Any, ...] = (
    None, True, -1, 10**30, "", "x", "\0" * 600, [], [None], ["x"], [{}], {}, {"type": "x"}, {"type": 5},
)  # fmt: skip
SCHEMA = {
    "type": "json_schema",
    "json_schema": {"name": "n", "schema": {"type": "object", "properties": {"a": {"type": "string"}}}},
}
SEARCH = {"type": "file_search", "file_search": {"max_num_results": 2, "ranking_options": {"score_threshold": 0.5}}}
SETTINGS: dict[str, Any] = {
    "model": "gpt-4o",
    "instructions": "i",
    "tools": [WEATHER, SEARCH, {"type": "code_interpreter"}],
    "temperature": 1,
    "top_p": 1,
    "reasoning_effort": "low",
    "response_format": SCHEMA,
    "metadata": {"k": "v"},
}
STORE = {"chunking_strategy": {"type": "static", "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}}}
RESOURCES = {
    "code_interpreter": {"file_ids": []},
    "file_search": {"vector_stores": [{"file_ids": [], "metadata": {"k": "v"}, **STORE}]},
}
MESSAGE: dict[str, Any] = {
    "role": "user",
    "content": [
        {"type": "text", "text": "t"},
        {"type": "image_url", "image_url": {"url": "https://a.com", "detail": "low"}},
    ],
    "attachments": [],
    "metadata": {"k": "v"},
}
THREAD: dict[str, Any] = {"messages": [MESSAGE], "tool_resources": RESOURCES, "metadata": {"k": "v"}}
RUN: dict[str, Any] = {
    **SETTINGS,
    "max_prompt_tokens": 1000,
    "max_completion_tokens": 1000,
    "truncation_strategy": {"type": "last_messages", "last_messages": 2},
    "tool_choice": {"type": "function", "function": {"name": "get_weather"}},
    "parallel_tool_calls": True,
    "stream": False,
}


def spoilt(body: Any) -> Iterator[Any]:
    """The body with each of its values, one at a time, replaced by everything that it may not be; and with one too many."""
    for path in paths(body):
        for wrong in WRONG:
            yield with_value(body, path, wrong)
    yield {**body, "zz": 1}


def paths(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield (*at, key)
        yield from paths(one, (*at, key))


def with_value(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(body)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return changed


def check(answer: httpx.Response, body: Any) -> None:
    if answer.status_code == 200:
        return
    assert answer.status_code in (400, 404), (answer.status_code, answer.text, body)
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    "thing", ["assistants.create", "assistants.update", "threads.create", "threads.update", "messages.create"]
)
def test_what_is_kept(desk: Desk, thing: str) -> None:
    assistant, thread = desk.assistant(), desk.thread("x")
    assistant_body = {**SETTINGS, "name": "n", "description": "d", "tool_resources": RESOURCES}
    path, body = {
        "assistants.create": ("/v1/assistants", assistant_body),
        "assistants.update": (f"/v1/assistants/{assistant.id}", assistant_body),
        "threads.create": ("/v1/threads", THREAD),
        "threads.update": (f"/v1/threads/{thread.id}", {"tool_resources": RESOURCES, "metadata": {"k": "v"}}),
        "messages.create": (f"/v1/threads/{thread.id}/messages", MESSAGE),
    }[thing]
    with desk.tenant.client("OpenAI") as http:
        assert http.post(path, headers=HEADERS, json=body).status_code == 200
        for wrong in spoilt(body):
            check(
                http.post(path, headers={**HEADERS, "content-type": "application/json"}, content=json.dumps(wrong)),
                wrong,
            )
        assert http.get("/v1/assistants", headers=HEADERS).status_code == 200
        assert http.get(f"/v1/threads/{thread.id}/messages", headers=HEADERS).status_code == 200


@pytest.mark.parametrize(("streamed", "with_thread"), [(False, False), (True, True)])
def test_runs(desk: Desk, streamed: bool, with_thread: bool) -> None:
    assistant = desk.assistant()
    body = {**RUN, "assistant_id": assistant.id, "stream": streamed}
    body |= {"thread": THREAD, "tool_resources": RESOURCES} if with_thread else {"additional_messages": [MESSAGE]}
    with desk.tenant.client("OpenAI") as http:
        for wrong in (body, *spoilt(body)):
            path = "/v1/threads/runs" if with_thread else f"/v1/threads/{desk_thread(http)}/runs"
            typed = {**HEADERS, "content-type": "application/json"}
            answer = http.post(path, headers=typed, content=json.dumps(wrong))
            check(answer, wrong)
            if answer.status_code == 200 and answer.headers["content-type"] == "application/json":
                made = answer.json()
                desk.tenant.advance(10)
                seen = http.get(f"/v1/threads/{made['thread_id']}/runs/{made['id']}", headers=HEADERS)
                assert seen.status_code == 200, (seen.text, wrong)
                assert seen.json()["status"] in ("requires_action", "completed", "incomplete"), (seen.text, wrong)


def desk_thread(http: httpx.Client) -> str:
    return str(
        http.post("/v1/threads", headers=HEADERS, json={"messages": [{"role": "user", "content": "hello"}]}).json()[
            "id"
        ]
    )


def test_tool_outputs(desk: Desk) -> None:
    run = desk.run("What is the weather in Rome?", on={"tools": [WEATHER]})
    (call,) = desk.after(10, run).required_action.submit_tool_outputs.tool_calls  # type: ignore[union-attr]
    good = {"tool_outputs": [{"tool_call_id": call.id, "output": "sun"}], "stream": False}
    path = f"/v1/threads/{run.thread_id}/runs/{run.id}/submit_tool_outputs"
    with desk.tenant.client("OpenAI") as http:
        for wrong in spoilt(good):
            typed = {**HEADERS, "content-type": "application/json"}
            check(http.post(path, headers=typed, content=json.dumps(wrong)), wrong)
            if desk.look(run).status != "requires_action":  # a null is nothing, and so may an output be
                desk.tenant.advance(10)
                run = desk.run("What is the weather in Rome?", on={"tools": [WEATHER]})
                (call,) = desk.after(10, run).required_action.submit_tool_outputs.tool_calls  # type: ignore[union-attr]
                path = f"/v1/threads/{run.thread_id}/runs/{run.id}/submit_tool_outputs"


@pytest.mark.parametrize(
    "query", ["limit=x", "limit=-1", "order=up", "after=x", "before=%00", "include[]=x", "run_id=", "%zz=&&"]
)
def test_queries(desk: Desk, query: str) -> None:
    run = desk.run("hello")
    desk.done(run)
    with desk.tenant.client("OpenAI") as http:
        thread = f"threads/{run.thread_id}"
        for path in ("assistants", f"{thread}/messages", f"{thread}/runs", f"{thread}/runs/{run.id}/steps"):
            check(http.get(f"/v1/{path}?{query}", headers=HEADERS), (path, query))
