"""Where a provider is reached, and with which key."""

from dataclasses import dataclass, field

import httpx2

from support.gateway.exchanges import RecordingTransport
from support.values import Provider


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One provider of a target, as one scenario sees it."""

    provider: Provider
    base_url: str
    """Scheme and host, with a path where a gateway needs one, and without the API version."""
    key: str = field(repr=False)
    api_version: str | None = None
    """Gemini only: `v1beta` live, because files, caches, batches and stores are proven there alone (provider-facts 14)."""
    kept: str | None = None
    """Where the gateway keeps what the provider has no object for: a folder or a database URL; None: only in memory."""
    request_timeout: float = 60.0
    """Seconds of real time for one request."""


def shared_client() -> httpx2.AsyncClient:
    """The one HTTP client under all SDK clients of a process: making one costs 20 to 60 ms, so scenarios share it.

    It follows no cookies and no proxy of the environment's for loopback; each SDK adds its own key to each request.
    Answers are asked for uncompressed: the wire record keeps bytes as they came, and values are read from it.
    """
    limits = httpx2.Limits(max_connections=256, max_keepalive_connections=64, keepalive_expiry=30.0)
    return httpx2.AsyncClient(
        transport=RecordingTransport(httpx2.AsyncHTTPTransport(limits=limits)),
        headers={"accept-encoding": "identity"},
        follow_redirects=True,
    )
