"""Reading the messages of a chat completion into a Prompt; refusals as recorded or known (chat completions).

Unverified: the words on tool messages and on content that is null are from 2024.
"""

from __future__ import annotations

from typing import Any

from support.simulator.language_model import Turn
from support.simulator.openai import cache_options, checks, parts
from support.simulator.openai.errors import refusal
from support.simulator.openai.files import FileShelf
from support.simulator.openai.models import Model
from support.simulator.openai.prompt import Prompt

ROLES = ("system", "assistant", "user", "function", "tool", "developer")
PART_TYPES = ("text", "image_url", "input_audio", "refusal", "audio", "file")
_KEYS = frozenset(
    {
        "role", "content", "name", "tool_calls", "tool_call_id", "refusal", "audio", "function_call", "annotations",
        "reasoning_content",
    }
)  # fmt: skip
_INSTEAD_OF_CONTENT = ("tool_calls", "function_call", "audio", "refusal")


def read(messages: Any, shelf: FileShelf, model: Model, now: int) -> Prompt:
    """The conversation; raises a Refusal for the first thing in it that is wrong."""
    if messages is None:
        raise checks.missing("messages")
    checks.expect(messages, "array", "messages")
    if not messages:
        message = (
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead."
        )
        raise refusal(400, message, param="messages", code="empty_array")
    reader = _Reader(shelf, model, now)
    for number, message in enumerate(messages):
        reader.add(number, message)
    reader.end()
    return reader.prompt


class _Reader:
    """Goes through the messages once; remembers which tool calls still wait for their result."""

    def __init__(self, shelf: FileShelf, model: Model, now: int) -> None:
        self.prompt = Prompt()
        self._shelf = shelf
        self._model = model
        self._now = now
        self._open_calls: list[str] = []
        self._callers: frozenset[str] = frozenset()
        self._caller = 0

    def add(self, number: int, message: Any) -> None:
        if type(message) is not dict:
            checks.expect(message, "object", f"messages[{number}]")
        role = message.get("role")
        if role is None:
            raise checks.missing(f"messages[{number}].role")
        if role not in ROLES:
            raise checks.invalid_value(role, ROLES, f"messages[{number}].role")
        if not _KEYS.issuperset(message):
            raise checks.unknown(f"messages[{number}].{next(key for key in message if key not in _KEYS)}")
        if role == "tool":
            self._close_call(number, message)
        elif self._open_calls:
            self.end()
        text = self._text(number, role, message)
        if role == "user":
            self.prompt.turns.append(Turn("user", text))
        elif role == "assistant":
            self.prompt.turns.append(Turn("assistant", text))
            if message.get("tool_calls") or message.get("function_call"):
                self._open(number, message)
        elif role in ("tool", "function"):
            self.prompt.turns.append(Turn("tool", text))
        else:
            self.prompt.system.append(text)

    def end(self) -> None:
        """Raise when calls are left without their result."""
        if self._open_calls:
            raise refusal(
                400,
                "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
                f"'tool_call_id'. The following tool_call_ids did not have response messages: {', '.join(self._open_calls)}",
                param=f"messages.[{self._caller}].role",
            )

    def _open(self, number: int, message: dict[str, Any]) -> None:
        calls = message.get("tool_calls") or []
        checks.expect(calls, "array", f"messages[{number}].tool_calls")
        for position, call in enumerate(calls):
            checks.expect(call, "object", f"messages[{number}].tool_calls[{position}]")
            if not isinstance(call.get("id"), str):
                raise checks.missing(f"messages[{number}].tool_calls[{position}].id")
            self._open_calls.append(call["id"])
        self._callers = frozenset(self._open_calls)
        self._caller = number
        self.prompt.add_other(calls or message["function_call"])

    def _close_call(self, number: int, message: dict[str, Any]) -> None:
        call_id = message.get("tool_call_id")
        if call_id is None:
            raise checks.missing(f"messages[{number}].tool_call_id")
        checks.expect(call_id, "string", f"messages[{number}].tool_call_id")
        if call_id in self._open_calls:
            self._open_calls.remove(call_id)
        elif not self._callers:
            raise refusal(
                400,
                "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
                param=f"messages.[{number}].role",
            )
        elif call_id not in self._callers:
            raise refusal(
                400,
                f"Invalid parameter: 'tool_call_id' of '{call_id}' not found in 'tool_calls' of previous message.",
                param=f"messages.[{number}].tool_call_id",
            )

    def _text(self, number: int, role: str, message: dict[str, Any]) -> str:
        content = message.get("content")
        if isinstance(content, str):
            self.prompt.open(role, content, message.get("name") or "").ends = role
            return content
        if content is None:
            if role == "assistant" and any(message.get(key) for key in _INSTEAD_OF_CONTENT):
                self.prompt.open(role).ends = role
                return ""
            raise refusal(
                400,
                "Invalid value for 'content': expected a string, got null.",
                param=f"messages.[{number}].content",
            )
        if not isinstance(content, list):
            raise refusal(
                400,
                f"Invalid type for 'messages[{number}].content': expected one of a string or array of objects, but got "
                f"{checks.named(content)} instead.",
                param=f"messages[{number}].content",
                code="invalid_type",
            )
        prompt = self.prompt
        prompt.open(role, name=message.get("name") or "")
        texts: list[str] = []
        for position, part in enumerate(content):
            where = f"messages[{number}].content[{position}]"
            if text := self._part(part, where):
                prompt.add_text(f"\n{text}" if texts else text)
                texts.append(text)
            if part.get("prompt_cache_breakpoint") is not None:
                prompt.messages[-1].breakpoint = cache_options.lifetime(part, self._model, where)
        prompt.messages[-1].ends = role
        return "\n".join(texts)

    def _part(self, part: Any, where: str) -> str:
        """The text of a part; what is no text is put into the prompt."""
        checks.expect(part, "object", where)
        kind = part.get("type")
        if kind is None:
            raise checks.missing(f"{where}.type")
        if kind not in PART_TYPES:
            raise checks.invalid_value(kind, PART_TYPES, f"{where}.type")
        value = part.get(kind)
        if value is None:
            raise checks.missing(f"{where}.{kind}")
        if kind in ("text", "refusal"):
            checks.expect(value, "string", f"{where}.{kind}")
            return str(value)
        checks.expect(value, "object", f"{where}.{kind}")
        if kind == "file":
            self.prompt.add_document(parts.document(self._shelf, value, f"{where}.file", self._now))
        elif kind == "image_url":
            self._image(value, where)
        elif kind == "input_audio":
            self._audio(value, where)
        return ""

    def _image(self, value: dict[str, Any], where: str) -> None:
        if self._model.audio:
            raise self._not_seen("image_url", where)
        url = value.get("url")
        if url is None:
            raise checks.missing(f"{where}.image_url.url")
        checks.expect(url, "string", f"{where}.image_url.url")
        detail = value.get("detail")
        tokens = parts.image_tokens(url, detail, f"{where}.image_url.url")
        self.prompt.add_image(f"{detail} {url}", tokens, parts.image_seen(url))

    def _audio(self, value: dict[str, Any], where: str) -> None:
        if not self._model.audio:
            raise self._not_seen("input_audio", where)
        data = value.get("data")
        if data is None:
            raise checks.missing(f"{where}.input_audio.data")
        checks.expect(data, "string", f"{where}.input_audio.data")
        self.prompt.add_audio(data, parts.audio_tokens(data))

    @staticmethod
    def _not_seen(kind: str, where: str) -> Exception:
        message = f"This model does not support {kind} content."
        return refusal(400, message, param=where.rpartition("[")[0], code="invalid_value")
