"""Vectors of texts: words and their pieces, hashed with signs and spread over all dimensions. Shared words make near.

It is no measure of what a real model would find alike: synonyms are strangers here. Two texts without a common word have
a cosine near 0, a text and itself 1. The vector of fewer dimensions is the beginning of the longer one, brought to
unit length again, as with the providers' models. The same text has the same vector on every machine.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias
from zlib import crc32

from support.simulator import reading

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector: TypeAlias = NDArray[np.float32]
    _Hashes: TypeAlias = NDArray[np.uint32]
    _Weights: TypeAlias = NDArray[np.float64]

# What a word's features weigh beside the word itself.
_STOP_WORD = 0.1
_PIECES = 0.6  # all pieces of a word together
_PAIR = 0.25  # the word with the one before it: the same words in another order are another text

_ODD = 2654435761  # Knuth's multiplier: the low bits of a CRC alone are too regular


def embed(text: str, dimensions: int, salt: str = "") -> Vector:
    """The vector of `text`, of unit length. Another `salt` is another model: its vectors compare with none of this one."""
    import numpy as np  # imported late: it would double the simulator's start-up time

    hashes, weights = _features(text, salt)
    size = 1 << (dimensions - 1).bit_length()
    signed = np.where(hashes >> np.uint32(31), -weights, weights)
    spread: _Weights = np.bincount(hashes & np.uint32(size - 1), signed, minlength=size).astype(np.float64, copy=False)
    half = 1
    while half < size:  # Hadamard's transform: it turns the vector and keeps all angles
        pairs = spread.reshape(-1, 2, half)
        spread = np.stack((pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]), axis=1).reshape(-1)
        half *= 2
    vector = spread[:dimensions]
    length = float(np.sqrt(vector @ vector))
    if length < 1e-9:  # so few dimensions that everything cancelled out
        vector, length = np.ones(dimensions), dimensions**0.5
    return (vector / length).astype(np.float32)


def _features(text: str, salt: str) -> tuple[_Hashes, _Weights]:
    import numpy as np

    words = reading.words(text.lower()) or text.lower().split() or [""]
    seed = crc32(salt.encode())
    hashes: list[_Hashes] = []
    weights: list[_Weights] = []
    for word, times in Counter(words).items():
        of_word, weighing = _word(word, seed)
        hashes.append(of_word)
        weights.append(weighing if times == 1 else weighing * times**0.5)
    stems = [stem for stem in map(_stem, words) if stem is not None]
    pairs = [crc32(f"{left} {right}".encode(), seed) for left, right in pairwise(stems)]
    hashes.append(np.array(pairs, np.uint32) * np.uint32(_ODD))
    weights.append(np.full(len(pairs), _PAIR))
    return np.concatenate(hashes), np.concatenate(weights)


@lru_cache(maxsize=32_768)
def _word(word: str, seed: int) -> tuple[_Hashes, _Weights]:
    """The features of one word, without its place in the text."""
    import numpy as np

    stem = _stem(word)
    if stem is None:
        return np.array([crc32(word.encode(), seed)], np.uint32) * np.uint32(_ODD), np.array([_STOP_WORD])
    fenced = f"<{stem}>"
    pieces = [fenced[start : start + 3] for start in range(len(fenced) - 2)] if len(stem) > 1 else []
    features = [stem, *(f"#{piece}" for piece in pieces)]
    hashes = np.array([crc32(feature.encode(), seed) for feature in features], np.uint32) * np.uint32(_ODD)
    return hashes, np.array([1.0, *[_PIECES / max(1, len(pieces)) ** 0.5] * len(pieces)])


@lru_cache(maxsize=32_768)
def _stem(word: str) -> str | None:
    """The word without its ending; None for a stop word. What is no word at all is taken as it is."""
    return next(iter(reading.content_words(word)), None if reading.words(word) else word)
