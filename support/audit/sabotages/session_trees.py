"""Sabotages of what becomes of a session: moves to another provider, branches and checkpoints, and what it has taken."""

from typing import Any

from support.audit.sabotages.places import gateway
from support.audit.sabotaging import ALL, Fired, Patch, Sabotage
from support.values import Provider, Usage


def _transfer(name: str, make: Any) -> list[Patch]:
    return [Patch(gateway("sessions.transfer"), name, make)]


def _tree(name: str, make: Any) -> list[Patch]:
    return [Patch(gateway("sessions.tree"), name, make)]


def _totals(name: str, make: Any) -> list[Patch]:
    return [Patch(gateway("sessions.totals"), name, make)]


# Moving to another provider -------------------------------------------------------------------------------------------


def _drops_system() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def system_of(session: Any) -> None:
            if original(session) is not None:
                fired()

        return system_of

    return _transfer("system_of", make)


def _drops_tools() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def converted(entries: Any, provider: Provider) -> Any:
            made = original(entries, provider)
            kept = [entry for entry in made if not (entry.message.calls or entry.message.outputs)]
            if len(kept) < len(made):
                fired()
            return kept

        return converted

    return _transfer("converted", make)


def _merges_usage() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def turns_of(turns: Any, provider: Provider) -> Any:
            made = original(turns, provider)
            if any(turn.provider is not provider for turn in made):
                fired()
            return [turn.model_copy(update={"provider": provider}) for turn in made]

        return turns_of

    return _transfer("turns_of", make)


def _mutates_source() -> list[Patch]:
    """The messages are moved, where they should be copied."""

    def make(original: Any, fired: Fired) -> Any:
        def copied(messages: Any) -> Any:
            made = original(messages)
            if messages:
                fired()
                messages.clear()
            return made

        return copied

    return _transfer("copied", make)


# What it has taken ----------------------------------------------------------------------------------------------------


def times(usage: Usage, factor: int) -> Usage:
    """The tokens, so many times over."""
    return Usage(**{name: factor * getattr(usage, name) for name in Usage.model_fields})


def _retries_counted() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def usage_of_turn(usage: Usage, attempts: int, streamed: bool) -> Usage:
            if attempts > 1:
                fired()
            return times(original(usage, attempts, streamed), attempts)

        return usage_of_turn

    return _totals("usage_of_turn", make)


def _stream_counted_twice() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def usage_of_turn(usage: Usage, attempts: int, streamed: bool) -> Usage:
            if streamed:
                fired()
            return times(original(usage, attempts, streamed), 2 if streamed else 1)

        return usage_of_turn

    return _totals("usage_of_turn", make)


def _last_turn_only() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def usage_of(turns: Any) -> Any:
            if len(turns) > 1:
                fired()
            return original(turns[-1:])

        return usage_of

    return _totals("usage_of", make)


# Branches and checkpoints ---------------------------------------------------------------------------------------------


def _shared_list() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        shared: dict[tuple[str, str], Any] = {}

        def branch(self: Any, from_checkpoint: str, **given: Any) -> Any:
            made = original(self, from_checkpoint, **given)
            first = shared.setdefault((self.id, from_checkpoint), made)
            if made is not first:
                fired()
                made.messages = first.messages
            return made

        return branch

    return [Patch(gateway("sessions.session").Session, "branch", make)]


def _usage_reset() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def turns_before(turns: Any, checkpoint: Any) -> Any:
            if original(turns, checkpoint):
                fired()
            return []

        return turns_before

    return _tree("turns_before", make)


def _restore_noop() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def left_after(messages: Any, checkpoint: Any) -> Any:
            if original(messages, checkpoint) != list(messages):
                fired()
            return list(messages)

        return left_after

    return _tree("left_after", make)


def _checkpoint_overwritten() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def taken(checkpoints: Any, name: str) -> bool:
            if original(checkpoints, name):
                fired()
            return False

        return taken

    return _tree("taken", make)


SESSION_TREES = (
    Sabotage("session.transfer_drops_system", "A move loses the system prompt.", ALL, _drops_system),
    Sabotage(
        "session.transfer_drops_tools", "A move loses the calls of functions and their results.", ALL, _drops_tools
    ),
    Sabotage("session.transfer_merges_usage", "After a move all was taken from the new provider.", ALL, _merges_usage),
    Sabotage(
        "session.transfer_mutates_source", "A move empties the session that it is made from.", ALL, _mutates_source
    ),
    Sabotage("usage.retries_counted", "A turn counts once for each attempt.", ALL, _retries_counted),
    Sabotage("usage.stream_counted_twice", "A turn that comes in pieces counts twice.", ALL, _stream_counted_twice),
    Sabotage("usage.last_turn_only", "A session tells what its last turn took.", ALL, _last_turn_only),
    Sabotage("branch.shared_list", "Branches from one checkpoint share one list of messages.", ALL, _shared_list),
    Sabotage("branch.usage_reset", "A branch begins with nothing taken.", ALL, _usage_reset),
    Sabotage("branch.restore_noop", "Going back leaves the later messages.", ALL, _restore_noop),
    Sabotage(
        "branch.checkpoint_overwritten", "A second checkpoint takes the first one's name.", ALL, _checkpoint_overwritten
    ),
)
