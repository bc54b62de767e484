"""Cutting a text into passages of so many tokens that overlap."""

from __future__ import annotations

from itertools import accumulate

from support.simulator import tokenizer


def how_many(tokens: int, size: int, overlap: int) -> int:
    """How many passages a text of so many tokens has."""
    return max(1, -((overlap - tokens) // (size - overlap))) if tokens else 0


def chunks(text: str, size: int, overlap: int) -> list[str]:
    """Passages of at most `size` tokens, each repeating the last `overlap` of the one before; none for an empty text.

    A text of n tokens has ceil((n - overlap) / (size - overlap)) of them, and at least one.
    """
    if not 0 <= overlap < size:
        raise ValueError(f"An overlap of {overlap} does not fit passages of {size} tokens.")
    # ends[n]: where the text's first n tokens end
    ends = list(accumulate(map(len, tokenizer.split(text)), initial=0))
    tokens = len(ends) - 1
    if not tokens:
        return []
    starts = range(0, max(1, tokens - overlap), size - overlap)
    return [text[ends[start] : ends[min(start + size, tokens)]] for start in starts]
