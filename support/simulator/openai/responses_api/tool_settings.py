"""The tools that a request offers, and which of them it wants used (openai 3.54.0; recordings: responses create).

Functions are run by the caller; file search and the code interpreter are run here; other tools of the provider are taken and
never used. Unverified: all words of refusals but those on a function's schema, and how a code interpreter's container is shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from support.simulator.language_model import Tool
from support.simulator.openai import checks, schemas, tools
from support.simulator.openai import vector_store_filters as filters
from support.simulator.openai.checks import Rule
from support.simulator.openai.errors import refusal

MOST_TOOLS = 128
MOST_RESULTS = 50
USUAL_RESULTS = 20
MOST_CONTAINER_FILES = 50

FILE_SEARCH, CODE_INTERPRETER = "file_search", "code_interpreter"
_OTHERS = (
    "web_search", "web_search_2025_08_26", "web_search_preview", "web_search_preview_2025_03_11", "computer",
    "computer_use_preview", "mcp", "image_generation", "local_shell", "shell", "custom", "apply_patch", "namespace",
    "tool_search", "programmatic_tool_calling",
)  # fmt: skip
TYPES = ("function", FILE_SEARCH, CODE_INTERPRETER, *_OTHERS)

_FILE_SEARCH_RULES = {
    "type": Rule("string"),
    "vector_store_ids": Rule("array"),
    "filters": Rule("any"),
    "max_num_results": Rule("integer", 1, MOST_RESULTS),
    "ranking_options": Rule("object"),
}
_RANKING_RULES = {
    "ranker": Rule("string", values=("auto", "default-2024-11-15")),
    "score_threshold": Rule("number", 0, 1),
    "hybrid_search": Rule("object"),
}
_CODE_RULES = {"type": Rule("string"), "container": Rule("any"), "allowed_callers": Rule("array")}
_AUTO_RULES = {
    "type": Rule("string", values=("auto",)),
    "file_ids": Rule("array"),
    "memory_limit": Rule("string", values=("1g", "4g", "16g", "64g")),
    "network_policy": Rule("object"),
    "skills": Rule("array"),
}
_WEB_SEARCH = {
    "return_token_budget": "default",
    "search_content_types": ["text"],
    "search_context_size": "medium",
}
_USUAL_PLACE = {"type": "approximate", "city": None, "country": "US", "region": None, "timezone": None}


@dataclass(frozen=True, slots=True)
class FileSearch:
    """Where to search, and how much to take."""

    store_ids: tuple[str, ...]
    most: int
    threshold: float
    takes: filters.Filter | None


@dataclass(frozen=True, slots=True)
class CodeInterpreter:
    """The container to work in: one that exists, or a new one with these files."""

    container_id: str | None
    file_ids: tuple[str, ...] = ()
    memory_limit: str = "1g"


@dataclass(slots=True)
class Offered:
    """All tools of a request."""

    shown: list[dict[str, Any]] = field(default_factory=list)
    functions: list[Tool] = field(default_factory=list)
    file_search: FileSearch | None = None
    code_interpreter: CodeInterpreter | None = None

    def kinds(self) -> set[str]:
        return {str(tool["type"]) for tool in self.shown}


def read(given: list[Any] | None) -> Offered:
    """Raises a Refusal for the first tool that is wrong."""
    offered = Offered()
    if given is None:
        return offered
    if len(given) > MOST_TOOLS:
        raise checks.too_long_array("tools", len(given), MOST_TOOLS)
    for number, tool in enumerate(given):
        where = f"tools[{number}]"
        checks.expect(tool, "object", where)
        kind = tool.get("type")
        if kind is None:
            raise checks.missing(f"{where}.type")
        if kind not in TYPES:
            raise checks.invalid_value(kind, TYPES, f"{where}.type")
        if kind == "function":
            offered.shown.append(_function(offered, tool, where))
        elif kind == FILE_SEARCH:
            offered.shown.append(_file_search(offered, tool, where))
        elif kind == CODE_INTERPRETER:
            offered.shown.append(_code_interpreter(offered, tool, where))
        else:
            offered.shown.append(_web_search(tool) if kind == "web_search" else tool)
    return offered


def _function(offered: Offered, tool: dict[str, Any], where: str) -> dict[str, Any]:
    """A function is strict unless the caller says otherwise, or its schema cannot be (recordings: `strict` left out)."""
    parameters = tool.get("parameters")
    strict = tool.get("strict", True)
    if strict is not None:
        checks.expect(strict, "boolean", f"{where}.strict")
    if tool.get("description") is not None:
        checks.expect(tool["description"], "string", f"{where}.description")
    if "strict" not in tool and isinstance(parameters, dict):
        closed = {key: value for key, value in parameters.items() if key != "$schema"}
        closed["additionalProperties"] = False
        strict = schemas.fault(closed, strict=True) is None
        parameters = closed if strict else parameters
    checked = {**tool, "parameters": parameters, "strict": strict}
    offered.functions.append(tools.function(checked, where))
    return {
        "type": "function",
        "description": tool.get("description"),
        "name": tool["name"],
        "output_schema": tool.get("output_schema"),
        "parameters": parameters,
        "strict": bool(strict),
    }


def _file_search(offered: Offered, tool: dict[str, Any], where: str) -> dict[str, Any]:
    checks.check(tool, _FILE_SEARCH_RULES, f"{where}.")
    store_ids = tool.get("vector_store_ids")
    if store_ids is None:
        raise checks.missing(f"{where}.vector_store_ids")
    if not store_ids:
        raise checks.empty_array(f"{where}.vector_store_ids")
    _check_strings(store_ids, f"{where}.vector_store_ids")
    ranking = tool.get("ranking_options") or {}
    checks.check(ranking, _RANKING_RULES, f"{where}.ranking_options.")
    wanted = tool.get("filters")
    takes = None if wanted is None else filters.read(wanted, f"{where}.filters")
    most, threshold = tool.get("max_num_results") or USUAL_RESULTS, ranking.get("score_threshold") or 0.0
    offered.file_search = FileSearch(tuple(store_ids), most, threshold, takes)
    return {
        "type": FILE_SEARCH,
        "filters": wanted,
        "max_num_results": most,
        "ranking_options": {"ranker": "auto", "score_threshold": 0.0, **ranking},
        "vector_store_ids": store_ids,
    }


def _code_interpreter(offered: Offered, tool: dict[str, Any], where: str) -> dict[str, Any]:
    checks.check(tool, _CODE_RULES, f"{where}.")
    container = tool.get("container")
    if container is None:
        raise checks.missing(f"{where}.container")
    if isinstance(container, str):
        offered.code_interpreter = CodeInterpreter(container)
        return dict(tool)
    checks.expect(container, "object", f"{where}.container")
    if container.get("type") is None:
        raise checks.missing(f"{where}.container.type")
    checks.check(container, _AUTO_RULES, f"{where}.container.")
    file_ids = container.get("file_ids") or []
    if len(file_ids) > MOST_CONTAINER_FILES:
        raise checks.too_long_array(f"{where}.container.file_ids", len(file_ids), MOST_CONTAINER_FILES)
    _check_strings(file_ids, f"{where}.container.file_ids")
    offered.code_interpreter = CodeInterpreter(None, tuple(file_ids), container.get("memory_limit") or "1g")
    return {"type": CODE_INTERPRETER, "container": {"type": "auto", **container}}


def _web_search(tool: dict[str, Any]) -> dict[str, Any]:
    """It is shown with all its settings, and never used."""
    place = tool.get("user_location")
    return {"type": tool["type"], **_WEB_SEARCH, **tool, "user_location": {**_USUAL_PLACE, **_object(place)}}


def _object(given: Any) -> dict[str, Any]:
    return given if isinstance(given, dict) else {}


def _check_strings(given: list[Any], where: str) -> None:
    for number, one in enumerate(given):
        checks.expect(one, "string", f"{where}[{number}]")


@dataclass(frozen=True, slots=True)
class Choice:
    """Which tool the caller wants used. `mode` is that of functions, for the model; `kind` a tool that is run here."""

    mode: str = "auto"
    """ "auto", "none", "required" or a function's name."""
    kind: str | None = None


def choice(given: Any, offered: Offered) -> Choice:
    """`tool_choice`, in any of its forms."""
    if given is None:
        return Choice()
    if isinstance(given, str):
        if given not in ("none", "auto", "required"):
            raise checks.invalid_value(given, ("none", "auto", "required"), "tool_choice")
        if given == "required" and not offered.shown:
            raise _without_tools()
        return Choice(given)
    checks.expect(given, "object", "tool_choice")
    kind = given.get("type")
    if kind is None:
        raise checks.missing("tool_choice.type")
    if not isinstance(kind, str) or kind not in ("allowed_tools", *TYPES):
        raise checks.invalid_value(kind, ("allowed_tools", *TYPES), "tool_choice.type")
    if kind == "allowed_tools":
        mode = given.get("mode") or "auto"
        if mode not in ("auto", "required"):
            raise checks.invalid_value(mode, ("auto", "required"), "tool_choice.mode")
        return Choice(mode)
    if kind == "function":
        name = given.get("name")
        if name is None:
            raise checks.missing("tool_choice.name")
        if all(tool.name != name for tool in offered.functions):
            raise _not_offered(name)
        return Choice(str(name))
    if not any(
        have == kind or (have.startswith("web_search") and kind.startswith("web_search")) for have in offered.kinds()
    ):
        raise _not_offered(kind)
    return Choice("none", kind)


def _without_tools() -> Exception:
    return refusal(400, "Tool choice 'required' must be specified with 'tools' parameter.", param="tool_choice")


def _not_offered(name: Any) -> Exception:
    return refusal(400, f"Tool choice '{name}' not found in 'tools' parameter.", param="tool_choice")
