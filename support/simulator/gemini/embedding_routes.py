"""embedContent and batchEmbedContents (provider-facts 6.2; recordings: batchEmbedContents)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.simulator.gemini import answers, messages, models, proto, queries
from support.simulator.gemini.embeddings import KINDS, MOST_REQUESTS, REQUEST, TASKS, Embedding, embedding
from support.simulator.gemini.errors import at_fault
from support.simulator.gemini.models import Model
from support.simulator.gemini.proto import INT32, TEXT, TRUTH, Enum, Message, Several
from support.simulator.wire import MEBIBYTE, Answer, Call, Route

if TYPE_CHECKING:
    from support.simulator.gemini.state import GeminiState

LARGEST_REQUEST = 20 * MEBIBYTE
METHOD = "embedContent"
"""Also a batch is refused by this name (recordings)."""
BATCH = "BatchEmbedContentsRequest"

ONE = Message(
    REQUEST,
    model=TEXT,
    content=messages.CONTENT,
    task_type=Enum("TaskType", {task: number for number, task in enumerate(TASKS)}),
    title=TEXT,
    output_dimensionality=INT32,
    auto_truncate=TRUTH,
)
_SEVERAL = Message(BATCH, model=TEXT, requests=Several(ONE))


def _embed(state: GeminiState, call: Call, version: str) -> Answer:
    queries.known(call)
    request = proto.read(ONE, call.body, version)
    model = models.named(call.params["model"], version, METHOD, REQUEST)
    found = embedding(request, model, REQUEST)
    return _told(call, model, {"embedding": {"values": found.values}}, [found])


def _embed_several(state: GeminiState, call: Call, version: str) -> Answer:
    """Each request names the model of the url again; words for one that names another are unverified."""
    queries.known(call)
    requests = proto.read(_SEVERAL, call.body, version).get("requests") or []
    model = models.named(call.params["model"], version, METHOD, BATCH)
    if not requests:
        raise at_fault(BATCH, "requests", "requests is not specified")
    if len(requests) > MOST_REQUESTS:
        raise at_fault(BATCH, "requests", f"at most {MOST_REQUESTS} requests can be in one batch")
    for number, request in enumerate(requests):
        if request.get("model", "").removeprefix("models/") != model.name:
            raise at_fault(BATCH, f"requests[{number}].model", f"must be models/{model.name}, as in the batch")
    found = [embedding(request, model, f"{BATCH}.requests[{number}]") for number, request in enumerate(requests)]
    return _told(call, model, {"embeddings": [{"values": one.values} for one in found]}, found)


def _told(call: Call, model: Model, body: dict[str, Any], found: list[Embedding]) -> Answer:
    """The answer, with usage if the model tells it: its details are `promptTokenDetails` here (recordings)."""
    if KINDS[model.name].tells_usage:
        tokens: dict[str, int] = {}
        for one in found:
            for modality, count in one.tokens.items():
                tokens[modality] = tokens.get(modality, 0) + count
        details = answers.details(tokens)
        if queries.wants_numbers(call):
            for entry in details:
                entry["modality"] = messages.MODALITY[entry["modality"]]
        body["usageMetadata"] = {"promptTokenCount": sum(tokens.values()), "promptTokenDetails": details}
    return Answer(200, body)


def routes(version: str) -> list[Route]:
    """`/VERSION/models/MODEL:embedContent` and `:batchEmbedContents`."""

    def route(method: str, handler: Any) -> Route:
        return Route(
            "POST",
            f"/{version}/models/{{model}}:{method}",
            "embeddings.create",
            lambda state, call: handler(state, call, version),
            "json",
            LARGEST_REQUEST,
        )

    return [route("embedContent", _embed), route("batchEmbedContents", _embed_several)]
