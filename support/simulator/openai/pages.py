"""Pages of a list between two cursors: `limit`, `order`, `after`, `before` (provider-facts 5.1; recordings: vector stores).

Unverified, for want of a recording: that a page before a cursor ends right before it, and an unknown cursor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from support.simulator.openai import checks
from support.simulator.openai.errors import refusal
from support.simulator.wire import Call

T = TypeVar("T")

LIMITS = (1, 100)
USUAL_LIMIT = 20


def page(
    call: Call, things: dict[str, T], shown: Callable[[T], dict[str, Any]], takes: Callable[[T], bool] | None = None
) -> dict[str, Any]:
    """The page that a call asks for of things by id, the oldest first; newest first unless the call says otherwise."""
    limit = _limit(call.one("limit"))
    order = call.one("order") or "desc"
    if order not in ("asc", "desc"):
        raise checks.invalid_value(order, ("asc", "desc"), "order")
    ordered = list(things) if order == "asc" else list(reversed(things))
    after, before = call.one("after"), call.one("before")
    for name, cursor in (("after", after), ("before", before)):
        if cursor is not None and cursor not in things:
            raise refusal(404, f"No object found with id '{cursor}'.", param=name)
    if after is not None:
        ordered = ordered[ordered.index(after) + 1 :]
    if before is not None and before in ordered:
        ordered = ordered[: ordered.index(before)]
    chosen = [key for key in ordered if takes is None or takes(things[key])]
    found = chosen[-limit:] if before is not None and after is None else chosen[:limit]
    return {
        "object": "list",
        "data": [shown(things[key]) for key in found],
        "first_id": found[0] if found else None,
        "last_id": found[-1] if found else None,
        "has_more": len(chosen) > len(found),
    }


def _limit(given: str | None) -> int:
    if given is None:
        return USUAL_LIMIT
    try:
        limit = int(given)
    except ValueError:
        message = "Invalid type for 'limit': expected an integer, but got a string instead."
        raise refusal(400, message, param="limit", code="invalid_type") from None
    checks.in_range(limit, *LIMITS, "limit")
    return limit
