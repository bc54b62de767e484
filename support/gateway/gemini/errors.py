"""Gemini's errors in the gateway's kinds (provider-facts 0.4 and 1.3)."""

from collections.abc import Iterator, Mapping
from typing import Any

from google.genai.errors import APIError

from support import errors
from support.errors import TouchstoneError
from support.gateway.failures import pick_delay, should_retry, transport_failure

_BY_STATUS: Mapping[int, type[TouchstoneError]] = {
    400: errors.InvalidRequest,
    401: errors.AuthenticationFailed,
    403: errors.PermissionDenied,
    404: errors.NotFound,
    408: errors.RequestTimeout,
    409: errors.Conflict,
    413: errors.LimitExceeded,
    429: errors.RateLimited,
}


def translate(error: Exception) -> TouchstoneError:
    """The kind is decided by the HTTP status, then by the status word, the reason and the message; the SDK wraps no transport error."""
    if isinstance(error, APIError):
        return _from_answer(error)
    return transport_failure(error)


def _from_answer(error: APIError) -> TouchstoneError:
    details = tuple(_details(error.details))
    message = error.message or f"Gemini answered {error.code}"
    make = kind(error.code, error.status, message, reasons(details))
    headers: Mapping[str, str] = getattr(error.response, "headers", None) or {}
    delay = retry_delay(details)
    return make(
        message,
        status=error.code,
        code=error.status,
        param=field_at_fault(details),
        provider_message=message,
        retry_after=pick_delay(headers) if delay is None else delay,
        should_retry=should_retry(headers),
    )


def kind(status: int, word: str | None, message: str, why: frozenset[str]) -> type[TouchstoneError]:
    """The gateway's class for an answer; `word` is the google.rpc status, `why` are the reasons in the details."""
    if is_absence(status, message):
        return errors.NotFound
    if is_bad_key(why):
        return errors.AuthenticationFailed
    if is_overflow(status, message):
        return errors.ContextOverflow
    if is_too_large(status, message):
        return errors.LimitExceeded
    if word == "FAILED_PRECONDITION":
        return errors.Conflict
    return _BY_STATUS.get(status, errors.ServerError if status >= 500 else errors.InvalidRequest)


def is_absence(status: int, message: str) -> bool:
    """Gemini says 403, not 404, of files, caches and stores that are not there for this key (provider-facts 1.3)."""
    return status == 403 and ("may not exist" in message or "not found (or permission denied)" in message)


def is_bad_key(why: frozenset[str]) -> bool:
    """A key that is not accepted is a 400, told from others by its reason (provider-facts 1.3)."""
    return "API_KEY_INVALID" in why


def is_overflow(status: int, message: str) -> bool:
    """More input tokens than the model's window (provider-facts 1.3)."""
    return status == 400 and "exceeds the maximum number of tokens" in message


def is_too_large(status: int, message: str) -> bool:
    """More bytes than one request may have (provider-facts 1.3)."""
    return status == 400 and "payload size exceeds the limit" in message


def retry_delay(details: tuple[Mapping[str, Any], ...]) -> float | None:
    """Seconds to wait, from `RetryInfo.retryDelay` ("48s"): Gemini sends no Retry-After (provider-facts 1.3)."""
    for detail in details:
        delay = detail.get("retryDelay")
        if isinstance(delay, str) and delay.endswith("s"):
            try:
                return max(0.0, float(delay[:-1]))
            except ValueError:
                return None
    return None


def field_at_fault(details: tuple[Mapping[str, Any], ...]) -> str | None:
    """The first field that a BadRequest detail names."""
    for detail in details:
        for violation in detail.get("fieldViolations") or ():
            field = violation.get("field")
            if field:
                return str(field)
    return None


def reasons(details: tuple[Mapping[str, Any], ...]) -> frozenset[str]:
    """The machine-readable reasons (`ErrorInfo.reason`)."""
    return frozenset(str(detail["reason"]) for detail in details if "reason" in detail)


def _details(answer: Any) -> Iterator[Mapping[str, Any]]:
    """`error.details[]` of the answer; an answer of another shape has none."""
    body = answer.get("error") if isinstance(answer, dict) else None
    listed = body.get("details") if isinstance(body, dict) else None
    for detail in listed if isinstance(listed, list) else ():
        if isinstance(detail, dict):
            yield detail
