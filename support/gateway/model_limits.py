"""What a model that the catalogue knows cannot do at a provider that can: refused before anything is sent."""

from fnmatch import fnmatchcase

from support.catalogue.limits import tuning_limits
from support.catalogue.models import Model, model_named
from support.errors import Unsupported
from support.gateway.capabilities import Capability
from support.values import Provider


def check_model(provider: Provider, capability: Capability, model: str) -> None:
    """Raises Unsupported, naming the model; one that the catalogue does not know is the provider's to judge."""
    known = model_named(provider, model)
    why = None if known is None else why_model_not(capability, known)
    if why is not None:
        raise Unsupported(why, provider=provider, param="model")


def why_model_not(capability: Capability, model: Model) -> str | None:
    """The sentence that says why a model cannot, where its provider can; None where it can."""
    said = f"{model.provider} has no {capability.replace('_', ' ')} with {model.id}"
    if capability is Capability.CHAT and model.max_output_tokens is None:
        return f"{said}: it makes vectors; name one of {model.provider}'s chat models"
    if capability is Capability.EMBEDDINGS and model.dimensions is None:
        return f"{said}: it answers in words; name one of {model.provider}'s embedding models"
    if capability is Capability.FINE_TUNING:
        patterns = tuning_limits(model.provider).tunable
        if not any(fnmatchcase(model.id, pattern) for pattern in patterns):
            return f"{said}: it cannot be trained; {model.provider} trains {', '.join(patterns) or 'none'}"
    return None
