"""The gateway's own refusal of a request that cannot be right, before anything is sent: it always names the field."""

from support.errors import InvalidRequest
from support.values import Provider


def refused(provider: Provider, field: str, why: str) -> InvalidRequest:
    """`why` completes the sentence that the field begins: `ttl: must be longer than zero`."""
    return InvalidRequest(f"{field}: {why}", provider=provider, param=field)
