"""Requests that make a File Search store or a document: their messages, and what Google refuses of them (provider-facts 5.2).

The limits of chunks were found out by others against the live service; the words of all refusals are unverified.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from support.simulator.documents import text_of
from support.simulator.gemini import models, proto
from support.simulator.gemini.errors import at_fault, failed_precondition, file_not_accessible, invalid, model_not_found
from support.simulator.gemini.files import Files
from support.simulator.gemini.metadata_filters import Value
from support.simulator.gemini.proto import DOUBLE, INT32, TEXT, VALUE, Message, Several
from support.simulator.wire import Json

LARGEST = 100 * 1000**2
"""Bytes of one document."""
LONGEST_NAME = 512
"""Characters of a display name."""
MOST_METADATA = 20
"""Entries of one document."""
SMALLEST_CHUNK, LARGEST_CHUNK = 21, 512
"""Tokens."""
USUAL_OVERLAP = 50
"""Tokens, between passages of the largest size, where a request says nothing of chunks (unverified)."""
USUAL_MODEL = "gemini-embedding-001"
MODELS = ("gemini-embedding-001", "gemini-embedding-2", "gemini-embedding-2-preview")

_STORE = Message(
    "FileSearchStore",
    name=TEXT,
    display_name=TEXT,
    create_time=VALUE,
    update_time=VALUE,
    active_documents_count=VALUE,
    pending_documents_count=VALUE,
    failed_documents_count=VALUE,
    size_bytes=VALUE,
    embedding_model=TEXT,
)
_CUSTOM_METADATA = Message(
    "CustomMetadata",
    {"value": ("string_value", "string_list_value", "numeric_value")},
    key=TEXT,
    string_value=TEXT,
    string_list_value=Message("StringList", values=Several(TEXT)),
    numeric_value=DOUBLE,
)
_CHUNKING = Message(
    "ChunkingConfig",
    white_space_config=Message("WhiteSpaceConfig", max_tokens_per_chunk=INT32, max_overlap_tokens=INT32),
)
_UPLOAD = Message(
    "UploadToFileSearchStoreRequest",
    display_name=TEXT,
    mime_type=TEXT,
    custom_metadata=Several(_CUSTOM_METADATA),
    chunking_config=_CHUNKING,
)
_IMPORT = Message(
    "ImportFileRequest", file_name=TEXT, custom_metadata=Several(_CUSTOM_METADATA), chunking_config=_CHUNKING
)


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document that a request asks for."""

    display_name: str | None
    mime_type: str
    metadata: list[dict[str, Any]]
    values: Mapping[str, Value]
    chunk_tokens: int
    overlap_tokens: int


@dataclass(frozen=True, slots=True)
class Source:
    """What a document is made of; one without text will fail."""

    text: str
    size: int
    """Bytes."""


def new_store(body: Json, version: str) -> tuple[str | None, str]:
    """The display name, and the embedding model without `models/`."""
    request = "CreateFileSearchStoreRequest"
    sent = proto.read(_STORE, body, version)
    display_name = sent.get("displayName") or None
    _check_display_name(display_name, request, "file_search_store.display_name")
    model = sent.get("embeddingModel", "").removeprefix("models/") or USUAL_MODEL
    if model not in MODELS:
        if models.serving(model, version, "embedContent") is None:
            raise model_not_found(model, version, "embedContent")
        raise at_fault(request, "file_search_store.embedding_model", f"models/{model} is not supported.")
    return display_name, model


def new_upload(body: Json, named_type: str | None, version: str) -> NewDocument:
    """A document that is to be uploaded; `named_type` is the media type that the protocol's headers tell."""
    request = "UploadToFileSearchStoreRequest"
    sent = proto.read(_UPLOAD, body, version)
    display_name = sent.get("displayName") or None
    _check_display_name(display_name, request, "display_name")
    mime_type = sent.get("mimeType") or named_type or "application/octet-stream"
    return _new_document(sent, request, display_name, mime_type)


def new_import(body: Json, version: str, files: Files, now: datetime) -> tuple[NewDocument, Source]:
    """A document made of a stored file, under its display name (the title in citations; unverified)."""
    request = "ImportFileRequest"
    sent = proto.read(_IMPORT, body, version)
    collection, _, file_id = sent.get("fileName", "").partition("/")
    if collection != "files" or not file_id or "/" in file_id:
        raise at_fault(request, "file_name", "file_name must be of the format files/*.")
    file = files.find(file_id, now)
    if file is None:
        raise file_not_accessible(file_id)
    if file.state(now) != "ACTIVE":
        raise failed_precondition(f"The File {file_id} is not in an ACTIVE state and usage is not allowed.")
    if len(file.data) > LARGEST:
        raise invalid(f"File size is too large: {len(file.data)} bytes. The maximum is {LARGEST} bytes.")
    wanted = _new_document(sent, request, file.display_name, file.mime_type)
    return wanted, source_of(wanted, file.data)


def source_of(wanted: NewDocument, data: bytes) -> Source:
    """What a document's bytes say, as far as they can be read; bytes that are no text are none by being called so."""
    is_text = data.startswith(b"%PDF-") or b"\0" not in data
    return Source(text_of(data, wanted.display_name or "", wanted.mime_type) if is_text else "", len(data))


def _new_document(sent: dict[str, Any], request: str, display_name: str | None, mime_type: str) -> NewDocument:
    metadata = sent.get("customMetadata") or []
    values = _values(metadata, request)
    chunk_tokens, overlap_tokens = _chunking(sent.get("chunkingConfig") or {}, request)
    return NewDocument(display_name, mime_type, metadata, values, chunk_tokens, overlap_tokens)


def _values(metadata: list[dict[str, Any]], request: str) -> dict[str, Value]:
    """Metadata as filters see it. Whole numbers are told without a fraction from now on, as Google writes them."""
    if len(metadata) > MOST_METADATA:
        raise at_fault(request, "custom_metadata", f"at most {MOST_METADATA} entries are allowed.")
    values: dict[str, Value] = {}
    for number, entry in enumerate(metadata):
        place = f"custom_metadata[{number}]"
        key = entry.get("key")
        if not key:
            raise at_fault(request, f"{place}.key", "key must not be empty.")
        if key in values:
            raise at_fault(request, f"{place}.key", f"key {key} is there twice.")
        if "numericValue" in entry:
            values[key] = float(entry["numericValue"])
            if values[key] == int(entry["numericValue"]):
                entry["numericValue"] = int(entry["numericValue"])
        elif "stringListValue" in entry:
            values[key] = tuple(entry["stringListValue"].get("values") or ())
        elif "stringValue" in entry:
            values[key] = entry["stringValue"]
        else:
            raise at_fault(request, f"{place}.value", "value is not specified")
    return values


def _chunking(config: dict[str, Any], request: str) -> tuple[int, int]:
    """The tokens of a passage, and how many of them the next one repeats."""
    spaces = config.get("whiteSpaceConfig")
    if spaces is None:
        return LARGEST_CHUNK, USUAL_OVERLAP
    place = "chunking_config.white_space_config"
    size = spaces.get("maxTokensPerChunk") or LARGEST_CHUNK
    overlap = spaces.get("maxOverlapTokens") or 0
    if not SMALLEST_CHUNK <= size <= LARGEST_CHUNK:
        why = f"max_tokens_per_chunk must be in the range [{SMALLEST_CHUNK}, {LARGEST_CHUNK}]."
        raise at_fault(request, f"{place}.max_tokens_per_chunk", why)
    if not 0 <= overlap < size:
        why = "max_overlap_tokens must not be negative, and less than max_tokens_per_chunk."
        raise at_fault(request, f"{place}.max_overlap_tokens", why)
    return size, overlap


def _check_display_name(display_name: str | None, request: str, field: str) -> None:
    if len(display_name or "") > LONGEST_NAME:
        raise at_fault(request, field, f"must be at most {LONGEST_NAME} characters")
