"""The models that the suite uses, by provider and role; no scenario and no code names a model."""

from functools import cache
from typing import Any, Literal

from pydantic import Field

from support.catalogue import Confidence, read
from support.values import Provider, Value

Role = Literal["chat", "chat_other", "caching", "batch", "embeddings", "fine_tuning", "unpriced"]
Feature = Literal[
    "streaming",
    "system_prompt",
    "documents",
    "images",
    "tools",
    "json_schema",
    "automatic_cache",
    "cache_breakpoints",
    "cache_control",
    "explicit_cache",
    "batch",
    "dimensions",
]


class Model(Value):
    """A model as the suite uses it; token numbers are the provider's own."""

    provider: Provider
    id: str
    roles: tuple[Role, ...]
    context_window_tokens: int
    max_output_tokens: int | None = None
    """None for a model that answers with vectors."""
    output_limit_tokens: int | None = None
    """Sent as the output limit when a call names none: enough for a short answer and the thinking before it."""
    cache_minimum_tokens: int | None = None
    """The shortest prompt prefix, in tokens, that the provider keeps; None where nothing is cached."""
    dimensions: int | None = None
    """Numbers in a vector, where the caller asks for no other size."""
    features: frozenset[Feature]
    settings: dict[str, Any] = Field(default_factory=dict)
    """Sent with every request, in the spelling of the SDK's method."""
    confidence: Confidence
    unverified: tuple[str, ...] = ()
    """Fields whose value nobody has confirmed: no live scenario may depend on them."""
    source: str


@cache
def models() -> tuple[Model, ...]:
    """All models of the suite."""
    return tuple(Model.model_validate(entry) for entry in read("models.toml")["model"])


def model_for(provider: Provider, role: Role) -> Model | None:
    """The model that plays a role with a provider; None where the provider has none (Anthropic has no embeddings)."""
    return next((model for model in models() if model.provider is provider and role in model.roles), None)


def model_named(provider: Provider, model_id: str) -> Model | None:
    """What is known of a model by its id, without Gemini's `models/` in front; None for one that the suite does not use."""
    bare = model_id.removeprefix("models/")
    return next((model for model in models() if model.provider is provider and model.id == bare), None)
