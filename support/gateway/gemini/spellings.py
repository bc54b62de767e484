"""Gemini's own contents, plain dictionaries or the SDK's types, read as the gateway's messages.

Whoever comes from the SDK has them. A part that a message could not say in the same way is refused by its place, not dropped.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from google.genai import types
from pydantic import ValidationError

from support.gateway import spellings
from support.gateway.refusing import refused
from support.gateway.spellings import place_of
from support.values import FileReference, Message, Provider

_ROLES = {None: "user", "user": "user", "model": "assistant"}


def messages_of(given: Sequence[object]) -> list[Message]:
    """The messages, in the gateway's words or in Gemini's; raises InvalidRequest, naming the message and the part."""
    read = [_read(index, each) if is_content(each) else each for index, each in enumerate(given)]
    return spellings.messages_of(Provider.GEMINI, read)


def is_content(given: object) -> bool:
    """Whether it is spelt in Gemini's way, which always has parts."""
    return isinstance(given, types.Content) or (isinstance(given, Mapping) and "parts" in given)


def _read(index: int, given: Any) -> dict[str, Any]:
    try:
        content = types.Content.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        raise refused(Provider.GEMINI, place_of(index, first["loc"]), first["msg"]) from None
    if content.role not in _ROLES:
        raise refused(Provider.GEMINI, place_of(index, ("role",)), f"is user or model, not {content.role!r}")
    text: str | None = None
    files: list[FileReference] = []
    for number, part in enumerate(content.parts or ()):
        place = place_of(index, ("parts", number))
        said = part.model_dump(exclude_none=True)
        if text is not None:
            raise refused(Provider.GEMINI, place, "comes after the text, which is one part and the last")
        if said.keys() == {"text"}:
            text = said["text"]
        elif said.keys() == {"file_data"}:
            files.append(_file(place, said["file_data"]))
        else:
            told = " and ".join(sorted(said)) or "nothing"
            raise refused(
                Provider.GEMINI, place, f"says {told}; a part is text or file_data, for all else give a Message"
            )
    if text is None:
        raise refused(Provider.GEMINI, place_of(index, ("parts",)), "the last one has to be a text")
    return {"role": _ROLES[content.role], "text": text, "files": files}


def _file(place: str, said: Mapping[str, Any]) -> FileReference:
    """A stored file by the uri that Gemini gave it, which ends with its name (recordings: gemini files)."""
    _, found, name = said.get("file_uri", "").rpartition("/files/")
    if not (found and name and said.get("mime_type")):
        raise refused(Provider.GEMINI, place, "file_data needs the file_uri of a stored file, and its mime_type")
    return FileReference(file_id=f"files/{name}", mime_type=said["mime_type"])
