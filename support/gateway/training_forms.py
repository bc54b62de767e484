"""What is wrong with one example of a training file, by the method it is for: None, or a code and one sentence (provider-facts 8.1).

Decides as the provider does; where it is not known how, as the simulator does (a test compares the two). One fault an example.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from pydantic_core import from_json, to_json

from support.values import TuningMethod

Fault = tuple[str, str]
"""A code, and a sentence."""

ROLES = ("user", "assistant", "system", "developer", "tool", "function")
_KEYS = frozenset({"messages", "tools", "parallel_tool_calls", "functions"})
_PREFERENCE = ("input", "preferred_output", "non_preferred_output")
_PARTS = ("text", "image_url", "refusal")
_ADDRESSES = ("http://", "https://", "data:image/")


def fault_of(example: Any, method: TuningMethod) -> Fault | None:
    """The first thing that is wrong with the value of a line."""
    if type(example) is not dict:
        kind = "an array" if isinstance(example, list) else f"a {type(example).__name__}"
        return "not_an_object", f"is {kind}; each line must be one JSON object"
    try:
        return _CHECKS[method](example)
    except RecursionError:
        return "too_deep", "is nested too deeply"


def conversation(example: Mapping[str, Any]) -> Fault | None:
    """A supervised example: messages, the last one the assistant's."""
    if (len(example) > 1 or "messages" not in example) and (found := _form(example)):
        return found
    messages = example["messages"]
    if found := _messages(messages) or _tools(example):
        return found
    last = messages[-1]
    if last["role"] != "assistant":
        return (
            "last_not_assistant",
            f"ends with a message from the {last['role']}; the last one must be the assistant's",
        )
    if "weight" in last and all(one.get("weight") == 0 for one in messages if one["role"] == "assistant"):
        return "nothing_trained", "has no message from the assistant with a weight of 1"
    return None


def preference(example: Mapping[str, Any]) -> Fault | None:
    """An input, and two answers to it."""
    for key in _PREFERENCE:
        if key not in example:
            return f"no_{key}", f'has no "{key}"; a preference example needs {", ".join(_PREFERENCE)}'
    if found := _extra(example, frozenset(_PREFERENCE)):
        return found
    asked = example["input"]
    if not isinstance(asked, dict):
        return "input_not_an_object", '"input" is no object'
    if "messages" not in asked:
        return "no_messages", '"input" has no "messages"'
    if found := _messages(asked["messages"]) or _tools(asked):
        return found
    return next((found for key in _PREFERENCE[1:] if (found := _answer(example[key], key))), None)


def reinforcement(example: Mapping[str, Any]) -> Fault | None:
    """Messages that ask, and beside them whatever the grader refers to."""
    if "messages" not in example:
        return _missing(example)
    messages = example["messages"]
    if found := _messages(messages) or _tools(example):
        return found
    if messages[-1]["role"] == "assistant":
        return "last_from_assistant", "ends with a message from the assistant, which is what the model is to write"
    return None


_CHECKS: Mapping[TuningMethod, Callable[[Mapping[str, Any]], Fault | None]] = {
    "supervised": conversation,
    "preference": preference,
    "reinforcement": reinforcement,
}


def is_legacy(example: Mapping[str, Any]) -> bool:
    """Whether it is in the form of prompts and completions, which no chat model learns from."""
    return "prompt" in example and "completion" in example and "messages" not in example


def _form(example: Mapping[str, Any]) -> Fault | None:
    if "messages" not in example:
        return _missing(example)
    return _extra(example, _KEYS)


def _missing(example: Mapping[str, Any]) -> Fault:
    if is_legacy(example):
        return (
            "legacy_form",
            'has a "prompt" and a "completion", which is the legacy form; chat models learn from "messages"',
        )
    if "input" in example:
        return "other_method", 'has an "input", as examples of the preference method have; here "messages" are needed'
    return "no_messages", 'has no "messages"'


def _extra(example: Mapping[str, Any], known: frozenset[str]) -> Fault | None:
    extra = next((key for key in example if key not in known), None)
    return None if extra is None else ("extra_key", f'has "{extra}", which no example of this method may have')


def _answer(messages: Any, key: str) -> Fault | None:
    found = _messages(messages, key)
    if found:
        return found
    roles = [message["role"] for message in messages]
    if any(role not in ("assistant", "tool") for role in roles):
        return "answer_by_others", f'"{key}" may have messages from the assistant and from tools alone'
    if "assistant" not in roles:
        return "answer_by_others", f'"{key}" has no message from the assistant'
    return None


def _messages(messages: Any, key: str = "messages") -> Fault | None:
    if type(messages) is not list:
        return "messages_not_a_list", f'"{key}" is no list'
    if not messages:
        return "messages_empty", f'"{key}" is empty'
    for number, message in enumerate(messages, 1):
        # What nearly every message is, decided at once: a known role and a text.
        if type(message) is dict and len(message) == 2:
            content, role = message.get("content"), message.get("role")
            if content and type(content) is str and role in ROLES:
                continue
        found = _message(message)
        if found:
            return found[0], f"message {number} {found[1]}"
    return None


def _message(message: Any) -> Fault | None:
    if not isinstance(message, dict):
        return "message_not_an_object", "is no object"
    role, content = message.get("role"), message.get("content")
    if role is None:
        return "no_role", 'has no "role"'
    if role not in ROLES:
        return "unknown_role", f"has the unknown role {str(role)[:40]!r}; known are {', '.join(sorted(ROLES))}"
    calls = message.get("tool_calls") or message.get("function_call")
    if calls is not None and (found := _calls(message)):
        return found
    speaks_otherwise = role == "assistant" and bool(calls or message.get("refusal"))
    if content is None and not speaks_otherwise:
        return "no_content", 'has no "content"'
    if isinstance(content, list):
        for part in content:
            if found := _part(part, role):
                return found
    elif content is not None and not isinstance(content, str):
        return "content_of_other_type", '"content" is neither a text nor a list of parts'
    if not content and role == "assistant" and not speaks_otherwise:
        return "empty_content", 'has an empty "content"; the assistant has to say something'
    return _weight(message)


def _weight(message: Mapping[str, Any]) -> Fault | None:
    if "weight" not in message:
        return None
    if message["role"] != "assistant":
        return "bad_weight", "has a weight, which only the assistant's messages may have"
    if message["weight"] not in (0, 1):
        return "bad_weight", "has a weight that is neither 0 nor 1"
    return None


def _part(part: Any, role: str) -> Fault | None:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind not in _PARTS or part.get(kind) is None:
        return "bad_part", 'has a part of "content" that is neither text nor image'
    if kind != "image_url":
        return None if isinstance(part[kind], str) else ("bad_part", "has a text that is no string")
    if role == "assistant":
        return "bad_part", "is from the assistant and has an image"
    image = part["image_url"]
    url = image.get("url") if isinstance(image, dict) else None
    if not isinstance(url, str) or not url.startswith(_ADDRESSES):
        return "bad_part", "has an image without a web address and without data"
    return None


def _calls(message: Mapping[str, Any]) -> Fault | None:
    if message["role"] != "assistant":
        return "bad_tool_call", "has tool calls, which only the assistant's messages may have"
    calls = message.get("tool_calls") or [{"function": message.get("function_call")}]
    for call in calls if isinstance(calls, list) else [None]:
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict) or not all(
            isinstance(function.get(key), str) for key in ("name", "arguments")
        ):
            return "bad_tool_call", "has a tool call without a name or without arguments"
    return None


# Tools that an example offers -------------------------------------------------------------------------------------------


def _tools(holder: Mapping[str, Any]) -> Fault | None:
    tools = holder.get("tools")
    if tools is None:
        return None
    if not isinstance(tools, list):
        return "bad_tools", '"tools" is no list'
    for number, tool in enumerate(tools, 1):
        try:
            why = _tool(tool)
        except ValueError:  # so deep that it cannot be written down
            why = "is nested too deeply"
        if why is not None:
            return "bad_tools", f"tool {number} {why}"
    return None


def _tool(tool: Any) -> str | None:
    kind = tool.get("type") if isinstance(tool, dict) else None
    if kind not in ("function", "custom"):
        return "is neither a function nor a custom tool"
    inner = tool.get(kind)
    if not isinstance(inner, dict) or not isinstance(inner.get("name"), str):
        return "has no name"
    if kind == "custom":
        return None
    parameters = inner.get("parameters") or {}
    if not isinstance(parameters, dict):
        return "has parameters that are no object"
    return _schema_fault(to_json(parameters), strict=bool(inner.get("strict"))) if parameters else None


@lru_cache(maxsize=64)
def _schema_fault(written: bytes, *, strict: bool) -> str | None:
    """The same tools stand in every line of most files."""
    from jsonschema import Draft202012Validator  # a tenth of a second, for those who have functions
    from jsonschema.exceptions import SchemaError

    schema = from_json(written)
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        where = "".join(f".{part}" for part in error.path)
        return f"has parameters that are no JSON Schema: {where or 'they'}: {error.message}"[:300]
    return "is strict, and its parameters leave keys open" if strict and _is_open(schema) else None


def _is_open(schema: Any) -> bool:
    """Whether an object in a schema may have other keys, or fewer, than it names."""
    if not isinstance(schema, dict):
        return False
    properties = schema.get("properties") or {}
    if schema.get("type") == "object" or "properties" in schema:
        required = schema.get("required") or []
        if schema.get("additionalProperties") is not False or any(key not in required for key in properties):
            return True
    inner = [value for group in ("properties", "$defs", "definitions") for value in (schema.get(group) or {}).values()]
    inner += [value for group in ("anyOf", "oneOf", "allOf") for value in schema.get(group) or ()]
    return any(_is_open(value) for value in (*inner, schema.get("items")))
