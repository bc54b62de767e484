"""Prefixes of a counted prompt as digests: at steps of tokens, or at breakpoints. Nothing of the text is kept.

A prefix is everything that the model reads up to there: tools, schema, messages with what they refer to. Stored files
count by name and content, pictures by address (or data) and detail.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from support.simulator import tokenizer
from support.simulator.openai.cache_options import HALF_AN_HOUR
from support.simulator.openai.prompt import OPENING, STEP, Piece

MINIMUM = 1_024
"""Tokens of the shortest prefix that is cached."""

# Of one request (openai 3.54.0 and the provider's guide on prompt caching, 2026-10).
WRITES = 4
EXPLICIT_READS = 80
EARLIER_ENDINGS = 20

_OPENING = Piece("opening", extra=OPENING, tokens=OPENING)
_DEVELOPERS = ("system", "developer")
_TOOLS = ("tool", "function")


@dataclass(frozen=True, slots=True)
class Boundary:
    """Where a prefix ends that may be cached; `seconds` is how long a breakpoint there is to live."""

    tokens: int
    digest: bytes
    seconds: float = HALF_AN_HOUR


def steps(pieces: Iterable[Piece], seed: str) -> list[bytes]:
    """The prefixes of MINIMUM tokens and of STEP more each, shortest first. `seed`: what they share the cache with.

    A step that ends within what is no text ends with all of it; the opening of the answer is such a thing.
    """
    digests: list[bytes] = []
    hasher = _hasher(seed)
    following, total = MINIMUM, 0
    for piece in (*pieces, _OPENING):
        _frame(hasher, piece)
        done = total + piece.extra
        while following <= done:
            digests.append(hasher.digest())
            following += STEP
        total += piece.tokens
        begin = 0
        if following <= total:
            first = STEP - done % STEP
            position = done + first
            for end in piece.steps or tokenizer.steps(piece.text, first, STEP)[0]:
                if position == following:
                    hasher.update(_bytes(piece.text[begin:end]))
                    digests.append(hasher.digest())
                    following += STEP
                    begin = end
                position += STEP
        hasher.update(_bytes(piece.text[begin:]))
    return digests


def breakpoints(pieces: Iterable[Piece], seed: str, *, implicit: bool) -> tuple[list[Boundary], list[Boundary]]:
    """Where to look for a cached prefix, longest first, and what to write; prefixes under MINIMUM are left out.

    Written are the latest eligible message ending (where `implicit`) and the latest explicit breakpoints, four in all.
    Looked for are the latest explicit ones and, where `implicit`, earlier eligible endings too, and the first
    developer messages. A longer prefix that is cached makes no shorter one available.
    """
    explicit: list[Boundary] = []
    endings: list[tuple[str, Boundary]] = []
    hasher = _hasher(seed)
    total = 0
    for piece in pieces:
        _frame(hasher, piece)
        hasher.update(_bytes(piece.text))
        total += piece.tokens
        if piece.breakpoint is not None:
            explicit.append(Boundary(total, hasher.digest(), piece.breakpoint))
        if piece.ends:
            endings.append((piece.ends, Boundary(total, hasher.digest())))
    reads, writes = explicit[-EXPLICIT_READS:], explicit[-WRITES:]
    if implicit and (eligible := _eligible(endings)):
        reads += eligible[-1 - EARLIER_ENDINGS :]
        if endings[0][0] in _DEVELOPERS:
            reads.append(eligible[0])
        writes = [*explicit[1 - WRITES :], eligible[-1]]
    reads.sort(key=lambda boundary: -boundary.tokens)
    return _long_enough(reads), _long_enough(writes)


def _eligible(endings: list[tuple[str, Boundary]]) -> list[Boundary]:
    """User messages, the last of tool messages in a row, and the last of the developer messages that come first."""
    found: list[Boundary] = []
    first = True
    for number, (role, boundary) in enumerate(endings):
        following = endings[number + 1][0] if number + 1 < len(endings) else ""
        if role in _DEVELOPERS:
            if first and following not in _DEVELOPERS:
                found.append(boundary)
        elif role == "user" or (role in _TOOLS and following not in _TOOLS):
            found.append(boundary)
        first = first and role in _DEVELOPERS
    return found


def _long_enough(boundaries: list[Boundary]) -> list[Boundary]:
    return [boundary for boundary in boundaries if boundary.tokens >= MINIMUM]


def _hasher(seed: str) -> hashlib.blake2b:
    return hashlib.blake2b(_bytes(seed), digest_size=16)


def _frame(hasher: hashlib.blake2b, piece: Piece) -> None:
    """Tell the hasher what begins; text that only goes on has no label and leaves no trace of where it was cut."""
    if piece.label:
        hasher.update(_bytes(f"\0{piece.label}\0{piece.extra}\0{piece.source}\0"))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
