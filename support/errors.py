"""What can go wrong, one class for each kind; every error says what to do next in one sentence."""

from datetime import date
from decimal import Decimal
from typing import ClassVar

from support.values import Provider


class TouchstoneError(Exception):
    """Base of all errors that a provider, the gateway or a limit of the user causes.

    `kind` is the machine-readable name. `status` is the HTTP status (None: nothing was sent), `code` and `provider_message`
    are the provider's own words, `request_id` is the provider's, `sent` is the number of HTTP requests the call made.
    """

    kind: ClassVar[str] = "error"

    def __init__(
        self,
        message: str,
        *,
        provider: Provider | None = None,
        operation: str | None = None,
        status: int | None = None,
        code: str | None = None,
        param: str | None = None,
        provider_message: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        should_retry: bool | None = None,
        sent: int = 0,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.provider = provider
        self.operation = operation
        self.status = status
        self.code = code
        self.param = param
        self.provider_message = provider_message
        self.request_id = request_id
        self.retry_after = retry_after
        """Seconds that the provider asked to wait, where it said so."""
        self.should_retry = should_retry
        self.sent = sent

    def __str__(self) -> str:
        where = " ".join(part for part in (self.provider, self.operation) if part)
        return f"{where}: {self.message}" if where else self.message


class LocalFileMissing(TouchstoneError):
    """The path does not exist; nothing was sent."""

    kind = "local_file_missing"


class InvalidRequest(TouchstoneError):
    """The provider's 400 or 422, or the gateway's own check before anything is sent (`status` None); `param` names the field."""

    kind = "invalid_request"


class NotFound(TouchstoneError):
    """The resource does not exist for this key: 404, and on Gemini the 403 that says "it may not exist" (provider-facts 1.3)."""

    kind = "not_found"


class PermissionDenied(TouchstoneError):
    """403 for any other reason."""

    kind = "permission_denied"


class AuthenticationFailed(TouchstoneError):
    """The key is not accepted: 401, and on Gemini the 400 API_KEY_INVALID (provider-facts 1.3)."""

    kind = "authentication"


class Conflict(TouchstoneError):
    """The state of the resource does not allow it: 409, or Gemini's FAILED_PRECONDITION."""

    kind = "conflict"


class LimitExceeded(TouchstoneError):
    """A documented limit of size or number, seen before anything was sent, or the provider's 413."""

    kind = "limit_exceeded"


class RateLimited(TouchstoneError):
    """429, or Anthropic's 529, after the last attempt."""

    kind = "rate_limited"


class ServerError(TouchstoneError):
    """5xx after the last attempt, or a connection that was cut before the answer was complete."""

    kind = "server_error"


class RequestTimeout(TouchstoneError):
    """One request did not end in its time."""

    kind = "timeout"


class WaitTimeout(TouchstoneError):
    """A wait reached its deadline; the remote work goes on."""

    kind = "wait_timeout"


class Expired(TouchstoneError):
    """The provider ended it at its window."""

    kind = "expired"


class JobFailed(TouchstoneError):
    """A job reached `failed`; carries the provider's error."""

    kind = "job_failed"


class Unsupported(TouchstoneError):
    """The provider or model has no such feature: nothing is sent where that is known, else it is the provider's own refusal."""

    kind = "unsupported"


class Retired(TouchstoneError):
    """The endpoint or model is past its shutdown."""

    kind = "retired"

    def __init__(self, message: str, *, since: date, successor: str | None, provider: Provider | None = None) -> None:
        super().__init__(message, provider=provider)
        self.since = since
        self.successor = successor


class BudgetExceeded(TouchstoneError):
    """The call could have cost more than a limit leaves; it was not sent."""

    kind = "budget_exceeded"

    def __init__(
        self,
        message: str,
        *,
        cap: str,
        limit: Decimal,
        committed: Decimal,
        asked: Decimal,
        provider: Provider | None = None,
    ) -> None:
        super().__init__(message, provider=provider)
        self.cap = cap
        """`scenario`, `run` or `total`."""
        self.limit = limit
        self.committed = committed
        self.asked = asked


class UnknownPrice(TouchstoneError):
    """No price is known for the model."""

    kind = "unknown_price"


class InvalidState(TouchstoneError):
    """A saved session that cannot be read; it is left as it is."""

    kind = "invalid_state"


class ContextOverflow(TouchstoneError):
    """The input does not fit the model's window."""

    kind = "context_overflow"


class BadResponse(TouchstoneError):
    """The answer could not be understood."""

    kind = "bad_response"


class AllProvidersFailed(TouchstoneError):
    """Failover ran out of providers; `causes` has one error for each."""

    kind = "all_providers_failed"

    def __init__(self, message: str, *, causes: tuple[TouchstoneError, ...]) -> None:
        super().__init__(message)
        self.causes = causes


class SetupError(Exception):
    """The user's setting, file or machine does not allow the run; the message is one sentence that says what to do."""
