"""Marks for Anthropic's prompt cache that are refused, and those that are passed over (provider-facts 3.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.simulator.account import Account
from tests.simulator.claude_prompts import HOUR, MANUAL, MARK, asked, counted, refused, text, tokens, user

THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "c2lnbmVk"}
TOOL: dict[str, Any] = {"name": "close_valve", "input_schema": {"type": "object"}}
ORDER = (
    "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. Note that blocks are processed "
    "in the following order: `tools`, `system`, `messages`."
)
PONG = "Answer exactly: pong"


@pytest.fixture
def wire(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("Anthropic") as client:
        yield client


@pytest.mark.parametrize(
    ("control", "words"),
    [
        ({"type": "ephemeral", "ttl": "2h"}, ".ephemeral.ttl: Input should be '5m' or '1h'"),
        ({"type": "ephemeral", "ttl": 3600}, ".ephemeral.ttl: Input should be '5m' or '1h'"),
        ({"type": "ephemeral", "scope": "global"}, ".ephemeral.scope: Extra inputs are not permitted"),
        (
            {"type": "persistent"},
            ": Input tag 'persistent' found using 'type' does not match any of the expected tags: 'ephemeral'",
        ),
        ({"ttl": "5m"}, ": Unable to extract tag using discriminator 'type'"),
        ("ephemeral", ": Input should be an object"),
        ([], ": Input should be an object"),
    ],
)
def test_a_mark_that_is_none_is_refused_wherever_it_stands(wire: httpx.Client, control: Any, words: str) -> None:
    assert refused(wire, asked(cache_control=control)) == f"cache_control{words}"
    assert refused(wire, asked(system=[text("Be brief.", control)])) == f"system.0.cache_control{words}"
    tool = {**TOOL, "cache_control": control}
    assert refused(wire, asked(tools=[tool])) == f"tools.0.custom.cache_control{words}"
    messages = [user(text("Hello"), text(PONG, control))]
    assert refused(wire, asked(messages=messages)) == f"messages.0.content.1.text.cache_control{words}"


def test_four_marks_are_taken_and_five_are_not(wire: httpx.Client) -> None:
    words = "A maximum of 4 blocks with cache_control may be provided. Found 5."
    four = [text(MANUAL, MARK), *(text(f"Rule {number}.", MARK) for number in range(3))]
    assert tokens(wire, asked(system=four)).written > 1024
    assert refused(wire, asked(system=[*four, text("Be brief.", MARK)])) == words
    assert refused(wire, asked(system=four, messages=[user(text(PONG, MARK))])) == words
    assert refused(wire, asked(system=four, tools=[{**TOOL, "cache_control": MARK}])) == words
    assert refused(wire, asked(system=four, cache_control=MARK)) == words


def test_the_mark_of_the_request_is_none_of_its_own_where_the_last_block_has_the_same(wire: httpx.Client) -> None:
    three = [text(MANUAL, MARK), text("Rule 1.", MARK), text("Rule 2.", MARK)]
    last = [user(text(PONG, MARK))]
    assert tokens(wire, asked(system=three, messages=last, cache_control=MARK)).new <= 4
    words = refused(wire, asked(messages=last, cache_control=HOUR, system="Be brief."))
    assert words == (
        "Top-level cache_control has ttl='1h' but the target block already has cache_control with ttl='5m'. When both "
        "are specified on the same block, they must have matching TTLs."
    )


def test_an_hour_comes_before_five_minutes(wire: httpx.Client) -> None:
    assert tokens(wire, asked(system=[text(MANUAL, HOUR)], messages=[user(text(PONG, MARK))])).written > 1024
    late = asked(system=[text(MANUAL, MARK), text("Be brief.", HOUR)])
    assert refused(wire, late) == f"system.1.cache_control.ttl: {ORDER}"
    late = asked(messages=[user("Hello"), user(text("Hello"), text(PONG, HOUR))])
    assert refused(wire, late) == f"messages.1.content.1.cache_control.ttl: {ORDER}"
    late = asked(tools=[{**TOOL, "cache_control": MARK}], system=[text(MANUAL, HOUR)])
    assert refused(wire, late) == f"system.0.cache_control.ttl: {ORDER}"
    assert refused(wire, asked(cache_control=HOUR)) == f"cache_control.ttl: {ORDER}"


@pytest.mark.parametrize("kind", ["thinking", "redacted_thinking"])
def test_a_thought_cannot_be_marked(wire: httpx.Client, kind: str) -> None:
    thought = THOUGHT if kind == "thinking" else {"type": kind, "data": "c2VhbGVk"}
    turns = [
        user("Hello"),
        {"role": "assistant", "content": [{**thought, "cache_control": MARK}, text("Hm.")]},
        user(PONG),
    ]
    assert (
        refused(wire, asked(messages=turns))
        == f"messages.1.content.0.{kind}.cache_control: Extra inputs are not permitted"
    )


def test_an_empty_text_cannot_be_marked(wire: httpx.Client) -> None:
    words = "cache_control cannot be set for empty text blocks"
    assert refused(wire, asked(system=[text("", MARK)])) == f"system.0: {words}"
    messages = [user(text(PONG), text("", MARK))]
    assert refused(wire, asked(messages=messages)) == f"messages.0.content.1.text: {words}"


def test_the_mark_of_the_request_goes_to_the_last_block_that_can_have_it(wire: httpx.Client) -> None:
    turns = [
        user(MANUAL),
        {"role": "assistant", "content": [text("Hm."), THOUGHT]},
    ]
    body = asked(model="claude-sonnet-4-6", system="Be brief.", messages=turns, cache_control=MARK)
    first = tokens(wire, body)
    assert first.written > 1024
    marked = [user(MANUAL), {"role": "assistant", "content": [text("Hm.", MARK), THOUGHT]}]
    found = tokens(wire, asked(model="claude-sonnet-4-6", system="Be brief.", messages=marked))
    assert found.read == first.written


def test_no_mark_is_the_same_as_a_null_one(wire: httpx.Client) -> None:
    null = {"cache_control": None}
    body = asked(
        system=[{**text(MANUAL), **null}],
        tools=[{**TOOL, **null}],
        messages=[user({**text(PONG), **null})],
        **null,
    )
    for _ in range(2):
        assert tokens(wire, body)[1:] == (0, 0)


def test_counting_takes_marks_and_counts_the_same(wire: httpx.Client) -> None:
    marked = asked(tools=[{**TOOL, "cache_control": MARK}], messages=[user(text(PONG, MARK))], cache_control=MARK)
    bare = asked(tools=[TOOL], system=MANUAL)
    assert counted(wire, marked) == counted(wire, bare)
    late = {**asked(system=[text(MANUAL, MARK), text("Be brief.", HOUR)])}
    del late["max_tokens"]
    response = wire.post("/v1/messages/count_tokens", json=late)
    assert (response.status_code, response.json()["error"]["message"]) == (400, f"system.1.cache_control.ttl: {ORDER}")


@pytest.mark.parametrize(
    "output",
    [
        {"stream": True},
        {"tools": [TOOL], "tool_choice": {"type": "any"}},
        {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "close_valve"}},
        {
            "output_config": {
                "format": {"type": "json_schema", "schema": {"type": "object", "additionalProperties": False}}
            }
        },
        {"model": "claude-haiku-4-5", "thinking": {"type": "enabled", "budget_tokens": 1024}},
    ],
)
def test_what_only_fills_the_cache_cannot_ask_for_output(wire: httpx.Client, output: dict[str, Any]) -> None:
    assert "max_tokens" in refused(wire, asked(max_tokens=0, **output))
