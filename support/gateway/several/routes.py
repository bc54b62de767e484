"""Whom to ask: a gateway and a model each, checked before anything is sent."""

from collections.abc import Sequence

from support.errors import InvalidRequest
from support.gateway.capabilities import ProviderGateway
from support.values import Provider

Route = tuple[ProviderGateway, str]
"""A provider's gateway, and the model that is asked there."""


def invalid(field: str, why: str) -> InvalidRequest:
    """`why` completes the sentence that the field begins."""
    return InvalidRequest(f"{field}: {why}", param=field)


def check_some(routes: Sequence[Route]) -> None:
    """Refuses none at all."""
    if not routes:
        raise invalid("routes", "is empty; name one provider or more")


def check_routes(routes: Sequence[Route]) -> None:
    """Refuses none at all, and a provider that is named twice: its circuit would be two."""
    check_some(routes)
    named: set[Provider] = set()
    for gateway, _ in routes:
        if gateway.provider in named:
            raise invalid("routes", f"{gateway.provider} is named twice; name each provider once")
        named.add(gateway.provider)
