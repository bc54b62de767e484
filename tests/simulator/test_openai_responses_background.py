"""OpenAI's simulated responses in the background: states by the clock, cancelling, failures, streams taken up again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import openai
import pytest

from tests.simulator.account import Account
from tests.simulator.openai_responses import MODEL, QUEUED, Responses, responses, text_of

__all__ = ["responses"]

RUN = 10.0
DURATIONS = {"responses.run": RUN}


@pytest.fixture
def slow(open_tenant: Callable[..., Account]) -> Any:
    """A tenant whose responses run for ten seconds."""
    tenant = open_tenant(durations=DURATIONS)
    with tenant.client("OpenAI") as http:
        sdk = openai.OpenAI(api_key=tenant.keys["OpenAI"], base_url=f"{tenant.url}/v1", max_retries=0)
        with sdk:
            yield Responses(tenant, http, sdk)


def test_a_background_response_is_queued_then_under_way_then_done(slow: Responses) -> None:
    before = slow.tenant.now()
    made = slow.create("What is 15 * 23?", background=True)
    assert slow.tenant.now() == before
    assert (made["status"], made["output"], made["usage"], made["completed_at"]) == ("queued", [], None, None)
    assert "billing" not in made
    seen = [made["status"]]
    for _ in range(13):
        slow.tenant.advance(1)
        seen.append(slow.get(made["id"])["status"])
    assert seen == ["queued"] + ["in_progress"] * int(RUN) + ["completed"] * 3
    done = slow.get(made["id"])
    assert (text_of(done), done["completed_at"] - done["created_at"]) == ("345", QUEUED + RUN)
    assert done["usage"]["total_tokens"] > 0
    assert done["service_tier"] == "default" != made["service_tier"] == "auto"


def test_how_long_it_waits_can_be_set(open_tenant: Callable[..., Account]) -> None:
    tenant = open_tenant(durations={"responses.queue": 60, "responses.run": 5})
    with tenant.client("OpenAI") as http:
        made = http.post("/v1/responses", json={"model": MODEL, "input": "Hello", "background": True}).json()
        tenant.advance(59)
        assert http.get(f"/v1/responses/{made['id']}").json()["status"] == "queued"
        tenant.advance(6)
        assert http.get(f"/v1/responses/{made['id']}").json()["status"] == "completed"


def test_a_conversation_gets_the_answer_when_it_is_done(slow: Responses) -> None:
    conversation = slow.sdk.conversations.create(items=[{"role": "user", "content": "Answer exactly: 42"}]).id
    made = slow.create([], conversation=conversation, background=True)
    assert made["conversation"] == {"id": conversation}
    slow.tenant.advance(QUEUED + RUN - 1)
    assert slow.messages(conversation) == [("user", "Answer exactly: 42")]
    slow.tenant.advance(1)
    assert slow.messages(conversation) == [("user", "Answer exactly: 42"), ("assistant", "42")]


def test_a_conversation_is_locked_meanwhile(slow: Responses) -> None:
    conversation = slow.sdk.conversations.create().id
    slow.create("Hello", conversation=conversation, background=True)
    status, error = slow.refused({"model": MODEL, "input": "Hello", "conversation": conversation})
    assert (status, error["code"], error["param"]) == (400, "conversation_locked", "conversation")
    body = {"items": [{"role": "user", "content": "more"}]}
    assert slow.refused(body, f"/v1/conversations/{conversation}/items")[1]["code"] == "conversation_locked"
    assert len(slow.tenant.inventory()["OpenAI"]["responses"]) == 1
    slow.tenant.advance(QUEUED + RUN)
    slow.create("Hello again", conversation=conversation)
    assert [role for role, _ in slow.messages(conversation)] == ["user", "assistant", "user", "assistant"]


def test_a_cancelled_response_says_nothing(slow: Responses) -> None:
    conversation = slow.sdk.conversations.create().id
    made = slow.create("What is 15 * 23?", conversation=conversation, background=True)
    slow.tenant.advance(5)
    cancelled = slow.sdk.responses.cancel(made["id"])
    assert (cancelled.status, cancelled.output, cancelled.usage) == ("cancelled", [], None)
    slow.tenant.advance(60)
    assert slow.get(made["id"])["status"] == "cancelled"
    assert slow.messages(conversation) == []
    assert text_of(slow.create("What is 2 + 2?", conversation=conversation)) == "4"


def test_cancelling_what_has_ended_changes_nothing(slow: Responses) -> None:
    made = slow.create("What is 15 * 23?", background=True)
    slow.tenant.advance(60)
    again = slow.http.post(f"/v1/responses/{made['id']}/cancel").raise_for_status().json()
    assert (again["status"], text_of(again)) == ("completed", "345")
    plain = slow.create("Hello")
    refused = slow.http.post(f"/v1/responses/{plain['id']}/cancel")
    assert (refused.status_code, refused.json()["error"]["message"]) == (400, "Cannot cancel a synchronous response.")


@pytest.mark.parametrize("code", ["server_error", "rate_limit_exceeded"])
def test_a_failure_can_be_scripted(slow: Responses, code: str) -> None:
    conversation = slow.sdk.conversations.create(items=[{"role": "user", "content": "What is 2 + 2?"}]).id
    slow.tenant.script({"provider": "OpenAI", "operation": "responses.create", "do": {"outcome": code}})
    made = slow.create([], conversation=conversation, background=True)
    assert (made["status"], made["error"]) == ("queued", None)
    slow.tenant.advance(QUEUED + RUN)
    failed = slow.get(made["id"])
    assert (failed["status"], failed["error"]["code"], failed["output"]) == ("failed", code, [])
    assert failed["error"]["message"]
    assert [role for role, _ in slow.messages(conversation)] == ["user"]
    assert text_of(slow.create([], conversation=conversation)) == "4"
    assert slow.messages(conversation) == [("user", "What is 2 + 2?"), ("assistant", "4")]


def test_a_failure_shows_at_once_where_one_waits(slow: Responses) -> None:
    slow.tenant.script({"do": {"outcome": "server_error"}})
    made = slow.create("Hello")
    assert (made["status"], made["error"]["code"]) == ("failed", "server_error")
    slow.tenant.script({"do": {"outcome": "server_error"}})
    with slow.sdk.responses.create(model=MODEL, input="Hello", stream=True) as events:
        seen = [event.type for event in events]
    assert seen == ["response.created", "response.in_progress", "response.failed"]


def test_a_stream_is_taken_up_where_it_broke_off(slow: Responses) -> None:
    with slow.sdk.responses.create(model=MODEL, input="Say hello to the world", background=True, stream=True) as events:
        whole = [event for event in events if event.type != "keepalive"]
    assert [event.type for event in whole[:3]] == ["response.created", "response.queued", "response.in_progress"]
    assert [event.sequence_number for event in whole] == list(range(len(whole)))
    response_id = whole[0].response.id  # type: ignore[union-attr]
    with slow.sdk.responses.retrieve(response_id, stream=True, starting_after=4) as events:
        rest = list(events)
    assert [(event.type, event.sequence_number) for event in rest] == [
        (event.type, event.sequence_number) for event in whole[5:]
    ]
    assert rest[-1].response == whole[-1].response  # type: ignore[union-attr]


def test_a_stream_lasts_as_long_as_the_response(slow: Responses) -> None:
    made = slow.create("Hello", background=True)
    slow.tenant.advance(4)
    answer = slow.http.get(f"/v1/responses/{made['id']}?stream=true")
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert "event: response.completed" in answer.text
    assert slow.get(made["id"])["status"] == "completed"


def test_only_a_background_response_can_be_streamed_again(responses: Responses) -> None:
    made = responses.create("Hello")
    assert responses.http.get(f"/v1/responses/{made['id']}?stream=true").status_code == 400


def test_one_that_is_not_stored_can_be_polled_for_a_while(slow: Responses) -> None:
    made = slow.create("Hello", background=True, store=False)
    assert slow.tenant.inventory() == {}
    slow.tenant.advance(QUEUED + RUN)
    assert slow.get(made["id"])["status"] == "completed"
    slow.tenant.advance(600)
    assert slow.http.get(f"/v1/responses/{made['id']}").status_code == 404


def test_nothing_goes_on_with_a_response_that_has_not_ended(slow: Responses) -> None:
    made = slow.create("What is 15 * 23?", background=True)
    body = {"model": MODEL, "input": "Double that", "previous_response_id": made["id"]}
    assert slow.refused(body)[0] == 400
    slow.tenant.advance(QUEUED + RUN)
    assert text_of(slow.create("Double that", previous_response_id=made["id"])) == "690"
