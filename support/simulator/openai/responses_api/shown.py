"""The response object and its items as the provider shows them, key by key (recordings: responses create, get, cancel)."""

from __future__ import annotations

from typing import Any

from support.simulator.openai import moderation
from support.simulator.openai.responses_api.items import Item
from support.simulator.openai.responses_api.request import ResponseRequest, usual_top_p
from support.simulator.openai.responses_api.stored import Status, StoredResponse

_TOOL_USAGE = {
    "image_gen": {
        "input_tokens": 0,
        "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
        "output_tokens": 0,
        "output_tokens_details": {"image_tokens": 0, "text_tokens": 0},
        "total_tokens": 0,
    },
    "web_search": {"num_requests": 0},
}
TIERS = {"flex": "flex", "priority": "priority", "fast": "priority", "scale": "scale"}
"""Tiers that answer under a name of their own; all others are the default one."""


def settings(request: ResponseRequest) -> dict[str, Any]:
    """What a response object repeats of its request."""
    model, reasoning = request.model, request.get("reasoning", {})
    shown_reasoning: dict[str, Any] = {"context": None, "effort": None, "summary": None}
    if model.reasoning:
        context = reasoning.get("context")
        usual_context = "all_turns" if model.counts_cache_writes else "current_turn"
        summary = reasoning.get("summary") or reasoning.get("generate_summary")
        shown_reasoning = {
            "context": usual_context if context in (None, "auto") else context,
            "effort": request.effort,
            "mode": reasoning.get("mode") or "standard",
            "summary": "detailed" if summary == "auto" else summary,
        }
    asked = request.get("moderation")
    retention = "in_memory" if model.keeps_in_memory else "24h"
    verbosity = request.get("text", {}).get("verbosity") or "medium"
    return {
        "instructions": request.get("instructions"),
        "max_output_tokens": request.get("max_output_tokens"),
        "max_tool_calls": request.get("max_tool_calls"),
        "model": model.snapshot,
        "moderation": None if asked is None else _moderated(asked),
        "parallel_tool_calls": request.get("parallel_tool_calls", True),
        "previous_response_id": request.get("previous_response_id"),
        "prompt_cache_key": request.get("prompt_cache_key"),
        "prompt_cache_retention": request.get("prompt_cache_retention", retention).replace("-", "_"),
        "reasoning": shown_reasoning,
        "safety_identifier": request.get("safety_identifier"),
        "temperature": float(request.get("temperature", 1.0)),
        "text": {"format": request.format, "verbosity": verbosity},
        "tool_choice": request.get("tool_choice", "auto"),
        "tools": request.offered.shown,
        "top_logprobs": request.get("top_logprobs", 0),
        "top_p": float(request.get("top_p", usual_top_p(model))),
        "truncation": request.get("truncation", "disabled"),
        "user": request.get("user"),
        "metadata": request.metadata,
    }


def _moderated(asked: dict[str, Any]) -> dict[str, Any]:
    verdict = moderation.verdict(asked, 1)
    return {side: verdict[side]["results"][0] for side in ("input", "output")}


def response(
    one: StoredResponse, status: Status, include: frozenset[str] = frozenset(), *, billed: bool = True
) -> dict[str, Any]:
    """The whole object in one of its states. In a stream it does not tell who pays (recorded)."""
    told = one.settings
    over = status in ("completed", "incomplete", "failed")
    said = over and status != "failed"
    wanted = one.include | include
    return {
        "id": one.id,
        "object": "response",
        "created_at": int(one.created_at),
        "status": status,
        "background": one.background,
        **({"billing": {"payer": "developer"}} if billed and said else {}),
        "completed_at": int(one.ends_at) if status == "completed" else None,
        **({"conversation": {"id": one.conversation_id}} if one.conversation_id else {}),
        "error": one.error if status == "failed" else None,
        "frequency_penalty": 0.0,
        "incomplete_details": {"reason": one.incomplete_reason} if status == "incomplete" else None,
        "instructions": told["instructions"],
        "max_output_tokens": told["max_output_tokens"],
        "max_tool_calls": told["max_tool_calls"],
        "model": told["model"],
        "moderation": told["moderation"] if said else None,
        "output": [item(part, wanted) for part in one.output] if said else [],
        "parallel_tool_calls": told["parallel_tool_calls"],
        "presence_penalty": 0.0,
        "previous_response_id": told["previous_response_id"],
        "prompt_cache_key": told["prompt_cache_key"],
        "prompt_cache_retention": told["prompt_cache_retention"],
        "reasoning": told["reasoning"],
        "safety_identifier": told["safety_identifier"],
        "service_tier": one.service_tier if over else "auto",
        "store": one.stored,
        "temperature": told["temperature"],
        "text": told["text"],
        "tool_choice": told["tool_choice"],
        "tool_usage": _TOOL_USAGE,
        "tools": told["tools"],
        "top_logprobs": told["top_logprobs"],
        "top_p": told["top_p"],
        "truncation": told["truncation"],
        "usage": one.usage if said else None,
        "user": told["user"],
        "metadata": told["metadata"],
    }


def item(one: Item, include: frozenset[str]) -> Item:
    """An item without what is shown only to those who ask for it."""
    kind = one["type"]
    if kind == "file_search_call" and "file_search_call.results" not in include:
        return {**one, "results": None}
    if kind == "code_interpreter_call" and "code_interpreter_call.outputs" not in include:
        return {**one, "outputs": None}
    if kind == "message" and one["role"] != "assistant":
        return {**one, "content": [_part(part, include) for part in one["content"]]}
    return one


def _part(part: dict[str, Any], include: frozenset[str]) -> dict[str, Any]:
    if part["type"] == "input_image" and "message.input_image.image_url" not in include:
        return {**part, "image_url": None}
    return {key: value for key, value in part.items() if key != "file_data"}
