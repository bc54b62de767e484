"""Tools in OpenAI's simulated responses: functions of the caller, file search, the code interpreter (provider-facts 4.5)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.simulator.openai_responses import CODE, MODEL, WEATHER, Responses, kinds, responses, text_of
from tests.simulator.openai_stores import TOPICS, Stores

__all__ = ["responses"]

QUESTION = "How many days of paid leave do employees get?"
FACT = "Employees receive 25 days of paid annual leave."


@pytest.fixture
def store(responses: Responses) -> tuple[str, dict[str, str]]:
    """A vector store with three short documents, and their files by name."""
    return Stores(responses.tenant, responses.http).filled({name: {"name": name} for name in TOPICS})


def searching(store_id: str, **wanted: Any) -> dict[str, Any]:
    return {"type": "file_search", "vector_store_ids": [store_id], **wanted}


# Functions ---------------------------------------------------------------------------------------------------------------


def test_a_function_is_called_and_its_result_used(responses: Responses) -> None:
    forced = {"type": "function", "name": "get_weather"}
    first = responses.create("What is the weather in New York?", tools=[WEATHER], tool_choice=forced)
    call = first["output"][0]
    assert list(call) == ["id", "type", "status", "arguments", "call_id", "name"]
    assert (kinds(first), json.loads(call["arguments"])) == (["function_call"], {"location": "New York"})
    assert first["tools"] == [{"output_schema": None, **WEATHER}]
    result = {"type": "function_call_output", "call_id": call["call_id"], "output": '{"temperature": 61.7}'}
    second = responses.create([result], previous_response_id=first["id"], tools=[WEATHER], tool_choice=forced)
    assert (kinds(second), "61.7" in text_of(second)) == (["message"], True)


def test_two_calls_at_once_need_two_results(responses: Responses) -> None:
    first = responses.create("What is the weather in New York and in Paris?", tools=[WEATHER])
    calls = first["output"]
    assert [json.loads(call["arguments"])["location"] for call in calls] == ["New York", "Paris"]
    results = [
        {"type": "function_call_output", "call_id": call["call_id"], "output": f"{call['name']} 20"} for call in calls
    ]
    body = {"model": MODEL, "previous_response_id": first["id"], "tools": [WEATHER]}
    status, error = responses.refused({**body, "input": results[:1]})
    assert (status, error["param"]) == (400, "input")
    assert error["message"] == f"No tool output found for function call {calls[1]['call_id']}."
    done = responses.http.post("/v1/responses", json={**body, "input": results}).raise_for_status().json()
    assert kinds(done) == ["message"]


def test_parallel_calls_can_be_forbidden(responses: Responses) -> None:
    asked = "What is the weather in New York and in Paris?"
    made = responses.create(asked, tools=[WEATHER], parallel_tool_calls=False)
    assert (kinds(made), made["parallel_tool_calls"]) == (["function_call"], False)


def test_a_result_needs_its_call(responses: Responses) -> None:
    result = {"type": "function_call_output", "call_id": "call_none", "output": "x"}
    status, error = responses.refused({"model": MODEL, "input": [result]})
    assert (status, error["message"]) == (400, "No tool call found for function call output with call_id call_none.")
    first = responses.create("What is the weather in Rome?", tools=[WEATHER])
    status, error = responses.refused({"model": MODEL, "input": "Hello?", "previous_response_id": first["id"]})
    assert error["message"] == f"No tool output found for function call {first['output'][0]['call_id']}."


def test_a_conversation_waits_for_the_result(responses: Responses) -> None:
    conversation = responses.sdk.conversations.create().id
    first = responses.create("What is the weather in Rome?", tools=[WEATHER], conversation=conversation)
    call_id = first["output"][0]["call_id"]
    assert responses.refused({"model": MODEL, "input": "Hello?", "conversation": conversation})[0] == 400
    result = {"type": "function_call_output", "call_id": call_id, "output": "18 degrees"}
    assert text_of(responses.create([result], conversation=conversation)) == "18 degrees"
    assert [item["type"] for item in responses.items(conversation)] == [
        "message", "function_call", "function_call_output", "message",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({}, {"strict": True, "parameters": {"type": "object", "properties": {}, "additionalProperties": False}}),
        ({"strict": None}, {"strict": False, "parameters": {"type": "object", "properties": {}}}),
        ({"strict": False}, {"strict": False, "parameters": {"type": "object", "properties": {}}}),
    ],
)
def test_a_function_is_strict_unless_told_otherwise(
    responses: Responses, given: dict[str, Any], shown: dict[str, Any]
) -> None:
    tool = {"type": "function", "name": "now", "parameters": {"type": "object", "properties": {}}, **given}
    made = responses.create("Hello", tools=[tool])["tools"][0]
    assert {key: made[key] for key in shown} == shown


def test_a_call_may_not_fit(responses: Responses) -> None:
    asked = 'Say "' + "word " * 100 + '" to all.'
    tool = {
        "type": "function",
        "name": "say",
        "parameters": {"type": "object", "properties": {"text": {"type": "string"}}},
    }
    made = responses.create(asked, tools=[tool], tool_choice="required", max_output_tokens=16)
    assert (made["status"], made["output"][0]["status"]) == ("incomplete", "incomplete")
    assert made["usage"]["output_tokens"] == 16


# File search -------------------------------------------------------------------------------------------------------------


def test_an_answer_cites_the_file(responses: Responses, store: tuple[str, dict[str, str]]) -> None:
    store_id, files = store
    made = responses.create(QUESTION, tools=[searching(store_id)])
    search, said = made["output"]
    assert (kinds(made), text_of(made)) == (["file_search_call", "message"], FACT)
    assert search["queries"] == [QUESTION]
    assert (search["status"], search["results"]) == ("completed", None)
    cited = {"type": "file_citation", "file_id": files["leave.txt"], "filename": "leave.txt", "index": len(FACT) - 1}
    assert said["content"][0]["annotations"] == [cited]
    assert made["tools"][0] == {
        "type": "file_search",
        "filters": None,
        "max_num_results": 20,
        "ranking_options": {"ranker": "auto", "score_threshold": 0.0},
        "vector_store_ids": [store_id],
    }
    counted = responses.http.post("/v1/responses/input_tokens", json={"model": MODEL, "input": QUESTION}).json()
    assert made["usage"]["input_tokens"] > counted["input_tokens"]


def test_what_was_found_is_shown_to_those_who_ask(responses: Responses, store: tuple[str, dict[str, str]]) -> None:
    store_id, files = store
    made = responses.create(
        QUESTION, tools=[searching(store_id, max_num_results=2)], include=["file_search_call.results"]
    )
    results = made["output"][0]["results"]
    assert len(results) == 2
    assert (results[0]["file_id"], results[0]["filename"]) == (files["leave.txt"], "leave.txt")
    assert results[0]["attributes"] == {"name": "leave.txt"}
    assert FACT in results[0]["text"]
    assert results[0]["score"] > results[1]["score"]
    plain = responses.create(QUESTION, tools=[searching(store_id)])
    later = responses.get(plain["id"], "?include[]=file_search_call.results")
    assert later["output"][0]["results"][0]["file_id"] == files["leave.txt"]


def test_without_the_store_it_is_not_known(responses: Responses, store: tuple[str, dict[str, str]]) -> None:
    assert "25" not in text_of(responses.create(QUESTION))
    other = {"type": "eq", "key": "name", "value": "bread.txt"}
    made = responses.create(QUESTION, tools=[searching(store[0], filters=other)])
    assert "25" not in text_of(made)
    assert made["output"][1]["content"][0]["annotations"] == []


def test_nothing_is_searched_for_what_needs_no_search(responses: Responses, store: tuple[str, dict[str, str]]) -> None:
    tool = searching(store[0])
    assert kinds(responses.create("What is 2 + 2?", tools=[tool])) == ["message"]
    assert kinds(responses.create(QUESTION, tools=[tool], tool_choice="none")) == ["message"]
    forced = responses.create("What is 2 + 2?", tools=[tool], tool_choice={"type": "file_search"})
    assert (kinds(forced), text_of(forced)) == (["file_search_call", "message"], "4")


def test_an_unknown_store_is_refused(responses: Responses) -> None:
    status, error = responses.refused({"model": MODEL, "input": QUESTION, "tools": [searching("vs_none")]})
    assert (status, error["message"]) == (404, "Vector store with id 'vs_none' not found.")


# The code interpreter ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "result"),
    [("What is 10!?", "3628800"), ("What is the tenth Fibonacci number?", "55"), ("What is 15 * 23?", "345")],
)
def test_a_program_calculates(responses: Responses, question: str, result: str) -> None:
    made = responses.create(question, tools=[CODE], include=["code_interpreter_call.outputs"])
    run, said = made["output"]
    assert list(run) == ["id", "type", "status", "code", "container_id", "outputs"]
    assert (kinds(made), run["status"]) == (["code_interpreter_call", "message"], "completed")
    assert run["outputs"] == [{"type": "logs", "logs": f"{result}\n"}]
    assert "print" in run["code"]
    assert result in said["content"][0]["text"]
    assert responses.get(made["id"])["output"][0]["outputs"] == run["outputs"]


def test_outputs_are_shown_to_those_who_ask(responses: Responses) -> None:
    made = responses.create("What is 10!?", tools=[CODE])
    assert made["output"][0]["outputs"] is None
    later = responses.get(made["id"], "?include[]=code_interpreter_call.outputs")
    assert later["output"][0]["outputs"][0]["logs"] == "3628800\n"


def test_without_the_tool_nothing_is_run(responses: Responses) -> None:
    assert kinds(responses.create("What is 10!?")) == ["message"]
    assert kinds(responses.create("What is 10!?", tools=[CODE], tool_choice="none")) == ["message"]
    assert "containers" not in responses.tenant.inventory()["OpenAI"]


def test_a_program_that_fails_shows_its_traceback(responses: Responses) -> None:
    made = responses.create("Run this code: print(1 / 0)", tools=[CODE], include=["code_interpreter_call.outputs"])
    logs = made["output"][0]["outputs"][0]["logs"]
    assert (made["status"], made["output"][0]["status"]) == ("completed", "completed")
    assert logs.startswith("Traceback (most recent call last):")
    assert "ZeroDivisionError: division by zero" in logs
    assert "ZeroDivisionError" in text_of(made)


def test_a_container_is_kept_for_the_next_program(responses: Responses) -> None:
    first = responses.create('Run this code: open("note.txt", "w").write("teal")', tools=[CODE])
    container = first["output"][0]["container_id"]
    assert responses.tenant.inventory()["OpenAI"]["containers"] == [container]
    written = first["output"][-1]["content"][0]["annotations"]
    assert [(one["type"], one["filename"], one["container_id"]) for one in written] == [
        ("container_file_citation", "note.txt", container)
    ]
    asked = 'Run this code: print(open("note.txt").read())'
    second = responses.create(asked, tools=[CODE], previous_response_id=first["id"])
    assert (second["output"][0]["container_id"], text_of(second)) == (container, "The result is teal.")
    named = responses.create(asked, tools=[{"type": "code_interpreter", "container": container}])
    assert text_of(named) == "The result is teal."
    other = responses.create(asked, tools=[CODE])
    assert "FileNotFoundError" in text_of(other)


def test_a_program_finds_the_files_it_is_given(responses: Responses) -> None:
    sent = responses.http.post(
        "/v1/files", files={"file": ("sums.csv", b"a\n1\n2\n")}, data={"purpose": "user_data"}
    ).json()
    tool = {"type": "code_interpreter", "container": {"type": "auto", "file_ids": [sent["id"]]}}
    made = responses.create("How many rows does sums.csv have?", tools=[tool])
    assert text_of(made) == "The result is 2."
    assert text_of(responses.create("What is the sum of column a?", tools=[tool])) == "The result is 3."
    missing = {"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["file-none"]}}
    status, error = responses.refused({"model": MODEL, "input": "What is 10!?", "tools": [missing]})
    assert (status, error["message"]) == (404, "No such File object: file-none")


def test_an_unknown_container_is_refused(responses: Responses) -> None:
    tool = {"type": "code_interpreter", "container": "cntr_none"}
    status, error = responses.refused({"model": MODEL, "input": "What is 10!?", "tools": [tool]})
    assert (status, error["message"]) == (404, "Container with id 'cntr_none' not found.")


def test_a_tool_takes_its_time(responses: Responses) -> None:
    plain = responses.http.post("/v1/responses", json={"model": MODEL, "input": "What is 10!?"})
    run = responses.http.post("/v1/responses", json={"model": MODEL, "input": "What is 10!?", "tools": [CODE]})
    assert int(run.headers["openai-processing-ms"]) - int(plain.headers["openai-processing-ms"]) >= 2_000
