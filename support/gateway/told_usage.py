"""What a provider told of the tokens of one answer, read back from the record of the wire: in one piece or in events."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from pydantic_core import from_json

from support.gateway.exchanges import Exchange
from support.values import Usage


def told_usage(exchange: Exchange) -> Usage | None:
    """The tokens of an answer; None where the exchange is a refusal, or no answer of a model.

    Figures in the events of a stream only grow: the latest one of each is taken, never a sum.
    """
    if exchange.status != 200:
        return None
    figures: dict[str, Any] = {}
    for part in _parts(exchange):
        figures |= {name: value for name, value in _figures(part).items() if value is not None}
    return _usage(figures)


def _parts(exchange: Exchange) -> Iterator[Any]:
    """The answer, or the events of one that came in pieces; what was cut off is passed over."""
    content = bytes(exchange.response.kept)
    lines = [content]
    if "event-stream" in exchange.response_headers.get("content-type", ""):
        lines = [line.removeprefix(b"data: ") for line in content.splitlines() if line.startswith(b"data: {")]
    for line in lines:
        with suppress(ValueError):
            yield from_json(line)


def _figures(part: Any) -> Mapping[str, Any]:
    if not isinstance(part, Mapping):
        return {}
    begun = part.get("message")  # Anthropic's first event holds the message as it begins
    for holder in (part, begun if isinstance(begun, Mapping) else {}):
        for name in ("usage", "usageMetadata"):
            figures: Any = holder.get(name)
            if isinstance(figures, Mapping):
                return figures
    return {}


def _usage(figures: Mapping[str, Any]) -> Usage | None:
    """One accounting for the three: OpenAI and Gemini count what was cached inside their input, Anthropic beside it."""
    if "completion_tokens" in figures:
        details = figures.get("prompt_tokens_details") or {}
        read, written = details.get("cached_tokens") or 0, details.get("cache_write_tokens") or 0
        return Usage(
            uncached_input_tokens=figures["prompt_tokens"] - read - written,
            cache_read_tokens=read,
            cache_write_5m_tokens=written,
            output_tokens=figures["completion_tokens"],
        )
    if "promptTokenCount" in figures:
        read = figures.get("cachedContentTokenCount") or 0
        return Usage(
            uncached_input_tokens=figures["promptTokenCount"] + (figures.get("toolUsePromptTokenCount") or 0) - read,
            cache_read_tokens=read,
            output_tokens=(figures.get("candidatesTokenCount") or 0) + (figures.get("thoughtsTokenCount") or 0),
        )
    if "input_tokens" in figures and "output_tokens" in figures:
        hour = (figures.get("cache_creation") or {}).get("ephemeral_1h_input_tokens") or 0
        return Usage(
            uncached_input_tokens=figures["input_tokens"],
            cache_read_tokens=figures.get("cache_read_input_tokens") or 0,
            cache_write_5m_tokens=(figures.get("cache_creation_input_tokens") or 0) - hour,
            cache_write_1h_tokens=hour,
            output_tokens=figures["output_tokens"],
        )
    return None
