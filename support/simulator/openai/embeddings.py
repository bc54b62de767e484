"""OpenAI's embedding models: how long their vectors are, and which vector a text has (provider-facts 6.1). No HTTP here."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.simulator import embedder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_INPUTS = 2_048
MAX_TOKENS = 8_192
MAX_TOKENS_TOGETHER = 300_000


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """One model; `shortens` where a request may ask for fewer dimensions."""

    id: str
    dimensions: int
    shortens: bool = True


MODELS = {
    model.id: model
    for model in (
        EmbeddingModel("text-embedding-3-small", 1_536),
        EmbeddingModel("text-embedding-3-large", 3_072),
        EmbeddingModel("text-embedding-ada-002", 1_536, shortens=False),
    )
}


def as_floats(model: EmbeddingModel, text: str, dimensions: int) -> list[float]:
    """The vector of a text as numbers."""
    numbers: list[float] = _rounded(model, text, dimensions).tolist()
    return numbers


def as_base64(model: EmbeddingModel, text: str, dimensions: int) -> str:
    """The same numbers as little-endian 32-bit floats in base64."""
    return b64encode(_rounded(model, text, dimensions).astype("<f4").tobytes()).decode()


def _rounded(model: EmbeddingModel, text: str, dimensions: int) -> NDArray[np.float64]:
    """With as many digits as the provider writes."""
    import numpy as np

    exact: NDArray[np.float64] = embedder.embed(text, dimensions, model.id).astype(np.float64)
    return exact.round(9)
