"""Conversations as they are kept: items by the clock, and the lock while a response is under way. No HTTP here.

What a response says is put into its conversation when it ends, and so is what it was asked (the interface description). While
one is under way in the background nothing else may work on the conversation (code `conversation_locked`, quoted from live calls
of 2026). Unverified: that putting items in by hand is refused then, too. A conversation stays until somebody deletes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from support.simulator.openai.responses_api import naming
from support.simulator.openai.responses_api.items import Item


@dataclass(slots=True)
class Entry:
    """An item, and from when on it is there."""

    item: Item
    since: float


@dataclass(slots=True)
class Conversation:
    """One conversation. Times are Unix seconds."""

    id: str
    created_at: int
    metadata: dict[str, str]
    entries: dict[str, Entry] = field(default_factory=dict)
    locked_until: float = 0.0

    @property
    def chain(self) -> str:
        return naming.chain_of_conversation(self.id)

    def locked(self, now: float) -> bool:
        """Whether a response is under way in it."""
        return now < self.locked_until

    def items(self, now: float) -> dict[str, Item]:
        """What is there, oldest first."""
        return {item_id: entry.item for item_id, entry in self.entries.items() if entry.since <= now}

    def add(self, items: Iterable[Item], since: float) -> None:
        for item in items:
            self.entries[item["id"]] = Entry(item, since)

    def release(self, items: Iterable[Item]) -> None:
        """A response was cancelled: what it would have put in never comes."""
        self.locked_until = 0.0
        for item in items:
            self.entries.pop(item["id"], None)


@dataclass(slots=True)
class ConversationShelf:
    """An account's conversations, oldest first."""

    conversations: dict[str, Conversation] = field(default_factory=dict)

    def add(self, metadata: dict[str, str], now: float, chain: str) -> Conversation:
        made = Conversation(naming.conversation(chain, now), int(now), metadata)
        self.conversations[made.id] = made
        return made

    def item(self, item_id: str, now: float) -> Item | None:
        """An item of any conversation."""
        for conversation in self.conversations.values():
            entry = conversation.entries.get(item_id)
            if entry is not None and entry.since <= now:
                return entry.item
        return None
