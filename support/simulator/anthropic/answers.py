"""An answer of the model as a message: content blocks, the reason it stopped, and usage figures (provider-facts 3.3, 9.2).

The newest recorded shape for every model; figures of the cache are those that
prompt_cache.py finds. Unverified: which models think unasked (none here), and
that citations are one block for the one sentence that answers; documents with pages are not cited.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from support.simulator import ids
from support.simulator.anthropic.attachments import Attachments
from support.simulator.anthropic.parameters import Parameters
from support.simulator.anthropic.prompt_cache import Found
from support.simulator.anthropic.tools import ToolBox
from support.simulator.language_model import Document, Reply
from support.simulator.wire import Json

THOUGHT = "The question is to be answered from what the conversation says."

_STOPPED = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "stop_sequence": "stop_sequence"}
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*\s*")
_WORD = re.compile(r"\w{3,}")


class Outcome(NamedTuple):
    """What the model said to a question, and what is told about it."""

    id: str
    parameters: Parameters
    box: ToolBox
    attached: Attachments
    reply: Reply
    input_tokens: int
    """All of them, cached or not."""
    cached: Found
    thought: str
    """What is shown of the thinking, as far as there was room for it; nothing where none is shown."""
    thought_tokens: int
    extras: dict[str, Json]
    """What a message says besides, because the request asked for it."""
    diagnosis: dict[str, Json]
    """What is said about the cache at once, because the request asked for it."""


def message(outcome: Outcome) -> dict[str, Json]:
    """The whole message (recordings: anthropic messages unary)."""
    return {
        **opening(outcome),
        "content": blocks(outcome),
        "stop_reason": stop_reason(outcome),
        "stop_sequence": outcome.reply.stop_sequence,
        "stop_details": None,
        "usage": usage(outcome),
        **outcome.diagnosis,
        **outcome.extras,
    }


def opening(outcome: Outcome) -> dict[str, Json]:
    """What a message begins with."""
    return {
        "model": outcome.parameters.model.id,
        "id": outcome.id,
        "type": "message",
        "role": "assistant",
    }


def stop_reason(outcome: Outcome) -> str:
    return _STOPPED[outcome.reply.finish]


def blocks(outcome: Outcome) -> list[Json]:
    """The content: a thought where one is shown, the text, the calls of tools."""
    content: list[Json] = []
    reply = outcome.reply
    if outcome.thought:
        shown = outcome.parameters.thinking.get("display") != "omitted"
        content.append({"type": "thinking", "thinking": outcome.thought if shown else "", "signature": ids.token(216)})
    if reply.text:
        citation = _citation(reply.text, outcome.attached.citable)
        if citation is None:
            content.append({"type": "text", "text": reply.text})
        else:
            content.append({"citations": [citation], "type": "text", "text": reply.text})
    calls = reply.tool_calls[:1] if outcome.box.only_one else reply.tool_calls
    content.extend(
        {
            "type": "tool_use",
            "id": f"toolu_01{ids.token(22)}",
            "name": call.name,
            "input": call.arguments,
            "caller": {"type": "direct"},
        }
        for call in calls
    )
    return content


def usage(outcome: Outcome) -> dict[str, Json]:
    """The usage of a message; `output_tokens_details` only where the model may think (recordings: 2026-07, 2026-08)."""
    read, for_five_minutes, for_an_hour = outcome.cached
    written = for_five_minutes + for_an_hour
    counts: dict[str, Json] = {
        "input_tokens": outcome.input_tokens - read - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": for_five_minutes,
            "ephemeral_1h_input_tokens": for_an_hour,
        },
        "output_tokens": output_tokens(outcome),
        **thinking_details(outcome),
        "service_tier": "standard",
        "inference_geo": outcome.parameters.model.generation.inference_geo,
        **outcome.parameters.usage,
    }
    return counts


def output_tokens(outcome: Outcome) -> int:
    """All tokens of the answer, the thought among them."""
    return outcome.reply.output_tokens + outcome.thought_tokens


def thinking_details(outcome: Outcome) -> dict[str, Json]:
    """How many of the output tokens were thought, where that is told."""
    generation = outcome.parameters.model.generation
    if (not outcome.thought and "enabled" in generation.thinking) or not generation.thinking:
        return {}
    return {"output_tokens_details": {"thinking_tokens": outcome.thought_tokens}}


def _citation(text: str, citable: dict[int, Document]) -> Json:
    """Where the answer stands in the first document that has a sentence with most of its words."""
    said = set(_WORD.findall(text.lower()))
    for place, document in citable.items():
        best = max(
            _SENTENCE.finditer(document.text),
            key=lambda sentence: len(said & set(_WORD.findall(sentence[0].lower()))),
            default=None,
        )
        if best is not None and 2 * len(said & set(_WORD.findall(best[0].lower()))) >= len(said) > 0:
            return {
                "type": "char_location",
                "cited_text": best[0],
                "document_index": place,
                "document_title": document.name or None,
                "start_char_index": best.start(),
                "end_char_index": best.end(),
            }
    return None
