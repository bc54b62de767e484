"""Checkpoints of a session, going back to one, and branches from one: messages are shared by their ids, and by nothing else."""

from collections.abc import Mapping, Sequence
from copy import deepcopy

from support.errors import Conflict, NotFound
from support.gateway.sessions.values import Checkpoint, SessionMessage, Turn


def noted(
    checkpoints: Mapping[str, Checkpoint], name: str, messages: Sequence[SessionMessage], turns: Sequence[Turn]
) -> Checkpoint:
    """A checkpoint of this moment. Raises Conflict where there is one of that name."""
    if taken(checkpoints, name):
        raise Conflict(f"there is a checkpoint {name!r} already; name this one otherwise")
    return Checkpoint(name=name, messages=tuple(messages), turns=len(turns))


def taken(checkpoints: Mapping[str, Checkpoint], name: str) -> bool:
    """Whether a name is a checkpoint's."""
    return name in checkpoints


def found(checkpoints: Mapping[str, Checkpoint], name: str, session_id: str) -> Checkpoint:
    """Raises NotFound naming the checkpoint."""
    if name not in checkpoints:
        raise NotFound(f"session {session_id} has no checkpoint {name!r}")
    return checkpoints[name]


def left_after(messages: Sequence[SessionMessage], checkpoint: Checkpoint) -> list[SessionMessage]:
    """The messages once the session has gone back from where it is."""
    del messages
    return list(checkpoint.messages)


def copied(messages: Sequence[SessionMessage]) -> list[SessionMessage]:
    """A branch's own messages: nothing in them is the parent's."""
    return deepcopy(list(messages))


def turns_before(turns: Sequence[Turn], checkpoint: Checkpoint) -> list[Turn]:
    """What a branch begins with: all that was spent up to the checkpoint."""
    return list(turns[: checkpoint.turns])


def earlier(checkpoints: Mapping[str, Checkpoint], last: str) -> list[Checkpoint]:
    """The checkpoints up to one, in the order in which they were made."""
    names = list(checkpoints)
    return [checkpoints[name] for name in names[: names.index(last) + 1]]
