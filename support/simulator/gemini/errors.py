"""Gemini's errors: google.rpc.Status in JSON, and the words for each case (provider-facts 1.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from support.simulator.wire import Answer, Refusal

TYPES = "type.googleapis.com/google.rpc."

# HTTP status -> google.rpc code word; what is not here is UNKNOWN.
_WORDS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}

_NO_KEY = (
    "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other "
    "form of API consumer identity to call this API."
)
_BAD_KEY = "API key not valid. Please pass a valid API key."
_CAPACITY = "Resource has been exhausted (e.g. check quota)."
_QUOTA = (
    "You exceeded your current quota, please check your plan and billing details. For more information on this error, "
    "head to: https://ai.google.dev/gemini-api/docs/rate-limits. To monitor your current usage, head to: "
    "https://ai.dev/rate-limit. \n* Quota exceeded for metric: {metric}, limit: 1000000, model: gemini-2.5-flash\n"
    "Please retry in {delay}s."
)
_METRIC = "generativelanguage.googleapis.com/generate_content_paid_tier_input_token_count"

# What a scripted failure says where its script names no words; 408 and 502 are not known to come from Gemini (unverified).
_USUAL = {
    400: "Request contains an invalid argument.",
    401: "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
    "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
    403: "The caller does not have permission",
    404: "Requested entity was not found.",
    409: "Requested entity already exists",
    413: "Request payload size exceeds the limit: 20971520 bytes.",
    429: _CAPACITY,
    499: "The operation was cancelled.",
    500: "An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting",
    503: "The model is overloaded. Please try again later.",
    504: "Deadline expired before operation could complete.",
}


def status(http: int, message: str, *, word: str | None = None, details: Sequence[Any] = ()) -> Answer:
    """The envelope; `details` is left out when empty."""
    error: dict[str, Any] = {"code": http, "message": message, "status": word or _WORDS.get(http, "UNKNOWN")}
    if details:
        error["details"] = list(details)
    return Answer(http, {"error": error})


def invalid(message: str) -> Refusal:
    """400 INVALID_ARGUMENT without details."""
    return Refusal(status(400, message))


def at_fault(request: str, field: str, why: str) -> Refusal:
    """400 in the words of Google's request validation: `* GenerateContentRequest.contents: contents is not specified`."""
    return Refusal(status(400, f"* {request}.{field}: {why}\n"))


def violations(found: Sequence[tuple[str, str]]) -> Refusal:
    """400 for fields that JSON cannot be read into: (path of the field, or "" at the top; the sentence) for each."""
    listed = [{"field": path, "description": said} if path else {"description": said} for path, said in found]
    detail = {"@type": TYPES + "BadRequest", "fieldViolations": listed}
    return Refusal(status(400, "\n".join(said for _, said in found), details=[detail]))


def file_not_accessible(name: str) -> Refusal:
    """A file that is missing, deleted, expired or another key's: 403, not 404."""
    return Refusal(status(403, f"You do not have permission to access the File {name} or it may not exist."))


def cache_not_accessible() -> Refusal:
    """A cache that is missing, deleted, expired or another key's: 403."""
    return Refusal(status(403, "CachedContent not found (or permission denied)"))


def store_not_accessible(store_id: str) -> Refusal:
    """A File Search store that is missing, deleted or another key's: 403."""
    return Refusal(
        status(403, f"You do not have permission to access the file search store {store_id} or it may not exist.")
    )


def document_missing() -> Refusal:
    """A document that its store does not have; the status is unverified."""
    return Refusal(status(404, "Documents does not exist."))


def operation_missing() -> Refusal:
    """Words unverified."""
    return Refusal(status(404, _USUAL[404]))


def failed_precondition(message: str) -> Refusal:
    """400 for what the state of things forbids."""
    return Refusal(status(400, message, word="FAILED_PRECONDITION"))


def model_not_found(model: str, version: str, method: str) -> Refusal:
    """An unknown model, or one without this method."""
    return Refusal(
        status(
            404,
            f"models/{model} is not found for API version {version}, or is not supported for {method}. "
            "Call ModelService.ListModels to see the list of available models and their supported methods.",
        )
    )


def already_exists() -> Refusal:
    """A name that is taken; words unverified."""
    return Refusal(status(409, "Requested entity already exists"))


def wants_oauth() -> Refusal:
    """A method that takes no API key."""
    return Refusal(
        status(
            401,
            "API keys are not supported by this API. Expected OAuth2 access token or other authentication credentials that "
            "assert a principal. See https://cloud.google.com/docs/authentication",
            details=[_reason("CREDENTIALS_MISSING")],
        )
    )


# What the core asks for ----------------------------------------------------------------------------------------------


def refuse_no_key() -> Answer:
    return status(403, _NO_KEY)


def refuse_bad_key(key: str) -> Answer:
    """The key is not repeated."""
    del key
    localized = {"@type": TYPES + "LocalizedMessage", "locale": "en-US", "message": _BAD_KEY}
    return status(400, _BAD_KEY, details=[_reason("API_KEY_INVALID"), localized])


def unknown_path(method: str, path: str) -> Answer:
    """Words unverified: live, an unknown path may get a page in HTML."""
    del method, path
    return status(404, "Method not found.")


def malformed_body(detail: str) -> Answer:
    """Broken JSON; what follows the first sentence is the parser's own (unverified)."""
    said = f"Invalid JSON payload received. {detail}"
    broken = {"@type": TYPES + "BadRequest", "fieldViolations": [{"description": said}]}
    return status(400, said, details=[broken])


def too_large(limit: int) -> Answer:
    return status(400, f"Request payload size exceeds the limit: {limit} bytes.")


def internal() -> Answer:
    return status(500, _USUAL[500])


def failure(http: int, retry_after: float | None, message: str | None) -> Answer:
    """A scripted failure. There is no Retry-After: the delay is in `RetryInfo.retryDelay`."""
    if retry_after is None:
        return status(http, message or _USUAL.get(http, "Unknown Error."))
    delay = {"@type": TYPES + "RetryInfo", "retryDelay": f"{retry_after:g}s"}
    if http != 429:
        return status(http, message or _USUAL.get(http, "Unknown Error."), details=[delay])
    said = message or _QUOTA.format(metric=_METRIC, delay=f"{retry_after:g}")
    return status(429, said, details=[_HELP, _EXHAUSTED, delay])


def _reason(reason: str) -> dict[str, Any]:
    service = {"service": "generativelanguage.googleapis.com"}
    return {"@type": TYPES + "ErrorInfo", "reason": reason, "domain": "googleapis.com", "metadata": service}


_HELP = {
    "@type": TYPES + "Help",
    "links": [
        {
            "description": "Learn more about Gemini API quotas",
            "url": "https://ai.google.dev/gemini-api/docs/rate-limits",
        }
    ],
}
_EXHAUSTED = {
    "@type": TYPES + "QuotaFailure",
    "violations": [
        {
            "quotaMetric": _METRIC,
            "quotaId": "GenerateContentPaidTierInputTokensPerModelPerMinute",
            "quotaDimensions": {"model": "gemini-2.5-flash", "location": "global"},
            "quotaValue": "1000000",
        }
    ],
}
