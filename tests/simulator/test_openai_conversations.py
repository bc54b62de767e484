"""OpenAI's simulated conversations and their items (provider-facts 4.5; recordings: conversations)."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from openai.types.conversations import Conversation, ConversationItemList

from tests.simulator.openai_responses import MODEL, Responses, responses, text_of

__all__ = ["responses"]


def said(*texts: str) -> list[dict[str, Any]]:
    return [{"type": "message", "role": "user", "content": text} for text in texts]


def error(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    refused: dict[str, Any] = answer.json()["error"]
    return refused


def test_a_conversation_has_the_recorded_keys(responses: Responses) -> None:
    made = responses.http.post("/v1/conversations", json={"metadata": {"topic": "trees"}}).raise_for_status().json()
    assert list(made) == ["id", "object", "created_at", "metadata"]
    assert (made["object"], made["metadata"]) == ("conversation", {"topic": "trees"})
    assert re.fullmatch(r"conv_[0-9a-f]{32}0[0-9a-f]{15}", made["id"])
    assert responses.http.get(f"/v1/conversations/{made['id']}").json() == made
    Conversation.model_validate(made)
    assert responses.tenant.inventory() == {"OpenAI": {"conversations": [made["id"]]}}


def test_an_empty_one_has_no_items_and_no_metadata(responses: Responses) -> None:
    made = responses.sdk.conversations.create()
    assert made.metadata == {}
    page = responses.http.get(f"/v1/conversations/{made.id}/items").json()
    assert page == {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}


def test_metadata_is_replaced(responses: Responses) -> None:
    made = responses.sdk.conversations.create(metadata={"a": "1", "b": "2"})
    assert responses.sdk.conversations.update(made.id, metadata={"c": "3"}).metadata == {"c": "3"}
    assert responses.sdk.conversations.retrieve(made.id).metadata == {"c": "3"}


def test_a_deleted_one_is_gone(responses: Responses) -> None:
    made = responses.sdk.conversations.create(items=said("hello"))
    deleted = responses.http.delete(f"/v1/conversations/{made.id}").json()
    assert deleted == {"id": made.id, "object": "conversation.deleted", "deleted": True}
    words = f"Conversation with id '{made.id}' not found."
    for answer in (
        responses.http.get(f"/v1/conversations/{made.id}"),
        responses.http.get(f"/v1/conversations/{made.id}/items"),
        responses.http.delete(f"/v1/conversations/{made.id}"),
        responses.http.post("/v1/responses", json={"model": MODEL, "input": "x", "conversation": made.id}),
    ):
        assert error(answer, 404)["message"] == words
    assert responses.tenant.inventory() == {}


def test_items_are_listed_newest_first_and_page_by_page(responses: Responses) -> None:
    made = responses.sdk.conversations.create(items=said("one", "two", "three"))
    page = responses.http.get(f"/v1/conversations/{made.id}/items?limit=2").raise_for_status().json()
    ConversationItemList.model_validate(page)
    assert [item["content"][0]["text"] for item in page["data"]] == ["three", "two"]
    assert (page["has_more"], page["last_id"]) == (True, page["data"][1]["id"])
    walked = [item.content[0].text for item in responses.sdk.conversations.items.list(made.id, limit=1)]  # type: ignore[union-attr]
    assert walked == ["three", "two", "one"]
    assert responses.messages(made.id) == [("user", "one"), ("user", "two"), ("user", "three")]


@pytest.mark.parametrize("text", ["Grüße, 世界 👋\nsecond line\t", "x" * 10_000])
def test_a_text_is_kept_as_it_is(responses: Responses, text: str) -> None:
    first, other = (responses.sdk.conversations.create().id for _ in range(2))
    added = (
        responses.http.post(f"/v1/conversations/{first}/items", json={"items": said(text)}).raise_for_status().json()
    )
    assert added["data"] == [
        {
            "id": added["first_id"],
            "type": "message",
            "status": "completed",
            "content": [{"type": "input_text", "text": text}],
            "role": "user",
        }
    ]
    assert responses.items(first) == added["data"]
    assert responses.items(other) == []
    assert added["first_id"].endswith(first[-16:])


def test_an_item_is_read_and_deleted(responses: Responses) -> None:
    made = responses.sdk.conversations.create(items=said("one", "two")).id
    one, two = responses.items(made)
    assert responses.http.get(f"/v1/conversations/{made}/items/{one['id']}").json() == one
    answer = responses.sdk.conversations.items.delete(one["id"], conversation_id=made)
    assert answer.id == made
    assert responses.items(made) == [two]
    assert "not found" in error(responses.http.get(f"/v1/conversations/{made}/items/{one['id']}"), 404)["message"]


def test_a_response_reads_and_continues_it(responses: Responses) -> None:
    made = responses.sdk.conversations.create(items=said("My name is Ada.")).id
    answer = responses.create("What is my name?", conversation={"id": made})
    assert (text_of(answer), answer["conversation"]) == ("Your name is Ada.", {"id": made})
    assert responses.messages(made) == [
        ("user", "My name is Ada."),
        ("user", "What is my name?"),
        ("assistant", "Your name is Ada."),
    ]
    other = responses.sdk.conversations.create().id
    assert "Ada" not in text_of(responses.create("What is my name?", conversation=other))


def test_it_outlives_its_responses(responses: Responses) -> None:
    made = responses.sdk.conversations.create().id
    answer = responses.create("My name is Ada.", conversation=made)
    responses.http.delete(f"/v1/responses/{answer['id']}").raise_for_status()
    responses.tenant.advance(40 * 86_400)
    assert text_of(responses.create("What is my name?", conversation=made)) == "Your name is Ada."


def test_a_response_that_is_not_stored_is_said_all_the_same(responses: Responses) -> None:
    made = responses.sdk.conversations.create().id
    responses.create("What is 2 + 2?", conversation=made, store=False)
    assert responses.messages(made) == [("user", "What is 2 + 2?"), ("assistant", "4")]


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"items": said(*map(str, range(21)))}, "items", "array_above_max_length"),
        ({"items": [{"role": "wizard", "content": "x"}]}, "items[0].role", "invalid_value"),
        ({"items": [{"role": "user"}]}, "items[0].content", "missing_required_parameter"),
        ({"items": [{"role": "user", "content": "x", "colour": "red"}]}, "items[0].colour", "unknown_parameter"),
        ({"items": [{"type": "riddle"}]}, "items[0].type", "invalid_value"),
        ({"items": "hello"}, "items", "invalid_type"),
        ({"metadata": {f"key{number}": "x" for number in range(17)}}, "metadata", "object_above_max_properties"),
        ({"metadata": {"a": 1}}, "metadata.a", "invalid_type"),
        ({"colour": "red"}, "colour", "unknown_parameter"),
    ],
)
def test_what_is_wrong_is_told(responses: Responses, body: dict[str, Any], param: str, code: str) -> None:
    status, refused = responses.refused(body, "/v1/conversations")
    assert (status, refused["param"], refused["code"]) == (400, param, code)
    assert responses.tenant.inventory() == {}


def test_items_must_be_some_and_not_too_many(responses: Responses) -> None:
    made = responses.sdk.conversations.create().id
    path = f"/v1/conversations/{made}/items"
    for body, code in (
        ({}, "missing_required_parameter"),
        ({"items": []}, "empty_array"),
        ({"items": said(*map(str, range(21)))}, "array_above_max_length"),
    ):
        assert responses.refused(body, path)[1]["code"] == code
    responses.http.post(path, json={"items": said(*map(str, range(20)))}).raise_for_status()
    assert len(responses.items(made)) == 20
