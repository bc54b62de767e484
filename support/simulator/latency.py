"""How long a model takes to answer: tokens that no cache has cost time, and so do those it says.

The figures are ours: no provider promises any. They are simulated seconds: nobody sleeps. A tenant's clock that stands
still is moved by them, and the provider's own header of timing tells them.
"""

from __future__ import annotations

from collections.abc import Mapping

# Seconds, by the name under which a tenant can set its own.
USUAL = {
    "chat.request": 0.150,
    "chat.uncached_token": 0.000_1,
    "chat.cached_token": 0.000_005,
    "chat.output_token": 0.005,
}


def seconds(durations: Mapping[str, float], *, uncached: int, cached: int = 0, output: int = 0) -> float:
    """What an answer takes: `uncached` tokens are read anew (those written to a cache too), `cached` come from one."""
    of = {**USUAL, **durations}
    return (
        of["chat.request"]
        + of["chat.uncached_token"] * uncached
        + of["chat.cached_token"] * cached
        + of["chat.output_token"] * output
    )
