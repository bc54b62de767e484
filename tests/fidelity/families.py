"""The families of requests that the simulator serves; a later area adds its own, an entry each.

An entry names what of an answer follows from the request alone, and in `prepare` what has to stand before a request makes sense:
functions of standing.py, or of a module of the area's own beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.fidelity import (
    standing,
    standing_assistants,
    standing_batches,
    standing_caches,
    standing_file_search,
    standing_fine_tuning,
    standing_responses,
    standing_vector_stores,
)
from tests.fidelity.account import BEFORE_SWITCH_OFF, NOW
from tests.fidelity.standing import Prepare


@dataclass(frozen=True)
class Family:
    """A family of recordings, and what of an answer the provider does not choose."""

    provider: str
    name: str
    """The recordings' file without its provider, `files-upload`."""
    same: tuple[str, ...] = ()
    """Paths whose values follow from the request alone: ours are those recorded."""
    prepare: tuple[Prepare, ...] = ()
    """What must stand before a request makes sense, in this order."""
    now: str = NOW
    """The time on the account's clock."""

    @property
    def title(self) -> str:
        return f"{self.provider} {self.name}"


_OPENAI_FILE = ("object", "filename", "purpose", "bytes", "status_details")
_OPENAI_COUNTS = tuple(f"file_counts.{state}" for state in ("in_progress", "completed", "failed", "cancelled", "total"))
_OPENAI_STORE = ("object", "name", "description", "status", *_OPENAI_COUNTS)
_CHUNKING = ("max_chunk_size_tokens", "chunk_overlap_tokens")
_OPENAI_STORE_FILE = (
    "object",
    "status",
    "last_error",
    *(f"chunking_strategy(static).static.{name}" for name in _CHUNKING),
)
_HYPERPARAMETERS = ("n_epochs", "batch_size", "learning_rate_multiplier")
_OPENAI_JOB = (
    "object",
    "model",
    "finished_at",
    "fine_tuned_model",
    "status",
    *(f"hyperparameters.{name}" for name in _HYPERPARAMETERS),
    "trained_tokens",
    "user_provided_suffix",
    "estimated_finish",
    "metadata",
    "method(supervised).type",
    *(f"method(supervised).supervised.hyperparameters.{name}" for name in _HYPERPARAMETERS),
)
_OPENAI_RESPONSE = (
    "object",
    "background",
    "instructions",
    "max_output_tokens",
    "model",
    "parallel_tool_calls",
    "truncation",
)
_ANTHROPIC_FILE = ("type", "filename", "mime_type", "size_bytes", "downloadable")
_GEMINI_FILE = ("displayName", "mimeType", "sizeBytes", "state", "source")
_GEMINI_STORE = ("displayName", "activeDocumentsCount", "sizeBytes", "embeddingModel")
_GEMINI_DOCUMENT = ("displayName", "state", "sizeBytes", "mimeType")
_GEMINI_UPLOADED = ("@type", "mimeType", "sizeBytes")
_GEMINI_CACHE = ("model", "displayName")
_OPENAI_BATCH = ("object", "endpoint", "completion_window", "status", "request_counts.total")
_ANTHROPIC_BATCH = ("type", "processing_status", "request_counts.processing", "request_counts.succeeded")
_OPENAI_ERROR = ("error.type", "error.param", "error.code")
_ANTHROPIC_ERROR = ("type", "error.type")
_GEMINI_ERROR = ("error.code", "error.message", "error.status", "error.details[ErrorInfo].reason")


_ASSISTANT = (
    "object",
    "name",
    "description",
    "model",
    "instructions",
    "top_p",
    "temperature",
    "reasoning_effort",
    "response_format",
)
_RUN = (
    "object", "status", "model", "instructions", "temperature", "top_p", "max_completion_tokens", "max_prompt_tokens",
    "parallel_tool_calls", "cancelled_at", "failed_at", "last_error",
)  # fmt: skip


def _items(key: str, paths: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{key}.{path}" for path in paths)


FAMILIES = (
    Family("OpenAI", "files-upload", (*_OPENAI_FILE, *_OPENAI_ERROR, "error.message", "detail.message")),
    Family("OpenAI", "files-list", ("object", *_items("data[]", _OPENAI_FILE)), prepare=(standing.listed(key="data"),)),
    Family("OpenAI", "files-get", (*_OPENAI_FILE, *_OPENAI_ERROR, "error.message", "detail.message"), prepare=(standing.file,)),
    Family("OpenAI", "files-delete", ("object", "deleted", *_OPENAI_ERROR, "error.message", "detail.message"), prepare=(standing.file,)),
    Family("OpenAI", "files-content", (*_OPENAI_ERROR, "error.message", "detail.message"), prepare=(standing.file,)),
    Family("OpenAI", "batches-create", _OPENAI_BATCH, prepare=(standing_batches.input_file,)),
    Family("OpenAI", "batches-get", _OPENAI_BATCH, prepare=(standing_batches.openai_batch,)),
    Family("OpenAI", "batches-list", ("object", "has_more", *_items("data[]", _OPENAI_BATCH)), prepare=(standing_batches.openai_batches,)),
    Family("OpenAI", "batches-cancel", _OPENAI_BATCH, prepare=(standing_batches.openai_batch,)),
    Family("OpenAI", "models-list", ("object", *_OPENAI_ERROR, "error.message")),
    Family("OpenAI", "models-get", ("id", "object", "created", *_OPENAI_ERROR, "error.message")),
    Family("OpenAI", "chat-completions-unary", ("object", "model", "choices[].message.role", *_OPENAI_ERROR, "error.message")),
    Family("OpenAI", "chat-completions-streaming", ("first/object", "first/model", *_OPENAI_ERROR, "error.message")),
    Family("OpenAI", "responses-input-tokens", ("object",)),
    Family("OpenAI", "responses-create", (*_OPENAI_RESPONSE, *_OPENAI_ERROR, "error.message"), prepare=(standing_responses.stores,)),
    Family(
        "OpenAI",
        "responses-streaming",
        (*(f"response.created/response.{path}" for path in _OPENAI_RESPONSE), *_OPENAI_ERROR, "error.message"),
        prepare=(standing_responses.stores,),
    ),
    Family("OpenAI", "responses-get", (*_OPENAI_RESPONSE, "status", *_OPENAI_ERROR), prepare=(standing_responses.response,)),
    Family("OpenAI", "responses-delete", ("object", "deleted"), prepare=(standing_responses.response,)),
    Family("OpenAI", "responses-cancel", (*_OPENAI_RESPONSE, "status"), prepare=(standing_responses.response,)),
    Family(
        "OpenAI",
        "responses-input-items",
        ("object", "has_more", *_items("data[message]", ("role", "status", "content[input_text].text"))),
        prepare=(standing_responses.response,),
    ),
    Family(
        "OpenAI",
        "responses-compact",
        ("object", *_items("output[message]", ("role", "status", "content[input_text].text"))),
        prepare=(standing_responses.previous,),
    ),
    Family(
        "OpenAI",
        "conversations-create-get-update-delete",
        ("object", "deleted"),
        prepare=(standing_responses.conversation,),
    ),
    Family(
        "OpenAI",
        "conversations-items",
        ("object", "has_more", "role", *_items("data[message]", ("role", "status", "content[input_text].text"))),
        prepare=(standing_responses.conversation,),
    ),
    Family("OpenAI", "embeddings", ("object", "model", "data[].object", "data[].index", *_OPENAI_ERROR, "error.message")),
    Family(
        "OpenAI",
        "vector-stores-create",
        (*_OPENAI_STORE, "usage_bytes", "expires_after.days"),
        prepare=(standing_vector_stores.files,),
    ),
    Family(
        "OpenAI",
        "vector-stores-list",
        ("object", "has_more", *_items("data[]", _OPENAI_STORE)),
        prepare=(standing_vector_stores.stores,),
    ),
    Family("OpenAI", "vector-stores-delete", ("object", "deleted"), prepare=(standing_vector_stores.stores,)),
    Family(
        "OpenAI",
        "vector-store-files",
        ("object", "deleted", "has_more", *_OPENAI_STORE_FILE, *_items("data[]", _OPENAI_STORE_FILE)),
        prepare=(standing_vector_stores.stores, standing_vector_stores.files, standing_vector_stores.attached),
    ),
    Family(
        "OpenAI",
        "vector-store-file-batches",
        ("object", "status", *_OPENAI_COUNTS, "has_more", *_items("data[]", _OPENAI_STORE_FILE)),
        prepare=(standing_vector_stores.stores, standing_vector_stores.files, standing_vector_stores.batch),
    ),
    Family("OpenAI", "fine-tuning-create", (*_OPENAI_JOB, *_OPENAI_ERROR, "error.message"), prepare=(standing_fine_tuning.files,)),
    Family("OpenAI", "fine-tuning-cancel", (*_OPENAI_JOB, "seed"), prepare=(standing_fine_tuning.job,)),
    Family(
        "OpenAI",
        "fine-tuning-list",
        ("object", "has_more", *_items("data[]", (*_OPENAI_JOB, "seed", "error.code", "error.param", "error.message"))),
        prepare=(standing_fine_tuning.jobs,),
    ),
    Family(
        "OpenAI",
        "fine-tuning-events",
        ("object", "has_more", *_items("data[message]", ("object", "level", "type"))),
        prepare=(standing_fine_tuning.job,),
    ),
    Family(
        "OpenAI",
        "fine-tuning-checkpoints",
        ("object", "has_more", *_items("data[]", ("object", "step_number", "metrics(supervised).step", "metrics(supervised).type"))),
        prepare=(standing_fine_tuning.job,),
    ),
    Family("OpenAI", "models-delete", ("object", "deleted", *_OPENAI_ERROR, "error.message"), prepare=(standing_fine_tuning.tuned_model,)),
    *(
        Family("OpenAI", name, same, prepare=(standing_assistants.everything,), now=BEFORE_SWITCH_OFF)
        for name, same in (
            ("assistants-create", _ASSISTANT),
            ("assistants-get", _ASSISTANT),
            ("assistants-list", ("object", "has_more", *_items("data[]", _ASSISTANT))),
            ("assistants-modify", _ASSISTANT),
            ("assistants-delete", ("object", "deleted")),
            ("threads-create", ("object",)),
            ("threads-get", ("object",)),
            ("threads-modify", ("object",)),
            ("threads-delete", ("object", "deleted")),
            ("messages-create", ("object", "role", "assistant_id", "run_id")),
            ("messages-get", ("object", "role", "assistant_id", "run_id")),
            ("messages-list", ("object", "has_more", "data[].object", "data[].role")),
            ("messages-modify", ("object", "role", "assistant_id", "run_id")),
            ("messages-delete", ("object", "deleted")),
            ("runs-create", _RUN),
            ("runs-get", _RUN),
            ("runs-list", ("object", "has_more")),
            ("runs-create-thread-run", ()),
            ("runs-create-stream", ()),
            ("submit-tool-outputs", ()),
            ("run-steps-list", ("object",)),
            ("run-steps-get", ("object", "type", "status")),
        )
    ),
    Family("Anthropic", "files-upload", _ANTHROPIC_FILE),
    Family("Anthropic", "files-list", ("has_more", *_items("data[file]", _ANTHROPIC_FILE)), prepare=(standing.listed(key="data"),)),
    Family("Anthropic", "files-get", _ANTHROPIC_FILE, prepare=(standing.file,)),
    Family("Anthropic", "files-delete", ("type",), prepare=(standing.file,)),
    Family("Anthropic", "files-content", _ANTHROPIC_ERROR, prepare=(standing.file,)),
    Family("Anthropic", "message-batches-create", _ANTHROPIC_BATCH),
    Family("Anthropic", "message-batches-get", _ANTHROPIC_BATCH, prepare=(standing_batches.anthropic_batch,)),
    Family(
        "Anthropic",
        "message-batches-list",
        ("has_more", *_items("data[message_batch]", _ANTHROPIC_BATCH)),
        prepare=(standing_batches.anthropic_batches,),
    ),
    Family("Anthropic", "message-batches-delete", ("type",), prepare=(standing_batches.anthropic_batch,)),
    Family(
        "Anthropic",
        "message-batches-results",
        ("custom_id", "result(succeeded).type", *_ANTHROPIC_ERROR),
        prepare=(standing_batches.anthropic_batch,),
    ),
    Family("Anthropic", "models-list", (*_ANTHROPIC_ERROR, "error.message")),
    Family("Anthropic", "models-get", ("id", "type", "display_name", "created_at")),
    Family("Anthropic", "messages-unary", ("type", "role", "model", *_ANTHROPIC_ERROR, "error.message")),
    Family("Anthropic", "messages-streaming", ("message_start/message(message).model", *_ANTHROPIC_ERROR, "error.message")),
    Family("Anthropic", "count-tokens", (*_ANTHROPIC_ERROR, "error.message")),
    Family("Gemini", "files-resumable-upload", _items("file", _GEMINI_FILE), prepare=(standing.begun_upload,)),
    Family("Gemini", "files-list", _items("files[]", _GEMINI_FILE), prepare=(standing.listed(key="files"),)),
    Family("Gemini", "files-get", _GEMINI_FILE, prepare=(standing.file,)),
    Family("Gemini", "cachedcontents-create", _GEMINI_CACHE),
    Family(
        "Gemini",
        "cachedcontents-get",
        (*_GEMINI_CACHE, "error.code", "error.message", "error.status"),
        prepare=(standing_caches.cache,),
    ),
    Family("Gemini", "cachedcontents-list", _items("cachedContents[]", _GEMINI_CACHE), prepare=(standing_caches.cache,)),
    Family("Gemini", "cachedcontents-update", _GEMINI_CACHE, prepare=(standing_caches.cache,)),
    Family("Gemini", "cachedcontents-delete", prepare=(standing_caches.cache,)),
    Family("Gemini", "files-delete", prepare=(standing.file,)),
    Family("Gemini", "batches-create", _items("metadata(GenerateContentBatch)", ("@type", "model", "state"))),
    Family("Gemini", "models-list", _GEMINI_ERROR),
    Family("Gemini", "generatecontent", ("modelVersion", *_GEMINI_ERROR), prepare=(standing_file_search.searched,)),
    Family("Gemini", "streamgeneratecontent-sse", ("chunk/modelVersion", *_GEMINI_ERROR), prepare=(standing_file_search.searched,)),
    Family("Gemini", "streamgeneratecontent-json-array", ("[].modelVersion",)),
    Family("Gemini", "counttokens", _GEMINI_ERROR[:3]),
    Family("Gemini", "batchembedcontents", _GEMINI_ERROR[:3]),
    Family("Gemini", "filesearchstores-create", ("displayName", "embeddingModel")),
    Family(
        "Gemini",
        "filesearchstores-get-list",
        (*_GEMINI_STORE, *_items("fileSearchStores[]", _GEMINI_STORE)),
        prepare=(standing_file_search.stores,),
    ),
    Family("Gemini", "filesearchstores-delete", prepare=(standing_file_search.stores,)),
    Family("Gemini", "filesearchstores-documents", _items("documents[]", _GEMINI_DOCUMENT), prepare=(standing_file_search.documents,)),
    Family(
        "Gemini",
        "filesearchstores-upload",
        _items("response(UploadToFileSearchStoreResponse)", _GEMINI_UPLOADED),
        prepare=(standing_file_search.begun_upload,),
    ),
)  # fmt: skip
"""What the simulator serves by now."""
