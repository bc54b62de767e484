"""Answering a chat completion: what the toy model says, and what that cost (provider-facts 9.1). No HTTP here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from support.simulator import ids, language_model
from support.simulator.language_model import Reply
from support.simulator.openai.chat_request import ChatRequest
from support.simulator.openai.prompt_cache import Found

# Tokens that are thought before anything is said; the toy model does not think, but its bill looks as if it did.
REASONING_TOKENS = {"none": 0, "minimal": 0, "low": 16, "medium": 64, "high": 256, "xhigh": 512, "max": 1024}

_SAID_NOTHING = Reply("", (), "length", 0)


@dataclass(slots=True)
class Choice:
    """One of the `n` answers."""

    reply: Reply
    finish: str
    """`finish_reason` on the wire."""
    tool_calls: list[dict[str, Any]]


@dataclass(slots=True)
class Completion:
    """All answers to one request."""

    id: str
    created: int
    request: ChatRequest
    choices: list[Choice]
    usage: dict[str, Any]
    service_tier: str
    spoken: int
    """Tokens of one answer, thinking included."""


def complete(request: ChatRequest, found: Found, now: int) -> Completion:
    """Ask the model once: all `n` answers of a deterministic model are alike. `found`: what the prompt's cache did."""
    reply, thought = _reply(request)
    number = request.get("n", 1)
    choices = [Choice(reply, _finish(request, reply), _calls(request, reply)) for _ in range(number)]
    tier = request.body.get("service_tier")
    return Completion(
        id=f"chatcmpl-{ids.token(29, ids.BASE62)}",
        created=now,
        request=request,
        choices=choices,
        usage=_usage(request, found, reply.output_tokens * number, thought * number),
        service_tier=_TIERS.get(tier, "default") if tier else "default",
        spoken=reply.output_tokens + thought,
    )


_TIERS = {"flex": "flex", "priority": "priority", "fast": "priority", "scale": "scale"}


def _reply(request: ChatRequest) -> tuple[Reply, int]:
    """The answer and the tokens thought before it; a limit that thinking uses up leaves nothing to say (recorded)."""
    thought = REASONING_TOKENS[request.effort]
    prompt = request.prompt
    room = min(request.model.max_output, request.limit or request.model.max_output)
    if thought >= room:
        return _SAID_NOTHING, room
    reply = language_model.reply(
        prompt.turns,
        system="\n".join(prompt.system),
        documents=prompt.documents,
        tools=prompt.tools,
        tool_choice=request.tool_choice,
        schema=prompt.schema,
        stop=request.stop,
        max_tokens=room - thought,
        learned=request.style.answer if request.style else None,
        parallel=request.get("tools") is not None and request.get("parallel_tool_calls", True),
    )
    return reply, thought


def _finish(request: ChatRequest, reply: Reply) -> str:
    if reply.finish == "tool_calls":
        if request.tool_choice not in ("auto", "required"):
            return "stop"  # a call that was demanded by name ends like an answer (recordings of 2024)
        return "function_call" if request.get("tools") is None else "tool_calls"
    return "length" if reply.finish == "length" else "stop"


def _calls(request: ChatRequest, reply: Reply) -> list[dict[str, Any]]:
    """Tool calls as they appear on the wire, each with a fresh id."""
    if not reply.tool_calls:
        return []
    custom = {tool["custom"]["name"] for tool in request.get("tools", ()) if tool["type"] == "custom"}
    calls: list[dict[str, Any]] = []
    for call in reply.tool_calls:
        head = {"id": f"call_{ids.token(24, ids.BASE62)}"}
        if call.name in custom:
            said = {"name": call.name, "input": str(call.arguments.get("input", ""))}
            calls.append({**head, "type": "custom", "custom": said})
        else:
            function = {"name": call.name, "arguments": _compact(call.arguments)}
            calls.append({**head, "type": "function", "function": function})
    return calls


def _compact(arguments: dict[str, Any]) -> str:
    return to_json(arguments).decode()


def _usage(request: ChatRequest, found: Found, said: int, thought: int) -> dict[str, Any]:
    prompt, model = request.prompt, request.model
    went_in, came_out = prompt.total, said + thought
    details_in: dict[str, int] = {"cached_tokens": found.cached}
    if model.counts_cache_writes:
        details_in["cache_write_tokens"] = found.written
    details_in["audio_tokens"] = prompt.audio_tokens
    details_out = {
        "reasoning_tokens": thought,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    }
    if model.audio:
        details_in |= {"text_tokens": went_in - prompt.audio_tokens, "image_tokens": 0}
        spoken = said if request.speaks else 0
        details_out |= {"audio_tokens": spoken, "text_tokens": said}
        came_out += spoken
    return {
        "prompt_tokens": went_in,
        "completion_tokens": came_out,
        "total_tokens": went_in + came_out,
        "prompt_tokens_details": details_in,
        "completion_tokens_details": details_out,
    }
