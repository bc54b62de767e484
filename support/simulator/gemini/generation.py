"""The settings of a generation: what Google refuses of them, and what the toy model is told (provider-facts 9.3).

Only the refusals of log probabilities are recorded; the words of all others are unverified.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from support.simulator.gemini.errors import at_fault, invalid
from support.simulator.gemini.models import Model
from support.simulator.gemini.schemas import check
from support.simulator.language_model import Tool

REQUEST = "GenerateContentRequest"

THOUGHT = (
    "**Considering the Question**\n\nI look at what is being asked, and at what the conversation and its documents already "
    "say about it. Then I settle on a short answer.\n\n\n"
)
"""What the toy model says of its thinking, when thoughts are asked for."""
THOUGHT_TOKENS = 40

_FUNCTION_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,127}")
_BAD_NAME = (
    "Invalid function name. Must start with a letter or an underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), "
    "dots (.), colons (:), or dashes (-), with a maximum length of 128."
)
_MIME_TYPES = ("", "text/plain", "application/json", "application/xml", "application/yaml", "text/x.enum")
_SCHEMAS = {
    "responseSchema": "response_schema",
    "responseJsonSchema": "response_json_schema",
    "_responseJsonSchema": "response_json_schema",
}
_ANY_OBJECT = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}


@dataclass(frozen=True, slots=True)
class Settings:
    """How to answer."""

    candidates: int
    stop: tuple[str, ...]
    max_tokens: int
    """Thoughts included."""
    thought_tokens: int
    shows_thoughts: bool
    schema: dict[str, Any] | None
    is_enum: bool
    """The text is one word of an enumeration, without quotation marks."""
    tools: tuple[Tool, ...]
    tool_choice: str
    runs_code: bool
    searches: bool
    shows_server_tools: bool
    rates_safety: bool


def settings_of(request: dict[str, Any], model: Model, streams: bool) -> Settings:
    """Reads the settings of a request, or refuses them."""
    config: dict[str, Any] = request.get("generationConfig") or {}
    if config.get("responseLogprobs") or config.get("logprobs"):
        if streams:
            raise invalid("LogProbs is not supported in streaming mode")
        refusal = invalid("Logprobs is not enabled for this model")
        refusal.answer.headers["x-gemini-service-tier"] = "standard"  # the tier was chosen by then (recording, 2026-05)
        raise refusal
    _check_ranges(config)
    limit = min(config.get("maxOutputTokens") or model.output_limit, model.output_limit)
    thinking = config.get("thinkingConfig") or {}
    tools = request.get("tools") or ()
    tool_config = request.get("toolConfig") or {}
    declared = declared_in(tools, REQUEST)
    offered, choice = _choice(declared, tool_config.get("functionCallingConfig") or {})
    mime_type = config.get("responseMimeType", "")
    return Settings(
        candidates=config.get("candidateCount") or 1,
        stop=tuple(config.get("stopSequences") or ()),
        max_tokens=limit,
        thought_tokens=min(_thoughts(thinking, model), limit // 2),
        shows_thoughts=bool(thinking.get("includeThoughts")),
        schema=_schema(config, mime_type),
        is_enum=mime_type == "text/x.enum",
        tools=offered,
        tool_choice=choice,
        runs_code=any("codeExecution" in tool for tool in tools),
        searches=any("googleSearch" in tool or "googleSearchRetrieval" in tool for tool in tools),
        shows_server_tools=bool(tool_config.get("includeServerSideToolInvocations")),
        rates_safety=bool(request.get("safetySettings")),
    )


def _check_ranges(config: dict[str, Any]) -> None:
    for name, low, high in (("temperature", 0.0, 2.0), ("topP", 0.0, 1.0)):
        value = config.get(name)
        if value is not None and not low <= value <= high:
            snake = "top_p" if name == "topP" else name
            raise _fault(snake, f"{snake} must be in the range [{low}, {high}].")
    if config.get("topK", 1) <= 0:
        raise _fault("top_k", "top_k must be positive.")
    if config.get("maxOutputTokens", 1) <= 0:
        raise _fault("max_output_tokens", "max_output_tokens must be positive.")
    if not 1 <= config.get("candidateCount", 1) <= 8:
        raise _fault("candidate_count", "candidate_count must be in the range [1, 8].")
    if len(config.get("stopSequences") or ()) > 5:
        raise _fault("stop_sequences", "at most 5 stop sequences are allowed.")
    if config.get("responseMimeType", "") not in _MIME_TYPES:
        raise _fault(
            "response_mime_type",
            "allowed mimetypes are `text/plain`, `application/json`, `application/xml`, `application/yaml` and `text/x.enum`.",
        )
    modalities = config.get("responseModalities")
    if modalities and "TEXT" not in modalities:
        raise invalid("This model only supports text output.")


def _fault(field: str, why: str) -> Exception:
    return at_fault(REQUEST, f"generation_config.{field}", why)


def _thoughts(thinking: dict[str, Any], model: Model) -> int:
    """How many tokens the model thinks, before the output limit is looked at."""
    budget, level = thinking.get("thinkingBudget"), thinking.get("thinkingLevel")
    if budget is not None and level is not None:
        raise invalid("You can only set only one of thinking budget and thinking level.")
    if level is not None and model.generation < 3:
        raise invalid("Thinking level is not supported for this model.")
    if budget == 0 and model.thinking == "always":
        raise invalid("Budget 0 is invalid. This model only works in thinking mode.")
    if model.thinking == "never" or budget == 0:
        return 0
    if level == "MINIMAL":
        return THOUGHT_TOKENS if model.thinking == "always" else 0
    if model.thinking == "when asked" and level is None and not budget:
        return 0
    return min(THOUGHT_TOKENS, budget) if budget is not None and budget > 0 else THOUGHT_TOKENS


def _schema(config: dict[str, Any], mime_type: str) -> dict[str, Any] | None:
    """The schema that the text has to fit; JSON without one is any object."""
    field = next((name for name in _SCHEMAS if config.get(name) is not None), None)
    if field is None:
        return _ANY_OBJECT if mime_type == "application/json" else None
    if mime_type not in ("application/json", "text/x.enum"):
        raise _fault("response_schema", "only allowed when response_mime_type is `application/json` or `text/x.enum`.")
    return check(config[field], REQUEST, f"generation_config.{_SCHEMAS[field]}")


def declared_in(tools: Any, request: str) -> tuple[Tool, ...]:
    """The functions that tools declare, or a refusal of the first that is wrong (`request`: how that calls the request)."""
    found = []
    for number, tool in enumerate(tools):
        for position, function in enumerate(tool.get("functionDeclarations") or ()):
            name, place = function.get("name", ""), f"tools[{number}].function_declarations[{position}]"
            if not _FUNCTION_NAME.fullmatch(name):
                raise at_fault(request, f"{place}.name", _BAD_NAME)
            parameters = function.get("parametersJsonSchema") or function.get("parameters") or {}
            found.append(Tool(name, function.get("description", ""), check(parameters, request, f"{place}.parameters")))
    return tuple(found)


def _choice(declared: tuple[Tool, ...], config: dict[str, Any]) -> tuple[tuple[Tool, ...], str]:
    """The functions that may be called, and whether one must be."""
    mode = config.get("mode", "AUTO")
    if mode == "NONE":
        return declared, "none"
    allowed = config.get("allowedFunctionNames")
    offered = tuple(tool for tool in declared if tool.name in allowed) if allowed else declared
    return offered, "required" if mode == "ANY" else "auto"
