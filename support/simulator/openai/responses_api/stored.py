"""Responses as they are kept: what came out, and how far it is by the clock (provider-facts 4.5). No HTTP here.

A response is kept for 30 days; one that the caller did not want stored but made in the background, for the ten minutes in
which it can be polled (the provider's guide says so; unverified). Times are Unix seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from support.simulator.openai.responses_api.items import Item

Status: TypeAlias = Literal["queued", "in_progress", "completed", "incomplete", "failed", "cancelled"]

DAY = 86_400
KEPT_SECONDS = 30 * DAY
POLLED_SECONDS = 600


@dataclass(slots=True)
class StoredResponse:
    """One response, as it is once it has ended; before that, nothing of it is shown."""

    id: str
    chain: str
    created_at: float
    begins_at: float
    """Until then it is queued."""
    ends_at: float
    outcome: Status
    """How it ends, unless somebody cancels it."""
    background: bool
    stored: bool
    settings: dict[str, Any]
    """What the response object repeats of the request."""
    include: frozenset[str]
    context: list[Item]
    """All that was put before the model, oldest first: what was said earlier and what this request brought."""
    own: int
    """How many of them this request brought, at the end."""
    output: list[Item]
    usage: dict[str, Any] | None
    service_tier: str
    error: dict[str, Any] | None = None
    incomplete_reason: str | None = None
    conversation_id: str | None = None
    cancelled: bool = False

    def status(self, now: float) -> Status:
        if self.cancelled:
            return "cancelled"
        if not self.background or now >= self.ends_at:
            return self.outcome
        return "queued" if now < self.begins_at else "in_progress"

    def ended(self, now: float) -> bool:
        return self.status(now) not in ("queued", "in_progress")

    def brought(self) -> list[Item]:
        """What came with it: the request's own items and what was answered."""
        return [*(self.context[-self.own :] if self.own else ()), *self.output]

    def kept_until(self) -> float:
        return self.created_at + (KEPT_SECONDS if self.stored else POLLED_SECONDS)


@dataclass(slots=True)
class ResponseShelf:
    """An account's responses, oldest first; those past their time are gone at the next look."""

    responses: dict[str, StoredResponse] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    """What the stored ones brought, by id, so that a request can refer to it."""

    def add(self, response: StoredResponse) -> None:
        self.responses[response.id] = response
        if response.stored:
            self.items.update((item["id"], item) for item in response.brought())

    def get(self, response_id: str, now: float) -> StoredResponse | None:
        self._forget_old(now)
        response = self.responses.get(response_id)
        return None if response is None or response.kept_until() <= now else response

    def remove(self, response_id: str) -> None:
        for item in self.responses.pop(response_id).brought():
            self.items.pop(item["id"], None)

    def item(self, item_id: str, now: float) -> Item | None:
        self._forget_old(now)
        return self.items.get(item_id)

    def stored_ids(self, now: float) -> list[str]:
        """Those that the caller wanted kept."""
        self._forget_old(now)
        return [response.id for response in self.responses.values() if response.stored]

    def _forget_old(self, now: float) -> None:
        """The oldest come first; those for polling may stand behind a few that stay, and wait for them."""
        old = []
        for response in self.responses.values():
            if response.kept_until() > now:
                if response.stored:
                    break
                continue
            old.append(response.id)
        for response_id in old:
            self.remove(response_id)
