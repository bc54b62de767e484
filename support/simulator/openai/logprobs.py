"""Log probabilities of an answer's tokens: certain, but not quite (recordings: chat completions with logprobs)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_FIRST = -0.0078125


def entries(tokens: Sequence[str], top: int) -> list[dict[str, Any]]:
    """One entry a token, each with the `top` likeliest tokens in its place."""
    return [
        {
            **_entry(token, _FIRST),
            "top_logprobs": [_entry(token + "'" * rank, _FIRST - 6.0 * rank) for rank in range(top)],
        }
        for token in tokens
    ]


def _entry(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}
