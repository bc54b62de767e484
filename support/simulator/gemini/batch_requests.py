"""Requests that make a batch: their messages, and what Google refuses of them at once (provider-facts 7.3).

What is no message at all is refused when the batch is made, what the model would refuse comes back with the results.
Unverified: that, and the words of all refusals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from support.simulator.batching import lines_of
from support.simulator.gemini import messages, proto
from support.simulator.gemini.batches import Method
from support.simulator.gemini.embedding_routes import ONE
from support.simulator.gemini.errors import at_fault, file_not_accessible
from support.simulator.gemini.files import Files
from support.simulator.gemini.proto import INT64, STRUCT, TEXT, VALUE, Kind, Message, Place, Reader, Several
from support.simulator.wire import Call, Json

REQUESTS: dict[Method, str] = {
    "batchGenerateContent": "BatchGenerateContentRequest",
    "asyncBatchEmbedContent": "AsyncBatchEmbedContentRequest",
}
_FIELD = "batch.input_config"


class _AsSent:
    """A message that is checked now and read later: it stays as it was sent."""

    __slots__ = ("_message",)

    def __init__(self, message: Message) -> None:
        self._message = message

    def read(self, value: Json, place: Place, reader: Reader) -> Json:
        self._message.read(value, place, reader)
        return value


def _message(name: str, request: Message) -> Message:
    sent: Kind = _AsSent(request)
    inlined = Message("InlinedRequest", request=sent, metadata=STRUCT)
    config = Message(
        "InputConfig",
        {"source": ("file_name", "requests")},
        file_name=TEXT,
        requests=Message("InlinedRequests", requests=Several(inlined)),
    )
    output_only = dict.fromkeys(("create_time", "end_time", "update_time", "batch_stats", "state", "output"), VALUE)
    batch = Message(
        "GenerateContentBatch",
        model=TEXT,
        name=TEXT,
        display_name=TEXT,
        input_config=config,
        priority=INT64,
        webhook_config=VALUE,
        **output_only,
    )
    return Message(name, model=TEXT, batch=batch)


_MESSAGES: dict[Method, Message] = {
    "batchGenerateContent": _message(REQUESTS["batchGenerateContent"], messages.GENERATE),
    "asyncBatchEmbedContent": _message(REQUESTS["asyncBatchEmbedContent"], ONE),
}


@dataclass(frozen=True, slots=True)
class NewBatch:
    """What a request for a batch asks for; the requests as JSON lines."""

    display_name: str | None
    requests: bytes
    total: int
    is_inline: bool


def read(call: Call, method: Method, version: str, files: Files) -> NewBatch:
    """Reads a request for a batch, or refuses it."""
    sent: dict[str, Any] = proto.read(_MESSAGES[method], call.body, version).get("batch") or {}
    config: dict[str, Any] = sent.get("inputConfig") or {}
    file_name = config.get("fileName")
    if file_name:
        data = _content(file_name, call, files)
        total = sum(1 for _ in lines_of(data))
        if not total:
            raise at_fault(REQUESTS[method], f"{_FIELD}.file_name", "the file has no requests")
        return NewBatch(sent.get("displayName"), data, total, False)
    requests = (config.get("requests") or {}).get("requests") or []
    if not requests:
        raise at_fault(REQUESTS[method], _FIELD, "input_config must have a file_name or requests")
    for number, one in enumerate(requests):
        if not one.get("request"):
            raise at_fault(
                REQUESTS[method], f"{_FIELD}.requests.requests[{number}].request", "request is not specified"
            )
    return NewBatch(sent.get("displayName"), b"\n".join(map(to_json, requests)), len(requests), True)


def _content(name: str, call: Call, files: Files) -> bytes:
    file = files.find(name.removeprefix("files/"), call.now)
    if file is None:
        raise file_not_accessible(name.removeprefix("files/"))
    return file.data
