"""Errors of the Assistants API: those of OpenAI, and the one that says that it is switched off (provider-facts 4.0, 4.4)."""

from support.catalogue.lifecycle import retirement
from support.errors import NotFound, Retired, TouchstoneError
from support.gateway.capabilities import Capability
from support.gateway.openai import errors
from support.values import Provider


def translate(error: Exception) -> TouchstoneError:
    """As anywhere at OpenAI; an answer that does not know the URL is that of an API which is no more."""
    translated = errors.translate(error)
    return switched_off(translated) if knows_no_such_url(translated) else translated


def knows_no_such_url(error: TouchstoneError) -> bool:
    """Whether nothing listens there; the words are those for any unknown URL (unverified for this API)."""
    return isinstance(error, NotFound) and (error.code == "unknown_url" or error.message.startswith("Invalid URL"))


def switched_off(answer: TouchstoneError) -> Retired:
    """What to do about it, with the provider's own words kept."""
    end = retirement(Provider.OPENAI, Capability.ASSISTANTS_V2)
    assert end is not None, "the catalogue lacks the end of the Assistants API"
    retired = Retired(
        f"the Assistants API was switched off on {end.retired_on:%Y-%m-%d}: use Responses and Conversations instead, "
        "which are gateway.assistants",
        since=end.retired_on,
        successor=end.successor,
        provider=Provider.OPENAI,
    )
    retired.status = answer.status
    retired.code = answer.code
    retired.provider_message = answer.provider_message
    retired.request_id = answer.request_id
    return retired
