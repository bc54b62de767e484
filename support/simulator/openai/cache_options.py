"""What a request may say about the caching of its prompt, the same for chat completions and responses.

Types: openai 3.54.0 (completion_create_params, chat_completion_content_part_text_param). That an older model does not take
options or breakpoints is said in words that several public projects report from live calls of 2026 (code
`invalid_parameter`). Unverified: the words for a retention that the model does not keep.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from support.simulator.openai import checks
from support.simulator.openai.checks import Rule
from support.simulator.openai.errors import refusal
from support.simulator.openai.models import Model
from support.simulator.wire import Refusal

HALF_AN_HOUR = 1_800.0
_LIFETIMES = {"30m": HALF_AN_HOUR, "12h": 43_200.0}
_OPTIONS = {"mode": Rule("string", values=("implicit", "explicit")), "ttl": Rule("string", values=("30m",))}
_BREAKPOINT = {"mode": Rule("string", values=("explicit",)), "ttl": Rule("string", values=tuple(_LIFETIMES))}


@dataclass(frozen=True, slots=True)
class CacheOptions:
    """`key` None is a key of its own. `implicit`: the provider sets a breakpoint too. `for_a_day`: extended retention."""

    key: str | None = None
    implicit: bool = True
    for_a_day: bool = False


_NAMES = frozenset({"prompt_cache_key", "prompt_cache_options", "prompt_cache_retention"})
_USUAL, _USUAL_FOR_A_DAY = CacheOptions(), CacheOptions(for_a_day=True)


def read(body: Mapping[str, Any], model: Model) -> CacheOptions:
    """Raises a Refusal for what the model does not take; types have been checked."""
    if not _NAMES.isdisjoint(body):
        return _read(body, model)
    return _USUAL if model.keeps_in_memory else _USUAL_FOR_A_DAY


def _read(body: Mapping[str, Any], model: Model) -> CacheOptions:
    options = body.get("prompt_cache_options")
    if options is not None:
        if not model.counts_cache_writes:
            raise _not_taken("prompt_cache_options")
        checks.check(options, _OPTIONS, "prompt_cache_options.")
    retention = body.get("prompt_cache_retention")
    if retention not in (None, "24h") and not model.keeps_in_memory:
        raise refusal(
            400,
            f"Unsupported value: 'prompt_cache_retention' does not support '{retention}' with this model. Supported values "
            "are: '24h'.",
            param="prompt_cache_retention",
            code="unsupported_value",
        )
    return CacheOptions(
        body.get("prompt_cache_key"),
        (options or {}).get("mode") != "explicit",
        retention == "24h" or not model.keeps_in_memory,
    )


def lifetime(part: Mapping[str, Any], model: Model, where: str) -> float:
    """Seconds for which the prompt up to this part is to be cached."""
    param = f"{where}.prompt_cache_breakpoint"
    mark = part["prompt_cache_breakpoint"]
    if not model.counts_cache_writes:
        raise _not_taken("prompt_cache_breakpoint")
    if part.get("type") == "refusal":
        raise checks.unknown(param)
    checks.expect(mark, "object", param)
    if mark.get("mode") is None:
        raise checks.missing(f"{param}.mode")
    checks.check(mark, _BREAKPOINT, f"{param}.")
    return _LIFETIMES[mark.get("ttl") or "30m"]


def _not_taken(name: str) -> Refusal:
    return refusal(400, f"{name} is not supported on this model", param=name, code="invalid_parameter")
