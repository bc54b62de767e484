"""Anthropic's prompt cache: what is written, what is read, for how long, and what it costs in time (provider-facts 3.3)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from tests.simulator.account import Account
from tests.simulator.claude_prompts import (
    MANUAL,
    MARK,
    Tokens,
    answer,
    asked,
    counted,
    of,
    sdk_of,
    text,
    tokens,
    user,
)


@pytest.fixture
def wire(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("Anthropic") as client:
        yield client


def test_the_first_request_writes_and_the_second_reads_as_much(wire: httpx.Client) -> None:
    first, second = tokens(wire, asked()), tokens(wire, asked())
    assert first.read == 0
    assert first.written > 1024
    assert second == Tokens(first.new, 0, first.written)


def test_usage_has_the_recorded_fields_in_the_recorded_order(wire: httpx.Client) -> None:
    usage = answer(wire, asked(model="claude-opus-5"))["usage"]
    assert list(usage) == [
        "input_tokens",
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
        "cache_creation",
        "output_tokens",
        "output_tokens_details",
        "service_tier",
        "inference_geo",
    ]
    assert usage["cache_creation"] == {
        "ephemeral_5m_input_tokens": usage["cache_creation_input_tokens"],
        "ephemeral_1h_input_tokens": 0,
    }


def test_a_stream_says_the_same_at_its_start_and_at_its_end(wire: httpx.Client, tenant: Account) -> None:
    for _ in range(2):
        lines = wire.post("/v1/messages", json=asked(stream=True)).text.splitlines()
        events = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
        start, end = events[0]["message"]["usage"], events[-2]["usage"]
        assert of(start) == of(end)
        assert sum(start["cache_creation"].values()) == of(start).written
        assert "cache_creation" not in end
    assert of(end).read > 1024
    with sdk_of(tenant.url, tenant.keys["Anthropic"]) as sdk, sdk.messages.stream(**asked()) as stream:
        assert stream.get_final_message().usage.cache_read_input_tokens == of(end).read


PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "cG5n"}}
TOOL = {"name": "close_valve", "description": MANUAL, "input_schema": {"type": "object", "properties": {}}}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "close_valve", "input": {"why": MANUAL}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": MANUAL}]}
DOCUMENT = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": MANUAL}}
DONE = user("Answer exactly: done")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(asked(system=MANUAL, tools=[{**TOOL, "cache_control": MARK}]), id="tool"),
        pytest.param(asked(), id="system"),
        pytest.param(asked(messages=[user(text(MANUAL, MARK), text("Answer exactly: done"))]), id="text"),
        pytest.param(asked(messages=[user({**PICTURE, "cache_control": MARK}), DONE]), id="picture"),
        pytest.param(asked(messages=[user({**DOCUMENT, "cache_control": MARK}), DONE]), id="document"),
        pytest.param(
            asked(
                tools=[TOOL],
                messages=[
                    user("Close it"),
                    {"role": "assistant", "content": [{**CALL, "cache_control": MARK}]},
                    user(RESULT),
                ],
            ),
            id="call",
        ),
        pytest.param(
            asked(
                tools=[TOOL],
                messages=[
                    user("Close it"),
                    {"role": "assistant", "content": [CALL]},
                    user({**RESULT, "cache_control": MARK}),
                ],
            ),
            id="result",
        ),
        pytest.param(asked(system=MANUAL, cache_control=MARK), id="automatic"),
    ],
)
def test_the_three_parts_are_always_the_whole(wire: httpx.Client, body: dict[str, Any]) -> None:
    whole = counted(wire, body)
    first, second = tokens(wire, body), tokens(wire, body)
    assert sum(first) == sum(second) == whole
    assert first.written == second.read > 1024
    assert second.written == 0
    bare = json.loads(json.dumps(body).replace(f', "cache_control": {json.dumps(MARK)}', ""))
    bare.pop("cache_control", None)
    assert tokens(wire, bare) == Tokens(whole, 0, 0)


def test_a_conversation_reads_all_that_its_turns_before_have_read_and_written(wire: httpx.Client) -> None:
    messages: list[dict[str, Any]] = []
    before = Tokens(0, 0, 0)
    for turn in range(4):
        messages.append(user(text(f"Answer exactly: turn {turn}", MARK)))
        usage = tokens(wire, asked(messages=messages))
        assert usage.read == before.read + before.written
        assert usage.written > 0
        assert usage.new <= 4
        # What was marked is a plain string in the next turn: the prompt is the same.
        messages[-1:] = [user(f"Answer exactly: turn {turn}"), {"role": "assistant", "content": f"turn {turn}"}]
        before = usage


def test_the_automatic_mark_moves_along_with_a_conversation(wire: httpx.Client) -> None:
    first = tokens(wire, asked(system=MANUAL, cache_control=MARK))
    longer = [user("Answer exactly: pong"), {"role": "assistant", "content": "pong"}, user("Answer exactly: ping")]
    second = tokens(wire, asked(system=MANUAL, cache_control=MARK, messages=longer))
    assert first.new == second.new <= 4
    assert second.read == first.written
    assert second.written > 0


def test_another_first_message_leaves_the_system_prompt_in_the_cache(wire: httpx.Client) -> None:
    system = tokens(wire, asked()).written
    wordy = [user(text(MANUAL, MARK))]
    tokens(wire, asked(messages=wordy))
    edited = tokens(wire, asked(messages=[user(text(f"Now: {MANUAL}", MARK))]))
    assert edited.read == system
    assert edited.written > 1024


def test_only_what_was_marked_before_is_found(wire: httpx.Client) -> None:
    tokens(wire, asked(system=[text(MANUAL), text("Be brief.", MARK)]))
    assert tokens(wire, asked(system=[text(MANUAL, MARK), text("Be brief.")])).read == 0


@pytest.mark.parametrize(("blocks", "found"), [(19, True), (20, False)])
def test_a_mark_finds_what_was_marked_up_to_19_blocks_before(wire: httpx.Client, blocks: int, found: bool) -> None:
    system = tokens(wire, asked()).written
    words = [text(f"Word {number}.") for number in range(blocks - 1)]
    usage = tokens(wire, asked(system=[text(MANUAL)], messages=[user(*words, text("Answer exactly: pong", MARK))]))
    assert usage.read == (system if found else 0)


def test_many_calls_of_tools_are_one_place_and_so_are_their_results(wire: httpx.Client) -> None:
    numbers = range(30)
    calls = [{"type": "tool_use", "id": f"toolu_{number}", "name": "close_valve", "input": {}} for number in numbers]
    results: list[dict[str, Any]] = [
        {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": "closed"} for number in numbers
    ]
    results[-1]["cache_control"] = MARK
    opened = user(text("Close all valves", MARK))
    first = tokens(wire, asked(tools=[TOOL], system=MANUAL, messages=[opened]))
    turns = [user("Close all valves"), {"role": "assistant", "content": calls}, user(*results)]
    assert tokens(wire, asked(tools=[TOOL], system=MANUAL, messages=turns)).read == first.written


def test_no_tokens_fill_the_cache_and_say_nothing(wire: httpx.Client) -> None:
    warmed = answer(wire, asked(max_tokens=0))
    assert (warmed["content"], warmed["stop_reason"], warmed["usage"]["output_tokens"]) == ([], "max_tokens", 0)
    assert tokens(wire, asked(messages=[user("Answer exactly: warm")])).read == of(warmed["usage"]).written > 1024


def test_counting_neither_fills_the_cache_nor_keeps_it_alive(wire: httpx.Client, tenant: Account) -> None:
    counted(wire, asked())
    assert tokens(wire, asked()).read == 0
    tenant.advance(200)
    counted(wire, asked())
    tenant.advance(200)
    assert tokens(wire, asked()).read == 0


def test_a_refused_request_fills_nothing(wire: httpx.Client) -> None:
    assert wire.post("/v1/messages", json=asked(max_tokens=0, stream=True)).status_code == 400
    assert tokens(wire, asked()).read == 0


def test_accounts_share_nothing_and_have_nothing_to_delete(
    wire: httpx.Client, tenant: Account, open_tenant: Callable[..., Account]
) -> None:
    written = tokens(wire, asked()).written
    with open_tenant().client("Anthropic") as other:
        assert tokens(other, asked()).read == 0
    assert tokens(wire, asked()).read == written
    assert tenant.inventory() == {}


def test_a_cached_prompt_takes_less_time_by_what_is_not_read_anew(open_tenant: Callable[..., Account]) -> None:
    tenant = open_tenant(durations={"chat.uncached_token": 0.01, "chat.cached_token": 0.001})

    def timed(body: dict[str, Any]) -> tuple[float, float, Tokens]:
        before = datetime.fromisoformat(tenant.now())
        response = wire.post("/v1/messages", json=body)
        header = float(response.headers["server-timing"].partition("dur=")[2]) / 1000
        passed = (datetime.fromisoformat(tenant.now()) - before).total_seconds()
        lines = [line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: ")]
        whole = json.loads(lines[0])["message"] if lines else response.json()
        return passed, header, of(whole["usage"])

    with tenant.client("Anthropic") as wire:
        for stream in (False, True):
            body = asked(stream=stream, system=[text(f"{stream} {MANUAL}", MARK)])
            cold, cold_header, written = timed(body)
            warm, warm_header, read = timed(body)
            assert written.written == read.read
            assert cold - warm == pytest.approx(read.read * 0.009, abs=0.002)
            assert (cold_header, warm_header) == pytest.approx((cold, warm), abs=0.001)
