"""A run as a stream of named events (provider-facts 4.3; recordings: runs create stream)."""

from collections.abc import AsyncGenerator
from typing import Any

import openai

from support.errors import ServerError
from support.gateway.openai.assistants_v2.reading import run_of
from support.gateway.runs import RunPiece, has_stopped
from support.values import Provider, Run, RunEvent, Usage

_OF_RUN, _OF_STEP = "thread.run.", "thread.run.step."
_DELTA, _ERROR = "thread.message.delta", "error"


async def pieces_of(stream: Any) -> AsyncGenerator[RunPiece, None]:
    """What the events tell, as they come: each state once, and the text bit by bit; at last the run."""
    run: Run | None = None
    async for event in stream:
        if event.event == _ERROR:
            raise openai.APIError(event.data.message, stream.response.request, body=event.data.to_dict())
        if event.event == _DELTA:
            text = text_to_tell(event.data.to_dict())
            if text:
                yield RunPiece(RunEvent(kind="text", text=text))
        elif event.event.startswith(_OF_RUN) and not event.event.startswith(_OF_STEP):
            before, run = run, run_of(event.data.to_dict())
            if before is None or before.status != run.status:
                yield RunPiece(RunEvent(kind="status", status=run.status))
    if run is None or not has_stopped(run):
        raise cut_short()
    yield RunPiece(None, run)


def text_to_tell(delta: dict[str, Any]) -> str:
    """What an event adds to the text of a message."""
    parts = delta["delta"].get("content") or ()
    return "".join((part.get("text") or {}).get("value") or "" for part in parts if part["type"] == "text")


def usage_of_piece(piece: RunPiece) -> Usage | None:
    """The tokens of a run that has ended; only the last piece can tell them."""
    return piece.run.usage if piece.run is not None else None


def cut_short() -> ServerError:
    """A stream that tells no end of its run, whatever text came."""
    return ServerError(
        "the stream ended before its run did",
        provider=Provider.OPENAI,
        operation="runs.create",
        status=200,
        code="connection_cut",
    )
