"""Gemini's batches: long-running operations with the requests in the request, or in a file (provider-facts 7.3)."""

import asyncio
import warnings
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from datetime import datetime
from io import RawIOBase
from typing import Any, cast

from google.genai import types
from google.genai.client import AsyncClient

from support.catalogue.limits import batch_limits
from support.errors import BadResponse, NotFound, PermissionDenied, TouchstoneError
from support.gateway.batch_checks import exceeds
from support.gateway.batch_input import Line, Spool
from support.gateway.batch_results import Outcome, Source, parsed
from support.gateway.batch_service import BatchEndpoint
from support.gateway.batches import BatchKeeper
from support.gateway.call import ChokePoint
from support.gateway.chat import Question
from support.gateway.embeddings import unit
from support.gateway.exchanges import answer_on_the_wire
from support.gateway.gemini.chat import GeminiChat, GrowingAnswer
from support.gateway.gemini.client import whole_answer
from support.gateway.gemini.errors import kind, reasons, translate
from support.gateway.gemini.files import GeminiFiles, stored
from support.gateway.markers import Marker
from support.gateway.refusing import refused
from support.gateway.retry import Repeat
from support.values import (
    BATCH_ENDED,
    BatchCounts,
    BatchFault,
    BatchProgress,
    BatchRequest,
    BatchStatus,
    ChatAnswer,
    Deletion,
    Provider,
    ProviderBatch,
    ProviderBatchPage,
    StoredFile,
    Usage,
)

KIND = "gemini_batch"
NAME = "batch"
"""What stands behind the marker."""
JSONL = "application/jsonl"
ENVELOPE = 4096
"""Bytes of a request with requests in it, beside them."""
BESIDE_ONE = 32
"""Bytes beside each of them, more than in a file."""
_STATES: Mapping[str, BatchStatus] = {
    "PENDING": "validating",
    "RUNNING": "in_progress",
    "CANCELLING": "cancelling",
    "SUCCEEDED": "completed",
    "PARTIALLY_SUCCEEDED": "completed",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
    "EXPIRED": "expired",
}
# What an error of a single request has of google.rpc.Code, as HTTP would say it.
_CODES: Mapping[int, tuple[int, str]] = {
    1: (499, "CANCELLED"),
    3: (400, "INVALID_ARGUMENT"),
    4: (504, "DEADLINE_EXCEEDED"),
    5: (404, "NOT_FOUND"),
    6: (409, "ALREADY_EXISTS"),
    7: (403, "PERMISSION_DENIED"),
    8: (429, "RESOURCE_EXHAUSTED"),
    9: (400, "FAILED_PRECONDITION"),
    11: (400, "OUT_OF_RANGE"),
    14: (503, "UNAVAILABLE"),
    16: (401, "UNAUTHENTICATED"),
}
_NOT_OF_GENERATION = ("system_instruction", "automatic_function_calling", "automatic_continuation", "cached_content")

_EXPERIMENTAL = r"batches\.create_embeddings\(\) is experimental"


class GeminiBatches(BatchKeeper):
    """`:batchGenerateContent`, `:asyncBatchEmbedContent` and `/v1beta/batches`."""

    provider = Provider.GEMINI
    endpoints = ("chat", "embeddings")
    kind = KIND
    repeat = Repeat.IF_ABSENT
    translate = staticmethod(translate)

    def __init__(self, choke: ChokePoint, client: AsyncClient, base_url: str) -> None:
        super().__init__(choke)
        self._client = client
        self._batches = client.batches
        self._chat = GeminiChat(choke, client, base_url)
        self._stored_files = GeminiFiles(choke, client)

    @property
    def _files(self) -> GeminiFiles:
        return self._stored_files

    def _line(self, request: BatchRequest, endpoint: BatchEndpoint) -> Line:
        return {
            "key": request.id,
            "request": embedding(request) if endpoint == "embeddings" else self._question(request),
        }

    def _question(self, request: BatchRequest) -> dict[str, Any]:
        question = Question(request.messages, request.model, request.max_output_tokens, request.system)
        return on_the_wire(self._chat.request(question))

    async def _upload(self, spool: Spool) -> str | None:
        if not goes_by_file(spool):
            return None

        async def sent(name: str) -> StoredFile:
            config = types.UploadFileConfig(display_name=name, mime_type=JSONL)
            await self._client.files.upload(file=spool.content(), config=config)
            return stored(answer_on_the_wire()["file"])

        return await self._stored(sent)

    async def _send_create(
        self, spool: Spool, file_id: str | None, marker: Marker, endpoint: BatchEndpoint, window: str
    ) -> ProviderBatch:
        # The requests go past the SDK's own types, so that they are the same here as in a file.
        extra = {} if file_id is not None else {"batch": {"inputConfig": {"requests": {"requests": inlined(spool)}}}}
        options: Any = {"display_name": f"{marker}{NAME}", "http_options": {"extra_body": extra}}
        (model,) = spool.models
        if endpoint == "embeddings":
            texts = types.EmbeddingsBatchJobSource(
                file_name=file_id, inlined_requests=types.EmbedContentBatch() if file_id is None else None
            )
            call = self._batches.create_embeddings(model=model, src=texts, config=options)
        else:
            questions = types.BatchJobSource(file_name=file_id, inlined_requests=[] if file_id is None else None)
            call = self._batches.create(model=model, src=questions, config=options)
        with warnings.catch_warnings():  # of calls side by side the filter may stay: it is for this one sentence
            warnings.filterwarnings("ignore", message=_EXPERIMENTAL)
            return batch_of(await whole_answer(call))

    async def _send_get(self, batch_id: str) -> ProviderBatch:
        return batch_of(await whole_answer(self._batches.get(name=batch_id)))

    async def _send_list(self, limit: int | None, cursor: str | None) -> ProviderBatchPage:
        config = types.ListBatchJobsConfig(page_size=limit, page_token=cursor)
        answer = await whole_answer(self._batches.list(config=config))
        return ProviderBatchPage(
            batches=tuple(batch_of(one) for one in answer.get("operations") or ()),
            next_cursor=answer.get("nextPageToken"),
        )

    async def _send_cancel(self, batch_id: str) -> None:
        await self._batches.cancel(name=batch_id)

    async def _send_delete(self, batch_id: str) -> Deletion:
        await self._batches.delete(name=batch_id)
        return Deletion(provider=Provider.GEMINI, id=batch_id)

    async def _adopted(self, file_id: str) -> bool:
        """Where the results are a file like others, and not only an address."""
        try:
            await self._files.get(file_id)
        except (NotFound, PermissionDenied):
            return True
        except TouchstoneError:  # the next look at the batch asks again
            return False
        return await super()._adopted(file_id)

    def _sources(self, batch: ProviderBatch) -> Iterator[Source]:
        if batch.output_file_id is not None:
            yield self._source(batch.output_file_id)
        answers = inlined_answers(batch.raw)
        if answers is not None:
            yield Source(f"the answer to {batch.id}", lambda: _numbered(answers), is_remote=False)

    def _source(self, file_id: str) -> Source:
        name = f"file {file_id.removeprefix('files/')}"
        return Source(name, lambda: parsed(Provider.GEMINI, name, self._content(file_id)))

    async def _content(self, file_id: str) -> AsyncIterator[bytes]:
        pipe = Pipe()
        download = asyncio.ensure_future(self._client.files.download(file=file_id, destination=pipe))
        download.add_done_callback(pipe.end)
        try:
            while (chunk := await pipe.chunks.get()) is not None:
                yield chunk
            await download
        finally:
            download.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await download

    def _id(self, line: Line, number: int) -> str:
        return id_of(line, number)

    def _outcome(self, line: Line, batch: ProviderBatch) -> Outcome:
        return outcome_of(line, batch.endpoint)

    def _progress(self, batch: ProviderBatch) -> BatchProgress:
        return progress_of(batch)


class Pipe(RawIOBase):
    """Takes what the SDK downloads, a piece at a time: it waits until the piece before was taken out."""

    def __init__(self) -> None:
        self.chunks: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=2)
        self._ending: asyncio.Future[None] | None = None

    def write(self, chunk: Any) -> Any:
        return self.chunks.put(bytes(chunk))

    def end(self, download: "asyncio.Future[None]") -> None:
        """Nothing more comes."""
        self._ending = asyncio.ensure_future(self.chunks.put(None))


async def _numbered(lines: "list[Line]") -> AsyncIterator[tuple[int, Line]]:
    for number, line in enumerate(lines, 1):
        yield number, line


# Requests ---------------------------------------------------------------------------------------------------------------


def goes_by_file(spool: Spool) -> bool:
    """Whether the requests are too large to stand in the request."""
    return exceeds(spool.size + ENVELOPE + BESIDE_ONE * spool.count, batch_limits(Provider.GEMINI).inline_bytes)


def inlined(spool: Spool) -> list[dict[str, Any]]:
    """The lines of a file as they stand in a request."""
    return [{"request": line["request"], "metadata": {"key": line["key"]}} for line in spool.lines()]


def on_the_wire(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The SDK's arguments of a question as the JSON that it would send."""
    config = dict(arguments["config"])
    request: dict[str, Any] = {"contents": arguments["contents"]}
    if "system_instruction" in config:
        request["system_instruction"] = {"parts": [{"text": config["system_instruction"]}]}
    request["generation_config"] = {name: value for name, value in config.items() if name not in _NOT_OF_GENERATION}
    return request


def embedding(request: BatchRequest) -> dict[str, Any]:
    """One text; an empty one is the provider's to refuse."""
    if request.text is None:
        raise refused(Provider.GEMINI, "text", f"{request.id} has none; say what is to become a vector")
    return {"content": {"parts": [{"text": request.text}]}}


# Results ----------------------------------------------------------------------------------------------------------------


def id_of(line: Line, number: int) -> str:
    """A line says whose it is, in a file by its key, else by its metadata."""
    return str(line["key"] if "key" in line else line["metadata"]["key"])


def inlined_answers(operation: Mapping[str, Any]) -> "list[Line] | None":
    """The results that stand in the batch itself, if any do."""
    output = operation["metadata"].get("output") or {}
    for name in ("inlinedResponses", "inlinedEmbedContentResponses"):
        if name in output:
            return cast("list[Line]", output[name].get("inlinedResponses") or [])
    return None


def outcome_of(line: Line, endpoint: BatchEndpoint) -> Outcome:
    """One result (recording: gemini batches get)."""
    if "error" in line:
        code = line["error"].get("code", 2)
        return Outcome("cancelled") if code == 1 else Outcome("failed", error=error_of(line["error"]))
    response = line["response"]
    if endpoint == "embeddings":
        return Outcome("succeeded", vector=unit(response["embedding"]["values"]), usage=embedded(response))
    answer = answered(response)
    return Outcome("succeeded", answer=answer, usage=answer.usage)


def answered(response: Mapping[str, Any]) -> ChatAnswer:
    """A response as JSON, read as the SDK reads it."""
    answer = GrowingAnswer()
    answer.add(types.GenerateContentResponse._from_response(response=deepcopy(dict(response)), kwargs={}))
    return answer.whole(response)


def embedded(response: Mapping[str, Any]) -> Usage | None:
    """The tokens of a text; None where the provider does not tell them."""
    count = response.get("tokenCount")
    return None if count is None else Usage(uncached_input_tokens=int(count))


def error_of(error: Mapping[str, Any]) -> TouchstoneError:
    """The refusal of one request, in the kinds that a call of its own would have."""
    status, word = _CODES.get(error.get("code", 2), (500, "INTERNAL"))
    message = str(error.get("message") or word)
    details = tuple(detail for detail in error.get("details") or () if isinstance(detail, dict))
    return kind(status, word, message, reasons(details))(message, status=status, code=word, provider_message=message)


# The batch itself -------------------------------------------------------------------------------------------------------


def batch_of(operation: Mapping[str, Any]) -> ProviderBatch:
    """The operation of the wire as the gateway's value (recordings: gemini batches)."""
    metadata = operation["metadata"]
    error = operation.get("error")
    ended = metadata.get("endTime")
    return ProviderBatch(
        provider=Provider.GEMINI,
        id=operation["name"],
        status=status_of(operation),
        counts=counts_of(operation),
        endpoint="embeddings" if "EmbedContentBatch" in metadata.get("@type", "") else "chat",
        model=metadata["model"].removeprefix("models/"),
        marked=metadata.get("displayName", ""),
        input_file_id=(metadata.get("inputConfig") or {}).get("fileName"),
        output_file_id=(metadata.get("output") or {}).get("responsesFile"),
        faults=() if error is None else (BatchFault(code=str(error.get("code", 2)), message=error.get("message", "")),),
        created_at=datetime.fromisoformat(metadata["createTime"]),
        ended_at=None if ended is None else datetime.fromisoformat(ended),
        raw=operation,
    )


def status_of(operation: Mapping[str, Any]) -> BatchStatus:
    """The state in the gateway's word; BadResponse for one that is not known."""
    state = str(operation["metadata"]["state"]).removeprefix("BATCH_STATE_")
    if state not in _STATES:
        raise BadResponse(f"a batch is in the state {state}, which is not known", provider=Provider.GEMINI)
    return _STATES[state]


def counts_of(operation: Mapping[str, Any]) -> BatchCounts:
    """Counts are strings, and a zero is left out; until the end all requests are pending."""
    stats = operation["metadata"].get("batchStats") or {}

    def count(name: str) -> int:
        return int(stats.get(name, 0))

    total, pending = count("requestCount"), count("pendingRequestCount")
    if status_of(operation) not in BATCH_ENDED:
        return BatchCounts(total=total, processing=pending)
    return BatchCounts(
        total=total,
        processing=pending,
        succeeded=count("successfulRequestCount"),
        failed=count("failedRequestCount"),
    )


def progress_of(batch: ProviderBatch) -> BatchProgress:
    """States only, until the end."""
    counts = batch.counts
    if not batch.ended:
        return BatchProgress(status=batch.status, done=None, total=None)
    done = (counts.succeeded or 0) + (counts.failed or 0)
    return BatchProgress(status=batch.status, done=done, total=counts.total)
