"""A response as a stream of events, each with its number, without a last `[DONE]` (recordings: responses streaming, get).

Made from the whole response, so a stream that broke off can be taken up again. Unverified, for want of a recording: the events of
the code interpreter, of a response that failed, and the end of the stream of one that was cancelled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from pydantic_core import to_json

from support.simulator import ids, tokenizer
from support.simulator.openai import logprobs
from support.simulator.openai.responses_api import sealing, shown
from support.simulator.openai.responses_api.items import Item
from support.simulator.openai.responses_api.stored import Status, StoredResponse

Event: TypeAlias = dict[str, Any]


def stream(one: StoredResponse, *, obfuscate: bool, after: int = -1) -> Iterator[bytes]:
    """Server-sent events, those up to number `after` left out."""
    for number, event in enumerate(_events(one)):
        if number <= after:
            continue
        if "delta" in event and obfuscate and event["type"] != "response.reasoning_summary_text.delta":
            noise = ids.token(16)
            event["obfuscation"] = noise[: ord(noise[0]) % 16]
        kind = event.pop("type")
        ordered = {"type": kind, **{key: event[key] for key in sorted(event)}, "sequence_number": number}
        yield b"event: " + kind.encode() + b"\ndata: " + to_json(ordered) + b"\n\n"


def _events(one: StoredResponse) -> Iterator[Event]:
    first: Status = "queued" if one.background else "in_progress"
    yield {"type": "response.created", "response": shown.response(one, first)}
    if one.background:
        yield {"type": "response.queued", "response": shown.response(one, "queued")}
    yield {"type": "response.in_progress", "response": shown.response(one, "in_progress")}
    if one.cancelled:
        return
    if one.outcome != "failed":
        for index, item in enumerate(one.output):
            yield from _item(one, item, index)
    yield {"type": f"response.{one.outcome}", "response": shown.response(one, one.outcome, billed=False)}


def _item(one: StoredResponse, item: Item, index: int) -> Iterator[Event]:
    kind = item["type"]
    place: Event = {"output_index": index}
    yield {"type": "response.output_item.added", "item": _begun(item), **place}
    inner = _INNER.get(kind)
    if inner is not None:
        yield from inner(one, item, {**place, "item_id": item["id"]})
    yield {"type": "response.output_item.done", "item": shown.item(item, one.include), **place}


def _begun(item: Item) -> Item:
    """An item before anything is in it."""
    kind = item["type"]
    if kind == "reasoning":
        begun: Item = {**item, "summary": []}
        if "encrypted_content" in item:
            begun["encrypted_content"] = sealing.reasoning()
        return begun
    started: Item = {**item, "status": "in_progress"}
    return {**started, **_EMPTY.get(kind, {})}


_EMPTY: dict[str, dict[str, Any]] = {
    "message": {"content": []},
    "function_call": {"arguments": ""},
    "file_search_call": {"queries": [], "results": None},
    "code_interpreter_call": {"code": "", "outputs": None},
}


def _reasoning(one: StoredResponse, item: Item, place: Event) -> Iterator[Event]:
    del one
    for number, part in enumerate(item["summary"]):
        at = {**place, "summary_index": number}
        yield {"type": "response.reasoning_summary_part.added", "part": {**part, "text": ""}, **at}
        for piece in tokenizer.split(part["text"]):
            yield {"type": "response.reasoning_summary_text.delta", "delta": piece, **at}
        yield {"type": "response.reasoning_summary_text.done", "text": part["text"], **at}
        yield {"type": "response.reasoning_summary_part.done", "part": part, **at}


def _message(one: StoredResponse, item: Item, place: Event) -> Iterator[Event]:
    """Citations come where they stand in the text (recordings: file search)."""
    told = "message.output_text.logprobs" in one.include
    for number, part in enumerate(item["content"]):
        at = {**place, "content_index": number}
        text, waiting = part["text"], list(enumerate(part["annotations"]))
        yield {
            "type": "response.content_part.added",
            "part": {**part, "annotations": [], "logprobs": [], "text": ""},
            **at,
        }
        position = 0
        for piece in tokenizer.split(text):
            while waiting and 0 < waiting[0][1].get("index", len(text)) < position + len(piece):
                yield _annotated(*waiting.pop(0), at)
            known = logprobs.entries([piece], one.settings["top_logprobs"]) if told else []
            yield {"type": "response.output_text.delta", "delta": piece, "logprobs": known, **at}
            position += len(piece)
        for annotation_index, annotation in waiting:
            yield _annotated(annotation_index, annotation, at)
        yield {"type": "response.output_text.done", "logprobs": part["logprobs"], "text": text, **at}
        yield {"type": "response.content_part.done", "part": part, **at}


def _annotated(number: int, annotation: dict[str, Any], at: Event) -> Event:
    return {
        "type": "response.output_text.annotation.added",
        "annotation": annotation,
        "annotation_index": number,
        **at,
    }


def _function_call(one: StoredResponse, item: Item, place: Event) -> Iterator[Event]:
    del one
    for piece in tokenizer.split(item["arguments"]):
        yield {"type": "response.function_call_arguments.delta", "delta": piece, **place}
    yield {"type": "response.function_call_arguments.done", "arguments": item["arguments"], **place}


def _file_search(one: StoredResponse, item: Item, place: Event) -> Iterator[Event]:
    del one, item
    for step in ("in_progress", "searching", "completed"):
        yield {"type": f"response.file_search_call.{step}", **place}


def _code_interpreter(one: StoredResponse, item: Item, place: Event) -> Iterator[Event]:
    del one
    yield {"type": "response.code_interpreter_call.in_progress", **place}
    for piece in tokenizer.split(item["code"]):
        yield {"type": "response.code_interpreter_call_code.delta", "delta": piece, **place}
    yield {"type": "response.code_interpreter_call_code.done", "code": item["code"], **place}
    for step in ("interpreting", "completed"):
        yield {"type": f"response.code_interpreter_call.{step}", **place}


_INNER: dict[str, Callable[[StoredResponse, Item, Event], Iterator[Event]]] = {
    "reasoning": _reasoning,
    "message": _message,
    "function_call": _function_call,
    "file_search_call": _file_search,
    "code_interpreter_call": _code_interpreter,
}
