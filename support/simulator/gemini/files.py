"""Gemini's stored files: names, states by the clock, 48 hours of life (provider-facts 2.3). No HTTP here."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from support.simulator import ids, tokenizer
from support.simulator.documents import pdf_pages, text_of
from support.simulator.gemini.errors import already_exists, at_fault
from support.simulator.gemini.times import rfc3339

TIME_TO_LIVE = 48 * 3600.0
"""Seconds that every file is kept; a tenant can set `files.time_to_live`."""
PROCESSING = 5.0
"""Seconds until a film or a recording is ACTIVE; a tenant can set `files.processing`. The live figure depends on the length."""
LARGEST = 2 * 1024**3
"""Bytes of one file."""
LONGEST_NAME = 512
"""Characters of a display name."""
HOST = "https://generativelanguage.googleapis.com"
"""A file's `uri` is an identifier and names Google's host also here: the SDKs know it by that (recordings: gemini files)."""

_CHOSEN = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")

Source = Literal["UPLOADED", "GENERATED"]


class Made(Protocol):
    """Content that is not kept, but made when it is read."""

    def lines(self) -> Iterator[bytes]:
        """Without their ends."""
        ...

    def measured(self) -> tuple[int, str]:
        """The size in bytes and the SHA-256 digest in hexadecimal digits."""
        ...


@dataclass(slots=True)
class StoredFile:
    """A file; `number` counts up in the order of creation. Where the content is `made`, there are no `data`."""

    id: str
    number: int
    display_name: str | None
    mime_type: str
    data: bytes = field(repr=False)
    created: datetime
    expires: datetime
    active_from: datetime
    source: Source
    tokens: int | None = None
    """Of its text, once somebody asked."""
    made: Made | None = None

    def measured(self) -> tuple[int, str]:
        """The size in bytes and the SHA-256 digest in hexadecimal digits."""
        if self.made is not None:
            return self.made.measured()
        return len(self.data), hashlib.sha256(self.data).hexdigest()

    @property
    def name(self) -> str:
        return f"files/{self.id}"

    def state(self, now: datetime) -> str:
        return "ACTIVE" if now >= self.active_from else "PROCESSING"

    def text(self) -> str:
        """What a model can read of it; "" of pictures, sounds and films."""
        return text_of(self.data, self.display_name or "", self.mime_type)

    def text_tokens(self) -> int:
        """As `tokens_of`, found out once."""
        if self.tokens is None:
            self.tokens = tokens_of(self.data, self.text())
        return self.tokens


@dataclass(slots=True)
class Files:
    """The files of one tenant, by id, in the order of creation."""

    by_id: dict[str, StoredFile] = field(default_factory=dict)
    last_number: int = 0

    def check_name(self, name: str, now: datetime) -> None:
        """Refuses a chosen name of a wrong form (words unverified), or one that is taken."""
        chosen = name.removeprefix("files/")
        if not _CHOSEN.fullmatch(chosen):
            raise at_fault(
                "CreateFileRequest",
                "file.name",
                "name must be files/ and up to 40 lowercase letters, digits or dashes, none of them at an end",
            )
        if self.find(chosen, now) is not None:
            raise already_exists()

    def add(
        self,
        data: bytes,
        now: datetime,
        *,
        mime_type: str,
        display_name: str | None = None,
        name: str | None = None,
        source: Source = "UPLOADED",
        time_to_live: float = TIME_TO_LIVE,
        processing: float = PROCESSING,
    ) -> StoredFile:
        """Stores a file under the chosen name or a new one of twelve characters."""
        if name:
            self.check_name(name, now)
        file_id = name.removeprefix("files/") if name else ids.token(12, ids.BASE36_LOWER)
        takes_time = source == "UPLOADED" and mime_type.startswith(("video/", "audio/"))
        self.last_number += 1
        file = StoredFile(
            id=file_id,
            number=self.last_number,
            display_name=display_name,
            mime_type=mime_type,
            data=data,
            created=now,
            expires=now + timedelta(seconds=time_to_live),
            active_from=now + timedelta(seconds=processing) if takes_time else now,
            source=source,
        )
        self.by_id[file_id] = file
        return file

    def add_made(self, file_id: str, mime_type: str, made: Made, then: datetime) -> StoredFile:
        """A generated file whose content is made when it is read."""
        file = self.add(b"", then, mime_type=mime_type, source="GENERATED")
        del self.by_id[file.id]
        file.id, file.made = file_id, made
        self.by_id[file_id] = file
        return file

    def find(self, file_id: str, now: datetime) -> StoredFile | None:
        """The file, if it exists now."""
        file = self.by_id.get(file_id)
        if file is None or now < file.expires:
            return file
        self.purge(now)
        return None

    def all(self, now: datetime) -> list[StoredFile]:
        """What exists now, the newest first (the order is unverified)."""
        self.purge(now)
        return sorted(self.by_id.values(), key=lambda file: file.number, reverse=True)

    def delete(self, file: StoredFile) -> None:
        del self.by_id[file.id]

    def purge(self, now: datetime) -> None:
        """Forgets what has expired."""
        for file_id in [file.id for file in self.by_id.values() if now >= file.expires]:
            del self.by_id[file_id]


def tokens_of(data: bytes, text: str) -> int:
    """How many tokens a document has: a PDF 258 a page and 0 if it has none (unverified after 2.5), all else by its text."""
    return 258 * pdf_pages(data) if data.startswith(b"%PDF-") else tokenizer.count(text)


def record(file: StoredFile, now: datetime, base_url: str) -> dict[str, Any]:
    """The File object (recordings: gemini files). A generated file has a place to be fetched from, an upload has none."""
    state = file.state(now)
    updated = file.active_from if state == "ACTIVE" else file.created
    size, digest = file.measured()
    wire: dict[str, Any] = {
        "name": file.name,
        "displayName": file.display_name,
        "mimeType": file.mime_type,
        "sizeBytes": str(size),
        "createTime": rfc3339(file.created),
        "updateTime": rfc3339(updated),
        "expirationTime": rfc3339(file.expires),
        "sha256Hash": b64encode(digest.encode()).decode(),
        "uri": f"{HOST}/v1beta/{file.name}",
        "state": state,
        "source": file.source,
    }
    if file.display_name is None:
        del wire["displayName"]
    if file.source == "GENERATED":
        wire["downloadUri"] = f"{base_url}/v1beta/{file.name}:download?alt=media"
    if state == "ACTIVE" and file.mime_type.startswith("video/"):
        wire["videoMetadata"] = {"videoDuration": "10s"}
    return wire
