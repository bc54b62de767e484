"""Sabotages of sessions: what the disk has of them, what of them is sent, and what of them is forgotten."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from support.audit.sabotages.places import gateway
from support.audit.sabotaging import ALL, Fired, Patch, Sabotage
from support.gateway.sessions.values import SessionMessage, Turn
from support.values import Message, Provider, Usage


def _of(name: str) -> Any:
    """A module of sessions."""
    return gateway(f"sessions.{name}")


# What the disk has ----------------------------------------------------------------------------------------------------


def _load_drops_usage() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def turns_read(turns: Sequence[Turn]) -> list[Turn]:
            nothing = {"usage": Usage(), "cost_usd": Decimal(0)}
            emptied = [turn.model_copy(update=nothing) for turn in original(turns)]
            if emptied != list(turns):
                fired()
            return emptied

        return turns_read

    return [Patch(_of("lines"), "turns_read", make)]


def _history_not_sent() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def sent_from(messages: Sequence[SessionMessage]) -> Sequence[SessionMessage]:
            if original(messages):
                fired()
            return ()

        return sent_from

    return [Patch(_of("lines"), "sent_from", make)]


def _role_lost() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def message_of(said: Mapping[str, Any]) -> SessionMessage:
            entry: SessionMessage = original(said)
            if entry.message.role == "user":
                return entry
            fired()
            return entry.model_copy(update={"message": entry.message.model_copy(update={"role": "user"})})

        return message_of

    return [Patch(_of("lines"), "message_of", make)]


def _saves_api_key() -> list[Patch]:
    """The key of whoever was asked last, in a field that can be read back: nobody would miss anything."""
    asked: list[Any] = []

    def asking(original: Any, fired: Fired) -> Any:
        async def whole(asked_gateway: Any, question: Any) -> Any:
            asked.append(asked_gateway)
            return await original(asked_gateway, question)

        return whole

    def saving(original: Any, fired: Fired) -> Any:
        def about_of(session: Any) -> Mapping[str, Any]:
            about = original(session)
            if not asked:
                return dict(about)
            fired()
            return {**about, "parent_id": _key_of(asked[-1])}

        return about_of

    return [Patch(_of("asking"), "whole", asking), Patch(_of("lines"), "about_of", saving)]


def _key_of(asked: Any) -> str:
    """Where each SDK has it."""
    holder = asked.chat._models._api_client if asked.provider is Provider.GEMINI else asked._client
    return str(holder.api_key)


# What is sent ---------------------------------------------------------------------------------------------------------


def _not_truncated() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        async def oldest_that_fits(history: Any, newest: Any, places: Sequence[int], *limits: Any) -> int:
            if await original(history, newest, places, *limits) != places[0]:
                fired()
            return places[0]

        return oldest_that_fits

    return [Patch(_of("window"), "oldest_that_fits", make)]


def _drops_system() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def system_of(system: str | None) -> None:
            if original(system) is not None:
                fired()

        return system_of

    return [Patch(_of("window"), "system_of", make)]


def _drops_newest() -> list[Patch]:
    """With the answer before it, so that what is left ends with a question, and the provider has nothing against it."""

    def make(original: Any, fired: Fired) -> Any:
        def sent(*given: Any) -> list[Message]:
            messages: list[Message] = original(*given)
            if len(messages) < 3:
                return messages
            fired()
            return messages[:-2]

        return sent

    return [Patch(_of("window"), "sent", make)]


def _splits_tool_pair() -> list[Patch]:
    """The checks behind it are off as well: they would not let the result go alone."""

    def beginning(original: Any, fired: Fired) -> Any:
        def beginnings(entries: Sequence[SessionMessage]) -> list[int]:
            places = [place for place, entry in enumerate(entries) if entry.message.role == "user"]
            if places != original(entries):
                fired()
            return places

        return beginnings

    def unchecked(original: Any, fired: Fired) -> Any:
        def check_outputs(*given: Any) -> None:
            return None

        return check_outputs

    return [Patch(_of("window"), "beginnings", beginning), Patch(gateway("chat"), "check_outputs", unchecked)]


def _mutates_history() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        async def first_sent(history: list[SessionMessage], newest: SessionMessage, **given: Any) -> int:
            first: int = await original(history, newest, **given)
            if first:
                fired()
                del history[:first]
            return 0

        return first_sent

    return [Patch(_of("window"), "first_sent", make)]


# What is forgotten ----------------------------------------------------------------------------------------------------


def _limit_ignored() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def first_kept(entries: Sequence[SessionMessage], most: int | None) -> int:
            if original(entries, most):
                fired()
            return 0

        return first_kept

    return [Patch(_of("limits"), "first_kept", make)]


def _clear_resets_usage() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def kept_turns(turns: list[Turn]) -> list[Turn]:
            if original(turns):
                fired()
            return []

        return kept_turns

    return [Patch(_of("session"), "kept_turns", make)]


def _clear_keeps_messages() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def clear(self: Any) -> None:
            messages = list(self.messages)
            original(self)
            if messages:
                fired()
            self.messages.extend(messages)

        return clear

    return [Patch(_of("session").Session, "clear", make)]


def _sweep_removes_active() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def is_idle(*given: Any) -> bool:
            if not original(*given):
                fired()
            return True

        return is_idle

    return [Patch(_of("store"), "is_idle", make)]


def _evicts_newest() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def evicted(paths: Sequence[Any], count: int) -> Sequence[Any]:
            newest_first = list(reversed(paths))[: max(count, 0)]
            if newest_first != list(original(paths, count)):
                fired()
            return newest_first

        return evicted

    return [Patch(_of("store"), "evicted", make)]


def _everywhere(name: str, does: str, patches: Callable[[], list[Patch]]) -> Sabotage:
    return Sabotage(name, does, ALL, patches)


SESSIONS: tuple[Sabotage, ...] = (
    _everywhere("session.load_drops_usage", "A loaded session has taken nothing.", _load_drops_usage),
    _everywhere("session.history_not_sent", "A loaded session sends the newest message alone.", _history_not_sent),
    _everywhere("session.saves_api_key", "The key stands in the saved file.", _saves_api_key),
    _everywhere("session.role_lost", "All loaded messages are the user's.", _role_lost),
    _everywhere("context.not_truncated", "All messages are sent, whatever the window.", _not_truncated),
    _everywhere("context.drops_system", "The system prompt is what is left out first.", _drops_system),
    _everywhere("context.drops_newest", "The newest message is left out.", _drops_newest),
    _everywhere("context.splits_tool_pair", "A function's result is sent without its call.", _splits_tool_pair),
    _everywhere("context.mutates_history", "What is not sent is taken out of the session.", _mutates_history),
    _everywhere("session.limit_ignored", "A limit of messages has no effect.", _limit_ignored),
    _everywhere("session.clear_resets_usage", "Clearing forgets what was spent.", _clear_resets_usage),
    _everywhere("session.clear_keeps_messages", "Clearing forgets no message.", _clear_keeps_messages),
    _everywhere("session.sweep_removes_active", "A sweep removes sessions in use.", _sweep_removes_active),
    _everywhere("session.evicts_newest", "A full store puts out the newest session.", _evicts_newest),
)
