"""OpenAI's runs by the tenant's clock: their states, their end, what they take over, how much they read, who is locked out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import openai
import pytest
from openai.types.beta.threads import Run

from tests.simulator.account import Account
from tests.simulator.openai_assistants import BEFORE, LIFETIME, WEATHER, Desk, desk, refused

__all__ = ["desk"]

ANSWER = {"instructions": 'Answer exactly "The answer is 42."'}
TEN_SECONDS = {"runs.queued": 2.0, "runs.step": 8.0, "runs.cancelling": 3.0}


@pytest.fixture
def slow(open_tenant: Callable[..., Account], desk: Desk) -> Desk:
    """A run takes ten seconds here."""
    desk.tenant = open_tenant(now=BEFORE, durations=TEN_SECONDS)
    desk.sdk = desk.sdk.with_options(api_key=desk.tenant.keys["OpenAI"])
    return desk


def test_a_run_begins_and_ends_by_the_clock(slow: Desk) -> None:
    run = slow.run("What is it?", on=ANSWER)
    assert (run.status, run.usage, run.completed_at, run.started_at) == ("queued", None, None, None)
    assert (run.expires_at, run.model, run.instructions) == (
        run.created_at + LIFETIME,
        "gpt-4o",
        ANSWER["instructions"],
    )
    seen = [(slow.after(1, run).status, slow.texts(run.thread_id)) for _ in range(12)]
    assert [status for status, _ in seen] == ["queued"] + ["in_progress"] * 8 + ["completed"] * 3
    assert all(texts == ["What is it?"] for status, texts in seen if status != "completed")
    done = slow.look(run)
    assert slow.texts(run.thread_id) == ["What is it?", "The answer is 42."]
    assert (done.started_at, done.completed_at, done.expires_at) == (run.created_at + 2, run.created_at + 10, None)
    assert done.usage is not None
    assert done.usage.prompt_tokens > 0
    assert done.usage.completion_tokens > 0
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens
    assert done.to_dict()["usage"]["prompt_token_details"] == {"cached_tokens": 0}  # type: ignore[index]
    Run.model_validate(done.to_dict())


def test_the_end_is_the_same_whoever_looked_before(slow: Desk) -> None:
    watched, unwatched = slow.run("What is it?", on=ANSWER), slow.run("What is it?", on=ANSWER)
    for _ in range(12):
        slow.after(1, watched)
    times = [(one.started_at, one.completed_at) for one in map(slow.look, (watched, unwatched))]
    assert times[0] == times[1]
    assert slow.texts(unwatched.thread_id) == ["What is it?", "The answer is 42."]


def test_the_message_is_the_runs_own(desk: Desk) -> None:
    thread = desk.thread("What is it?")
    assistant = desk.assistant(**ANSWER)
    first = desk.runs.create(thread.id, assistant_id=assistant.id)
    desk.done(first)
    second = desk.runs.create(
        thread.id, assistant_id=assistant.id, additional_messages=[{"role": "user", "content": "Again?"}]
    )
    desk.done(second)
    of_second = list(desk.beta.threads.messages.list(thread.id, run_id=second.id))
    assert [(one.run_id, one.assistant_id, one.role) for one in of_second] == [(second.id, assistant.id, "assistant")]
    assert of_second[0].created_at >= second.created_at
    assert list(desk.beta.threads.messages.list(thread.id, run_id="run_none")) == []
    assert [run.id for run in desk.runs.list(thread.id)] == [second.id, first.id]
    assert len(desk.texts(thread.id)) == 4


def test_a_thread_is_locked_while_a_run_is_active(slow: Desk) -> None:
    run = slow.run("What is it?", on=ANSWER)
    assert run.status == "queued"
    for _ in range(2):
        refused(
            lambda: slow.beta.threads.messages.create(run.thread_id, role="user", content="x"),
            400,
            f"Can't add messages to {run.thread_id} while a run {run.id} is active.",
        )
        refused(
            lambda: slow.runs.create(run.thread_id, assistant_id=run.assistant_id),
            400,
            f"Thread {run.thread_id} already has an active run {run.id}.",
        )
        slow.tenant.advance(5)
    assert slow.texts(run.thread_id) == ["What is it?", "The answer is 42."]
    assert len(list(slow.runs.list(run.thread_id))) == 1
    slow.beta.threads.messages.create(run.thread_id, role="user", content="x")


def test_a_run_keeps_what_its_assistant_said(desk: Desk) -> None:
    assistant = desk.assistant(instructions='Answer exactly "ALPHA".', metadata={"a": "b"})
    thread = desk.thread("Go.")
    run = desk.runs.create(thread.id, assistant_id=assistant.id)
    desk.beta.assistants.update(assistant.id, instructions='Answer exactly "BETA".')
    assert desk.done(run).instructions == 'Answer exactly "ALPHA".'
    desk.done(desk.runs.create(thread.id, assistant_id=assistant.id))
    assert desk.texts(thread.id) == ["Go.", "ALPHA", "BETA"]
    assert desk.look(run).instructions == 'Answer exactly "ALPHA".'


def test_a_run_sets_its_own(desk: Desk) -> None:
    assistant = desk.assistant(instructions="Be kind.", tools=[WEATHER])
    run = desk.runs.create(
        desk.thread("Go.").id,
        assistant_id=assistant.id,
        model="gpt-4o-mini",
        instructions="Be short.",
        additional_instructions='Answer exactly "MINE".',
        tools=[],
        temperature=0.1,
        metadata={"k": "v"},
        max_prompt_tokens=300,
        max_completion_tokens=400,
        truncation_strategy={"type": "last_messages", "last_messages": 3},
        parallel_tool_calls=False,
        tool_choice="none",
    )
    told = run.to_dict()
    assert (run.model, run.instructions, run.tools) == ("gpt-4o-mini", 'Be short.\nAnswer exactly "MINE".', [])
    assert (run.temperature, run.metadata, run.max_prompt_tokens, run.max_completion_tokens) == (
        0.1,
        {"k": "v"},
        300,
        400,
    )
    assert told["truncation_strategy"] == {"type": "last_messages", "last_messages": 3}
    assert (run.parallel_tool_calls, run.tool_choice) == (False, "none")
    assert desk.beta.assistants.retrieve(assistant.id).to_dict() == assistant.to_dict()
    desk.done(run)
    assert desk.answer(run) == "MINE"


def test_a_conversation_is_remembered(desk: Desk) -> None:
    assistant = desk.assistant()
    thread = desk.thread("What is 15 * 23?")
    desk.done(desk.runs.create(thread.id, assistant_id=assistant.id))
    desk.beta.threads.messages.create(thread.id, role="user", content="Double that.")
    desk.done(desk.runs.create(thread.id, assistant_id=assistant.id))
    texts = desk.texts(thread.id)
    assert "345" in texts[1]
    assert "690" in texts[3]


def test_only_the_last_messages_are_read(desk: Desk) -> None:
    assistant = desk.assistant()
    thread = desk.thread("My code is KIWI-7.", "What is my code?")
    long = desk.done(desk.runs.create(thread.id, assistant_id=assistant.id))
    assert "KIWI-7" in desk.answer(long)
    thread = desk.thread("My code is KIWI-7.", "What is my code?")
    last: Any = {"type": "last_messages", "last_messages": 1}
    short = desk.done(desk.runs.create(thread.id, assistant_id=assistant.id, truncation_strategy=last))
    assert "KIWI-7" not in desk.answer(short)
    assert short.usage.prompt_tokens < long.usage.prompt_tokens  # type: ignore[union-attr]


def test_old_messages_give_way_to_the_limit(desk: Desk) -> None:
    assistant = desk.assistant()
    thread = desk.thread("word " * 400, "What is 2 + 2?")
    run = desk.done(desk.runs.create(thread.id, assistant_id=assistant.id, max_prompt_tokens=256))
    assert (run.status, desk.answer(run)) == ("completed", "4")
    assert run.usage.prompt_tokens <= 256  # type: ignore[union-attr]


def test_a_prompt_over_the_limit_ends_incomplete(desk: Desk) -> None:
    run = desk.done(desk.run("word " * 400, max_prompt_tokens=256))
    assert (run.status, run.incomplete_details.reason) == ("incomplete", "max_prompt_tokens")  # type: ignore[union-attr]
    assert (run.completed_at, run.expires_at) == (None, None)
    assert len(desk.texts(run.thread_id)) == 1


def test_an_answer_over_the_limit_ends_incomplete(desk: Desk) -> None:
    run = desk.done(desk.run("Count from 1 to 100.", max_completion_tokens=16))
    assert (run.status, run.incomplete_details.reason) == ("incomplete", "max_completion_tokens")  # type: ignore[union-attr]
    assert run.usage.completion_tokens == 16  # type: ignore[union-attr]
    assert desk.answer(run).startswith("1, 2, 3")
    assert "100" not in desk.answer(run)


def test_a_reasoning_model_may_use_up_all_it_has(desk: Desk) -> None:
    run = desk.done(desk.run("What is 2 + 2?", on={"model": "gpt-5-mini"}, max_completion_tokens=10))
    assert run.status == "incomplete"
    assert run.to_dict()["usage"]["completion_tokens_details"] == {"reasoning_tokens": 10}  # type: ignore[index]


def test_answers_fit_a_schema(desk: Desk) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    form: Any = {"type": "json_schema", "json_schema": {"name": "place", "schema": schema}}
    run = desk.done(desk.run("The city is Paris.", response_format=form))
    assert desk.answer(run) == '{"city":"Paris"}'
    assert run.response_format.type == "json_schema"  # type: ignore[union-attr]


# How a run ends otherwise ---------------------------------------------------------------------------------------------


def test_a_run_is_cancelled(slow: Desk) -> None:
    run = slow.run("What is it?", on=ANSWER)
    slow.tenant.advance(5)
    assert slow.runs.cancel(run.id, thread_id=run.thread_id).status == "cancelling"
    refused(
        lambda: slow.runs.cancel(run.id, thread_id=run.thread_id), 400, "Cannot cancel run with status 'cancelling'."
    )
    assert slow.after(2, run).status == "cancelling"
    gone = slow.after(1, run)
    assert (gone.status, gone.cancelled_at, gone.expires_at) == ("cancelled", run.created_at + 8, None)
    (step,) = slow.steps(run)
    assert (step.status, step.cancelled_at, step.usage) == ("cancelled", run.created_at + 8, None)
    slow.tenant.advance(60)
    assert slow.texts(run.thread_id) == ["What is it?"]
    again = slow.done(slow.runs.create(run.thread_id, assistant_id=run.assistant_id))
    assert (again.status, slow.texts(run.thread_id)[1:]) == ("completed", ["The answer is 42."])
    for one, status in ((run, "cancelled"), (again, "completed")):
        words = f"Cannot cancel run with status '{status}'."
        refused(lambda one=one: slow.runs.cancel(one.id, thread_id=one.thread_id), 400, words)  # type: ignore[misc]


def test_a_queued_run_is_cancelled(slow: Desk) -> None:
    run = slow.run("What is it?")
    slow.runs.cancel(run.id, thread_id=run.thread_id)
    assert slow.after(3, run).status == "cancelled"
    assert slow.steps(run) == []


def test_an_unanswered_call_expires(desk: Desk) -> None:
    run = desk.run("What is the weather in Rome?", on={"tools": [WEATHER]})
    assert desk.after(10, run).status == "requires_action"
    assert desk.after(LIFETIME - 11, run).status == "requires_action"
    gone = desk.after(1, run)
    assert (gone.status, gone.expires_at, gone.required_action) == ("expired", None, None)
    assert desk.steps(run)[0].status == "expired"
    refused(
        lambda: desk.runs.submit_tool_outputs(run.id, thread_id=run.thread_id, tool_outputs=[]),
        400,
        'Runs in status "expired" do not accept tool outputs.',
    )
    desk.beta.threads.messages.create(run.thread_id, role="user", content="The thread is free again.")


def test_a_run_that_takes_too_long_expires(open_tenant: Callable[..., Account], desk: Desk) -> None:
    tenant = open_tenant(now=BEFORE, durations={"runs.step": 1000.0})
    slow = Desk(tenant, desk.sdk.with_options(api_key=tenant.keys["OpenAI"]))
    run = slow.run("What is it?", on=ANSWER)
    assert slow.after(LIFETIME - 1, run).status == "in_progress"
    assert slow.after(1, run).status == "expired"
    assert slow.texts(run.thread_id) == ["What is it?"]


@pytest.mark.parametrize("code", ["server_error", "rate_limit_exceeded"])
def test_a_run_fails_where_that_is_scripted(desk: Desk, code: str) -> None:
    desk.tenant.script({"provider": "OpenAI", "operation": "runs.create", "do": {"outcome": code}})
    run = desk.run("What is it?", on=ANSWER)
    assert run.status == "queued"
    failed = desk.done(run)
    assert (failed.status, failed.last_error.code) == ("failed", code)  # type: ignore[union-attr]
    assert failed.failed_at is not None
    (step,) = desk.steps(run)
    assert (step.status, step.last_error.code) == ("failed", code)
    assert desk.texts(run.thread_id) == ["What is it?"]
    again = desk.done(desk.runs.create(run.thread_id, assistant_id=run.assistant_id))
    assert (again.status, len(desk.texts(run.thread_id))) == ("completed", 2)


def test_only_a_run_that_has_ended_is_changed(desk: Desk) -> None:
    run = desk.run("What is it?", on=ANSWER)
    desk.tenant.advance(1.5)
    words = "Cannot update run with status 'in_progress'."
    refused(lambda: desk.runs.update(run.id, thread_id=run.thread_id, metadata={"k": "v"}), 400, words)
    desk.done(run)
    desk.runs.update(run.id, thread_id=run.thread_id, metadata={"k": "v"})
    assert desk.look(run).metadata == {"k": "v"}


def test_a_thread_is_made_with_its_run(desk: Desk) -> None:
    assistant = desk.assistant(**ANSWER)
    run = desk.beta.threads.create_and_run(
        assistant_id=assistant.id, thread={"messages": [{"role": "user", "content": "Go."}], "metadata": {"k": "v"}}
    )
    assert desk.done(run).status == "completed"
    assert desk.texts(run.thread_id) == ["Go.", "The answer is 42."]
    assert desk.beta.threads.retrieve(run.thread_id).metadata == {"k": "v"}


def test_nothing_to_answer_is_refused(desk: Desk) -> None:
    thread, plain, told = desk.thread(), desk.assistant(), desk.assistant(**ANSWER)
    words = "Run creation requires a Thread with a user message or an assistant with instructions."
    refused(lambda: desk.runs.create(thread.id, assistant_id=plain.id), 400, words, "invalid_thread")
    refused(lambda: desk.beta.threads.create_and_run(assistant_id=plain.id), 400, words, "invalid_thread")
    assert desk.done(desk.runs.create(thread.id, assistant_id=told.id)).status == "completed"


def test_what_is_unknown_is_refused(desk: Desk) -> None:
    thread, assistant = desk.thread("x"), desk.assistant()
    run = desk.done(desk.runs.create(thread.id, assistant_id=assistant.id))
    (step,) = desk.steps(run)
    refused(lambda: desk.runs.create(thread.id, assistant_id="asst_x"), 404, "No assistant found with id 'asst_x'.")
    refused(lambda: desk.runs.create("thread_x", assistant_id=assistant.id), 404, "No thread found with id 'thread_x'.")
    refused(lambda: desk.runs.retrieve("run_x", thread_id=thread.id), 404, "No run found with id 'run_x'.")
    refused(lambda: desk.runs.cancel("run_x", thread_id=thread.id), 404, "No run found with id 'run_x'.")
    other = desk.thread()
    words = f"No run found with id '{run.id}'."
    refused(lambda: desk.runs.retrieve(run.id, thread_id=other.id), 404, words)
    words = "No run step found with id 'step_123'."
    refused(lambda: desk.runs.steps.retrieve("step_123", run_id=run.id, thread_id=thread.id), 404, words)
    seen = desk.runs.steps.retrieve(step.id, run_id=run.id, thread_id=thread.id)
    assert seen.to_dict() == step.to_dict()


@pytest.mark.parametrize(
    "wanted",
    [
        {"max_prompt_tokens": 255},
        {"max_completion_tokens": 0},
        {"temperature": 3},
        {"truncation_strategy": {"type": "last_messages"}},
        {"truncation_strategy": {"type": "first"}},
        {"tool_choice": "required"},
        {"tool_choice": {"type": "function", "function": {"name": "none"}}},
        {"response_format": {"type": "xml"}},
        {"additional_messages": [{"role": "user", "content": ""}]},
        {"model": "gpt-9-x"},
    ],
    ids=lambda wanted: str(wanted)[:50],
)
def test_a_wrong_run_is_refused_and_not_made(desk: Desk, wanted: dict[str, Any]) -> None:
    thread, assistant = desk.thread("x"), desk.assistant()
    with pytest.raises(openai.BadRequestError):
        desk.runs.create(thread.id, assistant_id=assistant.id, **wanted)
    assert list(desk.runs.list(thread.id)) == []
    assert desk.texts(thread.id) == ["x"]


def test_the_sdks_helper_waits_for_the_end(open_tenant: Callable[..., Account], desk: Desk) -> None:
    tenant = open_tenant(now=BEFORE, speed=60)
    quick = Desk(tenant, desk.sdk.with_options(api_key=tenant.keys["OpenAI"]))
    run = quick.runs.create_and_poll(thread_id=quick.thread("Go.").id, assistant_id=quick.assistant(**ANSWER).id)
    assert (run.status, quick.answer(run)) == ("completed", "The answer is 42.")
