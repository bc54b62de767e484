"""OpenAI's errors in the gateway's kinds (provider-facts 0.4 and 1.1)."""

import openai

from support import errors
from support.errors import TouchstoneError
from support.gateway.failures import pick_delay, should_retry, transport_failure

_BY_STATUS: dict[int, type[TouchstoneError]] = {
    400: errors.InvalidRequest,
    401: errors.AuthenticationFailed,
    403: errors.PermissionDenied,
    404: errors.NotFound,
    409: errors.Conflict,
    413: errors.LimitExceeded,
    422: errors.InvalidRequest,
    429: errors.RateLimited,
}
_BY_CODE: dict[str, type[TouchstoneError]] = {
    "context_length_exceeded": errors.ContextOverflow,
    "conversation_locked": errors.Conflict,
}
_STATES = (
    "Can't add messages to ",
    "Cannot cancel run with status ",
    "Cannot cancel a ",
    "Cannot update run with status ",
    "Runs in status ",
    "already has an active run ",
)
"""Parts of the words with which a 400 says that the state of a thing does not allow it (provider-facts 4.4)."""


def translate(error: Exception) -> TouchstoneError:
    """The kind is decided by the provider's code, then by the status; its message is kept word for word."""
    if isinstance(error, openai.APIStatusError):
        return from_status(error)
    if isinstance(error, openai.APIError) and isinstance(error.body, dict):
        return from_stream(error)
    return transport_failure(error, timeouts=(openai.APITimeoutError,), connection=(openai.APIConnectionError,))


def from_status(error: openai.APIStatusError) -> TouchstoneError:
    """An answer with a status of 400 or more."""
    body = error.body if isinstance(error.body, dict) else {}
    message = str(body.get("message") or error.message)
    return kind_of(error.status_code, error.code, message)(
        message,
        status=error.status_code,
        code=error.code,
        param=error.param,
        provider_message=message,
        request_id=error.request_id,
        retry_after=pick_delay(error.response.headers),
        should_retry=should_retry(error.response.headers),
    )


def from_stream(error: openai.APIError) -> TouchstoneError:
    """An error inside a stream that began well: it has no status of its own (provider-facts 1.1)."""
    overloaded = error.code == "rate_limit_exceeded"
    kind = errors.RateLimited if overloaded else _BY_CODE.get(error.code or "", errors.ServerError)
    return kind(error.message, code=error.code, param=error.param, provider_message=error.message)


def kind_of(status: int, code: str | None, message: str) -> type[TouchstoneError]:
    """The class of the error for a status, a code and a message."""
    if refuses_download(message):
        return errors.Unsupported
    if status == 400 and any(words in message for words in _STATES):
        return errors.Conflict
    by_code = _BY_CODE.get(code or "")
    return by_code or _BY_STATUS.get(status) or (errors.ServerError if status >= 500 else errors.InvalidRequest)


def refuses_download(message: str) -> bool:
    """The provider gives files of some purposes to nobody: its 400 is the lack of a feature (provider-facts 2.1)."""
    return message.startswith("Not allowed to download files of purpose")
