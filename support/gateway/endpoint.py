"""Where a provider is reached, and with which key."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

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
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The user's own, which go along with every request whatever its method."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no report may show: the key, and the values of the user's own headers, which may be keys of a gateway."""
        return (self.key, *self.headers.values())


@cache
def _trusted() -> ssl.SSLContext:
    """The authorities that servers' certificates are checked against: reading them takes most of making a client."""
    return httpx2.create_ssl_context()


def shared_client() -> httpx2.AsyncClient:
    """The one HTTP client under all SDK clients of a process: making one costs 20 to 60 ms, so scenarios share it.

    It follows no cookies and no proxy of the environment's for loopback; each SDK adds its own key to each request.
    Answers are asked for uncompressed: the wire record keeps bytes as they came, and values are read from it.
    """
    limits = httpx2.Limits(max_connections=256, max_keepalive_connections=64, keepalive_expiry=30.0)
    return httpx2.AsyncClient(
        transport=RecordingTransport(httpx2.AsyncHTTPTransport(verify=_trusted(), limits=limits)),
        headers={"accept-encoding": "identity"},
        follow_redirects=True,
    )


def client_of(endpoint: Endpoint, http: httpx2.AsyncClient) -> httpx2.AsyncClient:
    """The client that the endpoint's SDK sends through: `http`, with the user's own headers where there are any.

    They are put on where every request passes, as no SDK can be trusted with them: google-genai drops those that it is
    given from the second request of an upload on.
    """
    if not endpoint.headers:
        return http
    return httpx2.AsyncClient(transport=_WithHeaders(http, endpoint.headers), headers=http.headers, trust_env=False)


class _WithHeaders(httpx2.AsyncBaseTransport):
    """Passes requests on to a client that others use as well. A user's header stands over the SDK's; betas add up."""

    def __init__(self, http: httpx2.AsyncClient, headers: Mapping[str, str]) -> None:
        self._http = http
        self._headers = headers

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        for name, value in self._headers.items():
            named = request.headers.get(name) if name.lower().endswith("-beta") else None
            request.headers[name] = value if named in (None, value) else f"{named},{value}"
        return await self._http.send(request, stream=True)
