"""Functions at Chat Completions: how they are offered, called and answered, and answers that fit a schema (provider-facts 9.1)."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from support.gateway.chat import Question
from support.gateway.function_calling import calls_made, closed, parsed
from support.values import FunctionTool, Provider, ToolCall, ToolChoice, ToolOutput


def offered(question: Question) -> dict[str, Any]:
    """The SDK's arguments for functions and for a schema; none where there are none."""
    arguments: dict[str, Any] = {}
    if question.tools:
        arguments["tools"] = [{"type": "function", "function": _function(tool)} for tool in question.tools]
        arguments["tool_choice"] = _choice(question.tool_choice)
    if question.schema is not None:
        described = {"name": "answer", "strict": True, "schema": closed(question.schema)}
        arguments["response_format"] = {"type": "json_schema", "json_schema": described}
    return arguments


def _function(tool: FunctionTool) -> dict[str, Any]:
    described = {"description": tool.description} if tool.description else {}
    return {"name": tool.name, **described, "parameters": dict(tool.parameters)}


def _choice(choice: ToolChoice) -> Any:
    if isinstance(choice, FunctionTool):
        return {"type": "function", "function": {"name": choice.name}}
    return choice


def calls_of(message: Mapping[str, Any], *, cut: bool) -> tuple[ToolCall, ...]:
    """The calls of an answer's message (recordings: openai chat completions)."""
    return calls_made(message.get("tool_calls") or (), _call, cut=cut)


def _call(call: Mapping[str, Any]) -> ToolCall:
    return ToolCall(id=call["id"], name=call["function"]["name"], arguments=arguments_of(call))


def arguments_of(call: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call, which the wire has as text; raises BadResponse where that is no JSON object."""
    function = call["function"]
    return parsed(Provider.OPENAI, function["name"], call["id"], function["arguments"])


def call_part(call: ToolCall) -> dict[str, Any]:
    """A call as a part of the assistant's turn."""
    arguments = to_json(call.arguments).decode()
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def output_message(output: ToolOutput) -> dict[str, Any]:
    """What came of a call: a message of its own. A failure is told as any output is; there is no word for it."""
    return {"role": "tool", "tool_call_id": output_id(output), "content": output.output}


def output_id(output: ToolOutput) -> str:
    """The call that the output is sent for."""
    return output.call_id
