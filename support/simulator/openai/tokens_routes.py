"""Counting the input tokens of a Responses request (recordings: responses input tokens).

Counts as chat completions do for the same messages. Conversations and earlier responses are not served yet, so every id of
one is unknown. Unverified: the words on items of an unknown type.
"""

from __future__ import annotations

from typing import Any

from pydantic_core import to_json

from support.simulator.language_model import Turn
from support.simulator.openai import checks, models, parts, tools
from support.simulator.openai.checks import Rule
from support.simulator.openai.errors import refusal
from support.simulator.openai.files import FileShelf
from support.simulator.openai.prompt import Prompt
from support.simulator.openai.state import OpenAIState
from support.simulator.wire import Answer, Call, Route

RULES: dict[str, Rule] = {
    "conversation": Rule("any"),
    "input": Rule("any"),
    "instructions": Rule("string"),
    "model": Rule("string"),
    "parallel_tool_calls": Rule("boolean"),
    "personality": Rule("string"),
    "previous_response_id": Rule("string"),
    "reasoning": Rule("object"),
    "text": Rule("object"),
    "tool_choice": Rule("any"),
    "tools": Rule("array"),
    "truncation": Rule("string", values=("auto", "disabled")),
}
ROLES = ("assistant", "system", "developer", "user")
PART_TYPES = ("input_text", "input_image", "input_file", "input_audio", "output_text", "refusal")


def count(state: OpenAIState, call: Call) -> Answer:
    body: dict[str, Any] = call.body
    checks.check(body, RULES)
    _check_model(body.get("model"))
    _check_no_history(body)
    prompt = Prompt()
    if body.get("instructions") is not None:
        prompt.system.append(body["instructions"])
        prompt.open("system", body["instructions"])
    _read_input(prompt, body.get("input"), state.files, int(call.now.timestamp()))
    if body.get("tools") is not None:
        prompt.tools = tools.from_responses(body["tools"])
    wanted = (body.get("text") or {}).get("format") or {}
    if isinstance(wanted, dict) and wanted.get("type") == "json_schema":
        prompt.schema = wanted.get("schema") or {}
    return Answer(200, {"object": "response.input_tokens", "input_tokens": prompt.count()})


def _check_model(name: str | None) -> None:
    if name is not None and models.find(name) is None:
        raise refusal(400, f"The requested model '{name}' does not exist.", param="model", code="model_not_found")


def _check_no_history(body: dict[str, Any]) -> None:
    earlier = body.get("previous_response_id")
    if earlier is not None:
        raise refusal(
            400,
            f"Previous response with id '{earlier}' not found.",
            param="previous_response_id",
            code="previous_response_not_found",
        )
    given = body.get("conversation")
    if given is not None:
        name = given.get("id") if isinstance(given, dict) else given
        raise refusal(404, f"Conversation with id '{name}' not found.")


def _read_input(prompt: Prompt, given: Any, shelf: FileShelf, now: int) -> None:
    if given is None:
        return
    if isinstance(given, str):
        prompt.turns.append(Turn("user", given))
        prompt.open("user", given)
        return
    checks.expect(given, "array", "input")
    for number, item in enumerate(given):
        where = f"input[{number}]"
        checks.expect(item, "object", where)
        if item.get("role") is not None:
            _read_message(prompt, item, where, shelf, now)
        elif item.get("type") is None:
            raise checks.missing(f"{where}.type")
        else:
            prompt.add_other(item)


def _read_message(prompt: Prompt, item: dict[str, Any], where: str, shelf: FileShelf, now: int) -> None:
    role = item["role"]
    if role not in ROLES:
        raise checks.invalid_value(role, ROLES, f"{where}.role")
    content = item.get("content")
    if content is None:
        raise checks.missing(f"{where}.content")
    if isinstance(content, str):
        text = content
        prompt.open(role, text)
    else:
        checks.expect(content, "array", f"{where}.content")
        prompt.open(role)
        texts: list[str] = []
        for place, part in enumerate(content):
            if said := _part(prompt, part, f"{where}.content[{place}]", shelf, now):
                prompt.add_text(f"\n{said}" if texts else said)
                texts.append(said)
        text = "\n".join(texts)
    if role in ("system", "developer"):
        prompt.system.append(text)
    else:
        prompt.turns.append(Turn("assistant" if role == "assistant" else "user", text))


def _part(prompt: Prompt, part: Any, where: str, shelf: FileShelf, now: int) -> str:
    """The text of a part; what is no text is put into the prompt."""
    checks.expect(part, "object", where)
    kind = part.get("type")
    if kind is None:
        raise checks.missing(f"{where}.type")
    if kind not in PART_TYPES:
        raise checks.invalid_value(kind, PART_TYPES, f"{where}.type")
    if kind == "input_file":
        if part.get("file_url") is None:
            prompt.add_document(parts.document(shelf, part, where, now))
    elif kind == "input_image":
        url = part.get("image_url")
        if url is not None:
            checks.expect(url, "string", f"{where}.image_url")
        detail = part.get("detail")
        tokens = parts.IMAGE_TOKENS if url is None else parts.image_tokens(url, detail, where)
        prompt.add_image(f"{detail} {url or part.get('file_id')}", tokens)
    elif kind == "input_audio":
        prompt.add_audio(to_json(part).decode(), 1)
    else:
        text = part.get("refusal" if kind == "refusal" else "text")
        if text is None:
            raise checks.missing(f"{where}.text")
        checks.expect(text, "string", f"{where}.text")
        return str(text)
    return ""


ROUTES = (Route("POST", "/v1/responses/input_tokens", "tokens.count", count, "json"),)
