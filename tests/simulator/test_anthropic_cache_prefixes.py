"""What makes Anthropic find a prompt in its cache again, and what does not (the provider's guide on prompt caching, 2026-10)."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.simulator.account import Account
from tests.simulator.claude_prompts import MANUAL, MARK, Tokens, asked, text, tokens, user

TOOL: dict[str, Any] = {"name": "close_valve", "description": MANUAL, "input_schema": {"type": "object"}}
OTHER: dict[str, Any] = {"name": "open_valve", "input_schema": {"type": "object"}}
SCHEMA = {"type": "object", "properties": {"said": {"type": "string"}}, "additionalProperties": False}


@pytest.fixture
def wire(tenant: Account) -> Iterator[httpx.Client]:
    with tenant.client("Anthropic") as client:
        yield client


def layered(**parameters: Any) -> dict[str, Any]:
    """A prompt that is marked at the end of each of its three levels; each is long enough on its own."""
    return asked(
        **{
            "model": "claude-opus-4-8",
            "tools": [{**TOOL, "cache_control": MARK}],
            "system": [text(MANUAL, MARK)],
            "messages": [user(text(MANUAL, MARK), text("Answer exactly: pong"))],
            **parameters,
        }
    )


def levels(wire: httpx.Client) -> dict[str, int]:
    """The tokens up to the end of each level; all of it is in the cache after that."""
    tools = tokens(wire, layered(system=None, messages=[user("Answer exactly: pong")])).written
    system = tokens(wire, layered(messages=[user("Answer exactly: pong")]))
    whole = tokens(wire, layered())
    assert system.read == tools
    assert whole.read == tools + system.written
    return {"nothing": 0, "tools": tools, "system": whole.read, "messages": whole.read + whole.written}


@pytest.mark.parametrize(
    ("change", "left"),
    [
        pytest.param({}, "messages", id="nothing"),
        pytest.param({"max_tokens": 30}, "messages", id="max_tokens"),
        pytest.param({"metadata": {"user_id": "somebody"}}, "messages", id="metadata"),
        pytest.param({"stop_sequences": ["end"]}, "messages", id="stop"),
        pytest.param({"stream": False}, "messages", id="stream"),
        pytest.param({"output_config": {"effort": "high"}}, "messages", id="usual-effort"),
        pytest.param({"tool_choice": {"type": "auto"}}, "messages", id="usual-tool-choice"),
        pytest.param({"output_config": {"effort": "low"}}, "system", id="effort"),
        pytest.param({"tool_choice": {"type": "none"}}, "system", id="tool-choice"),
        pytest.param({"thinking": {"type": "adaptive"}}, "system", id="thinking"),
        pytest.param({"speed": "fast"}, "tools", id="speed"),
        pytest.param({"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}, "tools", id="schema"),
        pytest.param({"system": [text(f"Now: {MANUAL}", MARK)]}, "tools", id="system"),
        pytest.param({"tools": [OTHER, {**TOOL, "cache_control": MARK}]}, "nothing", id="tools"),
        pytest.param({"model": "claude-sonnet-5"}, "nothing", id="model"),
    ],
)
def test_a_change_leaves_the_levels_before_it_in_the_cache(
    wire: httpx.Client, change: dict[str, Any], left: str
) -> None:
    ends = levels(wire)
    usage = tokens(wire, layered(**change))
    assert usage.read == ends[left]


def test_a_picture_anywhere_changes_the_messages(wire: httpx.Client) -> None:
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "cG5n"}}
    ends = levels(wire)
    messages = [user(text(MANUAL, MARK), text("Answer exactly: pong"), picture)]
    assert tokens(wire, layered(messages=messages)).read == ends["system"]


def test_a_document_to_be_cited_changes_the_system_prompt(wire: httpx.Client) -> None:
    document = {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": "Quack."},
        "citations": {"enabled": True},
    }
    ends = levels(wire)
    messages = [user(text(MANUAL, MARK), document, text("Answer exactly: pong"))]
    assert tokens(wire, layered(messages=messages)).read == ends["tools"]


@pytest.mark.parametrize(
    "same",
    [
        pytest.param(
            {"system": [{"text": MANUAL, "cache_control": {"type": "ephemeral", "ttl": "5m"}, "type": "text"}]},
            id="order",
        ),
        pytest.param({"system": [{**text(MANUAL, MARK), "citations": None}]}, id="null"),
        pytest.param({"system": MANUAL, "messages": [user(text("Answer exactly: pong", MARK))]}, id="string"),
    ],
)
def test_the_same_prompt_in_other_spelling_is_found(wire: httpx.Client, same: dict[str, Any]) -> None:
    written = tokens(wire, asked()).written
    assert tokens(wire, asked(**same)).read == written


def test_one_letter_is_another_prompt(wire: httpx.Client) -> None:
    tokens(wire, asked())
    assert tokens(wire, asked(system=[text(MANUAL.replace("pump", "lamp", 1), MARK)])).read == 0


def test_an_alias_is_the_same_model(wire: httpx.Client) -> None:
    longer = [text(MANUAL * 3, MARK)]
    written = tokens(wire, asked(model="claude-haiku-4-5", system=longer)).written
    assert written > 4096
    assert tokens(wire, asked(model="claude-haiku-4-5-20251001", system=longer)).read == written


def test_a_stored_file_is_found_by_its_id(wire: httpx.Client) -> None:
    def prompt(words: str) -> dict[str, Any]:
        stored = wire.post("/v1/files", files={"file": ("manual.txt", words.encode(), "text/plain")}).json()["id"]
        document = {"type": "document", "source": {"type": "file", "file_id": stored}, "cache_control": MARK}
        return asked(system="Be brief.", messages=[user(document, text("Answer exactly: pong"))])

    one, same_words = prompt(MANUAL), prompt(MANUAL)
    written = tokens(wire, one).written
    assert tokens(wire, one) == Tokens(tokens(wire, one).new, 0, written)
    assert tokens(wire, same_words).read == 0


def test_marks_within_a_tools_result_change_nothing(wire: httpx.Client) -> None:
    def prompt(inner: dict[str, Any]) -> dict[str, Any]:
        call = {"type": "tool_use", "id": "toolu_1", "name": "close_valve", "input": {}}
        result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [inner], "cache_control": MARK}
        turns = [user("Close it"), {"role": "assistant", "content": [call]}, user(result)]
        return asked(tools=[OTHER, {**TOOL, "description": "Closes it"}], system="Be brief.", messages=turns)

    written = tokens(wire, prompt(text(MANUAL))).written
    assert tokens(wire, prompt(text(MANUAL, MARK))).read == written > 1024


def test_a_picture_is_known_by_its_bytes(wire: httpx.Client) -> None:
    def prompt(data: bytes) -> dict[str, Any]:
        source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(data).decode()}
        picture = {"type": "image", "source": source, "cache_control": MARK}
        return asked(system="Be brief.", messages=[user(picture, text("Answer exactly: pong"))])

    written = tokens(wire, prompt(b"one")).written
    assert tokens(wire, prompt(b"two")).read == 0
    assert tokens(wire, prompt(b"one")).read == written > 1024
