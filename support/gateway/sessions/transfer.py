"""A session goes on with another provider: what was said goes with it, and what one provider alone understands does not."""

from collections.abc import Sequence
from copy import deepcopy
from datetime import datetime

from support.errors import Conflict, Unsupported
from support.gateway.sessions.session import Session
from support.gateway.sessions.values import SessionMessage, Turn
from support.values import Message, Provider, ToolCall, ToolOutput


def transfer(session: Session, provider: Provider, model: str, *, at: datetime | None = None) -> Session:
    """A new session on another provider; the source stays as it is, and keeps its checkpoints for itself.

    Raises Unsupported naming stored files, which no other provider can read, and Conflict while a call of a function waits
    for its result. `at` is when it began; None: when the source was last used.
    """
    check_files(session, provider)
    if session.open_calls:
        raise Conflict(f"session {session.id} waits for what {', '.join(session.open_calls)} gave; answer that first")
    return Session(
        provider,
        model,
        clock=session.clock,
        created_at=at or session.used_at,
        system=system_of(session),
        settings=session.settings,
        messages=converted(copied(session.messages), provider),
        turns=turns_of(session.turns, provider),
        parent_id=session.id,
    )


def check_files(session: Session, provider: Provider) -> None:
    """Refuses a history with files that are another provider's."""
    files = [file.file_id for entry in session.messages for file in entry.message.files]
    if files and provider is not session.provider:
        said = f"{provider} cannot read the files of {session.provider} that session {session.id} refers to: {', '.join(files)}"
        raise Unsupported(said, provider=provider, param="files")


def system_of(session: Session) -> str | None:
    """The system prompt that goes along."""
    return session.system


def copied(messages: Sequence[SessionMessage]) -> list[SessionMessage]:
    """The new session's own messages: nothing in them is the source's."""
    return deepcopy(list(messages))


def turns_of(turns: Sequence[Turn], provider: Provider) -> list[Turn]:
    """What was spent, each turn still under the provider that was paid."""
    del provider
    return list(turns)


def converted(entries: Sequence[SessionMessage], provider: Provider) -> list[SessionMessage]:
    """Each message as the provider can read it, under its old id."""
    names = {call.id: call.name for entry in entries for call in entry.message.calls}
    return [
        entry.model_copy(update={"message": _converted(entry, provider, names)})
        if entry.message.calls or entry.message.outputs
        else entry
        for entry in entries
    ]


def _converted(entry: SessionMessage, provider: Provider, names: dict[str, str]) -> Message:
    foreign = entry.provider is not provider
    return entry.message.model_copy(
        update={
            "calls": tuple(call_for(call) if foreign else call for call in entry.message.calls),
            "outputs": tuple(output_for(output, names) for output in entry.message.outputs),
        }
    )


def call_for(call: ToolCall) -> ToolCall:
    """A past call under its old id, without the signature that only its own provider can check."""
    return call.model_copy(update={"signature": None})


def output_for(output: ToolOutput, names: dict[str, str]) -> ToolOutput:
    """A past result with its function's name, which Gemini asks for."""
    return output if output.name else output.model_copy(update={"name": names.get(output.call_id, "")})
