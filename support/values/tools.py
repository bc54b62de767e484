"""Tools that a model may ask for: the caller's functions, calls of them, and what came of a call."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from support.values.base import Value


class FunctionTool(Value):
    """A function of the caller's, as a model is told of it."""

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = Field(default_factory=lambda: {"type": "object", "properties": {}})
    """JSON Schema of an object: the arguments by name."""


class CodeTool(Value):
    """The provider's own interpreter of programs, with stored files at hand."""

    file_ids: tuple[str, ...] = ()


class SearchTool(Value):
    """The provider's own search in stores of documents."""

    store_ids: tuple[str, ...] = ()


Tool = FunctionTool | CodeTool | SearchTool

ToolChoice = Literal["auto", "required", "none"] | FunctionTool
"""Whether a tool is used; a function stands for itself and no other."""


class ToolCall(Value):
    """A model's wish that the caller runs a function."""

    id: str
    """What the output must name; Gemini has ids only since its third generation, before that the gateway makes one."""
    name: str
    arguments: Mapping[str, Any]
    signature: str | None = None
    """Gemini's thought signature in base64, which goes back with the call (provider-facts 9.3); None elsewhere."""


class ToolOutput(Value):
    """What a function gave, for the call that asked for it."""

    call_id: str
    output: str
    """Text; JSON where the function gave more than that."""
    name: str = ""
    """The function's name, which Gemini asks for."""
    failed: bool = False
    """The function raised; `output` says what."""
