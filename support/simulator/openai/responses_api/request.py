"""Reading the request for a response: its parameters, and which of them the model takes (provider-facts 1.1, 4.5).

Refusals as recorded for the model's name, effort, log probabilities and the schema of a function. As public projects quote them
from live calls: the least number of output tokens, temperature on a model that reasons. Unverified: the other words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from support.simulator.openai import cache_options, checks, models, schemas, vector_store_requests
from support.simulator.openai.cache_options import CacheOptions
from support.simulator.openai.chat_request import EFFORTS
from support.simulator.openai.checks import Rule
from support.simulator.openai.errors import refusal
from support.simulator.openai.models import Model
from support.simulator.openai.responses_api import tool_settings
from support.simulator.openai.responses_api.tool_settings import Choice, Offered
from support.simulator.openai.tuned_models import Style, TunedModel

LEAST_TOKENS = 16
INCLUDABLE = (
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
)
_SUMMARIES = ("auto", "concise", "detailed")

RULES: dict[str, Rule] = {
    "access_programs": Rule("object"),
    "background": Rule("boolean"),
    "background_options": Rule("object"),
    "context_management": Rule("array"),
    "conversation": Rule("any"),
    "image": Rule("object"),
    "include": Rule("array"),
    "input": Rule("any"),
    "instructions": Rule("string"),
    "max_output_tokens": Rule("integer", LEAST_TOKENS),
    "max_tool_calls": Rule("integer", 1),
    "metadata": Rule("any"),
    "model": Rule("string"),
    "moderation": Rule("object"),
    "parallel_tool_calls": Rule("boolean"),
    "previous_response_id": Rule("string"),
    "prompt": Rule("object"),
    "prompt_cache_key": Rule("string"),
    "prompt_cache_options": Rule("object"),
    "prompt_cache_retention": Rule("string", values=("in_memory", "in-memory", "24h")),
    "reasoning": Rule("object"),
    "safety_identifier": Rule("string"),
    "service_tier": Rule("string", values=("auto", "default", "flex", "scale", "priority", "fast")),
    "store": Rule("boolean"),
    "stream": Rule("boolean"),
    "stream_options": Rule("object"),
    "temperature": Rule("number", 0, 2),
    "text": Rule("object"),
    "tool_choice": Rule("any"),
    "tools": Rule("array"),
    "top_logprobs": Rule("integer", 0, 20),
    "top_p": Rule("number", 0, 1),
    "truncation": Rule("string", values=("auto", "disabled")),
    "user": Rule("string"),
}
REASONING_RULES = {
    "context": Rule("string", values=("auto", "current_turn", "all_turns")),
    "effort": Rule("string", values=EFFORTS),
    "generate_summary": Rule("string", values=_SUMMARIES),
    "mode": Rule("string"),
    "summary": Rule("string", values=_SUMMARIES),
}
TEXT_RULES = {"format": Rule("object"), "verbosity": Rule("string", values=("low", "medium", "high"))}
_STREAM_OPTIONS = {"include_obfuscation": Rule("boolean")}
_FORMATS = ("json_object", "json_schema", "text")


@dataclass(slots=True)
class ResponseRequest:
    """What was asked, checked; the conversation it goes on with is read elsewhere."""

    model: Model
    body: dict[str, Any]
    effort: str
    metadata: dict[str, str]
    offered: Offered
    choice: Choice
    caching: CacheOptions
    include: frozenset[str]
    format: dict[str, Any]
    """`text.format` as it is shown."""
    schema: dict[str, Any] | None
    style: Style | None
    """What a tuned model learned; None for any other."""

    def get(self, name: str, default: Any = None) -> Any:
        """A parameter as it was sent; null counts as absent."""
        value = self.body.get(name)
        return default if value is None else value


def read(body: dict[str, Any], tuned: Mapping[str, TunedModel]) -> ResponseRequest:
    """Raises a Refusal for the first thing that is wrong. `tuned`: the account's own models by name."""
    checks.check(body, RULES)
    own = tuned.get(body.get("model") or "")
    model = own.described() if own else model_of(body.get("model"))
    effort = _effort(body, model)
    _check_support(body, model, effort)
    metadata = vector_store_requests.metadata(body.get("metadata"))
    if body.get("stream_options") is not None:
        if not body.get("stream"):
            message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
            raise refusal(400, message, param="stream_options")
        checks.check(body["stream_options"], _STREAM_OPTIONS, "stream_options.")
    prompt = body.get("prompt")
    if prompt is not None:
        if prompt.get("id") is None:
            raise checks.missing("prompt.id")
        raise refusal(404, f"Prompt with id '{prompt['id']}' not found.", param="prompt.id")
    offered = tool_settings.read(body.get("tools"))
    shown, schema = text_format(body)
    return ResponseRequest(
        model=model,
        body=body,
        effort=effort,
        metadata=metadata,
        offered=offered,
        choice=tool_settings.choice(body.get("tool_choice"), offered),
        caching=cache_options.read(body, model),
        include=included(body.get("include"), "include"),
        format=shown,
        schema=schema,
        style=own.style if own else None,
    )


def model_of(name: str | None) -> Model:
    if not name:
        raise checks.missing("model")
    model = models.find(name)
    if model is None:
        raise unknown_model(name)
    if model.use not in ("chat", "responses"):
        message = f"The requested model '{name}' cannot be used with the Responses API."
        raise refusal(400, message, param="model", code="model_not_found")
    return model


def unknown_model(name: str) -> Exception:
    return refusal(400, f"The requested model '{name}' does not exist.", param="model", code="model_not_found")


def included(given: list[Any] | None, where: str) -> frozenset[str]:
    """What the caller wants shown beside the usual."""
    for number, one in enumerate(given or ()):
        if one not in INCLUDABLE:
            raise checks.invalid_value(one, INCLUDABLE, f"{where}[{number}]")
    return frozenset(given or ())


def _effort(body: dict[str, Any], model: Model) -> str:
    reasoning = body.get("reasoning") or {}
    checks.check(reasoning, REASONING_RULES, "reasoning.")
    effort = reasoning.get("effort")
    if effort is None:
        return model.default_effort
    if not model.reasoning:
        raise checks.unsupported("reasoning.effort")
    if effort not in model.efforts:
        raise refusal(
            400,
            f"Unsupported value: '{effort}' is not supported with the '{model.id}' model. Supported values are: "
            f"{checks.listed(model.efforts)}.",
            param="reasoning.effort",
            code="unsupported_value",
        )
    return str(effort)


def _check_support(body: dict[str, Any], model: Model, effort: str) -> None:
    """What this model does not take."""
    text = body.get("text") or {}
    checks.check(text, TEXT_RULES, "text.")
    if not model.reasoning:
        if (body.get("reasoning") or {}).get("summary") is not None:
            raise checks.unsupported("reasoning.summary")
        if text.get("verbosity") not in (None, "medium"):
            message = (
                f"Unsupported value: '{text['verbosity']}' is not supported with the '{model.id}' model. Supported values are: "
                "'medium'."
            )
            raise refusal(400, message, param="text.verbosity", code="unsupported_value")
        return
    if effort == "none":
        return
    if body.get("top_logprobs"):
        message = "logprobs are not supported with reasoning models."
        raise refusal(400, message, param="top_logprobs", code="unsupported_parameter")
    for name in ("temperature", "top_p"):
        if body.get(name) not in (None, 1, usual_top_p(model) if name == "top_p" else 1):
            message = f"Unsupported parameter: '{name}' is not supported with this model."
            raise refusal(400, message, param=name)


def usual_top_p(model: Model) -> float:
    """What is shown where the caller chose none (recordings: 0.98 since gpt-5.5)."""
    return 1.0 if model.keeps_in_memory else 0.98


def text_format(body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """`text.format` as it is shown, and the schema that an answer must fit."""
    wanted = (body.get("text") or {}).get("format")
    if wanted is None:
        return {"type": "text"}, None
    checks.expect(wanted, "object", "text.format")
    kind = wanted.get("type")
    if kind is None:
        raise checks.missing("text.format.type")
    if kind not in _FORMATS:
        raise checks.invalid_value(kind, _FORMATS, "text.format.type")
    if kind == "text":
        return {"type": "text"}, None
    if kind == "json_object":
        return {"type": "json_object"}, {"type": "object"}
    for name in ("name", "schema"):
        if wanted.get(name) is None:
            raise checks.missing(f"text.format.{name}")
    name, schema = wanted["name"], wanted["schema"]
    checks.expect(name, "string", "text.format.name")
    checks.expect(schema, "object", "text.format.schema")
    strict = bool(wanted.get("strict"))
    if (wrong := schemas.fault(schema, strict=strict)) is not None:
        message = f"Invalid schema for response_format '{name}': {wrong}"
        raise refusal(400, message, param="text.format.schema", code="invalid_json_schema")
    shown = {"type": kind, "description": wanted.get("description"), "name": name, "schema": schema, "strict": strict}
    return shown, schema
