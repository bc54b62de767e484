"""Answers with tokens of the scenario's own choosing, in each provider's form: lines for the simulator's script."""

from collections.abc import Callable, Mapping
from typing import Any

from support.values import Provider, Usage

TEXT = "Noted."
"""What such an answer says."""


def scripted_answer(provider: Provider, model: str, usage: Usage, thoughts: int = 0) -> Mapping[str, Any]:
    """An answer in one piece that tells these tokens: what goes in uncached or is read from a cache, and what comes out.

    `thoughts`: how many of those that come out; Anthropic tells them among the others, and not by themselves.
    """
    assert not usage.cache_write_tokens, "a scripted answer writes to no cache"
    return _FORMS[provider](model, usage, thoughts)


def _completion(model: str, usage: Usage, thoughts: int) -> dict[str, Any]:
    """OpenAI's (recordings: openai chat completions)."""
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": TEXT, "refusal": None},
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": usage.input_tokens,
            "completion_tokens": usage.output_tokens,
            "total_tokens": usage.input_tokens + usage.output_tokens,
            "prompt_tokens_details": {"cached_tokens": usage.cache_read_tokens},
            "completion_tokens_details": {"reasoning_tokens": thoughts},
        },
    }


def _message(model: str, usage: Usage, thoughts: int) -> dict[str, Any]:
    """Anthropic's (recordings: anthropic messages): cached tokens stand beside the others."""
    return {
        "id": "msg_scripted",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": TEXT}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": usage.uncached_input_tokens,
            "cache_read_input_tokens": usage.cache_read_tokens,
            "cache_creation_input_tokens": 0,
            "output_tokens": usage.output_tokens,
        },
    }


def _content(model: str, usage: Usage, thoughts: int) -> dict[str, Any]:
    """Gemini's (recordings: gemini generateContent)."""
    return {
        "candidates": [{"content": {"role": "model", "parts": [{"text": TEXT}]}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {
            "promptTokenCount": usage.input_tokens,
            "candidatesTokenCount": usage.output_tokens - thoughts,
            "thoughtsTokenCount": thoughts,
            "totalTokenCount": usage.input_tokens + usage.output_tokens,
            "cachedContentTokenCount": usage.cache_read_tokens,
        },
        "modelVersion": model,
        "responseId": "scripted",
    }


_FORMS: Mapping[Provider, Callable[[str, Usage, int], dict[str, Any]]] = {
    Provider.OPENAI: _completion,
    Provider.ANTHROPIC: _message,
    Provider.GEMINI: _content,
}
