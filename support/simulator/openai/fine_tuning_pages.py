"""Pages of fine-tuning's lists: `limit` and `after`, the newest first unless said otherwise (recordings: fine-tuning list, events).

Unverified, for want of a recording: an unknown cursor and the largest page (300 events in one are quoted).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from support.simulator.openai import checks
from support.simulator.openai.errors import refusal
from support.simulator.wire import Call

T = TypeVar("T")

LIMITS = (1, 1_000)


def page(
    call: Call,
    usual: int,
    things: Mapping[str, T],
    shown: Callable[[T], dict[str, Any]],
    takes: Callable[[T], bool] | None = None,
    *,
    oldest_first: bool = False,
) -> dict[str, Any]:
    """The page that a call asks for of things by id, the oldest first; `usual` is its size where the call says none."""
    limit = _limit(call.one("limit"), usual)
    after = call.one("after")
    keys = iter(things) if oldest_first else reversed(list(things))
    if after is not None:
        if after not in things:
            raise refusal(400, f"Invalid 'after': nothing with the id '{after}' is in this list.", param="after")
        for key in keys:
            if key == after:
                break
    found: list[str] = []
    more = False
    for key in keys:
        if takes is None or takes(things[key]):
            if len(found) == limit:
                more = True
                break
            found.append(key)
    return {
        "object": "list",
        "data": [shown(things[key]) for key in found],
        "has_more": more,
        "first_id": found[0] if found else None,
        "last_id": found[-1] if found else None,
    }


def without_ends(shown: dict[str, Any]) -> dict[str, Any]:
    """The page as lists of jobs and of events have it: they do not name its first and last (recordings)."""
    return {key: shown[key] for key in ("object", "data", "has_more")}


def _limit(given: str | None, usual: int) -> int:
    if given is None:
        return usual
    try:
        limit = int(given)
    except ValueError:
        message = "Invalid type for 'limit': expected an integer, but got a string instead."
        raise refusal(400, message, param="limit", code="invalid_type") from None
    checks.in_range(limit, *LIMITS, "limit")
    return limit
