"""OpenAI's own words: the error envelope, the standing headers, and what is said before any handler runs.

Texts and codes: provider-facts 1.1, recordings of the families chat completions, files and models. Unverified, for want
of a recording: 405, 413, 503 and the words for a missing key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from support.simulator import ids
from support.simulator.wire import Answer, Call, Refusal

KEYS_PAGE = "https://platform.openai.com/account/api-keys"
HELP = "help.openai.com"

# What a model answers: these endpoints alone count against rate limits and say so in headers.
_INFERENCE_PATHS = ("/chat/completions", "/embeddings")
# These too, but only in what is no error, and errors of theirs are like those of other endpoints (recordings: responses).
_RESPONSES_PATHS = ("/responses", "/responses/compact")

_RATE_LIMITS = {
    "x-ratelimit-limit-requests": "10000",
    "x-ratelimit-limit-tokens": "50000000",
    "x-ratelimit-remaining-requests": "9999",
    "x-ratelimit-remaining-tokens": "49999975",
    "x-ratelimit-reset-requests": "6ms",
    "x-ratelimit-reset-tokens": "0s",
}


def envelope(
    message: str, *, kind: str = "invalid_request_error", param: str | None = None, code: str | None = None
) -> dict[str, Any]:
    """The body of every error; all four keys are always there."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def refusal(status: int, message: str, *, param: str | None = None, code: str | None = None) -> Refusal:
    """An error of the request, to be raised by a handler."""
    return Refusal(Answer(status, envelope(message, param=param, code=code)))


_STANDING_HEADERS = {"openai-version": "2020-10-01", "openai-organization": "org-touchstone"}
_INFERENCE_HEADERS = {**_STANDING_HEADERS, **_RATE_LIMITS}
# Beside those above, where a picture was sent.
PICTURE_LIMITS = {
    "x-ratelimit-limit-input-images": "250000",
    "x-ratelimit-remaining-input-images": "249999",
    "x-ratelimit-reset-input-images": "0s",
}
_WITH_CHARSET = "application/json; charset=utf-8"


def unreadable_model() -> Refusal:
    """A name that no model can have."""
    return Refusal(Answer(400, envelope("invalid model ID"), {"content-type": _WITH_CHARSET}))


def unknown_model(model: str) -> Refusal:
    """Chat and embeddings (recordings: chat completions; the answer names its character set)."""
    answer = Answer(
        404,
        envelope(f"The model `{model}` does not exist or you do not have access to it.", code="model_not_found"),
        {"content-type": _WITH_CHARSET},
    )
    return Refusal(answer)


# Before a handler ---------------------------------------------------------------------------------------------------


def key_of(headers: Mapping[str, str], query: Mapping[str, list[str]]) -> str | None:
    """The bearer key."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    key = key.strip()
    return key if scheme.lower() == "bearer" and key else None


def masked(key: str) -> str:
    """The first eight and the last four characters; short keys are shown whole (recordings: 401 of several families)."""
    return key if len(key) <= 12 else f"{key[:8]}{'*' * (len(key) - 12)}{key[-4:]}"


def _unauthorized(body: dict[str, Any]) -> Answer:
    return Answer(401, body, {"www-authenticate": 'Bearer realm="OpenAI API"'})


def refuse_no_key() -> Answer:
    return _unauthorized(
        envelope(
            "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer "
            "auth (i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if you're "
            "accessing the API from your browser and are prompted for a username and password. You can obtain an API "
            f"key from {KEYS_PAGE}."
        )
    )


def refuse_bad_key(key: str) -> Answer:
    message = f"Incorrect API key provided: {masked(key)}. You can find your API key at {KEYS_PAGE}."
    return _unauthorized(envelope(message, code="invalid_api_key"))


def unknown_path(method: str, path: str) -> Answer:
    return Answer(404, envelope(f"Invalid URL ({method} {path})", code="unknown_url"))


def bad_method(method: str, path: str) -> Answer:
    message = f"Not allowed to {method} on {path}. (HINT: Perhaps you meant to use a different HTTP method?)"
    return Answer(405, envelope(message, code="method_not_supported"))


def malformed_body(detail: str) -> Answer:
    message = (
        "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library "
        "correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If you have trouble "
        f"figuring out how to fix this, please contact us through our help center at {HELP}.)"
    )
    if "multipart" in detail:
        message = f"We could not parse the body of your request: {detail}."
    return Answer(400, envelope(message))


def too_large(limit: int) -> Answer:
    return Answer(413, envelope(f"Maximum content size limit ({limit}) exceeded."))


def internal() -> Answer:
    return failure(500, None, None)


def failure(status: int, retry_after: float | None, message: str | None) -> Answer:
    """A scripted failure with the provider's usual type, code and words for the status."""
    kind, code, usual = _USUAL.get(status, ("server_error" if status >= 500 else "invalid_request_error", None, ""))
    answer = Answer(
        status, envelope(message or usual or f"The request failed with status {status}.", kind=kind, code=code)
    )
    if retry_after is not None:
        answer.headers["retry-after"] = f"{retry_after:g}"
        answer.headers["retry-after-ms"] = f"{retry_after * 1000:g}"
    return answer


_USUAL: dict[int, tuple[str, str | None, str]] = {
    400: ("invalid_request_error", None, "Invalid request."),
    401: (
        "invalid_request_error",
        "invalid_api_key",
        f"Incorrect API key provided. You can find your API key at {KEYS_PAGE}.",
    ),
    403: ("invalid_request_error", None, "You have insufficient permissions for this operation."),
    404: ("invalid_request_error", None, "Not found."),
    409: ("invalid_request_error", None, "The resource was changed by another request. Please try again."),
    413: ("invalid_request_error", None, "Maximum content size limit exceeded."),
    422: ("invalid_request_error", None, "The request was well-formed, but it cannot be processed."),
    429: (
        "requests",
        "rate_limit_exceeded",
        "Rate limit reached for requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 20s. Visit "
        "https://platform.openai.com/account/rate-limits to learn more.",
    ),
    500: (
        "server_error",
        None,
        "The server had an error processing your request. Sorry about that! You can retry your request, or contact us "
        f"through our help center at {HELP} if you keep seeing this error.",
    ),
    503: ("server_error", None, "The server is currently overloaded with other requests. Please try again later."),
}


# After a handler ----------------------------------------------------------------------------------------------------


def finish(call: Call, answer: Answer) -> None:
    """Request id always; version, time and rate limits as the provider shows them (recordings: response_headers).

    An answer for an unknown path, and a 401 or 404 of an inference endpoint, has the request id alone; such a 401 names its
    character set, that of another endpoint does not (recordings: 401 of chat completions and embeddings against those of
    models and responses). What the answer says itself stays.
    """
    number = ids.hex_token(32)
    inference = call.path.endswith(_INFERENCE_PATHS)
    if inference and answer.status == 401:
        answer.headers.setdefault("content-type", _WITH_CHARSET)
    if (inference and answer.status in (401, 404)) or (not call.operation and answer.status != 401):
        answer.headers.setdefault("x-request-id", f"req_{number}")
        return
    answer.headers = {
        "x-request-id": f"req_{number}",
        "openai-processing-ms": str(round(answer.seconds * 1000) or 5 + int(number[:2], 16)),
        **(_INFERENCE_HEADERS if inference or _is_response(call, answer) else _STANDING_HEADERS),
        **answer.headers,
    }


def _is_response(call: Call, answer: Answer) -> bool:
    return answer.status < 400 and call.path.endswith(_RESPONSES_PATHS)
