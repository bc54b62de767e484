"""Errors of this backend: the provider's in the gateway's kinds, and the gateway's own about what only it keeps."""

from support.errors import Conflict, InvalidRequest, NotFound, SetupError, TouchstoneError, Unsupported
from support.gateway.openai import errors
from support.values import NewMessage, Provider

_WITHOUT_OUTPUT = "No tool output found for function call "
"""With these words the provider refuses to go on in a conversation where a function was called and gave nothing yet."""


def translate(error: Exception) -> TouchstoneError:
    """As everywhere at OpenAI; a store that cannot be used is the user's to mend, and no failure of the provider."""
    if isinstance(error, SetupError):
        raise error
    return errors.translate(error)


def translate_of_create(error: Exception) -> TouchstoneError:
    """As `translate`, for a new run: one that waits for outputs stands in its way (provider-facts 4.5)."""
    right = translate(error)
    if not (isinstance(right, InvalidRequest) and right.message.startswith(_WITHOUT_OUTPUT)):
        return right
    return Conflict(
        right.message,
        status=right.status,
        code=right.code,
        param=right.param,
        provider_message=right.provider_message,
        request_id=right.request_id,
    )


def not_kept(kind: str, id_: str) -> NotFound:
    """The gateway's own word, in the sentence that the older API has for it (provider-facts 4.4)."""
    return NotFound(f"No {kind} found with id '{id_}'.", provider=Provider.OPENAI)


def wrong_state(sentence: str) -> Conflict:
    return Conflict(sentence, provider=Provider.OPENAI)


def refuse_metadata(message: NewMessage) -> None:
    """A message is an item of a conversation, and items have none (provider-facts 4.5)."""
    if message.metadata:
        said = "a message has no metadata on OpenAI's Conversations; keep it on the thread"
        raise Unsupported(said, provider=Provider.OPENAI, param="metadata")
