"""What a message brings besides its words: pictures, documents, search results, from every kind of source (provider-facts 2.2).

Recorded: a document from text, with citations asked for (recordings: anthropic messages). Unverified: the words of the refusals;
that a stored file of any text is taken as a document. A source by URL is fetched by nobody: an empty document, an unseen picture.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

from support.simulator import documents, pictures, tokenizer
from support.simulator.anthropic.errors import file_not_found, invalid
from support.simulator.anthropic.state import Shelf
from support.simulator.language_model import Document
from support.simulator.wire import Json, Refusal

TOKENS_OF_A_DOCUMENT = 12
TOKENS_OF_A_PDF = 1_500
"""Its first page as a picture; its text counts besides."""
TOKENS_OF_AN_IMAGE = 1_600
"""A picture of the largest size that is not scaled down."""

_PICTURES = ("image/jpeg", "image/png", "image/gif", "image/webp")

# Blocks of tools that Anthropic runs itself: they come back in a conversation, and say nothing to this model.
UNREAD = frozenset(
    {
        "redacted_thinking", "server_tool_use", "web_search_tool_result", "web_fetch_tool_result",
        "code_execution_tool_result", "bash_code_execution_tool_result", "text_editor_code_execution_tool_result",
        "tool_search_tool_result", "tool_reference", "mcp_tool_use", "mcp_tool_result", "mcp_tool_listing",
        "compaction", "advisor_tool_result", "browser_state", "tool_addition", "tool_removal", "fallback",
    }
)  # fmt: skip


class Attachments:
    """What the messages brought; `citable` are the documents whose sentences the answer is to cite, by their place.

    `cites`: any document is to be cited. `pictured`: there is any picture.
    """

    def __init__(self, shelf: Shelf, now: datetime) -> None:
        self.documents: list[Document] = []
        self.pictures: list[Document] = []
        """What is seen of them."""
        self.citable: dict[int, Document] = {}
        self.cites = False
        self.pictured = False
        self.tokens = 0
        self._shelf = shelf
        self._now = now

    def text_within(self, content: Json, path: str) -> str:
        """The text of blocks inside a block; pictures and documents among them are read on the way."""
        if content is None or isinstance(content, str):
            return content or ""
        if not isinstance(content, list):
            raise invalid(f"{path}: Input should be a valid string or list")
        texts: list[str] = []
        for position, block in enumerate(content):
            if not isinstance(block, dict):
                raise invalid(f"{path}.{position}: Input should be an object")
            kind = block.get("type")
            if kind == "text":
                texts.append(text_of(block, f"{path}.{position}.text"))
            elif kind in ("image", "document", "search_result"):
                READERS[kind](self, block, f"{path}.{position}.{kind}")
            elif not isinstance(kind, str) or kind not in UNREAD:
                raise unexpected(kind, f"{path}.{position}", ("document", "image", "search_result", "text"))
        return "\n".join(texts)

    def image(self, block: dict[str, Json], path: str) -> None:
        source = _source_of(block, path)
        kind = source.get("type")
        if kind == "base64":
            if source.get("media_type") not in _PICTURES:
                raise invalid(
                    f"{path}.source.base64.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or "
                    "'image/webp'"
                )
            self._see(_decoded(source, f"{path}.source.base64"))
        elif kind == "file":
            self._see(self._file(source, f"{path}.source.file")[0])
        elif kind == "url":
            _url_of(source, f"{path}.source.url")
        else:
            raise unexpected(kind, f"{path}.source", ("base64", "file", "url"))
        self.pictured = True
        self.tokens += TOKENS_OF_AN_IMAGE

    def _see(self, data: bytes) -> None:
        if seen := pictures.seen(data):
            self.pictures.append(Document("", seen))

    def document(self, block: dict[str, Json], path: str) -> None:
        source = _source_of(block, path)
        kind = source.get("type")
        title = block.get("title")
        name, pages, text = title if isinstance(title, str) else "", False, ""
        if kind == "text":
            if source.get("media_type") != "text/plain":
                raise invalid(f"{path}.source.text.media_type: Input should be 'text/plain'")
            text = string(source, "data", f"{path}.source.text")
        elif kind == "base64":
            if source.get("media_type") != "application/pdf":
                raise invalid(f"{path}.source.base64.media_type: Input should be 'application/pdf'")
            text, pages = _pdf(_decoded(source, f"{path}.source.base64"), f"{path}.source.base64"), True
        elif kind == "file":
            name, text, pages = self._stored(source, name, path)
        elif kind == "content":
            text = self.text_within(source.get("content"), f"{path}.source.content")
        elif kind == "url":
            _url_of(source, f"{path}.source.url")
        else:
            raise unexpected(kind, f"{path}.source", ("base64", "content", "file", "text", "url"))
        citations = block.get("citations")
        if isinstance(citations, dict) and citations.get("enabled") is True:
            self.cites = True
            if kind == "text":
                self.citable[len(self.documents)] = Document(title if isinstance(title, str) else "", text)
        context = block.get("context")
        if isinstance(context, str):
            text = f"{context}\n{text}"
        self.documents.append(Document(name, text))
        self.tokens += TOKENS_OF_A_DOCUMENT + (TOKENS_OF_A_PDF if pages else 0) + tokenizer.count(text)

    def _stored(self, source: dict[str, Json], name: str, path: str) -> tuple[str, str, bool]:
        """Name, text, and whether it has pages, of a document that was uploaded."""
        data, filename, mime_type = self._file(source, f"{path}.source.file")
        if data.startswith(b"%PDF-"):
            return name or filename, _pdf(data, f"{path}.source.file"), True
        return name or filename, documents.text_of(data, filename, mime_type), False

    def _file(self, source: dict[str, Json], path: str) -> tuple[bytes, str, str]:
        file_id = string(source, "file_id", path)
        file = self._shelf.find(file_id, self._now)
        if file is None:
            raise file_not_found(file_id)
        return file.data, file.filename, file.mime_type

    def search_result(self, block: dict[str, Json], path: str) -> None:
        title = string(block, "title", path)
        string(block, "source", path)
        text = self.text_within(block.get("content"), f"{path}.content")
        self.documents.append(Document(title, text))
        self.tokens += TOKENS_OF_A_DOCUMENT + tokenizer.count(text)

    def container_upload(self, block: dict[str, Json], path: str) -> None:
        """A file for the code that Anthropic runs: it must exist, and nobody here opens it."""
        self._file(block, path)


_Reader: TypeAlias = Callable[[Attachments, dict[str, Json], str], None]
READERS: dict[str, _Reader] = {
    "image": Attachments.image,
    "document": Attachments.document,
    "search_result": Attachments.search_result,
    "container_upload": Attachments.container_upload,
}


def unexpected(kind: Json, path: str, expected: tuple[str, ...]) -> Refusal:
    tags = ", ".join(f"'{tag}'" for tag in expected)
    if kind is None:
        return invalid(f"{path}.type: Field required")
    return invalid(f"{path}: Input tag '{kind}' found using 'type' does not match any of the expected tags: {tags}")


def string(holder: dict[str, Json], name: str, path: str) -> str:
    value = holder.get(name)
    if value is None:
        raise invalid(f"{path}.{name}: Field required")
    if not isinstance(value, str):
        raise invalid(f"{path}.{name}: Input should be a valid string")
    return value


def text_of(block: dict[str, Json], path: str) -> str:
    return string(block, "text", path)


def _source_of(block: dict[str, Json], path: str) -> dict[str, Json]:
    source = block.get("source")
    if not isinstance(source, dict):
        raise invalid(f"{path}.source: {'Field required' if source is None else 'Input should be an object'}")
    return source


def _url_of(source: dict[str, Json], path: str) -> str:
    url = string(source, "url", path)
    if not url.startswith(("http://", "https://")):
        raise invalid(f"{path}.url: Only HTTP and HTTPS URLs are supported")
    return url


def _decoded(source: dict[str, Json], path: str) -> bytes:
    try:
        return base64.b64decode(string(source, "data", path), validate=True)
    except (binascii.Error, ValueError):
        raise invalid(f"{path}.data: Invalid base64 data") from None


def _pdf(data: bytes, path: str) -> str:
    text = documents.text_of(data, "", "application/pdf") if data.startswith(b"%PDF-") else ""
    if not text and not documents.is_readable_pdf(data):
        raise invalid(f"{path}: The PDF specified was not valid.")
    return text
