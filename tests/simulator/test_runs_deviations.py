"""The deviations of runs: each misbehaves in its one way, in responses of a conversation too where they have the thing, and says so."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.simulator.both_apis import Deviant, Under, refused, under
from tests.simulator.openai_assistants import LIFETIME, WEATHER
from tests.simulator.openai_responses import text_of

__all__ = ["under"]

RESPOND = "responses.create"
NEW: dict[str, set[str]] = {
    "runs.create.completed_at_once_without_message": {RESPOND},
    "runs.create.allows_two_active": {RESPOND},
    "runs.create.override_leaks_to_assistant": set(),
    "runs.stuck_in_progress": {RESPOND, "responses.get"},
    "runs.completed_without_usage": {RESPOND},
    "runs.never_expires": set(),
    "runs.message_missing": {RESPOND},
    "runs.message_twice": {RESPOND},
    "runs.message_wrong_run_id": set(),
    "runs.message_before_completion": {RESPOND},
    "runs.cancel_leaves_running": {"responses.cancel"},
    "runs.thread_locked_after_cancel": {RESPOND, "responses.cancel", "conversations.items.create"},
}
"""What each touches of the successor; nothing where it has no such thing."""
SLOW = {"runs_step": 10.0, "responses_run": 10.0}
SAYS = {"instructions": "Answer exactly: 42"}


def background(deviant: Deviant, conversation: str, **wanted: Any) -> dict[str, Any]:
    return deviant.new.create([], conversation=conversation, background=True, **SAYS, **wanted)


def status(deviant: Deviant, response: dict[str, Any]) -> str:
    return str(deviant.new.get(response["id"])["status"])


def test_all_are_listed_with_what_they_touch(plane: httpx.Client) -> None:
    listed = {one["name"]: one for one in plane.get("/_simulator/deviations").json()}
    for name, operations in NEW.items():
        touched = set(listed[name]["operations"])
        assert {one for one in touched if one.startswith(("responses.", "conversations."))} == operations
        assert any(one.startswith("runs.") for one in touched)
        assert listed[name]["providers"] == ["OpenAI"]


@pytest.mark.parametrize("name", NEW)
def test_what_is_no_run_fires_nothing(under: Under, name: str) -> None:
    deviant = under(name)
    thread, conversation = deviant.old.thread("one"), deviant.conversation("one")
    assistant = deviant.old.assistant()
    deviant.old.beta.assistants.update(assistant.id, instructions="x")
    deviant.add(thread.id, "two")
    deviant.put(conversation, "two")
    assert deviant.old.texts(thread.id) == ["one", "two"]
    assert len(deviant.listed(conversation)) == 2
    chat = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}
    deviant.new.http.post("/v1/chat/completions", json=chat).raise_for_status()
    assert deviant.fired() == 0


# Beginning --------------------------------------------------------------------------------------------------------------


def test_completed_at_once_without_message(under: Under) -> None:
    deviant = under("runs.create.completed_at_once_without_message")
    run = deviant.old.run("What is it?", on=SAYS)
    assert (run.status, run.completed_at, deviant.fired()) == ("completed", run.created_at, 1)
    conversation = deviant.conversation("What is it?")
    plain = deviant.new.create("What is it?", **SAYS)
    assert (text_of(plain), deviant.fired()) == ("42", 1)
    made = background(deviant, conversation)
    assert (made["status"], made["output"], deviant.fired()) == ("completed", [], 2)
    deviant.tenant.advance(60)
    assert deviant.old.texts(run.thread_id) == ["What is it?"]
    assert deviant.new.messages(conversation) == [("user", "What is it?")]
    assert background(deviant, conversation)["status"] == "completed"


def test_a_run_that_is_streamed_says_what_it_says(under: Under) -> None:
    deviant = under("runs.create.completed_at_once_without_message")
    thread, assistant = deviant.old.thread("What is it?"), deviant.old.assistant(**SAYS)
    list(deviant.old.runs.create(thread.id, assistant_id=assistant.id, stream=True))
    assert (deviant.old.texts(thread.id), deviant.fired()) == (["What is it?", "42"], 0)


def test_allows_two_active(under: Under) -> None:
    deviant = under("runs.create.allows_two_active", **SLOW)
    assistant, thread = deviant.old.assistant(**SAYS), deviant.old.thread("What is it?")
    first = deviant.old.runs.create(thread.id, assistant_id=assistant.id)
    conversation = deviant.conversation("What is it?")
    there = background(deviant, conversation)
    deviant.tenant.advance(5)
    assert deviant.fired() == 0
    second = deviant.old.runs.create(thread.id, assistant_id=assistant.id)
    elsewhere = background(deviant, conversation)
    assert {deviant.old.after(2, run).status for run in (first, second)} == {"in_progress"}
    assert {status(deviant, response) for response in (there, elsewhere)} == {"in_progress"}
    assert deviant.fired() == 2
    assert refused(lambda: deviant.add(thread.id, "x")).startswith("Error code: 400")
    deviant.tenant.advance(60)
    assert {deviant.old.look(run).status for run in (first, second)} == {"completed"}
    assert deviant.old.texts(thread.id) == ["What is it?", "42", "42"]
    assert [text for _, text in deviant.new.messages(conversation)] == ["What is it?", "42", "42"]


def test_override_leaks_to_assistant(under: Under) -> None:
    deviant = under("runs.create.override_leaks_to_assistant")
    assistant = deviant.old.assistant(model="gpt-4o")
    deviant.old.runs.create(deviant.old.thread("Hello").id, assistant_id=assistant.id)
    assert deviant.fired() == 0
    deviant.old.runs.create(deviant.old.thread("Hello").id, assistant_id=assistant.id, model="gpt-4.1")
    assert (deviant.old.beta.assistants.retrieve(assistant.id).model, deviant.fired()) == ("gpt-4.1", 1)


# Going on ---------------------------------------------------------------------------------------------------------------


def test_stuck_in_progress(under: Under) -> None:
    deviant = under("runs.stuck_in_progress")
    run, conversation = deviant.old.run("What is it?", on=SAYS), deviant.conversation("What is it?")
    made = background(deviant, conversation)
    assert (run.status, made["status"], deviant.fired()) == ("queued", "queued", 2)
    for seconds in (60, LIFETIME, 86_400):
        seen = deviant.old.after(seconds, run)
        assert (seen.status, status(deviant, made)) == ("in_progress", "in_progress")
        assert seen.expires_at == run.expires_at == run.created_at + LIFETIME
    assert (deviant.old.texts(run.thread_id), len(deviant.listed(conversation))) == (["What is it?"], 1)
    now = deviant.tenant.now()
    with deviant.new.http.stream("GET", f"/v1/responses/{made['id']}?stream=true") as stream:
        events = [line for line in stream.iter_lines() if line.startswith("event: ")]
    assert events == ["event: response.created", "event: response.queued", "event: response.in_progress"]
    assert deviant.tenant.now() == now
    deviant.old.runs.cancel(run.id, thread_id=run.thread_id)
    assert deviant.old.after(5, run).status == "cancelled"
    assert deviant.new.sdk.responses.cancel(made["id"]).status == "cancelled"


def test_what_is_not_in_the_background_is_not_stuck(under: Under) -> None:
    deviant = under("runs.stuck_in_progress")
    assert deviant.new.create("Hello")["status"] == "completed"
    thread, assistant = deviant.old.thread("What is it?"), deviant.old.assistant(**SAYS)
    list(deviant.old.runs.create(thread.id, assistant_id=assistant.id, stream=True))
    body = {"model": "gpt-4.1-mini", "input": "Hello", "background": True, "stream": True}
    assert "response.completed" in deviant.new.http.post("/v1/responses", json=body).text
    assert deviant.fired() == 0


def test_completed_without_usage(under: Under) -> None:
    deviant = under("runs.completed_without_usage")
    run, conversation = deviant.old.run("What is it?", on=SAYS), deviant.conversation("What is it?")
    assert deviant.old.look(run).usage is None
    assert deviant.fired() == 0
    made = background(deviant, conversation)
    done = deviant.old.done(run)
    assert (done.status, done.usage, deviant.fired()) == ("completed", None, 2)
    assert deviant.old.runs.list(run.thread_id).data[0].usage is None
    later = deviant.new.get(made["id"])
    assert (later["status"], later["usage"]) == ("completed", None)
    assert deviant.new.create("Hello")["usage"] is None


def test_never_expires(under: Under) -> None:
    deviant = under("runs.never_expires")
    asked, plain = deviant.old.run("What is the weather in Rome?", on={"tools": [WEATHER]}), deviant.old.run("Hello")
    seen = deviant.old.after(LIFETIME - 1, asked)
    assert (seen.status, seen.expires_at, deviant.fired()) == ("requires_action", asked.expires_at, 0)
    assert seen.expires_at == asked.created_at + LIFETIME
    (step,) = deviant.old.steps(asked)
    assert step.expired_at is None
    assert step.to_dict()["expires_at"] == asked.expires_at
    assert deviant.old.after(3600, asked).status == "requires_action"
    assert deviant.old.after(3600, asked).status == "requires_action"
    assert deviant.fired() == 1
    deviant.old.submit(asked, json.dumps({"temperature": 61.7}))
    assert (deviant.old.done(asked).status, deviant.old.look(plain).status) == ("completed", "completed")
    assert "61.7" in deviant.old.answer(asked)


# Saying -----------------------------------------------------------------------------------------------------------------


def said(deviant: Deviant) -> tuple[Any, str, dict[str, Any]]:
    """A completed run, a conversation and a response that answered in it, and what was answered is still told."""
    run, conversation = deviant.old.run("What is it?", on=SAYS), deviant.conversation("What is it?")
    made = background(deviant, conversation)
    assert deviant.old.done(run).status == "completed"
    assert text_of(deviant.new.get(made["id"])) == "42"
    return run, conversation, made


def test_message_missing(under: Under) -> None:
    deviant = under("runs.message_missing")
    run, conversation, _ = said(deviant)
    assert (deviant.old.texts(run.thread_id), len(deviant.old.steps(run))) == (["What is it?"], 1)
    assert (deviant.new.messages(conversation), deviant.fired()) == ([("user", "What is it?")], 2)
    assert text_of(deviant.new.create("What is it?", **SAYS)) == "42"
    assert deviant.fired() == 2


def test_message_twice(under: Under) -> None:
    deviant = under("runs.message_twice")
    run, conversation, _ = said(deviant)
    for _ in range(2):
        assert deviant.old.texts(run.thread_id) == ["What is it?", "42", "42"]
        assert [text for _, text in deviant.new.messages(conversation)] == ["What is it?", "42", "42"]
    page = list(deviant.old.beta.threads.messages.list(run.thread_id, run_id=run.id))
    assert len({message.id for message in page}) == len(page) == 2
    assert len(set(deviant.listed(conversation))) == 3
    assert deviant.fired() == 2
    thread, assistant = deviant.old.thread("What is it?"), deviant.old.assistant(**SAYS)
    list(deviant.old.runs.create(thread.id, assistant_id=assistant.id, stream=True))
    assert (deviant.old.texts(thread.id), deviant.fired()) == (["What is it?", "42", "42"], 3)
    assert text_of(deviant.new.create("What is it?", conversation=conversation, **SAYS)) == "42"
    assert (len(deviant.listed(conversation)), deviant.fired()) == (6, 4)


def test_message_wrong_run_id(under: Under) -> None:
    deviant = under("runs.message_wrong_run_id")
    run, conversation, made = said(deviant)
    newest = deviant.old.beta.threads.messages.list(run.thread_id).data[0]
    assert (newest.role, newest.run_id != run.id, deviant.fired()) == ("assistant", True, 1)
    assert list(deviant.old.beta.threads.messages.list(run.thread_id, run_id=run.id)) == []
    assert deviant.listed(conversation)[0] == deviant.new.get(made["id"])["output"][0]["id"]


def test_message_before_completion(under: Under) -> None:
    deviant = under("runs.message_before_completion", **SLOW)
    run, conversation = deviant.old.run("What is it?", on=SAYS), deviant.conversation("What is it?")
    made = background(deviant, conversation)
    deviant.tenant.advance(0.5)
    assert (deviant.old.texts(run.thread_id), len(deviant.listed(conversation))) == (["What is it?"], 1)
    seen = deviant.old.after(5, run)
    assert (seen.status, status(deviant, made)) == ("in_progress", "in_progress")
    assert deviant.old.texts(run.thread_id) == ["What is it?", "42"]
    assert [text for _, text in deviant.new.messages(conversation)] == ["What is it?", "42"]
    assert deviant.fired() == 2
    assert (deviant.old.done(run).status, deviant.old.texts(run.thread_id)) == ("completed", ["What is it?", "42"])


# Cancelling -------------------------------------------------------------------------------------------------------------


def test_cancel_leaves_running(under: Under) -> None:
    deviant = under("runs.cancel_leaves_running", **SLOW)
    run, conversation = deviant.old.run("What is it?", on=SAYS), deviant.conversation("What is it?")
    made = background(deviant, conversation)
    deviant.tenant.advance(5)
    assert deviant.old.runs.cancel(run.id, thread_id=run.thread_id).status == "cancelling"
    assert deviant.new.sdk.responses.cancel(made["id"]).status == "cancelled"
    assert deviant.fired() == 2
    assert (deviant.old.done(run).status, status(deviant, made)) == ("completed", "completed")
    assert deviant.old.answer(run) == "42"
    assert deviant.new.messages(conversation)[-1] == ("assistant", "42")
    refused(lambda: deviant.old.runs.cancel(run.id, thread_id=run.thread_id))
    assert deviant.new.sdk.responses.cancel(made["id"]).status == "completed"
    assert deviant.fired() == 2


def test_thread_locked_after_cancel(under: Under) -> None:
    deviant = under("runs.thread_locked_after_cancel", **SLOW)
    run, conversation = deviant.old.run("What is it?", on=SAYS), deviant.conversation("What is it?")
    made, other = background(deviant, conversation), deviant.conversation("What is it?")
    deviant.tenant.advance(5)
    deviant.old.runs.cancel(run.id, thread_id=run.thread_id)
    deviant.new.sdk.responses.cancel(made["id"])
    assert (deviant.old.done(run).status, status(deviant, made)) == ("cancelled", "cancelled")
    assert background(deviant, other)["status"] == "queued"
    assert deviant.fired() == 0
    told = refused(lambda: deviant.old.runs.create(run.thread_id, assistant_id=run.assistant_id))
    assert f"already has an active run {run.id}" in told
    refused(lambda: deviant.add(run.thread_id, "x"))
    error = deviant.new.refused({"model": "gpt-4.1-mini", "input": "Hello", "conversation": conversation})[1]
    assert (error["code"], deviant.fired()) == ("conversation_locked", 3)
    refused(lambda: deviant.put(conversation, "x"))
    assert deviant.fired() == 4
