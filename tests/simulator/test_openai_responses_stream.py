"""OpenAI's simulated responses as streams of events: their order, their numbers, what they add up to (provider-facts 4.5)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from tests.simulator.openai_responses import CODE, MODEL, WEATHER, Responses, responses, text_of
from tests.simulator.openai_stores import Stores

__all__ = ["responses"]

ADAPTER: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
OPENING = ["response.created", "response.in_progress"]
MESSAGE = [
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
]


def events(responses: Responses, said: Any, **wanted: Any) -> list[dict[str, Any]]:
    """The events of a stream, each checked against its name, its number and the SDK's type."""
    body = {"model": MODEL, "input": said, "stream": True, **wanted}
    answer = responses.http.post("/v1/responses", json=body).raise_for_status()
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.text.endswith("\n\n")
    found = []
    for number, block in enumerate(answer.text.removesuffix("\n\n").split("\n\n")):
        name, data = block.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert (name, event["sequence_number"]) == (f"event: {event['type']}", number)
        ADAPTER.validate_python(event)
        found.append(event)
    return found


def order(found: list[dict[str, Any]]) -> list[str]:
    """The kinds of events, repetitions of one counted once."""
    kinds = [event["type"] for event in found]
    return [kind for number, kind in enumerate(kinds) if number == 0 or kind != kinds[number - 1]]


def joined(found: list[dict[str, Any]], kind: str) -> str:
    return "".join(event["delta"] for event in found if event["type"] == kind)


def test_a_message_comes_piece_by_piece(responses: Responses) -> None:
    found = events(responses, "Answer exactly: The sea is wide and cold.")
    assert order(found) == [*OPENING, *MESSAGE, "response.completed"]
    assert joined(found, "response.output_text.delta") == "The sea is wide and cold."
    first, last = found[0]["response"], found[-1]["response"]
    assert (first["status"], first["output"], first["usage"], first["service_tier"]) == (
        "in_progress",
        [],
        None,
        "auto",
    )
    assert (last["status"], text_of(last)) == ("completed", "The sea is wide and cold.")
    kept = responses.get(last["id"])
    del kept["billing"]
    assert last == kept
    assert list(found[-1]) == ["type", "response", "sequence_number"]


def test_every_piece_hides_its_length(responses: Responses) -> None:
    found = events(responses, "Write 50 words about the sea.")
    noise = [event["obfuscation"] for event in found if event["type"] == "response.output_text.delta"]
    assert len({len(piece) for piece in noise}) > 3
    bare = events(responses, "Write 50 words about the sea.", stream_options={"include_obfuscation": False})
    assert not any("obfuscation" in event for event in bare)


def test_an_answer_that_is_cut_short_ends_incomplete(responses: Responses) -> None:
    found = events(responses, "Write 200 words about the sea.", max_output_tokens=16)
    assert order(found) == [*OPENING, *MESSAGE, "response.incomplete"]
    assert found[-1]["response"]["incomplete_details"] == {"reason": "max_output_tokens"}
    assert found[-2]["item"]["status"] == "incomplete"


def test_calls_come_piece_by_piece(responses: Responses) -> None:
    found = events(responses, "What is the weather in New York and in Paris?", tools=[WEATHER])
    call = [
        "response.output_item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
    ]
    assert order(found) == [*OPENING, *call, *call, "response.completed"]
    done = [event["arguments"] for event in found if event["type"] == "response.function_call_arguments.done"]
    assert done == ['{"location":"New York"}', '{"location":"Paris"}']
    assert joined(found, "response.function_call_arguments.delta") == "".join(done)
    begun = next(event for event in found if event["type"] == "response.output_item.added")
    assert (begun["item"]["arguments"], begun["item"]["status"], begun["output_index"]) == ("", "in_progress", 0)


def test_reasoning_comes_first(responses: Responses) -> None:
    found = events(responses, "Answer exactly: six", model="gpt-5", reasoning={"summary": "auto"})
    summary = [
        "response.output_item.added",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_text.delta",
        "response.reasoning_summary_text.done",
        "response.reasoning_summary_part.done",
        "response.output_item.done",
    ]
    assert order(found) == [*OPENING, *summary, *MESSAGE, "response.completed"]
    told = found[-1]["response"]["output"][0]["summary"][0]["text"]
    assert joined(found, "response.reasoning_summary_text.delta") == told
    assert found[2]["item"]["summary"] == []


def test_a_search_comes_before_its_answer(responses: Responses) -> None:
    store_id, files = Stores(responses.tenant, responses.http).filled()
    tool = {"type": "file_search", "vector_store_ids": [store_id]}
    found = events(responses, "How many days of paid leave do employees get?", tools=[tool])
    search = [
        "response.output_item.added",
        "response.file_search_call.in_progress",
        "response.file_search_call.searching",
        "response.file_search_call.completed",
        "response.output_item.done",
    ]
    cited = [*MESSAGE[:3], "response.output_text.annotation.added", *MESSAGE[2:]]
    assert order(found) == [*OPENING, *search, *cited, "response.completed"]
    annotation = next(event for event in found if event["type"] == "response.output_text.annotation.added")
    assert annotation["annotation"]["file_id"] == files["leave.txt"]
    last = [event["delta"] for event in found if event["type"] == "response.output_text.delta"][-1]
    assert (last, found[found.index(annotation) + 1]["delta"]) == (".", ".")


def test_a_program_comes_before_its_answer(responses: Responses) -> None:
    found = events(responses, "What is 10!?", tools=[CODE], include=["code_interpreter_call.outputs"])
    run = [
        "response.output_item.added",
        "response.code_interpreter_call.in_progress",
        "response.code_interpreter_call_code.delta",
        "response.code_interpreter_call_code.done",
        "response.code_interpreter_call.interpreting",
        "response.code_interpreter_call.completed",
        "response.output_item.done",
    ]
    assert order(found) == [*OPENING, *run, *MESSAGE, "response.completed"]
    done = found[-1]["response"]["output"][0]
    assert joined(found, "response.code_interpreter_call_code.delta") == done["code"]
    assert done["outputs"] == [{"type": "logs", "logs": "3628800\n"}]


def test_the_sdk_puts_a_stream_together(responses: Responses) -> None:
    with responses.sdk.responses.stream(model=MODEL, input="What is 15 * 23?") as stream:
        assert stream.get_final_response().output_text == "345"


def test_a_refusal_is_no_stream(responses: Responses) -> None:
    body = {"model": "nobody", "input": "Hello", "stream": True}
    status, error = responses.refused(body)
    assert (status, error["code"]) == (400, "model_not_found")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_log_probabilities_are_told_to_those_who_ask(responses: Responses, stream: bool) -> None:
    wanted: dict[str, Any] = {"include": ["message.output_text.logprobs"], "top_logprobs": 2}
    if stream:
        found = events(responses, "Answer exactly: six", **wanted)
        told = [
            entry for event in found if event["type"] == "response.output_text.delta" for entry in event["logprobs"]
        ]
    else:
        told = responses.create("Answer exactly: six", **wanted)["output"][0]["content"][0]["logprobs"]
    assert [entry["token"] for entry in told] == ["six"]
    assert len(told[0]["top_logprobs"]) == 2
