"""A request's contents as the toy model reads them, and how many tokens they are, by modality (provider-facts 9.3).

A cache keeps what was read of it, so that its use does not read it again.

Figures for pictures are from the recordings; those for sounds and films (32 and 258 a second, ten seconds taken for
each) from Google's documentation, unverified.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from support.simulator import pictures, tokenizer
from support.simulator.documents import text_of
from support.simulator.gemini.errors import at_fault, failed_precondition, file_not_accessible, invalid
from support.simulator.gemini.files import Files, StoredFile, tokens_of
from support.simulator.gemini.models import Model
from support.simulator.language_model import Document, Role, Turn

SOUND = 32 * 10
FILM = 258 * 10

_FILE_URI = re.compile(r"(?:https?://[^?#]+/)?files/([^/?#:]+)(?:[:?#].*)?")
_YOUTUBE = re.compile(r"https?://(?:[\w-]+\.)?(?:youtube\.com|youtu\.be)/.+")
_ROLES: dict[str, Role] = {"user": "user", "model": "assistant", "function": "user", "": "user"}
# Under one of these keys a function's result is its only text (SDKs wrap what is no object).
_WRAPPED = ("result", "output", "response", "return_value", "value", "content")


@dataclass(slots=True)
class Prompt:
    """What the model is given."""

    turns: list[Turn] = field(default_factory=list)
    system: str = ""
    documents: list[Document] = field(default_factory=list)
    tokens: dict[str, int] = field(default_factory=dict)
    """By modality, in the order in which they come; cached ones are among them."""
    cached: dict[str, int] = field(default_factory=dict)
    """Those that came from a cache."""

    def add(self, tokens: int, modality: str = "TEXT") -> None:
        if tokens:
            self.tokens[modality] = self.tokens.get(modality, 0) + tokens

    @property
    def total(self) -> int:
        return sum(self.tokens.values())

    @property
    def total_cached(self) -> int:
        return sum(self.cached.values())

    def followed_by(self, own: Prompt) -> Prompt:
        """This prompt as the cached beginning of one that goes on with a request's `own`, which sets no system instruction."""
        tokens = dict(self.tokens)
        for modality, count in own.tokens.items():
            tokens[modality] = tokens.get(modality, 0) + count
        turns, documents = [*self.turns, *own.turns], [*self.documents, *own.documents]
        return Prompt(turns, self.system, documents, tokens, self.tokens)


def prompt_of(
    request: dict[str, Any], files: Files, now: datetime, model: Model, name: str, cached: Prompt | None = None
) -> Prompt:
    """Reads a GenerateContentRequest (`name`: how refusals call it) against the tenant's files, behind what is `cached`."""
    if not request.get("contents"):
        raise at_fault(name, "contents", "contents is not specified")
    prompt = read(request, files, now, model, name)
    if cached is not None:
        prompt = cached.followed_by(prompt)
    if prompt.total > model.input_limit:
        raise invalid(
            f"The input token count ({prompt.total}) exceeds the maximum number of tokens allowed ({model.input_limit})."
        )
    return prompt


def read(request: dict[str, Any], files: Files, now: datetime, model: Model, name: str) -> Prompt:
    """Contents, system instruction and tools of a request, of any size."""
    prompt = Prompt()
    for number, content in enumerate(request.get("contents") or ()):
        _read_content(prompt, content, f"contents[{number}]", files, now, model, name)
    system = request.get("systemInstruction")
    if system:
        prompt.system = "\n".join(part["text"] for part in system.get("parts") or () if part.get("text"))
        prompt.add(tokenizer.count(prompt.system))
    for tool in request.get("tools") or ():
        if tool.get("functionDeclarations"):
            prompt.add(tokenizer.count(to_json(tool["functionDeclarations"]).decode()))
    if not prompt.tokens:
        prompt.add(1)
    return prompt


def _read_content(
    prompt: Prompt, content: dict[str, Any], place: str, files: Files, now: datetime, model: Model, name: str
) -> None:
    role = _ROLES.get(content.get("role", ""))
    if role is None:
        raise invalid("Please use a valid role: user, model.")
    parts = content.get("parts")
    if not parts:
        raise at_fault(name, f"{place}.parts", "contents.parts must not be empty.")
    texts: list[str] = []
    for number, part in enumerate(parts):
        if "text" in part:
            text = part["text"] or ""
            prompt.add(tokenizer.count(text))
            if text and not part.get("thought"):
                texts.append(text)
        elif "functionResponse" in part:
            prompt.turns.append(Turn("tool", _result(prompt, part["functionResponse"])))
        elif "inlineData" in part:
            blob = part["inlineData"]
            _read_inline(prompt, blob.get("data") or b"", blob.get("mimeType", ""), model)
        elif "fileData" in part:
            _read_file(prompt, part["fileData"].get("fileUri", ""), files, now, model)
        elif not _read_other(prompt, part) and not part.get("thoughtSignature"):
            raise at_fault(
                name, f"{place}.parts[{number}].data", "required oneof field 'data' must have one initialized field"
            )
    if texts or not (prompt.turns and prompt.turns[-1].role == "tool"):
        prompt.turns.append(Turn(role, "\n".join(texts)))


def _read_other(prompt: Prompt, part: dict[str, Any]) -> bool:
    """What the model itself said in other forms than text: it counts, and is not read again."""
    for key in ("functionCall", "executableCode", "codeExecutionResult", "toolCall", "toolResponse"):
        if key in part:
            prompt.add(tokenizer.count(to_json(part[key]).decode()))
            return True
    return False


def _result(prompt: Prompt, response: dict[str, Any]) -> str:
    value: Any = response.get("response") or {}
    prompt.add(tokenizer.count(response.get("name", "")) + tokenizer.count(to_json(value).decode()))
    if len(value) == 1:
        key, only = next(iter(value.items()))
        if key in _WRAPPED:
            value = only
    return value if isinstance(value, str) else to_json(value).decode()


def _read_inline(prompt: Prompt, data: bytes, mime_type: str, model: Model) -> None:
    if _read_media(prompt, mime_type, data, model):
        return
    text = text_of(data, "", mime_type)
    _read_document(prompt, "", data, text, tokens_of(data, text), mime_type)


def _read_file(prompt: Prompt, uri: str, files: Files, now: datetime, model: Model) -> None:
    named = _FILE_URI.fullmatch(uri)
    if named is None:
        if not _YOUTUBE.fullmatch(uri):
            raise invalid(f"Invalid or unsupported file uri: {uri}")
        prompt.add(FILM, "VIDEO")
        prompt.add(SOUND, "AUDIO")
        return
    file = files.find(named[1], now)
    if file is None:
        raise file_not_accessible(named[1])
    if file.state(now) != "ACTIVE":
        raise failed_precondition(f"The File {file.id} is not in an ACTIVE state and usage is not allowed.")
    if not _read_media(prompt, file.mime_type, file.data, model):
        _read_stored(prompt, file)


def _read_stored(prompt: Prompt, file: StoredFile) -> None:
    _read_document(prompt, file.display_name or "", file.data, file.text(), file.text_tokens(), file.mime_type)


def _read_media(prompt: Prompt, mime_type: str, data: bytes, model: Model) -> bool:
    """Counts a picture, a sound or a film; the toy model sees pictures, and is deaf."""
    kind = mime_type.partition("/")[0]
    if kind == "image":
        prompt.add(1089 if model.generation >= 3 else 258, "IMAGE")
        if seen := pictures.seen(data):
            prompt.documents.append(Document("", seen))
    elif kind == "audio":
        prompt.add(SOUND, "AUDIO")
    elif kind == "video":
        prompt.add(FILM, "VIDEO")
    else:
        return False
    return True


def _read_document(prompt: Prompt, name: str, data: bytes, text: str, tokens: int, mime_type: str) -> None:
    if data.startswith(b"%PDF-"):
        if not tokens:
            raise invalid("The document has no pages.")
        prompt.add(tokens, "DOCUMENT")
    elif mime_type == "application/pdf":
        raise invalid("The document has no pages.")
    elif not text and data:
        raise invalid(f"Unsupported MIME type: {mime_type}")
    else:
        prompt.add(tokens)
    prompt.documents.append(Document(name, text))
