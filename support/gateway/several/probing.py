"""Whether a cell of the matrix is true: the smallest call that shows it, and what it made removed again."""

import json
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from support.catalogue.fixtures import fixture
from support.catalogue.limits import file_limits
from support.catalogue.models import Role, model_for
from support.errors import BadResponse, Retired, TouchstoneError, Unsupported
from support.gateway.capabilities import Capability, ProviderGateway
from support.gateway.markers import random_token
from support.gateway.several.judging import FEATURES, WAY_OF, Cell, demand
from support.gateway.several.workflow import listening
from support.values import (
    BatchRequest,
    CacheKey,
    CacheMarks,
    CacheReference,
    CacheUse,
    ChatAnswer,
    FunctionTool,
    Message,
    Picture,
    Provider,
)

SHORT = "Answer with one word: what is the capital of France?"
WORDS_TO_CACHE = 1500
"""More than the least that any provider keeps."""
MOST_ASKS = 4
"""Of the same question, until a provider that caches on its own has it in its cache."""


@dataclass(frozen=True, slots=True)
class Probed:
    """What became of one cell's call."""

    cell: Cell
    holds: bool
    said: str
    """In one sentence, where it does not hold: how the provider differs from the cell."""
    requests: int
    """HTTP requests of the call, clean-up included."""
    error: TouchstoneError | None = field(default=None, repr=False)


async def probe(cell: Cell, gateway: ProviderGateway) -> Probed:
    """Makes the cell's call: a "yes" must succeed, a "no" be Unsupported and a "retired" be Retired.

    An Unsupported must name the provider and what it lacks, and nothing may have been sent.
    """
    error: TouchstoneError | None = None
    with listening() as events:
        try:
            await call_of(cell)(gateway, cell)
        except TouchstoneError as failure:
            error = failure
    requests = sum(len(event.exchanges) for event in events)
    said = fault_of(cell, error, requests)
    return Probed(cell, not said, said, requests, error)


def fault_of(cell: Cell, error: TouchstoneError | None, requests: int) -> str:
    """How the call's outcome differs from what the cell says; empty where it does not."""
    about = f"{cell.provider} {cell.words}{f' with {cell.model}' if cell.model else ''} is told as {cell.answer}"
    if cell.answer == "yes":
        return f"{about}, but the call failed as {error.kind}: {error}" if error is not None else ""
    if error is None:
        return f"{about}, but the call succeeded"
    if cell.answer == "retired":
        return "" if isinstance(error, Retired) else f"{about}, but the call failed as {error.kind}: {error}"
    if not isinstance(error, Unsupported):
        return f"{about}, but the call failed as {error.kind}: {error}"
    if requests:
        return f"{about}, but {requests} requests were sent"
    if error.provider is not cell.provider or not names(error, cell):
        return f"{about}, but the refusal does not name both: {error.message}"
    return ""


_WORDS: Mapping[str, str] = {"cache_control": "marks", "explicit_cache": "objects", "automatic_cache": "a key"}


def names(error: TouchstoneError, cell: Cell) -> bool:
    """Whether a refusal says who lacks what."""
    said = str(error).lower()
    return cell.provider.lower() in said and (cell.words in said or _WORDS.get(cell.name, cell.words) in said)


Call = Callable[[ProviderGateway, Cell], Awaitable[object]]


def call_of(cell: Cell) -> Call:
    """The smallest call that shows whether the cell is true."""
    return CALLS[cell.name]


# One call a cell ------------------------------------------------------------------------------------------------------


def _model(gateway: ProviderGateway, cell: Cell, role: Role = "chat") -> str:
    known = model_for(gateway.provider, role)
    return cell.model or (known.id if known is not None else "none")


def _purpose(provider: Provider) -> str | None:
    return "user_data" if file_limits(provider).purposes is not None else None


async def _ask(gateway: ProviderGateway, cell: Cell, **more: Any) -> ChatAnswer:
    message = Message(role="user", text=more.pop("text", SHORT), pictures=more.pop("pictures", ()))
    limit = more.pop("max_output_tokens", 200)
    return await gateway.chat.ask((message,), model=_model(gateway, cell), max_output_tokens=limit, **more)


def demand_of_model(provider: Provider, name: str, cell: Cell) -> None:
    """Refuses a model that cannot, before anything is sent; of a provider its gateway itself speaks, and of an end the provider."""
    if cell.model is not None:
        demand(provider, name, cell.model, on=date.min)


async def _files(gateway: ProviderGateway, cell: Cell) -> None:
    files = gateway.files
    with TemporaryDirectory(prefix="touchstone-") as folder:
        path = Path(folder) / "probe.txt"
        path.write_text("A probe.\n", encoding="utf-8")
        stored = await files.upload(path, purpose=_purpose(gateway.provider))
    await files.delete(stored.id)


async def _caches(gateway: ProviderGateway, cell: Cell) -> None:
    caches = gateway.caches
    kept = await caches.create(model=_model(gateway, cell, "caching"), system=_long_text(), ttl="60s")
    await caches.delete(kept.id)


async def _vector_stores(gateway: ProviderGateway, cell: Cell) -> None:
    stores = gateway.vector_stores
    made = await stores.create("probe")
    await stores.delete(made.id)


async def _embeddings(gateway: ProviderGateway, cell: Cell) -> None:
    embedder = gateway.embeddings
    made = await embedder.embed(("A probe.",), model=_model(gateway, cell, "embeddings"))
    if not any(made.vectors[0]):
        raise BadResponse("the vector is zero", provider=gateway.provider, operation="embeddings.create")


async def _corpora(gateway: ProviderGateway, cell: Cell) -> object:
    return gateway.corpora


async def _assistants(gateway: ProviderGateway, cell: Cell) -> None:
    desk = gateway.assistants if cell.name == Capability.ASSISTANTS else gateway.assistants_v2
    made = await desk.create(model=_model(gateway, cell), name="probe")
    try:
        thread = await desk.threads.create()
        await desk.threads.delete(thread.id)
    finally:
        await desk.delete(made.id)


async def _batches(gateway: ProviderGateway, cell: Cell) -> None:
    batches = gateway.batches
    asked = BatchRequest(id="probe", messages=(Message(role="user", text=SHORT),), model=_model(gateway, cell, "batch"))
    made = await batches.submit((asked,))
    await batches.discard(made.id)


async def _fine_tuning(gateway: ProviderGateway, cell: Cell) -> None:
    """Lists: a job would cost, and most organisations may not start one any more."""
    tuning = gateway.fine_tuning
    demand_of_model(gateway.provider, "fine_tuning", cell)
    await tuning.list_page(limit=1)


async def _chat(gateway: ProviderGateway, cell: Cell) -> None:
    answer = await _ask(gateway, cell)
    if not answer.text:
        raise BadResponse("the answer is empty", provider=gateway.provider, operation="chat.create")


async def _tokens(gateway: ProviderGateway, cell: Cell) -> None:
    if await gateway.tokens.count((Message(role="user", text=SHORT),), model=_model(gateway, cell)) < 1:
        raise BadResponse("no tokens were counted", provider=gateway.provider, operation="tokens.count")


async def _models(gateway: ProviderGateway, cell: Cell) -> None:
    await gateway.models.get(_model(gateway, cell))


async def _vision(gateway: ProviderGateway, cell: Cell) -> None:
    demand_of_model(gateway.provider, "vision", cell)
    picture = Picture(mime_type="image/png", base64=b64encode(fixture("sample.png").read_bytes()).decode())
    question = "Which colour has the square in the middle of the picture?"
    answer = await _ask(gateway, cell, text=question, pictures=(picture,))
    if "blue" not in answer.text.lower():
        raise BadResponse(
            f"the blue square is not seen: {answer.text!r}", provider=gateway.provider, operation="chat.create"
        )


async def _tools(gateway: ProviderGateway, cell: Cell) -> None:
    demand_of_model(gateway.provider, "tools", cell)
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    tool = FunctionTool(name="get_weather", description="Tells the weather in a city.", parameters=parameters)
    answer = await _ask(gateway, cell, text="What is the weather in Paris?", tools=(tool,), tool_choice="required")
    if [call.name for call in answer.calls] != ["get_weather"]:
        raise BadResponse("the function was not called", provider=gateway.provider, operation="chat.create")


async def _json_schema(gateway: ProviderGateway, cell: Cell) -> None:
    demand_of_model(gateway.provider, "json_schema", cell)
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    }
    answer = await _ask(gateway, cell, text="Which city is the capital of France?", schema=schema)
    if not fits(answer.text):
        raise BadResponse(
            f"the answer does not fit the schema: {answer.text!r}", provider=gateway.provider, operation="chat.create"
        )


def fits(text: str) -> bool:
    """Whether a text is JSON of the form that was asked for."""
    try:
        made = json.loads(text)
    except ValueError:
        return False
    return isinstance(made, dict) and list(made) == ["city"] and isinstance(made["city"], str)


async def _cached(gateway: ProviderGateway, cell: Cell) -> None:
    """Asks in the way of the cell; where the provider has it, tokens must come from a cache, or go into one."""
    if cell.answer == "no":
        demand_of_model(gateway.provider, cell.name, cell)
        uses: Mapping[type[CacheUse], CacheUse] = {
            CacheKey: CacheKey(key="probe"),
            CacheMarks: CacheMarks(),
            CacheReference: CacheReference(cache_id="cachedContents/probe"),
        }
        await _ask(gateway, cell, cache=uses[WAY_OF[cell.name]])
        return
    if cell.name == "explicit_cache":
        await _kept(gateway, cell)
        return
    use: CacheUse = CacheMarks() if cell.name == "cache_control" else CacheKey(key=f"probe-{random_token(8)}")
    system = _long_text()
    for _ in range(MOST_ASKS):
        used = (await _ask(gateway, cell, system=system, cache=use)).usage
        if used.cache_read_tokens or (cell.name == "cache_control" and used.cache_write_tokens):
            return
    raise BadResponse("nothing was read from a cache", provider=gateway.provider, operation="chat.create")


async def _kept(gateway: ProviderGateway, cell: Cell) -> None:
    """A cache that is an object: made, asked over, deleted."""
    kept = await gateway.caches.create(model=_model(gateway, cell, "caching"), system=_long_text(), ttl="60s")
    try:
        answer = await _ask(gateway, cell, cache=CacheReference(cache_id=kept.id))
    finally:
        await gateway.caches.delete(kept.id)
    if not answer.usage.cache_read_tokens:
        raise BadResponse("nothing was read from the cache", provider=gateway.provider, operation="chat.create")


def _long_text() -> str:
    """Different each time, so that no cache has it yet."""
    token = random_token(12)
    return " ".join(f"{token} fact {number}: this number is {number}." for number in range(WORDS_TO_CACHE // 4))


CALLS: Mapping[str, Call] = {
    Capability.FILES: _files,
    Capability.CACHES: _caches,
    Capability.VECTOR_STORES: _vector_stores,
    Capability.EMBEDDINGS: _embeddings,
    Capability.CORPORA: _corpora,
    Capability.ASSISTANTS: _assistants,
    Capability.ASSISTANTS_V2: _assistants,
    Capability.BATCHES: _batches,
    Capability.FINE_TUNING: _fine_tuning,
    Capability.CHAT: _chat,
    Capability.TOKENS: _tokens,
    Capability.MODELS: _models,
    "vision": _vision,
    "tools": _tools,
    "json_schema": _json_schema,
    "automatic_cache": _cached,
    "cache_control": _cached,
    "explicit_cache": _cached,
}
assert set(CALLS) == {*Capability, *FEATURES}
