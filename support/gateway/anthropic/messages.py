"""The gateway's messages as Anthropic's: text, and content blocks where there is more (provider-facts 2.2 and 9.2)."""

from collections.abc import Sequence
from typing import Any

from support.gateway.anthropic.chat_tools import call_block, output_block
from support.values import FileReference, Message, Picture


def conversation(messages: Sequence[Message], system: str | None) -> dict[str, Any]:
    """What answering and counting have in common: the SDK's arguments `messages` and, where there is one, `system`."""
    arguments: dict[str, Any] = {"messages": [turn(message) for message in messages]}
    if system is not None:
        arguments["system"] = system
    return arguments


def turn(message: Message) -> dict[str, Any]:
    """One message: outputs of functions come first, as the API demands, files before the text that asks about them, calls last."""
    blocks = [output_block(output) for output in message.outputs]
    blocks += [reference_block(file) for file in message.files]
    blocks += [picture_block(picture) for picture in message.pictures]
    if not blocks and not message.calls:
        return {"role": message.role, "content": message.text}
    if message.text:
        blocks.append({"type": "text", "text": message.text})
    blocks += [call_block(call) for call in message.calls]
    return {"role": message.role, "content": blocks}


def reference_block(file: FileReference) -> dict[str, Any]:
    """A stored file by its id: a picture is an image block, all else a document block."""
    kind = "image" if file.mime_type.startswith("image/") else "document"
    return {"type": kind, "source": {"type": "file", "file_id": file.file_id}}


def picture_block(picture: Picture) -> dict[str, Any]:
    """A picture by its bytes."""
    source = {"type": "base64", "media_type": picture.mime_type, "data": picture.base64}
    return {"type": "image", "source": source}
