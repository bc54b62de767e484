"""Where the gateway's events meet those who report them: behave makes the formatters, the run makes the gateway."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from support.gateway.events import CallEvent, Listener
from support.reporting.exhibits import Exhibit
from support.values import Money, Provider

Viewer = Callable[[Exhibit], None]


class Recorder:
    """Passes each event on to the formatters of this process."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._viewers: list[Viewer] = []

    def on_call(self, event: CallEvent) -> None:
        """The listener that the run gives to the gateway."""
        for listener in tuple(self._listeners):
            listener(event)

    def subscribe(self, listener: Listener) -> None:
        """From now on, events go to the listener, too."""
        self._listeners.append(listener)

    def unsubscribe(self, listener: Listener) -> None:
        """No more events for the listener; one that never subscribed is ignored."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def show(self, exhibit: Exhibit) -> None:
        """Something to look at, for the scenario under way."""
        for viewer in tuple(self._viewers):
            viewer(exhibit)

    def add_viewer(self, viewer: Viewer) -> None:
        """From now on, exhibits go to the viewer, too."""
        self._viewers.append(viewer)

    def remove_viewer(self, viewer: Viewer) -> None:
        """No more exhibits for the viewer; one that never was added is ignored."""
        if viewer in self._viewers:
            self._viewers.remove(viewer)


recorder = Recorder()


@dataclass(slots=True)
class Tally:
    """What a number of calls took: dollars of each kind of money, tokens, calls without a price."""

    calls: int = 0
    dollars: dict[Money, Decimal] = field(default_factory=dict)
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    unpriced: int = 0
    providers: Counter[Provider] = field(default_factory=Counter)

    def add(self, event: CallEvent) -> None:
        """Counts one call; or, of one that was counted, the cost alone."""
        if not event.late:
            self.calls += 1
            self.providers[event.provider] += 1
        self.unpriced += event.unpriced
        money = event.account.money
        self.dollars[money] = self.dollars.get(money, Decimal(0)) + (event.cost_usd or Decimal(0))
        if event.usage is not None:
            self.input_tokens += event.usage.input_tokens
            self.cached_tokens += event.usage.cache_read_tokens
            self.output_tokens += event.usage.output_tokens

    @property
    def cost(self) -> str:
        """`$0.0012 simulated`; simulated and live dollars are never added."""
        told = [f"{in_dollars(amount)} {money}" for money, amount in sorted(self.dollars.items())] or ["$0.00"]
        return ", ".join([*told, *([f"{self.unpriced} unpriced"] if self.unpriced else [])])

    @property
    def tokens(self) -> str:
        """`1,204 in (1,024 cached), 16 out`."""
        cached = f" ({self.cached_tokens:,} cached)" if self.cached_tokens else ""
        return f"{self.input_tokens:,} in{cached}, {self.output_tokens:,} out"


def in_dollars(amount: Decimal) -> str:
    """Cents, and as many more places as a small amount needs for two digits of its own."""
    places = 2 if amount == 0 or amount >= 1 else max(2, 1 - amount.adjusted())
    return f"${amount:.{places}f}"
