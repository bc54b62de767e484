"""Functions at Messages: how they are offered, called and answered, and answers that fit a schema (provider-facts 9.2)."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

from support.gateway.chat import Question
from support.gateway.function_calling import calls_made, closed, parsed
from support.values import FunctionTool, Provider, ToolCall, ToolChoice, ToolOutput

_CHOICES: Mapping[str, str] = {"auto": "auto", "required": "any", "none": "none"}


def offered(question: Question) -> dict[str, Any]:
    """The SDK's arguments `tools` and `tool_choice`; none where there are no functions."""
    if not question.tools:
        return {}
    return {"tools": [_tool(tool) for tool in question.tools], "tool_choice": _choice(question.tool_choice)}


def output_config(settings: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The format of the answer, beside what the model's settings say of its output."""
    return {**settings.get("output_config", {}), "format": {"type": "json_schema", "schema": closed(schema)}}


def _tool(tool: FunctionTool) -> dict[str, Any]:
    described = {"description": tool.description} if tool.description else {}
    return {"name": tool.name, **described, "input_schema": dict(tool.parameters)}


def _choice(choice: ToolChoice) -> dict[str, Any]:
    if isinstance(choice, FunctionTool):
        return {"type": "tool", "name": choice.name}
    return {"type": _CHOICES[choice]}


def calls_of(message: Mapping[str, Any], *, cut: bool) -> tuple[ToolCall, ...]:
    """The calls of an answer (recordings: anthropic messages)."""
    return calls_made((block for block in message["content"] if block["type"] == "tool_use"), _call, cut=cut)


def _call(block: Mapping[str, Any]) -> ToolCall:
    return ToolCall(id=block["id"], name=block["name"], arguments=arguments_of(block))


def arguments_of(block: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call; raises BadResponse where its pieces in a stream made no JSON object."""
    given = block["input"]
    return dict(given) if isinstance(given, Mapping) else parsed(Provider.ANTHROPIC, block["name"], block["id"], given)


def with_piece(given: Any, piece: str) -> str:
    """What there is of an input, and its next piece: it begins as an empty object, which the first piece replaces."""
    return f"{given}{piece}" if isinstance(given, str) else piece


def put_together(given: Any) -> Any:
    """The input that came in pieces, as an answer in one piece has it; text that is no JSON stays as it is."""
    if not isinstance(given, str):
        return given
    try:
        return from_json(given) if given else {}
    except ValueError:
        return given


def call_block(call: ToolCall) -> dict[str, Any]:
    """A call as a block of the assistant's turn."""
    return {"type": "tool_use", "id": call.id, "name": call.name, "input": dict(call.arguments)}


def output_block(output: ToolOutput) -> dict[str, Any]:
    """What came of a call as a block of the user's turn."""
    block: dict[str, Any] = {"type": "tool_result", "tool_use_id": output_id(output), "content": output.output}
    if output.failed:
        block["is_error"] = True
    return block


def output_id(output: ToolOutput) -> str:
    """The call that the output is sent for."""
    return output.call_id
