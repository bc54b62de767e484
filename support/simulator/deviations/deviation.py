"""What a deviation is, and one that is switched on for a tenant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from support.simulator.deviations.operators import Memory, Operator
from support.simulator.wire import Answer, Call, Handler

ALL = ("OpenAI", "Anthropic", "Gemini")
EVERYTHING = ("*",)
"""All operations there are."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """One way to misbehave: the operator sees only these operations of these providers."""

    name: str
    description: str
    operations: tuple[str, ...]
    operator: Operator
    providers: tuple[str, ...] = ALL


class Running:
    """A deviation that is switched on for one tenant."""

    __slots__ = ("_memory", "deviation")

    def __init__(self, deviation: Deviation) -> None:
        self.deviation = deviation
        self._memory = Memory()

    @property
    def fired(self) -> int:
        """How often it has really changed something."""
        return self._memory.fired

    def touches(self, call: Call) -> bool:
        operations = self.deviation.operations
        return (operations == EVERYTHING or call.operation in operations) and call.provider in self.deviation.providers

    def answer(self, state: Any, call: Call, handler: Handler, round_number: int) -> Answer:
        """Run the handler under the deviation. `round_number` is shared by requests that overlap."""
        self._memory.round = round_number
        return self.deviation.operator(self._memory, state, call, handler)

    def take_delay(self) -> float:
        """Seconds of real time by which the answer just made is to be held back."""
        seconds, self._memory.delay = self._memory.delay, 0.0
        return seconds
