"""Reading a chat completion's request: its parameters, and which of them the model takes (provider-facts 1.1, 9.1).

Refusals as recorded for stop, logprobs, response_format and the model's name. Unverified: that a model which reasons
takes temperature and logprobs when its effort is `none`, and the words on functions beside effort (model page of gpt-6).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from support.simulator.openai import cache_options, checks, messages, models, schemas, tools
from support.simulator.openai.cache_options import CacheOptions
from support.simulator.openai.checks import Rule
from support.simulator.openai.errors import refusal, unknown_model, unreadable_model
from support.simulator.openai.files import FileShelf
from support.simulator.openai.models import Model
from support.simulator.openai.prompt import Prompt
from support.simulator.openai.tuned_models import Style, TunedModel

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")

RULES: dict[str, Rule] = {
    "messages": Rule("array"),
    "model": Rule("string"),
    "audio": Rule("object"),
    "frequency_penalty": Rule("number", -2, 2),
    "function_call": Rule("any"),
    "functions": Rule("array"),
    "logit_bias": Rule("object"),
    "logprobs": Rule("boolean"),
    "max_completion_tokens": Rule("integer", 1),
    "max_tokens": Rule("integer", 1),
    "metadata": Rule("object"),
    "modalities": Rule("array"),
    "moderation": Rule("object"),
    "n": Rule("integer", 1, 128),
    "parallel_tool_calls": Rule("boolean"),
    "prediction": Rule("object"),
    "presence_penalty": Rule("number", -2, 2),
    "prompt_cache_key": Rule("string"),
    "prompt_cache_options": Rule("object"),
    "prompt_cache_retention": Rule("string", values=("in_memory", "in-memory", "24h")),
    "reasoning_effort": Rule("string", values=EFFORTS),
    "response_format": Rule("object"),
    "safety_identifier": Rule("string"),
    "seed": Rule("integer"),
    "service_tier": Rule("string", values=("auto", "default", "flex", "scale", "priority", "fast")),
    "stop": Rule("any"),
    "store": Rule("boolean"),
    "stream": Rule("boolean"),
    "stream_options": Rule("object"),
    "temperature": Rule("number", 0, 2),
    "tool_choice": Rule("any"),
    "tools": Rule("array"),
    "top_logprobs": Rule("integer", 0, 20),
    "top_p": Rule("number", 0, 1),
    "user": Rule("string"),
    "verbosity": Rule("string", values=("low", "medium", "high")),
    "web_search_options": Rule("object"),
}
_STREAM_OPTIONS = {"include_usage": Rule("boolean"), "include_obfuscation": Rule("boolean")}
_NOT_WHILE_REASONING = ("logprobs", "top_logprobs", "temperature", "top_p", "presence_penalty", "frequency_penalty")
_READ_LATER = frozenset(
    {
        "tools", "functions", "tool_choice", "function_call", "response_format", "stream_options", "top_logprobs",
        "modalities",
    }
)  # fmt: skip
_MODEL_NAME = re.compile(r"[\w.:/-]+")


@dataclass(slots=True)
class ChatRequest:
    """What was asked, checked and sorted."""

    model: Model
    prompt: Prompt
    body: dict[str, Any]
    effort: str
    limit: int | None
    """The most output tokens, reasoning included; None where the caller set none."""
    stop: list[str]
    tool_choice: str
    top_logprobs: int | None
    """None: no log probabilities were asked for."""
    speaks: bool
    """The answer is wanted as sound."""
    caching: CacheOptions
    style: Style | None
    """What a tuned model learned; None for any other."""

    def get(self, name: str, default: Any = None) -> Any:
        """A parameter as it was sent; null counts as absent."""
        value = self.body.get(name)
        return default if value is None else value


def read(body: dict[str, Any], shelf: FileShelf, now: int, tuned: Mapping[str, TunedModel]) -> ChatRequest:
    """Raises a Refusal for the first thing that is wrong. `tuned`: the account's own models by name."""
    checks.check(body, RULES)
    own = tuned.get(body.get("model") or "") if tuned else None
    model = _model(body) if own is None else _for_chat(own.described())
    effort = _effort(body, model)
    _check_support(body, model, effort)
    caching = cache_options.read(body, model)
    prompt = messages.read(body.get("messages"), shelf, model, now)
    request = ChatRequest(
        model=model,
        prompt=prompt,
        body=body,
        effort=effort,
        limit=_limit(body, model),
        stop=_stop(body.get("stop")),
        tool_choice="auto",
        top_logprobs=(body.get("top_logprobs") or 0) if body.get("logprobs") else None,
        speaks=model.audio and "audio" in (body.get("modalities") or ()),
        caching=caching,
        style=own.style if own else None,
    )
    if not _READ_LATER.isdisjoint(body):
        _read_tools(request)
        _read_format(request)
        _check_combinations(request)
    used = prompt.count()
    if used > model.window:
        raise refusal(
            400,
            f"This model's maximum context length is {model.window} tokens. However, your messages resulted in {used} "
            "tokens. Please reduce the length of the messages.",
            param="messages",
            code="context_length_exceeded",
        )
    return request


def _model(body: dict[str, Any]) -> Model:
    name = body.get("model")
    if not name:
        raise refusal(400, "you must provide a model parameter")
    model = models.find(name)
    if model is None:
        raise unknown_model(name) if _MODEL_NAME.fullmatch(name) else unreadable_model()
    return _for_chat(model)


def _for_chat(model: Model) -> Model:
    if model.use == "responses":
        message = "This model is only supported in v1/responses and not in v1/chat/completions."
        raise refusal(404, message, param="model")
    if model.use != "chat":
        message = "This is not a chat model and thus not supported in the v1/chat/completions endpoint."
        raise refusal(404, f"{message} Did you mean to use v1/completions?", param="model")
    return model


def _effort(body: dict[str, Any], model: Model) -> str:
    effort = body.get("reasoning_effort")
    if effort is None:
        return model.default_effort
    if not model.reasoning:
        raise checks.unsupported("reasoning_effort")
    if effort not in model.efforts:
        raise refusal(
            400,
            f"Unsupported value: '{effort}' is not supported with the '{model.id}' model. Supported values are: "
            f"{checks.listed(model.efforts)}.",
            param="reasoning_effort",
            code="unsupported_value",
        )
    return str(effort)


def _check_support(body: dict[str, Any], model: Model, effort: str) -> None:
    """What this model does not take."""
    if model.audio and body.get("logprobs"):
        raise refusal(400, "This model does not support the 'logprobs' parameter.", param="logprobs")
    if not model.reasoning:
        return
    if body.get("max_tokens") is not None:
        raise checks.unsupported("max_tokens", " Use 'max_completion_tokens' instead.")
    if body.get("stop") is not None:
        raise checks.unsupported("stop")
    if effort == "none":
        return
    for name in _NOT_WHILE_REASONING:
        value = body.get(name)
        if not value and name != "temperature":
            continue
        if name in ("temperature", "top_p"):
            if value is not None and value != 1:
                raise _only_default(name, value)
        else:
            raise checks.unsupported(name)


def _only_default(name: str, value: float) -> Exception:
    message = f"Unsupported value: '{name}' does not support {value} with this model. Only the default (1) value is supported."
    return refusal(400, message, param=name, code="unsupported_value")


def _limit(body: dict[str, Any], model: Model) -> int | None:
    old, new = body.get("max_tokens"), body.get("max_completion_tokens")
    if old is not None and new is not None:
        message = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
        raise refusal(400, message, code="invalid_parameter_combination")
    limit: int | None = old if new is None else new
    if limit is not None and limit > model.max_output:
        name = "max_tokens" if new is None else "max_completion_tokens"
        raise refusal(
            400,
            f"{name} is too large: {limit}. This model supports at most {model.max_output} completion tokens, whereas "
            f"you provided {limit}.",
            param=name,
            code="invalid_value",
        )
    return limit


def _stop(given: Any) -> list[str]:
    if given is None:
        return []
    if isinstance(given, str):
        return [given] if given else []
    checks.expect(given, "array", "stop")
    if len(given) > 4:
        raise refusal(
            400,
            "Invalid 'stop': array too long. Expected an array with maximum length 4, but got an array with length "
            f"{len(given)} instead.",
            param="stop",
            code="array_above_max_length",
        )
    for number, sequence in enumerate(given):
        checks.expect(sequence, "string", f"stop[{number}]")
    return [sequence for sequence in given if sequence]


def _read_tools(request: ChatRequest) -> None:
    prompt = request.prompt
    if (offered := request.get("tools")) is not None:
        prompt.tools = tools.from_tools(offered)
    elif (functions := request.get("functions")) is not None:
        prompt.tools = tools.from_functions(functions)
    given = request.get("tool_choice", request.get("function_call"))
    if given is not None:
        request.tool_choice = tools.choice(given, prompt.tools)
    if prompt.tools and request.model.only_without_reasoning and request.effort != "none":
        message = (
            f"Function tools with reasoning_effort are not supported for {request.model.id} in /v1/chat/completions."
        )
        raise refusal(400, f"{message} Please use /v1/responses instead.", param="reasoning_effort")


def _read_format(request: ChatRequest) -> None:
    wanted = request.get("response_format")
    if wanted is None:
        return
    kind = wanted.get("type")
    if kind is None:
        raise checks.missing("response_format.type")
    if kind not in ("json_object", "json_schema", "text"):
        raise checks.invalid_value(kind, ("json_object", "json_schema", "text"), "response_format.type")
    if kind == "text":
        return
    if request.model.audio:
        raise _no_format(kind)
    if kind == "json_object":
        _check_json_is_asked_for(request.prompt)
        request.prompt.schema = {"type": "object"}
        return
    described = wanted.get("json_schema")
    if described is None:
        raise checks.missing("response_format.json_schema")
    checks.expect(described, "object", "response_format.json_schema")
    if described.get("name") is None:
        raise checks.missing("response_format.json_schema.name")
    schema = described.get("schema") or {}
    checks.expect(schema, "object", "response_format.json_schema.schema")
    if (wrong := schemas.fault(schema, strict=bool(described.get("strict")))) is not None:
        message = f"Invalid schema for response_format '{described['name']}': {wrong}"
        raise refusal(400, message, param="response_format")
    request.prompt.schema = schema


def _no_format(kind: str) -> Exception:
    message = f"Invalid parameter: 'response_format' of type '{kind}' is not supported with this model."
    if kind == "json_object":
        return refusal(400, message, param="response_format")
    guide = "https://platform.openai.com/docs/guides/structured-outputs"
    return refusal(400, f"{message} Learn more about supported models at the Structured Outputs guide: {guide}")


def _check_json_is_asked_for(prompt: Prompt) -> None:
    texts = [*prompt.system, *(turn.text for turn in prompt.turns)]
    if not any("json" in text.lower() for text in texts):
        message = (
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
        )
        raise refusal(400, message, param="messages")


def _check_combinations(request: ChatRequest) -> None:
    options = request.get("stream_options")
    if options is not None:
        if not request.get("stream"):
            message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
            raise refusal(400, message, param="stream_options")
        checks.check(options, _STREAM_OPTIONS, "stream_options.")
    if request.get("top_logprobs") and request.top_logprobs is None:
        message = "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled."
        raise refusal(400, message, param="top_logprobs")
    if request.speaks and request.get("audio") is None:
        raise checks.missing("audio")
