"""The route of chat completions: the whole answer as one object, or as a stream of chunks (recordings: chat completions).

Unverified: sound in an answer that is not streamed, custom tools, moderation in an answer that is not streamed.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from pydantic_core import to_json

from support.simulator import ids, latency, tokenizer
from support.simulator.openai import chat_request, logprobs, moderation, speech
from support.simulator.openai.chat import Choice, Completion, complete
from support.simulator.openai.errors import PICTURE_LIMITS
from support.simulator.openai.state import OpenAIState
from support.simulator.wire import Answer, Call, Route


def create(state: OpenAIState, call: Call) -> Answer:
    moment = call.now.timestamp()
    state.fine_tuning.settle(state.files, moment)
    request = chat_request.read(call.body, state.files, int(moment), state.fine_tuning.models)
    prompt = request.prompt
    found = state.prompt_cache.use(prompt, request.model, request.caching, moment, call.durations)
    completion = complete(request, found, int(moment))
    uncached = prompt.total - found.cached
    seconds = latency.seconds(call.durations, uncached=uncached, cached=found.cached, output=completion.spoken)
    headers = dict(PICTURE_LIMITS) if prompt.image_tokens else {}
    if request.body.get("stream"):
        headers |= {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}
        return Answer(200, None, headers, events=stream(completion), seconds=seconds)
    return Answer(200, whole(completion), headers, seconds=seconds)


# One object -----------------------------------------------------------------------------------------------------------


def whole(completion: Completion) -> dict[str, Any]:
    """The answer in one piece."""
    request = completion.request
    body = {
        "id": completion.id,
        "object": "chat.completion",
        "created": completion.created,
        "model": request.model.snapshot,
        "choices": [_choice(completion, choice, index) for index, choice in enumerate(completion.choices)],
        "usage": completion.usage,
        "service_tier": completion.service_tier,
        "system_fingerprint": request.model.fingerprint,
    }
    if (asked := request.get("moderation")) is not None:
        body["moderation"] = moderation.verdict(asked, len(completion.choices))
    return body


def _choice(completion: Completion, choice: Choice, index: int) -> dict[str, Any]:
    request = completion.request
    message = _message(completion, choice)
    if request.top_logprobs is not None and not choice.tool_calls:
        content = logprobs.entries(choice.reply.pieces(), request.top_logprobs)
        probabilities: dict[str, Any] | None = {"content": content, "refusal": None}
    elif request.model.shows_logprobs:
        probabilities = None
    else:
        return {"index": index, "message": message, "finish_reason": choice.finish}
    return {"index": index, "message": message, "logprobs": probabilities, "finish_reason": choice.finish}


def _message(completion: Completion, choice: Choice) -> dict[str, Any]:
    if choice.tool_calls:
        message = {"role": "assistant", "content": None, **_called(completion, choice)}
        return {**message, "refusal": None, "annotations": []}
    if completion.request.speaks:
        audio = {
            "id": speech.new_id(),
            "data": speech.silence(choice.reply.output_tokens),
            "expires_at": completion.created + speech.LIFETIME_SECONDS,
            "transcript": choice.reply.text,
        }
        return {"role": "assistant", "content": None, "refusal": None, "audio": audio, "annotations": []}
    return {"role": "assistant", "content": choice.reply.text, "refusal": None, "annotations": []}


def _called(completion: Completion, choice: Choice) -> dict[str, Any]:
    """Calls in the spelling in which they were offered."""
    if completion.request.get("tools") is None:
        return {"function_call": choice.tool_calls[0]["function"]}
    return {"tool_calls": choice.tool_calls}


# A stream -------------------------------------------------------------------------------------------------------------


def stream(completion: Completion) -> Iterator[bytes]:
    """Server-sent events: chunks of every choice, the usage where it was asked for, `[DONE]`."""
    chunks = _Chunks(completion)
    yield from _interleaved([chunks.of(index, choice) for index, choice in enumerate(completion.choices)])
    if chunks.include_usage:
        yield chunks.event({"choices": [], "usage": completion.usage})
    if completion.request.speaks:
        end = {"audio": {"expires_at": completion.created + speech.LIFETIME_SECONDS}}
        yield chunks.event({"choices": [{"index": 0, "delta": end}]})
    if (asked := completion.request.get("moderation")) is not None:
        yield chunks.event({"choices": [], "moderation": moderation.verdict(asked, len(completion.choices))})
    yield b"data: [DONE]\n\n"


def _interleaved(choices: list[Iterator[bytes]]) -> Iterator[bytes]:
    """Chunk by chunk in turn; each choice begins with two (recording: streaming, `n` of 2, 2024-11)."""
    for choice in choices:
        yield from islice(choice, 2)
    while choices:
        for choice in tuple(choices):
            chunk = next(choice, None)
            if chunk is None:
                choices.remove(choice)
            else:
                yield chunk


class _Chunks:
    """Frames deltas as chunks of one completion."""

    def __init__(self, completion: Completion) -> None:
        request = completion.request
        options = request.get("stream_options", {})
        self.include_usage = bool(options.get("include_usage"))
        self._obfuscate = options.get("include_obfuscation") is not False
        self._top = request.top_logprobs
        self._speaks = request.speaks
        self._legacy = request.get("tools") is None
        self._shows_logprobs = request.model.shows_logprobs or self._top is not None
        self._head = {
            "id": completion.id,
            "object": "chat.completion.chunk",
            "created": completion.created,
            "model": request.model.snapshot,
            "service_tier": completion.service_tier,
            "system_fingerprint": request.model.fingerprint,
        }

    def event(self, rest: dict[str, Any]) -> bytes:
        """One `data:` line; its obfuscation hides how long the piece is."""
        chunk = {**self._head, **rest}
        if self.include_usage:
            chunk.setdefault("usage", None)
        if self._obfuscate:
            noise = ids.token(16)
            chunk["obfuscation"] = noise[: ord(noise[0]) % 16]
        return b"data: " + to_json(chunk) + b"\n\n"

    def _delta(
        self, index: int, delta: dict[str, Any], tokens: list[str] | None = None, finish: str | None = None
    ) -> bytes:
        choice: dict[str, Any] = {"index": index, "delta": delta}
        if self._shows_logprobs:
            known = self._top is not None and tokens is not None
            choice["logprobs"] = (
                {"content": logprobs.entries(tokens or [], self._top or 0), "refusal": None} if known else None
            )
        choice["finish_reason"] = finish
        return self.event({"choices": [choice]})

    def of(self, index: int, choice: Choice) -> Iterator[bytes]:
        """All chunks of one choice."""
        if choice.tool_calls:
            return self.calls(index, choice)
        return (self.sound if self._speaks else self.text)(index, choice)

    def text(self, index: int, choice: Choice) -> Iterator[bytes]:
        yield self._delta(index, {"role": "assistant", "content": "", "refusal": None}, [])
        for piece in choice.reply.pieces():
            yield self._delta(index, {"content": piece}, [piece])
        yield self._delta(index, {}, finish=choice.finish)

    def calls(self, index: int, choice: Choice) -> Iterator[bytes]:
        opening: dict[str, Any] = {"role": "assistant", "content": None}
        for position, call in enumerate(choice.tool_calls):
            kind, field = ("custom", "input") if call["type"] == "custom" else ("function", "arguments")
            started = {**call, kind: {**call[kind], field: ""}}
            yield self._delta(
                index, {**opening, **self._part(position, started, kind), **({"refusal": None} if opening else {})}
            )
            opening = {}
            for piece in tokenizer.split(call[kind][field]):
                yield self._delta(index, self._part(position, {kind: {field: piece}}, kind))
        yield self._delta(index, {}, finish=choice.finish)

    def _part(self, position: int, call: dict[str, Any], kind: str) -> dict[str, Any]:
        if self._legacy:
            return {"function_call": call[kind]}
        return {"tool_calls": [{"index": position, **call}]}

    def sound(self, index: int, choice: Choice) -> Iterator[bytes]:
        yield self._delta(index, {"role": "assistant", "refusal": None})
        opening: dict[str, Any] = {"content": None, "audio": {"id": speech.new_id()}}
        for piece in choice.reply.pieces():
            said = {**opening, "audio": {**opening.get("audio", {}), "transcript": piece}}
            yield self._delta(index, said)
            opening = {}
        yield self._delta(index, {"audio": {"data": speech.silence(choice.reply.output_tokens)}})
        yield self._delta(index, {}, finish=choice.finish)


ROUTES = (
    Route("POST", "/v1/chat/completions", "chat.create", create, "json"),
    # The recordings of one project (braintrust-sdk-java, 2026-05) were answered without the version in the path.
    Route("POST", "/chat/completions", "chat.create", create, "json"),
)
