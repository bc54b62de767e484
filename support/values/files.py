"""Stored files."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field

from support.values.base import Provider, Value


class StoredFile(Value):
    """A file as its provider reports it. `raw` is the provider's whole answer."""

    provider: Provider
    id: str
    name: str
    """Without the run's marker."""
    sent_name: str
    """As the provider keeps it: the run's marker, then the name."""
    size_bytes: int
    created_at: datetime
    expires_at: datetime | None = None
    purpose: str | None = None
    """OpenAI only (provider-facts 2.1)."""
    mime_type: str | None = None
    """Anthropic and Gemini only: OpenAI reports none, and the gateway does not guess."""
    raw: Mapping[str, Any] = Field(repr=False)


class FilePage(Value):
    """One page of a list of files; `next_cursor` is opaque and None on the last page."""

    files: tuple[StoredFile, ...]
    next_cursor: str | None


class UploadOutcome(Value):
    """What became of one file of several uploaded together: exactly one of `file` and `error` is set."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    path: str
    file: StoredFile | None = None
    error: Exception | None = None


class FileReference(Value):
    """A stored file as part of a message, by the id its provider gave it."""

    file_id: str
    mime_type: str = "application/pdf"
