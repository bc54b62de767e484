"""generateContent, streamGenerateContent and countTokens (provider-facts 9.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from support.simulator.gemini import answers, messages, models, proto, queries
from support.simulator.gemini.errors import at_fault
from support.simulator.gemini.generation import REQUEST, settings_of
from support.simulator.gemini.prompt import prompt_of
from support.simulator.language_model import Reply, reply
from support.simulator.wire import MEBIBYTE, Answer, Call, Json, Route

if TYPE_CHECKING:
    from support.simulator.gemini.state import GeminiState

LARGEST_REQUEST = 20 * MEBIBYTE


def _answer(state: GeminiState, call: Call, version: str, *, streams: bool) -> answers.Answer:
    """Reads the request and asks the toy model."""
    queries.known(call)
    request = proto.read(messages.GENERATE, call.body, version)
    model = models.named(call.params["model"], version, "generateContent", REQUEST)
    prompt = prompt_of(request, state.files, call.now, model, REQUEST)
    settings = settings_of(request, model, streams)
    limit = settings.max_tokens - settings.thought_tokens
    said = reply(
        prompt.turns,
        system=prompt.system,
        documents=prompt.documents,
        tools=settings.tools,
        tool_choice=settings.tool_choice,
        schema=settings.schema,
        stop=settings.stop,
        max_tokens=limit,
    )
    if said.output_tokens > limit:  # a call of a function that does not fit is cut off, and of no use
        said = Reply("", (), "length", limit)
    return answers.Answer(model, prompt, settings, said)


def _generate(state: GeminiState, call: Call, version: str) -> Answer:
    answer = _answer(state, call, version, streams=False).whole()
    return Answer(200, answers.numbered(answer) if queries.wants_numbers(call) else answer)


def _stream(state: GeminiState, call: Call, version: str) -> Answer:
    chunks: Iterator[dict[str, Any]] = _answer(state, call, version, streams=True).chunks()
    if queries.wants_numbers(call):
        chunks = map(answers.numbered, chunks)
    if is_sse(call):
        return Answer(200, None, {"content-type": "text/event-stream"}, _events(chunks))
    return Answer(200, None, {"content-type": "application/json; charset=UTF-8"}, _array(chunks))


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
    """Counts `contents`, or a whole request with its system instruction and tools."""
    queries.known(call)
    request = proto.read(messages.COUNT, call.body, version)
    model = models.named(call.params["model"], version, "countTokens", "CountTokensRequest")
    whole = request.get("generateContentRequest")
    if whole is not None and request.get("contents"):  # unverified
        raise at_fault("CountTokensRequest", "contents", "contents and generate_content_request exclude each other")
    name = "CountTokensRequest" if whole is None else "CountTokensRequest.generate_content_request"
    prompt = prompt_of(request if whole is None else whole, state.files, call.now, model, name)
    answer = {"totalTokens": prompt.total, "promptTokensDetails": answers.details(prompt)}
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
    if call.operation == "chat.create" and answer.status == 200:
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
