"""Functions at generateContent: how they are offered, called and answered, and answers that fit a schema (provider-facts 9.3)."""

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from google.genai import types
from pydantic_core import from_json

from support.errors import BadResponse
from support.gateway.chat import Question
from support.values import FunctionTool, Provider, ToolCall, ToolChoice, ToolOutput

_OWN = "touchstone-call-"
"""What the ids begin with that the gateway makes where the API gives none: before its third generation."""
_MODES: Mapping[str, str] = {"auto": "AUTO", "required": "ANY", "none": "NONE"}


def offered(question: Question) -> dict[str, Any]:
    """The entries of the SDK's config for functions and for a schema; none where there are none."""
    config: dict[str, Any] = {}
    if question.tools:
        config["tools"] = [{"function_declarations": [_function(tool) for tool in question.tools]}]
        config["tool_config"] = {"function_calling_config": _choice(question.tool_choice)}
    if question.schema is not None:
        config["response_mime_type"] = "application/json"
        config["response_json_schema"] = dict(question.schema)
    return config


def _function(tool: FunctionTool) -> dict[str, Any]:
    described = {"description": tool.description} if tool.description else {}
    return {"name": tool.name, **described, "parameters_json_schema": dict(tool.parameters)}


def _choice(choice: ToolChoice) -> dict[str, Any]:
    if isinstance(choice, FunctionTool):
        return {"mode": "ANY", "allowed_function_names": [choice.name]}
    return {"mode": _MODES[choice]}


def call_of(part: types.Part, call: types.FunctionCall) -> ToolCall:
    """The call of a part, with the signature that has to go back with it (recordings: gemini generateContent)."""
    if not call.name:
        raise BadResponse(f"a call names no function: {call.id}", provider=Provider.GEMINI)
    signature = part.thought_signature
    return ToolCall(
        id=call.id or f"{_OWN}{uuid4().hex}",
        name=call.name,
        arguments=arguments_of(call),
        signature=None if signature is None else b64encode(signature).decode(),
    )


def arguments_of(call: types.FunctionCall) -> dict[str, Any]:
    """The arguments of a call; the wire has them as an object, and leaves it out where there are none."""
    return dict(call.args or {})


def call_part(call: ToolCall) -> dict[str, Any]:
    """A call as a part of the model's turn."""
    part: dict[str, Any] = {"function_call": {**_named(call.id), "name": call.name, "args": dict(call.arguments)}}
    if call.signature is not None:
        part["thought_signature"] = b64decode(call.signature)
    return part


def output_parts(outputs: Sequence[ToolOutput], calls: Sequence[ToolCall]) -> list[dict[str, Any]]:
    """What came of the calls of the turn before, in their order: without ids only that tells two calls of one function apart."""
    places = {call.id: place for place, call in enumerate(calls)}
    names = {call.id: call.name for call in calls}
    ordered = sorted(outputs, key=lambda output: places.get(output.call_id, len(places)))
    return [_output_part(output, output.name or names.get(output.call_id, "")) for output in ordered]


def _output_part(output: ToolOutput, name: str) -> dict[str, Any]:
    return {"function_response": {**_named(output_id(output)), "name": name, "response": response_of(output)}}


def output_id(output: ToolOutput) -> str:
    """The call that the output is sent for; it is not sent where the gateway has made it (`_named`)."""
    return output.call_id


def _named(call_id: str) -> dict[str, str]:
    return {} if call_id.startswith(_OWN) else {"id": call_id}


def response_of(output: ToolOutput) -> dict[str, Any]:
    """The output as the object that the API asks for."""
    if output.failed:
        return {"error": output.output}
    try:
        value = from_json(output.output)
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {"result": output.output}
