"""How many messages a session keeps, and where a history may begin: a call of a function and its result stay together."""

from collections.abc import Sequence

from support.gateway.sessions.values import SessionMessage


def may_begin(entry: SessionMessage) -> bool:
    """Whether a history can begin with the message: a result without its call cannot be understood."""
    return not entry.message.outputs


def first_kept(entries: Sequence[SessionMessage], most: int | None) -> int:
    """The place of the first message that is kept: the last `most` are, but for half a pair of call and result.

    A pair that is the newest of all is kept whole, whatever the limit.
    """
    if most is None or len(entries) <= most:
        return 0
    place = len(entries) - most
    for later in range(place, len(entries)):
        if may_begin(entries[later]):
            return later
    while place > 0 and not may_begin(entries[place]):
        place -= 1
    return place
