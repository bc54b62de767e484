"""The families of requests that the simulator serves; a later area adds its own, an entry each.

An entry names what of an answer follows from the request alone, and in `prepare` what has to stand before a request makes sense:
functions of standing.py, or of a module of the area's own beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.fidelity import standing, standing_caches
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

    @property
    def title(self) -> str:
        return f"{self.provider} {self.name}"


_OPENAI_FILE = ("object", "filename", "purpose", "bytes", "status_details")
_ANTHROPIC_FILE = ("type", "filename", "mime_type", "size_bytes", "downloadable")
_GEMINI_FILE = ("displayName", "mimeType", "sizeBytes", "state", "source")
_GEMINI_CACHE = ("model", "displayName")
_OPENAI_ERROR = ("error.type", "error.param", "error.code")
_ANTHROPIC_ERROR = ("type", "error.type")
_GEMINI_ERROR = ("error.code", "error.message", "error.status", "error.details[ErrorInfo].reason")


def _items(key: str, paths: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{key}.{path}" for path in paths)


FAMILIES = (
    Family("OpenAI", "files-upload", (*_OPENAI_FILE, *_OPENAI_ERROR, "error.message", "detail.message")),
    Family("OpenAI", "files-list", ("object", *_items("data[]", _OPENAI_FILE)), prepare=(standing.listed(key="data"),)),
    Family("OpenAI", "files-get", (*_OPENAI_FILE, *_OPENAI_ERROR, "error.message", "detail.message"), prepare=(standing.file,)),
    Family("OpenAI", "files-delete", ("object", "deleted", *_OPENAI_ERROR, "error.message", "detail.message"), prepare=(standing.file,)),
    Family("OpenAI", "files-content", (*_OPENAI_ERROR, "error.message", "detail.message"), prepare=(standing.file,)),
    Family("OpenAI", "models-list", ("object", *_OPENAI_ERROR, "error.message")),
    Family("OpenAI", "models-get", ("id", "object", "created", *_OPENAI_ERROR, "error.message")),
    Family("OpenAI", "chat-completions-unary", ("object", "model", "choices[].message.role", *_OPENAI_ERROR, "error.message")),
    Family("OpenAI", "chat-completions-streaming", ("first/object", "first/model", *_OPENAI_ERROR, "error.message")),
    Family("OpenAI", "responses-input-tokens", ("object",)),
    Family("Anthropic", "files-upload", _ANTHROPIC_FILE),
    Family("Anthropic", "files-list", ("has_more", *_items("data[file]", _ANTHROPIC_FILE)), prepare=(standing.listed(key="data"),)),
    Family("Anthropic", "files-get", _ANTHROPIC_FILE, prepare=(standing.file,)),
    Family("Anthropic", "files-delete", ("type",), prepare=(standing.file,)),
    Family("Anthropic", "files-content", _ANTHROPIC_ERROR, prepare=(standing.file,)),
    Family("Anthropic", "models-list", (*_ANTHROPIC_ERROR, "error.message")),
    Family("Anthropic", "models-get", ("id", "type", "display_name", "created_at")),
    Family("Anthropic", "messages-unary", ("type", "role", "model", *_ANTHROPIC_ERROR, "error.message")),
    Family("Anthropic", "messages-streaming", ("message_start/message(message).model", *_ANTHROPIC_ERROR, "error.message")),
    Family("Anthropic", "count-tokens", (*_ANTHROPIC_ERROR, "error.message")),
    Family("Gemini", "files-resumable-upload", _items("file", _GEMINI_FILE), prepare=(standing.begun_upload,)),
    Family("Gemini", "files-list", _items("files[]", _GEMINI_FILE), prepare=(standing.listed(key="files"),)),
    Family("Gemini", "files-get", _GEMINI_FILE, prepare=(standing.file,)),
    Family("Gemini", "cachedcontents-create", _GEMINI_CACHE),
    Family("Gemini", "cachedcontents-get", (*_GEMINI_CACHE, "error.code", "error.message", "error.status"), prepare=(standing_caches.cache,)),
    Family("Gemini", "cachedcontents-list", _items("cachedContents[]", _GEMINI_CACHE), prepare=(standing_caches.cache,)),
    Family("Gemini", "cachedcontents-update", _GEMINI_CACHE, prepare=(standing_caches.cache,)),
    Family("Gemini", "cachedcontents-delete", prepare=(standing_caches.cache,)),
    Family("Gemini", "files-delete", prepare=(standing.file,)),
    Family("Gemini", "models-list", _GEMINI_ERROR),
    Family("Gemini", "generatecontent", ("modelVersion", *_GEMINI_ERROR)),
    Family("Gemini", "streamgeneratecontent-sse", ("chunk/modelVersion", *_GEMINI_ERROR)),
    Family("Gemini", "streamgeneratecontent-json-array", ("[].modelVersion",)),
    Family("Gemini", "counttokens", _GEMINI_ERROR[:3]),
)  # fmt: skip
"""What the simulator serves by now."""
