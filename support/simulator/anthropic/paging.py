"""What Anthropic's lists have in common: the query they take, and pages around the id of an item (provider-facts 2.2, 10)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from support.simulator.anthropic.errors import invalid
from support.simulator.wire import Call, Json

DEFAULT_LIMIT = 20
LARGEST_LIMIT = 1000


class Identified(Protocol):
    """Anything that a list can hold."""

    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=Identified)


def refuse_unknown(call: Call, *known: str) -> None:
    """Unverified: a parameter that the list does not have is refused as one in a body is. `beta` is the SDK's own."""
    for name in call.query:
        if name not in known and name != "beta":
            raise invalid(f"{name.removesuffix('[]')}: Extra inputs are not permitted")


def limit_of(call: Call) -> int:
    """How many items a page holds: 1 to 1000, 20 where nothing is said."""
    sent = call.one("limit")
    if sent is None:
        return DEFAULT_LIMIT
    try:
        limit = int(sent)
    except ValueError:
        raise invalid("limit: Input should be a valid integer, unable to parse string as an integer") from None
    if limit < 1:
        raise invalid("limit: Input should be greater than or equal to 1")
    if limit > LARGEST_LIMIT:
        raise invalid(f"limit: Input should be less than or equal to {LARGEST_LIMIT}")
    return limit


def around_an_id(call: Call, items: Sequence[T]) -> tuple[list[T], bool]:
    """The page after `after_id` or before `before_id`, and whether more lies beyond it in that direction.

    Unverified: an id that is not in the list is refused with 400, both together too.
    """
    limit, after, before = limit_of(call), call.one("after_id"), call.one("before_id")
    if after is not None and before is not None:
        raise invalid("after_id: Cannot be combined with before_id")
    if before is not None:
        end = _position(items, "before_id", before)
        start = max(0, end - limit)
        return list(items[start:end]), start > 0
    start = 0 if after is None else _position(items, "after_id", after) + 1
    return list(items[start : start + limit]), start + limit < len(items)


def _position(items: Sequence[Identified], parameter: str, wanted: str) -> int:
    for position, item in enumerate(items):
        if item.id == wanted:
            return position
    raise invalid(f"{parameter}: No item with id {wanted}")


def page_body(items: Sequence[dict[str, Json]], has_more: bool) -> dict[str, Json]:
    """A page with the ids of its ends (recordings: anthropic models list, files list)."""
    return {
        "data": list(items),
        "has_more": has_more,
        "first_id": items[0]["id"] if items else None,
        "last_id": items[-1]["id"] if items else None,
    }
