"""A response as a stream of events, read as a run's (provider-facts 4.5)."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import openai

from support.errors import ServerError
from support.gateway.openai.responses import reading
from support.values import Provider, Run, RunEvent, RunStatus, Usage

_STATES = ("response.created", "response.queued", "response.in_progress")
_ENDS = ("response.completed", "response.incomplete", "response.failed", "response.cancelled")


@dataclass(frozen=True, slots=True)
class StreamPiece:
    """What one event tells; the last one brings the run, and what its response took."""

    event: RunEvent | None
    run: Run | None = None
    usage: Usage | None = None


async def pieces(
    client: openai.AsyncOpenAI, request: Mapping[str, Any], heard: Callable[[Mapping[str, Any]], Run]
) -> AsyncIterator[StreamPiece]:
    """States as they change, text as it comes, and last the run; `heard` takes each response that an event carries."""
    last: RunStatus | None = None
    ended: StreamPiece | None = None
    async with await client.responses.create(**request, stream=True) as stream:
        async for event in stream:
            told: Mapping[str, Any] = event.to_dict()
            kind = told["type"]
            if kind == "error":
                raise broken(told)
            if kind == "response.output_text.delta":
                yield StreamPiece(RunEvent(kind="text", text=text_in(told)))
            elif kind in _STATES or kind in _ENDS:
                run = heard(told["response"])
                changed = RunEvent(kind="status", status=run.status) if run.status != last else None
                last = run.status
                if kind in _ENDS:
                    ended = StreamPiece(changed, run, reading.usage_of(told["response"]))
                elif changed is not None:
                    yield StreamPiece(changed)
    if ended is None:
        raise cut_short()
    yield ended


def text_in(event: Mapping[str, Any]) -> str:
    """The piece of text that an event brings."""
    return str(event["delta"])


def broken(event: Mapping[str, Any]) -> ServerError:
    """The provider's own word for a stream that cannot go on."""
    said = str(event.get("message"))
    return ServerError(said, provider=Provider.OPENAI, status=200, code=event.get("code"), provider_message=said)


def cut_short() -> ServerError:
    """A stream without its last event tells no end, whatever text came; the run goes on at the provider."""
    return ServerError(
        "the stream ended before the run did", provider=Provider.OPENAI, status=200, code="connection_cut"
    )
