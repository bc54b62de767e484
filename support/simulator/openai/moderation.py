"""The moderation that a chat completion may ask for: nothing is ever flagged (recordings: chat completions, 2026-07)."""

from __future__ import annotations

from typing import Any

CATEGORIES = (
    "harassment", "harassment/threatening", "sexual", "hate", "hate/threatening", "illicit", "illicit/violent",
    "self-harm/intent", "self-harm/instructions", "self-harm", "sexual/minors", "violence", "violence/graphic",
)  # fmt: skip
_SCORE = 1.2e-06


def verdict(asked: dict[str, Any], texts: int) -> dict[str, Any]:
    """What is added to the answer: results for the input and for each of the `texts` answers."""
    model = str(asked.get("model") or "omni-moderation-latest")
    return {"input": _results(model, 1), "output": _results(model, texts)}


def _results(model: str, count: int) -> dict[str, Any]:
    return {"type": "moderation_results", "model": model, "results": [_result(model) for _ in range(count)]}


def _result(model: str) -> dict[str, Any]:
    return {
        "type": "moderation_result",
        "model": model,
        "flagged": False,
        "categories": dict.fromkeys(CATEGORIES, False),
        "category_scores": dict.fromkeys(CATEGORIES, _SCORE),
        "category_applied_input_types": {category: ["text"] for category in CATEGORIES},
    }
