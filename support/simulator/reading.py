"""Finding the sentence that answers a question: by the words they share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_WRAPPED = re.compile(r"(?<=[^\n.!?:]{40})[ \t]*\n(?=[^\W\d_A-Z])")

# Words that say nothing about what is asked for.
_STOP_WORDS = """a about according all also am an and answer any are as ask asked at attached based be been being but by can could
    did do document does each everything file files find following for found from get give given had has have he her
    here his how i if in inside into is it its just know let look me mention mentioned my no not of on only or our
    page please question read reply respond said say says sentence she should so some tell text than that the their
    them then there these they this those to too up us use using was we were what when where which who whom whose why
    will with within word would write written you your"""
STOP_WORDS = frozenset(_STOP_WORDS.split())

# The least share of a question's words that a sentence must have to count as an answer.
LEAST_SHARE = 0.34


def words(text: str) -> list[str]:
    """The words of a text as they stand."""
    return _WORD.findall(text)


@lru_cache(maxsize=4096)
def _stem(word: str) -> str:
    word = word.lower().replace("’", "'").removesuffix("'s")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    for ending in ("ing", "ed", "es", "s"):
        if len(word) - len(ending) >= 3 and word.endswith(ending) and not word.endswith("ss"):
            return word.removesuffix(ending)
    return word.removesuffix("e") if len(word) > 3 else word


def content_words(text: str) -> frozenset[str]:
    """The words that carry what a text is about, without endings."""
    return frozenset(_stem(word) for word in _WORD.findall(text) if word.lower() not in STOP_WORDS)


def sentences(text: str) -> list[str]:
    """The sentences and lines of a text; a line that was wrapped inside a sentence is joined again."""
    return [part.strip() for part in _SENTENCE_END.split(_WRAPPED.sub(" ", text)) if part.strip()]


@lru_cache(maxsize=64)  # a document is asked about again and again
def _indexed(text: str) -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple((sentence, content_words(sentence)) for sentence in sentences(text))


def best_sentence(question: str, sources: Iterable[str]) -> str | None:
    """The sentence of the sources that shares the most words with the question; None when none shares enough.

    Among equals the one with the fewest other words wins, then the first.
    """
    asked = content_words(question)
    if not asked:
        return None
    least = max(1.0, LEAST_SHARE * len(asked))
    best: tuple[int, int] | None = None
    found = None
    for source in sources:
        for sentence, held in _indexed(source):
            shared = len(asked & held)
            if shared < least or (shared == len(held) and sentence.endswith("?")):
                continue
            rank = (shared, -len(held))
            if best is None or rank > best:
                best, found = rank, sentence
    return found


def overlap(asked: frozenset[str], texts: Sequence[tuple[str, int]]) -> int:
    """How much a question has in common with weighted texts (a tool's name and description)."""
    return sum(weight * len(asked & content_words(text)) for text, weight in texts)
