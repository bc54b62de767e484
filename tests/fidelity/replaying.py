"""Replays a family's recorded requests at the simulator, each in an account of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import httpx

from tests.fidelity.account import key_of, opened
from tests.fidelity.comparing import Compared, Pair, compare
from tests.fidelity.exchanges import our_parts, recorded_parts
from tests.fidelity.families import Family
from tests.fidelity.recordings import Recorded
from tests.fidelity.requests import request_of

Kept = Mapping[str, frozenset[str]]
"""The headers that each project keeps (recordings.py)."""
BUSY = (429, 500, 503, 504, 529)
"""Refusals that say how the provider was doing: they are scripted."""


def replay(plane: httpx.Client, family: Family, recordings: Iterable[Recorded], kept: Kept) -> Compared:
    """What the simulator makes of a family's recordings."""
    return compare(family, [play(plane, family, one, kept) for one in recordings])


def play(plane: httpx.Client, family: Family, one: Recorded, kept: Kept) -> Pair:
    """One recorded answer, and ours."""
    answer = answered(plane, family, one)
    theirs = recorded_parts(one, kept)
    ours = our_parts(answer, one) if answer.status_code == one.status else None
    return Pair(one, answer.status_code, theirs, ours)


def answered(plane: httpx.Client, family: Family, one: Recorded) -> httpx.Response:
    """The answer to one recorded request, made whole and sent, with what it refers to put in place before."""
    with opened(plane, one.name, family.now) as account:
        request = request_of(one)
        for prepare in family.prepare:
            request = prepare(account, one, request)
        if one.status in BUSY:
            account.fail_next(one.provider, one.status)
        return account.send(one.provider, request, key_of(one))
