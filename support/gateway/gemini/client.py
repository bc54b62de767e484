"""The SDK's client for one scenario, cheap to make and on the shared connections alone (provider-facts 0.2 and 0.3)."""

import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextvars import ContextVar
from typing import Any, TypeVar

import httpx2
from google.genai import Client, types
from google.genai.client import AsyncClient
from google.genai.errors import APIError
from pydantic_core import from_json

from support.errors import BadResponse
from support.gateway.endpoint import Endpoint
from support.values import Provider

T = TypeVar("T")

DEFAULT_VERSION = "v1beta"
"""What the SDK called until its third major version; files, caches, batches and stores are proven there alone (provider-facts 14)."""

# The SDK makes a synchronous client and a TLS context for web sockets with every client of its own, 20 to 40 ms each. The
# gateway uses neither, so all clients share one of each: the first has no transport, the second trusts nobody.
_NO_SYNCHRONOUS_CLIENT = httpx2.Client(transport=httpx2.BaseTransport())
_NO_WEB_SOCKETS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

_opened: ContextVar[list[httpx2.Response] | None] = ContextVar("opened", default=None)
"""Where the answers that are being opened are noted, for whoever wants to close them."""


def connect(endpoint: Endpoint, http: httpx2.AsyncClient) -> AsyncClient:
    """A client with the endpoint's key that sends through `http`.

    Given `httpx_async_client`, the SDK leaves aiohttp alone even where that can be imported. No retry options: it sends once.
    """
    hooks = http.event_hooks["response"]
    if _watch not in hooks:
        hooks.append(_watch)
    return Client(
        vertexai=False,
        api_key=endpoint.key,
        http_options=types.HttpOptions(
            base_url=endpoint.base_url,
            api_version=endpoint.api_version or DEFAULT_VERSION,
            timeout=round(endpoint.request_timeout * 1000),
            httpx_async_client=http,
            httpx_client=_NO_SYNCHRONOUS_CLIENT,
            async_client_args={"ssl": _NO_WEB_SOCKETS},
        ),
    ).aio


async def pieces_of(stream: AsyncIterator[T]) -> AsyncGenerator[T, None]:
    """The SDK's stream; a reader who leaves it early gives its connection back, which the SDK itself leaves to the garbage collector."""
    opened: list[httpx2.Response] = []
    try:
        token = _opened.set(opened)
        try:  # the SDK sends the request when its first piece is asked for
            piece = await anext(stream, None)
        finally:
            _opened.reset(token)
        while piece is not None:
            yield piece
            piece = await anext(stream, None)
    finally:
        for response in opened:
            await response.aclose()


async def whole_answer(call: Awaitable[object]) -> Any:
    """The JSON of the SDK's answer as it came, also where it is longer than what the wire record keeps."""
    opened: list[httpx2.Response] = []
    token = _opened.set(opened)
    try:
        await call
    finally:
        _opened.reset(token)
    return from_json(opened[-1].content)


async def _watch(response: httpx2.Response) -> None:
    await end_failed_upload(response)
    opened = _opened.get()
    if opened is not None:
        opened.append(response)


async def end_failed_upload(response: httpx2.Response) -> None:
    """Ends an upload at its first failure: without `x-goog-upload-status` the SDK would sleep and send the bytes again, three times."""
    if "x-goog-upload-offset" not in response.request.headers:
        return
    if response.status_code != 200:
        await APIError.raise_for_async_response(response)
    if "x-goog-upload-status" not in response.headers:
        raise BadResponse("the answer to the upload does not tell its state", provider=Provider.GEMINI)
