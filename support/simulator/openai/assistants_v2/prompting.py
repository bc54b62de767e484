"""What a run puts before the model: instructions, tools, as much of the thread as there is room for, and what tools gave."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic_core import to_json

from support.simulator.language_model import Tool, Turn
from support.simulator.openai import parts
from support.simulator.openai.assistants_v2.kept import Message, Run, Step, Thread
from support.simulator.openai.models import Model
from support.simulator.openai.prompt import OPENING, Prompt


def prompt(thread: Thread, run: Run, model: Model) -> Prompt | None:
    """Counted. The oldest messages are left out where there is no room for them; None where there is none for the newest."""
    made = _head(run)
    room = model.window - model.max_output // 2  # the answer needs some of the window too
    if run.max_prompt_tokens is not None:
        room = min(room, run.max_prompt_tokens - sum(step.prompt_tokens for step in run.steps.values()))
    own = Prompt()
    for step in run.steps.values():
        _put_step(own, step)
    room -= made.count() + own.count() - OPENING
    messages = _newest(thread, run.last_messages, room)
    if room < 0 or (thread.messages and not messages):
        return None
    for message in messages:
        _put_message(made, message)
    made.messages += own.messages
    made.turns += own.turns
    made.image_tokens += own.image_tokens
    made.count()
    return made


def functions(run: Run) -> list[Tool]:
    """The caller's functions that a run may use."""
    described = (tool["function"] for tool in run.settings.tools if tool["type"] == "function")
    return [Tool(tool["name"], tool.get("description") or "", tool.get("parameters") or {}) for tool in described]


def schema_of(response_format: Any) -> dict[str, Any] | None:
    """The JSON schema of the answers; None for plain text."""
    kind = response_format.get("type") if isinstance(response_format, dict) else "text"
    if kind == "json_object":
        return {"type": "object"}
    return (response_format["json_schema"].get("schema") or {}) if kind == "json_schema" else None


def _head(run: Run) -> Prompt:
    made = Prompt(tools=functions(run), schema=schema_of(run.settings.response_format))
    if run.settings.instructions:
        made.system.append(run.settings.instructions)
        made.open("system", run.settings.instructions)
    for tool in run.settings.tools:
        if tool["type"] != "function":
            made.add_other(tool)
    return made


def _newest(thread: Thread, at_most: int | None, room: int) -> list[Message]:
    """As many of the newest messages as fit, oldest first."""
    found: list[Message] = []
    for message in reversed(thread.messages.values()):
        alone = Prompt()
        _put_message(alone, message)
        room -= alone.count() - OPENING
        if room < 0 or len(found) == at_most:
            break
        found.append(message)
    return found[::-1]


def _put_message(made: Prompt, message: Message) -> None:
    text = message.text()
    made.open(message.role, text)
    made.turns.append(Turn(message.role, text))
    for part in message.content:
        if part["type"] != "text":
            shown = part[part["type"]]
            low = shown.get("detail") == "low"
            made.add_image(shown.get("url") or shown["file_id"], parts.LOW_DETAIL_TOKENS if low else parts.IMAGE_TOKENS)


def _put_step(made: Prompt, step: Step) -> None:
    """Calls, and what came of them."""
    for call in step.calls:
        described = call[call["type"]]
        if call["type"] == "function":
            made.add_other({"name": described["name"], "arguments": described["arguments"]})
            given = described["output"] or ""
        elif call["type"] == "code_interpreter":
            made.add_other({"code": described["input"]})
            given = "\n".join(_logs(described["outputs"]))
        else:
            made.add_other(to_json({"search": len(described["results"])}).decode())
            given = "\n".join(part["text"] for result in described["results"] for part in result["content"])
        made.open("tool", given)
        made.turns.append(Turn("tool", given))


def _logs(outputs: Iterable[dict[str, Any]]) -> list[str]:
    return [output["logs"] for output in outputs if output["type"] == "logs"]
