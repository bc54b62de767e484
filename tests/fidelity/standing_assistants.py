"""What must stand at the simulator before recorded requests to the Assistants API make sense: what the recorder had made before.

Every id that a request names is made again as its session made it, with whatever that named in turn. What the recorder's model chose to
do, calling a tool, ours is told to do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.fidelity.account import Account, json_of
from tests.fidelity.recordings import Recorded, session_of
from tests.fidelity.requests import Request
from tests.fidelity.standing import renamed

_ID = re.compile(r"\b(?:asst|thread|msg|run|step|call)_\w{16,}|\bfile-\w{16,}|\bvs_\w{16,}")
_HEADERS = {"content-type": "application/json", "openai-beta": "assistants=v2"}
_CALLED = re.compile(r'"type": ?"tool_calls"|requires_action')
_FOODS = b"""The favorite food of several people:
- Summanus Ferdinand: the favorite food is tacos.
- Tekakwitha Effie: the favorite food is pizza.
- Filip Carola: Filip's favorite food is cake.
"""
_PATIENCE = 40
"""Half seconds on the account's clock in which a run comes to the state that was recorded."""


def everything(account: Account, one: Recorded, request: Request) -> Request:
    """All that the request names, and of lists what they show."""
    again = _Again(account, one)
    if one.family == "assistants-list":
        if one.body["has_more"]:
            again.assistant(
                {"id": "older", **dict.fromkeys(("name", "metadata", "instructions")), "model": "gpt-4o", "tools": []}
            )
        for known in reversed(one.body["data"]):
            again.assistant(known)
    if one.method == "POST" and one.path.endswith(("/runs", "/submit_tool_outputs")) and one.request_body:
        request = again.forced(request)
    for recorded_id in _ID.findall(f"{one.path}?{one.query} {json.dumps(one.request_body)}"):
        again.ours(recorded_id)
    if one.path.endswith("/runs") and one.method == "POST":
        again.messages_before(one.path, one.body if isinstance(one.body, dict) else _first_run(one.body))
    if one.family in ("runs-get", "runs-list", "run-steps-list", "run-steps-get", "messages-list"):
        again.let_work()
    return renamed(request, again.names)


class _Again:
    """Makes again what a session made, each thing once."""

    def __init__(self, account: Account, one: Recorded) -> None:
        self.names: dict[str, str] = {}
        self._account = account
        self._one = one
        self._session = list(session_of(one))
        self._runs: dict[str, str] = {}
        """Our runs' paths by their recorded ids."""

    def ours(self, recorded_id: str) -> str:
        if recorded_id not in self.names:
            self._make(recorded_id)
        return self.names.get(recorded_id, recorded_id)

    def assistant(self, like: dict[str, Any]) -> None:
        """One that a list shows."""
        body = {key: like[key] for key in ("name", "model", "metadata", "tools", "instructions") if like[key]}
        if any(tool["type"] == "file_search" for tool in like["tools"]) and like["tool_resources"]:
            body["tool_resources"] = {"file_search": {"vector_stores": [{}]}}
        self.names[like["id"]] = self._post("/v1/assistants", body)["id"]

    def _make(self, recorded_id: str) -> None:
        kind = recorded_id.partition("-")[0] if recorded_id.startswith("file-") else recorded_id.partition("_")[0]
        if kind == "file":
            form: list[tuple[str, Any]] = [("file", ("favorite_foods.txt", _FOODS)), ("purpose", (None, b"assistants"))]
            made = json_of(self._account.send("OpenAI", Request("POST", "/v1/files", "", form=form)))
            self.names[recorded_id] = made["id"]
        elif kind == "step":
            self._make_step(recorded_id)
        elif kind == "call":
            self._make_calls(recorded_id)
        elif kind == "msg":
            self._make_message(recorded_id)
        elif (maker := self._maker(recorded_id)) is not None:
            self._send_again(maker)
        elif kind == "vs":
            self.names[recorded_id] = self._post("/v1/vector_stores", {})["id"]
        elif kind == "thread":
            self.names[recorded_id] = self._post("/v1/threads", {})["id"]
        elif kind == "asst":
            self.names[recorded_id] = self._post("/v1/assistants", self._as_a_run_shows(recorded_id))["id"]
        else:
            raise AssertionError(f"nothing in the session made {recorded_id}")

    def _as_a_run_shows(self, assistant_id: str) -> dict[str, Any]:
        """An assistant of which the recordings have only what a run took from it."""
        for other in self._session:
            run = other.body if isinstance(other.body, dict) else None
            if run is None and "event: thread.run.created" in str(other.body):
                run = _first_run(str(other.body))
            if run and run.get("assistant_id") == assistant_id and run.get("object") == "thread.run":
                return {key: run[key] for key in ("model", "instructions", "tools") if run[key]}
        return {"model": "gpt-4o"}

    def messages_before(self, path: str, run: dict[str, Any]) -> None:
        """What was put into the thread of this path before the run was made."""
        for other in self._session:
            into = f"{path.removesuffix('/runs')}/messages"
            if other.method == "POST" and other.path == into and other.body["created_at"] <= run["created_at"]:
                self.ours(other.body["id"])

    def _maker(self, recorded_id: str) -> Recorded | None:
        """The request that made it: the first POST to a collection whose answer names it, and that did not name it itself."""
        for other in self._session:
            collection = re.fullmatch(
                r"/v1/(assistants|threads|threads/runs|threads/thread_\w+/(runs|messages))", other.path
            )
            if other.method != "POST" or collection is None or other.refused or other is self._one:
                continue
            asked = other.path + json.dumps(other.request_body)
            if recorded_id in json.dumps(other.body) and recorded_id not in asked:
                return other
        return None

    def _send_again(self, maker: Recorded) -> None:
        text = json.dumps(maker.request_body or {})
        for recorded_id in _ID.findall(maker.path + text):
            self.ours(recorded_id)
        body = json.loads(self._renamed(text))
        answer = maker.body if isinstance(maker.body, dict) else None
        if body.pop("stream", False) or answer is None:
            answer = _first_run(str(maker.body))
        if maker.path.endswith("/runs") and answer["id"].startswith("run_"):
            self.messages_before(maker.path, answer)
            body["tool_choice"] = self._wanted(answer["id"])
        made = self._post(self._renamed(maker.path), body)
        self.names[answer["id"]] = made["id"]
        if "thread_id" in answer:
            self.names.setdefault(answer["thread_id"], made["thread_id"])
        for recorded_store, our_store in zip(_stores(answer), _stores(made), strict=True):
            self.names[recorded_store] = our_store
        if answer["id"].startswith("run_"):
            self._runs[answer["id"]] = f"/v1/threads/{made['thread_id']}/runs/{made['id']}"

    def _wanted(self, run_id: str) -> str:
        """Whether our model must call a tool, because the recorder's did."""
        told = (json.dumps(other.body) for other in self._session)
        return "required" if any(run_id in text and _CALLED.search(text.replace("\\", "")) for text in told) else "auto"

    def forced(self, request: Request) -> Request:
        """The request, with a tool demanded where the recorder's model called one."""
        called = _CALLED.search(json.dumps(self._one.body).replace("\\", ""))
        if called is None or not self._one.path.endswith("/runs") or request.content is None:
            return request
        body = {**json.loads(request.content), "tool_choice": "required"}
        request.content = json.dumps(body).encode()
        return request

    def _make_calls(self, recorded_call: str) -> None:
        """The calls that a run waits with, in their order."""
        for other in self._session:
            required = _required(other)
            if recorded_call not in required:
                continue
            run_id = re.findall(r"run_\w{16,}", other.path + json.dumps(other.body))[-1]
            self.ours(run_id)
            shown = self._until(self._runs[run_id], "requires_action")
            ours = [call["id"] for call in shown["required_action"]["submit_tool_outputs"]["tool_calls"]]
            self.names.update(zip(required, ours, strict=False))
            return
        raise AssertionError(f"no run in the session waited with {recorded_call}")

    def _make_step(self, recorded_step: str) -> None:
        run_id = re.findall(r"run_\w{16,}", self._one.path)[0]
        self.ours(run_id)
        self._until(self._runs[run_id], "completed")
        steps = json_of(self._get(f"{self._runs[run_id]}/steps"))["data"]
        is_cursor = f"after={recorded_step}" in self._one.query
        self.names[recorded_step] = steps[0 if is_cursor else -1]["id"]

    def _make_message(self, recorded_message: str) -> None:
        maker = self._maker(recorded_message)
        if maker is not None and maker.path.endswith("/messages"):
            self._send_again(maker)
            return
        thread = self.ours(re.findall(r"thread_\w{16,}", self._one.path)[0])
        made = self._post(f"/v1/threads/{thread}/messages", {"role": "user", "content": "Hello, world!"})
        self.names[recorded_message] = made["id"]

    def let_work(self) -> None:
        """Until the run is as it was when this was recorded."""
        thread_id = re.findall(r"thread_\w{16,}", self._one.path)[0]
        if self._one.family == "messages-list":
            self._said(thread_id)
            return
        if self._one.family == "runs-list":
            for known in reversed(self._one.body["data"]):
                self.ours(known["id"])
            return
        run_id = re.findall(r"run_\w{16,}", self._one.path)[0]
        wanted = self._one.body["status"] if self._one.family == "runs-get" else "completed"
        self._until(self._runs[run_id], wanted)

    def _said(self, thread_id: str) -> None:
        """The messages that the list shows: by whoever said them."""
        for known in reversed(self._one.body["data"]):
            if known["run_id"] is not None:
                self.ours(known["run_id"])
                if known["run_id"] in self._runs:
                    self._until(self._runs[known["run_id"]], "completed")
            elif any(
                known["id"] in json.dumps(other.body) and other.path.endswith("/messages") and other.method == "POST"
                for other in self._session
            ):
                self.ours(known["id"])
        shown = json_of(self._get(f"/v1/threads/{self.ours(thread_id)}/messages"))["data"]
        assert len(shown) == len(self._one.body["data"]), (self._one.name, shown)

    def _until(self, path: str, status: str) -> dict[str, Any]:
        """Our run once it has this state; tool outputs are given on the way, where it goes on after them."""
        for _ in range(_PATIENCE):
            shown: dict[str, Any] = json_of(self._get(path))
            if shown["status"] == status:
                return shown
            if shown["status"] == "requires_action":
                calls = shown["required_action"]["submit_tool_outputs"]["tool_calls"]
                self._post(
                    f"{path}/submit_tool_outputs",
                    {"tool_outputs": [{"tool_call_id": call["id"], "output": "tacos"} for call in calls]},
                )
            advance = f"/_simulator/tenants/{self._account.id}/clock"
            self._account.http.post(advance, json={"advance": 0.5}).raise_for_status()
        raise AssertionError(f"{path} never was {status}")

    def _renamed(self, text: str) -> str:
        return _ID.sub(lambda found: self.names.get(found[0], found[0]), text)

    def _get(self, path: str) -> Any:
        return self._account.send("OpenAI", Request("GET", path, "", dict(_HEADERS)))

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        content = json.dumps(body).encode()
        made: dict[str, Any] = json_of(self._account.send("OpenAI", Request("POST", path, "", dict(_HEADERS), content)))
        return made


def _first_run(stream: str) -> dict[str, Any]:
    """The run that a stream tells of first."""
    found = re.search(r"event: thread\.run\.created\ndata: (.*)", stream)
    assert found is not None
    run: dict[str, Any] = json.loads(found[1])
    return run


def _stores(thing: dict[str, Any]) -> list[str]:
    held = (thing.get("tool_resources") or {}).get("file_search") or {}
    return list(held.get("vector_store_ids") or ())


def _required(one: Recorded) -> list[str]:
    """The calls that a recorded answer waits with."""
    if isinstance(one.body, dict):
        return list(_call_ids(one.body))
    return re.findall(r'"id":"(call_\w+)"', one.body) if "requires_action" in str(one.body) else []


def _call_ids(body: dict[str, Any]) -> Iterator[str]:
    action = body.get("required_action")
    if action:
        yield from (call["id"] for call in action["submit_tool_outputs"]["tool_calls"])
