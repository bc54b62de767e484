"""generateContent, streamGenerateContent and countTokens (provider-facts 9.3; with a cache 3.1, with a File Search store 5.2).

Live, prefixes are cached also where nobody asks, without a guarantee: the simulator caches only what a request names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from support.simulator import latency
from support.simulator.gemini import answers, grounding, messages, models, proto, queries
from support.simulator.gemini.caches import with_cached
from support.simulator.gemini.errors import at_fault
from support.simulator.gemini.generation import REQUEST, settings_of
from support.simulator.gemini.prompt import Prompt, prompt_of
from support.simulator.language_model import Document, Reply, reply
from support.simulator.wire import MEBIBYTE, Answer, Call, Json, Route

if TYPE_CHECKING:
    from support.simulator.gemini.state import GeminiState

LARGEST_REQUEST = 20 * MEBIBYTE


def _answer(state: GeminiState, call: Call, version: str, *, streams: bool) -> answers.Answer:
    """Reads the request and asks the toy model."""
    queries.known(call)
    request = proto.read(messages.GENERATE, call.body, version)
    model = models.named(call.params["model"], version, "generateContent", REQUEST)
    request, prompt = _prompt(state, call, request, model, REQUEST)
    settings = settings_of(request, model, streams)
    passages = grounding.found(request, state.stores, prompt, call.now, REQUEST)
    limit = settings.max_tokens - settings.thought_tokens
    said = reply(
        prompt.turns,
        system=prompt.system,
        documents=[*prompt.documents, *(Document(found.title or "", found.text) for found in passages or ())],
        tools=settings.tools,
        tool_choice=settings.tool_choice,
        schema=settings.schema,
        stop=settings.stop,
        max_tokens=limit,
        parallel=True,
    )
    if said.output_tokens > limit:  # a call of a function that does not fit is cut off, and of no use
        said = Reply("", (), "length", limit)
    return answers.Answer(model, prompt, settings, said, passages)


def _prompt(
    state: GeminiState, call: Call, request: dict[str, Any], model: models.Model, name: str
) -> tuple[dict[str, Any], Prompt]:
    """The request with the tools of the cache it names, and all that the model is given."""
    cache = state.caches.named_in(request, call.now)
    if cache is None:
        return request, prompt_of(request, state.files, call.now, model, name)
    settled = with_cached(request, cache, model)
    return settled, prompt_of(request, state.files, call.now, model, name, cache.prompt)


def _seconds(call: Call, answer: answers.Answer) -> float:
    cached = answer.prompt.total_cached
    read = answer.prompt.total - cached + grounding.tokens(answer.passages)
    return latency.seconds(call.durations, uncached=read, cached=cached, output=answer.tokens)


def _generate(state: GeminiState, call: Call, version: str) -> Answer:
    answer = _answer(state, call, version, streams=False)
    whole = answer.whole()
    return Answer(
        200, answers.numbered(whole) if queries.wants_numbers(call) else whole, seconds=_seconds(call, answer)
    )


def _stream(state: GeminiState, call: Call, version: str) -> Answer:
    answer = _answer(state, call, version, streams=True)
    seconds = _seconds(call, answer)
    chunks: Iterator[dict[str, Any]] = answer.chunks()
    if queries.wants_numbers(call):
        chunks = map(answers.numbered, chunks)
    if is_sse(call):
        return Answer(200, None, {"content-type": "text/event-stream"}, _events(chunks), seconds)
    return Answer(200, None, {"content-type": "application/json; charset=UTF-8"}, _array(chunks), seconds)


def _events(chunks: Iterator[Json]) -> Iterator[bytes]:
    """Server-sent events with CRLF and without a terminator."""
    for chunk in chunks:
        yield b"data: " + to_json(chunk) + b"\r\n\r\n"


def _array(chunks: Iterator[Json]) -> Iterator[bytes]:
    """One JSON array, an element at a time."""
    start = b"["
    for chunk in chunks:
        yield start + to_json(chunk)
        start = b",\r\n"
    yield b"]"


def _count(state: GeminiState, call: Call, version: str) -> Answer:
    """Counts `contents`, or a whole request with its system instruction, tools and cache (with one: unverified)."""
    queries.known(call)
    request = proto.read(messages.COUNT, call.body, version)
    model = models.named(call.params["model"], version, "countTokens", "CountTokensRequest")
    whole = request.get("generateContentRequest")
    if whole is not None and request.get("contents"):  # unverified
        raise at_fault("CountTokensRequest", "contents", "contents and generate_content_request exclude each other")
    name = "CountTokensRequest" if whole is None else "CountTokensRequest.generate_content_request"
    _, prompt = _prompt(state, call, request if whole is None else whole, model, name)
    answer: dict[str, Any] = {"totalTokens": prompt.total}
    if prompt.cached:
        answer["cachedContentTokenCount"] = prompt.total_cached
    answer["promptTokensDetails"] = answers.details(prompt.tokens)
    if prompt.cached:
        answer["cacheTokensDetails"] = answers.details(prompt.cached)
    return Answer(200, answers.numbered(answer) if queries.wants_numbers(call) else answer)


def is_sse(call: Call) -> bool:
    """Whether a stream is asked for as server-sent events, and not as one JSON array."""
    return "sse" in call.query.get("alt", ())


def finish(call: Call, answer: Answer) -> None:
    """Standing headers; a refused stream is an array of one, or plain JSON under the content type of a stream (recordings)."""
    if call.path.endswith(":streamGenerateContent") and answer.events is None:
        if is_sse(call):
            answer.headers.setdefault("content-type", "text/event-stream")
        elif isinstance(answer.body, dict):
            answer.body = [answer.body]
    if call.path.endswith(":generateContent") and answer.status == 200:
        # Never on a stream, in none of the recordings of 2026 that tell all headers.
        answer.headers.setdefault("x-gemini-service-tier", "standard")


def routes(version: str) -> list[Route]:
    """`/VERSION/models/MODEL:METHOD`."""
    model = f"/{version}/models/{{model}}"

    def route(method: str, operation: str, handler: Any) -> Route:
        return Route(
            "POST",
            f"{model}:{method}",
            operation,
            lambda state, call: handler(state, call, version),
            "json",
            LARGEST_REQUEST,
        )

    return [
        route("generateContent", "chat.create", _generate),
        route("streamGenerateContent", "chat.create", _stream),
        route("countTokens", "tokens.count", _count),
    ]
