"""OpenAI's runs as streams: which events, in which order, and that what they add up to is what is kept."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from tests.simulator.openai_assistants import WEATHER, Desk, desk

__all__ = ["desk"]

STEP = ["thread.run.step.created", "thread.run.step.in_progress"]
MESSAGE = ["thread.message.created", "thread.message.in_progress", "thread.message.delta", "thread.message.completed"]
BEGIN = ["thread.run.created", "thread.run.queued", "thread.run.in_progress"]


def names(events: list[Any]) -> list[str]:
    """Events in order; deltas that follow one another count once."""
    found: list[str] = []
    for event in events:
        if not found or found[-1] != event.event or not event.event.endswith(".delta"):
            found.append(event.event)
    return found


def said(events: list[Any]) -> str:
    """What the deltas add up to."""
    deltas = [event.data.delta for event in events if event.event == "thread.message.delta"]
    return "".join(part.text.value for delta in deltas for part in delta.content)


def test_a_plain_answer(desk: Desk) -> None:
    thread = desk.thread("Write 30 words about the sea.")
    events = list(desk.runs.create(thread.id, assistant_id=desk.assistant().id, stream=True))
    assert names(events) == [*BEGIN, *STEP, *MESSAGE, "thread.run.step.completed", "thread.run.completed"]
    run = events[-1].data
    assert desk.texts(thread.id)[1:] == [said(events)]
    assert len(said(events)) > 100
    kept = desk.look(run).to_dict()
    assert {**run.to_dict(), "tool_resources": {}} == kept
    assert [step.to_dict() for step in desk.steps(run)] == [
        {**event.data.to_dict(), "expires_at": None} for event in events if event.event == "thread.run.step.completed"
    ]


def test_the_clock_goes_with_the_stream(desk: Desk) -> None:
    before = desk.tenant.now()
    list(desk.runs.create(desk.thread("Hi").id, assistant_id=desk.assistant().id, stream=True))
    assert (before[:19], desk.tenant.now()[:19]) == ("2026-08-20T10:00:00", "2026-08-20T10:00:02")


def test_the_wire_is_as_recorded(desk: Desk) -> None:
    thread, assistant = desk.thread("Hello"), desk.assistant()
    with desk.tenant.client("OpenAI") as http:
        answer = http.post(
            f"/v1/threads/{thread.id}/runs",
            headers={"OpenAI-Beta": "assistants=v2"},
            json={"assistant_id": assistant.id, "stream": True},
        )
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.text.startswith('event: thread.run.created\ndata: {"id":"run_')
    assert answer.text.endswith("event: done\ndata: [DONE]\n\n")


def test_a_function_and_its_output(desk: Desk) -> None:
    assistant = desk.assistant(tools=[WEATHER])
    messages = [{"role": "user", "content": "What is the weather in Rome?"}]
    events = list(
        desk.beta.threads.create_and_run(assistant_id=assistant.id, thread={"messages": messages}, stream=True)
    )
    assert names(events) == ["thread.created", *BEGIN, *STEP, "thread.run.step.delta", "thread.run.requires_action"]
    run = events[-1].data
    (call,) = run.required_action.submit_tool_outputs.tool_calls
    arguments = "".join(
        part.function.arguments
        for event in events
        if event.event == "thread.run.step.delta"
        for part in event.data.delta.step_details.tool_calls
    )
    assert arguments == call.function.arguments == '{"location":"Rome"}'
    assert desk.look(run).status == "requires_action"
    rest = list(desk.submit(run, "sun", stream=True))
    assert names(rest) == [
        "thread.run.step.completed", "thread.run.queued", "thread.run.in_progress", *STEP, *MESSAGE,
        "thread.run.step.completed", "thread.run.completed",
    ]  # fmt: skip
    assert rest[0].data.step_details.tool_calls[0].function.output == "sun"
    assert desk.texts(run.thread_id)[1:] == [said(rest)]


def test_a_program(desk: Desk) -> None:
    assistant = desk.assistant(tools=[{"type": "code_interpreter"}])
    events = list(desk.runs.create(desk.thread("What is 10!?").id, assistant_id=assistant.id, stream=True))
    done = "thread.run.step.completed"
    assert names(events) == [
        *BEGIN, *STEP, "thread.run.step.delta", done, *STEP, *MESSAGE, done, "thread.run.completed",
    ]  # fmt: skip
    parts = [
        part.code_interpreter
        for event in events
        if event.event == "thread.run.step.delta"
        for part in event.data.delta.step_details.tool_calls
    ]
    (step,) = [event.data for event in events if event.event == done and event.data.type == "tool_calls"]
    assert "".join(part.input or "" for part in parts) == step.step_details.tool_calls[0].code_interpreter.input
    assert parts[-1].outputs[0].logs == "3628800\n"


def test_a_citation_comes_with_its_mark(desk: Desk) -> None:
    file_id = desk.upload("harbour.txt", "The code word of the harbour office is cobalt-heron-41.")
    store: Any = {"file_search": {"vector_stores": [{"file_ids": [file_id]}]}}
    assistant = desk.assistant(tools=[{"type": "file_search"}], tool_resources=store)
    thread = desk.thread("What is the code word of the harbour office?")
    with desk.runs.stream(thread_id=thread.id, assistant_id=assistant.id) as stream:
        (message,) = stream.get_final_messages()
    (annotation,) = message.content[0].text.annotations
    assert annotation.file_citation.file_id == file_id
    assert message.content[0].text.value[annotation.start_index : annotation.end_index] == annotation.text
    assert desk.texts(thread.id)[1:] == [message.content[0].text.value]


def test_an_answer_that_is_cut(desk: Desk) -> None:
    thread = desk.thread("Count from 1 to 100.")
    wanted: Any = {"max_completion_tokens": 16, "stream": True}
    events = list(desk.runs.create(thread.id, assistant_id=desk.assistant().id, **wanted))
    assert names(events)[-3:] == ["thread.message.incomplete", "thread.run.step.completed", "thread.run.incomplete"]
    (message,) = [event.data for event in events if event.event == "thread.message.incomplete"]
    assert (message.status, message.incomplete_details.reason) == ("incomplete", "max_tokens")


@pytest.mark.parametrize("code", ["server_error", "rate_limit_exceeded"])
def test_a_run_that_fails(desk: Desk, code: str) -> None:
    desk.tenant.script({"provider": "OpenAI", "operation": "runs.create", "do": {"outcome": code}})
    events = list(desk.runs.create(desk.thread("Hi").id, assistant_id=desk.assistant().id, stream=True))
    assert names(events)[-2:] == ["thread.run.step.failed", "thread.run.failed"]
    assert events[-1].data.last_error.code == code


def test_a_refusal_is_no_stream(desk: Desk) -> None:
    with pytest.raises(openai.NotFoundError):
        desk.runs.create(desk.thread("Hi").id, assistant_id="asst_x", stream=True)
