"""A toy language model: deterministic, small, provider-neutral. It knows what the conversation gives it, and some capitals.

It follows plain instructions ("answer exactly: …"), counts, adds, remembers what was said, answers with a sentence of
the documents it was given, picks a tool and fills its arguments, and fills a JSON schema. Everything else it does not
know, and says so. It is no measure of what a real model would say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic_core import to_json

from support.simulator import conversing, reading, tokenizer
from support.simulator.schema_filling import Filler

Role = Literal["user", "assistant", "tool"]
Finish = Literal["stop", "length", "tool_calls", "stop_sequence"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the conversation; a tool's result has the role "tool"."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """A document that was attached to the conversation, as plain text."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A function the model may call; `parameters` is a JSON schema of type object."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call the model asks for."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """The model's answer. `stop_sequence` is the one that ended it, when finish is "stop_sequence"."""

    text: str
    tool_calls: tuple[ToolCall, ...]
    finish: Finish
    output_tokens: int
    stop_sequence: str | None = None

    def pieces(self) -> list[str]:
        """The text cut into pieces for streaming; joined they are the text."""
        return tokenizer.split(self.text)


def reply(
    turns: Sequence[Turn],
    *,
    system: str = "",
    documents: Sequence[Document] = (),
    tools: Sequence[Tool] = (),
    tool_choice: str = "auto",
    schema: dict[str, Any] | None = None,
    stop: Sequence[str] = (),
    max_tokens: int | None = None,
    learned: Callable[[str], str | None] | None = None,
    parallel: bool = False,
) -> Reply:
    """Answer the last turn.

    `tool_choice` is "auto", "none", "required" or the name of a tool; `parallel`: a question about several things may lead to
    several calls at once. `schema`: the text is JSON that fits it.
    `max_tokens` counts the tokenizer's tokens. `learned` knows answers to what a user may say; where it knows none, the model
    answers as it would without. Input tokens are the caller's to count.
    """
    last = turns[-1] if turns else Turn("user", "")
    if tools and tool_choice != "none" and last.role == "user":
        asked = conversing.questions(last.text) if parallel else [last.text]
        picked = [(tool, part) for part in asked if (tool := _picked(part, tools, tool_choice)) is not None]
        if picked:
            return _calling(picked, turns)
    if schema is not None:
        return _ended(_filled(schema, turns, system, documents), stop, max_tokens)
    if learned is not None and last.role == "user" and (known := learned(last.text)) is not None:
        return _ended(known, stop, max_tokens)
    return _ended(_said(turns, system, documents), stop, max_tokens)


def ended(text: str, max_tokens: int) -> Reply:
    """A text that the model says as it stands, as far as the limit goes."""
    return _ended(text, (), max_tokens)


def _said(turns: Sequence[Turn], system: str, documents: Sequence[Document]) -> str:
    """The text of an answer in plain words."""
    results = _latest_results(turns)
    if results:
        return "\n".join(results)
    asked = next((turn.text for turn in reversed(turns) if turn.role == "user"), "")
    earlier = [(turn.role, turn.text) for turn in turns[:-1]]
    return conversing.answer(asked, earlier, system, [document.text for document in documents])


def _latest_results(turns: Sequence[Turn]) -> list[str]:
    """What the tools answered since anybody spoke."""
    results: list[str] = []
    for turn in reversed(turns):
        if turn.role != "tool":
            break
        results.insert(0, turn.text)
    return results


def _picked(question: str, tools: Sequence[Tool], choice: str) -> Tool | None:
    """The tool whose name and description share the most words with the question."""
    for tool in tools:
        if tool.name == choice:
            return tool
    asked = reading.content_words(question)
    scores = [reading.overlap(asked, ((conversing.spaced(tool.name), 2), (tool.description, 1))) for tool in tools]
    best = max(range(len(tools)), key=lambda position: (scores[position], -position))
    # One word of the description alone is too little to call something unasked.
    return tools[best] if choice == "required" or scores[best] >= 2 else None


def _calling(picked: Sequence[tuple[Tool, str]], turns: Sequence[Turn]) -> Reply:
    earlier = [turn.text for turn in turns[:-1]]
    calls: list[ToolCall] = []
    spent = 0
    for tool, question in picked:
        filled = _filler(question, earlier).fill({"type": "object", **tool.parameters})
        call = ToolCall(tool.name, filled if isinstance(filled, dict) else {})
        if call not in calls:
            calls.append(call)
            spent += tokenizer.count(tool.name) + tokenizer.count(to_json(call.arguments).decode())
    return Reply("", tuple(calls), "tool_calls", spent)


def _filler(question: str, earlier: list[str]) -> Filler:
    return Filler(question, earlier, lambda: question)


def _filled(schema: dict[str, Any], turns: Sequence[Turn], system: str, documents: Sequence[Document]) -> str:
    """JSON text that fits the schema."""
    asked = next((turn.text for turn in reversed(turns) if turn.role == "user"), "")
    sources = [*(document.text for document in documents), *(turn.text for turn in reversed(turns)), system]
    value = Filler(asked, sources, lambda: _said(turns, system, documents)).fill(schema)
    return to_json(value).decode()


def _ended(text: str, stop: Sequence[str], max_tokens: int | None) -> Reply:
    """End the text at the first stop sequence, and at the limit of tokens if that comes before."""
    finish: Finish = "stop"
    ended_by = None
    for sequence in stop:
        position = text.find(sequence) if sequence else -1
        if position >= 0:
            text, finish, ended_by = text[:position], "stop_sequence", sequence
    tokens = tokenizer.count(text)
    if max_tokens is not None and tokens > max_tokens:
        return Reply(tokenizer.cut(text, max_tokens), (), "length", max_tokens)
    return Reply(text, (), finish, tokens, ended_by)
