"""Prefixes of a prompt as digests, one at the end of each block, in the order tools, system, messages (provider-facts 3.3).

A prefix is all that the model reads up to there, without the marks themselves: which model, tools, system prompt and
messages with what they bring; stored files count by id and content. Text that is sent as a string is the same as one block
of it. The model's own part (the provider's guide on prompt caching, 2026-10): a change of speed or of whether documents are
cited changes the system prompt; one of tool choice, of thinking, of effort or of whether there is any picture changes the
messages. Unverified: that the schema of an answer changes the system prompt, and that no model reads its thinking and its
effort before the messages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime

from pydantic_core import to_json

from support.simulator.anthropic.attachments import Attachments
from support.simulator.anthropic.cache_control import Level, Piece
from support.simulator.anthropic.parameters import Parameters
from support.simulator.anthropic.prompt_cache import Boundary
from support.simulator.anthropic.state import Shelf
from support.simulator.anthropic.tools import ToolBox
from support.simulator.wire import Json

_LEVELS: tuple[Level, ...] = ("tools", "system", "messages")
_DIGEST = 16
_USUAL_EFFORT = "high"
_RUNS = ("tool_use", "tool_result")


def openings(body: dict[str, Json], parameters: Parameters, box: ToolBox, attached: Attachments) -> dict[Level, bytes]:
    """What a request adds of its own before each level."""
    thinking = parameters.thinking
    effort = (body.get("output_config") or {}).get("effort") or _USUAL_EFFORT
    return {
        "tools": parameters.model.id.encode(),
        "system": to_json([parameters.usage.get("speed", "standard"), attached.cites, parameters.schema]),
        "messages": to_json(
            [
                [box.choice, box.only_one],
                [thinking.get("type"), thinking.get("budget_tokens")],
                effort,
                attached.pictured,
            ]
        ),
    }


def boundaries(pieces: Iterable[Piece], opened: Mapping[Level, bytes], shelf: Shelf, now: datetime) -> list[Boundary]:
    """The end of every piece. `opened`: what stands before each level."""
    hasher = hashlib.blake2b(digest_size=_DIGEST)
    found: list[Boundary] = []
    level = -1
    tokens = place = 0
    before: Json = None
    for piece in pieces:
        while level < _LEVELS.index(piece.level):
            level += 1
            hasher.update(b"\0%b\0" % opened[_LEVELS[level]])
        hasher.update(b"\0%b %d\0" % (piece.role.encode(), piece.tokens))
        hasher.update(to_json(unmarked(piece.block)))
        data = _stored(piece.block, shelf, now)
        if data is not None:
            hasher.update(hashlib.blake2b(data, digest_size=_DIGEST).digest())
        tokens += piece.tokens
        kind = piece.block.get("type")
        if kind != before or kind not in _RUNS:
            place += 1
        before = kind
        found.append(Boundary(hasher.digest(), tokens, place))
    return found


def unmarked(block: dict[str, Json]) -> dict[str, Json]:
    """The block without marks and without what is null; the order of its own fields does not matter."""
    bare = {name: block[name] for name in sorted(block) if name != "cache_control" and block[name] is not None}
    content = bare.get("content")
    if isinstance(content, list):
        bare["content"] = [unmarked(inner) if isinstance(inner, dict) else inner for inner in content]
    return bare


def _stored(block: dict[str, Json], shelf: Shelf, now: datetime) -> bytes | None:
    """The bytes of the stored file that a block refers to."""
    source = block.get("source")
    file_id = source.get("file_id") if isinstance(source, dict) else block.get("file_id")
    file = shelf.find(file_id, now) if isinstance(file_id, str) else None
    return file.data if file is not None else None
