"""OpenAI's batches: an input file, two files of results, endpoints of their own (provider-facts 7.1)."""

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import openai

from support.errors import Expired, ServerError, TouchstoneError, Unsupported
from support.gateway.assistant_checks import MARKER_KEY
from support.gateway.batch_input import Line, Spool
from support.gateway.batch_results import Outcome, Source, parsed
from support.gateway.batch_service import BatchEndpoint
from support.gateway.batches import BatchKeeper
from support.gateway.call import ChokePoint
from support.gateway.chat import Question
from support.gateway.exchanges import answer_on_the_wire
from support.gateway.markers import Marker
from support.gateway.openai import embeddings
from support.gateway.openai.chat import OpenAIChat, answered
from support.gateway.openai.errors import kind_of, translate
from support.gateway.openai.files import OpenAIFiles, stored
from support.gateway.openai.responses.reading import calls_of, usage_of
from support.gateway.openai.responses.requests import model_settings
from support.gateway.openai.tokens import spoken
from support.gateway.refusing import refused
from support.gateway.retry import Repeat
from support.values import (
    BatchCounts,
    BatchFault,
    BatchProgress,
    BatchRequest,
    BatchStatus,
    ChatAnswer,
    Deletion,
    Message,
    Provider,
    ProviderBatch,
    ProviderBatchPage,
    StopReason,
    StoredFile,
    Usage,
)

PATHS: Mapping[BatchEndpoint, str] = {
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "embeddings": "/v1/embeddings",
}
_ENDPOINTS = {path: endpoint for endpoint, path in PATHS.items()}
_ENDS = ("completed_at", "failed_at", "expired_at", "cancelled_at")


class OpenAIBatches(BatchKeeper):
    """`/v1/batches`. A batch stays for ever; its files can be deleted, and its metadata has the run's marker."""

    provider = Provider.OPENAI
    endpoints = tuple(PATHS)
    kind = "openai_batch"
    deletes = False
    repeat = Repeat.IF_ABSENT
    translate = staticmethod(translate)

    def __init__(self, choke: ChokePoint, client: openai.AsyncOpenAI) -> None:
        super().__init__(choke)
        self._client = client
        self._chat = OpenAIChat(choke, client)
        self._stored_files = OpenAIFiles(choke, client)

    @property
    def _files(self) -> OpenAIFiles:
        return self._stored_files

    def _line(self, request: BatchRequest, endpoint: BatchEndpoint) -> Line:
        bodies = {"chat": self._completion, "responses": response_body, "embeddings": embedding_body}
        return {
            "custom_id": request.id,
            "method": "POST",
            "url": PATHS[endpoint],
            "body": bodies[endpoint](request),
        }

    def _completion(self, request: BatchRequest) -> dict[str, Any]:
        question = Question(request.messages, request.model, request.max_output_tokens, request.system)
        return self._chat.request(question)

    async def _upload(self, spool: Spool) -> str:
        async def sent(name: str) -> StoredFile:
            await self._client.files.create(
                file=(name, spool.content()),
                purpose=input_purpose(),  # type: ignore[arg-type]
            )
            return stored(answer_on_the_wire())

        return await self._stored(sent)

    async def _send_create(
        self, spool: Spool, file_id: str | None, marker: Marker, endpoint: BatchEndpoint, window: str
    ) -> ProviderBatch:
        await self._client.batches.create(
            input_file_id=file_id or "",
            endpoint=PATHS[endpoint],  # type: ignore[arg-type]
            completion_window=window,  # type: ignore[arg-type]
            metadata={MARKER_KEY: str(marker)},
        )
        return batch_of(answer_on_the_wire())

    async def _send_get(self, batch_id: str) -> ProviderBatch:
        await self._client.batches.retrieve(batch_id)
        return batch_of(answer_on_the_wire())

    async def _send_list(self, limit: int | None, cursor: str | None) -> ProviderBatchPage:
        options: dict[str, Any] = {"limit": limit, "after": cursor}
        await self._client.batches.list(**{name: value for name, value in options.items() if value is not None})
        answer = answer_on_the_wire()
        listed = answer["data"]
        return ProviderBatchPage(
            batches=tuple(batch_of(one) for one in listed if one["endpoint"] in _ENDPOINTS),
            next_cursor=listed[-1]["id"] if answer.get("has_more") and listed else None,
        )

    async def _send_cancel(self, batch_id: str) -> ProviderBatch:
        await self._client.batches.cancel(batch_id)
        return batch_of(answer_on_the_wire())

    async def _send_delete(self, batch_id: str) -> Deletion:
        raise NotImplementedError("there is no such endpoint")

    async def delete(self, batch_id: str) -> Deletion:
        raise Unsupported(
            "OpenAI keeps batches; delete their files, which are files like others", provider=Provider.OPENAI
        )

    def _sources(self, batch: ProviderBatch) -> Iterator[Source]:
        for file_id in files_of(batch):
            yield self._source(file_id)

    def _source(self, file_id: str) -> Source:
        return Source(f"file {file_id}", lambda: parsed(Provider.OPENAI, f"file {file_id}", self._content(file_id)))

    async def _content(self, file_id: str) -> AsyncIterator[bytes]:
        async with self._client.files.with_streaming_response.content(file_id) as response:
            async for chunk in response.iter_bytes():
                yield chunk

    def _id(self, line: Line, number: int) -> str:
        return id_of(line, number)

    def _outcome(self, line: Line, batch: ProviderBatch) -> Outcome:
        return outcome_of(line, batch.endpoint)

    def _progress(self, batch: ProviderBatch) -> BatchProgress:
        return progress_of(batch)


def input_purpose() -> str:
    """What the input file is stored for."""
    return "batch"


def files_of(batch: ProviderBatch) -> tuple[str, ...]:
    """The files with a batch's results, in the order in which they are read: what succeeded, then what did not."""
    both = (batch.output_file_id, batch.error_file_id if reads_errors() else None)
    return tuple(file_id for file_id in both if file_id is not None)


def reads_errors() -> bool:
    """Whether the file of errors is read: what is in it is in no other."""
    return True


# Requests ---------------------------------------------------------------------------------------------------------------


def response_body(request: BatchRequest) -> dict[str, Any]:
    """A question for Responses; the answer is not kept there, it is in the results."""
    body: dict[str, Any] = {
        **model_settings(request.model),
        "model": request.model,
        "input": [_item(message) for message in request.messages],
        "max_output_tokens": request.max_output_tokens,
        "store": False,
    }
    if request.system is not None:
        body["instructions"] = request.system
    return body


def _item(message: Message) -> dict[str, Any]:
    if message.calls or message.outputs:
        raise refused(Provider.OPENAI, "messages", "calls of functions cannot be in a batch for responses")
    return spoken(message)


def embedding_body(request: BatchRequest) -> dict[str, Any]:
    """One text; an empty one is the provider's to refuse."""
    if request.text is None:
        raise refused(Provider.OPENAI, "text", f"{request.id} has none; say what is to become a vector")
    return {"model": request.model, "input": request.text}


# Results ----------------------------------------------------------------------------------------------------------------


def id_of(line: Line, number: int) -> str:
    """Results come in any order: a line says whose it is."""
    return str(line["custom_id"])


def outcome_of(line: Line, endpoint: BatchEndpoint) -> Outcome:
    """A line of either file (recordings: openai files content)."""
    response = line.get("response")
    if response is None:
        return _never_ran(line["error"])
    body = response["body"]
    if response["status_code"] != 200:
        return Outcome("failed", error=error_of(response["status_code"], body["error"], response.get("request_id")))
    if endpoint == "embeddings":
        vector = tuple(body["data"][0]["embedding"])
        return Outcome("succeeded", vector=vector, usage=embeddings.usage_of(body["usage"]["prompt_tokens"]))
    if endpoint == "responses" and body.get("status") == "failed":
        error = body.get("error") or {}
        return Outcome(
            "failed", error=ServerError(error.get("message") or "the response failed", code=error.get("code"))
        )
    answer = answered(body) if endpoint == "chat" else response_answered(body)
    return Outcome("succeeded", answer=answer, usage=answer.usage)


def _never_ran(error: Mapping[str, Any]) -> Outcome:
    code, message = error["code"], error.get("message") or error["code"]
    if code == "batch_cancelled":
        return Outcome("cancelled")
    if code == "batch_expired":
        return Outcome("expired", error=Expired(message, code=code, provider_message=message))
    return Outcome("failed", error=ServerError(message, code=code, provider_message=message))


def error_of(status: int, error: Mapping[str, Any], request_id: str | None) -> TouchstoneError:
    """The refusal of one request, in the kinds that a call of its own would have."""
    message, code = str(error["message"]), error.get("code")
    return kind_of(status, code, message)(
        message, status=status, code=code, param=error.get("param"), provider_message=message, request_id=request_id
    )


def response_answered(body: Mapping[str, Any]) -> ChatAnswer:
    """A response of the wire as the gateway's value (recordings: openai responses)."""
    parts = [part for item in body["output"] if item["type"] == "message" for part in item["content"]]
    refusal = "".join(part["refusal"] for part in parts if part["type"] == "refusal")
    calls = calls_of(body["output"])
    return ChatAnswer(
        provider=Provider.OPENAI,
        model=body["model"],
        id=body["id"],
        text="".join(part["text"] for part in parts if part["type"] == "output_text") or refusal,
        stop_reason="refusal" if refusal else _response_end(body, has_calls=bool(calls)),
        usage=cast(Usage, usage_of(body)),
        calls=calls,
        raw=body,
    )


def _response_end(body: Mapping[str, Any], *, has_calls: bool) -> StopReason:
    if body["status"] == "incomplete":
        reasons: Mapping[str, StopReason] = {"max_output_tokens": "length", "content_filter": "refusal"}
        return reasons.get((body.get("incomplete_details") or {}).get("reason") or "", "other")
    return "tool_call" if has_calls else "end"


# The batch itself -------------------------------------------------------------------------------------------------------


def batch_of(answer: Mapping[str, Any]) -> ProviderBatch:
    """The batch object of the wire as the gateway's value (recordings: openai batches). Raises LookupError for other endpoints."""
    status = status_of(answer)
    ended = next((answer[name] for name in _ENDS if answer.get(name) is not None), None)
    batch = ProviderBatch(
        provider=Provider.OPENAI,
        id=answer["id"],
        status=status,
        counts=counts_of(answer),
        endpoint=_ENDPOINTS[answer["endpoint"]],
        model=answer.get("model"),
        marked=(answer.get("metadata") or {}).get(MARKER_KEY, ""),
        input_file_id=answer["input_file_id"],
        output_file_id=answer.get("output_file_id"),
        error_file_id=answer.get("error_file_id"),
        faults=tuple(
            BatchFault(code=fault.get("code") or "", message=fault.get("message") or "", line=fault.get("line"))
            for fault in (answer.get("errors") or {}).get("data") or ()
        ),
        created_at=_moment(answer["created_at"]),
        ended_at=None if ended is None else _moment(ended),
        cancelling_at=None if answer.get("cancelling_at") is None else _moment(answer["cancelling_at"]),
        expires_at=None if answer.get("expires_at") is None else _moment(answer["expires_at"]),
        raw=answer,
    )
    return batch.model_copy(update={"usage": usage_of(answer)}) if batch.ended else batch


def status_of(answer: Mapping[str, Any]) -> BatchStatus:
    """The provider's words are the gateway's."""
    return cast(BatchStatus, answer["status"])


def counts_of(answer: Mapping[str, Any]) -> BatchCounts:
    """All are 0 until the input was validated."""
    counts = answer.get("request_counts") or {}
    return BatchCounts(total=counts.get("total"), succeeded=counts.get("completed"), failed=counts.get("failed"))


def progress_of(batch: ProviderBatch) -> BatchProgress:
    """What is completed or failed, once the provider knows how many there are."""
    counts = batch.counts
    if not counts.total:
        return BatchProgress(status=batch.status, done=None, total=None)
    done = (counts.succeeded or 0) + (counts.failed or 0)
    return BatchProgress(status=batch.status, done=done, total=counts.total)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
