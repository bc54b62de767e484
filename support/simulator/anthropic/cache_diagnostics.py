"""Why the cache could not serve a prompt as it did the one before: both are compared, whether the cache was hit or not.

Types: anthropic 2.12.0 (`Diagnostics`, `CacheMissReason`); the provider's guide on cache diagnostics (2026-10). A
fingerprint is kept of each request with `diagnostics`, under the id of its answer. Nothing of this is recorded: where the
field stands, that it is left out where nobody asked, that a fingerprint lives for an hour, that tools are compared before
the system prompt and parameters before messages, and that the tokens missed are those of the former request from where
the two part are unverified. A comparison is never still running here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from pydantic_core import to_json

from support.simulator.anthropic.cache_control import Level, Piece
from support.simulator.anthropic.errors import invalid
from support.simulator.anthropic.fingerprints import Fingerprint, Fingerprints, Part
from support.simulator.anthropic.prefixes import unmarked
from support.simulator.wire import Call, Json

_CHANGES: tuple[tuple[Level, str], ...] = (("tools", "tools_changed"), ("system", "system_changed"))
_PARAMETERS = ("tool_choice", "thinking", "context_management", "output_config", "output_format")


def diagnosis(kept: Fingerprints, call: Call, pieces: Iterable[Piece], message_id: str, model: str) -> dict[str, Json]:
    """The field `diagnostics` of an answer, where it is asked for: null with nothing to compare, or no difference."""
    wanted = call.body.get("diagnostics")
    if wanted is None:
        return {}
    previous = _previous(wanted)
    now = call.now.timestamp()
    fingerprint = _of(call, pieces, model)
    former = kept.find(previous, now) if previous is not None else None
    kept.keep(message_id, fingerprint, now)
    if previous is None:
        return {"diagnostics": None}
    reason = {"type": "previous_message_not_found"} if former is None else _difference(former, fingerprint)
    return {"diagnostics": None if reason is None else {"cache_miss_reason": reason}}


def _previous(wanted: Json) -> str | None:
    """The id of the answer that is to be compared with."""
    if not isinstance(wanted, dict):
        raise invalid("diagnostics: Input should be an object")
    for name in wanted:
        if name != "previous_message_id":
            raise invalid(f"diagnostics.{name}: Extra inputs are not permitted")
    previous = wanted.get("previous_message_id")
    if previous is not None and not isinstance(previous, str):
        raise invalid("diagnostics.previous_message_id: Input should be a valid string")
    return previous


def _of(call: Call, pieces: Iterable[Piece], model: str) -> Fingerprint:
    body: dict[str, Json] = call.body
    parts: dict[str, list[Part]] = {"tools": [], "system": [], "messages": []}
    for piece in pieces:
        digest = hashlib.blake2b(to_json([piece.role, unmarked(piece.block)]), digest_size=16).digest()
        parts[piece.level].append(Part(digest, piece.tokens))
    betas = sorted(name.strip() for name in call.headers.get("anthropic-beta", "").split(","))
    told = to_json([*(body.get(name) for name in _PARAMETERS), betas])
    parameters = hashlib.blake2b(told, digest_size=16).digest()
    return Fingerprint(f"{model} {body.get('speed') or 'standard'}", parameters, parts)


def _difference(former: Fingerprint, latter: Fingerprint) -> dict[str, Json] | None:
    """The first thing in which the latter does not go on from the former."""
    if former.model != latter.model:
        return _changed("model_changed", former.tokens)
    before = 0
    for level, change in _CHANGES:
        old, new = former.parts[level], latter.parts[level]
        if old != new:
            return _changed(change, former.tokens - before - _common(old, new))
        before += sum(part.tokens for part in old)
    if former.parameters != latter.parameters:
        return {"type": "unavailable"}
    old, new = former.parts["messages"], latter.parts["messages"]
    if old != new[: len(old)]:
        return _changed("messages_changed", former.tokens - before - _common(old, new))
    return None


def _changed(kind: str, tokens: int) -> dict[str, Json]:
    return {"type": kind, "cache_missed_input_tokens": tokens}


def _common(old: list[Part], new: list[Part]) -> int:
    """The tokens of what both begin with."""
    tokens = 0
    for mine, other in zip(old, new, strict=False):
        if mine != other:
            break
        tokens += mine.tokens
    return tokens
