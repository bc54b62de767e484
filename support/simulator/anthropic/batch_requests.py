"""Reading a request for a message batch: what is checked at once, and what only when its requests are done (provider-facts 7.2).

Of a request's parameters only that they are an object is checked at once. Unverified: the words of all refusals.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic_core import to_json

from support.simulator.anthropic.errors import invalid
from support.simulator.wire import Json

MOST_REQUESTS = 100_000
ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_PATTERN = "^[a-zA-Z0-9_-]{1,64}$"


def read(body: dict[str, Json], most: int = MOST_REQUESTS) -> tuple[bytes, int]:
    """The requests as JSON lines, and how many they are: at most so many."""
    for name in body:
        if name != "requests":
            raise invalid(f"{name}: Extra inputs are not permitted")
    if "requests" not in body:
        raise invalid("requests: Field required")
    requests = body["requests"]
    if not isinstance(requests, list):
        raise invalid("requests: Input should be a valid list")
    if not requests:
        raise invalid("requests: List should have at least 1 item after validation, not 0")
    if len(requests) > most:
        raise invalid(f"requests: List should have at most {most} items after validation, not {len(requests)}")
    taken: set[str] = set()
    return b"\n".join([_line(request, number, taken) for number, request in enumerate(requests)]), len(requests)


def _line(request: Any, number: int, taken: set[str]) -> bytes:
    path = f"requests.{number}"
    if not isinstance(request, dict):
        raise invalid(f"{path}: Input should be an object")
    if request.keys() != {"custom_id", "params"}:
        for name in ("custom_id", "params"):
            if name not in request:
                raise invalid(f"{path}.{name}: Field required")
        for name in request:
            if name not in ("custom_id", "params"):
                raise invalid(f"{path}.{name}: Extra inputs are not permitted")
    custom_id = request["custom_id"]
    if not isinstance(custom_id, str):
        raise invalid(f"{path}.custom_id: Input should be a valid string")
    if not ID.fullmatch(custom_id):
        raise invalid(f"{path}.custom_id: String should match pattern '{_PATTERN}'")
    if custom_id in taken:
        raise invalid(f"{path}.custom_id: '{custom_id}' is the custom_id of another request, but it must be unique")
    taken.add(custom_id)
    if not isinstance(request["params"], dict):
        raise invalid(f"{path}.params: Input should be an object")
    return to_json(request)
