"""The tools of OpenAI's runs: functions that the caller runs, programs, searches; each a step, with what came of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.beta.threads import Message
from openai.types.beta.threads.runs import RunStep

from tests.simulator.openai_assistants import WEATHER, Desk, desk, refused

__all__ = ["desk"]

CODE = {"tools": [{"type": "code_interpreter"}]}
SEARCH = [{"type": "file_search"}]
CONTENTS = "step_details.tool_calls[*].file_search.results[*].content"


# Functions ----------------------------------------------------------------------------------------------------------


def test_a_run_waits_for_its_function(desk: Desk) -> None:
    run = desk.run("What is the weather in New York?", on={"tools": [WEATHER]})
    seen = [desk.after(10, run) for _ in range(3)]
    assert {one.status for one in seen} == {"requires_action"}
    (call,) = seen[0].required_action.submit_tool_outputs.tool_calls  # type: ignore[union-attr]
    assert (call.type, call.function.name) == ("function", "get_weather")
    assert json.loads(call.function.arguments) == {"location": "New York"}
    assert seen[0].usage is None
    (step,) = desk.steps(run)
    assert (step.type, step.status, step.usage) == ("tool_calls", "in_progress", None)
    assert step.step_details.tool_calls[0].function.output is None
    assert desk.texts(run.thread_id) == ["What is the weather in New York?"]
    queued = desk.submit(run, json.dumps({"temperature": 61.7}))
    assert (queued.status, queued.required_action) == ("queued", None)
    done = desk.done(run)
    assert done.status == "completed"
    assert "61.7" in desk.answer(run)
    called, said = desk.steps(run)
    assert called.step_details.tool_calls[0].function.output == '{"temperature": 61.7}'
    assert (called.status, said.type, said.status) == ("completed", "message_creation", "completed")
    total = sum(step.usage.total_tokens for step in (called, said))
    assert done.usage.total_tokens == total  # type: ignore[union-attr]
    RunStep.model_validate(called.to_dict())


def test_several_things_are_asked_at_once(desk: Desk) -> None:
    run = desk.run("What is the weather in Paris and in Rome?", on={"tools": [WEATHER]})
    calls = desk.after(10, run).required_action.submit_tool_outputs.tool_calls  # type: ignore[union-attr]
    assert [json.loads(call.function.arguments)["location"] for call in calls] == ["Paris", "Rome"]
    first, second = (call.id for call in calls)
    words = f"Expected tool outputs for call_ids ['{first}', '{second}'], got ['{first}']"
    refused(lambda: desk.submit(run, "sun"), 400, words)
    assert desk.look(run).status == "requires_action"
    desk.submit(run, "sun in Paris", "rain in Rome")
    assert desk.done(run).status == "completed"
    assert "sun in Paris" in desk.answer(run)
    assert "rain in Rome" in desk.answer(run)
    assert len(desk.steps(run)) == 2


def test_one_thing_at_a_time_where_that_is_wanted(desk: Desk) -> None:
    run = desk.run("What is the weather in Paris and in Rome?", on={"tools": [WEATHER]}, parallel_tool_calls=False)
    calls = desk.after(10, run).required_action.submit_tool_outputs.tool_calls  # type: ignore[union-attr]
    assert len(calls) == 1


def test_outputs_must_be_for_the_calls_and_in_time(desk: Desk) -> None:
    run = desk.run("What is the weather in Rome?", on={"tools": [WEATHER]})

    def submit(*call_ids: str) -> Any:
        outputs = [{"tool_call_id": call_id, "output": "sun"} for call_id in call_ids]
        return desk.runs.submit_tool_outputs(run.id, thread_id=run.thread_id, tool_outputs=outputs)

    refused(lambda: submit("call_x"), 400, 'Runs in status "queued" do not accept tool outputs.')
    desk.tenant.advance(1.5)
    refused(lambda: submit("call_x"), 400, 'Runs in status "in_progress" do not accept tool outputs.')
    (call,) = desk.after(10, run).required_action.submit_tool_outputs.tool_calls  # type: ignore[union-attr]
    refused(lambda: submit("call_x"), 400, f"Expected tool outputs for call_ids ['{call.id}'], got ['call_x']")
    refused(lambda: submit(), 400, f"Expected tool outputs for call_ids ['{call.id}'], got []")
    twice = f"Expected tool outputs for call_ids ['{call.id}'], got ['{call.id}', '{call.id}']"
    refused(lambda: submit(call.id, call.id), 400, twice)
    submit(call.id)
    refused(lambda: submit(call.id), 400, 'Runs in status "queued" do not accept tool outputs.')
    desk.done(run)
    refused(lambda: submit(call.id), 400, 'Runs in status "completed" do not accept tool outputs.')


@pytest.mark.parametrize("output", ['{"error": "no such city"}', "Error: no such city"])
def test_a_function_that_failed_is_told_of(desk: Desk, output: str) -> None:
    run = desk.run("What is the weather in Atlantis?", on={"tools": [WEATHER]})
    desk.after(10, run)
    desk.submit(run, output)
    assert desk.done(run).status == "completed"
    assert desk.answer(run) == "The function get_weather failed: no such city"


def test_a_function_is_forced_or_forbidden(desk: Desk) -> None:
    named: Any = {"type": "function", "function": {"name": "get_weather"}}
    forced = desk.run("Tell me about Rome.", on={"tools": [WEATHER]}, tool_choice=named)
    assert desk.after(10, forced).status == "requires_action"
    assert forced.to_dict()["tool_choice"] == named
    free = desk.run("What is the weather in Rome?", on={"tools": [WEATHER]}, tool_choice="none")
    assert desk.after(10, free).status == "completed"


def test_a_run_that_waits_is_cancelled(desk: Desk) -> None:
    run = desk.run("What is the weather in Rome?", on={"tools": [WEATHER]})
    desk.after(10, run)
    desk.runs.cancel(run.id, thread_id=run.thread_id)
    assert desk.after(1, run).status == "cancelled"
    assert desk.steps(run)[0].status == "cancelled"


# The code interpreter -------------------------------------------------------------------------------------------------


def test_a_program_calculates(desk: Desk) -> None:
    run = desk.run("What is 10! exactly?", on=CODE)
    done = desk.done(run)
    assert (done.status, "3628800" in desk.answer(run)) == ("completed", True)
    called, said = desk.steps(run)
    (call,) = called.step_details.tool_calls
    assert (call.type, bool(call.code_interpreter.input)) == ("code_interpreter", True)
    assert [output.to_dict() for output in call.code_interpreter.outputs] == [{"type": "logs", "logs": "3628800\n"}]
    assert [step.status for step in (called, said)] == ["completed", "completed"]
    assert said.type == "message_creation"
    RunStep.model_validate(called.to_dict())


def test_without_the_tool_there_is_no_program(desk: Desk) -> None:
    run = desk.run("What is 10! exactly?")
    desk.done(run)
    assert [step.type for step in desk.steps(run)] == ["message_creation"]


def test_a_program_at_work_shows_nothing_yet(desk: Desk) -> None:
    run = desk.run("What is 10! exactly?", on=CODE)
    desk.tenant.advance(1.5)
    (step,) = desk.steps(run)
    assert (step.status, step.step_details.tool_calls) == ("in_progress", [])


def test_a_program_that_raises_shows_its_traceback(desk: Desk) -> None:
    run = desk.run("Run this code: print('before')\n1 / 0", on=CODE)
    assert desk.done(run).status == "completed"
    logs = desk.steps(run)[0].step_details.tool_calls[0].code_interpreter.outputs[0].logs
    assert logs.startswith("before\nTraceback (most recent call last):\n")
    assert logs.endswith("ZeroDivisionError: division by zero")
    assert "ZeroDivisionError: division by zero" in desk.answer(run)


SALES = "city,price,count\nRome,10.5,3\nOslo,20,4\nLima,30,5\n"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is the sum of the price column in sales.csv?", "60.5"),
        ("What is the average count?", "4"),
        ("Which is the highest price?", "30"),
        ("Run this code: print(len(open('sales.csv').readlines()))", "4"),
    ],
)
@pytest.mark.parametrize("held_by", ["assistant", "thread", "message"])
def test_a_program_reads_attached_files(desk: Desk, question: str, answer: str, held_by: str) -> None:
    file_id = desk.upload("sales.csv", SALES)
    held: Any = {"tool_resources": {"code_interpreter": {"file_ids": [file_id]}}}
    assistant = desk.assistant(**CODE, **(held if held_by == "assistant" else {}))
    thread = desk.beta.threads.create(**(held if held_by == "thread" else {}))
    attached = [{"file_id": file_id, "tools": [{"type": "code_interpreter"}]}] if held_by == "message" else []
    desk.beta.threads.messages.create(thread.id, role="user", content=question, attachments=attached)
    run = desk.done(desk.runs.create(thread.id, assistant_id=assistant.id))
    assert desk.steps(run)[0].step_details.tool_calls[0].code_interpreter.outputs[0].logs == f"{answer}\n"
    assert desk.answer(run) == f"The result is {answer}."


def test_a_file_is_found_under_its_id(desk: Desk) -> None:
    file_id = desk.upload("notes.txt", "one\ntwo\n")
    held: Any = {"code_interpreter": {"file_ids": [file_id]}}
    run = desk.run(f"Run this code: print(open('/mnt/data/{file_id}').read())", on={**CODE, "tool_resources": held})
    desk.done(run)
    assert "two" in desk.answer(run)


def test_what_a_program_writes_can_be_taken(desk: Desk) -> None:
    run = desk.run("Run this code: open('out.csv', 'w').write('a,b')", on=CODE)
    desk.done(run)
    (message, _) = list(desk.beta.threads.messages.list(run.thread_id))
    (annotation,) = message.content[0].text.annotations
    assert (annotation.type, annotation.text) == ("file_path", "sandbox:/mnt/data/out.csv")
    assert message.content[0].text.value[annotation.start_index : annotation.end_index] == annotation.text
    assert message.attachments[0].file_id == annotation.file_path.file_id
    assert desk.sdk.files.content(annotation.file_path.file_id).read() == b"a,b"
    assert desk.sdk.files.retrieve(annotation.file_path.file_id).purpose == "assistants_output"


# Searching ----------------------------------------------------------------------------------------------------------

SECRET, OTHER = "The code word of the harbour office is cobalt-heron-41.", "Bread is baked for forty minutes."
ASKED = "What is the code word of the harbour office?"


def _stored(desk: Desk) -> tuple[str, str, str]:
    """A store, and the ids of the file with the answer and of another."""
    right, wrong = desk.upload("harbour.txt", SECRET), desk.upload("bread.txt", OTHER)
    return desk.sdk.vector_stores.create(file_ids=[wrong, right]).id, right, wrong


def test_an_answer_cites_the_file_it_was_taken_from(desk: Desk) -> None:
    store, right, _ = _stored(desk)
    desk.tenant.advance(10)
    run = desk.run(ASKED, on={"tools": SEARCH, "tool_resources": {"file_search": {"vector_store_ids": [store]}}})
    assert desk.done(run).status == "completed"
    (message, _) = list(desk.beta.threads.messages.list(run.thread_id))
    text = message.content[0].text
    (annotation,) = text.annotations
    assert "cobalt-heron-41" in text.value
    assert (annotation.type, annotation.file_citation.file_id) == ("file_citation", right)
    assert annotation.text == "【4:0†harbour.txt】"
    assert text.value[annotation.start_index : annotation.end_index] == annotation.text
    (call,) = desk.steps(run)[0].step_details.tool_calls
    assert call.file_search.results[0].file_id == right
    assert call.file_search.results[0].file_name == "harbour.txt"
    assert call.file_search.ranking_options.to_dict() == {"ranker": "default_2024_08_21", "score_threshold": 0.0}


def test_passages_are_told_to_who_asks_for_them(desk: Desk) -> None:
    store, _, _ = _stored(desk)
    run = desk.run(ASKED, on={"tools": SEARCH, "tool_resources": {"file_search": {"vector_store_ids": [store]}}})
    desk.done(run)
    (plain, _), (full, _) = desk.steps(run), desk.steps(run, include=[CONTENTS])
    results = [step.step_details.tool_calls[0].file_search.results for step in (plain, full)]
    assert all(result.content is None for result in results[0])
    assert results[1][0].content[0].text == SECRET
    one = desk.runs.steps.retrieve(full.id, run_id=run.id, thread_id=run.thread_id, include=[CONTENTS])
    assert one.to_dict() == full.to_dict()


def test_a_search_waits_for_its_documents(desk: Desk) -> None:
    store, _, _ = _stored(desk)
    run = desk.run(ASKED, on={"tools": SEARCH, "tool_resources": {"file_search": {"vector_store_ids": [store]}}})
    assert desk.after(3, run).status == "in_progress"
    assert desk.after(10, run).status == "completed"
    assert "cobalt-heron-41" in desk.answer(run)


def test_without_the_store_nobody_knows(desk: Desk) -> None:
    _stored(desk)
    for on in ({"tools": SEARCH}, {}):
        run = desk.run(ASKED, on=on)  # type: ignore[arg-type]
        desk.done(run)
        (message, _) = list(desk.beta.threads.messages.list(run.thread_id))
        assert "cobalt-heron-41" not in message.content[0].text.value
        assert message.content[0].text.annotations == []


def test_a_threads_own_store_is_searched(desk: Desk) -> None:
    file_id = desk.upload("harbour.txt", SECRET)
    attached: Any = [{"file_id": file_id, "tools": [{"type": "file_search"}]}]
    thread = desk.beta.threads.create(messages=[{"role": "user", "content": ASKED, "attachments": attached}])
    run = desk.done(desk.runs.create(thread.id, assistant_id=desk.assistant(tools=SEARCH).id))
    assert "cobalt-heron-41" in desk.answer(run)


def test_a_deleted_store_is_not_searched(desk: Desk) -> None:
    store, _, _ = _stored(desk)
    run = desk.run(ASKED, on={"tools": SEARCH, "tool_resources": {"file_search": {"vector_store_ids": [store]}}})
    desk.sdk.vector_stores.delete(store)
    assert desk.done(run).status == "completed"
    assert desk.steps(run)[0].step_details.tool_calls[0].file_search.results == []


def test_results_are_limited(desk: Desk) -> None:
    store, _, _ = _stored(desk)
    tool: Any = {"type": "file_search", "file_search": {"max_num_results": 1}}
    run = desk.run(ASKED, on={"tools": [tool], "tool_resources": {"file_search": {"vector_store_ids": [store]}}})
    desk.done(run)
    assert len(desk.steps(run)[0].step_details.tool_calls[0].file_search.results) == 1


def test_what_is_known_is_not_searched_for(desk: Desk) -> None:
    store, _, _ = _stored(desk)
    resources: Any = {"file_search": {"vector_store_ids": [store]}}
    run = desk.run("What is 2 + 2?", on={"tools": SEARCH, "tool_resources": resources})
    desk.done(run)
    assert [step.type for step in desk.steps(run)] == ["message_creation"]


def test_a_message_is_of_the_sdks_type_in_a_stream(desk: Desk) -> None:
    events = desk.runs.create(desk.thread("Hello").id, assistant_id=desk.assistant().id, stream=True)
    (message,) = [event.data for event in events if event.event == "thread.message.completed"]
    assert Message.model_validate(message.to_dict()).status == "completed"
