"""A question over a cached prefix where 10,000 other prefixes are stored, beside the same one where 10 are.

Two simulators of their own, so that nothing that grows in one is felt in the other; the questions to them go in turn.
Each other prefix is a prompt of its own, as short as is cached. The clocks stand still: none expires.
"""

import json
import statistics
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx

from benchmarks.account import TIMELESS, Account, account, timed
from benchmarks.report import Figure
from benchmarks.simulator_start import simulator
from support.catalogue.models import Model, model_for
from support.values import Provider

FEW, MANY = 10, 10_000
ROUNDS = {"short": 500, "long": 15}
WARM_UP = 3
FILL = 0.99
"""How much of the model's window the long prefix takes."""
QUESTION = "Answer exactly: pong"
SAMPLE = 1_000


def _text(sentences: int, opening: str = "The manual.") -> str:
    told = (f"Line {number:06} of the manual speaks of rain over a quiet harbour." for number in range(sentences))
    return "\n".join((opening, *told))


@dataclass(frozen=True, slots=True)
class _Way:
    """How one provider is asked over a prefix: `ask` makes a request's path and body of a prefix or of a cache's name."""

    model: Model
    ask: Callable[[str, str], tuple[str, dict[str, Any]]]
    cached: Callable[[dict[str, Any]], int]
    """Tokens that an answer says it took from the cache."""


def _anthropic(model: str, prefix: str, question: str) -> tuple[str, dict[str, Any]]:
    system = [{"type": "text", "text": prefix, "cache_control": {"type": "ephemeral"}}]
    messages = [{"role": "user", "content": question}]
    return "/v1/messages", {"model": model, "max_tokens": 16, "system": system, "messages": messages}


def _openai(model: str, prefix: str, question: str) -> tuple[str, dict[str, Any]]:
    part = {"type": "text", "text": prefix, "prompt_cache_breakpoint": {"mode": "explicit"}}
    return "/v1/chat/completions", {
        "model": model,
        "messages": [{"role": "system", "content": [part]}, {"role": "user", "content": question}],
        "max_completion_tokens": 16,
        "reasoning_effort": "none",
        "prompt_cache_options": {"mode": "explicit"},
    }


def _gemini(model: str, cache: str, question: str) -> tuple[str, dict[str, Any]]:
    return f"/v1beta/models/{model}:generateContent", {
        "contents": [{"role": "user", "parts": [{"text": question}]}],
        "cachedContent": cache,
        "generationConfig": {"maxOutputTokens": 16},
    }


_ASK = {Provider.ANTHROPIC: _anthropic, Provider.GEMINI: _gemini, Provider.OPENAI: _openai}
_CACHED: dict[Provider, Callable[[dict[str, Any]], int]] = {
    Provider.ANTHROPIC: lambda answer: int(answer["usage"]["cache_read_input_tokens"]),
    Provider.GEMINI: lambda answer: int(answer["usageMetadata"].get("cachedContentTokenCount", 0)),
    Provider.OPENAI: lambda answer: int(answer["usage"]["prompt_tokens_details"]["cached_tokens"]),
}


def _way(provider: Provider) -> _Way:
    model = model_for(provider, "caching")
    assert model is not None
    return _Way(model, partial(_ASK[provider], model.id), _CACHED[provider])


def _stored(http: Account, way: _Way, prefix: str) -> str:
    """Put a prefix into the cache; what a question names it by."""
    if way.model.provider is Provider.GEMINI:
        contents = [{"role": "user", "parts": [{"text": prefix}]}]
        body = json.dumps({"model": f"models/{way.model.id}", "contents": contents}).encode()
        return str(http.send("/v1beta/cachedContents", body).json()["name"])
    _answer(http, way, prefix)
    return prefix


def _answer(http: Account, way: _Way, held: str) -> dict[str, Any]:
    path, body = way.ask(held, QUESTION)
    answer: dict[str, Any] = http.send(path, json.dumps(body).encode()).json()
    return answer


def _cached_tokens(http: Account, way: _Way, held: str) -> int:
    return way.cached(_answer(http, way, held))


def _question(http: Account, way: _Way, held: str) -> Callable[[], httpx.Response]:
    path, body = way.ask(held, QUESTION)
    return partial(http.send, path, json.dumps(body).encode())


def _measure(provider: Provider, few: Account, many: Account) -> list[Figure]:
    way = _way(provider)
    others: dict[int, list[str]] = {}
    least = way.model.cache_minimum_tokens
    assert least is not None
    filler = "word " * least
    for http, count in ((few, FEW), (many, MANY)):
        others[count] = [_stored(http, way, f"Prompt {number}. {filler}") for number in range(count)]
    sample = _stored(few, way, _text(SAMPLE))
    each = _cached_tokens(few, way, sample) / SAMPLE
    long = int(FILL * way.model.context_window_tokens / each)
    figures = []
    for size, sentences in (("short", int(2 * least / each)), ("long", long)):
        text = _text(sentences, f"The {size} manual.")
        held = [_stored(http, way, text) for http in (few, many)]
        tokens = {_cached_tokens(http, way, one) for http, one in zip((few, many), held, strict=True)}
        if len(tokens) != 1 or 0 in tokens:
            raise RuntimeError(f"{provider} did not find the prefix in its cache: {tokens}.")
        calls = [_question(http, way, one) for http, one in zip((few, many), held, strict=True)]
        rounds = ROUNDS["short" if provider is Provider.GEMINI else size]
        timed(calls, WARM_UP)
        beside_few, beside_many = timed(calls, rounds)
        name = f"{provider}, question over {tokens.pop():,} cached tokens, {MANY:,} other prefixes beside {FEW}"
        figures.append(
            Figure(
                f"{name} (p50 of {rounds}, ms)",
                statistics.median(beside_many) * 1000,
                statistics.median(beside_few) * 1000,
                1.5,
                "at most",
            )
        )
    for http, count in ((few, FEW), (many, MANY)):
        for number in (0, count // 2, count - 1):
            if not _cached_tokens(http, way, others[count][number]):
                raise RuntimeError(f"{provider} lost prefix {number} of {count}.")
    return figures


def measure() -> list[Figure]:
    figures = []
    with ExitStack() as running:
        urls = [running.enter_context(simulator())[1] for _ in range(2)]
        for provider in Provider:
            with account(urls[0], provider, TIMELESS) as few, account(urls[1], provider, TIMELESS) as many:
                figures += _measure(provider, few, many)
    return figures
