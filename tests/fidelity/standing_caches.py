"""The cached contexts that a recorded request names: made by the request that made the recorder's."""

from __future__ import annotations

import re

from tests.fidelity.account import Account, json_of
from tests.fidelity.recordings import Recorded, recorded
from tests.fidelity.requests import Request, request_of
from tests.fidelity.standing import renamed


def cache(account: Account, one: Recorded, request: Request) -> Request:
    """Every cache that the path or the recorded list names; none where the provider had none."""
    if one.refused:
        return request
    if isinstance(one.body, dict) and "cachedContents" in one.body:
        wanted = [known["name"] for known in reversed(one.body["cachedContents"])]
    else:
        wanted = re.findall(r"cachedContents/\w+", one.path)
    names = {}
    for known in recorded("Gemini", "cachedcontents-create"):
        if isinstance(known.body, dict) and known.body.get("name") in wanted:
            made = json_of(account.send("Gemini", request_of(known)))
            names[known.body["name"]] = str(made["name"])
    return renamed(request, names)
