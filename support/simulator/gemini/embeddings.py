"""Gemini's embedding models: how long their vectors are, and what is embedded of a content (provider-facts 6.2). No HTTP here.

Unverified: that the task changes nothing, a title comes before the text, a text beyond the model's limit is cut off, and what
gemini-embedding-2 makes of anything but text (here a picture is alike to itself alone).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zlib import crc32

from support.simulator import tokenizer
from support.simulator.documents import text_of
from support.simulator.embedder import embed
from support.simulator.gemini.errors import at_fault, invalid
from support.simulator.gemini.models import Model

MOST_REQUESTS = 100
"""In one batch."""
TASKS = (
    "TASK_TYPE_UNSPECIFIED",
    "RETRIEVAL_QUERY",
    "RETRIEVAL_DOCUMENT",
    "SEMANTIC_SIMILARITY",
    "CLASSIFICATION",
    "CLUSTERING",
    "QUESTION_ANSWERING",
    "FACT_VERIFICATION",
    "CODE_RETRIEVAL_QUERY",
)

REQUEST = "EmbedContentRequest"
_EMPTY = "EmbedContentRequest.content contains an empty Part."


@dataclass(frozen=True, slots=True)
class Kind:
    """What is special to a model's embeddings."""

    dimensions: int
    shortens: bool = True
    renormalises: bool = False
    """Shortened vectors have unit length, too."""
    sees_more_than_text: bool = False
    tells_usage: bool = False


# By model. That gemini-embedding-2 brings shortened vectors to unit length and gemini-embedding-001 does not: recordings of
# embeddings, documentation. Usage is told in the recordings of gemini-embedding-2 alone.
KINDS = {
    "gemini-embedding-001": Kind(3072),
    "gemini-embedding-2-preview": Kind(3072, renormalises=True, sees_more_than_text=True),
    "gemini-embedding-2": Kind(3072, renormalises=True, sees_more_than_text=True, tells_usage=True),
    "text-embedding-004": Kind(768),
    "embedding-001": Kind(768, shortens=False),
}


@dataclass(frozen=True, slots=True)
class Embedding:
    """A vector, and the tokens that it is made of, by modality."""

    values: list[float]
    tokens: dict[str, int]


def embedding(request: dict[str, Any], model: Model, name: str) -> Embedding:
    """What an EmbedContentRequest asks for (`name`: how refusals call it)."""
    kind = KINDS[model.name]
    dimensions = _dimensions(request.get("outputDimensionality"), kind, name)
    texts, tokens = _read(request.get("content") or {}, kind, name)
    if title := request.get("title"):
        texts.insert(0, title)
        tokens["TEXT"] = tokens.get("TEXT", 0) + tokenizer.count(title)
    text = "\n".join(texts)
    if sum(tokens.values()) > model.input_limit:
        text, tokens = tokenizer.cut(text, model.input_limit), {"TEXT": model.input_limit}
    return Embedding(_values(text, dimensions, kind, model.name), tokens)


def _values(text: str, dimensions: int, kind: Kind, model: str) -> list[float]:
    """With as many digits as the provider writes."""
    import numpy as np

    vector = embed(text, dimensions if kind.renormalises else kind.dimensions, model)
    numbers: list[float] = np.round(vector[:dimensions].astype(np.float64), 9).tolist()
    return numbers


def _dimensions(wanted: int | None, kind: Kind, name: str) -> int:
    """Words unverified. The SDK's own tests ask for as few as ten dimensions."""
    if wanted is None:
        return kind.dimensions
    if not kind.shortens:
        raise at_fault(name, "output_dimensionality", "output_dimensionality is not supported for this model.")
    if not 1 <= wanted <= kind.dimensions:
        raise at_fault(name, "output_dimensionality", f"must be in the range [1, {kind.dimensions}].")
    return wanted


def _read(content: dict[str, Any], kind: Kind, name: str) -> tuple[list[str], dict[str, int]]:
    """The texts of a content's parts, all of which make one embedding."""
    if not content.get("parts"):
        raise at_fault(name, "content", "content is not specified")
    texts: list[str] = []
    tokens: dict[str, int] = {}
    for part in content["parts"]:
        blob, file = part.get("inlineData"), part.get("fileData")
        if blob or file:
            if not kind.sees_more_than_text:  # words unverified
                raise at_fault(name, "content", "only text is supported by this model.")
            modality, text, size = _seen(blob) if blob else ("IMAGE", file.get("fileUri", ""), 258)
        else:
            text = part.get("text") or ""
            modality, size = "TEXT", tokenizer.count(text)
            if not text:
                raise invalid(_EMPTY)
        texts.append(text)
        tokens[modality] = tokens.get(modality, 0) + size
    return texts, tokens


def _seen(blob: dict[str, Any]) -> tuple[str, str, int]:
    """Modality, text and tokens of bytes in a request: documents as they read, all else by a digest."""
    data, mime_type = blob.get("data") or b"", blob.get("mimeType", "")
    if text := text_of(data, "", mime_type):
        return "TEXT", text, tokenizer.count(text)
    kind = mime_type.partition("/")[0].upper()
    return kind if kind in ("AUDIO", "VIDEO") else "IMAGE", f"{mime_type}{crc32(data):08x}", 258
