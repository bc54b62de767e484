"""Sabotages of going on with another provider: what is passed on, what is told of it, and whom the circuits leave alone."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from support.audit.sabotages.places import gateway
from support.audit.sabotaging import ALL, Fired, Patch, Sabotage
from support.values import Usage

ASKED = Usage(uncached_input_tokens=20)
"""What a question that failed would have cost, had it been answered with nothing."""


def _on_bad_request() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def goes_on(error: Any) -> bool:
            if not original(error):
                fired()
            return True

        return goes_on

    return [Patch(gateway("several.failover"), "goes_on", make)]


def _silent() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def record(route: Any, answer: Any, attempts: Sequence[Any], skipped: Sequence[Any]) -> Any:
            right = original(route, answer, attempts, skipped)
            first = skipped[0] if skipped else attempts[0].provider
            if first is right.provider:
                return right
            fired()
            return replace(right, provider=first, attempts=tuple(replace(one, provider=first) for one in attempts))

        return record

    return [Patch(gateway("several.failover"), "record", make)]


def _never_opens() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def opens(circuit: Any, most: int) -> bool:
            if original(circuit, most):
                fired()
            return False

        return opens

    return [Patch(gateway("several.circuit"), "opens", make)]


def _never_closes() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def is_due(circuit: Any, now: Any) -> bool:
            if original(circuit, now):
                fired()
            return False

        return is_due

    return [Patch(gateway("several.circuit"), "is_due", make)]


def _double_bill() -> list[Patch]:
    def make(original: Any, fired: Fired) -> Any:
        def cost_of(attempt: Any) -> Any:
            if attempt.error is None:
                return original(attempt)
            fired()
            return original(replace(attempt, usage=ASKED))

        return cost_of

    return [Patch(gateway("several.failover"), "cost_of", make)]


FAILOVER = (
    Sabotage(
        "failover.on_bad_request", "A question that is wrong goes to the next provider too.", ALL, _on_bad_request
    ),
    Sabotage("failover.silent", "The record names the first provider, whoever answered.", ALL, _silent),
    Sabotage("circuit.never_opens", "A provider that is down is asked every time.", ALL, _never_opens),
    Sabotage("circuit.never_closes", "A provider that works again is never asked again.", ALL, _never_closes),
    Sabotage("failover.double_bill", "What failed is priced too.", ALL, _double_bill),
)
