"""Anthropic's diagnosis of a prompt that does not go on from the one before (anthropic 2.12.0: Diagnostics, CacheMissReason)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import pytest

from tests.simulator.account import Account
from tests.simulator.claude_prompts import MANUAL, answer, asked, counted, refused, sdk_of, user

TOOL: dict[str, Any] = {"name": "close_valve", "input_schema": {"type": "object"}}
PONG = [user("Answer exactly: pong")]
FURTHER = [*PONG, {"role": "assistant", "content": "pong"}, user("Answer exactly: ping")]


@pytest.fixture
def wire(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("Anthropic") as client:
        yield client


@pytest.fixture
def sdk(tenant: Account) -> Iterator[anthropic.Anthropic]:
    with sdk_of(tenant.url, tenant.keys["Anthropic"]) as client:
        yield client


def after(previous: str | None, **parameters: Any) -> dict[str, Any]:
    return asked(**{"tools": [TOOL], **parameters, "diagnostics": {"previous_message_id": previous}})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({}, None, id="further"),
        pytest.param({"messages": PONG}, None, id="again"),
        pytest.param({"max_tokens": 5}, None, id="max_tokens"),
        pytest.param({"model": "claude-sonnet-5"}, "model_changed", id="model"),
        pytest.param({"speed": "fast"}, "model_changed", id="speed"),
        pytest.param({"system": "Be brief."}, "system_changed", id="system"),
        pytest.param({"tools": [{**TOOL, "name": "open_valve"}], "system": "Be brief."}, "tools_changed", id="tools"),
        pytest.param({"messages": [user("Now"), *FURTHER[1:]]}, "messages_changed", id="messages"),
        pytest.param({"thinking": {"type": "adaptive"}}, "unavailable", id="thinking"),
        pytest.param({"tool_choice": {"type": "none"}}, "unavailable", id="tool-choice"),
    ],
)
def test_the_first_difference_is_told(
    sdk: anthropic.Anthropic, wire: httpx.Client, change: dict[str, Any], reason: str | None
) -> None:
    first = sdk.messages.create(**after(None, messages=PONG))
    assert first.diagnostics is None
    found = answer(wire, after(first.id, **{"messages": FURTHER, **change}))["diagnostics"]
    assert (found and found["cache_miss_reason"]["type"]) == reason


def test_the_tokens_that_were_missed_are_those_from_the_difference_on(wire: httpx.Client) -> None:
    first = answer(wire, after(None, messages=PONG))
    missed = {}
    for change in ({"model": "claude-sonnet-5"}, {"system": "Be brief."}, {"messages": [user("Now")]}):
        reason = answer(wire, after(first["id"], **change))["diagnostics"]["cache_miss_reason"]
        missed[reason["type"]] = reason["cache_missed_input_tokens"]
    whole = counted(wire, after(None, messages=PONG))
    assert whole > missed["model_changed"] > missed["system_changed"] > 1024 > missed["messages_changed"] > 0


def test_a_stream_tells_it_at_its_start(sdk: anthropic.Anthropic, wire: httpx.Client) -> None:
    first = sdk.messages.create(**after(None))
    with sdk.messages.stream(**after(first.id, system="Be brief.")) as stream:
        found = stream.get_final_message().diagnostics
    assert found is not None
    assert found.cache_miss_reason is not None
    assert found.cache_miss_reason.type == "system_changed"
    lines = wire.post("/v1/messages", json={**after(first.id), "stream": True}).text.splitlines()
    start = next(json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: "))
    assert start["message"]["diagnostics"] is None


def test_only_requests_that_asked_are_known_and_only_for_a_while(wire: httpx.Client, tenant: Account) -> None:
    silent = answer(wire, asked(tools=[TOOL]))
    assert "diagnostics" not in silent
    unknown = {"cache_miss_reason": {"type": "previous_message_not_found"}}
    assert answer(wire, after(silent["id"]))["diagnostics"] == unknown
    first = answer(wire, after(None))
    tenant.advance(3000)
    assert answer(wire, after(first["id"]))["diagnostics"] is None
    tenant.advance(600)
    assert answer(wire, after(first["id"]))["diagnostics"] == unknown


def test_another_account_knows_nothing_of_it(wire: httpx.Client, open_tenant: Any) -> None:
    first = answer(wire, after(None))
    with open_tenant().client("Anthropic") as other:
        found = answer(other, after(first["id"]))["diagnostics"]
    assert found == {"cache_miss_reason": {"type": "previous_message_not_found"}}


@pytest.mark.parametrize(
    ("diagnostics", "words"),
    [
        ("msg_1", "diagnostics: Input should be an object"),
        ({"previous_message_id": 1}, "diagnostics.previous_message_id: Input should be a valid string"),
        ({"previous": "msg_1"}, "diagnostics.previous: Extra inputs are not permitted"),
    ],
)
def test_a_diagnosis_that_is_asked_for_wrongly_is_refused(wire: httpx.Client, diagnostics: Any, words: str) -> None:
    assert refused(wire, asked(system=MANUAL, diagnostics=diagnostics)) == words
