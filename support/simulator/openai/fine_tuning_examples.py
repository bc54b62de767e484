"""One line of a training file: what is wrong with it, how many tokens it has, what it teaches (provider-facts 8.1).

The words for a missing key, a missing or unknown role and an extra key are the provider's own, as its users quote them
(2023 to 2025); the others are unverified.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pydantic_core import to_json

from support.simulator import tokenizer
from support.simulator.openai import tools
from support.simulator.openai.parts import IMAGE_TOKENS, LOW_DETAIL_TOKENS
from support.simulator.openai.prompt import OPENING, PER_MESSAGE, PER_TOOL
from support.simulator.wire import Refusal

ROLES = ("assistant", "developer", "function", "system", "tool", "user")
_KEYS = frozenset({"messages", "tools", "parallel_tool_calls", "functions"})
_PARTS = ("text", "image_url", "refusal")
_PREFERENCE_KEYS = ("input", "preferred_output", "non_preferred_output")


class Lesson(NamedTuple):
    """What one example is: its tokens, counted as the counting endpoint counts the same messages, and what it teaches."""

    tokens: int
    pairs: list[tuple[str, str]]
    """Questions with the answers that are trained."""


class Fault(Exception):
    """What is wrong with an example, without its number."""


def conversation(example: dict[str, Any]) -> Lesson:
    """A supervised example: messages, the last one the assistant's."""
    _only(example, _KEYS)
    messages = _messages(example)
    spoken = [message for message in messages if message["role"] == "assistant"]
    if messages[-1]["role"] != "assistant":
        raise Fault("last message is not from the assistant.")
    if all(message.get("weight") == 0 for message in spoken):
        raise Fault("has no assistant message with a weight above 0.")
    return Lesson(_count(messages, example), _pairs(messages))


def preference(example: dict[str, Any]) -> Lesson:
    """A preference example: an input, and two answers to it."""
    for key in _PREFERENCE_KEYS:
        if key not in example:
            raise Fault(f'is missing key "{key}".')
    _only(example, frozenset(_PREFERENCE_KEYS))
    asked = example["input"]
    if not isinstance(asked, dict):
        raise Fault('"input" is not a dictionary.')
    messages = _messages(asked)
    tokens = _count(messages, asked)
    answers: list[list[dict[str, Any]]] = []
    for key in _PREFERENCE_KEYS[1:]:
        answer = _messages(example, key)
        if any(message["role"] not in ("assistant", "tool") for message in answer):
            raise Fault(f'"{key}" may have messages of the assistant and of tools alone.')
        if all(message["role"] != "assistant" for message in answer):
            raise Fault(f'"{key}" has no assistant message.')
        answers.append(answer)
        tokens += sum(map(_tokens, answer))
    return Lesson(tokens, _pairs([*messages, *answers[0]]))


def reinforced(reference: str | None) -> Callable[[dict[str, Any]], Lesson]:
    """How a reinforcement example is read: messages that ask, and beside them what the grader refers to."""

    def read(example: dict[str, Any]) -> Lesson:
        messages = _messages(example)
        if messages[-1]["role"] == "assistant":
            raise Fault("last message is from the assistant.")
        expected = example.get(reference) if reference else None
        answer = [{"role": "assistant", "content": expected}] if isinstance(expected, str) and expected else []
        return Lesson(_count(messages, example), _pairs([*messages, *answer]))

    return read


def completion(example: dict[str, Any]) -> Lesson:
    """An example of the old kind: a prompt and how it goes on."""
    for key in ("prompt", "completion"):
        if key not in example:
            raise Fault(f'is missing key "{key}".')
        if not isinstance(example[key], str):
            raise Fault(f'"{key}" is not a string.')
    _only(example, frozenset({"prompt", "completion"}))
    tokens = tokenizer.count(example["prompt"]) + tokenizer.count(example["completion"])
    return Lesson(tokens, [(example["prompt"], example["completion"])])


def _only(example: dict[str, Any], known: frozenset[str]) -> None:
    if not known.issuperset(example):
        extra = next(key for key in example if key not in known)
        # Without `messages`, that is what is missing of an example in another form.
        missing = "messages" in known and "messages" not in example
        raise Fault('is missing key "messages".' if missing else f'contains an extra "{extra}".')


def _messages(holder: dict[str, Any], key: str = "messages") -> list[dict[str, Any]]:
    if key not in holder:
        raise Fault(f'is missing key "{key}".')
    messages = holder[key]
    if not isinstance(messages, list):
        raise Fault(f'"{key}" is not a list.')
    if not messages:
        raise Fault(f'"{key}" is empty.')
    for number, message in enumerate(messages, 1):
        _check_message(message, number)
    if holder.get("tools") is not None:
        _check_tools(holder["tools"])
    return messages


def _check_message(message: Any, number: int) -> None:
    if not isinstance(message, dict):
        raise Fault(f", message {number} is not a dictionary.")
    role = message.get("role")
    if role is None:
        raise Fault(f", message {number} Discriminator 'role' is missing in value")
    if role not in ROLES:
        allowed = ", ".join(map(repr, ROLES))
        raise Fault(
            f", message {number} No match for discriminator 'role' and value {role!r} (allowed values: {allowed})"
        )
    calls = message.get("tool_calls") or message.get("function_call")
    if calls is not None:
        _check_calls(message, number)
    content = message.get("content")
    if content is None and not (role == "assistant" and (calls or message.get("refusal"))):
        raise Fault(f', message {number} is missing key "content".')
    if isinstance(content, list):
        for part in content:
            _check_part(part, role, number)
    elif content is not None and not isinstance(content, str):
        raise Fault(f', message {number} "content" is neither a string nor a list.')
    if not content and role == "assistant" and not (calls or message.get("refusal")):
        raise Fault(f', message {number} "content" is empty.')
    if "weight" in message:
        if role != "assistant":
            raise Fault(f", message {number} has a weight, which only assistant messages may have.")
        if message["weight"] not in (0, 1):
            raise Fault(f", message {number} has a weight that is neither 0 nor 1.")


def _check_part(part: Any, role: str, number: int) -> None:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind not in _PARTS or part.get(kind) is None:
        raise Fault(f', message {number} has a part of "content" that is no text and no image.')
    if kind != "image_url":
        if not isinstance(part[kind], str):
            raise Fault(f", message {number} has a text that is not a string.")
        return
    if role == "assistant":
        raise Fault(f", message {number} is from the assistant and has an image.")
    image = part["image_url"]
    url = image.get("url") if isinstance(image, dict) else None
    if not isinstance(url, str) or not url.startswith(("http://", "https://", "data:image/")):
        raise Fault(f", message {number} has an image without a web address and without data.")


def _check_calls(message: dict[str, Any], number: int) -> None:
    if message["role"] != "assistant":
        raise Fault(f", message {number} has tool calls, which only assistant messages may have.")
    calls = message.get("tool_calls") or [{"function": message.get("function_call")}]
    for call in calls if isinstance(calls, list) else [None]:
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict) or not all(
            isinstance(function.get(key), str) for key in ("name", "arguments")
        ):
            raise Fault(f", message {number} has a tool call without a name or without arguments.")


def _check_tools(offered: Any) -> None:
    if not isinstance(offered, list):
        raise Fault('"tools" is not a list.')
    try:
        tools.from_tools(offered)
    except Refusal as refused:
        raise Fault(f": {refused.answer.body['error']['message']}") from None


def _count(messages: Sequence[dict[str, Any]], holder: dict[str, Any]) -> int:
    """All tokens of messages and of the tools beside them."""
    tokens = OPENING + sum(map(_tokens, messages))
    for tool in tools.from_tools(holder.get("tools") or ()):
        described = tokenizer.count(tool.description) + tokenizer.count(to_json(tool.parameters).decode())
        tokens += PER_TOOL + tokenizer.count(tool.name) + described
    return tokens


def _tokens(message: dict[str, Any]) -> int:
    content = message.get("content")
    tokens = PER_MESSAGE
    if isinstance(content, str):
        tokens += tokenizer.count(content)
    elif content:
        tokens += tokenizer.count(_text(message))
        pictures = [part["image_url"] for part in content if part["type"] == "image_url"]
        tokens += sum(LOW_DETAIL_TOKENS if one.get("detail") == "low" else IMAGE_TOKENS for one in pictures)
    if calls := message.get("tool_calls") or message.get("function_call"):
        tokens += tokenizer.count(to_json(calls).decode())
    return tokens


def _text(message: dict[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return "\n".join(part[part["type"]] for part in content if part["type"] != "image_url")
    return content or ""


def _pairs(messages: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """Each question with the answer that follows it, where that is a text and is trained."""
    pairs: list[tuple[str, str]] = []
    question = None
    for message in messages:
        if message["role"] == "user":
            question = _text(message)
        elif message["role"] == "assistant" and question is not None:
            answer = _text(message)
            if answer and message.get("weight") != 0:
                pairs.append((question, answer))
                question = None
    return pairs
