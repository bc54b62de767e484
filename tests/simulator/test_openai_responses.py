"""OpenAI's simulated responses: what is answered, remembered, charged, kept and deleted (provider-facts 4.5)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from openai.types.responses import Response

from tests.simulator.openai_responses import MODEL, Responses, kinds, responses, text_of

__all__ = ["responses"]

DAY = 86_400
NEWEST = [
    "id", "object", "created_at", "status", "background", "billing", "completed_at", "error", "frequency_penalty",
    "incomplete_details", "instructions", "max_output_tokens", "max_tool_calls", "model", "moderation", "output",
    "parallel_tool_calls", "presence_penalty", "previous_response_id", "prompt_cache_key", "prompt_cache_retention",
    "reasoning", "safety_identifier", "service_tier", "store", "temperature", "text", "tool_choice", "tool_usage", "tools",
    "top_logprobs", "top_p", "truncation", "usage", "user", "metadata",
]  # fmt: skip
"""Keys of the recordings of 2026-08, in their order."""


def test_a_response_has_the_recorded_keys_in_their_order(responses: Responses) -> None:
    made = responses.create("Answer exactly: six", metadata={"topic": "numbers"}, user="u1", temperature=0.5)
    assert list(made) == NEWEST
    assert (text_of(made), made["metadata"], made["user"], made["temperature"]) == (
        "six",
        {"topic": "numbers"},
        "u1",
        0.5,
    )
    assert list(made["output"][0]) == ["id", "type", "status", "content", "role"]
    assert made["model"] == "gpt-4.1-mini-2025-04-14"
    assert re.fullmatch(r"resp_0[0-9a-f]{49}", made["id"])
    assert made["output"][0]["id"][4:20] == made["id"][5:21]
    assert made["completed_at"] >= made["created_at"]


def test_the_sdk_reads_what_was_said(responses: Responses) -> None:
    made = responses.sdk.responses.create(model=MODEL, input="What is 15 * 23?")
    assert (made.output_text, made.status, made.error) == ("345", "completed", None)
    assert responses.sdk.responses.retrieve(made.id).output_text == "345"


@pytest.mark.parametrize(
    ("model", "phase", "context", "top_p"),
    [
        ("gpt-4o", None, None, 1.0),
        ("gpt-5", None, "current_turn", 1.0),
        ("gpt-5.6-sol", "final_answer", "all_turns", 0.98),
    ],
)
def test_what_depends_on_the_model(
    responses: Responses, model: str, phase: str | None, context: str | None, top_p: float
) -> None:
    made = responses.create("Answer exactly: six", model=model)
    said = made["output"][-1]
    assert (said.get("phase"), made["reasoning"]["context"], made["top_p"]) == (phase, context, top_p)
    assert ("reasoning" in kinds(made)) == (made["usage"]["output_tokens_details"]["reasoning_tokens"] > 0)
    assert ("mode" in made["reasoning"]) == (context is not None)


REQUESTS: list[dict[str, Any]] = [
    {"input": "Tell me a joke."},
    {"input": [{"role": "user", "content": [{"type": "input_text", "text": "Hello"}]}], "instructions": "Be brief."},
    {"input": "What is the weather?", "tools": [{"type": "function", "name": "weather", "parameters": {"type": "object"}}]},
    {
        "input": "Ada is 36.",
        "text": {
            "format": {"type": "json_schema", "name": "person", "schema": {"type": "object", "properties": {"name": {"type": "string"}}}}
        },
    },
    {
        "input": [
            {"role": "user", "content": "a"},
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "four words of result"},
        ]
    },
]  # fmt: skip


@pytest.mark.parametrize("body", REQUESTS)
def test_the_input_is_charged_as_it_is_counted(responses: Responses, body: dict[str, Any]) -> None:
    counted = responses.http.post("/v1/responses/input_tokens", json={"model": MODEL, **body}).raise_for_status().json()
    made = responses.http.post("/v1/responses", json={"model": MODEL, **body}).raise_for_status().json()
    usage = made["usage"]
    assert usage["input_tokens"] == counted["input_tokens"] > 0
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


def test_the_count_follows_a_conversation_and_an_earlier_response(responses: Responses) -> None:
    first = responses.create("My name is Ada.")
    conversation = responses.sdk.conversations.create(items=[{"role": "user", "content": "My name is Ada."}]).id
    for on in ({"previous_response_id": first["id"]}, {"conversation": conversation}):
        body = {"model": MODEL, "input": "What is my name?", **on}
        counted = responses.http.post("/v1/responses/input_tokens", json=body).raise_for_status().json()
        alone = responses.http.post("/v1/responses/input_tokens", json={**body, **dict.fromkeys(on)}).json()
        made = responses.http.post("/v1/responses", json=body).raise_for_status().json()
        assert made["usage"]["input_tokens"] == counted["input_tokens"] > alone["input_tokens"]


def test_a_response_goes_on_with_an_earlier_one(responses: Responses) -> None:
    first = responses.create("What is 15 * 23?", instructions="Answer exactly: nothing")
    second = responses.create("What is 15 * 23?")
    third = responses.create("Now double that.", previous_response_id=second["id"])
    assert (text_of(first), text_of(second), text_of(third)) == ("345", "345", "690")
    assert third["previous_response_id"] == second["id"]
    assert third["id"][5:21] == second["id"][5:21] != first["id"][5:21]


def test_instructions_are_not_carried_over(responses: Responses) -> None:
    first = responses.create("Hello", instructions="Answer exactly: ALPHA")
    second = responses.create("Hello", previous_response_id=first["id"])
    third = responses.create("Hello", previous_response_id=first["id"], instructions="Answer exactly: BETA")
    assert (text_of(first), text_of(third)) == ("ALPHA", "BETA")
    assert text_of(second) not in ("ALPHA", "BETA")
    assert second["instructions"] is None


def test_input_items_are_all_that_the_model_read(responses: Responses) -> None:
    first = responses.create([{"role": "developer", "content": "Be kind."}, {"role": "user", "content": "one"}])
    second = responses.create("two", previous_response_id=first["id"])
    listed = list(responses.sdk.responses.input_items.list(second["id"], order="asc"))
    assert [(item.type, getattr(item, "role", None)) for item in listed] == [
        ("message", "developer"), ("message", "user"), ("message", "assistant"), ("message", "user"),
    ]  # fmt: skip
    newest = responses.http.get(f"/v1/responses/{second['id']}/input_items?limit=1").json()
    assert (newest["data"][0]["content"], newest["has_more"]) == ([{"type": "input_text", "text": "two"}], True)
    walked = [item.id for item in responses.sdk.responses.input_items.list(second["id"], limit=1)]
    assert walked == [item.id for item in reversed(listed)]


def test_an_item_can_be_referred_to(responses: Responses) -> None:
    first = responses.create("My colour is teal.")
    item_id = responses.sdk.responses.input_items.list(first["id"]).data[0].id
    asked = [{"type": "item_reference", "id": item_id}, {"role": "user", "content": "What is my colour?"}]
    assert text_of(responses.create(asked)) == "Your colour is teal."
    status, error = responses.refused({"model": MODEL, "input": [{"type": "item_reference", "id": "msg_none"}]})
    assert (status, error["param"]) == (404, "input")
    assert error["message"].startswith("Item with id 'msg_none' not found. Items are not persisted when `store`")


def test_what_is_not_stored_is_not_there(responses: Responses) -> None:
    made = responses.create("Hello", store=False)
    assert responses.http.get(f"/v1/responses/{made['id']}").status_code == 404
    status, error = responses.refused({"model": MODEL, "input": "x", "previous_response_id": made["id"]})
    assert (status, error["code"]) == (400, "previous_response_not_found")
    assert "responses" not in responses.tenant.inventory().get("OpenAI", {})


def test_a_stored_response_is_in_the_inventory_until_it_is_deleted(responses: Responses) -> None:
    made = responses.create("Hello")
    assert responses.tenant.inventory()["OpenAI"] == {"responses": [made["id"]]}
    deleted = responses.http.delete(f"/v1/responses/{made['id']}")
    assert deleted.json() == {"id": made["id"], "object": "response.deleted", "deleted": True}
    gone = responses.http.get(f"/v1/responses/{made['id']}")
    assert (gone.status_code, gone.json()["error"]["message"]) == (404, f"Response with id '{made['id']}' not found.")
    assert responses.http.delete(f"/v1/responses/{made['id']}").status_code == 404
    assert responses.tenant.inventory() == {}


def test_a_response_is_kept_for_thirty_days(responses: Responses) -> None:
    made = responses.create("Hello")
    responses.tenant.advance(30 * DAY - 60)
    assert responses.get(made["id"])["id"] == made["id"]
    responses.tenant.advance(60)
    assert responses.http.get(f"/v1/responses/{made['id']}").status_code == 404
    assert responses.tenant.inventory() == {}


def test_a_limit_ends_the_answer_early(responses: Responses) -> None:
    made = responses.create("Write 200 words about the sea.", max_output_tokens=20)
    assert (made["status"], made["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})
    assert (made["output"][0]["status"], made["completed_at"]) == ("incomplete", None)
    assert made["usage"]["output_tokens"] == 20
    thought = responses.create("Write 200 words about the sea.", model="gpt-5", max_output_tokens=16)
    assert (thought["status"], kinds(thought), text_of(thought)) == ("incomplete", ["reasoning"], "")
    assert thought["usage"]["output_tokens_details"]["reasoning_tokens"] == 16


def test_json_fits_the_schema(responses: Responses) -> None:
    schema = {
        "type": "object",
        "properties": {"age": {"type": "integer"}},
        "required": ["age"],
        "additionalProperties": False,
    }
    wanted = {"format": {"type": "json_schema", "name": "person", "schema": schema, "strict": True}}
    made = responses.create("Ada is 36 years old.", text=wanted)
    assert text_of(made) == '{"age":36}'
    assert made["text"]["format"] == {**wanted["format"], "description": None}


def test_a_reasoning_item_shows_a_summary_where_asked(responses: Responses) -> None:
    plain = responses.create("Hello", model="gpt-5")["output"][0]
    told = responses.create("Hello", model="gpt-5", reasoning={"summary": "auto"})
    assert (plain["summary"], plain["content"]) == ([], [])
    assert plain["encrypted_content"].startswith("gAAAAA")
    assert [part["type"] for part in told["output"][0]["summary"]] == ["summary_text"]
    assert told["reasoning"]["summary"] == "detailed"
    hidden = responses.create("Hello", model="gpt-5", store=False)["output"][0]
    assert "encrypted_content" not in hidden


def test_a_long_prompt_is_cached(responses: Responses) -> None:
    long = "The sea is wide and the wind is cold. " * 200
    first = responses.create("Hello", instructions=long)["usage"]["input_tokens_details"]
    second = responses.create("Hello again", instructions=long)["usage"]["input_tokens_details"]
    assert first == {"cache_write_tokens": 0, "cached_tokens": 0}
    assert second["cached_tokens"] >= 1024
    newest = [
        responses.create("Hello", instructions=long, model="gpt-5.6-sol")["usage"]["input_tokens_details"]
        for _ in range(2)
    ]
    assert newest[0]["cache_write_tokens"] > 1024 > newest[0]["cached_tokens"] == 0
    assert newest[1]["cached_tokens"] == newest[0]["cache_write_tokens"]


def test_an_answer_takes_its_time(responses: Responses) -> None:
    before = responses.tenant.now()
    made = responses.create("Write 200 words about the sea.")
    assert responses.tenant.now() > before
    slow = responses.http.post("/v1/responses", json={"model": MODEL, "input": "Write 200 words about the sea."})
    assert int(slow.headers["openai-processing-ms"]) > 1000
    assert slow.headers["x-ratelimit-limit-requests"] == "10000"
    assert made["completed_at"] > made["created_at"]


def test_what_is_too_long_is_refused_or_shortened(responses: Responses) -> None:
    turns = [{"role": "user", "content": f"note {number} " + "word " * 2_000} for number in range(9)]
    asked = [{"role": "user", "content": "My dog is Rex."}, *turns, {"role": "user", "content": "What is 2 + 2?"}]
    body = {"model": "gpt-3.5-turbo", "input": asked}
    status, error = responses.refused(body)
    assert (status, error["code"], error["param"]) == (400, "context_length_exceeded", "input")
    assert (
        error["message"]
        == "Your input exceeds the context window of this model. Please adjust your input and try again."
    )
    made = responses.http.post("/v1/responses", json={**body, "truncation": "auto"}).raise_for_status().json()
    assert text_of(made) == "4"
    assert 12_000 < made["usage"]["input_tokens"] <= 16_385


def test_a_conversation_is_made_short(responses: Responses) -> None:
    first = responses.create("My name is Ada.")
    second = responses.create("I live in Oslo.", previous_response_id=first["id"])
    body = {"model": MODEL, "previous_response_id": second["id"]}
    made = responses.http.post("/v1/responses/compact", json=body).raise_for_status().json()
    assert list(made) == ["id", "object", "created_at", "output", "usage"]
    assert [item["type"] for item in made["output"]] == ["message", "message", "compaction"]
    packed = made["output"][-1]
    asked = [packed, {"role": "user", "content": "What is my name?"}]
    assert text_of(responses.create(asked)) == "Your name is Ada."
    assert responses.http.get(f"/v1/responses/{made['id']}").status_code == 404


def test_a_picture_is_shown_to_those_who_ask_for_it(responses: Responses) -> None:
    picture = "data:image/png;base64,iVBORw0KGgo="
    said = [
        {
            "role": "user",
            "content": [{"type": "input_image", "image_url": picture}, {"type": "input_text", "text": "Hi"}],
        }
    ]
    made = responses.create(said)
    path = f"/v1/responses/{made['id']}/input_items"
    hidden = responses.http.get(path).json()["data"][0]["content"][0]
    shown = responses.http.get(f"{path}?include[]=message.input_image.image_url").json()["data"][0]["content"][0]
    assert hidden == {"type": "input_image", "detail": "auto", "file_id": None, "image_url": None}
    assert shown["image_url"] == picture


def test_a_file_is_read(responses: Responses) -> None:
    data = "data:text/plain;base64,VGhlIGZlcnJ5IGxlYXZlcyBhdCBub29uLg=="
    part = {"type": "input_file", "filename": "ferry.txt", "file_data": data}
    asked = [{"role": "user", "content": [part, {"type": "input_text", "text": "When does the ferry leave?"}]}]
    made = responses.create(asked)
    assert text_of(made) == "The ferry leaves at noon."
    kept = responses.http.get(f"/v1/responses/{made['id']}/input_items").json()["data"][0]["content"][0]
    assert kept == {"type": "input_file", "file_id": None, "filename": "ferry.txt"}


def test_an_old_response_validates_as_the_sdks_type(responses: Responses) -> None:
    made = responses.create("Hello", model="gpt-5", reasoning={"effort": "low", "summary": "auto"})
    assert Response.model_validate(responses.get(made["id"])).output[0].type == "reasoning"
