"""Reading the messages of a request, and putting them into a thread (recordings: messages create, threads create).

Unverified: all refusals, the limit on a text, and that pictures are taken on trust.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from support.simulator.openai import checks
from support.simulator.openai.assistants_v2 import requests, resources
from support.simulator.openai.assistants_v2.kept import Message, Thread, Wire, new_id
from support.simulator.openai.checks import Rule
from support.simulator.openai.errors import refusal
from support.simulator.openai.state import OpenAIState
from support.simulator.wire import Call

LONGEST_TEXT = 256_000
ROLES = ("user", "assistant")
PARTS = ("text", "image_url", "image_file")
DETAILS = ("auto", "low", "high")
RULES = {"role": Rule("string"), "content": Rule("any"), "attachments": Rule("any"), "metadata": Rule("any")}


@dataclass(slots=True)
class Draft:
    """A message that is checked, and in no thread yet."""

    role: Literal["user", "assistant"]
    content: list[Wire]
    attachments: list[Wire]
    metadata: dict[str, str]


def drafts(state: OpenAIState, call: Call, given: Any, where: str) -> list[Draft]:
    """Several messages."""
    if given is None:
        return []
    checks.expect(given, "array", where)
    return [draft(state, call, message, f"{where}[{number}].") for number, message in enumerate(given)]


def draft(state: OpenAIState, call: Call, given: Any, where: str = "") -> Draft:
    """One message; `where` ends in a full stop, or is nothing."""
    checks.expect(given, "object", where.rstrip("."))
    checks.check(given, RULES, where)
    role = given.get("role")
    if role is None:
        raise checks.missing(f"{where}role")
    if role not in ROLES:
        raise checks.invalid_value(role, ROLES, f"{where}role")
    content = _content(state, call, given.get("content"), f"{where}content")
    attached = resources.attachments(given.get("attachments"), f"{where}attachments")
    resources.files(state, call, [attachment["file_id"] for attachment in attached])
    return Draft(role, content, attached, requests.metadata(given.get("metadata"), f"{where}metadata"))


def post(state: OpenAIState, call: Call, thread: Thread, drafted: Iterable[Draft]) -> list[Message]:
    """Put messages into the thread, in order."""
    made = []
    for one in drafted:
        message = Message(
            new_id("msg"), thread.id, call.now.timestamp(), one.role, one.content, one.attachments, one.metadata
        )
        message.completed_at = message.created_at
        thread.messages[message.id] = message
        resources.attach(state, call, thread, one.attachments)
        made.append(message)
    return made


def _content(state: OpenAIState, call: Call, given: Any, where: str) -> list[Wire]:
    if given is None:
        raise checks.missing(where)
    if isinstance(given, str):
        return [_text(given, where)]
    checks.expect(given, "array", where)
    if not given:
        raise _empty(where)
    return [_part(state, call, part, f"{where}[{number}]") for number, part in enumerate(given)]


def _text(text: Any, where: str) -> Wire:
    checks.expect(text, "string", where)
    if not text.strip():
        raise _empty(where)
    requests.within(text, where, LONGEST_TEXT)
    return {"type": "text", "text": {"value": text, "annotations": []}}


def _empty(where: str) -> Exception:
    return refusal(400, "Message content must be non-empty.", param=where)


def _part(state: OpenAIState, call: Call, part: Any, where: str) -> Wire:
    checks.expect(part, "object", where)
    kind = part.get("type")
    if kind is None:
        raise checks.missing(f"{where}.type")
    if kind not in PARTS:
        raise checks.invalid_value(kind, PARTS, f"{where}.type")
    checks.check(part, {"type": Rule("string"), kind: Rule("any")}, f"{where}.")
    described = part.get(kind)
    if described is None:
        raise checks.missing(f"{where}.{kind}")
    if kind == "text":
        return _text(described, f"{where}.text")
    checks.expect(described, "object", f"{where}.{kind}")
    name = "url" if kind == "image_url" else "file_id"
    checks.check(described, {name: Rule("string"), "detail": Rule("string", values=DETAILS)}, f"{where}.{kind}.")
    value = described.get(name)
    if not value:
        raise checks.missing(f"{where}.{kind}.{name}")
    if kind == "image_file":
        resources.files(state, call, [value])
    elif not value.startswith(("http://", "https://")):
        message = f"Invalid '{where}.{kind}.{name}'. Expected a valid URL, but got a value with an invalid format."
        raise refusal(400, message, param=f"{where}.{kind}.{name}", code="invalid_value")
    return {"type": kind, kind: {name: value, "detail": described.get("detail") or "auto"}}
