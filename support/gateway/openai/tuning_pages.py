"""Lists of jobs and of their events, page by page: what is asked, what follows, and which events are new."""

from collections.abc import Mapping, Sequence
from typing import Any

from support.values import TuningEvent, TuningEventPage, TuningJobPage


def not_told(events: Sequence[TuningEvent], told: set[str]) -> list[TuningEvent]:
    """Those that nobody was told of."""
    return [event for event in events if event.id not in told]


def in_order(events: Sequence[TuningEvent]) -> Sequence[TuningEvent]:
    """As they happened; the wire has the newest first."""
    return events[::-1]


def following(page: TuningJobPage | TuningEventPage) -> str | None:
    """The cursor of the page after `page`."""
    return page.next_cursor


def next_of(answer: Mapping[str, Any]) -> str | None:
    """Lists of jobs and events do not name their last (provider-facts 8.1)."""
    return answer["data"][-1]["id"] if answer.get("has_more") and answer["data"] else None


def given(**options: Any) -> dict[str, Any]:
    """The options of a request that are not left to the provider."""
    return {name: value for name, value in options.items() if value is not None}
