"""Anthropic's models: list and get (provider-facts 10; recordings: anthropic models).

Under 2026-10-21 a model tells its lifecycle and more capabilities (SDK); under 2023-06-01 it does not. Retired ones are listed
only when asked for. Unverified: that retired ones can be got by id, and that they still answer here, so that what was written
for them can be replayed.
"""

from __future__ import annotations

from datetime import datetime

from support.simulator.anthropic import paging
from support.simulator.anthropic.catalogue import ALL_EFFORTS, MODELS, Generation, Model, named
from support.simulator.anthropic.errors import invalid, not_found
from support.simulator.anthropic.headers import in_a_version, is_current
from support.simulator.anthropic.state import AnthropicState
from support.simulator.wire import Answer, Call, Json, Route

_STAGES = ("active", "deprecated", "retired")


def served(name: str) -> Model:
    """The model of this id or alias; refused as unknown otherwise."""
    model = named(name)
    if model is None:
        raise not_found(f"model: {name}")
    return model


def list_all(state: AnthropicState, call: Call) -> Answer:
    del state
    paging.refuse_unknown(call, "limit", "after_id", "before_id", "lifecycle[]", "lifecycle")
    stages = call.query.get("lifecycle[]") or call.query.get("lifecycle") or ["active", "deprecated"]
    for stage in stages:
        if stage not in _STAGES:
            raise invalid("lifecycle: Input should be 'active', 'deprecated' or 'retired'")
    models = [model for model in MODELS if model.lifecycle(call.now) in stages]
    page, has_more = paging.around_an_id(call, models)
    return Answer(body=paging.page_body([record(model, call) for model in page], has_more))


def get(state: AnthropicState, call: Call) -> Answer:
    del state
    return Answer(body=record(served(call.params["model_id"]), call))


def record(model: Model, call: Call) -> dict[str, Json]:
    """The model object of the request's version."""
    generation = model.generation
    answer: dict[str, Json] = {
        "type": "model",
        "id": model.id,
        "display_name": model.display_name,
        "created_at": _moment(model.released),
        "max_input_tokens": generation.window,
        "max_tokens": generation.output,
        "capabilities": _capabilities(generation, is_current(call)),
    }
    if is_current(call):
        lifecycle = model.lifecycle(call.now)
        answer["lifecycle"] = lifecycle
        answer["line"] = model.line
        answer["deprecated_at"] = None if lifecycle == "active" else _moment(model.deprecated_at)
        answer["retires_at"] = None if lifecycle == "active" else _moment(model.retires_at)
    return answer


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _capabilities(generation: Generation, current: bool) -> dict[str, Json]:
    thinking = {kind: _support(kind in generation.thinking) for kind in ("enabled", "adaptive")}
    capabilities: dict[str, Json] = {
        "batch": _support(True),
        "citations": _support(True),
        "code_execution": _support(generation.calls_tools_from_code),
        "context_management": {
            "supported": True,
            "clear_tool_uses_20250919": _support(True),
            "clear_thinking_20251015": _support(True),
            "compact_20260112": _support(generation.compacts),
        },
        "effort": {
            "supported": bool(generation.efforts),
            **{level: _support(level in generation.efforts) for level in ALL_EFFORTS},
        },
        "image_input": _support(True),
        "pdf_input": _support(True),
        "structured_outputs": _support(generation.structures),
        "thinking": {"supported": bool(generation.thinking), "types": thinking},
    }
    if current:
        thinking["between_tools"] = _support("between_tools" in generation.thinking)
        thinking["disabled"] = _support(True)
        capabilities["server_tools"] = {
            "supported": True,
            "web_search": _support(True),
            "code_execution": _support(generation.calls_tools_from_code),
        }
    return capabilities


def _support(supported: bool) -> dict[str, Json]:
    return {"supported": supported}


ROUTES = [
    Route("GET", "/v1/models", "models.list", in_a_version(list_all)),
    Route("GET", "/v1/models/{model_id}", "models.get", in_a_version(get)),
]
