"""What a vector store makes of a file: its text, or why it has none (provider-facts 5.1). No HTTP here.

The words of the failures are the provider's, as users quote them. Unverified: that a document without any text cannot be
parsed. Word and PowerPoint documents are taken by name, but the simulator cannot read them: they end as what cannot be parsed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from support.simulator import tokenizer
from support.simulator.openai.files import StoredFile

_EXTENSIONS = "c cpp cs css doc docx go html java js json md pdf php pptx py rb sh tex ts txt"
EXTENSIONS = frozenset(_EXTENSIONS.split())
MAX_TOKENS = 5_000_000


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a document is not indexed."""

    code: Literal["unsupported_file", "invalid_file", "server_error"]
    message: str


UNSUPPORTED = Failure("unsupported_file", "The file type is not supported.")
UNREADABLE = Failure("invalid_file", "The file could not be parsed.")
TOO_LARGE = Failure("invalid_file", "The file could not be parsed because it is too large.")


def extension(name: str) -> str:
    """The ending of a file's name in small letters; "none" where it has none."""
    return name.rpartition(".")[2].lower() if "." in name else "none"


def read(file: StoredFile) -> tuple[str, Failure | None]:
    """The text of a file, or what will be said of it when its turn comes."""
    if extension(file.name) not in EXTENSIONS:
        return "", UNSUPPORTED
    if not file.data.startswith(b"%PDF-") and not _is_text(file.data):
        return "", UNREADABLE
    text = file.read().encode("utf-8", "replace").decode()  # a PDF may hold halves of characters
    if not text.strip():
        return "", UNREADABLE
    # No token is shorter than a character: most texts need no counting.
    if len(text) > MAX_TOKENS and tokenizer.count(text) > MAX_TOKENS:
        return "", TOO_LARGE
    return text, None


def _is_text(data: bytes) -> bool:
    try:
        return "\0" not in data.decode("utf-8")
    except UnicodeDecodeError:
        return False
