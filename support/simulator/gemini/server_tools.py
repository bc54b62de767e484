"""What Google's own tools leave in an answer: code that was run, and a search (recordings: code execution, Google search).

The toy model runs nothing and searches nowhere: its code prints its answer, and its one find is an example page.
"""

from __future__ import annotations

from typing import Any

from support.simulator import ids, tokenizer
from support.simulator.gemini.prompt import Prompt


def code(text: str, *, has_ids: bool) -> list[dict[str, Any]]:
    """A program and its output."""
    program: dict[str, Any] = {"language": "PYTHON", "code": f"print({text!r})\n"}
    result: dict[str, Any] = {"outcome": "OUTCOME_OK", "output": f"{text}\n"}
    if has_ids:
        program["id"] = result["id"] = ids.token(8, ids.BASE36_LOWER)
    return [{"executableCode": program}, {"codeExecutionResult": result}]


def search(prompt: Prompt) -> list[dict[str, Any]]:
    """A search and its answer as parts, for requests that want to see them."""
    call_id = ids.token(8, ids.BASE36_LOWER)
    asked = {"toolType": "GOOGLE_SEARCH_WEB", "args": {"queries": [_query(prompt)]}, "id": call_id}
    found = {"toolType": "GOOGLE_SEARCH_WEB", "response": {"search_suggestions": _suggestion(prompt)}, "id": call_id}
    return [{"toolCall": asked}, {"toolResponse": found}]


def grounding(prompt: Prompt, text: str) -> dict[str, Any]:
    """Which find stands behind the answer."""
    return {
        "searchEntryPoint": {"renderedContent": _suggestion(prompt)},
        "groundingChunks": [{"web": {"uri": "https://example.com/", "title": "example.com"}}],
        "groundingSupports": [
            {"segment": {"endIndex": len(text.encode()), "text": text}, "groundingChunkIndices": [0]},
        ],
        "webSearchQueries": [_query(prompt)],
    }


def tokens(parts: list[dict[str, Any]]) -> int:
    """Output tokens: what the model itself wrote, that is its code."""
    return sum(tokenizer.count(part["executableCode"]["code"]) for part in parts if "executableCode" in part)


def prompt_tokens(text: str) -> int:
    """Input tokens of the model's second look, at its code and the output of that."""
    return tokenizer.count(f"print({text!r})\n") + tokenizer.count(f"{text}\n")


def _query(prompt: Prompt) -> str:
    return next((turn.text for turn in reversed(prompt.turns) if turn.role == "user"), "")


def _suggestion(prompt: Prompt) -> str:
    shown = _query(prompt).replace("&", "&amp;").replace("<", "&lt;")
    return f'<div class="container"><a class="chip" href="https://example.com/">{shown}</a></div>'
