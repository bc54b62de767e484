"""Reading what requests about assistants and threads carry: settings, tools, resources, metadata (openai.yaml; provider-facts 4.2).

Recorded: what is filled in where nothing was said, and the words on metadata. Unverified: all other refusals.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from support.simulator.openai import checks, schemas, vector_store_requests
from support.simulator.openai import tools as function_tools
from support.simulator.openai.assistants_v2 import answering
from support.simulator.openai.assistants_v2.kept import Settings, Wire
from support.simulator.openai.assistants_v2.tool_use import RANKER
from support.simulator.openai.checks import Rule
from support.simulator.openai.errors import refusal
from support.simulator.openai.state import OpenAIState

LONGEST_INSTRUCTIONS, LONGEST_NAME, LONGEST_DESCRIPTION = 256_000, 256, 512
MOST_TOOLS = 128
MOST_RESULTS = 50
KINDS = ("code_interpreter", "file_search", "function")
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh")

SETTINGS_RULES = {
    "model": Rule("string"),
    "instructions": Rule("string"),
    "tools": Rule("array"),
    "temperature": Rule("number", 0, 2),
    "top_p": Rule("number", 0, 1),
    "reasoning_effort": Rule("string", values=EFFORTS),
    "response_format": Rule("any"),
    "metadata": Rule("any"),
}
_SEARCH_RULES = {"max_num_results": Rule("integer", 1, MOST_RESULTS), "ranking_options": Rule("object")}
_RANKERS = ("auto", RANKER)
_RANKING_RULES = {
    "ranker": Rule("string", values=_RANKERS),
    "score_threshold": Rule("number", 0, 1),
    "hybrid_search": Rule("object"),
}
_FORMATS = ("text", "json_object", "json_schema")


def settings(state: OpenAIState, body: Mapping[str, Any], before: Settings) -> Settings:
    """What the request sets; the rest stays as it was before. A null stands for the usual value."""
    if "model" in body and body["model"] is None:
        raise checks.missing("model")
    model = body.get("model", before.model)
    if model != before.model or not before.model:
        check_model(state, model)
    instructions = body.get("instructions", before.instructions)
    within(instructions, "instructions", LONGEST_INSTRUCTIONS)
    format_ = response_format(body["response_format"]) if "response_format" in body else before.response_format
    return Settings(
        model=model,
        instructions=instructions,
        tools=tools(body["tools"]) if "tools" in body else before.tools,
        temperature=_number(body.get("temperature", before.temperature)),
        top_p=_number(body.get("top_p", before.top_p)),
        reasoning_effort=body.get("reasoning_effort", before.reasoning_effort),
        response_format=format_,
    )


def _number(given: float | None) -> float:
    return 1.0 if given is None else float(given)


def within(text: str | None, param: str, longest: int) -> None:
    """Raise for a text of too many characters."""
    if text is not None and len(text) > longest:
        raise checks.too_long(param, len(text), longest)


def check_model(state: OpenAIState, name: str | None) -> None:
    """Raise unless it is the name of a model that an assistant can have."""
    if name is None:
        raise checks.missing("model")
    model = answering.model_of(state, name)
    if model is None:
        raise refusal(400, f"The requested model '{name}' does not exist.", param="model", code="model_not_found")
    if model.use != "chat":
        message = f"The requested model '{name}' cannot be used with the Assistants API."
        raise refusal(400, message, param="model", code="unsupported_model")


def metadata(given: Any, where: str = "metadata") -> dict[str, str]:
    return vector_store_requests.metadata(given, where)


# Tools --------------------------------------------------------------------------------------------------------------


def tools(given: Any) -> list[Wire]:
    """The tools as they are shown: with what was left out."""
    if given is None:
        return []
    if len(given) > MOST_TOOLS:
        raise checks.too_long_array("tools", len(given), MOST_TOOLS)
    return [_tool(tool, f"tools[{number}]") for number, tool in enumerate(given)]


def _tool(tool: Any, where: str) -> Wire:
    checks.expect(tool, "object", where)
    kind = tool.get("type")
    if kind is None:
        raise checks.missing(f"{where}.type")
    if kind not in KINDS:
        raise checks.invalid_value(kind, KINDS, f"{where}.type")
    if kind == "code_interpreter":
        checks.check(tool, {"type": Rule("string")}, f"{where}.")
        return {"type": kind}
    checks.check(tool, {"type": Rule("string"), kind: Rule("object")}, f"{where}.")
    if kind == "file_search":
        return {"type": kind, kind: _search(tool.get(kind) or {}, f"{where}.file_search")}
    if tool.get(kind) is None:
        raise checks.missing(f"{where}.function")
    return {"type": kind, kind: _function(tool[kind], f"{where}.function")}


def _search(given: Wire, where: str) -> Wire:
    checks.check(given, _SEARCH_RULES, f"{where}.")
    ranking = given.get("ranking_options") or {}
    checks.check(ranking, _RANKING_RULES, f"{where}.ranking_options.")
    most = given.get("max_num_results")
    ranker = ranking.get("ranker")
    return {
        **({} if most is None else {"max_num_results": most}),
        "ranking_options": {
            "ranker": RANKER if ranker in (None, "auto") else ranker,
            "score_threshold": float(ranking.get("score_threshold") or 0.0),
            "hybrid_search": ranking.get("hybrid_search"),
        },
    }


def _function(given: Wire, where: str) -> Wire:
    rules = {
        "name": Rule("string"),
        "description": Rule("string"),
        "parameters": Rule("object"),
        "strict": Rule("boolean"),
    }
    checks.check(given, rules, f"{where}.")
    function_tools.function(given, where)
    told = {name: given[name] for name in ("name", "description", "parameters") if given.get(name) is not None}
    return {**told, "strict": bool(given.get("strict"))}


def tool_choice(given: Any, offered: list[Wire]) -> Any:
    """Which tool a run is to use, as it is shown."""
    if given is None:
        return "auto"
    if isinstance(given, str):
        if given not in ("none", "auto", "required"):
            raise checks.invalid_value(given, ("none", "auto", "required"), "tool_choice")
        if given == "required" and not offered:
            raise refusal(400, "'tool_choice' is only allowed when 'tools' are specified.", param="tool_choice")
        return given
    checks.expect(given, "object", "tool_choice")
    kind = given.get("type")
    if kind not in KINDS:
        raise (
            checks.missing("tool_choice.type")
            if kind is None
            else checks.invalid_value(kind, KINDS, "tool_choice.type")
        )
    name = None
    if kind == "function":
        checks.expect(given.get("function"), "object", "tool_choice.function")
        name = given["function"].get("name")
        checks.expect(name, "string", "tool_choice.function.name")
    fitting = [tool for tool in offered if tool["type"] == kind and (name is None or tool[kind]["name"] == name)]
    if not fitting:
        message = f"Tool choice '{name or kind}' not found in 'tools' parameter."
        raise refusal(400, message, param="tool_choice")
    return {"type": kind} if name is None else {"type": kind, "function": {"name": name}}


def response_format(given: Any) -> Any:
    """The form of the answers, as it is shown."""
    if given is None or given == "auto":
        return "auto"
    checks.expect(given, "object", "response_format")
    kind = given.get("type")
    if kind is None:
        raise checks.missing("response_format.type")
    if kind not in _FORMATS:
        raise checks.invalid_value(kind, _FORMATS, "response_format.type")
    if kind != "json_schema":
        return {"type": kind}
    described = given.get("json_schema")
    if described is None:
        raise checks.missing("response_format.json_schema")
    rules = {
        "name": Rule("string"),
        "description": Rule("string"),
        "schema": Rule("object"),
        "strict": Rule("boolean"),
    }
    checks.expect(described, "object", "response_format.json_schema")
    checks.check(described, rules, "response_format.json_schema.")
    if described.get("name") is None:
        raise checks.missing("response_format.json_schema.name")
    wrong = schemas.fault(described.get("schema") or {}, strict=bool(described.get("strict")))
    if wrong is not None:
        message = f"Invalid schema for response_format '{described['name']}': {wrong}"
        raise refusal(400, message, param="response_format")
    return given
