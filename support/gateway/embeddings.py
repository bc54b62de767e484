"""What embedding texts means on every provider: local checks, unit length, and how near vectors are to each other."""

import math
from collections.abc import Sequence
from typing import TypeVar

from support.catalogue.limits import embedding_limits
from support.errors import InvalidRequest
from support.gateway.refusing import refused
from support.ledger.prices import price
from support.values import Embeddings, Provider, Usage

T = TypeVar("T")


def check_texts(provider: Provider, texts: Sequence[str]) -> None:
    """Refuses what no request can hold: no text, an empty one, or too many."""
    if not texts:
        raise refused(provider, "input", "is empty; give one text or more")
    for number, text in enumerate(texts, 1):
        if not text.strip():
            raise refused(provider, "input", f"text {number} is empty")
    most = embedding_limits(provider).max_texts
    if len(texts) > most:
        raise refused(provider, "input", f"has {len(texts)} texts; one request takes {most}")


def unit(vector: Sequence[float]) -> tuple[float, ...]:
    """The vector at length 1; one of no length stays as it is."""
    length = math.sqrt(math.fsum(number * number for number in vector))
    return tuple(vector) if length == 0 else tuple(number / length for number in vector)


def priced(made: Embeddings, model: str, usage: Usage) -> Embeddings:
    """The vectors with what they cost: the model's price for the tokens that were used."""
    return made.model_copy(update={"cost_usd": price(made.provider, model, usage)})


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    """How near two vectors are, 1 for the same direction. Raises InvalidRequest where their lengths differ or one is zero."""
    if len(one) != len(other):
        raise InvalidRequest(f"vectors of {len(one)} and of {len(other)} numbers cannot be compared", param="vectors")
    lengths = math.sqrt(math.fsum(a * a for a in one)) * math.sqrt(math.fsum(b * b for b in other))
    if lengths == 0:
        raise InvalidRequest("a vector of zeros is near to nothing", param="vectors")
    return math.fsum(a * b for a, b in zip(one, other, strict=True)) / lengths


def similarity(one: Embeddings, number: int, other: Embeddings, other_number: int) -> float:
    """How near two embedded texts are. Raises InvalidRequest for vectors of different models: they mean different things."""
    if (one.provider, one.model) != (other.provider, other.model):
        raise InvalidRequest(f"vectors of {one.model} and of {other.model} cannot be compared", param="model")
    return cosine(one.vectors[number], other.vectors[other_number])


def find_similar(
    vector: Sequence[float],
    items: Sequence[tuple[T, Sequence[float]]],
    *,
    top: int,
    least: float = -1.0,
) -> list[tuple[T, float]]:
    """The `top` items whose vectors are nearest, the nearest first, and none that is farther than `least`.

    Raises InvalidRequest for fewer than none.
    """
    if top < 0:
        raise InvalidRequest(f"there are no nearest {top}; ask for 0 or more", param="top")
    near = [(item, cosine(vector, known)) for item, known in items]
    return best_first([pair for pair in near if pair[1] >= least])[:top]


def best_first(pairs: list[tuple[T, float]]) -> list[tuple[T, float]]:
    """Items and scores, the highest score first."""
    return sorted(pairs, key=lambda pair: pair[1], reverse=True)
