"""Gemini's models: list, get, and what the chat needs to know of each (provider-facts 10)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any, Literal

from support.simulator.gemini import queries
from support.simulator.gemini.errors import at_fault, model_not_found, status
from support.simulator.gemini.model_list import ALIASES, CACHE_MINIMA, CURRENT, RETIRED
from support.simulator.wire import Answer, Call, Refusal, Route

_GENERATION = re.compile(r"gemini-(\d(?:\.\d)?)-")
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_SAMPLING = ("temperature", "topP", "topK", "maxTemperature")

Thinking = Literal["never", "when asked", "unless told not to", "always"]


@dataclass(frozen=True, slots=True)
class Model:
    """A model; `generation` decides the shape of its answers (2.0 and before, 2.5, 3 and later)."""

    name: str
    is_listed: bool
    only_on_v1beta: bool
    methods: tuple[str, ...]
    input_limit: int
    output_limit: int
    generation: float
    thinking: Thinking
    answers_as: str
    """What `modelVersion` tells: for an alias the model behind it."""
    cache_minimum: int
    """The fewest tokens that an explicit cache of it may have."""
    wire: dict[str, Any]


def _thinking(name: str, generation: float, thinks: bool) -> Thinking:
    """As the recordings show: flash models think by default, flash-lite when asked, pro models always."""
    if not thinks or generation < 2.5:
        return "never"
    if "flash-lite" in name:
        return "when asked"
    return "always" if "-pro" in name else "unless told not to"


def _model(row: tuple[str, str, str, int, int, tuple[str, ...], tuple[float, ...], bool], is_listed: bool) -> Model:
    name, version, display_name, input_limit, output_limit, methods, sampling, thinks = row
    behind = ALIASES.get(name, name)
    told = _GENERATION.match(behind)
    generation = float(told[1]) if told else 2.5
    wire: dict[str, Any] = {
        "name": f"models/{name}",
        "version": version,
        "displayName": display_name,
        "description": display_name,
        "inputTokenLimit": input_limit,
        "outputTokenLimit": output_limit,
        "supportedGenerationMethods": list(methods),
        **{key: int(value) if value == int(value) else value for key, value in zip(_SAMPLING, sampling, strict=False)},
    }
    if thinks:
        wire["thinking"] = True
    return Model(
        name,
        is_listed,
        name in ALIASES,
        methods,
        input_limit,
        output_limit,
        generation,
        _thinking(behind, generation, thinks),
        behind,
        next(tokens for pattern, tokens in CACHE_MINIMA if fnmatch(name, pattern)),
        wire,
    )


MODELS = {
    model.name: model for model in (*(_model(row, True) for row in CURRENT), *(_model(row, False) for row in RETIRED))
}
_LISTED = tuple(model for model in MODELS.values() if model.is_listed)


def named(name: str, version: str, method: str, request: str) -> Model:
    """The model of a request, or the refusal for one that the version does not know or that lacks the method."""
    if model := serving(name, version, method):
        return model
    if not _NAME.fullmatch(name):
        raise at_fault(request, "model", "unexpected model name format")
    raise model_not_found(name, version, method)


def serving(name: str, version: str, method: str) -> Model | None:
    """The model, if the version knows it and it has the method."""
    model = MODELS.get(name)
    if model is not None and method in model.methods and (version == "v1beta" or not model.only_on_v1beta):
        return model
    return None


def _list(state: object, call: Call, version: str) -> Answer:
    shown = [model for model in _LISTED if version == "v1beta" or not model.only_on_v1beta]
    places = {model.name: len(shown) - number for number, model in enumerate(shown)}
    models, answer = queries.page(
        call, "ListModelsRequest", shown, "models", lambda model: places[model.name], default=50, most=1000
    )
    return Answer(200, {"models": [model.wire for model in models], **answer})


def _get(state: object, call: Call, version: str) -> Answer:
    """The words for an unknown model are likely, not recorded (provider-facts 10)."""
    queries.known(call)
    name = call.params["model"]
    model = MODELS.get(name)
    if model is None or (model.only_on_v1beta and version != "v1beta"):
        raise Refusal(status(404, f"Model is not found: models/{name} for api version {version}"))
    return Answer(200, model.wire)


def routes(version: str) -> list[Route]:
    """`/VERSION/models`."""
    return [
        Route("GET", f"/{version}/models", "models.list", lambda state, call: _list(state, call, version)),
        Route("GET", f"/{version}/models/{{model}}", "models.get", lambda state, call: _get(state, call, version)),
    ]
