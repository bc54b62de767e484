"""Deviations of everything at once: what a proxy could do to any operation of any provider."""

from __future__ import annotations

from support.simulator.deviations import operators as do
from support.simulator.deviations.deviation import EVERYTHING, Deviation


def general() -> list[Deviation]:
    """Of no area."""
    return [
        Deviation(
            "any.refusal_acknowledged",
            "What cannot be done is answered with success, and with nothing.",
            EVERYTHING,
            do.acknowledge_refusal(200, {}),
        )
    ]
