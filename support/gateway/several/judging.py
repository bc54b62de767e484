"""What each provider, and each model, can do: one cell each, judged from the code and the catalogue, with a reason where it cannot."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Literal

from support.catalogue.lifecycle import retirement
from support.catalogue.models import Feature, Model, model_for, model_named, models
from support.errors import Retired, Unsupported
from support.gateway import model_limits
from support.gateway.capabilities import Capability
from support.gateway.chat import WAYS
from support.gateway.open import gateway_class
from support.values import CacheKey, CacheMarks, CacheReference, CacheUse, Provider, Value

FEATURES: Mapping[str, Feature] = {
    "vision": "images",
    "tools": "tools",
    "json_schema": "json_schema",
    "automatic_cache": "automatic_cache",
    "cache_control": "cache_control",
    "explicit_cache": "explicit_cache",
}
"""What a model's chat can do, by the names of the matrix, with those of the catalogue."""
MODEL_NAMES = (Capability.CHAT, Capability.EMBEDDINGS, Capability.FINE_TUNING, *FEATURES)
"""What is judged by model and not by provider alone."""
NAMES: tuple[str, ...] = (*Capability, *FEATURES)
WAY_OF: Mapping[str, type[CacheUse]] = {
    "automatic_cache": CacheKey,
    "cache_control": CacheMarks,
    "explicit_cache": CacheReference,
}
"""How a question asks for each kind of cache."""

Answer = Literal["yes", "no", "retired"]


class Cell(Value):
    """Whether a provider, or one model of it, can do something."""

    provider: Provider
    name: str
    """A capability, or a feature of a model's chat."""
    model: str | None = None
    """The model that was judged; None where the provider was, which for a feature is its model for chat."""
    answer: Answer
    why: str = ""
    """Where it cannot: the sentence that says so, and what to use instead."""
    since: date | None = None
    """The day on which it ended, or will end."""
    successor: str | None = None

    @property
    def words(self) -> str:
        """The name as sentences have it."""
        return self.name.replace("_", " ")


def today() -> date:
    """In UTC."""
    return datetime.now(UTC).date()


def cells(on: date | None = None) -> tuple[Cell, ...]:
    """Every provider with every capability and feature, as of a day (today in UTC if not said)."""
    return tuple(cell(provider, name, on=on) for name in NAMES for provider in Provider)


def model_cells(on: date | None = None) -> tuple[Cell, ...]:
    """Every model of the catalogue with everything that is judged by model."""
    return tuple(cell(model.provider, name, model.id, on) for model in models() for name in MODEL_NAMES)


def cell(provider: Provider, name: str, model: str | None = None, on: date | None = None) -> Cell:
    """What can be said of one. Raises LookupError for a name that is none, and for a model that the catalogue does not know."""
    if name not in NAMES:
        raise LookupError(f"there is no capability {name!r}; known are {', '.join(NAMES)}")
    known = None if model is None else model_named(provider, model)
    if model is not None and known is None:
        raise LookupError(f"the catalogue does not know {model} of {provider}")
    day = on or today()
    why = why_not(provider, name, known)
    ends = [end for end in (retirement(provider, name), model and retirement(provider, model)) if end]
    ended = min(ends, key=lambda end: end.retired_on, default=None)
    found: dict[str, object] = {"provider": provider, "name": name, "model": model}
    if why is not None:
        return Cell.model_validate({**found, "answer": "no", "why": why})
    if ended is None:
        return Cell.model_validate({**found, "answer": "yes"})
    found |= {"since": ended.retired_on, "successor": ended.successor}
    if ended.has_happened(day):
        return Cell.model_validate({**found, "answer": "retired", "why": ended.effect})
    return Cell.model_validate({**found, "answer": "yes"})


def is_yes(cell: Cell, provider: Provider, name: str) -> bool:
    """Whether it is that provider's, and can do it."""
    return (cell.provider, cell.name, cell.answer) == (provider, name, "yes")


def why_not(provider: Provider, name: str, model: Model | None) -> str | None:
    """The sentence that says why it cannot; None where it can."""
    if name in FEATURES:
        return why_no_feature(provider, name, model or model_for(provider, "chat"))
    capability = Capability(name)
    if capability not in offered(provider):
        hint = gateway_class(provider).instead.get(capability)
        return f"{provider} has no {name.replace('_', ' ')}{f': {hint}' if hint else ''}"
    return None if model is None else model_limits.why_model_not(capability, model)


def offered(provider: Provider) -> frozenset[Capability]:
    """What the provider's gateway says of itself."""
    return frozenset(gateway_class(provider).offers)


def why_no_feature(provider: Provider, name: str, model: Model | None) -> str | None:
    """As `why_not`, for what a model's chat can do."""
    if model is not None and FEATURES[name] in model.features:
        return None
    if name in WAY_OF and model is not None and model.max_output_tokens is not None:
        own = gateway_class(provider).cached_by
        return f"{provider} caches by {WAYS[own]}, not by {WAYS[WAY_OF[name]]}"
    told = model.id if model is not None else "any model"
    return f"{provider} has no {name.replace('_', ' ')} with {told}"


def demand(provider: Provider, name: str, model: str | None = None, on: date | None = None) -> None:
    """Raises Unsupported, naming provider, capability and model, or Retired, unless it can; nothing is sent.

    A model that the catalogue does not know is the provider's to judge.
    """
    known = model if model is not None and model_named(provider, model) is not None else None
    found = cell(provider, name, known, on)
    if found.answer == "no":
        raise Unsupported(found.why, provider=provider, param="model" if known else None)
    if found.answer == "retired":
        assert found.since is not None
        raise Retired(found.why, since=found.since, successor=found.successor, provider=provider)
