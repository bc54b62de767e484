"""Anthropic's errors in the gateway's kinds (provider-facts 0.4 and 1.2)."""

import re
from collections.abc import Mapping
from typing import Any

import anthropic

from support import errors
from support.errors import TouchstoneError
from support.gateway.failures import pick_delay, should_retry, transport_failure

_FIELD = re.compile(r"([a-z_][\w.]*): ")

# An error inside a stream comes under the stream's own 200: there its type stands for the status.
_STATUS_OF_TYPE = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "conflict_error": 409,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}


def translate(error: Exception) -> TouchstoneError:
    """The kind is decided by the status, then by the provider's code; its message is kept word for word."""
    if isinstance(error, anthropic.APIStatusError):
        return _from_status(error)
    return transport_failure(error, timeouts=(anthropic.APITimeoutError,), connection=(anthropic.APIConnectionError,))


def from_body(body: Mapping[str, Any]) -> TouchstoneError:
    """An error that stands in a result of a batch, in the envelope of an answer (provider-facts 7.2)."""
    error = body["error"]
    message = str(error["message"])
    status = _STATUS_OF_TYPE.get(error["type"], 500)
    return _kind(status, None, message)(
        message,
        status=status,
        code=error["type"],
        param=_param(message),
        provider_message=message,
        request_id=body.get("request_id"),
    )


def _from_status(error: anthropic.APIStatusError) -> TouchstoneError:
    message = error.api_message or error.message
    status = _status(error)
    make = _kind(status, error.error_code, message)
    return make(
        message,
        status=status,
        code=error.error_code or error.type,
        param=_param(message),
        provider_message=message,
        request_id=error.request_id,
        retry_after=pick_delay(error.response.headers),
        should_retry=should_retry(error.response.headers),
    )


def _status(error: anthropic.APIStatusError) -> int:
    if error.status_code >= 400:
        return error.status_code
    return _STATUS_OF_TYPE.get(error.type or "", 500)


def _param(message: str) -> str | None:
    """The field that a message begins with (`max_tokens: Field required`): the envelope has no place for it."""
    field = _FIELD.match(message)
    return field[1] if field else None


def _kind(status: int, code: str | None, message: str) -> type[TouchstoneError]:
    if _is_refused_download(code, message):
        return errors.Unsupported
    if _is_too_long(status, message):
        return errors.ContextOverflow
    by_status: dict[int, type[TouchstoneError]] = {
        400: errors.InvalidRequest,
        401: errors.AuthenticationFailed,
        402: errors.PermissionDenied,
        403: errors.PermissionDenied,
        404: errors.NotFound,
        408: errors.RequestTimeout,
        409: errors.Conflict,
        413: errors.LimitExceeded,
        422: errors.InvalidRequest,
        429: errors.RateLimited,
        529: errors.RateLimited,
    }
    return by_status.get(status, errors.ServerError if status >= 500 else errors.InvalidRequest)


def _is_refused_download(code: str | None, message: str) -> bool:
    """Only files that a tool made can be read back; the code is newer than the sentence (provider-facts 2.2)."""
    return code == "file_not_downloadable" or message.endswith("is not downloadable")


def _is_too_long(status: int, message: str) -> bool:
    """`prompt is too long: 3333404 tokens > 200000 maximum` has no code of its own (provider-facts 1.2)."""
    return status == 400 and message.startswith("prompt is too long")
