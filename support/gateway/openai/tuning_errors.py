"""Refusals of fine-tuning in the gateway's kinds: a job's state, a model that cannot be tuned, the end of training at OpenAI."""

from datetime import date
from typing import TypeVar

from support.catalogue.lifecycle import retirement
from support.catalogue.limits import tuning_limits
from support.errors import Conflict, InvalidRequest, NotFound, PermissionDenied, Retired, TouchstoneError
from support.gateway.capabilities import Capability
from support.gateway.openai import errors
from support.values import Provider

Kind = TypeVar("Kind", bound=TouchstoneError)

NOT_TUNABLE = "model_not_available"
"""OpenAI's code for a model that it does not train, of which it does not say which ones it does (provider-facts 8.1)."""
_STATES = ("Job has already completed", " cannot be paused: ", " cannot be resumed: ")
"""Parts of the words with which a 400 says that a job's state does not allow it; those on pauses are unverified."""


def translate(error: Exception) -> TouchstoneError:
    """As anywhere at OpenAI; a 400 that is about a job's state is a conflict."""
    translated = errors.translate(error)
    if isinstance(translated, InvalidRequest) and any(words in translated.message for words in _STATES):
        return _told_as(Conflict, translated)
    return translated


def refused_creation(error: TouchstoneError, today: date) -> TouchstoneError:
    """What is not there is named in the request (provider-facts 8.1: 400 or 404); from its last day on, training is retired."""
    if isinstance(error, NotFound):
        return as_invalid(error)
    if error.code == NOT_TUNABLE:
        error.message += f" Models that can be tuned: {', '.join(tuning_limits(Provider.OPENAI).tunable)}."
    end = retirement(Provider.OPENAI, Capability.FINE_TUNING)
    if isinstance(error, PermissionDenied) and end is not None and end.has_happened(today):
        return retired(error, end.retired_on)
    return error


def retired(answer: TouchstoneError, since: date) -> Retired:
    """The provider's refusal, in the words of who knows that it is for good."""
    said = f"nobody can train a model at OpenAI since {since:%Y-%m-%d}; models that were tuned serve on until their base ends"
    error = Retired(said, since=since, successor=None, provider=Provider.OPENAI)
    error.status, error.code, error.param = answer.status, answer.code, answer.param
    error.provider_message, error.request_id = answer.provider_message, answer.request_id
    return error


def as_invalid(error: TouchstoneError) -> InvalidRequest:
    """The same refusal, as one of the request."""
    return _told_as(InvalidRequest, error)


def _told_as(kind: type[Kind], error: TouchstoneError) -> Kind:
    return kind(
        error.message,
        provider=error.provider,
        operation=error.operation,
        status=error.status,
        code=error.code,
        param=error.param,
        provider_message=error.provider_message,
        request_id=error.request_id,
        retry_after=error.retry_after,
        should_retry=error.should_retry,
        sent=error.sent,
    )
