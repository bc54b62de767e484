"""Anthropic's error envelope, and its words for what can go wrong (provider-facts 1.2).

Recorded: 400, 401 with x-api-key, 404. Unverified, no recording exists: 402, 403, 405, 409, 413, 429, 5xx, 529, the words for
a bearer token, and `x-should-retry: true` on what may pass.
"""

from __future__ import annotations

from support.simulator import ids
from support.simulator.wire import Answer, Json, Refusal

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_MESSAGES = {
    400: "The request could not be understood.",
    401: "invalid x-api-key",
    402: "There is a problem with the billing details of this account.",
    403: "Your API key does not have permission to use the specified resource.",
    404: "Not Found",
    409: "The resource was changed by another request.",
    413: "Request exceeds the maximum allowed number of bytes.",
    429: "This request would exceed your organization's rate limit of 50 requests per minute. Please try again later.",
    500: "Internal server error",
    504: "Request timed out",
    529: "Overloaded",
}
MAY_PASS = frozenset({408, 409, 429})


class BearerKey(str):
    """A key that came as `Authorization: Bearer`: it is refused in other words than one in `x-api-key`."""

    __slots__ = ()


def request_id() -> str:
    """`req_011C…`, 24 characters after the prefix (recordings: anthropic, all families)."""
    return f"req_011C{ids.token(20)}"


def error_type(status: int) -> str:
    """The `error.type` of a status."""
    return _TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")


def error(status: int, message: str, code: str | None = None) -> Answer:
    """The envelope; `details` is there only where the cause has a stable code."""
    identifier = request_id()
    inner: dict[str, Json] = {"type": error_type(status), "message": message}
    if code is not None:
        inner["details"] = {"error_code": code}
    headers = {"request-id": identifier}
    if status >= 500 or status == 429:
        headers["x-should-retry"] = "true"
    elif status not in MAY_PASS:
        headers["x-should-retry"] = "false"
    return Answer(status, {"type": "error", "error": inner, "request_id": identifier}, headers)


def invalid(message: str) -> Refusal:
    """400 for the request that is at hand."""
    return Refusal(error(400, message))


def not_found(message: str) -> Refusal:
    """404 for what the request names."""
    return Refusal(error(404, message))


def file_not_found(file_id: str) -> Refusal:
    """The status is sure, the words are unverified (provider-facts 2.2)."""
    return not_found(f"File not found: {file_id}")


def refuse_no_key() -> Answer:
    return error(401, "x-api-key header is required")


def refuse_bad_key(key: str) -> Answer:
    return error(401, "Invalid bearer token" if isinstance(key, BearerKey) else "invalid x-api-key")


def unknown_path(method: str, path: str) -> Answer:
    del method, path
    return error(404, "Not Found")


def bad_method(method: str, path: str) -> Answer:
    del method, path
    return error(405, "Method Not Allowed")


def malformed_body(detail: str) -> Answer:
    return error(400, f"The request body could not be read: {detail}")


def too_large(limit: int) -> Answer:
    del limit
    return error(413, _MESSAGES[413])


def internal() -> Answer:
    return error(500, _MESSAGES[500])


def failure(status: int, retry_after: float | None, message: str | None) -> Answer:
    """A scripted failure, as the provider would put it."""
    answer = error(status, message or _MESSAGES.get(status, "The request failed."))
    if retry_after is not None:
        answer.headers["retry-after"] = f"{retry_after:g}"
    return answer
