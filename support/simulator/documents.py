"""The plain text of an uploaded file, as far as the toy model can read it."""

from __future__ import annotations

import io
from functools import lru_cache

_TEXT_SUFFIXES = (".txt", ".md", ".json", ".jsonl", ".csv", ".tsv", ".html", ".xml", ".yaml", ".yml", ".py", ".log")


def text_of(data: bytes, name: str = "", mime_type: str = "") -> str:
    """The text of a file: text formats decoded as UTF-8, PDF through pypdf; "" where there is none to read.

    Bytes decide before names: a PDF is a PDF whatever it is called. An unreadable PDF has no text (no error): what
    a provider does with a broken document is the provider package's to say.
    """
    if data.startswith(b"%PDF-"):
        return _text_of_pdf(data)
    named_as_text = mime_type.startswith("text/") or mime_type in ("application/json", "application/xml")
    if not named_as_text and not name.lower().endswith(_TEXT_SUFFIXES) and not _looks_like_text(data):
        return ""
    return data.decode("utf-8", errors="replace").removeprefix("\ufeff")


def is_readable_pdf(data: bytes) -> bool:
    """Whether pypdf can open it and it has a page."""
    return pdf_pages(data) > 0


def pdf_pages(data: bytes) -> int:
    """How many pages a PDF has; 0 when it cannot be read."""
    from pypdf import PdfReader  # imported late: it costs a third of the start-up time
    from pypdf.errors import PyPdfError

    try:
        return len(PdfReader(io.BytesIO(data)).pages)
    except (PyPdfError, ValueError, KeyError, TypeError, RecursionError, OSError):
        return 0


@lru_cache(maxsize=16)  # a file that is used in a conversation is read again and again
def _text_of_pdf(data: bytes) -> str:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)
    except (PyPdfError, ValueError, KeyError, TypeError, RecursionError, OSError):
        return ""


def _looks_like_text(data: bytes) -> bool:
    if b"\0" in data[:1024]:
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
