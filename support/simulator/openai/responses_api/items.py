"""Items of a conversation as a request brings them: checked, and made what is kept and shown.

Recordings: responses create, input items, conversations items. Unverified: the words on unknown types and ids in another form;
"Item with id … not found" and "Duplicate item found" are as public projects quote them from live calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from support.simulator.openai import checks
from support.simulator.openai.errors import refusal
from support.simulator.openai.responses_api import contents
from support.simulator.wire import Refusal

Item: TypeAlias = dict[str, Any]
Find: TypeAlias = Callable[[str], Item | None]
"""An item that is kept, by its id."""
Name: TypeAlias = Callable[[str], str]
"""A new id with this prefix."""

ROLES = ("assistant", "system", "developer", "user")
LONGEST_ID = 64
_MESSAGE_KEYS = frozenset({"type", "role", "content", "id", "status", "phase"})

PREFIXES = {
    "message": "msg",
    "function_call": "fc",
    "function_call_output": "fc",
    "reasoning": "rs",
    "file_search_call": "fs",
    "web_search_call": "ws",
    "code_interpreter_call": "ci",
    "compaction": "cmp",
    "custom_tool_call": "ctc",
    "custom_tool_call_output": "ctco",
    "image_generation_call": "ig",
    "computer_call": "cu",
    "computer_call_output": "cuo",
    "local_shell_call": "lsh",
    "local_shell_call_output": "lsho",
    "shell_call": "sh",
    "shell_call_output": "sho",
    "apply_patch_call": "apc",
    "apply_patch_call_output": "apco",
    "mcp_list_tools": "mcpl",
    "mcp_approval_request": "mcpr",
    "mcp_approval_response": "mcpa",
    "mcp_call": "mcp",
    "additional_tools": "at",
    "tool_search_call": "tsc",
    "tool_search_output": "tso",
}
"""Kinds of items, and how their ids begin."""
_CHECKED_PREFIXES = ("message", "function_call", "reasoning")

RESULT_OF = {"function_call_output": "function_call", "custom_tool_call_output": "custom_tool_call"}


def read(given: Any, name: Name, find: Find, where: str = "input") -> list[Item]:
    """What was sent, as items; raises a Refusal for the first thing that is wrong."""
    if given is None:
        return []
    if isinstance(given, str):
        return [message(name("msg"), "user", contents.of_message(given, "user", where))]
    checks.expect(given, "array", where)
    found = [_item(one, name, find, f"{where}[{number}]") for number, one in enumerate(given)]
    seen: set[str] = set()
    for item in found:
        if item["id"] in seen:
            message_ = (
                f"Duplicate item found with id {item['id']}. Remove duplicate items from your input and try again."
            )
            raise refusal(400, message_, param=where)
        seen.add(item["id"])
    return found


def message(item_id: str, role: str, content: list[contents.Part], status: str = "completed") -> Item:
    return {"id": item_id, "type": "message", "status": status, "content": content, "role": role}


def _item(one: Any, name: Name, find: Find, where: str) -> Item:
    checks.expect(one, "object", where)
    kind = one.get("type")
    if kind is None:
        if one.get("role") is not None:
            kind = "message"
        elif isinstance(one.get("id"), str):
            kind = "item_reference"
        else:
            raise checks.missing(f"{where}.type")
    checks.expect(kind, "string", f"{where}.type")
    if kind == "item_reference":
        return _referred(one, find, where)
    if kind not in PREFIXES:
        raise checks.invalid_value(kind, tuple(PREFIXES), f"{where}.type")
    item_id = _id(one, kind, where) or name(PREFIXES[kind])
    if kind == "message":
        return _message(one, item_id, where)
    if kind == "function_call":
        return _function_call(one, item_id, where)
    if kind == "function_call_output":
        call_id = _text(one, "call_id", where)
        output = contents.of_result(one.get("output"), f"{where}.output")
        return {"id": item_id, "type": kind, "status": _status(one), "call_id": call_id, "output": output}
    if kind == "reasoning":
        return _reasoning(one, item_id, where)
    if kind.startswith("custom_tool_call"):
        _text(one, "call_id", where)
    if kind == "compaction":
        return {"id": item_id, "type": kind, "encrypted_content": _text(one, "encrypted_content", where)}
    return {**one, "id": item_id, "type": kind}


def _id(one: Item, kind: str, where: str) -> str | None:
    given = one.get("id")
    if given is None:
        return None
    checks.expect(given, "string", f"{where}.id")
    if len(given) > LONGEST_ID:
        raise checks.too_long(f"{where}.id", len(given), LONGEST_ID)
    prefix = PREFIXES[kind]
    if kind in _CHECKED_PREFIXES and not given.startswith(prefix):
        text = f"Invalid '{where}.id': '{given}'. Expected an ID that begins with '{prefix}'."
        raise refusal(400, text, param=f"{where}.id", code="invalid_value")
    return str(given)


def _message(one: Item, item_id: str, where: str) -> Item:
    role = one.get("role")
    if role is None:
        raise checks.missing(f"{where}.role")
    if role not in ROLES:
        raise checks.invalid_value(role, ROLES, f"{where}.role")
    if not _MESSAGE_KEYS.issuperset(one):
        raise checks.unknown(f"{where}.{next(key for key in one if key not in _MESSAGE_KEYS)}")
    made = message(item_id, role, contents.of_message(one.get("content"), role, f"{where}.content"), _status(one))
    if one.get("phase") is not None:
        made["phase"] = one["phase"]
    return made


def _function_call(one: Item, item_id: str, where: str) -> Item:
    return {
        "id": item_id,
        "type": "function_call",
        "status": _status(one),
        "arguments": _text(one, "arguments", where),
        "call_id": _text(one, "call_id", where),
        "name": _text(one, "name", where),
    }


def _reasoning(one: Item, item_id: str, where: str) -> Item:
    summary = one.get("summary")
    if summary is None:
        raise checks.missing(f"{where}.summary")
    checks.expect(summary, "array", f"{where}.summary")
    made: Item = {"id": item_id, "type": "reasoning"}
    if one.get("content") is not None:
        checks.expect(one["content"], "array", f"{where}.content")
        made["content"] = one["content"]
    if one.get("encrypted_content") is not None:
        made["encrypted_content"] = _text(one, "encrypted_content", where)
    return {**made, "summary": summary}


def _referred(one: Item, find: Find, where: str) -> Item:
    item_id = _text(one, "id", where)
    item = find(item_id)
    if item is None:
        raise no_such_item(item_id)
    return item


def no_such_item(item_id: str) -> Refusal:
    text = (
        f"Item with id '{item_id}' not found. Items are not persisted when `store` is set to false. Try again with `store` "
        "set to true, or remove this item from your input."
    )
    return refusal(404, text, param="input")


def _status(one: Item) -> str:
    status = one.get("status")
    return status if status in ("in_progress", "incomplete") else "completed"


def _text(one: Item, key: str, where: str) -> str:
    value = one.get(key)
    if value is None:
        raise checks.missing(f"{where}.{key}")
    checks.expect(value, "string", f"{where}.{key}")
    return str(value)


def check_order(context: list[Item], own: list[Any]) -> None:
    """That every call has its result and every result its call, and that what was reasoned is followed by what it led to.

    `own` are the items as they were sent: there alone it shows whether what follows reasoning is the model's own.
    """
    for number, one in enumerate(own):
        if isinstance(one, dict) and one.get("type") == "reasoning":
            following = own[number + 1] if number + 1 < len(own) else None
            if not isinstance(following, dict) or not (
                following.get("id") or following.get("type") in RESULT_OF.values()
            ):
                text = f"Item '{one.get('id')}' of type 'reasoning' was provided without its required following item."
                raise refusal(400, text, param="input")
    waiting: dict[str, None] = {}
    known: set[str] = set()
    for item in context:
        kind = item["type"]
        if kind in RESULT_OF.values():
            waiting[item["call_id"]] = None
            known.add(item["call_id"])
        elif kind in RESULT_OF:
            if item.get("call_id") not in known:
                what = "function call output" if kind == "function_call_output" else "custom tool call output"
                text = f"No tool call found for {what} with call_id {item.get('call_id')}."
                raise refusal(400, text, param="input")
            waiting.pop(item["call_id"], None)
    if waiting:
        raise refusal(400, f"No tool output found for function call {next(iter(waiting))}.", param="input")
