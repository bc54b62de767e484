"""What a run sends: one response in the background, in the thread's conversation (provider-facts 4.5)."""

from collections.abc import Mapping, Sequence
from typing import Any

from support.catalogue.models import model_named
from support.gateway.assistant_checks import MARKER_KEY
from support.gateway.markers import Marker
from support.gateway.openai.responses.kept import Description, Frozen
from support.gateway.runs import RunOrder, output_limit
from support.values import CodeTool, FunctionTool, Provider, SearchTool, Tool, ToolChoice, ToolOutput

ASSISTANT_KEY = "assistant"
"""The entry of a response's metadata that names the assistant."""
INCLUDED = ("file_search_call.results", "code_interpreter_call.outputs")
"""Shown only to those who ask for it (provider-facts 4.5)."""


def frozen(order: RunOrder, said: Description) -> Frozen:
    """What a run is made with: what its order says, else what its assistant says, both as they are now."""
    model = order.model if order.model is not None else said.model
    return Frozen(
        model=model,
        instructions=instructions_of(order, said),
        tools=said.tools,
        tool_choice=order.tool_choice,
        parallel_calls=order.parallel_calls,
        output_limit=output_limit(order, model),
        temperature=said.temperature,
    )


def instructions_of(order: RunOrder, said: Description) -> str | None:
    """The run's own instructions, which stand in the place of the assistant's."""
    return order.instructions if order.instructions is not None else said.instructions


def request(frozen: Frozen, thread_id: str, assistant_id: str, marker: Marker) -> dict[str, Any]:
    """The SDK's keyword arguments. There is no input: the messages are in the conversation already."""
    instructions = instructions_to_send(frozen)
    built: dict[str, Any] = {
        **model_settings(frozen.model),
        "model": frozen.model,
        "conversation": thread_id,
        "max_output_tokens": frozen.output_limit,
        "background": True,
        "store": True,
        "include": list(INCLUDED),
        "metadata": {MARKER_KEY: str(marker), ASSISTANT_KEY: assistant_id},
    }
    if instructions is not None:
        built["instructions"] = instructions
    if frozen.temperature is not None:
        built["temperature"] = frozen.temperature
    if frozen.tools:
        built["tools"] = wire_tools(frozen.tools)
        built["tool_choice"] = wire_choice(frozen.tool_choice)
        built["parallel_tool_calls"] = frozen.parallel_calls
    return built


def following_request(
    frozen: Frozen, thread_id: str, assistant_id: str, marker: Marker, outputs: Sequence[ToolOutput]
) -> dict[str, Any]:
    """As `request`, with the outputs of functions as input, and nothing forced: what was to be called was called."""
    relaxed = frozen.model_copy(update={"tool_choice": choice_to_follow(frozen.tool_choice)})
    return {**request(relaxed, thread_id, assistant_id, marker), "input": [wire_output(output) for output in outputs]}


def instructions_to_send(frozen: Frozen) -> str | None:
    """They go along with each response: a conversation does not keep them."""
    return frozen.instructions


def choice_to_follow(choice: ToolChoice) -> ToolChoice:
    """Whether a tool is used once outputs are there: the model is free."""
    return "auto" if choice == "required" or isinstance(choice, FunctionTool) else choice


def wire_output(output: ToolOutput) -> dict[str, Any]:
    """A function's output in the provider's spelling."""
    return {"type": "function_call_output", "call_id": call_id_to_send(output), "output": output.output}


def call_id_to_send(output: ToolOutput) -> str:
    """The call under which an output is submitted."""
    return output.call_id


def wire_tools(tools: Sequence[Tool]) -> list[dict[str, Any]]:
    """Tools in the provider's spelling."""
    return [wire_tool(tool) for tool in tools]


def wire_tool(tool: Tool) -> dict[str, Any]:
    """One tool. A schema is sent as it is: the provider would close it, where a function's strictness is left open."""
    match tool:
        case FunctionTool():
            described = {"description": tool.description} if tool.description else {}
            parameters = dict(tool.parameters)
            return {"type": "function", "name": tool.name, **described, "parameters": parameters, "strict": False}
        case SearchTool():
            return {"type": "file_search", "vector_store_ids": list(tool.store_ids)}
        case CodeTool():
            return {"type": "code_interpreter", "container": {"type": "auto", "file_ids": list(tool.file_ids)}}


def wire_choice(choice: ToolChoice) -> str | dict[str, Any]:
    """Whether a tool is used, in the provider's spelling."""
    return {"type": "function", "name": choice.name} if isinstance(choice, FunctionTool) else choice


def model_settings(model: str) -> Mapping[str, Any]:
    """The catalogue's settings, which it spells as Chat Completions do, as Responses spell them."""
    known = model_named(Provider.OPENAI, model)
    settings = dict(known.settings) if known is not None else {}
    effort = settings.pop("reasoning_effort", None)
    return settings if effort is None else {**settings, "reasoning": {"effort": effort}}
