"""The tools of a question: the client's own, which the model may call, and Anthropic's, which are taken but never used.

Recorded: the shape of tools and choices (recordings: anthropic messages). Unverified: the words of the refusals.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from support.simulator import tokenizer
from support.simulator.anthropic.cache_control import Piece, life_of
from support.simulator.anthropic.errors import invalid
from support.simulator.anthropic.schemas import is_schema
from support.simulator.language_model import Tool
from support.simulator.wire import Json

TOKENS_OF_TOOLS = 340
"""What the instructions cost that go with any tool (recordings: anthropic count_tokens, 641 and 671 with one small tool)."""

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_OF_ANTHROPIC = re.compile(
    r"(bash|code_execution|computer|text_editor|web_search|web_fetch|memory|tool_search_tool_(regex|bm25)|advisor)_\d{8}"
    r"|(browser|computer)_toolset_\d{8}|mcp_toolset|tool_search_tool_(regex|bm25)"
)
_CHOICES = ("auto", "any", "tool", "none")


@dataclass(frozen=True, slots=True)
class ToolBox:
    """The client's tools, how the model is to choose among them, and what all of this costs in input tokens.

    `pieces` are all that were sent, as parts of the prompt.
    """

    tools: tuple[Tool, ...] = ()
    choice: str = "auto"
    only_one: bool = False
    pieces: tuple[Piece, ...] = ()
    tokens: int = 0


_NONE = ToolBox()


def read(body: dict[str, Json]) -> ToolBox:
    """The tools and the choice of a request."""
    sent = body.get("tools")
    choice = body.get("tool_choice")
    if not sent:
        if sent is not None and not isinstance(sent, list):
            raise invalid("tools: Input should be a valid array")
        if choice is not None and _kind_of(choice) in ("any", "tool"):
            raise invalid("tool_choice: may only be specified while providing tools")
        return _NONE
    if not isinstance(sent, list):
        raise invalid("tools: Input should be a valid array")
    names: set[str] = set()
    tools = tuple(tool for tool in (_tool(item, position, names) for position, item in enumerate(sent)) if tool)
    pieces = tuple(_piece(item, position) for position, item in enumerate(sent))
    tokens = sum(piece.tokens for piece in pieces)
    if choice is None:
        return ToolBox(tools, "auto", False, pieces, tokens)
    kind = _kind_of(choice)
    picked = {"auto": "auto", "any": "required", "none": "none"}.get(kind) or _chosen(choice, names)
    return ToolBox(tools, picked, choice.get("disable_parallel_tool_use") is True, pieces, tokens)


def _piece(item: dict[str, Json], position: int) -> Piece:
    """A tool as a part of the prompt; the instructions that go with any tool are the first one's."""
    path = f"tools.{position}"
    life = life_of(item, f"{path}.{item.get('type') or 'custom'}")
    bare = {name: value for name, value in item.items() if name != "cache_control"}
    tokens = tokenizer.count(to_json(bare).decode()) + (0 if position else TOKENS_OF_TOOLS)
    return Piece("tools", "", bare, tokens, life, path)


def _tool(item: Json, position: int, names: set[str]) -> Tool | None:
    """A tool of the client's; None for one of Anthropic's own."""
    if not isinstance(item, dict):
        raise invalid(f"tools.{position}: Input should be an object")
    kind = item.get("type")
    own = kind is not None and kind != "custom"
    if own and not (isinstance(kind, str) and _OF_ANTHROPIC.fullmatch(kind)):
        raise invalid(
            f"tools.{position}: Input tag {kind!r} found using 'type' does not match any of the expected tags"
        )
    name = item.get("name")
    if name is None and own:
        return None
    if name is None:
        raise invalid(f"tools.{position}.custom.name: Field required")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise invalid(f"tools.{position}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'")
    if name in names:
        raise invalid("tools: Tool names must be unique.")
    names.add(name)
    return None if own else _custom(item, position, name)


def _custom(item: dict[str, Any], position: int, name: str) -> Tool:
    schema = item.get("input_schema")
    if schema is None:
        raise invalid(f"tools.{position}.custom.input_schema: Field required")
    if not isinstance(schema, dict):
        raise invalid(f"tools.{position}.custom.input_schema: Input should be an object")
    if schema.get("type") != "object":
        word = "Field required" if "type" not in schema else "Input should be 'object'"
        raise invalid(f"tools.{position}.custom.input_schema.type: {word}")
    if not is_schema(schema):
        raise invalid(
            f"tools.{position}.custom.input_schema: JSON schema is invalid. It must match JSON Schema draft 2020-12"
        )
    description = item.get("description")
    if description is not None and not isinstance(description, str):
        raise invalid(f"tools.{position}.custom.description: Input should be a valid string")
    return Tool(name, description or "", schema)


def _kind_of(choice: Json) -> str:
    kind = choice.get("type") if isinstance(choice, dict) else None
    if kind not in _CHOICES:
        raise invalid(
            f"tool_choice: Input tag {kind!r} found using 'type' does not match any of the expected tags: "
            "'any', 'auto', 'none', 'tool'"
        )
    return str(kind)


def _chosen(choice: dict[str, Json], names: set[str]) -> str:
    name = choice.get("name")
    if not isinstance(name, str):
        raise invalid("tool_choice.tool.name: Field required")
    if name not in names:
        raise invalid(f"Tool '{name}' not found in provided tools")
    return name
