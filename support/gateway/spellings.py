"""Messages as callers write them down: as values, or as plain dictionaries with the same fields."""

from collections.abc import Sequence

from pydantic import ValidationError

from support.gateway.refusing import refused
from support.values import Message, Provider


def messages_of(provider: Provider, given: Sequence[object]) -> list[Message]:
    """The messages; one that is none is refused by its place, `messages[1].files[0].mime_type`."""
    return [_message(provider, index, each) for index, each in enumerate(given)]


def _message(provider: Provider, index: int, given: object) -> Message:
    try:
        return Message.model_validate(given)  # a value is taken as it is
    except ValidationError as error:
        first = error.errors()[0]
        raise refused(provider, place_of(index, first["loc"]), first["msg"]) from None


def place_of(index: int, path: Sequence[int | str]) -> str:
    """A place inside a message, as one writes it in Python."""
    inside = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return f"messages[{index}]{inside}"
