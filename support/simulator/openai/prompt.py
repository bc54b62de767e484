"""What a request puts before the model, whichever endpoint it came through, and how many tokens that is.

Chat completions and the counting endpoint read their requests into a Prompt, so that both count alike. The figures only
behave like the provider's: a message costs four tokens beside its text and the answer is opened with three
(recordings: responses input tokens, "Tell me a joke." is 12 there and 11 here).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_json

from support.simulator import tokenizer
from support.simulator.language_model import Document, Tool, Turn

PER_MESSAGE = 4
OPENING = 3
PER_DOCUMENT = 8
PER_TOOL = 8

STEP = 128
"""Every so many tokens a long text is marked while it is counted: caches of prefixes go by these steps."""
_LONG = 4096  # characters
_NO_TEXT = ("image", "audio", "content", "item")


@dataclass(slots=True)
class Piece:
    """One stretch of what the model reads.

    `label` says what begins here (the role, of a message); "" goes on with the text before. `extra` are tokens that
    stand before the text and are no text: a message's frame, a picture. `source` stands for what they show.
    """

    label: str
    text: str = ""
    extra: int = 0
    source: str = ""
    ends: str = ""
    """The role of the message that ends here."""
    breakpoint: float | None = None
    """Seconds for which the caller wants the prompt up to here cached; None where no such mark was set."""
    tokens: int = 0
    """All of this piece, once the prompt has been counted."""
    steps: Sequence[int] = ()
    """Of a long text, once it has been counted: the offsets at which the prompt's steps end."""


@dataclass(slots=True)
class Prompt:
    """The conversation, and everything that came with it: sorted for the model, and in the order in which it is read."""

    system: list[str] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    tools: list[Tool] = field(default_factory=list)
    schema: dict[str, Any] | None = None
    image_tokens: int = 0
    audio_tokens: int = 0
    messages: list[Piece] = field(default_factory=list)
    """Messages and items, in order."""
    pieces: list[Piece] = field(default_factory=list)
    """Once it has been counted, all that the model reads before the answer is opened: tools, schema, messages."""
    total: int = 0
    """All input tokens, once it has been counted."""

    def open(self, role: str, text: str = "", name: str = "") -> Piece:
        """A message begins, with this text."""
        piece = Piece(role, text, PER_MESSAGE, name)
        self.messages.append(piece)
        return piece

    def add_text(self, text: str) -> None:
        """The message goes on."""
        self.messages.append(Piece("text" if self.messages[-1].label in _NO_TEXT else "", text))

    def add_document(self, document: Document) -> None:
        self.documents.append(document)
        self.messages.append(Piece("document", document.name, PER_DOCUMENT))
        self.messages.append(Piece("content", document.text))

    def add_image(self, source: str, tokens: int, seen: str = "") -> None:
        """A picture counts by its size; what is seen of it is read, and counts no more."""
        self.image_tokens += tokens
        if seen:
            self.documents.append(Document("", seen))
        self.messages.append(Piece("image", extra=tokens, source=source))

    def add_audio(self, source: str, tokens: int) -> None:
        self.audio_tokens += tokens
        self.messages.append(Piece("audio", extra=tokens, source=source))

    def add_other(self, value: Any) -> None:
        """Calls that earlier answers made, and items that the toy model does not read."""
        self.messages.append(Piece("item", _as_json(value)))

    def count(self) -> int:
        """All input tokens. Marks the steps on the way, so that long texts are gone through once."""
        self.pieces = [*self._before(), *self.messages] if self.tools or self.schema is not None else self.messages
        total = 0
        for piece in self.pieces:
            begins = total + piece.extra
            if len(piece.text) > _LONG:
                piece.steps, tokens = tokenizer.steps(piece.text, STEP - begins % STEP, STEP)
            else:
                tokens = tokenizer.count(piece.text)
            piece.tokens = piece.extra + tokens
            total = begins + tokens
        self.total = total + OPENING
        return self.total

    def _before(self) -> list[Piece]:
        """What is read before the first message: a schema is put before the system text, tools before that."""
        pieces: list[Piece] = []
        for tool in self.tools:
            pieces.append(Piece("tool", tool.name, PER_TOOL))
            pieces.append(Piece("description", tool.description))
            pieces.append(Piece("parameters", _as_json(tool.parameters)))
        if self.schema is not None:
            pieces.append(Piece("schema", _as_json(self.schema)))
        return pieces


def _as_json(value: Any) -> str:
    return to_json(value).decode()
