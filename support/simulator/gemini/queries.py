"""Query parameters as Google binds them, and pages with opaque tokens."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Collection, Sequence
from typing import Any, TypeVar

from support.simulator.gemini.errors import at_fault, violations
from support.simulator.gemini.proto import camel
from support.simulator.wire import Call

T = TypeVar("T")

# Every method takes these; the simulator heeds `alt`, `$alt` and `key`.
_OF_THE_SYSTEM = frozenset(
    {
        "alt", "$alt", "key", "fields", "$fields", "prettyPrint", "$prettyPrint", "callback", "$callback", "quotaUser",
        "access_token", "oauth_token", "$.xgafv", "uploadType", "upload_protocol", "upload_id", "$unique", "$userProject",
    }
)  # fmt: skip


def known(call: Call, names: Collection[str] = ()) -> None:
    """Refuses a query parameter that is neither the system's nor one of `names` (camelCase)."""
    if not call.query:
        return
    found = [
        ("", f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
             f"Field '{name}' could not be found in request message.")
        for name in call.query
        if name not in _OF_THE_SYSTEM and camel(name) not in names
    ]  # fmt: skip
    if found:
        raise violations(found)


def truth(call: Call, name: str) -> bool:
    """A query parameter that is true or false; an absent one is false. `force=True` is in the recordings."""
    sent = call.one(name) or "false"
    if sent.lower() not in ("true", "false"):
        raise violations([(name, f"Invalid value at '{name}' (TYPE_BOOL), \"{sent}\"")])
    return sent.lower() == "true"


def wants_numbers(call: Call) -> bool:
    """Whether enumerations are asked for as numbers: `$alt=json;enum-encoding=int` (recordings: clients in Go and Python)."""
    return bool(call.query) and any(
        "enum-encoding=int" in value for name in ("$alt", "alt") for value in call.query.get(name, ())
    )


def page(
    call: Call, request: str, items: Sequence[T], key: str, position: Callable[[T], int], *, default: int, most: int
) -> tuple[list[T], dict[str, Any]]:
    """One page of `items`, which stand in descending order of their `position`, and the start of the answer.

    A token says after which position to go on, so that what is made or removed meanwhile moves no page. More than `most`
    are cut to it, as Google's design rules say (AIP-158; unverified for this API).
    """
    known(call, ("pageSize", "pageToken"))
    size = _size(call, request) or default
    token = call.one("pageToken") or call.one("page_token")
    if token:
        after = _position_in(token, request, key)
        items = [item for item in items if position(item) < after]
    shown = list(items[: min(size, most)])
    answer: dict[str, Any] = {}
    if len(items) > len(shown):
        answer["nextPageToken"] = base64.urlsafe_b64encode(f"{key}:{position(shown[-1])}".encode()).decode().rstrip("=")
    return shown, answer


def _size(call: Call, request: str) -> int:
    sent = call.one("pageSize") or call.one("page_size")
    if not sent:
        return 0
    try:
        size = int(sent)
    except ValueError:
        said = f"Invalid value at 'page_size' (TYPE_INT32), \"{sent}\""
        raise violations([("page_size", said)]) from None
    if size < 0:
        raise at_fault(request, "page_size", "page_size must not be negative.")
    return size


def _position_in(token: str, request: str, key: str) -> int:
    try:
        found, _, position = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii").partition(":")
        if found == key:
            return int(position)
    except (ValueError, binascii.Error):
        pass
    raise at_fault(request, "page_token", "invalid page token")
