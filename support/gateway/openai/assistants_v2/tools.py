"""Tools, and what they work with, in the API's spelling and back (provider-facts 4.2).

The wire keeps files and stores apart from the tools, in `tool_resources`; the gateway's tools have them at hand.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from support.values import CodeTool, FunctionTool, SearchTool, Tool, ToolChoice

CODE, SEARCH, FUNCTION = "code_interpreter", "file_search", "function"


def tools_to_send(tools: Sequence[Tool]) -> list[dict[str, Any]]:
    """The tools without what they work with."""
    return [tool_to_send(tool) for tool in tools]


def tool_to_send(tool: Tool) -> dict[str, Any]:
    """One tool; a description that says nothing is left out."""
    if isinstance(tool, CodeTool):
        return {"type": CODE}
    if isinstance(tool, SearchTool):
        return {"type": SEARCH}
    described = {"description": tool.description} if tool.description else {}
    return {"type": FUNCTION, FUNCTION: {"name": tool.name, **described, "parameters": dict(tool.parameters)}}


def resources_to_send(tools: Sequence[Tool]) -> dict[str, Any]:
    """What the tools work with. A list that is empty is sent too: what is not named stays as it was."""
    sent: dict[str, Any] = {}
    for tool in tools:
        if isinstance(tool, CodeTool):
            sent.setdefault(CODE, {"file_ids": []})["file_ids"] += tool.file_ids
        elif isinstance(tool, SearchTool):
            sent.setdefault(SEARCH, {"vector_store_ids": []})["vector_store_ids"] += tool.store_ids
    return sent


def choice_to_send(choice: ToolChoice) -> Any:
    """Which tool a run is to use; None for what is usual."""
    if isinstance(choice, FunctionTool):
        return {"type": FUNCTION, FUNCTION: {"name": choice.name}}
    return None if choice == "auto" else choice


def tools_of(answer: Mapping[str, Any]) -> tuple[Tool, ...]:
    """The tools of an assistant of the wire, each with what it works with."""
    resources = answer.get("tool_resources") or {}
    return tuple(tool_of(tool, resources) for tool in answer.get("tools") or ())


def tool_of(tool: Mapping[str, Any], resources: Mapping[str, Any]) -> Tool:
    """One tool of the wire."""
    if tool["type"] == CODE:
        return CodeTool(file_ids=tuple((resources.get(CODE) or {}).get("file_ids") or ()))
    if tool["type"] == SEARCH:
        return SearchTool(store_ids=tuple((resources.get(SEARCH) or {}).get("vector_store_ids") or ()))
    function = tool[FUNCTION]
    told = {name: function[name] for name in ("name", "description", "parameters") if function.get(name) is not None}
    return FunctionTool(**told)


def has_fees(answer: Mapping[str, Any]) -> bool:
    """Whether a run of the wire can cost more than its tokens: for the provider's own tools (provider-facts 11)."""
    return any(tool["type"] in (CODE, SEARCH) for tool in answer.get("tools") or ())
