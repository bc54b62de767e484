"""What a request marks for the prompt cache: `cache_control` on a block, or on the whole request (provider-facts 3.3).

The mark on the whole request goes to the last block that can have one. At most four marks; those of an hour stand before
those of five minutes, in the order tools, system, messages. Recorded: marks on tools, system, messages and requests
(recordings: anthropic messages, count_tokens). The words of the refusals are those that public projects report from live
calls of 2026, but for an unknown type, a mark that is no object, and where the whole request is to be named. Unverified:
that marks on blocks within a tool's result are passed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from support.simulator.anthropic.errors import invalid
from support.simulator.wire import Json

Level: TypeAlias = Literal["tools", "system", "messages"]

MOST_MARKS = 4
FIVE_MINUTES = 300
ONE_HOUR = 3_600

_LIVES = {"5m": FIVE_MINUTES, "1h": ONE_HOUR}
_SPELLINGS = {life: spelling for spelling, life in _LIVES.items()}
_UNMARKABLE = ("thinking", "redacted_thinking")


class Piece(NamedTuple):
    """A block of the prompt: where it stands, what it adds in tokens, and the life in seconds that its mark asks for."""

    level: Level
    role: str
    block: dict[str, Json]
    tokens: int
    life: int = 0
    path: str = ""


def life_of(holder: dict[str, Json], path: str) -> int:
    """The life in seconds that a block, or a whole request, asks for; 0 where nothing is marked."""
    control = holder.get("cache_control")
    if control is None:
        return 0
    kind = holder.get("type")
    if kind in _UNMARKABLE:
        raise invalid(f"{path}.cache_control: Extra inputs are not permitted")
    if kind == "text" and holder.get("text") == "":
        raise invalid(f"{path}: cache_control cannot be set for empty text blocks")
    place = f"{path}.cache_control" if path else "cache_control"
    if not isinstance(control, dict):
        raise invalid(f"{place}: Input should be an object")
    tag = control.get("type")
    if tag is None:
        raise invalid(f"{place}: Unable to extract tag using discriminator 'type'")
    if tag != "ephemeral":
        raise invalid(
            f"{place}: Input tag {tag!r} found using 'type' does not match any of the expected tags: 'ephemeral'"
        )
    for name in control:
        if name not in ("type", "ttl"):
            raise invalid(f"{place}.ephemeral.{name}: Extra inputs are not permitted")
    ttl = control.get("ttl")
    if ttl is None:
        return FIVE_MINUTES
    if not isinstance(ttl, str) or ttl not in _LIVES:
        raise invalid(f"{place}.ephemeral.ttl: Input should be '5m' or '1h'")
    return _LIVES[ttl]


def breakpoints(pieces: Sequence[Piece], body: dict[str, Json]) -> dict[int, int]:
    """The places of the marked blocks, in order, with the lives that are asked for there."""
    marked = {place: piece.life for place, piece in enumerate(pieces) if piece.life}
    if not marked and "cache_control" not in body:
        return marked
    paths = {place: f"{pieces[place].path}.cache_control.ttl" for place in marked}
    automatic = life_of(body, "")
    if automatic:
        last = next((place for place in reversed(range(len(pieces))) if _is_markable(pieces[place].block)), None)
        if last is not None and marked.setdefault(last, automatic) != automatic:
            raise invalid(
                f"Top-level cache_control has ttl='{_SPELLINGS[automatic]}' but the target block already has "
                f"cache_control with ttl='{_SPELLINGS[marked[last]]}'. When both are specified on the same block, "
                "they must have matching TTLs."
            )
    if len(marked) > MOST_MARKS:
        raise invalid(f"A maximum of {MOST_MARKS} blocks with cache_control may be provided. Found {len(marked)}.")
    shortest = ONE_HOUR
    for place, life in marked.items():
        if life > shortest:
            raise invalid(
                f"{paths.get(place, 'cache_control.ttl')}: a ttl='1h' cache_control block must not come after a "
                "ttl='5m' cache_control block. Note that blocks are processed in the following order: `tools`, "
                "`system`, `messages`."
            )
        shortest = life
    return marked


def _is_markable(block: dict[str, Json]) -> bool:
    kind = block.get("type")
    return kind not in _UNMARKABLE and not (kind == "text" and not block.get("text"))
