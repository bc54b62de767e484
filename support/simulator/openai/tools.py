"""Functions that a request offers the model, in the three spellings of this API: tools, legacy functions, Responses tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from support.simulator.language_model import Tool
from support.simulator.openai import checks, schemas
from support.simulator.openai.errors import refusal

_FREE_TEXT = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}


def from_tools(tools: Sequence[Any]) -> list[Tool]:
    """`tools` of a chat completion: functions, and custom tools that take free text."""
    return [_nested(tool, f"tools[{number}]") for number, tool in enumerate(tools)]


def from_functions(functions: Sequence[Any]) -> list[Tool]:
    """`functions` of old: the function without a wrapping."""
    return [_function(function, f"functions[{number}]") for number, function in enumerate(functions)]


def function(tool: Mapping[str, Any], where: str) -> Tool:
    """A function among the `tools` of the Responses API, where it stands beside its type."""
    return _function(tool, where)


def choice(given: Any, tools: Sequence[Tool]) -> str:
    """`tool_choice` in the model's words: "auto", "none", "required" or the name of a tool."""
    if isinstance(given, str):
        if given not in ("none", "auto", "required"):
            raise checks.invalid_value(given, ("none", "auto", "required"), "tool_choice")
        if given == "required" and not tools:
            raise _without_tools()
        return given
    checks.expect(given, "object", "tool_choice")
    if not tools:
        raise _without_tools()
    if given.get("type") == "allowed_tools":
        allowed = given.get("allowed_tools")
        return str(allowed.get("mode", "auto")) if isinstance(allowed, Mapping) else "auto"
    named = given.get(str(given.get("type", "function")), given)  # legacy functions name it without a wrapping
    name = named.get("name") if isinstance(named, Mapping) else None
    if not isinstance(name, str):
        raise checks.missing("tool_choice.function.name")
    if all(tool.name != name for tool in tools):
        raise refusal(400, f"Tool choice '{name}' not found in 'tools' parameter.", param="tool_choice")
    return name


def _without_tools() -> Exception:
    return refusal(400, "'tool_choice' is only allowed when 'tools' are specified.", param="tool_choice")


def _nested(tool: Any, where: str) -> Tool:
    checks.expect(tool, "object", where)
    kind = tool.get("type")
    if kind is None:
        raise checks.missing(f"{where}.type")
    if kind not in ("function", "custom"):
        raise checks.invalid_value(kind, ("function", "custom"), f"{where}.type")
    inner = tool.get(kind)
    if inner is None:
        raise checks.missing(f"{where}.{kind}")
    checks.expect(inner, "object", f"{where}.{kind}")
    if kind == "custom":
        return Tool(_name(inner, f"{where}.custom"), str(inner.get("description") or ""), _FREE_TEXT)
    return _function(inner, f"{where}.function")


def _function(function: Any, where: str) -> Tool:
    checks.expect(function, "object", where)
    name = _name(function, where)
    parameters = function.get("parameters") or {}
    checks.expect(parameters, "object", f"{where}.parameters")
    if (wrong := schemas.fault(parameters, strict=bool(function.get("strict")))) is not None:
        raise refusal(
            400,
            f"Invalid schema for function '{name}': {wrong}",
            param=f"{where}.parameters",
            code="invalid_function_parameters",
        )
    return Tool(name, str(function.get("description") or ""), parameters)


def _name(function: Mapping[str, Any], where: str) -> str:
    name = function.get("name")
    if name is None:
        raise checks.missing(f"{where}.name")
    checks.expect(name, "string", f"{where}.name")
    return str(name)
